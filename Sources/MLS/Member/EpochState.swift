import CryptoInterface
import TLSCodec

/// A member's whole state of one epoch. A commit makes a new one and leaves the old alone.
package struct EpochState: Sendable {
  package var publicGroup: PublicGroup
  package var secrets: EpochSecrets
  package var secretTree: SecretTree
  package var privateState: TreeKEMPrivateState
  package var signingKey: SignaturePrivateKey

  /// Begins an epoch: the encryption secret goes into the secret tree and is deleted (RFC 9420 §9.2).
  package init(publicGroup: PublicGroup, secrets: EpochSecrets, privateState: TreeKEMPrivateState, signingKey: SignaturePrivateKey) {
    self.publicGroup = publicGroup
    self.secrets = secrets
    self.privateState = privateState
    self.signingKey = signingKey
    secretTree = SecretTree(leafCount: publicGroup.tree.leafCount, encryptionSecret: secrets.encryptionSecret)
    self.secrets.encryptionSecret = EncryptionSecret(Secret([]))
  }

  init(
    publicGroup: PublicGroup, secrets: EpochSecrets, secretTree: SecretTree, privateState: TreeKEMPrivateState,
    signingKey: SignaturePrivateKey
  ) {
    self.publicGroup = publicGroup
    self.secrets = secrets
    self.secretTree = secretTree
    self.privateState = privateState
    self.signingKey = signingKey
  }

  package var leafIndex: LeafIndex { privateState.leafIndex }
  var suite: CipherSuiteParameters { publicGroup.suite }
}

/// What is kept of an epoch that has ended, so that late messages can be read (RFC 9420 §15.3).
struct PastEpoch: Sendable {
  var epoch: UInt64
  /// The encoded GroupContext: signatures cover it.
  var context: [UInt8]
  var senderDataSecret: SenderDataSecret
  var resumptionPSK: ResumptionPSK
  var secretTree: SecretTree
  /// Leaves as they were in this epoch, where the commit that ended it changed them; nil for blank.
  var formerLeaves: [UInt32: LeafNode?]
  /// When it ended, in seconds since 1970.
  var endedAt: UInt64
}
