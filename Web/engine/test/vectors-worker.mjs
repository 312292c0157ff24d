import { run } from "./vector-run.mjs";

try {
  const module = await WebAssembly.compileStreaming(fetch("/.build-web/vectors.wasm"));
  const names = await (await fetch("/vectors/")).json();
  const read = async (name) => new Uint8Array(await (await fetch(`/vectors/${name}`)).arrayBuffer());
  const lines = [];
  const sound = await run(module, names, read, (line) => lines.push(line));
  postMessage(`${sound ? "sound" : "failed"}\n${lines.join("\n")}`);
} catch (error) {
  postMessage(`failed\n${error.message ?? error}`);
}
