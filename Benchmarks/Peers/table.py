"""One table of group costs: this engine beside its peers. Arguments: the JSON lines of bench-mls, then one JSON file for each peer that ran."""

import json
import sys

# A row of ours, and what the peers' benchmarks call the same.
ROWS = [
    ("create and add N (ms)", "add_n"),
    ("join (ms)", "join"),
    ("update commit, blank tree (ms)", "update_blank"),
    ("update commit, filled tree (ms)", "update_filled"),
    ("apply it, blank tree (ms)", "apply_blank"),
    ("apply it, filled tree (ms)", "apply_filled"),
    ("add one (ms)", "add_one_filled"),
    ("remove one (ms)", "remove_one_filled"),
    ("encrypt 1 kB (ms)", "encrypt_1kB"),
    ("decrypt 1 kB (ms)", "decrypt_1kB"),
    ("commit, add all (bytes)", "add_n_commit_bytes"),
    ("commit, blank tree (bytes)", "commit_bytes_blank"),
    ("commit, filled tree (bytes)", "commit_bytes_filled"),
    ("Welcome, whole (bytes)", "add_n_welcome_bytes"),
    ("Welcome, slice (bytes)", None),
    ("tree, blank (bytes)", "ratchet_tree_bytes"),
    ("tree, filled (bytes)", "ratchet_tree_bytes_filled"),
    ("written per message (bytes)", None),
    ("load from records (ms)", None),
    ("memory per member (bytes)", None),
]


def main() -> None:
    own = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8") if line.startswith("{")]
    peers = [json.load(open(name, encoding="utf-8")) for name in sys.argv[2:]]
    for suite in sorted({row["suite"] for row in own}):
        sizes = [row["n"] for row in own if row["suite"] == suite]
        columns = [("Hauspost", {row["n"]: row for row in own if row["suite"] == suite}, 0)]
        if suite == 1:
            for peer in peers:
                columns.append((peer["library"].split(" ")[0], {int(n): row for n, row in peer["rows"].items()}, 1))
        print(f"\nsuite {suite}" + (" (X-Wing)" if suite >= 0xF000 else ""))
        print("| | " + " | ".join(f"{name}, N = {n}" for n in sizes for name, rows, _ in columns if n in rows) + " |")
        print("|---|" + "---:|" * sum(n in rows for n in sizes for _, rows, _ in columns))
        for ours, theirs in ROWS:
            cells = []
            for n in sizes:
                for _, rows, kind in columns:
                    if n not in rows:
                        continue
                    value = rows[n].get(theirs if kind else ours) if (theirs or not kind) else None
                    cells.append("–" if value is None else f"{value:g}")
            print(f"| {ours} | " + " | ".join(cells) + " |")


main()
