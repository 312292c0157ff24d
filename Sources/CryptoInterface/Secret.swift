// CryptoInterface: what MLS asks of cryptography. Adapters (SwiftCryptoProvider, BoringSSLProvider) implement `CryptoProvider`.

/// Secret bytes: wiped when the last holder lets go, compared in constant time, printed as `<secret>`.
/// Copies share the bytes, so staging a group's state does not multiply them.
public struct Secret: Sendable, Equatable, CustomStringConvertible {
  private let storage: Storage

  /// Takes over `bytes`. The array passed in is the caller's to wipe; `init(count:_:)` avoids that copy.
  public init(_ bytes: [UInt8]) {
    storage = Storage(count: bytes.count)
    bytes.withUnsafeBytes { storage.bytes.copyMemory(from: $0) }
  }

  /// Copies from memory, for adapters.
  public init(copying bytes: UnsafeRawBufferPointer) {
    storage = Storage(count: bytes.count)
    storage.bytes.copyMemory(from: bytes)
  }

  /// `count` bytes that `fill` writes in place.
  public init(count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) {
    storage = Storage(count: count)
    fill(storage.bytes)
  }

  /// `count` zero bytes: RFC 9420 §8 writes them `0` where an input of the key schedule is absent.
  public static func zeros(_ count: Int) -> Secret { Secret(count: count) { _ in } }

  public var count: Int { storage.bytes.count }
  public var isEmpty: Bool { storage.bytes.isEmpty }

  public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    body(UnsafeRawBufferPointer(storage.bytes))
  }

  /// The same for a body that throws.
  public func withUnsafeBytes<R, E: Error>(throwing body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    try body(UnsafeRawBufferPointer(storage.bytes))
  }

  /// Whether every byte is zero, in constant time: RFC 9180 §7.1.4 forbids such a shared secret.
  public var isAllZero: Bool {
    var all: UInt8 = 0
    for byte in storage.bytes { all |= byte }
    return all == 0
  }

  /// A copy that is not wiped: for encoding into a structure that will itself be encrypted or stored.
  public var exposed: [UInt8] { Array(UnsafeRawBufferPointer(storage.bytes)) }

  /// In constant time for equal lengths.
  public static func == (a: Secret, b: Secret) -> Bool {
    constantTimeEqual(UnsafeRawBufferPointer(a.storage.bytes), UnsafeRawBufferPointer(b.storage.bytes))
  }

  public var description: String { "<secret>" }

  // Safe because: the bytes are written during initialisation only, before the storage is shared.
  private final class Storage: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer
    init(count: Int) {
      bytes = .allocate(byteCount: count, alignment: 8)
      wipe(bytes)
    }
    deinit {
      wipe(bytes)
      bytes.deallocate()
    }
  }
}

/// Overwrites memory with zeros in a way that the optimiser does not remove.
public func wipe(_ bytes: UnsafeMutableRawBufferPointer) {
  guard let base = bytes.baseAddress else { return }
  clear(base, bytes.count)
}

/// Overwrites an array with zeros. Other holders of the same array keep their copy.
public func wipe(_ bytes: inout [UInt8]) {
  bytes.withUnsafeMutableBytes { wipe($0) }
}

// Not inlined and not optimised: the stores stay although nobody reads them.
@inline(never) @_optimize(none)
private func clear(_ base: UnsafeMutableRawPointer, _ count: Int) {
  base.initializeMemory(as: UInt8.self, repeating: 0, count: count)
}

/// Compares without telling by its running time where two values differ. Lengths are not secret.
public func constantTimeEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
  a.withUnsafeBytes { x in b.withUnsafeBytes { y in constantTimeEqual(x, y) } }
}

@inline(never)
func constantTimeEqual(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
  guard a.count == b.count else { return false }
  var difference: UInt8 = 0
  for i in 0..<a.count { difference |= a[i] ^ b[i] }
  return difference == 0
}
