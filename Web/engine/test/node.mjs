// The engine in node: `node Web/engine/test/node.mjs`, after Scripts/build-wasm.
import { readFile } from "node:fs/promises";
import { runChecks } from "./checks.mjs";

const bytes = await readFile(new URL("../../../.build-web/core.wasm", import.meta.url));
const passed = await runChecks(await WebAssembly.compile(bytes));
console.log(`engine in node ${process.version}: ${passed.length} checks passed`);
