import CryptoInterface
import TLSCodec

/// RFC 9420 §12.4.3
///
///     struct {
///         GroupContext group_context;
///         Extension extensions<V>;
///         MAC confirmation_tag;
///         uint32 signer;
///         /* SignWithLabel(., "GroupInfoTBS", GroupInfoTBS) */
///         opaque signature<V>;
///     } GroupInfo;
public struct GroupInfo: Equatable, Sendable, TLSEncodable, TLSDecodable {
  public var groupContext: GroupContext
  public var extensions: Extensions
  public var confirmationTag: [UInt8]
  public var signer: LeafIndex
  public var signature: [UInt8]

  package init(
    groupContext: GroupContext, extensions: Extensions, confirmationTag: [UInt8], signer: LeafIndex, signature: [UInt8] = []
  ) {
    self.groupContext = groupContext
    self.extensions = extensions
    self.confirmationTag = confirmationTag
    self.signer = signer
    self.signature = signature
  }

  public init(from reader: inout Reader) throws(DecodingError) {
    groupContext = try GroupContext(from: &reader)
    extensions = try Extensions(from: &reader)
    confirmationTag = try reader.opaque()
    signer = try LeafIndex(from: &reader)
    signature = try reader.opaque()
  }

  public func encode(to writer: inout Writer) {
    writer.fixed(toBeSigned)
    writer.opaque(signature)
  }

  /// `GroupInfoTBS`: all fields above the signature.
  package var toBeSigned: [UInt8] {
    var w = Writer(capacity: 1024)
    groupContext.encode(to: &w)
    extensions.encode(to: &w)
    w.opaque(confirmationTag)
    signer.encode(to: &w)
    return w.bytes
  }

  package mutating func sign(_ suite: CipherSuiteParameters, with key: SignaturePrivateKey, using crypto: some CryptoProvider) throws(MLSError) {
    signature = try crypto.signWithLabel(suite, key, label: Label.groupInfoTBS, toBeSigned)
  }

  package func isSigned(by key: SignaturePublicKey, _ suite: CipherSuiteParameters, using crypto: some CryptoProvider) -> Bool {
    crypto.verifyWithLabel(suite, key, label: Label.groupInfoTBS, toBeSigned, signature: signature)
  }

  /// The tree in the `ratchet_tree` extension, nil where it is sent by other means.
  public func ratchetTree() throws(MLSError) -> RatchetTree? {
    guard let data = extensions[.ratchetTree] else { return nil }
    return try decode(RatchetTree.self, data)
  }
}
