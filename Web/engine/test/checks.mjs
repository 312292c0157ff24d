// What the engine must do in every JavaScript engine; node.mjs and browser.mjs run it.
import { CoreError, instantiate, operation } from "../core.mjs";

/** Runs all checks. Returns their names; throws at the first failure. */
export async function runChecks(module) {
  const passed = [];
  const check = (name, condition) => {
    if (!condition) throw new Error(`failed: ${name}`);
    passed.push(name);
  };
  const refused = (name, status, body) => {
    try {
      body();
    } catch (error) {
      return check(name, error instanceof CoreError && error.status === status);
    }
    check(name, false);
  };

  const imports = WebAssembly.Module.imports(module).map((item) => `${item.module}.${item.name}`);
  check("the engine imports random bytes and nothing else", imports.join() === "env.random");

  const core = await instantiate(module);
  const lines = new TextDecoder().decode(core.call(operation.selfCheck)).trim().split("\n");
  check("there are known answers", lines.length > 30);
  for (const line of lines) check(line, line.startsWith("ok "));

  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const sixteen = new Uint8Array([0, 16]);
  const seen = new Set();
  for (let i = 0; i < 100; i++) seen.add(hex(core.call(operation.random, sixteen)));
  check("random bytes are fresh", seen.size === 100 && [...seen].every((value) => value.length === 32));
  check("two instances draw differently", !seen.has(hex((await instantiate(module)).call(operation.random, sixteen))));
  check("no random bytes", core.call(operation.random, new Uint8Array([0, 0])).length === 0);
  check("65,535 random bytes", core.call(operation.random, new Uint8Array([255, 255])).length === 65535);

  refused("an unknown operation is refused", "unknownOperation", () => core.call(9999));
  refused("operation 0 is refused", "unknownOperation", () => core.call(0));
  refused("a malformed input is refused", "malformedInput", () => core.call(operation.random, new Uint8Array(3)));

  core.call(operation.random, new Uint8Array([0, 0]));
  const before = core.memorySize();
  const large = new Uint8Array(5000);
  for (let i = 0; i < 20000; i++) {
    try {
      core.call(operation.random, large);
    } catch {
      // Refused, and all it took is given back.
    }
  }
  check("20,000 calls leave memory as it was", core.memorySize() === before);
  return passed;
}
