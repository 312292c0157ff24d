import CBOR

/// §4.3: fields by number or name. Values are kept as encoded data items, so that unknown ones survive.
public struct Extensions: Equatable, Sendable {
  /// In the order of the encoding.
  public private(set) var entries: [Entry] = []

  public struct Entry: Equatable, Sendable {
    public let key: CBORKey
    /// One data item in deterministic CBOR.
    public let value: [UInt8]
  }

  public static let senderURIKey = CBORKey.integer(1)
  public static let roomURIKey = CBORKey.integer(2)

  public init() {}

  /// The encoded value of a field.
  public subscript(key: CBORKey) -> [UInt8]? {
    for entry in entries where entry.key == key { return entry.value }
    return nil
  }

  /// Sets a field; nil removes it.
  /// - Parameter value: one encoded data item.
  /// - Throws: `.forbiddenExtension` for what others would refuse.
  public mutating func set(_ key: CBORKey, to value: [UInt8]?) throws(ContentError) {
    try Extensions.check(key, value)
    entries.removeAll { $0.key == key }
    guard let value else { return }
    let encoded = key.encoded
    let place = entries.firstIndex { encoded.lexicographicallyPrecedes($0.key.encoded) } ?? entries.count
    entries.insert(Entry(key: key, value: value), at: place)
  }

  /// Whom the message says it is from; what counts is who signed it.
  public var senderURI: UTF8Text? { text(Extensions.senderURIKey) }
  /// Which room the message says it is for; what counts is the group it came through.
  public var roomURI: UTF8Text? { text(Extensions.roomURIKey) }

  public mutating func setSenderURI(_ uri: UTF8Text) throws(ContentError) { try set(Extensions.senderURIKey, to: Extensions.item(uri)) }
  public mutating func setRoomURI(_ uri: UTF8Text) throws(ContentError) { try set(Extensions.roomURIKey, to: Extensions.item(uri)) }

  private static func item(_ text: UTF8Text) -> [UInt8] {
    var writer = CBORWriter()
    writer.text(text)
    return writer.bytes
  }

  private func text(_ key: CBORKey) -> UTF8Text? {
    guard let value = self[key], var reader = try? CBORReader(value, atMost: ContentLimits.extensionValue) else { return nil }
    return try? reader.text()
  }

  /// §4.3, §6.2, §6.3.
  private static func check(_ key: CBORKey, _ value: [UInt8]?) throws(ContentError) {
    switch key {
    case .integer(let number):
      // §6.2: so that every implementation can hold the key.
      guard number.magnitude < 1 << 53 else { throw .forbiddenExtension }
    case .text(let name):
      guard !name.isEmpty, name.utf8.count <= ContentLimits.extensionName else { throw .forbiddenExtension }
    case .bytes: throw .forbiddenExtension
    }
    guard let value else { return }
    do {
      var reader = try CBORReader(value, atMost: ContentLimits.extensionValue)
      // §4.3: the two fields of the draft are texts.
      if key == senderURIKey || key == roomURIKey { _ = try reader.text() } else { _ = try reader.item(depth: ContentLimits.extensionLevels - 1) }
      try reader.finish()
    } catch { throw .forbiddenExtension }
  }

  init(from reader: inout CBORReader) throws(ContentError) {
    let count = try reading { () throws(CBORError) in try reader.map() }
    var order = CBORKeyOrder()
    for _ in 0..<count {
      let (key, value) = try reading { () throws(CBORError) in
        (try reader.key(&order), try reader.item(depth: ContentLimits.extensionLevels - 1))
      }
      try Extensions.check(key, value)
      entries.append(Entry(key: key, value: value))
    }
  }

  func encode(to writer: inout CBORWriter) {
    var pairs: [(key: CBORKey, value: [UInt8])] = []
    for entry in entries { pairs.append((entry.key, entry.value)) }
    writer.map(pairs)
  }
}
