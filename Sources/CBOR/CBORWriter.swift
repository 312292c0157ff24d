/// Writes data items in deterministic encoding (RFC 8949 §4.2.1). Whoever writes an array or map header writes that many items after it.
public struct CBORWriter {
  /// What has been written.
  public private(set) var bytes: [UInt8] = []

  public init() {}

  /// Major type and argument in the fewest bytes.
  private mutating func head(_ major: UInt8, _ argument: UInt64) {
    let type = major << 5
    if argument < 24 {
      bytes.append(type | UInt8(truncatingIfNeeded: argument))
      return
    }
    let (information, size): (UInt8, Int) =
      switch argument {
      case ..<0x100: (24, 1)
      case ..<0x1_0000: (25, 2)
      case ..<0x1_0000_0000: (26, 4)
      default: (27, 8)
      }
    bytes.append(type | information)
    for shift in (0..<size).reversed() { bytes.append(UInt8(truncatingIfNeeded: argument >> UInt64(8 * shift))) }
  }

  public mutating func unsigned(_ value: UInt64) { head(0, value) }
  /// The number -1 - `value`.
  public mutating func negative(_ value: UInt64) { head(1, value) }
  public mutating func integer(_ value: Int64) {
    // Of a negative number, the complement is -1 - value.
    if value < 0 { negative(UInt64(bitPattern: ~value)) } else { unsigned(UInt64(value)) }
  }
  public mutating func bytes(_ value: [UInt8]) {
    head(2, UInt64(value.count))
    bytes.append(contentsOf: value)
  }
  public mutating func text(_ value: UTF8Text) {
    head(3, UInt64(value.utf8.count))
    bytes.append(contentsOf: value.utf8)
  }
  /// The header of an array: `count` data items follow.
  public mutating func array(_ count: Int) { head(4, UInt64(count)) }
  /// The header of a tag: one data item follows.
  public mutating func tag(_ number: UInt64) { head(6, number) }
  public mutating func boolean(_ value: Bool) { bytes.append(value ? 0xF5 : 0xF4) }
  public mutating func null() { bytes.append(0xF6) }
  /// A data item that is encoded already.
  public mutating func item(_ encoded: [UInt8]) { bytes.append(contentsOf: encoded) }

  /// A map, sorted here. Values are encoded data items. The same key twice has no deterministic encoding, so that is our bug and traps.
  public mutating func map(_ entries: [(key: CBORKey, value: [UInt8])]) {
    var encoded: [(key: [UInt8], value: [UInt8])] = []
    for entry in entries { encoded.append((entry.key.encoded, entry.value)) }
    encoded.sort { precedes($0.key[...], $1.key[...]) }
    head(5, UInt64(encoded.count))
    for (i, entry) in encoded.enumerated() {
      precondition(i == 0 || encoded[i - 1].key != entry.key, "a map has each key once (RFC 8949 §5.6)")
      item(entry.key)
      item(entry.value)
    }
  }
}
