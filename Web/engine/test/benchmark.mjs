// What the primitives cost in node: `HAUSPOST_BENCHMARK=1 Scripts/build-wasm && node Web/engine/test/benchmark.mjs`. Best of seven rounds.
import { readFile } from "node:fs/promises";
import { instantiate, operation } from "../core.mjs";

const core = await instantiate(await readFile(new URL("../../../.build-web/core-benchmark.wasm", import.meta.url)));
const run = (primitive, count) => {
  const input = new Uint8Array(5);
  new DataView(input.buffer).setUint32(1, count);
  input[0] = primitive;
  core.call(operation.benchmark, input);
};
const rows = [
  ["SHA-256, 40 B", 0, 2000], ["HMAC-SHA-256, 40 B", 1, 1000], ["HKDF-Expand, 32 B", 2, 1000], ["AES-128-GCM seal 1 kB", 3, 500],
  ["ChaCha20-Poly1305 seal 1 kB", 4, 1000], ["Ed25519 sign 1 kB", 5, 100], ["Ed25519 verify 1 kB", 6, 100],
  ["message: 6 HKDF + AES-GCM + sign", 7, 100],
];
const suites = ["X25519", "P-256", "X25519, ChaCha20", "P-521", "P-384", "X-Wing, AES-128", "X-Wing, AES-256"];
suites.forEach((suite, i) => {
  const count = suite.startsWith("P-") ? 5 : 30;
  rows.push([`HPKE seal ${suite}`, 10 + 2 * i, count], [`HPKE open ${suite}`, 11 + 2 * i, count]);
});
console.log("µs".padEnd(40) + "wasm in node");
for (const [name, primitive, count] of rows) {
  run(primitive, count);
  // What a call costs beside the repetitions: keys and the like.
  const time = (n) => {
    let best = Infinity;
    for (let i = 0; i < 7; i++) {
      const start = performance.now();
      run(primitive, n);
      best = Math.min(best, performance.now() - start);
    }
    return best;
  };
  console.log(name.padEnd(40) + (((time(count + 1) - time(1)) / count) * 1000).toFixed(1));
}
