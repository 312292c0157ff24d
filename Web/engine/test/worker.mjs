import { runChecks } from "./checks.mjs";

try {
  const compile = (name) => WebAssembly.compileStreaming(fetch(`/.build-web/${name}`));
  const passed = await runChecks(await compile("core.wasm"), await compile("vectors.wasm"));
  postMessage(`passed ${passed.length}`);
} catch (error) {
  postMessage(String(error.message ?? error));
}
