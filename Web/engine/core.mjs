// The engine's host: loads core.wasm and calls it. Works in browsers, workers and node; the engine asks for nothing but random bytes.

/** Numbers of the operations; Sources/MessengerWasm/Operations.swift has the same, Sources/MLSVectorsWasm/Groups.swift those on bare groups. */
export const operation = {
  random: 2, benchmark: 3,
  createKeyPackage: 16, createGroup: 17, commitAdding: 18, joinGroup: 19, encrypt: 20, receive: 21, epochAuthenticator: 22, records: 23,
  loadGroup: 24, freeGroup: 25,
  openEngine: 32, startEngine: 33, handle: 34, view: 35,
};

/** Names of the statuses, by number. */
const statuses = ["ok", "unknownOperation", "malformedInput", "failed"];

export class CoreError extends Error {
  constructor(status) {
    super(`core: ${statuses[status] ?? `status ${status}`}`);
    this.name = "CoreError";
    this.status = statuses[status] ?? String(status);
  }
}

/**
 * The engine stopped at a bug of its own. Its memory is in an unknown state: throw this instance away and start another from what was stored last.
 */
export class CoreTrap extends Error {
  constructor(cause) {
    super("core: trapped", { cause });
    this.name = "CoreTrap";
  }
}

/**
 * @param {BufferSource | WebAssembly.Module | Response | Promise<Response>} source the module, its bytes, or a response that brings them
 * @returns {Promise<{call(operation: number, input?: Uint8Array): Uint8Array, memorySize(): number}>}
 */
export async function instantiate(source) {
  let exports;
  // A view is made for every use: memory that grows leaves older views empty.
  const bytes = (pointer, length) => new Uint8Array(exports.memory.buffer, pointer >>> 0, length >>> 0);

  const imports = {
    env: {
      random(pointer, length) {
        // getRandomValues refuses more than 65,536 bytes at once.
        for (let done = 0; done < length >>> 0; done += 65536) {
          crypto.getRandomValues(bytes((pointer >>> 0) + done, Math.min(65536, (length >>> 0) - done)));
        }
      },
    },
  };
  const instance = await load(await source, imports);
  exports = instance.exports;
  exports._initialize();

  let trapped = false;
  return {
    /** Runs one operation. Throws `CoreError` where it was refused, `CoreTrap` where the engine broke. */
    call(number, input = new Uint8Array(0)) {
      if (trapped) throw new CoreTrap("called after a trap");
      try {
        const argument = exports.wasm_alloc(input.length);
        bytes(argument, input.length).set(input);
        const result = exports.core_call(number, argument, input.length);
        exports.wasm_free(argument, input.length);
        const header = new DataView(exports.memory.buffer, result >>> 0, 8);
        const status = header.getInt32(0, true);
        const length = header.getUint32(4, true);
        const output = bytes((result >>> 0) + 8, length).slice();
        exports.wasm_free(result, 8 + length);
        if (status !== 0) throw new CoreError(status);
        return output;
      } catch (error) {
        if (error instanceof CoreError) throw error;
        trapped = true;
        throw new CoreTrap(error);
      }
    },
    /** Bytes of linear memory in use by the instance. */
    memorySize: () => exports.memory.buffer.byteLength,
  };
}

async function load(source, imports) {
  if (source instanceof WebAssembly.Module) return WebAssembly.instantiate(source, imports);
  if (typeof Response !== "undefined" && source instanceof Response) {
    return (await WebAssembly.instantiateStreaming(source, imports)).instance;
  }
  return (await WebAssembly.instantiate(source, imports)).instance;
}
