import TLSCodec

/// RFC 9420 §17.5.
public struct CredentialType: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var rawValue: UInt16
  public init(_ rawValue: UInt16) { self.rawValue = rawValue }
  public init(from reader: inout Reader) throws(DecodingError) { rawValue = try reader.uint16() }
  public func encode(to writer: inout Writer) { writer.uint16(rawValue) }
  public static let basic = CredentialType(0x0001)
  public static let x509 = CredentialType(0x0002)
}

/// RFC 9420 §5.3
///
///     struct {
///         opaque cert_data<V>;
///     } Certificate;
///
///     struct {
///         CredentialType credential_type;
///         select (Credential.credential_type) {
///             case basic:
///                 opaque identity<V>;
///             case x509:
///                 Certificate certificates<V>;
///         };
///     } Credential;
///
/// The engine carries credentials; whether one is valid is the application's answer (`MLSApplication`).
public enum Credential: Hashable, Sendable, TLSEncodable, TLSDecodable {
  case basic(identity: [UInt8])
  /// DER certificates, the leaf certificate first; not looked into.
  case x509(certificates: [[UInt8]])

  public var type: CredentialType {
    switch self {
    case .basic: .basic
    case .x509: .x509
    }
  }

  public init(from reader: inout Reader) throws(DecodingError) {
    let type = try CredentialType(from: &reader)
    switch type {
    case .basic:
      self = .basic(identity: try reader.opaque())
    case .x509:
      var list = try reader.nested()
      var certificates: [[UInt8]] = []
      while !list.isAtEnd {
        guard certificates.count < Limits.shortList else { throw .limitExceeded("certificates") }
        certificates.append(try list.opaque())
      }
      self = .x509(certificates: certificates)
    default:
      // A credential's length is not encoded, so an unknown type cannot be skipped.
      throw .unknownValue(type: "CredentialType", value: UInt64(type.rawValue))
    }
  }

  public func encode(to writer: inout Writer) {
    type.encode(to: &writer)
    switch self {
    case .basic(let identity):
      writer.opaque(identity)
    case .x509(let certificates):
      writer.vector { (w: inout Writer) in
        for certificate in certificates { w.opaque(certificate) }
      }
    }
  }
}
