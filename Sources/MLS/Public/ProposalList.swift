// RFC 9420 §12.1 to §12.3: whether proposals are valid, alone and as a list, and what they do to the tree and the context.
import CryptoInterface
import TLSCodec

/// A proposal as a commit covers it.
struct CommittedProposal {
  var proposal: Proposal
  /// Who proposed it: for a proposal by value the committer.
  var sender: Sender
  /// Referenced ones were verified when they arrived, signatures in them included.
  var byReference: Bool
  var ref: ProposalRef?
}

/// A signature to verify, and the rule that says so.
struct UnverifiedSignature {
  var rule: Rule
  var item: SignatureToVerify
}

/// The valid list of a commit, sorted by what it does.
struct ProposalList {
  var adds: [KeyPackage] = []
  var updates: [(leaf: LeafIndex, node: LeafNode, ref: ProposalRef?)] = []
  /// Removes and SelfRemoves.
  var removes: [LeafIndex] = []
  var selfRemoves: [LeafIndex] = []
  var psks: [PreSharedKeyID] = []
  var reinit: ReInit?
  var kemOutput: [UInt8]?
  var extensions: Extensions?
  var appDataUpdates: [AppDataUpdate] = []
  var requiresPath = false
  var isEmpty = true
  /// Key packages and leaves whose signatures have not been verified yet, each with the rule that it breaks where it is bad.
  var unverified: [UnverifiedSignature] = []
}

extension PublicGroup {
  /// Looks up what a commit names.
  func resolve(_ entries: [ProposalOrRef], committer: Sender) throws(MLSError) -> [CommittedProposal] {
    var result: [CommittedProposal] = []
    var named: Set<ProposalRef> = []
    for entry in entries {
      switch entry {
      case .proposal(let proposal):
        try check(.selfRemoveByReference, proposal.type != .selfRemove)
        result.append(CommittedProposal(proposal: proposal, sender: committer, byReference: false))
      case .reference(let ref):
        // 33 bytes that name a large proposal again and again would cost its size each time.
        try check(.proposalNamedOnce, named.insert(ref).inserted)
        guard let i = proposalsByRef[ref] else { throw .unknownProposal }
        result.append(
          CommittedProposal(proposal: proposals[i].proposal, sender: proposals[i].sender, byReference: true, ref: ref))
      }
    }
    return result
  }

  /// RFC 9420 §12.1: whether a proposal is valid by itself, in the current epoch.
  /// - Returns: the signatures that remain to be verified.
  func validate(
    _ proposal: Proposal, from sender: Sender, application: some MLSApplication,
    using crypto: some CryptoProvider
  ) throws(MLSError) -> [UnverifiedSignature] {
    try check(.proposalPermitted, application.permits(proposal, from: sender, in: self))
    switch proposal {
    case .add(let keyPackage):
      try validate(keyPackage, using: crypto)
      return [
        UnverifiedSignature(rule: .keyPackageSignature, item: keyPackage.signatureToVerify),
        UnverifiedSignature(
          rule: .leafSignature, item: keyPackage.leafNode.signatureToVerify(groupID: groupID, leafIndex: LeafIndex(0))),
      ]
    case .update(let leaf):
      guard case .member(let index) = sender, let old = tree[index] else { throw .internalError("an Update of no member was not rejected") }
      try check(.leafSourceUpdate, leaf.source == .update)
      try check(.updateEncryptionKey, leaf.encryptionKey != old.encryptionKey)
      try check(.credentialSuccession, application.validateSuccession(from: old, to: leaf))
      return [UnverifiedSignature(rule: .leafSignature, item: leaf.signatureToVerify(groupID: groupID, leafIndex: index))]
    case .remove(let index):
      try check(.removeTarget, tree[index] != nil)
      guard index.value < tree.leafCount else { throw .internalError("a Remove of no leaf was not rejected") }
    case .psk(let id):
      if case .resumption(let usage, _, _) = id.kind {
        // Setting up a successor is the first commit of a group of one.
        let setsUp = epoch == 0 && tree.memberCount == 1
        try check(.pskReinitUsage, usage != .reinit || setsUp)
        try check(.pskBranchUsage, usage != .branch || setsUp)
      }
      try check(.pskNonce, id.nonce.count == suite.hash.size)
    case .reinit(let reinit):
      try check(.reinitVersion, reinit.version.rawValue >= context.version.rawValue)
      // A ReInit ends the group: it must lead somewhere that all members can go. The successor may keep the id, for the old group is no more.
      try check(
        .reinitSupported,
        tree.census.allSupport(reinit.version) && tree.census.allSupport(reinit.cipherSuite) && !reinit.groupID.isEmpty)
      try reinit.extensions.validateForGroup(application: application)
      try tree.census.validate(reinit.extensions)
    case .groupContextExtensions(let extensions):
      try extensions.validateForGroup(replacing: context.extensions, application: application)
    case .externalInit:
      // RFC 9420 §12.1.6: in no other context than an external commit, so not as a message of its own either.
      try check(.externalInitInCommit, sender == .newMemberCommit)
    case .selfRemove, .appDataUpdate:
      break
    }
    return []
  }

  /// RFC 9420 §10.1, but for the signatures and the leaf's validity in the group, which is checked with the new extensions when it is applied.
  func validate(_ keyPackage: KeyPackage, using crypto: some CryptoProvider) throws(MLSError) {
    try check(
      .keyPackageVersionAndSuite, keyPackage.version == context.version && keyPackage.cipherSuite == context.cipherSuite)
    try check(.keyPackageInitKey, keyPackage.initKey != keyPackage.leafNode.encryptionKey)
    try check(.publicKey, crypto.isValid(keyPackage.initKey, suite))
    try check(.duplicateExtension, !keyPackage.extensions.hasDuplicates)
    // RFC 9420 §10, MUST; unknown ones MUST be ignored, so that a peer's unlisted GREASE is no reason to refuse.
    for entry in keyPackage.extensions.entries where entry.type == .appDataDictionary {
      try check(.keyPackageExtensionsListed, keyPackage.leafNode.capabilities.supports(entry.type))
    }
    if case .keyPackage = keyPackage.leafNode.source { } else { try check(.leafSourceKeyPackage, false) }
    if keyPackage.extensions[.appDataDictionary] != nil { _ = try keyPackage.extensions.appDataDictionary() }
  }

  /// RFC 9420 §12.2, for a regular or an external commit.
  func validate(
    _ proposals: [CommittedProposal], committer: Sender, pathLeaf: LeafNode?,
    application: some MLSApplication, using crypto: some CryptoProvider
  ) throws(MLSError) -> ProposalList {
    var list = ProposalList()
    list.isEmpty = proposals.isEmpty
    var types: Set<ProposalType> = []
    var changed: Set<LeafIndex> = []
    var selfRemoved: Set<LeafIndex> = []
    var pskIDs: Set<PreSharedKeyID> = []
    var appData: [ComponentID: (updates: Int, removes: Int)] = [:]
    let isExternal = committer == .newMemberCommit
    var externalInits = 0
    for entry in proposals {
      let type = entry.proposal.type
      if isExternal {
        try check(.externalCommitByValue, !entry.byReference || type == .selfRemove)
        try check(
          .externalCommitTypes,
          type == .externalInit || type == .remove || type == .psk || type == .selfRemove || type == .appDataUpdate)
      }
      let signatures = try validate(
        entry.proposal, from: entry.sender, application: application, using: crypto)
      if !entry.byReference { list.unverified += signatures }
      types.insert(type)
      if type.requiresPath { list.requiresPath = true }
      switch entry.proposal {
      case .add(let keyPackage):
        list.adds.append(keyPackage)
      case .update(let node):
        try check(.committerUpdate, entry.sender != committer)
        guard case .member(let index) = entry.sender else { throw .internalError("an Update of no member was not rejected") }
        try check(.oneChangePerLeaf, changed.insert(index).inserted)
        list.updates.append((index, node, entry.ref))
      case .remove(let index):
        try check(.committerRemove, committer != .member(index))
        try check(.selfRemoveAndRemove, !selfRemoved.contains(index))
        try check(.oneChangePerLeaf, changed.insert(index).inserted)
        list.removes.append(index)
      case .selfRemove:
        // Others than members are refused before: by value, and as external senders.
        guard case .member(let index) = entry.sender else { throw .internalError("a SelfRemove of no member was not rejected") }
        try check(.committerRemove, committer != .member(index))
        try check(.selfRemoveAndRemove, !list.removes.contains(index))
        try check(.oneChangePerLeaf, changed.insert(index).inserted || list.removes.contains(index))
        selfRemoved.insert(index)
        list.selfRemoves.append(index)
      case .psk(let id):
        try check(.duplicatePSK, pskIDs.insert(id).inserted)
        list.psks.append(id)
      case .reinit(let reinit):
        list.reinit = reinit
      case .externalInit(let kemOutput):
        externalInits += 1
        list.kemOutput = kemOutput
      case .groupContextExtensions(let extensions):
        try check(.oneGroupContextExtensions, list.extensions == nil)
        list.extensions = extensions
      case .appDataUpdate(let update):
        var count = appData[update.component] ?? (0, 0)
        if update.operation == .remove { count.removes += 1 } else { count.updates += 1 }
        appData[update.component] = count
        list.appDataUpdates.append(update)
      }
    }
    if list.reinit != nil { try check(.reinitAlone, proposals.count == 1) }
    for count in appData.values {
      try check(.appDataOperations, count.removes == 0 || (count.removes == 1 && count.updates == 0))
    }
    // RFC 9420 §12.2: those whom the commit removes need not support its types.
    var remaining = tree.census
    for index in changed where list.removes.contains(index) || list.selfRemoves.contains(index) {
      if let leaf = tree[index] { remaining.remove(leaf) }
    }
    for type in types { try check(.proposalTypeSupported, remaining.allSupport(type)) }
    for component in appData.keys { try check(.appDataComponent, remaining.allSupport(component)) }
    try validateAdds(list)
    if isExternal {
      try check(.externalCommitInit, externalInits == 1)
      try check(.externalCommitRemove, list.removes.count <= 1)
      if let index = list.removes.first, let old = tree[index], let new = pathLeaf {
        // The criteria of an Update for the removed leaf.
        try check(.externalCommitSuccession, application.validateSuccession(from: old, to: new))
        try check(.updateEncryptionKey, new.encryptionKey != old.encryptionKey)
      }
    }
    return list
  }

  /// RFC 9420 §12.2: no client is added twice or again. "The same client" is here the same signature key; applications that know better refuse in `permits`.
  private func validateAdds(_ list: ProposalList) throws(MLSError) {
    var keys: Set<SignaturePublicKey> = []
    for keyPackage in list.adds {
      let key = keyPackage.leafNode.signatureKey
      try check(.duplicateAdd, keys.insert(key).inserted)
      if let existing = tree.leaf(signingWith: key) {
        try check(.addedMemberExists, list.removes.contains(existing) || list.selfRemoves.contains(existing))
      }
    }
  }

  /// RFC 9420 §12.3, and AppDataUpdate after the default proposals: the tree and extensions after the list.
  func apply(_ list: ProposalList, application: some MLSApplication, using crypto: some CryptoProvider) throws(MLSError)
    -> (tree: RatchetTree, extensions: Extensions, added: [LeafIndex])
  {
    var tree = self.tree
    var extensions = self.context.extensions
    if let new = list.extensions {
      if let required = try requiredCapabilities(), required.proposalTypes.contains(.appDataUpdate) {
        try check(.appDataUntouched, new[.appDataDictionary] == extensions[.appDataDictionary])
      }
      extensions = new
    }
    for update in list.updates { tree.update(update.leaf, update.node) }
    tree.remove(list.selfRemoves + list.removes)
    var added: [LeafIndex] = []
    for keyPackage in list.adds { added.append(try tree.add(keyPackage.leafNode)) }
    try apply(list.appDataUpdates, to: &extensions, application: application)
    var context = self.context
    context.extensions = extensions
    if list.extensions != nil || !list.appDataUpdates.isEmpty {
      guard context.encoded().count <= Limits.contextBytes else { throw .decoding(.limitExceeded("contextBytes")) }
    }
    let required = try extensions.parsed(.requiredCapabilities, as: RequiredCapabilities.self)
    // RFC 9420 §7.3 with the new extensions, for every leaf that the list sets.
    for index in added + list.updates.map({ $0.leaf }) {
      guard let leaf = tree[index] else { continue }
      try leaf.validate(in: context, required: required, suite, application: application, using: crypto)
      try tree.validateAmongMembers(index)
    }
    // RFC 9420 §12.1.7 and §13.4: those added are covered above; the census counts all who remain. AppDataUpdate may bring the dictionary in.
    if extensions != self.context.extensions { try tree.census.validate(extensions) }
    try verify(list.unverified, using: crypto)
    return (tree, extensions, added)
  }

  /// Verifies signatures as one batch.
  func verify(_ signatures: [UnverifiedSignature], using crypto: some CryptoProvider) throws(MLSError) {
    let valid = crypto.verify(suite.signature, batch: signatures.map { $0.item })
    for (i, signature) in signatures.enumerated() { try check(signature.rule, valid[i]) }
  }

  /// draft-ietf-mls-extensions, "A client applies AppDataUpdate proposals by component ID".
  private func apply(_ updates: [AppDataUpdate], to extensions: inout Extensions, application: some MLSApplication) throws(MLSError) {
    if updates.isEmpty { return }
    // As a table: a commit can change all 65,536 components.
    var table: [ComponentID: [UInt8]] = [:]
    for entry in try extensions.appDataDictionary().entries { table[entry.component] = entry.data }
    var order: [ComponentID] = []
    var byComponent: [ComponentID: [[UInt8]]] = [:]
    for update in updates {
      switch update.operation {
      case .remove:
        try check(.appDataRemovePresent, table[update.component] != nil)
        table[update.component] = nil
      case .update(let data):
        if byComponent[update.component] == nil { order.append(update.component) }
        byComponent[update.component, default: []].append(data)
      }
    }
    for component in order {
      let new = application.apply(byComponent[component] ?? [], to: table[component], of: component)
      try check(.appDataAccepted, new != nil)
      table[component] = new ?? []
    }
    let dictionary = AppDataDictionary(table)
    let encoded = dictionary.encoded()
    guard encoded.count <= Limits.parsedExtensionBytes, dictionary.entries.count <= Limits.dictionaryEntries else {
      throw .decoding(.limitExceeded("app_data_dictionary"))
    }
    extensions[.appDataDictionary] = encoded
  }
}
