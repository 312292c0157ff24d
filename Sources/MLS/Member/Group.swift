// A member's view of a group (RFC 9420 §3.2). Files beside this one hold an operation each:
// GroupCreation, GroupJoining, Proposing, Committing, Receiving, ExternalCommit, Successor (ReInit and branching), GroupRecords.
import CryptoInterface
import TLSCodec

/// A group as a member sees it.
///
/// A value type without I/O, clock or randomness of its own. Operations either return something staged, which the caller adopts, or change the
/// group only when they succeed. After every change `takeChanges()` says what to write to the store, in one transaction with what the operation returned.
public struct Group: Sendable {
  public enum Status: Sendable, Equatable {
    case active
    /// A commit has removed this member. Late messages can still be read; `forget()` deletes what is left.
    case removed
    /// Removed, and everything secret deleted.
    case forgotten
    /// A ReInit has ended the group; `Group.reinitialize` or a Welcome continues it (RFC 9420 §11.2).
    case reinitialized(ReInit)
  }

  package var state: EpochState
  /// Oldest first.
  var pastEpochs: [PastEpoch] = []
  /// Updates that this member has proposed in this epoch, with their private keys.
  var ownUpdates: [OwnUpdate] = []
  var pending: PendingCommit?
  /// Own commits of this epoch that were discarded while their fate was unclear, oldest first.
  var abandoned: [PendingCommit] = []
  public internal(set) var status: Status = .active
  /// How late and how far ahead messages may be.
  public var reordering: ReorderingPolicy
  /// Whether proposals and commits may come encrypted. A group that a delivery service follows refuses them: the service could not see them, and its
  /// view would part from the members'. Not stored: set it after loading.
  public var acceptsPrivateHandshakes = true
  var dirty: Set<RecordKey> = []

  init(state: EpochState, reordering: ReorderingPolicy) {
    self.state = state
    self.reordering = reordering
    self.state.publicGroup.tree.forgetTouched()
    markEverything()
  }

  // MARK: What can be asked

  public var groupID: [UInt8] { state.publicGroup.groupID }
  public var epoch: UInt64 { state.publicGroup.epoch }
  public var cipherSuite: CipherSuite { state.publicGroup.context.cipherSuite }
  public var context: GroupContext { state.publicGroup.context }
  public var tree: RatchetTree { state.publicGroup.tree }
  /// The public half, for example to serve it.
  public var publicGroup: PublicGroup { state.publicGroup }
  /// This member's own place.
  public var leafIndex: LeafIndex { state.leafIndex }
  /// RFC 9420 §8.7: equal for all members who agree on this epoch.
  public var epochAuthenticator: EpochAuthenticator { state.secrets.epochAuthenticator }
  /// RFC 9420 §8.6: of this epoch.
  public var resumptionPSK: ResumptionPSK { state.secrets.resumptionPSK }
  /// Proposals that wait for a commit.
  public var proposals: [PendingProposal] { state.publicGroup.proposals }
  /// A commit of this member that waits for its fate.
  public var pendingCommit: PendingCommit? { pending }
  var suite: CipherSuiteParameters { state.suite }

  /// RFC 9420 §8.5, MLS-Exporter.
  /// - Parameter length: bytes, at most 255 · KDF.Nh.
  /// - Throws: `.usage(.invalidArgument)` for a length that cannot be had; `.usage(.groupInactive)` for a removed member.
  public func export(label: [UInt8], context: [UInt8], length: Int, using crypto: some CryptoProvider) throws(MLSError) -> Secret {
    if status == .forgotten { throw .usage(.groupInactive) }
    guard length > 0, length <= 255 * suite.hash.size else { throw .usage(.invalidArgument) }
    return state.secrets.export(label: label, context: context, length: length, suite, using: crypto)
  }

  func requireActive() throws(MLSError) {
    if status != .active { throw .usage(.groupInactive) }
  }

  /// RFC 9420 §12.4.3: a signed GroupInfo of this epoch, for external joiners or a delivery service.
  /// - Parameters:
  ///   - withTree: puts the tree into an extension; otherwise it is served by other means.
  ///   - withExternalPub: lets others join by an external commit.
  public func groupInfo(
    withTree: Bool = false, withExternalPub: Bool = true, extensions: Extensions = [], using crypto: some CryptoProvider
  ) throws(MLSError) -> GroupInfo {
    try state.groupInfo(withTree: withTree, withExternalPub: withExternalPub, extensions: extensions, using: crypto)
  }

  /// Forgets ended epochs: their late messages cannot be read any more, and a thief of this state cannot either.
  /// - Parameter time: seconds since 1970; epochs that ended before are dropped.
  public mutating func dropPastEpochs(endedBefore time: UInt64) {
    // Oldest first: a later epoch remembers leaves for the earlier ones.
    while let past = pastEpochs.first, past.endedAt < time { markRemoved(pastEpochs.removeFirst()) }
  }

  /// Whether a GroupInfo is for this epoch and its `external_pub` is the group's: what a delivery service cannot see, so members confirm it before
  /// the service offers it to external joiners.
  public func confirms(_ info: GroupInfo, using crypto: some CryptoProvider) throws(MLSError) -> Bool {
    if status == .forgotten { throw .usage(.groupInactive) }
    let offered = try info.extensions.parsed(.externalPub, as: ExternalPub.self)
    let own = try state.secrets.externalKeyPair(suite, using: crypto).publicKey
    return info.groupContext == context && info.confirmationTag == state.publicGroup.confirmationTag && offered?.externalPub == own
  }
}

extension EpochState {
  func groupInfo(withTree: Bool, withExternalPub: Bool, extensions: Extensions, using crypto: some CryptoProvider) throws(MLSError)
    -> GroupInfo
  {
    var extensions = extensions
    if withExternalPub {
      extensions[.externalPub] = ExternalPub(try secrets.externalKeyPair(suite, using: crypto).publicKey).encoded()
    }
    if withTree { extensions[.ratchetTree] = publicGroup.tree.encoded() }
    extensions.entries.append(Extension(ExtensionType(GREASE.pick(crypto)), []))
    var info = GroupInfo(
      groupContext: publicGroup.context, extensions: extensions, confirmationTag: publicGroup.confirmationTag, signer: leafIndex)
    try info.sign(suite, with: signingKey, using: crypto)
    return info
  }
}

/// An Update that this member has proposed.
struct OwnUpdate: Sendable {
  var ref: ProposalRef
  var encryptionKey: HPKEPrivateKey
  var signingKey: SignaturePrivateKey
}

/// How a handshake message is framed (RFC 9420 §6): public ones can be followed by a delivery service, private ones hide the group's changes from it.
public enum HandshakeFormat: Sendable {
  case publicMessage
  case privateMessage
}
