// What groups cost in the wasm build: `node Web/engine/test/bench-groups.mjs [sizes]`, after Scripts/build-wasm. Medians of five.
import { readFile } from "node:fs/promises";
import { instantiate } from "../core.mjs";
import { groups } from "./groups.mjs";

const sizes = (process.argv[2] ?? "10,100,300,1000").split(",").map(Number);
const module = await WebAssembly.compile(await readFile(new URL("../../../.build-web/vectors.wasm", import.meta.url)));
const median = (runs, body) => {
  const times = [];
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    body();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[runs >> 1].toFixed(2);
};
for (const [name, suite] of [["suite 1", 1], ["X-Wing, AES-256, SHA-384", 0xf062]]) {
  for (const size of sizes) {
    const core = await instantiate(module);
    const api = groups(core);
    const clients = Array.from({ length: size - 1 }, (_, i) => api.createKeyPackage(String(i + 1), suite));
    const creator = api.createGroup("bench", "0", suite);
    let start = performance.now();
    const { welcome, tree } = api.commitAdding(creator, clients.map((client) => client.keyPackage));
    const addAll = (performance.now() - start).toFixed(1);
    const { bundle } = clients[size >> 2];
    let joined;
    const join = median(size >= 1000 ? 3 : 5, () => {
      if (joined) api.free(joined);
      joined = api.join(bundle, welcome, tree);
    });
    const encrypt = median(51, () => api.encrypt(creator, new Uint8Array(1000)));
    const records = api.records(joined);
    const load = median(3, () => api.free(api.load(records)));
    console.log(
      `${name}, N = ${size}: add all ${addAll} ms, join ${join} ms, encrypt 1 kB ${encrypt} ms, load ${load} ms, memory ${(core.memorySize() / 1048576).toFixed(1)} MiB`);
  }
}
