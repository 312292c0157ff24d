import CryptoInterface
import TLSCodec

/// RFC 9420 §10
///
///     struct {
///         ProtocolVersion version;
///         CipherSuite cipher_suite;
///         HPKEPublicKey init_key;
///         LeafNode leaf_node;
///         Extension extensions<V>;
///         /* SignWithLabel(., "KeyPackageTBS", KeyPackageTBS) */
///         opaque signature<V>;
///     } KeyPackage;
public struct KeyPackage: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var version: ProtocolVersion
  public var cipherSuite: CipherSuite
  public var initKey: HPKEPublicKey
  public var leafNode: LeafNode
  public var extensions: Extensions
  public var signature: [UInt8]

  package init(
    version: ProtocolVersion = .mls10, cipherSuite: CipherSuite, initKey: HPKEPublicKey, leafNode: LeafNode, extensions: Extensions,
    signature: [UInt8] = []
  ) {
    self.version = version
    self.cipherSuite = cipherSuite
    self.initKey = initKey
    self.leafNode = leafNode
    self.extensions = extensions
    self.signature = signature
  }

  public init(from reader: inout Reader) throws(DecodingError) {
    version = try ProtocolVersion(from: &reader)
    cipherSuite = try CipherSuite(from: &reader)
    initKey = try HPKEPublicKey(from: &reader)
    leafNode = try LeafNode(from: &reader)
    extensions = try Extensions(from: &reader)
    signature = try reader.opaque()
  }

  public func encode(to writer: inout Writer) {
    writer.fixed(toBeSigned)
    writer.opaque(signature)
  }

  /// `KeyPackageTBS`: all fields above the signature.
  package var toBeSigned: [UInt8] {
    var w = Writer(capacity: 512 + 2 * initKey.bytes.count)
    version.encode(to: &w)
    cipherSuite.encode(to: &w)
    initKey.encode(to: &w)
    leafNode.encode(to: &w)
    extensions.encode(to: &w)
    return w.bytes
  }

  package mutating func sign(_ suite: CipherSuiteParameters, with key: SignaturePrivateKey, using crypto: some CryptoProvider) throws(MLSError) {
    signature = try crypto.signWithLabel(suite, key, label: Label.keyPackageTBS, toBeSigned)
  }

  package var signatureToVerify: SignatureToVerify {
    SignatureToVerify(publicKey: leafNode.signatureKey, content: signContent(Label.keyPackageTBS, toBeSigned), signature: signature)
  }

  /// RFC 9420 §5.2: `MakeKeyPackageRef`.
  /// - Throws: `.rule(.cipherSuite)` for a suite that the provider does not offer.
  public func ref(using crypto: some CryptoProvider) throws(MLSError) -> KeyPackageRef {
    KeyPackageRef(crypto.refHash(try crypto.parameters(of: cipherSuite), label: "MLS 1.0 KeyPackage Reference", encoded()))
  }

  /// draft-ietf-mls-extensions, `last_resort_key_package`: may be used more than once, when all others are used up.
  public var isLastResort: Bool {
    guard let data = extensions[.appDataDictionary], let dictionary = try? AppDataDictionary(decoding: data) else { return false }
    return dictionary[.lastResortKeyPackage] != nil
  }

  /// The lifetime of its leaf; nil where the leaf's source is not `key_package`, which validation rejects.
  public var lifetime: Lifetime? {
    if case .keyPackage(let lifetime) = leafNode.source { return lifetime }
    return nil
  }
}

/// RFC 9420 §5.2.
public struct KeyPackageRef: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var bytes: [UInt8]
  public init(_ bytes: [UInt8]) { self.bytes = bytes }
  public init(from reader: inout Reader) throws(DecodingError) { bytes = try reader.opaque() }
  public func encode(to writer: inout Writer) { writer.opaque(bytes) }
}
