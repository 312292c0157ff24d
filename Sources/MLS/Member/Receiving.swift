// RFC 9420 §6, §12.4.2, §15: what arrives from the group.
import CryptoInterface
import TLSCodec

/// An application message that was decrypted and verified.
public struct ApplicationMessage: Sendable, Equatable {
  public let data: [UInt8]
  public let authenticatedData: [UInt8]
  public let sender: LeafIndex
  /// The sender's leaf in the message's epoch.
  public let senderLeaf: LeafNode
  public let epoch: UInt64
  /// Position among the sender's messages of the epoch.
  public let generation: UInt32
  /// Whether the same client still stands at that place. Indices are of the message's epoch: do not look `sender` up in the current tree.
  public let senderIsStillMember: Bool
}

/// A commit of another member that is valid in every respect. Nothing has changed yet: `Group.adopt` makes it so.
public struct StagedCommit: Sendable {
  public let committer: LeafIndex
  /// Whether the committer joined by this commit.
  public let isExternal: Bool
  public let added: [LeafIndex]
  public let removed: [LeafIndex]
  public let updated: [LeafIndex]
  /// The group's context after the commit.
  public let context: GroupContext
  /// The tree after the commit.
  public let tree: RatchetTree
  public let authenticatedData: [UInt8]
  /// Nil where the commit has no path, or removes this member.
  public let pathExport: PathExport?
  /// Whether it removes this member.
  public var removesThisMember: Bool { next == nil }
  let base: UInt64
  let baseAuthenticator: EpochAuthenticator
  let next: EpochState?
}

/// What a received message was.
public enum Received: Sendable {
  case application(ApplicationMessage)
  /// Kept for a commit.
  case proposal(PendingProposal)
  /// To be adopted.
  case commit(StagedCommit)
  /// This member's own pending commit, come back: `adoptPendingCommit`.
  case ownCommit
}

extension Group {
  /// Decrypts and verifies a message.
  ///
  /// Application messages use up their key, proposals are kept; commits only return what to adopt. When it throws, nothing has changed.
  /// - Throws: the rule that the message breaks; `.wrongEpoch`; `.generationUsed` for a duplicate; `.undecryptable`; `.missingPSK`; `.unknownProposal`.
  public mutating func receive(
    _ message: MLSMessage, psks: PreSharedKeys = PreSharedKeys(), application: some MLSApplication, using crypto: some CryptoProvider
  ) throws(MLSError) -> Received {
    if status == .forgotten { throw .usage(.groupInactive) }
    if recognizeOwnCommit(message) { return .ownCommit }
    switch message {
    case .publicMessage(let publicMessage):
      let verified = try verify(publicMessage, application: application, using: crypto)
      return try receive(handshake: verified, psks: psks, application: application, using: crypto)
    case .privateMessage(let privateMessage):
      if privateMessage.contentType != .application { try check(.handshakeFormat, acceptsPrivateHandshakes) }
      return try receive(privateMessage, psks: psks, application: application, using: crypto)
    default:
      throw .usage(.invalidArgument)
    }
  }

  /// Whether a message is the pending commit, or one that was discarded and won all the same: then it is pending again.
  private mutating func recognizeOwnCommit(_ message: MLSMessage) -> Bool {
    if let pending, pending.message == message { return true }
    guard let i = abandoned.firstIndex(where: { $0.message == message }) else { return false }
    let won = abandoned[i]
    discardPendingCommit()
    pending = won
    dirty.insert(.pendingCommit)
    return true
  }

  private func verify(_ message: PublicMessage, application: some MLSApplication, using crypto: some CryptoProvider) throws(MLSError)
    -> VerifiedContent
  {
    let group = state.publicGroup
    try check(.groupID, message.content.groupID == group.groupID)
    try group.requireCurrentEpoch(message.content.epoch)
    if case .member = message.content.sender {
      let tag = PublicMessage.membershipTag(
        message.authenticatedContent, context: group.encodedContext, key: state.secrets.membershipKey, suite, using: crypto)
      try check(.membershipTag, constantTimeEqual(tag, message.membershipTag ?? []))
    }
    return try group.verify(message, application: application, using: crypto)
  }

  private mutating func receive(
    handshake verified: VerifiedContent, psks: PreSharedKeys, application: some MLSApplication, using crypto: some CryptoProvider
  ) throws(MLSError) -> Received {
    try requireActive()
    switch verified.content.content {
    case .proposal:
      let pending = try state.publicGroup.keep(verified, application: application, using: crypto)
      dirty.insert(.proposal(pending.ref))
      return .proposal(pending)
    case .commit:
      return .commit(try stage(verified, psks: psks, application: application, using: crypto))
    case .application:
      throw .internalError("application data in a public message was not rejected")
    }
  }

  private mutating func receive(
    _ message: PrivateMessage, psks: PreSharedKeys, application: some MLSApplication, using crypto: some CryptoProvider
  ) throws(MLSError) -> Received {
    try check(.groupID, message.groupID == groupID)
    if message.epoch == epoch {
      let (verified, step, generation) = try open(
        message, state.secretTree, state.secrets.senderDataSecret, senderLeaf: { state.publicGroup.tree[$0] },
        context: state.publicGroup.encodedContext, application: application, using: crypto)
      if case .application(let data) = verified.content.content {
        apply(step, epoch: epoch)
        return .application(try applicationMessage(data, verified, generation))
      }
      let received = try receive(handshake: verified, psks: psks, application: application, using: crypto)
      // A commit's key goes with its epoch. Using it up before the commit is adopted would lose the commit in a crash between the two.
      if case .proposal = received { apply(step, epoch: epoch) }
      return received
    }
    guard message.contentType == .application, let i = pastEpochs.firstIndex(where: { $0.epoch == message.epoch }) else {
      throw .wrongEpoch(current: epoch, message: message.epoch)
    }
    let past = pastEpochs[i]
    let (verified, step, generation) = try open(
      message, past.secretTree, past.senderDataSecret, senderLeaf: { leaf($0, in: i) }, context: past.context, application: application,
      using: crypto)
    guard case .application(let data) = verified.content.content else { throw .internalError("content type changed") }
    apply(step, epoch: past.epoch)
    return .application(try applicationMessage(data, verified, generation))
  }

  /// The leaf as it was in a past epoch: the first later commit that changed it remembers it.
  private func leaf(_ index: LeafIndex, in past: Int) -> LeafNode? {
    for i in past..<pastEpochs.count {
      if let former = pastEpochs[i].formerLeaves[index.value] { return former }
    }
    return tree[index]
  }

  private func applicationMessage(_ data: [UInt8], _ verified: VerifiedContent, _ generation: UInt32) throws(MLSError) -> ApplicationMessage {
    guard case .member(let sender) = verified.content.sender, let leaf = verified.leaf else {
      throw .internalError("an application message without a member")
    }
    return ApplicationMessage(
      data: data, authenticatedData: verified.content.authenticatedData, sender: sender, senderLeaf: leaf, epoch: verified.content.epoch,
      generation: generation, senderIsStillMember: tree[sender].map { $0.credential == leaf.credential } ?? false)
  }

  private func open(
    _ message: PrivateMessage, _ secretTree: SecretTree, _ senderDataSecret: SenderDataSecret, senderLeaf: (LeafIndex) -> LeafNode?,
    context: [UInt8], application: some MLSApplication, using crypto: some CryptoProvider
  ) throws(MLSError) -> (VerifiedContent, SecretTree.Step, UInt32) {
    let senderData = try message.openSenderData(senderDataSecret, suite, using: crypto)
    try check(.senderDataLeaf, senderLeaf(senderData.leafIndex) != nil)
    let (key, step) = try secretTree.key(
      senderData.leafIndex, message.contentType == .application ? .application : .handshake, generation: senderData.generation, reordering,
      suite, using: crypto)
    let content = try message.openContent(senderData, key: key, suite, using: crypto)
    let verified = try state.publicGroup.verify(
      content, senderLeaf: senderLeaf, context: context, application: application, using: crypto)
    return (verified, step, senderData.generation)
  }

  /// Encrypts application data for the group.
  /// - Parameter padding: zero bytes that hide its size.
  /// - Throws: `.usage(.pendingProposals)` while valid proposals wait (RFC 9420 §12.4, MUST).
  public mutating func encrypt(_ data: [UInt8], authenticatedData: [UInt8] = [], padding: Int = 0, using crypto: some CryptoProvider)
    throws(MLSError) -> MLSMessage
  {
    try requireActive()
    if !state.publicGroup.proposals.isEmpty { throw .usage(.pendingProposals) }
    guard padding >= 0 else { throw .usage(.invalidArgument) }
    let (message, _, step) = try state.frame(
      .application(data), format: .privateMessage, authenticatedData: authenticatedData, confirmationTag: nil, padding: padding,
      using: crypto)
    if let step { apply(step, epoch: epoch) }
    return message
  }

  // MARK: Commits

  /// RFC 9420 §12.4.2, the member's part.
  private func stage(
    _ verified: VerifiedContent, psks: PreSharedKeys, application: some MLSApplication, using crypto: some CryptoProvider
  ) throws(MLSError) -> StagedCommit {
    let publicCommit = try state.publicGroup.stage(verified, application: application, using: crypto)
    // The secrets of one's own path are sealed to all others.
    if publicCommit.path != nil, publicCommit.committer == leafIndex, !publicCommit.isExternal { throw .ownCommitUnknown }
    func staged(_ next: EpochState?, _ pathExport: PathExport? = nil) -> StagedCommit {
      StagedCommit(
        committer: publicCommit.committer, isExternal: publicCommit.isExternal, added: publicCommit.added, removed: publicCommit.removed,
        updated: publicCommit.updated, context: publicCommit.next.context, tree: publicCommit.next.tree,
        authenticatedData: verified.content.authenticatedData, pathExport: pathExport, base: epoch, baseAuthenticator: epochAuthenticator, next: next)
    }
    if publicCommit.removed.contains(leafIndex) { return staged(nil) }
    var (privateState, signingKey) = try adoptOwnUpdate(publicCommit)
    let next = publicCommit.next
    privateState.retain { next.tree[$0] != nil }
    var commitSecret = Secret.zeros(suite.hash.size)
    if let path = publicCommit.path {
      (privateState, commitSecret, _) = try next.tree.open(
        path, author: publicCommit.committer, private: privateState, excluding: Set(publicCommit.added),
        context: publicCommit.provisionalContext, suite, using: crypto)
    }
    let pskSecret = PSKSecret.combine(try secrets(for: publicCommit.psks, psks), suite, using: crypto)
    let initSecret = try initSecret(publicCommit, using: crypto)
    let joiner = EpochSecrets.joinerSecret(
      initSecret, commitSecret: commitSecret, context: next.encodedContext, suite, using: crypto)
    let secrets = EpochSecrets(joiner: joiner, psk: pskSecret, context: next.encodedContext, suite, using: crypto)
    let tag = secrets.confirmationTag(next.context.confirmedTranscriptHash, suite, using: crypto)
    try check(.confirmationTag, constantTimeEqual(tag, next.confirmationTag))
    let export = publicCommit.path == nil ? nil : PathExport(commitSecret, suite, using: crypto)
    return staged(EpochState(publicGroup: next, secrets: secrets, privateState: privateState, signingKey: signingKey), export)
  }

  /// RFC 9420 §8.3: from the external joiner's KEM output, else from the last epoch.
  private func initSecret(_ commit: StagedPublicCommit, using crypto: some CryptoProvider) throws(MLSError) -> InitSecret {
    guard let kemOutput = commit.kemOutput else { return state.secrets.initSecret }
    let pair = try state.secrets.externalKeyPair(suite, using: crypto)
    do {
      return InitSecret(
        try crypto.hpkeReceiveExport(
          suite, with: pair.privateKey, kemOutput: kemOutput, info: [], context: externalInitExportLabel, length: suite.hash.size))
    } catch { throw .undecryptable("external init") }
  }

  /// Where the commit covers an Update of this member, its private keys come into use.
  private func adoptOwnUpdate(_ commit: StagedPublicCommit) throws(MLSError) -> (TreeKEMPrivateState, SignaturePrivateKey) {
    var privateState = state.privateState
    for update in commit.updates where update.leaf == leafIndex {
      guard let own = ownUpdates.first(where: { $0.ref == update.ref }) else { throw .corruptRecord("own update") }
      privateState.keys[leafIndex.node.value] = own.encryptionKey
      return (privateState, own.signingKey)
    }
    return (privateState, state.signingKey)
  }

  /// Makes a staged commit the state of the group. A pending commit of one's own has lost and is forgotten.
  ///
  /// A commit that removes this member sets the status to `.removed` and keeps the state: the last epochs' messages can still be read, and should
  /// it turn out that no other member could apply the commit, `revertRemoval` takes it back. `forget` ends it.
  /// - Parameter now: seconds since 1970.
  /// - Throws: `.usage(.staleStage)` where the group has moved on since it was staged.
  public mutating func adopt(_ staged: StagedCommit, at now: UInt64) throws(MLSError) {
    guard staged.base == epoch, staged.baseAuthenticator == epochAuthenticator, status == .active else { throw .usage(.staleStage) }
    guard let next = staged.next else {
      leave()
      return
    }
    advance(to: next, changedLeaves: staged.added + staged.removed + staged.updated + [staged.committer], at: now)
  }

  private mutating func leave() {
    status = .removed
    dirty.insert(.header)
  }

  /// RFC 9420 §12.4.2, SHOULD: a removed member deletes the group's secrets and tree. What remains says only that it was removed.
  public mutating func forget() {
    forgetEpochSecrets()
    status = .forgotten
    dirty.insert(.header)
  }

  /// Takes a removal back that the other members refused (a removed member cannot see whether a commit's secrets are right).
  /// - Throws: `.usage(.groupInactive)` where nothing was removed or all is forgotten.
  public mutating func revertRemoval() throws(MLSError) {
    guard status == .removed else { throw .usage(.groupInactive) }
    status = .active
    dirty.insert(.header)
  }

  /// Moves to a new epoch. The ended one is kept for late messages as it is now, not as it was when the commit was staged: keys used since stay used.
  mutating func advance(to next: EpochState, changedLeaves: [LeafIndex], at now: UInt64) {
    var former: [UInt32: LeafNode?] = [:]
    for index in changedLeaves { former[index.value] = .some(tree[index]) }
    let past = PastEpoch(
      epoch: epoch, context: state.publicGroup.encodedContext, senderDataSecret: state.secrets.senderDataSecret,
      resumptionPSK: state.secrets.resumptionPSK, secretTree: state.secretTree, formerLeaves: former, endedAt: max(now, pastEpochs.last?.endedAt ?? 0))
    markEpochChange(to: next, ending: past)
    pastEpochs.append(past)
    while pastEpochs.count > max(0, reordering.pastEpochs) { markRemoved(pastEpochs.removeFirst()) }
    state = next
    state.publicGroup.tree.forgetTouched()
    ownUpdates = []
    pending = nil
    for i in 0..<abandoned.count { dirty.insert(.abandonedCommit(UInt32(i))) }
    abandoned = []
    if let reinit = next.publicGroup.reinit { status = .reinitialized(reinit) }
  }
}
