// MessengerWasm: the C interface of the engine in the browser, and nothing else. Web/engine/core.mjs is its only caller.
import BoringSSLProvider
import CryptoInterface

// MARK: What the host gives

/// Fills memory from `crypto.getRandomValues`.
@_extern(wasm, module: "env", name: "random") @_extern(c)
func hostRandom(_ pointer: UnsafeMutableRawPointer?, _ count: UInt32)

/// Embedded Swift seeds its hashing with this.
@_cdecl("arc4random_buf")
public func arc4random_buf(_ pointer: UnsafeMutableRawPointer, _ count: Int) {
  hostRandom(pointer, UInt32(truncatingIfNeeded: count))
}

/// BoringSSL seeds its generator with this.
@_cdecl("getentropy")
public func getentropy(_ pointer: UnsafeMutableRawPointer, _ count: Int) -> Int32 {
  hostRandom(pointer, UInt32(truncatingIfNeeded: count))
  return 0
}

// MARK: What the host calls

/// Memory for the host to write a call's input into; free it with `wasm_free`.
@_expose(wasm, "wasm_alloc") @_cdecl("wasm_alloc")
public func wasm_alloc(_ count: UInt32) -> UnsafeMutableRawPointer {
  .allocate(byteCount: max(1, Int(truncatingIfNeeded: count)), alignment: 8)
}

/// Wipes and frees memory of `wasm_alloc` or `core_call`, whose size the host gives again.
@_expose(wasm, "wasm_free") @_cdecl("wasm_free")
public func wasm_free(_ pointer: UnsafeMutableRawPointer, _ count: UInt32) {
  wipe(UnsafeMutableRawBufferPointer(start: pointer, count: Int(truncatingIfNeeded: count)))
  pointer.deallocate()
}

/// One operation, start to end. The input stays the host's.
/// - Returns: `int32 status`, `uint32 length`, little-endian, then `length` bytes; the host frees 8 + length bytes.
@_expose(wasm, "core_call") @_cdecl("core_call")
public func core_call(_ operation: UInt32, _ pointer: UnsafeRawPointer?, _ count: UInt32) -> UnsafeMutableRawPointer {
  var input = [UInt8](UnsafeRawBufferPointer(start: pointer, count: Int(truncatingIfNeeded: count)))
  var status = CoreStatus.ok
  var output: [UInt8] = []
  do throws(CoreStatus) {
    output = try perform(operation, input)
  } catch {
    status = error
  }
  let result = UnsafeMutableRawPointer.allocate(byteCount: 8 + output.count, alignment: 8)
  result.storeBytes(of: status.rawValue, as: Int32.self)
  result.storeBytes(of: UInt32(output.count), toByteOffset: 4, as: UInt32.self)
  output.withUnsafeBytes { UnsafeMutableRawBufferPointer(start: result + 8, count: output.count).copyMemory(from: $0) }
  wipe(&input)
  wipe(&output)
  return result
}
