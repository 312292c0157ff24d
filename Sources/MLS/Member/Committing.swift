// RFC 9420 §12.4.1: creating a commit and the Welcome that goes with it.
import CryptoInterface
import TLSCodec

/// What a commit shall cover and how it is framed.
public struct CommitOptions: Sendable {
  /// The committer's own proposals, sent by value.
  public var proposals: [Proposal]
  /// Whether to cover the proposals that wait, as far as they form a valid list (RFC 9420 §12.4, SHOULD). A waiting PreSharedKey is covered only where
  /// the caller offers its secret with this commit, for others could name one that nobody has.
  public var coversPending: Bool
  /// Whether to cover a ReInit that somebody else proposed: it ends the group.
  public var coversReInit: Bool
  /// Leaves the path out where RFC 9420 §12.4 allows it: cheaper, and without post-compromise security for the committer.
  public var omitsPathWherePossible: Bool
  public var format: HandshakeFormat
  public var authenticatedData: [UInt8]
  /// Changes of the committer's own leaf; ignored without a path.
  public var leaf: LeafChange
  /// Puts the tree into the Welcome's GroupInfo; otherwise joiners get it by other means. A tree in the Welcome costs each joiner's seal a hash of it.
  public var welcomeCarriesTree: Bool
  /// Extensions of the GroupInfo in Welcome and result.
  public var groupInfoExtensions: Extensions
  /// What depends on a secret of the commit's path (`PathExport`): replaces `authenticatedData` and adds to the GroupInfo in the Welcome alone, which
  /// only joiners can read. Called once, without a secret where the commit has no path.
  public var binding: (@Sendable (PathExport?) -> CommitBinding)?
  /// Zero bytes appended to an encrypted commit.
  public var padding: Int

  public init(
    proposals: [Proposal] = [], coversPending: Bool = true, coversReInit: Bool = false, omitsPathWherePossible: Bool = false, format: HandshakeFormat = .publicMessage,
    authenticatedData: [UInt8] = [], leaf: LeafChange = LeafChange(), welcomeCarriesTree: Bool = false,
    groupInfoExtensions: Extensions = [], padding: Int = 0, binding: (@Sendable (PathExport?) -> CommitBinding)? = nil
  ) {
    self.proposals = proposals
    self.coversPending = coversPending
    self.coversReInit = coversReInit
    self.omitsPathWherePossible = omitsPathWherePossible
    self.format = format
    self.authenticatedData = authenticatedData
    self.leaf = leaf
    self.welcomeCarriesTree = welcomeCarriesTree
    self.groupInfoExtensions = groupInfoExtensions
    self.padding = padding
    self.binding = binding
  }
}

/// A commit that this member has made and whose acceptance is not known yet (RFC 9420 §14). It is stored with the group and survives a restart.
public struct PendingCommit: Sendable {
  /// For the group.
  public let message: MLSMessage
  /// For all new members; `slice(for:)` makes one for each. Deliver it only when the commit was accepted (RFC 9420 §14, MUST NOT before).
  public let welcome: Welcome?
  /// Of the new epoch, with `external_pub`, without the tree.
  public let groupInfo: GroupInfo
  /// Where the new members stand, in the order of their Adds.
  public let added: [LeafIndex]
  public let removed: [LeafIndex]
  /// Waiting proposals that the commit covers, and those that it leaves out: these are void when it is adopted.
  public let covered: [ProposalRef]
  public let leftOut: [ProposalRef]
  let next: EpochState
  /// Nil where the commit has no path.
  public let pathExport: PathExport?

  /// The group after the commit, as a delivery service will see it.
  public var publicGroup: PublicGroup { next.publicGroup }
  /// The tree of the new epoch, for joiners.
  public var tree: RatchetTree { next.publicGroup.tree }
}

extension Group {
  /// Makes a commit. The group stays in its epoch until `adoptPendingCommit` or, where another commit won, `discardPendingCommit`.
  /// - Throws: the rule that the list breaks; `.usage(.pendingCommit)` while another waits; `.missingPSK`.
  @discardableResult
  public mutating func commit(
    _ options: CommitOptions = CommitOptions(), psks: PreSharedKeys = PreSharedKeys(), application: some MLSApplication,
    using crypto: some CryptoProvider
  ) throws(MLSError) -> PendingCommit {
    try requireActive()
    if pending != nil { throw .usage(.pendingCommit) }
    let (made, step) = try makeCommit(options, psks: psks, application: application, using: crypto)
    if let step { apply(step, epoch: epoch) }
    pending = made
    dirty.insert(.pendingCommit)
    return made
  }

  /// Adopts the pending commit: the delivery service has accepted it.
  /// - Parameter now: seconds since 1970.
  public mutating func adoptPendingCommit(at now: UInt64) throws(MLSError) {
    try requireActive()
    guard let pending else { throw .usage(.noPendingCommit) }
    var changed = pending.added + pending.removed + [leafIndex]
    for proposal in state.publicGroup.proposals {
      if case .update = proposal.proposal, case .member(let index) = proposal.sender { changed.append(index) }
    }
    advance(to: pending.next, changedLeaves: changed, at: now)
  }

  /// Puts the pending commit aside, so that another can be made. Should it turn out to have been accepted after all, `receive` still recognises it as
  /// long as the epoch lasts.
  public mutating func discardPendingCommit() {
    guard let discarded = pending else { return }
    pending = nil
    dirty.insert(.pendingCommit)
    if abandoned.count == Limits.abandonedCommits { abandoned.removeFirst() }
    abandoned.append(discarded)
    for i in 0..<abandoned.count { dirty.insert(.abandonedCommit(UInt32(i))) }
  }

  private func makeCommit(
    _ options: CommitOptions, psks: PreSharedKeys, application: some MLSApplication, using crypto: some CryptoProvider
  ) throws(MLSError) -> (PendingCommit, SecretTree.Step?) {
    guard options.padding >= 0 else { throw .usage(.invalidArgument) }
    let group = state.publicGroup
    let own = Sender.member(leafIndex)
    var committed = options.proposals.map { CommittedProposal(proposal: $0, sender: own, byReference: false) }
    for entry in committed where entry.proposal.type == .selfRemove || entry.proposal.type == .update { throw .usage(.invalidArgument) }
    if options.coversPending {
      committed = try group.withPending(
        committed, committer: own, psks: psks, coversReInit: options.coversReInit, application: application, using: crypto)
    }
    let list = try group.validate(
      committed, committer: own, pathLeaf: nil, application: application, using: crypto)
    var (tree, extensions, added) = try group.apply(list, application: application, using: crypto)
    var context = group.context
    context.extensions = extensions
    try context.enterNextEpoch()

    // RFC 9420 §7.5: the path.
    let needsPath = list.isEmpty || list.requiresPath || !options.omitsPathWherePossible
    var newPath: NewPath?
    var signingKey = state.signingKey
    if needsPath {
      guard var leaf = tree[leafIndex] else { throw .internalError("own leaf is blank") }
      let old = leaf
      signingKey = applyWaitingUpdate(to: &leaf)
      signingKey = options.leaf.apply(to: &leaf, current: signingKey)
      try check(.credentialSuccession, application.validateSuccession(from: old, to: leaf))
      newPath = try tree.createPath(
        author: leafIndex, leaf: leaf, groupID: groupID, signingKey: signingKey, private: state.privateState, suite, using: crypto)
      try leaf.validate(
        in: context, required: try extensions.parsed(.requiredCapabilities, as: RequiredCapabilities.self), suite,
        application: application, using: crypto)
      try tree.validateAmongMembers(leafIndex)
    }
    try check(
      .commitPermitted,
      application.permits(
        ProposedCommit(
          committer: own, leaf: newPath?.leaf ?? tree[leafIndex], proposals: committed.map { (proposal: $0.proposal, sender: $0.sender) },
          context: group.context, newContext: context, before: group.tree, after: tree)))
    context.treeHash = tree.treeHash(suite.hash, using: crypto)
    var path: UpdatePath?
    if let newPath { path = try tree.seal(newPath, excluding: Set(added), context: context.encoded(), suite, using: crypto) }

    let pathExport = newPath.map { PathExport($0.commitSecret, suite, using: crypto) }
    var authenticatedData = options.authenticatedData
    var welcomeExtensions = options.groupInfoExtensions
    if let binding = options.binding {
      let bound = binding(pathExport)
      authenticatedData = bound.authenticatedData
      for entry in bound.welcomeExtensions.entries { welcomeExtensions.entries.append(entry) }
    }

    // RFC 9420 §12.4.1: sign, hash, derive.
    let entries = committed.map { entry -> ProposalOrRef in
      if let ref = entry.ref { return .reference(ref) }
      return .proposal(entry.proposal)
    }
    let signed = try state.sign(
      .commit(Commit(proposals: entries, path: path)), format: options.format, authenticatedData: authenticatedData, using: crypto)
    context.confirmedTranscriptHash = TranscriptHash.confirmed(
      interim: group.interimTranscriptHash, wireFormat: signed.wireFormat, content: signed.content, signature: signed.auth.signature,
      suite.hash, using: crypto)
    let pskInputs = try secrets(for: list.psks, psks)
    let pskSecret = PSKSecret.combine(pskInputs, suite, using: crypto)
    let joiner = EpochSecrets.joinerSecret(
      state.secrets.initSecret, commitSecret: newPath?.commitSecret ?? .zeros(suite.hash.size), context: context.encoded(), suite,
      using: crypto)
    let secrets = EpochSecrets(joiner: joiner, psk: pskSecret, context: context.encoded(), suite, using: crypto)
    let tag = secrets.confirmationTag(context.confirmedTranscriptHash, suite, using: crypto)
    let (message, _, step) = try state.protect(signed, confirmationTag: tag, padding: options.padding, using: crypto)

    var next = PublicGroup(
      context: context, tree: tree, confirmationTag: tag,
      interimTranscriptHash: TranscriptHash.interim(
        confirmed: context.confirmedTranscriptHash, confirmationTag: tag, suite.hash, using: crypto), suite: suite)
    next.reinit = list.reinit
    var privateState = newPath?.privateState ?? state.privateState
    privateState.retain { tree[$0] != nil }
    let nextState = EpochState(publicGroup: next, secrets: secrets, privateState: privateState, signingKey: signingKey)
    let info = try nextState.groupInfo(
      withTree: false, withExternalPub: true, extensions: options.groupInfoExtensions, using: crypto)
    var welcome: Welcome?
    if !list.adds.isEmpty {
      welcome = try nextState.welcome(
        list.adds, at: added, joiner: joiner, psk: pskSecret, pskIDs: list.psks, path: newPath, carriesTree: options.welcomeCarriesTree,
        extensions: welcomeExtensions, using: crypto)
    }
    let covered = committed.compactMap { $0.ref }
    let coveredSet = Set(covered)
    return (
      PendingCommit(
        message: message, welcome: welcome, groupInfo: info, added: added, removed: list.selfRemoves + list.removes, covered: covered,
        leftOut: group.proposals.map { $0.ref }.filter { !coveredSet.contains($0) }, next: nextState, pathExport: pathExport),
      step
    )
  }

  /// An Update of this member's own that waits cannot be covered by its own commit (RFC 9420 §12.2); what it changes is not lost, the path carries it.
  private func applyWaitingUpdate(to leaf: inout LeafNode) -> SignaturePrivateKey {
    guard let update = ownUpdates.last, let i = state.publicGroup.proposalsByRef[update.ref],
      case .update(let wanted) = state.publicGroup.proposals[i].proposal
    else { return state.signingKey }
    leaf.signatureKey = wanted.signatureKey
    leaf.credential = wanted.credential
    leaf.capabilities = wanted.capabilities
    leaf.extensions = wanted.extensions
    return update.signingKey
  }

  /// The secrets of PSKs: of this group's own epochs, else those that the caller offers.
  func secrets(for ids: [PreSharedKeyID], _ offered: PreSharedKeys) throws(MLSError) -> [(id: PreSharedKeyID, secret: Secret)] {
    var result: [(id: PreSharedKeyID, secret: Secret)] = []
    for id in ids {
      var found = offered.secret(for: id)
      if case .resumption(_, let group, let epoch) = id.kind, group == groupID {
        found = resumptionPSK(of: epoch)?.secret ?? found
      }
      guard let found else { throw .missingPSK }
      result.append((id, found))
    }
    return result
  }

  /// RFC 9420 §8.6: of this or a kept past epoch, nil where it is gone.
  public func resumptionPSK(of epoch: UInt64) -> ResumptionPSK? {
    if status == .forgotten { return nil }
    if epoch == self.epoch { return state.secrets.resumptionPSK }
    for past in pastEpochs where past.epoch == epoch { return past.resumptionPSK }
    return nil
  }
}

extension EpochState {
  /// RFC 9420 §12.4.3.1: one Welcome for all new members.
  func welcome(
    _ keyPackages: [KeyPackage], at leaves: [LeafIndex], joiner: JoinerSecret, psk: Secret, pskIDs: [PreSharedKeyID], path: NewPath?,
    carriesTree: Bool, extensions: Extensions, using crypto: some CryptoProvider
  ) throws(MLSError) -> Welcome {
    let info = try groupInfo(withTree: carriesTree, withExternalPub: false, extensions: extensions, using: crypto)
    let encrypted = try EpochSecrets.welcomeSecret(joiner, psk: psk, suite, using: crypto).seal(info, suite, using: crypto)
    let context = signContent(Label.welcome, encrypted)
    var batch: [PlaintextToSeal] = []
    batch.reserveCapacity(keyPackages.count)
    for (i, keyPackage) in keyPackages.enumerated() {
      let pathSecret = path?.secret(at: TreeMath.commonAncestor(leafIndex, leaves[i]))
      var plaintext = GroupSecrets(joinerSecret: joiner, pathSecret: pathSecret, psks: pskIDs).encodedOnce()
      batch.append(PlaintextToSeal(publicKey: keyPackage.initKey, info: context, plaintext: Secret(plaintext)))
      wipe(&plaintext)
    }
    let sealed: [HPKECiphertext]
    do { sealed = try crypto.hpkeSeal(suite, batch: batch) } catch { throw .crypto(error) }
    var secrets: [EncryptedGroupSecrets] = []
    secrets.reserveCapacity(sealed.count)
    for (i, ciphertext) in sealed.enumerated() {
      secrets.append(EncryptedGroupSecrets(newMember: try keyPackages[i].ref(using: crypto), encryptedGroupSecrets: ciphertext))
    }
    return Welcome(cipherSuite: publicGroup.context.cipherSuite, secrets: secrets, encryptedGroupInfo: encrypted)
  }
}

extension PublicGroup {
  /// The committer's proposals and those of the pending that form a valid list with them (RFC 9420 §12.2: prefer a Remove, else the newest Update).
  /// - Throws: the rule that the committer's own proposals break.
  func withPending(
    _ own: [CommittedProposal], committer: Sender, psks: PreSharedKeys, coversReInit: Bool, application: some MLSApplication,
    using crypto: some CryptoProvider
  ) throws(MLSError) -> [CommittedProposal] {
    var candidates = preferred(among: proposals, besides: own, committer: committer, coversReInit: coversReInit)
    candidates.removeAll {
      if case .psk(let id) = $0.proposal { return psks.secret(for: id) == nil }
      return false
    }
    if candidates.isEmpty { return own }
    let all = own + candidates
    if isValid(all, committer: committer, application: application, using: crypto) { return all }
    let list = try validate(own, committer: committer, pathLeaf: nil, application: application, using: crypto)
    _ = try apply(list, application: application, using: crypto)
    // Something among them does not fit: a part that is not valid is halved. Removals first, for they protect the group; then sender by sender. Peers
    // choose the list, so the number of trials is bounded, and what has not been tried then is left out, as RFC 9420 §12.4 (SHOULD) allows.
    var accepted = own
    var trials = Limits.proposalTrials
    func attempt(_ part: [CommittedProposal]) {
      var left = [part[...]]
      while let part = left.popLast(), trials > 0 {
        if part.isEmpty { continue }
        trials -= 1
        if isValid(accepted + part, committer: committer, application: application, using: crypto) {
          accepted += part
        } else if part.count > 1 {
          let middle = part.startIndex + part.count / 2
          left.append(part[middle...])
          left.append(part[..<middle])
        }
      }
    }
    func removes(_ entry: CommittedProposal) -> Bool { entry.proposal.type == .remove || entry.proposal.type == .selfRemove }
    attempt(candidates.filter(removes))
    var rest: [Sender: [CommittedProposal]] = [:]
    var order: [Sender] = []
    for entry in candidates where !removes(entry) {
      if rest[entry.sender] == nil { order.append(entry.sender) }
      rest[entry.sender, default: []].append(entry)
    }
    for sender in order { attempt(rest[sender] ?? []) }
    return accepted
  }

  private func isValid(
    _ proposals: [CommittedProposal], committer: Sender, application: some MLSApplication,
    using crypto: some CryptoProvider
  ) -> Bool {
    do throws(MLSError) {
      let list = try validate(
        proposals, committer: committer, pathLeaf: nil, application: application, using: crypto)
      _ = try apply(list, application: application, using: crypto)
      return true
    } catch { return false }
  }

  private func preferred(among pending: [PendingProposal], besides own: [CommittedProposal], committer: Sender, coversReInit: Bool)
    -> [CommittedProposal]
  {
    var removed: Set<LeafIndex> = []
    for entry in own { if case .remove(let index) = entry.proposal { removed.insert(index) } }
    var selfRemoved: Set<LeafIndex> = []
    var proposedRemoves: Set<LeafIndex> = []
    var update: [LeafIndex: ProposalRef] = [:]
    var lastExtensions: ProposalRef?
    for entry in pending {
      switch entry.proposal {
      case .selfRemove: if case .member(let index) = entry.sender { selfRemoved.insert(index) }
      case .update: if case .member(let index) = entry.sender { update[index] = entry.ref }
      case .groupContextExtensions: lastExtensions = entry.ref
      case .remove(let index): proposedRemoves.insert(index)
      default: break
      }
    }
    let ownExtensions = own.contains { $0.proposal.type == .groupContextExtensions }
    var result: [CommittedProposal] = []
    var reinit: CommittedProposal?
    for entry in pending {
      let candidate = CommittedProposal(proposal: entry.proposal, sender: entry.sender, byReference: true, ref: entry.ref)
      switch entry.proposal {
      case .update:
        guard entry.sender != committer, case .member(let index) = entry.sender, update[index] == entry.ref else { continue }
        if removed.contains(index) || selfRemoved.contains(index) || proposedRemoves.contains(index) { continue }
        result.append(candidate)
      case .remove(let index):
        if committer == .member(index) || selfRemoved.contains(index) || !removed.insert(index).inserted { continue }
        result.append(candidate)
      case .selfRemove:
        guard entry.sender != committer, case .member(let index) = entry.sender, removed.insert(index).inserted else { continue }
        result.append(candidate)
      case .groupContextExtensions:
        if ownExtensions || lastExtensions != entry.ref { continue }
        result.append(candidate)
      case .reinit:
        reinit = candidate
      default:
        result.append(candidate)
      }
    }
    // RFC 9420 §12.2: other proposals are preferred over a ReInit.
    if result.isEmpty, own.isEmpty, coversReInit, let reinit { return [reinit] }
    return result
  }
}
