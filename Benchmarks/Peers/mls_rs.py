#!/usr/bin/env python3
"""Benchmark of the mls-rs wheel (agentvault-mls-rs-uniffi), suite 1. Prints JSON: medians in ms, sizes in bytes.

usage: mls_rs.py [N ...] [--no-filled] [--filled-max N] [--cpu]

N members are added to the creator in one commit, so the group has N + 1 members.
blank   right after that commit (no parent node is set but the committer's own path)
filled  every parent node set, no unmerged leaves: members are added two by two and the
        second of each pair joins and commits at once (its path becomes fresh)
update  the creator makes an empty commit (path); the new state is NOT yet applied.
        `confirm` is the creator's processing of its own commit (applies the pending commit).
--cpu measures CPU time of the process instead of wall time (all threads: set RAYON_NUM_THREADS=1),
which is the better figure on a machine shared with others. mls-rs uses rayon.
Times include the UniFFI call; Message objects are passed, not bytes (serializing is not timed).
"""
import argparse, gc, json, statistics, sys, time
from mls_rs_uniffi import (CipherSuite, Client, ClientConfig, Message, client_config_default,
                           generate_signature_keypair)

clock = time.process_time if "--cpu" in sys.argv else time.perf_counter

def client(name):
    return Client(name.encode(), generate_signature_keypair(CipherSuite.CURVE25519_AES128), client_config_default())

def timed(f, *a):
    t = clock(); r = f(*a); return (clock() - t) * 1e3, r

med = lambda xs: round(statistics.median(xs), 3)

def ops(row, key, alice, bob, size, removable):
    """Update, apply, add, remove between alice (committer) and bob (receiver), who both are at the same epoch."""
    reps = 9 if size <= 100 else 5
    make, apply_, confirm = [], [], []
    for i in range(reps):
        t, out = timed(alice.commit); make.append(t)
        t, _ = timed(bob.process_incoming_message, out.commit_message); apply_.append(t)
        t, _ = timed(alice.process_incoming_message, out.commit_message); confirm.append(t)
        if i == 0: row[f"commit_bytes_{key}"] = len(out.commit_message.to_bytes())
    row[f"update_{key}"], row[f"apply_{key}"], row[f"confirm_{key}"] = med(make), med(apply_), med(confirm)
    make, apply_, joins, sizes, wsizes = [], [], [], [], []
    for i in range(3):
        late = client(f"late-{key}-{i}")
        kp = late.generate_key_package_message()
        t, out = timed(alice.add_members, [kp]); make.append(t)
        t, _ = timed(bob.process_incoming_message, out.commit_message); apply_.append(t)
        alice.process_incoming_message(out.commit_message)
        sizes.append(len(out.commit_message.to_bytes())); wsizes.append(len(out.welcome_message.to_bytes()))
        joins.append(timed(late.join_group, None, out.welcome_message)[0])
    row[f"join_late_{key}"] = med(joins)
    row[f"add_one_{key}"], row[f"apply_add_one_{key}"] = med(make), med(apply_)
    row[f"add_one_commit_bytes_{key}"], row[f"add_one_welcome_bytes_{key}"] = sizes[0], wsizes[0]
    make, apply_ = [], []
    for i in range(3):
        t, out = timed(alice.remove_members, [removable[i]]); make.append(t)
        t, _ = timed(bob.process_incoming_message, out.commit_message); apply_.append(t)
        alice.process_incoming_message(out.commit_message)
    row[f"remove_one_{key}"], row[f"apply_remove_one_{key}"] = med(make), med(apply_)
    row[f"remove_one_commit_bytes_{key}"] = len(out.commit_message.to_bytes())

def messages(row, alice, bob):
    payload = bytes(1000)
    enc, dec = [], []
    for i in range(60):
        t, m = timed(alice.encrypt_application_message, payload); enc.append(t)
        t, _ = timed(bob.process_incoming_message, m); dec.append(t)
    row["encrypt_1kB"], row["decrypt_1kB"] = med(enc), med(dec)
    row["encrypt_1kB_first"], row["decrypt_1kB_first"] = round(enc[0], 3), round(dec[0], 3)
    row["message_1kB_bytes"] = len(m.to_bytes())

def blank(n):
    row = {}
    people = [client(f"m{i}") for i in range(n)]
    t, kps = timed(lambda: [p.generate_key_package_message() for p in people])
    row["key_package"] = round(t / n, 3); row["key_package_bytes"] = len(kps[0].to_bytes())
    creator = client("creator")
    create, addn = [], []
    for i in range(3 if n <= 300 else 2):
        t, alice = timed(creator.create_group, None); create.append(t)
        t, out = timed(alice.add_members, kps); addn.append(t)
    row["create_group"], row["add_n"] = med(create), med(addn)
    row["add_n_commit_bytes"] = len(out.commit_message.to_bytes())
    row["add_n_welcome_bytes"] = len(out.welcome_message.to_bytes())
    row["confirm_add_n"] = round(timed(alice.process_incoming_message, out.commit_message)[0], 3)
    row["ratchet_tree_bytes"] = len(alice.export_tree().bytes)
    joins = []
    for i in (n // 2, n // 3, n // 4):
        # a fresh client can use its key package once: take three different members
        t, info = timed(people[i].join_group, None, out.welcome_message); joins.append(t)
        if i == n // 2: bob = info.group
    row["join"] = med(joins)
    messages(row, alice, bob)
    ops(row, "blank", alice, bob, n, [people[i].signing_identity() for i in (n - 1, n - 2, 1)])
    return row

def filled(n):
    """Creator plus n members; every parent node set."""
    row = {}
    creator = client("creator"); alice = creator.create_group(None)
    identities = []; start = time.perf_counter()
    members = 1
    while members < n + 1:
        batch = [client(f"f{members + j}") for j in range(min(2 if members > 1 else 1, n + 1 - members))]
        out = alice.add_members([p.generate_key_package_message() for p in batch])
        alice.process_incoming_message(out.commit_message)
        joiner = batch[-1].join_group(None, out.welcome_message).group
        up = joiner.commit()
        joiner.process_incoming_message(up.commit_message); alice.process_incoming_message(up.commit_message)
        identities += [p.signing_identity() for p in batch]; members += len(batch); bob = joiner
    row["fill_seconds"] = round(time.perf_counter() - start, 1)
    # the creator's own commit freshens the last nodes on its path
    out = alice.commit(); bob.process_incoming_message(out.commit_message); alice.process_incoming_message(out.commit_message)
    row["ratchet_tree_bytes_filled"] = len(alice.export_tree().bytes)
    ops(row, "filled", alice, bob, n, [identities[i] for i in (n // 2, n // 3, n // 4)])
    return row

if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("n", nargs="*", type=int, default=[10, 100, 300, 1000])
    ap.add_argument("--no-filled", action="store_true"); ap.add_argument("--filled-max", type=int, default=1000)
    ap.add_argument("--cpu", action="store_true")
    args = ap.parse_args()
    result = {"library": "mls-rs 0.55.0 (agentvault-mls-rs-uniffi 0.1.1, OpenSSL 3.6.2 static)", "suite": 1, "unit": "ms", "clock": "cpu" if args.cpu else "wall", "rows": {}}
    for n in args.n:
        row = {"members": n + 1, **blank(n)}; gc.collect()
        if not args.no_filled and n <= args.filled_max: row |= filled(n); gc.collect()
        result["rows"][n] = row
        print(n, "done", file=sys.stderr, flush=True)
    print(json.dumps(result, indent=1))
