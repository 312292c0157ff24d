// What the engine must do in every JavaScript engine; node.mjs and browser.mjs run it.
import { CoreError, instantiate, operation } from "../core.mjs";
import { concat, groups, text } from "./groups.mjs";

/** Operation 2 of .build-web/vectors.wasm; Sources/MLSVectorsWasm/Operations.swift has it. */
const selfCheck = 2;

/**
 * Runs all checks. Returns their names; throws at the first failure.
 * @param {WebAssembly.Module} module the engine
 * @param {WebAssembly.Module} known known answers of its cryptography, and bare groups, which the engine's bundle does not carry
 */
export async function runChecks(module, known) {
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
  const lines = new TextDecoder().decode((await instantiate(known)).call(selfCheck)).trim().split("\n");
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

  for (const suite of [1, 2, 3, 5, 7, 0xf061, 0xf062]) {
    // Two instances, as two devices: one creates and adds, the other joins, both talk, one is reloaded from its records.
    const [here, there] = [groups(await instantiate(known)), groups(await instantiate(known))];
    const guest = there.createKeyPackage("guest", suite);
    const ours = here.createGroup(`group ${suite}`, "host", suite);
    const { welcome, tree } = here.commitAdding(ours, [guest.keyPackage]);
    const theirs = there.join(guest.bundle, welcome, tree);
    check(`suite ${suite}: both agree on the epoch`, hex(here.epochAuthenticator(ours)) === hex(there.epochAuthenticator(theirs)));
    const message = here.encrypt(ours, text("Grüß Gott"));
    check(`suite ${suite}: a message arrives`, new TextDecoder().decode(there.receive(theirs, message).data) === "Grüß Gott");
    refused(`suite ${suite}: a message arrives once`, "failed", () => there.receive(theirs, message));
    const another = there.createKeyPackage("another", suite);
    const { commit } = here.commitAdding(ours, [another.keyPackage]);
    check(`suite ${suite}: a commit arrives`, there.receive(theirs, commit).kind === 3);
    const loaded = there.load(there.records(theirs));
    check(`suite ${suite}: the records are the group`, hex(there.epochAuthenticator(loaded)) === hex(here.epochAuthenticator(ours)));
    check(`suite ${suite}: the loaded group goes on`, there.receive(loaded, here.encrypt(ours, text("x"))).kind === 1);
  }

  // The messenger: an empty store, and the first thing that it says on a connection.
  const time = new Uint8Array(8);
  const opened = core.call(operation.openEngine, concat([new Uint8Array([0]), new Uint8Array(32).fill(7)]));
  check("the messenger says what it wants to read", opened[0] === 3 && opened.length > 20);
  core.call(operation.startEngine, time);
  const effects = core.call(operation.handle, concat([time, new Uint8Array([1])]));
  // send(2), a vector of 8 bytes: number 1, hello(1), version 1.
  check("it says hello", hex(effects.slice(0, 10)) === "02080000000100010001");
  check("nothing is known yet", core.call(operation.view)[0] === 0);
  refused("a damaged input is refused", "malformedInput", () => core.call(operation.handle, new Uint8Array([1, 2, 3])));

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
