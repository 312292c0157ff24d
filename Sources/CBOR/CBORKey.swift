/// A key of a map, as draft-ietf-mimi-content-08 §6.2 allows them.
public enum CBORKey: Hashable, Sendable {
  /// From -(2^53 - 1) to 2^53 - 1, so that every implementation can hold it.
  case integer(Int64)
  case text(UTF8Text)
  case bytes([UInt8])

  static let largestInteger: UInt64 = (1 << 53) - 1

  /// The key's deterministic encoding, by which maps are sorted.
  public var encoded: [UInt8] {
    var writer = CBORWriter()
    switch self {
    case .integer(let value): writer.integer(value)
    case .text(let text): writer.text(text)
    case .bytes(let bytes): writer.bytes(bytes)
    }
    return writer.bytes
  }
}

/// RFC 8949 §4.2.1: the bytewise lexicographic order of encodings.
func precedes(_ a: ArraySlice<UInt8>, _ b: ArraySlice<UInt8>) -> Bool {
  a.lexicographicallyPrecedes(b)
}

/// Remembers the last key of a map that is being read, so that `CBORReader.key` can check the order.
public struct CBORKeyOrder: Sendable {
  var last: ArraySlice<UInt8>?
  public init() {}
}
