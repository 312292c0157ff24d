import CryptoInterface
import TLSCodec

/// What anybody can follow of a group who sees its handshake messages as PublicMessages: a delivery service, or the public half of a member.
///
/// It checks everything that needs no secret: signatures, senders, proposal lists, leaves, the shape and parent hash of paths, the tree.
///
/// What it cannot see (RFC 9420 §16.12, "Group Fragmentation by Malicious Insiders"):
/// - the confirmation tag, hence whether the committer and the members agree on the epoch's secrets;
/// - the membership tag, hence whether a message "of a member" comes from a holder of the epoch's secrets or only of a signature key;
/// - whether the ciphertexts of a path open to secrets that give the path's public keys;
/// - whether a GroupInfo's `external_pub` belongs to the epoch.
/// Members find these out, and refuse the commit.
public struct PublicGroup: Sendable {
  public internal(set) var context: GroupContext
  public internal(set) var tree: RatchetTree
  /// RFC 9420 §6.1: of the commit that began this epoch.
  public internal(set) var confirmationTag: [UInt8]
  /// Proposals of this epoch that wait for a commit, in the order received.
  public internal(set) var proposals: [PendingProposal] = []
  /// The ReInit that has ended this group, if one has.
  public internal(set) var reinit: ReInit?
  package var interimTranscriptHash: [UInt8]
  package let suite: CipherSuiteParameters
  /// The encoded context: every signature and membership tag covers it.
  package private(set) var encodedContext: [UInt8]
  var proposalsByRef: [ProposalRef: Int] = [:]
  /// Of all that wait, encoded.
  var proposalBytes = 0

  public var groupID: [UInt8] { context.groupID }
  public var epoch: UInt64 { context.epoch }

  init(
    context: GroupContext, tree: RatchetTree, confirmationTag: [UInt8], interimTranscriptHash: [UInt8], suite: CipherSuiteParameters
  ) {
    self.context = context
    self.tree = tree
    self.confirmationTag = confirmationTag
    self.interimTranscriptHash = interimTranscriptHash
    self.suite = suite
    encodedContext = context.encoded()
  }

  /// Follows a group from a GroupInfo, as a delivery service that is given one, or an external joiner, does (RFC 9420 §12.4.3).
  /// - Parameter tree: where the GroupInfo has no `ratchet_tree` extension.
  /// - Throws: the rule that GroupInfo or tree break; `.usage(.missingTree)`.
  public init(
    groupInfo: GroupInfo, tree supplied: RatchetTree? = nil, application: some MLSApplication, using crypto: some CryptoProvider
  ) throws(MLSError) {
    try self.init(verifying: groupInfo, tree: supplied, application: application, using: crypto)
  }

  init(
    verifying groupInfo: GroupInfo, tree supplied: RatchetTree?, application: some MLSApplication, using crypto: some CryptoProvider
  ) throws(MLSError) {
    let suite = try crypto.parameters(of: groupInfo.groupContext.cipherSuite)
    try check(.epochLimit, groupInfo.groupContext.epoch < Limits.epoch)
    try groupInfo.groupContext.extensions.validateForGroup(application: application)
    var tree: RatchetTree
    if let supplied {
      tree = supplied
    } else if let included = try groupInfo.ratchetTree() {
      tree = included
    } else {
      throw .usage(.missingTree)
    }
    // RFC 9420 §12.4.3, MUST: the signature, by the leaf of the signer.
    let signer = tree[groupInfo.signer]
    try check(.groupInfoSigner, signer != nil)
    guard let signer else { throw .internalError("a GroupInfo without signer was not rejected") }
    try check(.groupInfoSignature, groupInfo.isSigned(by: signer.signatureKey, suite, using: crypto))
    try check(.duplicateExtension, !groupInfo.extensions.hasDuplicates)
    try tree.validate(for: groupInfo.groupContext, suite, application: application, using: crypto)
    self.init(
      context: groupInfo.groupContext, tree: tree, confirmationTag: groupInfo.confirmationTag,
      interimTranscriptHash: TranscriptHash.interim(
        confirmed: groupInfo.groupContext.confirmedTranscriptHash, confirmationTag: groupInfo.confirmationTag, suite.hash, using: crypto),
      suite: suite)
    _ = try groupInfo.extensions.appDataDictionary()
  }

  /// Replaces the context, keeping its encoding.
  mutating func setContext(_ new: GroupContext) {
    context = new
    encodedContext = new.encoded()
  }

  /// The group's requirements, nil where it has none.
  public func requiredCapabilities() throws(MLSError) -> RequiredCapabilities? {
    try context.extensions.parsed(.requiredCapabilities, as: RequiredCapabilities.self)
  }

  /// The senders outside of the group whose proposals it takes.
  public func externalSenders() throws(MLSError) -> [ExternalSender] {
    try context.extensions.parsed(.externalSenders, as: ExternalSenders.self)?.senders ?? []
  }

  /// Application data that all members agree on (draft-ietf-mls-extensions).
  public func appDataDictionary() throws(MLSError) -> AppDataDictionary {
    try context.extensions.appDataDictionary()
  }
}

extension Extensions {
  /// The dictionary, empty where the extension is absent.
  /// - Throws: `.rule(.appDataDictionary)` where it is unsorted or does not parse.
  func appDataDictionary() throws(MLSError) -> AppDataDictionary {
    guard let data = self[.appDataDictionary] else { return AppDataDictionary() }
    guard data.count <= Limits.parsedExtensionBytes else { throw .decoding(.limitExceeded("parsedExtensionBytes")) }
    let dictionary = try? AppDataDictionary(decoding: data)
    try check(.appDataDictionary, dictionary != nil)
    return dictionary ?? AppDataDictionary()
  }
}
