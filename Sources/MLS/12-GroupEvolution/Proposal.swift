import CryptoInterface
import TLSCodec

/// RFC 9420 §17.4; the values above 0x0007 are of draft-ietf-mls-extensions.
public struct ProposalType: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var rawValue: UInt16
  public init(_ rawValue: UInt16) { self.rawValue = rawValue }
  public init(from reader: inout Reader) throws(DecodingError) { rawValue = try reader.uint16() }
  public func encode(to writer: inout Writer) { writer.uint16(rawValue) }

  public static let add = ProposalType(0x0001)
  public static let update = ProposalType(0x0002)
  public static let remove = ProposalType(0x0003)
  public static let psk = ProposalType(0x0004)
  public static let reinit = ProposalType(0x0005)
  public static let externalInit = ProposalType(0x0006)
  public static let groupContextExtensions = ProposalType(0x0007)
  public static let appDataUpdate = ProposalType(0x0008)
  public static let selfRemove = ProposalType(0x000A)

  /// RFC 9420 §7.2: types that every client implements and nobody lists.
  public var isDefault: Bool { rawValue >= 0x0001 && rawValue <= 0x0007 }

  /// RFC 9420 §12.4 and the "Path Required" column of the registry.
  var requiresPath: Bool {
    switch self {
    case .update, .remove, .externalInit, .groupContextExtensions, .selfRemove: true
    default: false
    }
  }

  /// RFC 9420 §12.1.8 and the "Ext" column of the registry.
  var isAllowedFromExternalSender: Bool {
    switch self {
    case .add, .remove, .psk, .reinit, .groupContextExtensions, .appDataUpdate: true
    default: false
    }
  }
}

/// RFC 9420 §12.1.5
///
///     struct {
///         opaque group_id<V>;
///         ProtocolVersion version;
///         CipherSuite cipher_suite;
///         Extension extensions<V>;
///     } ReInit;
public struct ReInit: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var groupID: [UInt8]
  public var version: ProtocolVersion
  public var cipherSuite: CipherSuite
  public var extensions: Extensions
  public init(groupID: [UInt8], version: ProtocolVersion = .mls10, cipherSuite: CipherSuite, extensions: Extensions) {
    self.groupID = groupID
    self.version = version
    self.cipherSuite = cipherSuite
    self.extensions = extensions
  }
  public init(from reader: inout Reader) throws(DecodingError) {
    groupID = try reader.opaque()
    if groupID.count > Limits.groupIDBytes { throw .limitExceeded("groupIDBytes") }
    version = try ProtocolVersion(from: &reader)
    cipherSuite = try CipherSuite(from: &reader)
    extensions = try Extensions(from: &reader)
  }
  public func encode(to writer: inout Writer) {
    writer.opaque(groupID)
    version.encode(to: &writer)
    cipherSuite.encode(to: &writer)
    extensions.encode(to: &writer)
  }
}

/// RFC 9420 §12.1
///
///     struct {
///         ProposalType proposal_type;
///         select (Proposal.proposal_type) {
///             case add:                      Add;
///             case update:                   Update;
///             case remove:                   Remove;
///             case psk:                      PreSharedKey;
///             case reinit:                   ReInit;
///             case external_init:            ExternalInit;
///             case group_context_extensions: GroupContextExtensions;
///         };
///     } Proposal;
///
/// `app_data_update` and `self_remove` are of draft-ietf-mls-extensions. A proposal's length is not encoded, so an unknown type cannot be skipped.
public indirect enum Proposal: Hashable, Sendable, TLSEncodable, TLSDecodable {
  case add(KeyPackage)
  case update(LeafNode)
  case remove(LeafIndex)
  case psk(PreSharedKeyID)
  case reinit(ReInit)
  case externalInit(kemOutput: [UInt8])
  case groupContextExtensions(Extensions)
  case appDataUpdate(AppDataUpdate)
  case selfRemove

  public var type: ProposalType {
    switch self {
    case .add: .add
    case .update: .update
    case .remove: .remove
    case .psk: .psk
    case .reinit: .reinit
    case .externalInit: .externalInit
    case .groupContextExtensions: .groupContextExtensions
    case .appDataUpdate: .appDataUpdate
    case .selfRemove: .selfRemove
    }
  }

  public init(from reader: inout Reader) throws(DecodingError) {
    let type = try ProposalType(from: &reader)
    switch type {
    case .add: self = .add(try KeyPackage(from: &reader))
    case .update: self = .update(try LeafNode(from: &reader))
    case .remove: self = .remove(try LeafIndex(from: &reader))
    case .psk: self = .psk(try PreSharedKeyID(from: &reader))
    case .reinit: self = .reinit(try ReInit(from: &reader))
    case .externalInit: self = .externalInit(kemOutput: try reader.opaque())
    case .groupContextExtensions: self = .groupContextExtensions(try Extensions(from: &reader))
    case .appDataUpdate: self = .appDataUpdate(try AppDataUpdate(from: &reader))
    case .selfRemove: self = .selfRemove
    default: throw .unknownValue(type: "ProposalType", value: UInt64(type.rawValue))
    }
  }

  public func encode(to writer: inout Writer) {
    type.encode(to: &writer)
    switch self {
    case .add(let keyPackage): keyPackage.encode(to: &writer)
    case .update(let leaf): leaf.encode(to: &writer)
    case .remove(let index): index.encode(to: &writer)
    case .psk(let id): id.encode(to: &writer)
    case .reinit(let reinit): reinit.encode(to: &writer)
    case .externalInit(let kemOutput): writer.opaque(kemOutput)
    case .groupContextExtensions(let extensions): extensions.encode(to: &writer)
    case .appDataUpdate(let update): update.encode(to: &writer)
    case .selfRemove: break
    }
  }
}

/// RFC 9420 §5.2: the hash of the AuthenticatedContent in which a proposal was sent.
public struct ProposalRef: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var bytes: [UInt8]
  public init(_ bytes: [UInt8]) { self.bytes = bytes }
  public init(from reader: inout Reader) throws(DecodingError) { bytes = try reader.opaque() }
  public func encode(to writer: inout Writer) { writer.opaque(bytes) }
}

/// A proposal that was received, verified and waits for a commit.
public struct PendingProposal: Equatable, Sendable {
  public let ref: ProposalRef
  public let proposal: Proposal
  public let sender: Sender

  package init(ref: ProposalRef, proposal: Proposal, sender: Sender) {
    self.ref = ref
    self.proposal = proposal
    self.sender = sender
  }
}
