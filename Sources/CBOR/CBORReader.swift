/// Reads data items from a byte array and accepts only deterministic encoding (RFC 8949 §4.2.1): what is read and written again is the same bytes.
///
/// There is no tree of values: the caller asks for what its format has next. Only `item` goes through data items nobody knows.
public struct CBORReader {
  private let bytes: [UInt8]
  private var position = 0

  /// A reader over all of `bytes`.
  /// - Throws: `.tooLarge` above `most` bytes.
  public init(_ bytes: [UInt8], atMost most: Int) throws(CBORError) {
    guard bytes.count <= most else { throw .tooLarge }
    self.bytes = bytes
  }

  /// How many bytes are left.
  public var remaining: Int { bytes.count - position }
  public var isAtEnd: Bool { position == bytes.count }

  /// - Throws: `.trailingBytes` where something is left.
  public func finish() throws(CBORError) {
    if !isAtEnd { throw .trailingBytes }
  }

  /// The kind of the next data item; nothing is consumed.
  public func next() throws(CBORError) -> CBORType {
    guard position < bytes.count else { throw .truncated }
    let initial = bytes[position]
    switch initial >> 5 {
    case 0: return .unsigned
    case 1: return .negative
    case 2: return .bytes
    case 3: return .text
    case 4: return .array
    case 5: return .map
    case 6: return .tag
    default:
      switch initial & 0x1F {
      case 20, 21: return .boolean
      case 22: return .null
      default: return .other
      }
    }
  }

  // MARK: Numbers

  public mutating func unsigned(atMost most: UInt64 = .max) throws(CBORError) -> UInt64 {
    let value = try argument(of: .unsigned)
    guard value <= most else { throw .outOfRange }
    return value
  }

  /// - Returns: n, where the number is -1 - n.
  public mutating func negative() throws(CBORError) -> UInt64 { try argument(of: .negative) }

  public mutating func integer() throws(CBORError) -> Int64 {
    let isNegative = try next() == .negative
    let value = isNegative ? try negative() : try unsigned()
    guard value <= UInt64(Int64.max) else { throw .outOfRange }
    return isNegative ? ~Int64(value) : Int64(value)
  }

  // MARK: Strings

  public mutating func bytes(atMost most: Int = .max) throws(CBORError) -> [UInt8] {
    Array(try string(.bytes, atMost: most))
  }

  /// A byte string of one size.
  /// - Throws: `.outOfRange` for another.
  public mutating func bytes(count: Int) throws(CBORError) -> [UInt8] {
    let value = try string(.bytes, atMost: .max)
    guard value.count == count else { throw .outOfRange }
    return Array(value)
  }

  public mutating func text(atMost most: Int = .max) throws(CBORError) -> UTF8Text {
    guard let text = UTF8Text(utf8: Array(try string(.text, atMost: most))) else { throw .invalidUTF8 }
    return text
  }

  private mutating func string(_ type: CBORType, atMost most: Int) throws(CBORError) -> ArraySlice<UInt8> {
    let length = try argument(of: type)
    guard length <= UInt64(remaining) else { throw .truncated }
    guard length <= UInt64(most) else { throw .tooLarge }
    let start = position
    position += Int(length)
    return bytes[start..<position]
  }

  // MARK: Arrays and maps

  /// The header of an array.
  /// - Returns: how many data items follow.
  public mutating func array(atMost most: Int = .max) throws(CBORError) -> Int {
    try count(.array, bytesEach: 1, atMost: most)
  }

  /// The header of a map.
  /// - Returns: how many pairs follow; each is read with `key` and then its value.
  public mutating func map(atMost most: Int = .max) throws(CBORError) -> Int {
    try count(.map, bytesEach: 2, atMost: most)
  }

  private mutating func count(_ type: CBORType, bytesEach: UInt64, atMost most: Int) throws(CBORError) -> Int {
    let count = try argument(of: type)
    // So a count is never larger than the input, whatever it says.
    guard count <= UInt64(remaining) / bytesEach else { throw .truncated }
    guard count <= UInt64(most) else { throw .tooLarge }
    return Int(count)
  }

  /// The next key of a map; `order` belongs to this map.
  public mutating func key(_ order: inout CBORKeyOrder) throws(CBORError) -> CBORKey {
    let start = position
    let key: CBORKey
    switch try next() {
    case .unsigned:
      let value = try unsigned()
      guard value <= CBORKey.largestInteger else { throw .forbiddenKey }
      key = .integer(Int64(value))
    case .negative:
      let value = try negative()
      guard value < CBORKey.largestInteger else { throw .forbiddenKey }
      key = .integer(~Int64(value))
    case .text: key = .text(try text())
    case .bytes: key = .bytes(try bytes())
    default: throw .forbiddenKey
    }
    let encoded = bytes[start..<position]
    if let last = order.last, !precedes(last, encoded) { throw last == encoded ? .duplicateKey : .unsortedKeys }
    order.last = encoded
    return key
  }

  // MARK: Simple values and tags

  public mutating func boolean() throws(CBORError) -> Bool {
    let type = try next()
    guard type == .boolean else { throw .unexpected(type) }
    defer { position += 1 }
    return bytes[position] == 0xF5
  }

  /// Consumes a null where there is one.
  /// - Returns: whether there was.
  public mutating func null() throws(CBORError) -> Bool {
    guard try next() == .null else { return false }
    position += 1
    return true
  }

  /// The header of a tag; the data item it is for follows.
  public mutating func tag() throws(CBORError) -> UInt64 { try argument(of: .tag) }

  // MARK: Data items nobody knows

  /// Goes through one data item of any kind and checks that it is well-formed and deterministic.
  /// - Parameter depth: how many levels of arrays, maps and tags it may have; the recursion goes no deeper.
  /// - Returns: its bytes as they stand.
  public mutating func item(depth: Int, atMost most: Int = .max) throws(CBORError) -> [UInt8] {
    let start = position
    try skip(depth: depth)
    guard position - start <= most else { throw .tooLarge }
    return Array(bytes[start..<position])
  }

  private mutating func skip(depth: Int) throws(CBORError) {
    switch try next() {
    case .unsigned: _ = try unsigned()
    case .negative: _ = try negative()
    case .bytes: _ = try string(.bytes, atMost: .max)
    case .text: _ = try text()
    case .boolean, .null: position += 1
    case .array:
      guard depth > 0 else { throw .tooDeep }
      for _ in 0..<(try array()) { try skip(depth: depth - 1) }
    case .map:
      guard depth > 0 else { throw .tooDeep }
      var order = CBORKeyOrder()
      for _ in 0..<(try map()) {
        _ = try key(&order)
        try skip(depth: depth - 1)
      }
    case .tag:
      guard depth > 0 else { throw .tooDeep }
      let number = try tag()
      let content = position
      try skip(depth: depth - 1)
      if number == 2 || number == 3 { try checkBignum(at: content) }
    case .other: try skipSimple()
    }
  }

  /// RFC 8949 §3.4.3 and §4.2.1: a bignum is a byte string without leading zeros, for numbers that are too large for an integer.
  private func checkBignum(at start: Int) throws(CBORError) {
    var reader = self
    reader.position = start
    let magnitude = try reader.string(.bytes, atMost: .max)
    guard magnitude.count > 8, magnitude.first != 0 else { throw .notShortest }
  }

  /// Major type 7 except booleans and null.
  private mutating func skipSimple() throws(CBORError) {
    let information = bytes[position] & 0x1F
    position += 1
    switch information {
    case 0..<24: return
    case 24:
      // RFC 8949 §3.3: values below 32 have no encoding in two bytes.
      guard try bigEndian(1) >= 32 else { throw .malformed }
    case 25:
      let half = try bigEndian(2)
      // draft-ietf-mimi-content-08 §6.2: one NaN.
      guard half & 0x7C00 != 0x7C00 || half & 0x3FF == 0 || half == 0x7E00 else { throw .notShortest }
    case 26: if Shortening.fits(single: UInt32(truncatingIfNeeded: try bigEndian(4))) { throw .notShortest }
    case 27: if Shortening.fits(double: try bigEndian(8)) { throw .notShortest }
    case 31: throw .indefiniteLength
    default: throw .malformed
    }
  }

  // MARK: Heads

  /// The argument of the next head, which must be of this type (RFC 8949 §3).
  private mutating func argument(of type: CBORType) throws(CBORError) -> UInt64 {
    let found = try next()
    guard found == type else { throw .unexpected(found) }
    let information = bytes[position] & 0x1F
    position += 1
    let size: Int
    let least: UInt64
    switch information {
    case 0..<24: return UInt64(information)
    case 24: (size, least) = (1, 24)
    case 25: (size, least) = (2, 1 << 8)
    case 26: (size, least) = (4, 1 << 16)
    case 27: (size, least) = (8, 1 << 32)
    case 31: throw type == .unsigned || type == .negative || type == .tag ? .malformed : .indefiniteLength
    default: throw .malformed
    }
    let value = try bigEndian(size)
    guard value >= least else { throw .notShortest }
    return value
  }

  private mutating func bigEndian(_ size: Int) throws(CBORError) -> UInt64 {
    guard remaining >= size else { throw .truncated }
    var value: UInt64 = 0
    for i in 0..<size { value = value << 8 | UInt64(bytes[position + i]) }
    position += size
    return value
  }
}
