// The engine in node: `node Web/engine/test/node.mjs`, after Scripts/build-wasm.
import { readFile } from "node:fs/promises";
import { runChecks } from "./checks.mjs";

const compile = async (name) => WebAssembly.compile(await readFile(new URL(`../../../.build-web/${name}`, import.meta.url)));
const passed = await runChecks(await compile("core.wasm"), await compile("vectors.wasm"));
console.log(`engine in node ${process.version}: ${passed.length} checks passed`);
