import { runChecks } from "./checks.mjs";

try {
  const module = await WebAssembly.compileStreaming(fetch("/.build-web/core.wasm"));
  const passed = await runChecks(module);
  postMessage(`passed ${passed.length}`);
} catch (error) {
  postMessage(String(error.message ?? error));
}
