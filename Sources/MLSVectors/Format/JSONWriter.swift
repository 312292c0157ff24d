// Writes vectors as people can read them: one member a line, lists of numbers on one line.

extension JSON {
  /// A hex string.
  package static func hex(_ bytes: [UInt8]) -> JSON { .string(Hex.encode(bytes)) }
  package static func text(_ text: StaticString) -> JSON { .string(text.withUTF8Buffer { Array($0) }) }
  package static func number(_ value: UInt32) -> JSON { .number(UInt64(value)) }
  package static func object(_ members: KeyValuePairs<StaticString, JSON>) -> JSON {
    var list: [Member] = []
    for (key, value) in members { list.append(Member(key: key.withUTF8Buffer { Array($0) }, value: value)) }
    return .object(list)
  }

  /// The text of this value and a line's end.
  public func written() -> [UInt8] {
    var text: [UInt8] = []
    write(to: &text, indent: 0)
    text.append(0x0A)
    return text
  }

  private func write(to text: inout [UInt8], indent: Int) {
    switch self {
    case .null: text.append(contentsOf: "null".utf8)
    case .bool(let value): text.append(contentsOf: (value ? "true" : "false").utf8)
    case .number(let value): text.append(contentsOf: "\(value)".utf8)
    case .otherNumber(let written): text.append(contentsOf: written)
    case .string(let value): Self.write(string: value, to: &text)
    case .array(let elements):
      text.append(UInt8(ascii: "["))
      let oneLine = !elements.contains { !$0.isShort }
      for (i, element) in elements.enumerated() {
        if i > 0 { text.append(UInt8(ascii: ",")) }
        if !oneLine { Self.newLine(&text, indent + 1) } else if i > 0 { text.append(0x20) }
        element.write(to: &text, indent: indent + 1)
      }
      if !oneLine { Self.newLine(&text, indent) }
      text.append(UInt8(ascii: "]"))
    case .object(let members):
      text.append(UInt8(ascii: "{"))
      for (i, member) in members.enumerated() {
        if i > 0 { text.append(UInt8(ascii: ",")) }
        Self.newLine(&text, indent + 1)
        Self.write(string: member.key, to: &text)
        text.append(contentsOf: ": ".utf8)
        member.value.write(to: &text, indent: indent + 1)
      }
      if !members.isEmpty { Self.newLine(&text, indent) }
      text.append(UInt8(ascii: "}"))
    }
  }

  private var isShort: Bool {
    switch self {
    case .null, .bool, .number, .otherNumber: true
    default: false
    }
  }

  private static func newLine(_ text: inout [UInt8], _ indent: Int) {
    text.append(0x0A)
    for _ in 0..<indent { text.append(contentsOf: "  ".utf8) }
  }

  private static func write(string: [UInt8], to text: inout [UInt8]) {
    text.append(UInt8(ascii: "\""))
    for byte in string {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        text.append(UInt8(ascii: "\\"))
        text.append(byte)
      case 0..<0x20:
        text.append(contentsOf: "\\u00".utf8)
        text.append(contentsOf: Hex.encode([byte]))
      default: text.append(byte)
      }
    }
    text.append(UInt8(ascii: "\""))
  }
}
