import CryptoInterface
import TLSCodec

/// RFC 9420 §12.4.3.1
///
///     struct {
///       opaque joiner_secret<V>;
///       optional<PathSecret> path_secret;
///       PreSharedKeyID psks<V>;
///     } GroupSecrets;
package struct GroupSecrets: Sendable, TLSEncodable, TLSDecodable {
  package var joinerSecret: JoinerSecret
  package var pathSecret: PathSecret?
  package var psks: [PreSharedKeyID]

  package init(joinerSecret: JoinerSecret, pathSecret: PathSecret?, psks: [PreSharedKeyID]) {
    self.joinerSecret = joinerSecret
    self.pathSecret = pathSecret
    self.psks = psks
  }

  package init(from reader: inout Reader) throws(DecodingError) {
    joinerSecret = JoinerSecret(Secret(try reader.opaque()))
    pathSecret = try reader.presence() ? PathSecret(Secret(try reader.opaque())) : nil
    psks = try reader.vector(atMost: Limits.commitProposals, "commitProposals")
  }

  /// The encoding, in one buffer of the right size: a growing one would leave copies of the secrets behind.
  func encodedOnce() -> [UInt8] {
    var w = Writer(capacity: 256 + psks.count * 256)
    encode(to: &w)
    return w.bytes
  }

  package func encode(to writer: inout Writer) {
    writer.opaque(joinerSecret.secret.exposed)
    if let pathSecret {
      writer.uint8(1)
      writer.opaque(pathSecret.secret.exposed)
    } else {
      writer.uint8(0)
    }
    writer.vector(psks)
  }
}

/// RFC 9420 §12.4.3.1
///
///     struct {
///       KeyPackageRef new_member;
///       HPKECiphertext encrypted_group_secrets;
///     } EncryptedGroupSecrets;
public struct EncryptedGroupSecrets: Equatable, Sendable, TLSEncodable, TLSDecodable {
  public var newMember: KeyPackageRef
  public var encryptedGroupSecrets: HPKECiphertext
  package init(newMember: KeyPackageRef, encryptedGroupSecrets: HPKECiphertext) {
    self.newMember = newMember
    self.encryptedGroupSecrets = encryptedGroupSecrets
  }
  public init(from reader: inout Reader) throws(DecodingError) {
    newMember = try KeyPackageRef(from: &reader)
    encryptedGroupSecrets = try HPKECiphertext(from: &reader)
  }
  public func encode(to writer: inout Writer) {
    newMember.encode(to: &writer)
    encryptedGroupSecrets.encode(to: &writer)
  }
}

/// RFC 9420 §12.4.3.1
///
///     struct {
///       CipherSuite cipher_suite;
///       EncryptedGroupSecrets secrets<V>;
///       opaque encrypted_group_info<V>;
///     } Welcome;
public struct Welcome: Equatable, Sendable, TLSEncodable, TLSDecodable {
  public var cipherSuite: CipherSuite
  public var secrets: [EncryptedGroupSecrets]
  public var encryptedGroupInfo: [UInt8]

  package init(cipherSuite: CipherSuite, secrets: [EncryptedGroupSecrets], encryptedGroupInfo: [UInt8]) {
    self.cipherSuite = cipherSuite
    self.secrets = secrets
    self.encryptedGroupInfo = encryptedGroupInfo
  }

  public init(from reader: inout Reader) throws(DecodingError) {
    cipherSuite = try CipherSuite(from: &reader)
    secrets = try reader.vector(atMost: Int(Limits.treeLeaves))
    encryptedGroupInfo = try reader.opaque()
  }

  public func encode(to writer: inout Writer) {
    cipherSuite.encode(to: &writer)
    writer.vector(secrets)
    writer.opaque(encryptedGroupInfo)
  }

  /// The Welcome for one joiner alone: valid like the whole (RFC 9420 §12.4.3.1 leaves the batching to the committer), and constant in size.
  /// - Returns: nil where the joiner is not among those welcomed.
  public func slice(for member: KeyPackageRef) -> Welcome? {
    for entry in secrets where entry.newMember == member {
      return Welcome(cipherSuite: cipherSuite, secrets: [entry], encryptedGroupInfo: encryptedGroupInfo)
    }
    return nil
  }
}

extension WelcomeSecret {
  /// RFC 9420 §12.4.3.1: `welcome_key` and `welcome_nonce`.
  package func keyAndNonce(_ suite: CipherSuiteParameters, using crypto: some CryptoProvider) -> (key: Secret, nonce: Secret) {
    (
      crypto.expandWithLabel(suite, secret, "key", length: suite.aead.keySize),
      crypto.expandWithLabel(suite, secret, "nonce", length: suite.aead.nonceSize)
    )
  }

  func seal(_ groupInfo: GroupInfo, _ suite: CipherSuiteParameters, using crypto: some CryptoProvider) throws(MLSError) -> [UInt8] {
    let (key, nonce) = keyAndNonce(suite, using: crypto)
    do {
      return try crypto.aeadSeal(suite.aead, key: key, nonce: nonce.exposed, aad: [], groupInfo.encoded())
    } catch { throw .crypto(error) }
  }

  package func open(_ encrypted: [UInt8], _ suite: CipherSuiteParameters, using crypto: some CryptoProvider) throws(MLSError) -> GroupInfo {
    let (key, nonce) = keyAndNonce(suite, using: crypto)
    let bytes: [UInt8]
    do {
      bytes = try crypto.aeadOpen(suite.aead, key: key, nonce: nonce.exposed, aad: [], encrypted)
    } catch { throw .undecryptable("group info") }
    return try decode(GroupInfo.self, bytes)
  }
}
