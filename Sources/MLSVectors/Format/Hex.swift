/// Bytes as hexadecimal digits.
package enum Hex {
  static func value(of digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  /// - Returns: nil for an odd count or another character.
  package static func decode(_ text: [UInt8]) -> [UInt8]? {
    guard text.count % 2 == 0 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 2)
    var i = 0
    while i < text.count {
      guard let high = value(of: text[i]), let low = value(of: text[i + 1]) else { return nil }
      bytes.append(high << 4 | low)
      i += 2
    }
    return bytes
  }

  /// Lowercase digits.
  package static func encode(_ bytes: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(2 * bytes.count)
    for byte in bytes {
      text.append(digit(byte >> 4))
      text.append(digit(byte & 0xF))
    }
    return text
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  /// The first bytes, for a reason that people read.
  static func excerpt(_ bytes: [UInt8]) -> String {
    let shown = String(decoding: encode(Array(bytes.prefix(16))), as: UTF8.self)
    return bytes.count > 16 ? "\(shown)… (\(bytes.count) bytes)" : shown.isEmpty ? "nothing" : shown
  }
}
