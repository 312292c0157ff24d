/// A text as its UTF-8 bytes, known to be valid. Compared byte by byte: no normalisation, no Unicode tables.
public struct UTF8Text: Hashable, Sendable, ExpressibleByStringLiteral {
  /// The UTF-8 code units.
  public let utf8: [UInt8]

  /// - Returns: nil where the bytes are not valid UTF-8 (RFC 3629): overlong forms, surrogates, above U+10FFFF, incomplete sequences.
  public init?(utf8: [UInt8]) {
    guard UTF8Text.isValid(utf8) else { return nil }
    self.utf8 = utf8
  }

  /// For bytes that were validated just now.
  init(validated utf8: [UInt8]) { self.utf8 = utf8 }

  public init(_ string: String) { utf8 = Array(string.utf8) }
  public init(stringLiteral value: StaticString) {
    utf8 = value.withUTF8Buffer { Array($0) }
  }

  public var string: String { String(decoding: utf8, as: UTF8.self) }
  public var isEmpty: Bool { utf8.isEmpty }

  /// RFC 3629 §4, the table of well-formed sequences.
  static func isValid(_ bytes: [UInt8]) -> Bool {
    var i = 0
    while i < bytes.count {
      let first = bytes[i]
      i += 1
      if first < 0x80 { continue }
      let more: Int
      // The second byte's range excludes overlong forms, surrogates and what lies above U+10FFFF.
      var low: UInt8 = 0x80
      var high: UInt8 = 0xBF
      switch first {
      case 0xC2...0xDF: more = 1
      case 0xE0...0xEF:
        more = 2
        if first == 0xE0 { low = 0xA0 }
        if first == 0xED { high = 0x9F }
      case 0xF0...0xF4:
        more = 3
        if first == 0xF0 { low = 0x90 }
        if first == 0xF4 { high = 0x8F }
      default: return false
      }
      guard bytes.count - i >= more, bytes[i] >= low, bytes[i] <= high else { return false }
      for k in 1..<more where bytes[i + k] & 0xC0 != 0x80 { return false }
      i += more
    }
    return true
  }
}
