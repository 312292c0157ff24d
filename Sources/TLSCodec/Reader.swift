// TLSCodec: the TLS presentation language (RFC 8446 §3, RFC 9420 §2.1). Every message of a peer enters through `Reader`.

/// Why bytes of a peer or of a store could not be decoded. Equal by kind; no error carries content.
public enum DecodingError: Error, Equatable, Sendable {
  /// The input ended inside a value.
  case truncated
  /// Bytes remained after the outermost value (RFC 9420 §2.1: a struct has exactly one encoding).
  case trailingBytes
  /// A variable-size vector header with the forbidden prefix 0b11 (RFC 9420 §2.1.2).
  case invalidLengthPrefix
  /// A vector header that was not encoded in the fewest bytes (RFC 9420 §2.1.2).
  case nonMinimalLength
  /// A presence octet of `optional<T>` other than 0 or 1 (RFC 9420 §2.1.1).
  case invalidPresence(UInt8)
  /// A discriminant that this structure does not know.
  case unknownValue(type: StaticName, value: UInt64)
  /// A value that is syntactically possible but not allowed; `StaticName` says which.
  case invalidValue(StaticName)
  /// A named limit was exceeded.
  case limitExceeded(StaticName)

  public static func == (a: DecodingError, b: DecodingError) -> Bool {
    switch (a, b) {
    case (.truncated, .truncated), (.trailingBytes, .trailingBytes), (.invalidLengthPrefix, .invalidLengthPrefix),
      (.nonMinimalLength, .nonMinimalLength), (.invalidPresence, .invalidPresence), (.unknownValue, .unknownValue),
      (.invalidValue, .invalidValue), (.limitExceeded, .limitExceeded):
      return true
    default: return false
    }
  }
}

/// The name of a type or limit in an error: a constant of the program, never content of a message.
public struct StaticName: Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
  let value: StaticString
  public init(stringLiteral value: StaticString) { self.value = value }
  public var description: String { value.description }
}

/// Reads values in the TLS presentation language from a byte array. Nested vectors are read through sub-readers that share the array.
public struct Reader {
  @usableFromInline let bytes: [UInt8]
  @usableFromInline var position: Int
  @usableFromInline let end: Int

  /// A reader over all of `bytes`.
  @inlinable public init(_ bytes: [UInt8]) {
    self.bytes = bytes
    position = 0
    end = bytes.count
  }

  @usableFromInline init(_ bytes: [UInt8], from: Int, to: Int) {
    self.bytes = bytes
    position = from
    end = to
  }

  /// How many bytes are left.
  @inlinable public var remaining: Int { end - position }
  @inlinable public var isAtEnd: Bool { position == end }
  /// Where the reader stands, counted from the start of the array; for taking the exact bytes of a decoded value with `bytes(since:)`.
  @inlinable public var offset: Int { position }

  /// The bytes between an earlier `offset` and now, as they were received.
  public func bytes(since start: Int) -> [UInt8] { Array(bytes[start..<position]) }

  /// - Throws: `.trailingBytes` where something is left.
  @inlinable public func finish() throws(DecodingError) {
    if position != end { throw .trailingBytes }
  }

  @inlinable public mutating func uint8() throws(DecodingError) -> UInt8 {
    guard position < end else { throw .truncated }
    defer { position += 1 }
    return bytes[position]
  }

  @inlinable public mutating func uint16() throws(DecodingError) -> UInt16 {
    guard end - position >= 2 else { throw .truncated }
    defer { position += 2 }
    return UInt16(bytes[position]) << 8 | UInt16(bytes[position + 1])
  }

  @inlinable public mutating func uint32() throws(DecodingError) -> UInt32 {
    guard end - position >= 4 else { throw .truncated }
    var value: UInt32 = 0
    for i in 0..<4 { value = value << 8 | UInt32(bytes[position + i]) }
    position += 4
    return value
  }

  @inlinable public mutating func uint64() throws(DecodingError) -> UInt64 {
    guard end - position >= 8 else { throw .truncated }
    var value: UInt64 = 0
    for i in 0..<8 { value = value << 8 | UInt64(bytes[position + i]) }
    position += 8
    return value
  }

  /// `opaque x[count]`.
  public mutating func fixed(_ count: Int) throws(DecodingError) -> [UInt8] {
    guard count >= 0, end - position >= count else { throw .truncated }
    defer { position += count }
    return Array(bytes[position..<position + count])
  }

  /// RFC 9420 §2.1.2, the header of a variable-size vector: 1, 2 or 4 bytes, as few as possible.
  public mutating func vectorLength() throws(DecodingError) -> Int {
    let first = try uint8()
    switch first >> 6 {
    case 0:
      return Int(first)
    case 1:
      let length = Int(first & 0x3F) << 8 | Int(try uint8())
      guard length >= 1 << 6 else { throw .nonMinimalLength }
      return length
    case 2:
      var length = Int(first & 0x3F)
      for _ in 0..<3 { length = length << 8 | Int(try uint8()) }
      guard length >= 1 << 14 else { throw .nonMinimalLength }
      return length
    default:
      throw .invalidLengthPrefix
    }
  }

  /// `opaque x<V>`.
  public mutating func opaque() throws(DecodingError) -> [UInt8] {
    let length = try vectorLength()
    return try fixed(length)
  }

  /// A reader over the content of a vector; this reader moves behind it.
  public mutating func nested() throws(DecodingError) -> Reader {
    let length = try vectorLength()
    guard end - position >= length else { throw .truncated }
    defer { position += length }
    return Reader(bytes, from: position, to: position + length)
  }

  /// `T x<V>`. Every element takes at least one byte, so the input's size bounds the count; but an element can be far larger in memory than in its
  /// encoding, so lists of structures name a limit.
  /// - Throws: `.limitExceeded` as soon as there are more than `most` elements.
  public mutating func vector<T: TLSDecodable>(
    of type: T.Type = T.self, atMost most: Int = .max, _ limit: StaticName = "elements of a vector"
  ) throws(DecodingError) -> [T] {
    var inner = try nested()
    var elements: [T] = []
    while !inner.isAtEnd {
      guard elements.count < most else { throw .limitExceeded(limit) }
      elements.append(try T(from: &inner))
    }
    return elements
  }


  /// `optional<T>`, RFC 9420 §2.1.1.
  public mutating func optional<T: TLSDecodable>(_ type: T.Type = T.self) throws(DecodingError) -> T? {
    try presence() ? try T(from: &self) : nil
  }

  /// The presence octet of `optional<T>`.
  public mutating func presence() throws(DecodingError) -> Bool {
    switch try uint8() {
    case 0: return false
    case 1: return true
    case let other: throw .invalidPresence(other)
    }
  }
}
