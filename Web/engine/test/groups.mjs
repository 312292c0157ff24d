// Groups in the wasm build, for checks.mjs and the benchmark: the operations on groups with their encodings.
import { operation } from "../core.mjs";

/** `opaque x<V>` (RFC 9420 §2.1.2). */
const opaque = (bytes) => {
  const n = bytes.length;
  if (n < 64) return concat([new Uint8Array([n]), bytes]);
  if (n < 16384) return concat([new Uint8Array([0x40 | (n >> 8), n & 255]), bytes]);
  return concat([new Uint8Array([0x80 | (n >> 24), (n >> 16) & 255, (n >> 8) & 255, n & 255]), bytes]);
};
const uint32 = (n) => new Uint8Array([n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255]);
const uint16 = (n) => new Uint8Array([n >> 8, n & 255]);
export const concat = (parts) => {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    result.set(part, offset);
    offset += part.length;
  }
  return result;
};
export const text = (string) => new TextEncoder().encode(string);

/** Reads the start of a vector's header: its length, and where the content begins. */
const header = (bytes, offset) => {
  const size = 1 << (bytes[offset] >> 6);
  let length = bytes[offset] & 63;
  for (let i = 1; i < size; i++) length = length * 256 + bytes[offset + i];
  return { length, start: offset + size };
};
const readOpaque = (bytes, offset) => {
  const { length, start } = header(bytes, offset);
  return { value: bytes.slice(start, start + length), next: start + length };
};
const handle = (bytes) => ((bytes[0] << 24) | (bytes[1] << 16) | (bytes[2] << 8) | bytes[3]) >>> 0;

export const groups = (core) => ({
  createKeyPackage(name, suite) {
    const output = core.call(operation.createKeyPackage, concat([opaque(text(name)), uint16(suite)]));
    const bundle = readOpaque(output, 0);
    return { bundle: bundle.value, keyPackage: readOpaque(output, bundle.next).value };
  },
  createGroup: (id, name, suite) =>
    handle(core.call(operation.createGroup, concat([opaque(text(id)), opaque(text(name)), uint16(suite)]))),
  commitAdding(group, keyPackages) {
    const output = core.call(operation.commitAdding, concat([uint32(group), ...keyPackages.map(opaque)]));
    const commit = readOpaque(output, 0);
    if (output[commit.next] === 0) return { commit: commit.value, tree: readOpaque(output, commit.next + 1).value };
    // Welcome: suite, secrets<V>, encrypted_group_info<V>.
    const start = commit.next + 1;
    const secrets = header(output, start + 2);
    const info = header(output, secrets.start + secrets.length);
    const end = info.start + info.length;
    return { commit: commit.value, welcome: output.slice(start, end), tree: readOpaque(output, end).value };
  },
  join: (bundle, welcome, tree) => handle(core.call(operation.joinGroup, concat([opaque(bundle), welcome, opaque(tree)]))),
  encrypt: (group, data) => readOpaque(core.call(operation.encrypt, concat([uint32(group), opaque(data)])), 0).value,
  receive(group, message) {
    const output = core.call(operation.receive, concat([uint32(group), opaque(message)]));
    return { kind: output[0], data: output[0] === 1 ? readOpaque(output, 1).value : undefined };
  },
  epochAuthenticator: (group) => readOpaque(core.call(operation.epochAuthenticator, uint32(group)), 0).value,
  records: (group) => core.call(operation.records, uint32(group)),
  load: (records) => handle(core.call(operation.loadGroup, records)),
  free: (group) => core.call(operation.freeGroup, uint32(group)),
});
