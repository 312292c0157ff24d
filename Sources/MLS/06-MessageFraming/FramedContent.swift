import CryptoInterface
import TLSCodec

/// RFC 9420 §6.
public enum ContentType: UInt8, Sendable, Hashable {
  case application = 1
  case proposal = 2
  case commit = 3

  init(from reader: inout Reader) throws(DecodingError) {
    let raw = try reader.uint8()
    guard let type = ContentType(rawValue: raw) else { throw .unknownValue(type: "ContentType", value: UInt64(raw)) }
    self = type
  }
}

/// RFC 9420 §6
///
///     struct {
///         SenderType sender_type;
///         select (Sender.sender_type) {
///             case member:
///                 uint32 leaf_index;
///             case external:
///                 uint32 sender_index;
///             case new_member_commit:
///             case new_member_proposal:
///                 struct{};
///         };
///     } Sender;
public enum Sender: Hashable, Sendable, TLSEncodable, TLSDecodable {
  case member(LeafIndex)
  /// The position in the `external_senders` extension.
  case external(UInt32)
  case newMemberProposal
  case newMemberCommit

  public init(from reader: inout Reader) throws(DecodingError) {
    switch try reader.uint8() {
    case 1: self = .member(try LeafIndex(from: &reader))
    case 2: self = .external(try reader.uint32())
    case 3: self = .newMemberProposal
    case 4: self = .newMemberCommit
    case let other: throw .unknownValue(type: "SenderType", value: UInt64(other))
    }
  }

  public func encode(to writer: inout Writer) {
    switch self {
    case .member(let index):
      writer.uint8(1)
      index.encode(to: &writer)
    case .external(let index):
      writer.uint8(2)
      writer.uint32(index)
    case .newMemberProposal: writer.uint8(3)
    case .newMemberCommit: writer.uint8(4)
    }
  }
}

/// What a message says.
public enum Content: Equatable, Sendable {
  case application([UInt8])
  case proposal(Proposal)
  case commit(Commit)

  public var type: ContentType {
    switch self {
    case .application: .application
    case .proposal: .proposal
    case .commit: .commit
    }
  }

  init(_ type: ContentType, from reader: inout Reader) throws(DecodingError) {
    switch type {
    case .application: self = .application(try reader.opaque())
    case .proposal: self = .proposal(try Proposal(from: &reader))
    case .commit: self = .commit(try Commit(from: &reader))
    }
  }

  func encode(to writer: inout Writer) {
    switch self {
    case .application(let data): writer.opaque(data)
    case .proposal(let proposal): proposal.encode(to: &writer)
    case .commit(let commit): commit.encode(to: &writer)
    }
  }
}

/// RFC 9420 §6
///
///     struct {
///         opaque group_id<V>;
///         uint64 epoch;
///         Sender sender;
///         opaque authenticated_data<V>;
///
///         ContentType content_type;
///         select (FramedContent.content_type) {
///             case application:
///                 opaque application_data<V>;
///             case proposal:
///                 Proposal proposal;
///             case commit:
///                 Commit commit;
///         };
///     } FramedContent;
public struct FramedContent: Equatable, Sendable, TLSEncodable, TLSDecodable {
  public var groupID: [UInt8]
  public var epoch: UInt64
  public var sender: Sender
  public var authenticatedData: [UInt8]
  public var content: Content

  package init(groupID: [UInt8], epoch: UInt64, sender: Sender, authenticatedData: [UInt8], content: Content) {
    self.groupID = groupID
    self.epoch = epoch
    self.sender = sender
    self.authenticatedData = authenticatedData
    self.content = content
  }

  public init(from reader: inout Reader) throws(DecodingError) {
    groupID = try reader.opaque()
    epoch = try reader.uint64()
    sender = try Sender(from: &reader)
    authenticatedData = try reader.opaque()
    let type = try ContentType(from: &reader)
    content = try Content(type, from: &reader)
  }

  public func encode(to writer: inout Writer) {
    writer.opaque(groupID)
    writer.uint64(epoch)
    sender.encode(to: &writer)
    writer.opaque(authenticatedData)
    writer.uint8(content.type.rawValue)
    content.encode(to: &writer)
  }
}

/// RFC 9420 §6.1
///
///     struct {
///         /* SignWithLabel(., "FramedContentTBS", FramedContentTBS) */
///         opaque signature<V>;
///         select (FramedContent.content_type) {
///             case commit:
///                 MAC confirmation_tag;
///             case application:
///             case proposal:
///                 struct{};
///         };
///     } FramedContentAuthData;
public struct FramedContentAuthData: Equatable, Sendable {
  public var signature: [UInt8]
  /// Present exactly in commits.
  public var confirmationTag: [UInt8]?

  package init(signature: [UInt8], confirmationTag: [UInt8]? = nil) {
    self.signature = signature
    self.confirmationTag = confirmationTag
  }

  init(_ type: ContentType, from reader: inout Reader) throws(DecodingError) {
    signature = try reader.opaque()
    confirmationTag = type == .commit ? try reader.opaque() : nil
  }

  func encode(to writer: inout Writer) {
    writer.opaque(signature)
    if let confirmationTag { writer.opaque(confirmationTag) }
  }
}

/// RFC 9420 §6
///
///     struct {
///         WireFormat wire_format;
///         FramedContent content;
///         FramedContentAuthData auth;
///     } AuthenticatedContent;
public struct AuthenticatedContent: Equatable, Sendable, TLSEncodable, TLSDecodable {
  public var wireFormat: WireFormat
  public var content: FramedContent
  public var auth: FramedContentAuthData

  package init(wireFormat: WireFormat, content: FramedContent, auth: FramedContentAuthData) {
    self.wireFormat = wireFormat
    self.content = content
    self.auth = auth
  }

  public init(from reader: inout Reader) throws(DecodingError) {
    wireFormat = try WireFormat(from: &reader)
    content = try FramedContent(from: &reader)
    auth = try FramedContentAuthData(content.content.type, from: &reader)
  }

  public func encode(to writer: inout Writer) {
    wireFormat.encode(to: &writer)
    content.encode(to: &writer)
    auth.encode(to: &writer)
  }

  /// RFC 9420 §5.2: `MakeProposalRef` of the AuthenticatedContent that carries the proposal.
  package func proposalRef(_ suite: CipherSuiteParameters, using crypto: some CryptoProvider) -> ProposalRef {
    ProposalRef(crypto.refHash(suite, label: "MLS 1.0 Proposal Reference", encoded()))
  }
}

extension FramedContent {
  /// RFC 9420 §6.1
  ///
  ///     struct {
  ///         ProtocolVersion version = mls10;
  ///         WireFormat wire_format;
  ///         FramedContent content;
  ///         select (FramedContentTBS.content.sender.sender_type) {
  ///             case member:
  ///             case new_member_commit:
  ///                 GroupContext context;
  ///             case external:
  ///             case new_member_proposal:
  ///                 struct{};
  ///         };
  ///     } FramedContentTBS;
  ///
  /// - Parameter context: the encoded GroupContext of the message's epoch.
  package func toBeSigned(_ wireFormat: WireFormat, context: [UInt8]) -> [UInt8] {
    var w = Writer(capacity: 512 + context.count)
    ProtocolVersion.mls10.encode(to: &w)
    wireFormat.encode(to: &w)
    encode(to: &w)
    switch sender {
    case .member, .newMemberCommit: w.fixed(context)
    case .external, .newMemberProposal: break
    }
    return w.bytes
  }

  /// Signs the content.
  package func sign(
    _ wireFormat: WireFormat, context: [UInt8], with key: SignaturePrivateKey, _ suite: CipherSuiteParameters,
    using crypto: some CryptoProvider
  ) throws(MLSError) -> [UInt8] {
    try crypto.signWithLabel(suite, key, label: Label.framedContentTBS, toBeSigned(wireFormat, context: context))
  }
}
