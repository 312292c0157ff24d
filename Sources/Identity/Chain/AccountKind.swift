import TLSCodec

/// What an account stands for.
///
///     enum { person(1), function(2), guest(3), bot(4), archive(5), (255) } AccountKind;
public enum AccountKind: UInt8, Sendable, Hashable, CaseIterable, TLSEncodable, TLSDecodable {
  case person = 1
  /// A role that several people fill, such as a ward's telephone.
  case function = 2
  case guest = 3
  case bot = 4
  case archive = 5

  public init(from reader: inout Reader) throws(DecodingError) {
    let raw = try reader.uint8()
    guard let kind = AccountKind(rawValue: raw) else { throw .unknownValue(type: "AccountKind", value: UInt64(raw)) }
    self = kind
  }
  public func encode(to writer: inout Writer) { writer.uint8(rawValue) }
}
