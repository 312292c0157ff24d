import CryptoInterface
import TLSCodec

/// Who a client is in a group and what it supports: everything of a leaf but its encryption key.
public struct ClientIdentity: Sendable {
  public var credential: Credential
  public var signatureKeyPair: SignatureKeyPair
  public var capabilities: Capabilities
  /// Extensions of the leaf node.
  public var extensions: Extensions
  /// Application components that this client understands; listed in its leaf (draft-ietf-mls-extensions, `app_components`).
  public var components: [ComponentID]

  public init(credential: Credential, signatureKeyPair: SignatureKeyPair, capabilities: Capabilities, extensions: Extensions = [],
    components: [ComponentID] = []
  ) {
    self.credential = credential
    self.signatureKeyPair = signatureKeyPair
    self.capabilities = capabilities
    self.extensions = extensions
    self.components = components
  }

  /// The leaf's extensions with the list of components in the dictionary.
  func leafExtensions() throws(MLSError) -> Extensions {
    if components.isEmpty { return extensions }
    var result = extensions
    var dictionary = try result.appDataDictionary()
    dictionary[.appComponents] = ComponentsList(components.sorted()).encoded()
    result[.appDataDictionary] = dictionary.encoded()
    return result
  }

  func leaf(encryptionKey: HPKEPublicKey, source: LeafNodeSource, using crypto: some CryptoProvider) throws(MLSError) -> LeafNode {
    LeafNode(
      encryptionKey: encryptionKey, signatureKey: signatureKeyPair.publicKey, credential: credential,
      capabilities: capabilities.greased(crypto), source: source, extensions: try leafExtensions())
  }
}

/// A key package with the private keys that belong to it. Delete it after it was used to join, unless it is a last resort (RFC 9420 §10).
public struct KeyPackageBundle: Sendable {
  public let keyPackage: KeyPackage
  package let initPrivateKey: HPKEPrivateKey
  package let encryptionPrivateKey: HPKEPrivateKey
  package let signaturePrivateKey: SignaturePrivateKey

  package init(
    keyPackage: KeyPackage, initPrivateKey: HPKEPrivateKey, encryptionPrivateKey: HPKEPrivateKey, signaturePrivateKey: SignaturePrivateKey
  ) {
    self.keyPackage = keyPackage
    self.initPrivateKey = initPrivateKey
    self.encryptionPrivateKey = encryptionPrivateKey
    self.signaturePrivateKey = signaturePrivateKey
  }

  /// RFC 9420 §10: a fresh, signed key package.
  /// - Parameters:
  ///   - lifetime: see `Lifetime`; the client MUST NOT send one whose lifetime does not contain the present (§7.3), so pick it around now.
  ///   - isLastResort: marks it as one that may be used more than once.
  /// - Throws: `.rule(.cipherSuite)`, `.crypto`.
  public static func create(
    _ identity: ClientIdentity, suite: CipherSuite, lifetime: Lifetime, extensions: Extensions = [], isLastResort: Bool = false,
    using crypto: some CryptoProvider
  ) throws(MLSError) -> KeyPackageBundle {
    let parameters = try crypto.parameters(of: suite)
    let initPair = try crypto.freshKeyPair(parameters.kem)
    let leafPair = try crypto.freshKeyPair(parameters.kem)
    var leaf = try identity.leaf(encryptionKey: leafPair.publicKey, source: .keyPackage(lifetime), using: crypto)
    try leaf.sign(parameters, with: identity.signatureKeyPair.privateKey, using: crypto)
    var extensions = extensions
    if isLastResort {
      var dictionary = try extensions.appDataDictionary()
      dictionary[.lastResortKeyPackage] = []
      extensions[.appDataDictionary] = dictionary.encoded()
    }
    // RFC 9420 §10, MUST: the type is listed in the capabilities, where the leaf's GREASE stands last.
    if let grease = leaf.capabilities.extensions.last { extensions.entries.append(Extension(grease, crypto.random(4))) }
    var keyPackage = KeyPackage(cipherSuite: suite, initKey: initPair.publicKey, leafNode: leaf, extensions: extensions)
    try keyPackage.sign(parameters, with: identity.signatureKeyPair.privateKey, using: crypto)
    return KeyPackageBundle(
      keyPackage: keyPackage, initPrivateKey: initPair.privateKey, encryptionPrivateKey: leafPair.privateKey,
      signaturePrivateKey: identity.signatureKeyPair.privateKey)
  }

  /// For the store; holds private keys.
  public func serialized() -> [UInt8] {
    var w = Writer()
    w.uint16(Self.version)
    keyPackage.encode(to: &w)
    w.opaque(initPrivateKey.secret.exposed)
    w.opaque(encryptionPrivateKey.secret.exposed)
    w.opaque(signaturePrivateKey.secret.exposed)
    return w.bytes
  }

  /// - Throws: `.decoding`, `.corruptRecord` for another version.
  public init(serialized bytes: [UInt8]) throws(MLSError) {
    var r = Reader(bytes)
    do throws(DecodingError) {
      guard try r.uint16() == Self.version else { throw .invalidValue("key package bundle: version") }
      keyPackage = try KeyPackage(from: &r)
      initPrivateKey = HPKEPrivateKey(Secret(try r.opaque()))
      encryptionPrivateKey = HPKEPrivateKey(Secret(try r.opaque()))
      signaturePrivateKey = SignaturePrivateKey(Secret(try r.opaque()))
      try r.finish()
    } catch { throw .decoding(error) }
  }

  private static let version: UInt16 = 1
}

extension KeyPackage {
  /// RFC 9420 §10.1, outside of a group: what a delivery service checks at upload and a client at claim.
  /// - Parameters:
  ///   - now: seconds since 1970; the lifetime must contain it. Receivers of an Add do not check it.
  ///   - maximumLifetime: seconds; RFC 9420 §7.2 demands that the application has one.
  /// - Throws: the rule that is broken; `.usage(.expired)`.
  public func validate(
    at now: UInt64, maximumLifetime: UInt64 = Lifetime.defaultMaximum, application: some MLSApplication, using crypto: some CryptoProvider
  ) throws(MLSError) {
    let suite = try crypto.parameters(of: cipherSuite)
    let context = GroupContext(
      version: version, cipherSuite: cipherSuite, groupID: [], epoch: 0, treeHash: [], confirmedTranscriptHash: [])
    let group = PublicGroup(context: context, tree: RatchetTree(), confirmationTag: [], interimTranscriptHash: [], suite: suite)
    try check(.keyPackageVersionAndSuite, version == .mls10)
    try group.validate(self, using: crypto)
    try leafNode.validate(in: context, required: nil, suite, application: application, using: crypto)
    try group.verify(
      [
        UnverifiedSignature(rule: .keyPackageSignature, item: signatureToVerify),
        UnverifiedSignature(rule: .leafSignature, item: leafNode.signatureToVerify(groupID: [], leafIndex: LeafIndex(0))),
      ], using: crypto)
    guard let lifetime, lifetime.contains(now), lifetime.isWithin(maximum: maximumLifetime) else { throw .usage(.expired) }
  }
}
