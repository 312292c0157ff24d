// The working group's vectors in node: `node Web/engine/test/vectors.mjs [FOLDER]`, after `Scripts/build-wasm vectors`.
// FOLDER, else HAUSPOST_VECTORS, else ../shared/vectors beside the project; in it `mls`, where that exists.
import { existsSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./vector-run.mjs";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const base = process.argv[2] ?? process.env.HAUSPOST_VECTORS ?? join(root, "../shared/vectors");
const folder = [join(base, "mls"), base].find((candidate) => existsSync(join(candidate, "tree-math.json")));
if (!folder) {
  console.error("skipped: no test vectors of the MLS working group here: set HAUSPOST_VECTORS to the folder that holds them");
  process.exit(77);
}
const module = await WebAssembly.compile(await readFile(join(root, ".build-web/vectors.wasm")));
const names = (await readdir(folder)).filter((name) => name.endsWith(".json")).sort();
console.log(`vectors in node ${process.version}:`);
const sound = await run(module, names, (name) => readFile(join(folder, name)), console.log);
process.exit(sound ? 0 : 1);
