// MLSHarness: what hostile bytes are fed to, the same under libFuzzer (Fuzz/) and in the ordinary tests (CrashCorpusTests). Not part of the product.

/// Decisions drawn from a fuzzer's bytes. Behind the end everything is zero, so every input is a complete script.
struct ByteSource {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isEmpty: Bool { position >= bytes.count }

  mutating func byte() -> UInt8 {
    guard position < bytes.count else { return 0 }
    defer { position += 1 }
    return bytes[position]
  }
  mutating func bool() -> Bool { byte() & 1 == 1 }
  /// In `0..<count`; 0 for an empty range.
  mutating func choice(_ count: Int) -> Int { count <= 1 ? 0 : Int(byte()) % count }
  /// True about once in `n`; false behind the end.
  mutating func rarely(_ n: UInt8) -> Bool { byte() % n == n - 1 }
  mutating func uint16() -> UInt16 { UInt16(byte()) << 8 | UInt16(byte()) }
  mutating func uint32() -> UInt32 { UInt32(uint16()) << 16 | UInt32(uint16()) }
  mutating func uint64() -> UInt64 { UInt64(uint32()) << 32 | UInt64(uint32()) }
  mutating func take(_ count: Int) -> [UInt8] { (0..<count).map { _ in byte() } }
  mutating func rest() -> [UInt8] {
    defer { position = bytes.count }
    return position < bytes.count ? Array(bytes[position...]) : []
  }
  /// A number at the edges of its range.
  mutating func edge() -> UInt64 {
    switch byte() % 8 {
    case 0: 0
    case 1: 1
    case 2: UInt64.max
    case 3: UInt64.max - 1
    case 4: UInt64(UInt32.max)
    case 5: 1 << 63
    case 6: UInt64(byte())
    default: uint64()
    }
  }
}
