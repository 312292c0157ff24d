// RFC 9420 §12.4.3.1: joining by a Welcome.
import CryptoInterface
import TLSCodec

/// What a joiner knows besides the Welcome.
public struct JoiningContext: Sendable {
  /// The group's tree, where the Welcome does not carry it.
  public var tree: RatchetTree?
  public var psks: PreSharedKeys
  /// The old group, where the Welcome continues one by ReInit or branches from one.
  public var priorGroup: Group?
  /// Whether this client is in a group of this id already (RFC 9420 §12.4.3, MUST be unique). Without an answer here, a Welcome that carries the id of
  /// another group of this client is joined, and its records would mix with that group's.
  public var isKnownGroup: @Sendable ([UInt8]) -> Bool
  public var reordering: ReorderingPolicy

  public init(
    tree: RatchetTree? = nil, psks: PreSharedKeys = PreSharedKeys(), priorGroup: Group? = nil,
    isKnownGroup: @escaping @Sendable ([UInt8]) -> Bool = { _ in false }, reordering: ReorderingPolicy = ReorderingPolicy()
  ) {
    self.tree = tree
    self.psks = psks
    self.priorGroup = priorGroup
    self.isKnownGroup = isKnownGroup
    self.reordering = reordering
  }
}

extension Group {
  /// Joins a group.
  /// - Parameter bundle: the key package that was used to add this client; see `Welcome.secrets` for which.
  /// - Throws: the rule that Welcome, GroupInfo or tree break; `.usage(.notForThisKeyPackage)`, `.usage(.missingTree)`, `.missingPSK`, `.undecryptable`.
  public static func join(
    _ welcome: Welcome, with bundle: KeyPackageBundle, _ joining: JoiningContext = JoiningContext(), application: some MLSApplication,
    using crypto: some CryptoProvider
  ) throws(MLSError) -> Group {
    let ref = try bundle.keyPackage.ref(using: crypto)
    let suite = try crypto.parameters(of: bundle.keyPackage.cipherSuite)
    guard let entry = welcome.secrets.first(where: { $0.newMember == ref }) else { throw .usage(.notForThisKeyPackage) }
    try check(.welcomeSuite, welcome.cipherSuite == bundle.keyPackage.cipherSuite)
    let secrets = try open(entry, welcome, bundle, suite, using: crypto)

    // PSKs and the GroupInfo.
    for id in secrets.psks { try check(.pskNonce, id.nonce.count == suite.hash.size) }
    try validateResumption(secrets.psks)
    let pskSecret = PSKSecret.combine(try lookUp(secrets.psks, joining), suite, using: crypto)
    let info = try EpochSecrets.welcomeSecret(secrets.joinerSecret, psk: pskSecret, suite, using: crypto)
      .open(welcome.encryptedGroupInfo, suite, using: crypto)
    try check(.welcomeSuite, info.groupContext.cipherSuite == bundle.keyPackage.cipherSuite)
    // A group that a ReInit has ended is not one that this client is in: its successor may have its id.
    var succeeds = false
    if let prior = joining.priorGroup, prior.groupID == info.groupContext.groupID, case .reinitialized(let reinit) = prior.status {
      // Only where the ReInit says so: then the Welcome must name its PSK, below. Else anybody could bring the old id back.
      succeeds = reinit.groupID == prior.groupID
    }
    try check(.welcomeGroupIDUnique, succeeds || !joining.isKnownGroup(info.groupContext.groupID))
    let group = try PublicGroup(verifying: info, tree: joining.tree, application: application, using: crypto)

    // The own leaf and its private keys.
    let own = group.tree.leaf(signingWith: bundle.keyPackage.leafNode.signatureKey)
    let isOwn = own.map { group.tree[$0] == bundle.keyPackage.leafNode } ?? false
    try check(.welcomeOwnLeaf, isOwn)
    guard let own else { throw .internalError("a tree without the own leaf was not rejected") }
    var privateState = TreeKEMPrivateState(leafIndex: own, leafKey: bundle.encryptionPrivateKey)
    if let pathSecret = secrets.pathSecret {
      let ancestor = TreeMath.commonAncestor(own, info.signer)
      // RFC 9420 §12.4.3.1: the ancestor itself, then those above it that the path has set.
      let above = TreeMath.directPath(own, leaves: group.tree.leafCount).filter { $0.level > ancestor.level && group.tree[$0] != nil }
      _ = try privateState.implant(pathSecret, along: [ancestor] + above, in: group.tree, suite, using: crypto)
    }

    // The tree invariant (RFC 9420 §4.2): without the key of a node above, a later path could not be read, and its author would be blamed.
    for node in TreeMath.directPath(own, leaves: group.tree.leafCount) {
      if let parent = group.tree.parentNode(node) {
        try check(.welcomePathSecret, privateState[node] != nil || parent.unmergedLeaves.contains(own))
      }
    }

    let epoch = EpochSecrets(joiner: secrets.joinerSecret, psk: pskSecret, context: group.encodedContext, suite, using: crypto)
    let tag = epoch.confirmationTag(group.context.confirmedTranscriptHash, suite, using: crypto)
    try check(.confirmationTag, constantTimeEqual(tag, info.confirmationTag))
    try validateSuccession(of: group, psks: secrets.psks, prior: joining.priorGroup, application: application)
    let state = EpochState(
      publicGroup: group, secrets: epoch, privateState: privateState, signingKey: bundle.signaturePrivateKey)
    return Group(state: state, reordering: joining.reordering)
  }

  /// What a Welcome says of its group, before the tree is at hand: its id, epoch, and extensions, such as where to fetch the tree. Nothing of it is verified
  /// but that the Welcome's author made it for this key package; `join` verifies.
  /// - Throws: `.usage(.notForThisKeyPackage)`, `.undecryptable`, `.missingPSK`.
  public static func groupInfo(
    of welcome: Welcome, with bundle: KeyPackageBundle, psks: PreSharedKeys = PreSharedKeys(), using crypto: some CryptoProvider
  ) throws(MLSError) -> GroupInfo {
    let ref = try bundle.keyPackage.ref(using: crypto)
    let suite = try crypto.parameters(of: bundle.keyPackage.cipherSuite)
    guard let entry = welcome.secrets.first(where: { $0.newMember == ref }) else { throw .usage(.notForThisKeyPackage) }
    let secrets = try open(entry, welcome, bundle, suite, using: crypto)
    let pskSecret = PSKSecret.combine(try lookUp(secrets.psks, JoiningContext(psks: psks)), suite, using: crypto)
    return try EpochSecrets.welcomeSecret(secrets.joinerSecret, psk: pskSecret, suite, using: crypto)
      .open(welcome.encryptedGroupInfo, suite, using: crypto)
  }

  private static func open(
    _ entry: EncryptedGroupSecrets, _ welcome: Welcome, _ bundle: KeyPackageBundle, _ suite: CipherSuiteParameters,
    using crypto: some CryptoProvider
  ) throws(MLSError) -> GroupSecrets {
    let plaintext: Secret
    do {
      plaintext = try crypto.decryptWithLabel(
        suite, with: bundle.initPrivateKey, label: Label.welcome, context: welcome.encryptedGroupInfo, entry.encryptedGroupSecrets)
    } catch { throw .undecryptable("group secrets") }
    var bytes = plaintext.exposed
    defer { wipe(&bytes) }
    return try decode(GroupSecrets.self, bytes)
  }

  /// RFC 9420 §12.4.3.1: a `reinit` or `branch` PSK is the only one of its kind.
  private static func validateResumption(_ ids: [PreSharedKeyID]) throws(MLSError) {
    var special = 0
    for id in ids {
      if case .resumption(let usage, _, _) = id.kind, usage != .application { special += 1 }
    }
    try check(.welcomeOneResumption, special <= 1)
  }

  private static func lookUp(_ ids: [PreSharedKeyID], _ joining: JoiningContext) throws(MLSError) -> [(id: PreSharedKeyID, secret: Secret)] {
    var result: [(id: PreSharedKeyID, secret: Secret)] = []
    for id in ids {
      var found = joining.psks.secret(for: id)
      if case .resumption(_, let groupID, let epoch) = id.kind, let prior = joining.priorGroup, prior.groupID == groupID {
        found = prior.resumptionPSK(of: epoch)?.secret ?? found
      }
      guard let found else { throw .missingPSK }
      result.append((id, found))
    }
    return result
  }

  /// RFC 9420 §11.2, §11.3 and the end of §12.4.3.1: whether the new group is what a ReInit or a branching promised.
  private static func validateSuccession(
    of group: PublicGroup, psks: [PreSharedKeyID], prior: Group?, application: some MLSApplication
  ) throws(MLSError) {
    if let prior, case .reinitialized(let reinit) = prior.status, reinit.groupID == group.groupID {
      try check(.reinitPSK, psks.contains { $0.kind == .resumption(usage: .reinit, groupID: prior.groupID, epoch: prior.epoch) })
    }
    for id in psks {
      guard case .resumption(let usage, let groupID, let epoch) = id.kind, usage != .application else { continue }
      guard let prior, prior.groupID == groupID else { throw .missingPSK }
      let before = prior.tree.leaves
      let now = group.tree.leaves
      if usage == .reinit {
        try check(.reinitEpoch, group.epoch == 1)
        try check(.reinitParameters, prior.status == .reinitialized(group.asReInit) && epoch == prior.epoch)
        for (_, old) in before {
          try check(.reinitMembers, now.contains { application.representSameClient(old, $0.node) })
        }
      } else {
        try check(.branchEpoch, group.epoch == 1)
        try check(
          .branchParameters,
          group.context.version == prior.context.version && group.context.cipherSuite == prior.context.cipherSuite)
        for (_, new) in now {
          try check(.branchMembers, before.contains { application.representSameClient($0.node, new) })
        }
      }
    }
  }
}

extension PublicGroup {
  /// The ReInit that this group would fulfil.
  fileprivate var asReInit: ReInit {
    ReInit(groupID: groupID, version: context.version, cipherSuite: context.cipherSuite, extensions: context.extensions)
  }
}
