// The test vectors of the MLS working group on the engine's cryptography; vectors.mjs (node) and vectors-worker.mjs (browser) call it.
import { instantiate } from "../core.mjs";

/** Operation 1 of .build-web/vectors.wasm; Sources/MLSVectorsWasm/Operations.swift has its input and output. */
const verifyOperation = 1;

/** Verifies a file, each in an instance of its own. Returns {kind, passed, failed, skipped, lines}. */
export async function verify(module, file) {
  const core = await instantiate(module);
  const input = new Uint8Array(1 + file.length);
  input.set(file, 1);
  const lines = new TextDecoder().decode(core.call(verifyOperation, input)).trim().split("\n");
  const [kind, counts] = [lines[0]?.match(/^kind (.+)$/), lines[1]?.match(/^counts (\d+) (\d+) (\d+)$/)];
  if (!kind || !counts) return { kind: "unreadable", passed: 0, failed: 1, skipped: 0, lines };
  const [passed, failed, skipped] = counts.slice(1).map(Number);
  return { kind: kind[1], passed, failed, skipped, lines: lines.slice(2) };
}

/** A value in each kind of file that its generator has computed. */
const outputs = [
  "root", "length", "out", "application_key", "commit_priv", "epoch_authenticator", "psk_secret", "interim_transcript_hash_after", "welcome",
  "tree_hash_after", "tree_hashes", "commit_secret", "mls_key_package", "initial_epoch_authenticator",
];

/** The first case with one digit of a computed value changed, which the verifier must see. */
export function corrupted(file) {
  const text = JSON.stringify([JSON.parse(new TextDecoder().decode(file))[0]]);
  const match = text.match(new RegExp(`"(?:${outputs.join("|")})":\\[?"?([0-9a-f]+)`));
  if (!match) throw new Error("nothing to corrupt");
  // The last digit, but the first of a message: only its structure is checked.
  const end = match.index + match[0].length;
  const at = match[0].includes("mls_key_package") ? end - match[1].length : end - 1;
  return new TextEncoder().encode(text.slice(0, at) + (text[at] === "1" ? "2" : "1") + text.slice(at + 1));
}

/** Verifies all files and a corrupted case of each, and writes a line for each. Returns whether all passed and every corruption was seen. */
export async function run(module, names, read, print) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  let sound = names.length > 0;
  for (const name of names) {
    const file = await read(name);
    const report = await verify(module, file);
    for (const key of Object.keys(total)) total[key] += report[key];
    print(`${name}: ${report.kind}: ${report.passed} passed, ${report.failed} failed, ${report.skipped} skipped`);
    for (const line of report.lines) print(`  ${line}`);
    const control = await verify(module, corrupted(file));
    if (control.failed !== 1) print(`  a wrong digit was not seen`);
    sound &&= report.failed === 0 && report.passed > 0 && control.failed === 1;
  }
  print(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return sound;
}
