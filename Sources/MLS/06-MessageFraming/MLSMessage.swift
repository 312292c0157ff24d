import CryptoInterface
import TLSCodec

/// RFC 9420 §17.2.
public struct WireFormat: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var rawValue: UInt16
  public init(_ rawValue: UInt16) { self.rawValue = rawValue }
  public init(from reader: inout Reader) throws(DecodingError) { rawValue = try reader.uint16() }
  public func encode(to writer: inout Writer) { writer.uint16(rawValue) }
  public static let publicMessage = WireFormat(0x0001)
  public static let privateMessage = WireFormat(0x0002)
  public static let welcome = WireFormat(0x0003)
  public static let groupInfo = WireFormat(0x0004)
  public static let keyPackage = WireFormat(0x0005)
}

/// RFC 9420 §6
///
///     struct {
///         ProtocolVersion version = mls10;
///         WireFormat wire_format;
///         select (MLSMessage.wire_format) {
///             case mls_public_message:
///                 PublicMessage public_message;
///             case mls_private_message:
///                 PrivateMessage private_message;
///             case mls_welcome:
///                 Welcome welcome;
///             case mls_group_info:
///                 GroupInfo group_info;
///             case mls_key_package:
///                 KeyPackage key_package;
///         };
///     } MLSMessage;
public indirect enum MLSMessage: Equatable, Sendable, TLSEncodable, TLSDecodable {
  case publicMessage(PublicMessage)
  case privateMessage(PrivateMessage)
  case welcome(Welcome)
  case groupInfo(GroupInfo)
  case keyPackage(KeyPackage)

  public init(from reader: inout Reader) throws(DecodingError) {
    guard reader.remaining <= Limits.messageBytes else { throw .limitExceeded("messageBytes") }
    let version = try ProtocolVersion(from: &reader)
    guard version == .mls10 else { throw .unknownValue(type: "ProtocolVersion", value: UInt64(version.rawValue)) }
    let format = try WireFormat(from: &reader)
    switch format {
    case .publicMessage: self = .publicMessage(try PublicMessage(from: &reader))
    case .privateMessage: self = .privateMessage(try PrivateMessage(from: &reader))
    case .welcome: self = .welcome(try Welcome(from: &reader))
    case .groupInfo: self = .groupInfo(try GroupInfo(from: &reader))
    case .keyPackage: self = .keyPackage(try KeyPackage(from: &reader))
    default: throw .unknownValue(type: "WireFormat", value: UInt64(format.rawValue))
    }
  }

  public func encode(to writer: inout Writer) {
    ProtocolVersion.mls10.encode(to: &writer)
    switch self {
    case .publicMessage(let message):
      WireFormat.publicMessage.encode(to: &writer)
      message.encode(to: &writer)
    case .privateMessage(let message):
      WireFormat.privateMessage.encode(to: &writer)
      message.encode(to: &writer)
    case .welcome(let message):
      WireFormat.welcome.encode(to: &writer)
      message.encode(to: &writer)
    case .groupInfo(let message):
      WireFormat.groupInfo.encode(to: &writer)
      message.encode(to: &writer)
    case .keyPackage(let message):
      WireFormat.keyPackage.encode(to: &writer)
      message.encode(to: &writer)
    }
  }

  /// The group that a framed message is for; nil for the other kinds.
  public var groupID: [UInt8]? {
    switch self {
    case .publicMessage(let message): message.content.groupID
    case .privateMessage(let message): message.groupID
    default: nil
    }
  }

  /// The epoch that a framed message was sent in; nil for the other kinds.
  public var epoch: UInt64? {
    switch self {
    case .publicMessage(let message): message.content.epoch
    case .privateMessage(let message): message.epoch
    default: nil
    }
  }
}
