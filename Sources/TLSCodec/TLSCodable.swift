/// A structure with an encoding in the TLS presentation language.
public protocol TLSEncodable {
  func encode(to writer: inout Writer)
}

/// A structure that can be read back. Every value has exactly one encoding, so decoding and encoding again gives the same bytes.
public protocol TLSDecodable {
  /// - Throws: why the bytes are not such a value; the reader's position is then without meaning.
  init(from reader: inout Reader) throws(DecodingError)
}

public typealias TLSCodable = TLSEncodable & TLSDecodable

extension TLSEncodable {
  /// The encoding as bytes.
  public func encoded() -> [UInt8] {
    var writer = Writer()
    encode(to: &writer)
    return writer.bytes
  }
}

extension TLSDecodable {
  /// Decodes exactly one value.
  /// - Throws: also where bytes are left behind it.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    var reader = Reader(bytes)
    self = try Self(from: &reader)
    try reader.finish()
  }
}

extension UInt16: TLSEncodable, TLSDecodable {
  public func encode(to writer: inout Writer) { writer.uint16(self) }
  public init(from reader: inout Reader) throws(DecodingError) { self = try reader.uint16() }
}

extension UInt32: TLSEncodable, TLSDecodable {
  public func encode(to writer: inout Writer) { writer.uint32(self) }
  public init(from reader: inout Reader) throws(DecodingError) { self = try reader.uint32() }
}
