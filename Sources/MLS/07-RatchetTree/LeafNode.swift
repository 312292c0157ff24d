import CryptoInterface
import TLSCodec

/// RFC 9420 §7.2: how a leaf came into the tree.
public enum LeafNodeSource: Hashable, Sendable {
  case keyPackage(Lifetime)
  case update
  case commit(parentHash: [UInt8])
}

/// RFC 9420 §7.2
///
///     struct {
///         HPKEPublicKey encryption_key;
///         SignaturePublicKey signature_key;
///         Credential credential;
///         Capabilities capabilities;
///
///         LeafNodeSource leaf_node_source;
///         select (LeafNode.leaf_node_source) {
///             case key_package:
///                 Lifetime lifetime;
///             case update:
///                 struct{};
///             case commit:
///                 opaque parent_hash<V>;
///         };
///
///         Extension extensions<V>;
///         /* SignWithLabel(., "LeafNodeTBS", LeafNodeTBS) */
///         opaque signature<V>;
///     } LeafNode;
public struct LeafNode: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var encryptionKey: HPKEPublicKey
  public var signatureKey: SignaturePublicKey
  public var credential: Credential
  public var capabilities: Capabilities
  public var source: LeafNodeSource
  public var extensions: Extensions
  public var signature: [UInt8]

  package init(
    encryptionKey: HPKEPublicKey, signatureKey: SignaturePublicKey, credential: Credential, capabilities: Capabilities,
    source: LeafNodeSource, extensions: Extensions, signature: [UInt8] = []
  ) {
    self.encryptionKey = encryptionKey
    self.signatureKey = signatureKey
    self.credential = credential
    self.capabilities = capabilities
    self.source = source
    self.extensions = extensions
    self.signature = signature
  }

  public init(from reader: inout Reader) throws(DecodingError) {
    let start = reader.offset
    encryptionKey = try HPKEPublicKey(from: &reader)
    signatureKey = try SignaturePublicKey(from: &reader)
    credential = try Credential(from: &reader)
    capabilities = try Capabilities(from: &reader)
    switch try reader.uint8() {
    case 1: source = .keyPackage(try Lifetime(from: &reader))
    case 2: source = .update
    case 3: source = .commit(parentHash: try reader.opaque())
    case let other: throw .unknownValue(type: "LeafNodeSource", value: UInt64(other))
    }
    extensions = try Extensions(from: &reader)
    signature = try reader.opaque()
    if reader.offset - start > Limits.leafBytes { throw .limitExceeded("leafBytes") }
  }

  public func encode(to writer: inout Writer) {
    encodeUnsigned(to: &writer)
    writer.opaque(signature)
  }

  private func encodeUnsigned(to writer: inout Writer) {
    encryptionKey.encode(to: &writer)
    signatureKey.encode(to: &writer)
    credential.encode(to: &writer)
    capabilities.encode(to: &writer)
    switch source {
    case .keyPackage(let lifetime):
      writer.uint8(1)
      lifetime.encode(to: &writer)
    case .update:
      writer.uint8(2)
    case .commit(let parentHash):
      writer.uint8(3)
      writer.opaque(parentHash)
    }
    extensions.encode(to: &writer)
  }

  /// `LeafNodeTBS`: the fields above the signature, and for `update` and `commit` group id and leaf index.
  package func toBeSigned(groupID: [UInt8], leafIndex: LeafIndex) -> [UInt8] {
    var w = Writer(capacity: 512)
    encodeUnsigned(to: &w)
    if case .keyPackage = source { return w.bytes }
    w.opaque(groupID)
    w.uint32(leafIndex.value)
    return w.bytes
  }

  package mutating func sign(
    _ suite: CipherSuiteParameters, with key: SignaturePrivateKey, groupID: [UInt8] = [], leafIndex: LeafIndex = LeafIndex(0),
    using crypto: some CryptoProvider
  ) throws(MLSError) {
    signature = try crypto.signWithLabel(suite, key, label: Label.leafNodeTBS, toBeSigned(groupID: groupID, leafIndex: leafIndex))
  }

  /// The signature as an item for batch verification.
  package func signatureToVerify(groupID: [UInt8], leafIndex: LeafIndex) -> SignatureToVerify {
    SignatureToVerify(
      publicKey: signatureKey, content: signContent(Label.leafNodeTBS, toBeSigned(groupID: groupID, leafIndex: leafIndex)),
      signature: signature)
  }

  /// The application components that the client supports (draft-ietf-mls-extensions, `app_components`); none where the list is absent or unreadable.
  public var components: [ComponentID] {
    guard let data = extensions[.appDataDictionary], let dictionary = try? AppDataDictionary(decoding: data),
      let list = dictionary[.appComponents], let components = try? ComponentsList(decoding: list)
    else { return [] }
    return components.components
  }

  /// The parent hash that a committed leaf carries, nil for other sources.
  var parentHash: [UInt8]? {
    if case .commit(let parentHash) = source { return parentHash }
    return nil
  }
}
