// RFC 9420 §12.4.3.2: joining by an external commit, or replacing an old appearance of oneself (resync).
import CryptoInterface
import TLSCodec

/// An external commit whose acceptance is not known yet. Its maker is a member only when the group has accepted it.
public struct PendingExternalCommit: Sendable {
  /// For the group.
  public let message: MLSMessage
  /// Of the new epoch, with `external_pub`, without the tree.
  public let groupInfo: GroupInfo
  /// The group to use once the commit is accepted. Until then keep its records apart from those of an older group of the same id, and then write
  /// `takeChanges(replacing:)`.
  public let group: Group
}

extension Group {
  /// Makes an external commit.
  /// - Parameters:
  ///   - groupInfo: of the current epoch, with `external_pub`.
  ///   - tree: where the GroupInfo does not carry it.
  ///   - replacing: the own old leaf (resync), which the commit removes.
  ///   - selfRemoves: SelfRemove proposals of the epoch that the delivery service has; covered by reference (draft-ietf-mls-extensions, MUST).
  ///   - proposals: PSKs by value.
  ///   - isKnownGroup: whether this client is in a group of this id already (RFC 9420 §12.4.3, MUST be unique), but for a lost one that it rejoins.
  /// - Throws: the rule that GroupInfo or tree break.
  public static func joinExternally(
    _ groupInfo: GroupInfo, tree supplied: RatchetTree? = nil, identity: ClientIdentity, replacing old: LeafIndex? = nil,
    selfRemoves: [PublicMessage] = [], proposals extra: [Proposal] = [], psks: PreSharedKeys = PreSharedKeys(),
    authenticatedData: [UInt8] = [], reordering: ReorderingPolicy = ReorderingPolicy(),
    isKnownGroup: ([UInt8]) -> Bool = { _ in false }, application: some MLSApplication, using crypto: some CryptoProvider
  ) throws(MLSError) -> PendingExternalCommit {
    try check(.welcomeGroupIDUnique, !isKnownGroup(groupInfo.groupContext.groupID))
    var group = try PublicGroup(verifying: groupInfo, tree: supplied, application: application, using: crypto)
    let suite = group.suite
    let externalPub = try groupInfo.extensions.parsed(.externalPub, as: ExternalPub.self)
    try check(.externalPub, externalPub != nil)
    guard let externalPub else { throw .internalError("a GroupInfo without external_pub was not rejected") }
    try check(.publicKey, crypto.isValid(externalPub.externalPub, suite))
    let kemOutput: [UInt8]
    let initSecret: InitSecret
    do {
      let sent = try crypto.hpkeSendExport(
        suite, to: externalPub.externalPub, info: [], context: externalInitExportLabel, length: suite.hash.size)
      kemOutput = sent.kemOutput
      initSecret = InitSecret(sent.secret)
    } catch { throw .crypto(error) }

    var committed = [CommittedProposal(proposal: .externalInit(kemOutput: kemOutput), sender: .newMemberCommit, byReference: false)]
    // What is invalid is left out: another joiner's trouble, or a delivery service's, is not this one's.
    var replaced = old
    for message in selfRemoves {
      guard let pending = try? group.receive(proposal: message, application: application, using: crypto),
        case .member(let leaver) = pending.sender, pending.proposal == .selfRemove
      else { continue }
      if leaver == replaced { replaced = nil }
      committed.append(CommittedProposal(proposal: pending.proposal, sender: pending.sender, byReference: true, ref: pending.ref))
    }
    if let replaced { committed.append(CommittedProposal(proposal: .remove(replaced), sender: .newMemberCommit, byReference: false)) }
    for proposal in extra { committed.append(CommittedProposal(proposal: proposal, sender: .newMemberCommit, byReference: false)) }
    let template = try identity.leaf(encryptionKey: HPKEPublicKey([]), source: .commit(parentHash: []), using: crypto)
    let list = try group.validate(
      committed, committer: .newMemberCommit, pathLeaf: template, application: application, using: crypto)
    var (tree, extensions, _) = try group.apply(list, application: application, using: crypto)
    var context = group.context
    context.extensions = extensions
    try context.enterNextEpoch()
    let own = try tree.leftmostBlankLeaf()
    let path = try tree.createPath(
      author: own, leaf: template, groupID: group.groupID, signingKey: identity.signatureKeyPair.privateKey, private: nil, suite,
      using: crypto)
    try path.leaf.validate(
      in: context, required: try extensions.parsed(.requiredCapabilities, as: RequiredCapabilities.self), suite, application: application,
      using: crypto)
    try tree.validateAmongMembers(own)
    try check(
      .commitPermitted,
      application.permits(
        ProposedCommit(
          committer: .newMemberCommit, leaf: path.leaf, proposals: committed.map { (proposal: $0.proposal, sender: $0.sender) },
          context: group.context, newContext: context, before: group.tree, after: tree)))
    context.treeHash = tree.treeHash(suite.hash, using: crypto)
    let update = try tree.seal(path, excluding: [], context: context.encoded(), suite, using: crypto)

    let entries = committed.map { entry -> ProposalOrRef in
      if let ref = entry.ref { return .reference(ref) }
      return .proposal(entry.proposal)
    }
    let content = FramedContent(
      groupID: group.groupID, epoch: group.epoch, sender: .newMemberCommit, authenticatedData: authenticatedData,
      content: .commit(Commit(proposals: entries, path: update)))
    let signature = try content.sign(
      .publicMessage, context: group.encodedContext, with: identity.signatureKeyPair.privateKey, suite, using: crypto)
    context.confirmedTranscriptHash = TranscriptHash.confirmed(
      interim: group.interimTranscriptHash, wireFormat: .publicMessage, content: content, signature: signature, suite.hash, using: crypto)
    var pskInputs: [(id: PreSharedKeyID, secret: Secret)] = []
    for id in list.psks {
      guard let secret = psks.secret(for: id) else { throw .missingPSK }
      pskInputs.append((id, secret))
    }
    let joiner = EpochSecrets.joinerSecret(
      initSecret, commitSecret: path.commitSecret, context: context.encoded(), suite, using: crypto)
    let secrets = EpochSecrets(
      joiner: joiner, psk: PSKSecret.combine(pskInputs, suite, using: crypto), context: context.encoded(), suite, using: crypto)
    let tag = secrets.confirmationTag(context.confirmedTranscriptHash, suite, using: crypto)
    let next = PublicGroup(
      context: context, tree: tree, confirmationTag: tag,
      interimTranscriptHash: TranscriptHash.interim(
        confirmed: context.confirmedTranscriptHash, confirmationTag: tag, suite.hash, using: crypto), suite: suite)
    let state = EpochState(
      publicGroup: next, secrets: secrets, privateState: path.privateState, signingKey: identity.signatureKeyPair.privateKey)
    let message = PublicMessage(
      content: content, auth: FramedContentAuthData(signature: signature, confirmationTag: tag))
    return PendingExternalCommit(
      message: .publicMessage(message),
      groupInfo: try state.groupInfo(withTree: false, withExternalPub: true, extensions: [], using: crypto),
      group: Group(state: state, reordering: reordering))
  }
}
