// What names, addresses and domains may look like, and how text goes in and out of structures.
import TLSCodec

/// The forms of names. All are UTF-8; control characters would let a name rewrite a terminal or break a line of a list.
public enum Naming {
  /// A person's or function's name: 1 to 200 bytes.
  public static func isName(_ text: String) -> Bool {
    let count = text.utf8.count
    return count >= 1 && count <= IdentityLimits.nameBytes && isPrintable(text)
  }

  /// A device's name: at most 64 bytes.
  public static func isDeviceName(_ text: String) -> Bool { text.utf8.count <= IdentityLimits.deviceNameBytes && isPrintable(text) }

  /// What stands before the @: 1 to 64 of a–z, 0–9, dot, underscore, hyphen.
  public static func isLocalPart(_ text: String) -> Bool {
    let count = text.utf8.count
    return count >= 1 && count <= IdentityLimits.localPartBytes && text.utf8.allSatisfy { isLower($0) || isDigit($0) || $0 == 0x2E || $0 == 0x5F || $0 == 0x2D }
  }

  /// A host in lower case, with a port where it is not the usual one: 1 to 255 of a–z, 0–9, dot, hyphen, colon, brackets.
  public static func isDomain(_ text: String) -> Bool {
    let count = text.utf8.count
    return count >= 1 && count <= IdentityLimits.domainBytes
      && text.utf8.allSatisfy {
        isLower($0) || isDigit($0) || $0 == 0x2E || $0 == 0x2D || $0 == 0x3A || $0 == 0x5B || $0 == 0x5D
      }
  }

  /// Whether no C0 or C1 control character is in it.
  static func isPrintable(_ text: String) -> Bool {
    var previous: UInt8 = 0
    for byte in text.utf8 {
      if byte < 0x20 || byte == 0x7F { return false }
      if previous == 0xC2 && byte >= 0x80 && byte < 0xA0 { return false }
      previous = byte
    }
    return true
  }

  private static func isLower(_ byte: UInt8) -> Bool { byte >= 0x61 && byte <= 0x7A }
  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
}

extension Reader {
  /// `opaque x<V>` that is UTF-8 and has the given form.
  mutating func text(_ name: StaticName, _ isAllowed: (String) -> Bool) throws(DecodingError) -> String {
    let bytes = try opaque()
    let text = String(decoding: bytes, as: UTF8.self)
    // Repaired text has other bytes than it was read from.
    guard Array(text.utf8) == bytes, isAllowed(text) else { throw .invalidValue(name) }
    return text
  }
}

extension Writer {
  mutating func text(_ text: String) { opaque(Array(text.utf8)) }
}
