// RFC 9420 §12.4.2: what of a commit can be processed without secrets. `Group` goes on from here with its own.
import CryptoInterface
import TLSCodec

/// A commit that is publicly valid. Nothing has changed yet: `PublicGroup.adopt` makes it so.
public struct StagedPublicCommit: Sendable {
  /// The group after the commit.
  public let next: PublicGroup
  /// Where the committer stands: for an external commit its new leaf.
  public let committer: LeafIndex
  /// Whether the committer joined by this commit.
  public let isExternal: Bool
  public let added: [LeafIndex]
  public let removed: [LeafIndex]
  public let updated: [LeafIndex]
  public let psks: [PreSharedKeyID]
  /// The epoch in which it was staged, so that it is adopted there only.
  let base: UInt64
  let path: UpdatePath?
  let kemOutput: [UInt8]?
  let updates: [(leaf: LeafIndex, node: LeafNode, ref: ProposalRef?)]
  /// The encoded provisional GroupContext, under which path secrets are encrypted.
  let provisionalContext: [UInt8]
  /// What was used to add the new members, in the order of `added`: their Welcome names these.
  public let addedKeyPackages: [KeyPackage]

  /// Whether a GroupInfo that came with the commit is signed by its committer for exactly the new epoch. Its `external_pub` only members can check
  /// (`Group.confirms`).
  public func accepts(_ groupInfo: GroupInfo, using crypto: some CryptoProvider) -> Bool {
    guard groupInfo.groupContext == next.context, groupInfo.confirmationTag == next.confirmationTag, groupInfo.signer == committer,
      !groupInfo.extensions.hasDuplicates, let leaf = next.tree[committer]
    else { return false }
    return groupInfo.isSigned(by: leaf.signatureKey, next.suite, using: crypto)
  }
}

extension PublicGroup {
  /// Verifies a proposal and keeps it for a commit. A proposal that is kept already is not kept twice.
  /// - Throws: the rule that message or proposal break.
  @discardableResult
  public mutating func receive(
    proposal message: PublicMessage, application: some MLSApplication, using crypto: some CryptoProvider
  ) throws(MLSError) -> PendingProposal {
    let verified = try verify(message, application: application, using: crypto)
    return try keep(verified, application: application, using: crypto)
  }

  mutating func keep(_ verified: VerifiedContent, application: some MLSApplication, using crypto: some CryptoProvider) throws(MLSError)
    -> PendingProposal
  {
    guard case .proposal(let proposal) = verified.content.content else { throw .usage(.invalidArgument) }
    if proposal == .selfRemove {
      try check(.selfRemovePublic, verified.wireFormat == .publicMessage)
      let again = proposals.contains { $0.proposal == .selfRemove && $0.sender == verified.content.sender }
      let ref = verified.authenticatedContent.proposalRef(suite, using: crypto)
      try check(.selfRemoveOnce, !again || proposalsByRef[ref] != nil)
    }
    let signatures = try validate(proposal, from: verified.content.sender, application: application, using: crypto)
    try verify(signatures, using: crypto)
    switch proposal {
    case .add(let keyPackage): try validateLeaf(keyPackage.leafNode, application: application, using: crypto)
    case .update(let leaf): try validateLeaf(leaf, application: application, using: crypto)
    default: break
    }
    let pending = PendingProposal(
      ref: verified.authenticatedContent.proposalRef(suite, using: crypto), proposal: proposal, sender: verified.content.sender)
    try append(pending)
    return pending
  }

  /// Keeps a proposal, once.
  mutating func append(_ pending: PendingProposal) throws(MLSError) {
    if proposalsByRef[pending.ref] != nil { return }
    let bytes = pending.proposal.encoded().count
    var own = 0
    for entry in proposals where entry.sender == pending.sender { own += 1 }
    guard proposals.count < Limits.pendingProposals, own < Limits.pendingProposalsPerSender else {
      throw .decoding(.limitExceeded("pendingProposals"))
    }
    guard bytes <= Limits.pendingProposalBytes - proposalBytes else { throw .decoding(.limitExceeded("pendingProposalBytes")) }
    proposalsByRef[pending.ref] = proposals.count
    proposals.append(pending)
    proposalBytes += bytes
  }

  private func validateLeaf(_ leaf: LeafNode, application: some MLSApplication, using crypto: some CryptoProvider) throws(MLSError) {
    try leaf.validate(
      in: context, required: try requiredCapabilities(), suite, application: application, using: crypto)
  }

  /// Verifies a commit and computes the group after it, without changing this one.
  /// - Throws: the rule that it breaks; `.unknownProposal` where it names a proposal that has not been received.
  public func process(
    commit message: PublicMessage, application: some MLSApplication, using crypto: some CryptoProvider
  ) throws(MLSError) -> StagedPublicCommit {
    let verified = try verify(message, application: application, using: crypto)
    return try stage(verified, application: application, using: crypto)
  }

  /// Makes a staged commit the state of the group.
  /// - Throws: `.usage(.staleStage)` where the group has moved on since it was staged.
  public mutating func adopt(_ staged: StagedPublicCommit) throws(MLSError) {
    guard staged.base == epoch, staged.next.groupID == groupID else { throw .usage(.staleStage) }
    self = staged.next
  }

  func stage(
    _ verified: VerifiedContent, application: some MLSApplication,
    using crypto: some CryptoProvider
  ) throws(MLSError) -> StagedPublicCommit {
    guard case .commit(let commit) = verified.content.content, let confirmationTag = verified.auth.confirmationTag else {
      throw .usage(.invalidArgument)
    }
    if reinit != nil { throw .usage(.groupInactive) }
    let sender = verified.content.sender
    let proposals = try resolve(commit.proposals, committer: sender)
    let list = try validate(
      proposals, committer: sender, pathLeaf: commit.path?.leafNode, application: application, using: crypto)
    var (tree, extensions, added) = try apply(list, application: application, using: crypto)
    try check(.pathRequired, commit.path != nil || !(list.isEmpty || list.requiresPath))

    let committer: LeafIndex
    switch sender {
    case .member(let index): committer = index
    case .newMemberCommit: committer = try tree.leftmostBlankLeaf()
    default: throw .internalError("an external sender's commit was not rejected")
    }
    var newContext = context
    newContext.extensions = extensions
    try newContext.enterNextEpoch()
    let addedSet = Set(added)
    try check(
      .commitPermitted,
      application.permits(
        ProposedCommit(
          committer: sender, leaf: commit.path?.leafNode ?? tree[committer], proposals: proposals.map { (proposal: $0.proposal, sender: $0.sender) },
          context: context, newContext: newContext, before: self.tree, after: tree)))
    if let path = commit.path {
      try validate(
        path, committer: committer, isExternal: sender == .newMemberCommit, in: newContext, tree: tree, application: application,
        using: crypto)
      try tree.merge(path, author: committer, excluding: addedSet, suite, using: crypto)
      try tree.validateAmongMembers(committer)
      // RFC 9420 §12.4.2: also no key twice within the path.
      for node in path.nodes { try check(.pathKeysFresh, tree.count(of: node.encryptionKey) == 1) }
    }
    newContext.treeHash = tree.treeHash(suite.hash, using: crypto)
    let provisional = newContext.encoded()
    newContext.confirmedTranscriptHash = TranscriptHash.confirmed(
      interim: interimTranscriptHash, wireFormat: verified.wireFormat, content: verified.content, signature: verified.auth.signature,
      suite.hash, using: crypto)
    var next = PublicGroup(
      context: newContext, tree: tree, confirmationTag: confirmationTag,
      interimTranscriptHash: TranscriptHash.interim(
        confirmed: newContext.confirmedTranscriptHash, confirmationTag: confirmationTag, suite.hash, using: crypto), suite: suite)
    next.reinit = list.reinit
    return StagedPublicCommit(
      next: next, committer: committer, isExternal: sender == .newMemberCommit, added: added, removed: list.selfRemoves + list.removes,
      updated: list.updates.map { $0.leaf }, psks: list.psks, base: epoch, path: commit.path, kemOutput: list.kemOutput,
      updates: list.updates, provisionalContext: provisional, addedKeyPackages: list.adds)
  }

  /// RFC 9420 §12.4.2, "If the path value is populated, validate it".
  private func validate(
    _ path: UpdatePath, committer: LeafIndex, isExternal: Bool, in newContext: GroupContext, tree: RatchetTree,
    application: some MLSApplication, using crypto: some CryptoProvider
  ) throws(MLSError) {
    // First what costs nothing.
    try check(.updatePathLength, path.nodes.count == tree.filteredDirectPath(committer).count)
    let leaf = path.leafNode
    if case .commit = leaf.source { } else { try check(.leafSourceCommit, false) }
    try leaf.validate(
      in: newContext, required: try newContext.extensions.parsed(.requiredCapabilities, as: RequiredCapabilities.self), suite,
      application: application, using: crypto)
    let valid = crypto.verify(suite.signature, leaf.signatureToVerify(groupID: groupID, leafIndex: committer))
    try check(.leafSignature, valid)
    if !isExternal, let old = tree[committer] {
      try check(.commitEncryptionKey, leaf.encryptionKey != old.encryptionKey)
      try check(.credentialSuccession, application.validateSuccession(from: old, to: leaf))
    }
    try check(.pathKeysFresh, !tree.contains(leaf.encryptionKey) || tree[committer]?.encryptionKey == leaf.encryptionKey)
    for node in path.nodes {
      try check(.publicKey, crypto.isValid(node.encryptionKey, suite))
      try check(.pathKeysFresh, !tree.contains(node.encryptionKey))
    }
  }
}
