// Which records a group has, what each holds, and how a group is loaded from them.
import CryptoInterface
import TLSCodec

extension Group {
  /// What to write since the last call. Write it in one transaction with what led to it, before any message leaves.
  public mutating func takeChanges() -> [RecordChange] {
    var changes: [RecordChange] = []
    changes.reserveCapacity(dirty.count)
    for key in dirty { changes.append(RecordChange(key, value(of: key))) }
    dirty = []
    return changes
  }

  /// The first changes of a group that takes the place of another under the same id (a resync, or joining again): also deletes what only the old one had.
  public mutating func takeChanges(replacing old: Group) -> [RecordChange] {
    let new = records()
    dirty = []
    let kept = Set(new.map { $0.key })
    return new + old.records().filter { !kept.contains($0.key) }.map { RecordChange($0.key, nil) }
  }

  /// All records of the group.
  public func records() -> [RecordChange] {
    var copy = self
    copy.dirty = []
    copy.markEverything()
    return copy.takeChanges()
  }

  // MARK: Marking

  mutating func markEverything() {
    if status == .forgotten {
      dirty.insert(.header)
      return
    }
    for i in 0..<abandoned.count { dirty.insert(.abandonedCommit(UInt32(i))) }
    dirty.formUnion([.header, .privateKeys, .pendingCommit])
    for node in 0..<tree.nodeCount { dirty.insert(.node(node)) }
    mark(epoch, state.secretTree)
    for past in pastEpochs {
      mark(past.epoch, past.secretTree)
      for leaf in past.formerLeaves.keys { dirty.insert(.formerLeaf(epoch: past.epoch, leaf: leaf)) }
    }
    for proposal in proposals { dirty.insert(.proposal(proposal.ref)) }
    for update in ownUpdates { dirty.insert(.ownUpdate(update.ref)) }
  }

  private mutating func mark(_ epoch: UInt64, _ tree: SecretTree) {
    dirty.insert(.epoch(epoch))
    for node in tree.nodes.keys { dirty.insert(.secretNode(epoch: epoch, node: node)) }
    for leaf in tree.ratchets.keys { dirty.insert(.ratchet(epoch: epoch, leaf: leaf)) }
  }

  /// The records of an epoch that is dropped: they are deleted, since nothing in the group has them any more.
  mutating func markRemoved(_ past: PastEpoch) {
    mark(past.epoch, past.secretTree)
    for leaf in past.formerLeaves.keys { dirty.insert(.formerLeaf(epoch: past.epoch, leaf: leaf)) }
  }

  /// Steps a ratchet of this or a past epoch.
  mutating func apply(_ step: SecretTree.Step, epoch: UInt64) {
    if epoch == self.epoch {
      state.secretTree.apply(step)
    } else if let i = pastEpochs.firstIndex(where: { $0.epoch == epoch }) {
      pastEpochs[i].secretTree.apply(step)
    }
    dirty.insert(.ratchet(epoch: epoch, leaf: step.leaf))
    for node in step.removed { dirty.insert(.secretNode(epoch: epoch, node: node)) }
    for entry in step.added { dirty.insert(.secretNode(epoch: epoch, node: entry.node)) }
  }

  mutating func markEpochChange(to next: EpochState, ending past: PastEpoch) {
    dirty.formUnion([.header, .privateKeys, .epoch(past.epoch), .pendingCommit])
    for leaf in past.formerLeaves.keys { dirty.insert(.formerLeaf(epoch: past.epoch, leaf: leaf)) }
    for proposal in proposals { dirty.insert(.proposal(proposal.ref)) }
    for update in ownUpdates { dirty.insert(.ownUpdate(update.ref)) }
    mark(next.publicGroup.epoch, next.secretTree)
    let nextTree = next.publicGroup.tree
    for node in nextTree.changedNodes(nextTree.touched) { dirty.insert(.node(node)) }
    // Where the tree grew or shrank, the new or lost nodes and the new root.
    let (small, large) = (min(tree.nodeCount, nextTree.nodeCount), max(tree.nodeCount, nextTree.nodeCount))
    for node in small..<large { dirty.insert(.node(node)) }
  }

  /// A removed member's secrets and tree are deleted, its header says why.
  mutating func forgetEpochSecrets() {
    markEverything()
    pastEpochs = []
    ownUpdates = []
    pending = nil
    abandoned = []
    let empty = Secret([])
    state.secrets = EpochSecrets(
      senderDataSecret: SenderDataSecret(empty), encryptionSecret: EncryptionSecret(empty), exporterSecret: ExporterSecret(empty),
      externalSecret: ExternalSecret(empty), confirmationKey: ConfirmationKey(empty), membershipKey: MembershipKey(empty),
      resumptionPSK: ResumptionPSK(empty), epochAuthenticator: EpochAuthenticator(empty), initSecret: InitSecret(empty))
    state.secretTree = SecretTree(leafCount: 1, nodes: [:], ratchets: [:])
    state.privateState.keys = [:]
    state.signingKey = SignaturePrivateKey(empty)
    // The tree too, so that what is in memory is what would be loaded.
    state.publicGroup = PublicGroup(context: context, tree: RatchetTree(), confirmationTag: [], interimTranscriptHash: [], suite: suite)
  }

  // MARK: Values

  private func value(of key: RecordKey) -> [UInt8]? {
    var w = Writer()
    w.uint16(RecordVersion.current)
    if status == .forgotten && key != .header { return nil }
    switch key {
    case .header: writeHeader(&w)
    case .privateKeys: state.privateState.encode(to: &w)
    case .node(let node):
      guard node < tree.nodeCount else { return nil }
      tree.stored(node).encode(to: &w)
    case .epoch(let epoch):
      guard writeEpoch(epoch, &w) else { return nil }
    case .secretNode(let epoch, let node):
      guard let secret = secretTree(epoch)?.nodes[node] else { return nil }
      w.secret(secret)
    case .ratchet(let epoch, let leaf):
      guard let ratchets = secretTree(epoch)?.ratchets[leaf] else { return nil }
      ratchets.encode(to: &w)
    case .formerLeaf(let epoch, let leaf):
      guard let past = pastEpochs.first(where: { $0.epoch == epoch }), let former = past.formerLeaves[leaf] else { return nil }
      w.optional(former)
    case .proposal(let ref):
      guard let i = state.publicGroup.proposalsByRef[ref] else { return nil }
      w.uint32(UInt32(i))
      proposals[i].sender.encode(to: &w)
      proposals[i].proposal.encode(to: &w)
    case .ownUpdate(let ref):
      guard let update = ownUpdates.first(where: { $0.ref == ref }) else { return nil }
      w.secret(update.encryptionKey.secret)
      w.secret(update.signingKey.secret)
    case .pendingCommit:
      guard let pending else { return nil }
      pending.write(&w, base: tree)
    case .abandonedCommit(let i):
      guard i < UInt32(abandoned.count) else { return nil }
      abandoned[Int(i)].write(&w, base: tree)
    }
    return w.bytes
  }

  private func secretTree(_ epoch: UInt64) -> SecretTree? {
    if epoch == self.epoch { return state.secretTree }
    return pastEpochs.first { $0.epoch == epoch }?.secretTree
  }

  private func writeHeader(_ w: inout Writer) {
    switch status {
    case .active: w.uint8(1)
    case .removed: w.uint8(2)
    case .reinitialized(let reinit):
      w.uint8(3)
      reinit.encode(to: &w)
    case .forgotten: w.uint8(4)
    }
    w.uint16(cipherSuite.rawValue)
    w.uint64(epoch)
    w.uint32(tree.leafCount)
    w.uint32(leafIndex.value)
    w.secret(state.signingKey.secret)
    context.encode(to: &w)
  }

  private func writeEpoch(_ epoch: UInt64, _ w: inout Writer) -> Bool {
    if epoch == self.epoch {
      w.uint8(1)
      w.opaque(state.publicGroup.confirmationTag)
      w.opaque(state.publicGroup.interimTranscriptHash)
      state.secrets.encode(to: &w)
      return true
    }
    guard let past = pastEpochs.first(where: { $0.epoch == epoch }) else { return false }
    w.uint8(2)
    w.opaque(past.context)
    w.uint64(past.endedAt)
    w.uint32(past.secretTree.leafCount)
    w.secret(past.senderDataSecret.secret)
    w.secret(past.resumptionPSK.secret)
    return true
  }
}

extension PendingCommit {
  /// With the new epoch's state, its tree as what differs from the current one.
  fileprivate func write(_ w: inout Writer, base: RatchetTree) {
    w.opaque(message.encoded())
    w.optional(welcome)
    groupInfo.encode(to: &w)
    w.vector(added)
    w.vector(removed)
    w.vector(covered)
    w.vector(leftOut)
    next.publicGroup.context.encode(to: &w)
    w.opaque(next.publicGroup.confirmationTag)
    w.opaque(next.publicGroup.interimTranscriptHash)
    w.optional(next.publicGroup.reinit)
    next.secrets.encode(to: &w)
    next.privateState.encode(to: &w)
    w.secret(next.signingKey.secret)
    // The secret tree is untouched: its root alone.
    w.secret(next.secretTree.nodes.first?.value ?? Secret([]))
    let tree = next.publicGroup.tree
    w.uint32(tree.leafCount)
    var changed = tree.changedNodes(tree.touched)
    if base.nodeCount < tree.nodeCount { for node in base.nodeCount..<tree.nodeCount { changed.insert(node) } }
    let touched = tree.touched
    w.vector { (w: inout Writer) in
      for node in changed.sorted() where node < tree.nodeCount {
        w.uint32(node)
        w.uint8(touched.contains(node) ? 1 : 0)
        tree.stored(node).encode(to: &w)
      }
    }
    // Records of earlier versions end here.
    if let pathExport { w.secret(pathExport.secret) }
  }

  fileprivate init(from r: inout Reader, base: RatchetTree, suite: CipherSuiteParameters) throws(MLSError) {
    do throws(DecodingError) {
      message = try MLSMessage(decoding: try r.opaque())
      welcome = try r.optional()
      groupInfo = try GroupInfo(from: &r)
      added = try r.vector()
      removed = try r.vector()
      covered = try r.vector()
      leftOut = try r.vector()
      let context = try GroupContext(from: &r)
      let tag = try r.opaque()
      let interim = try r.opaque()
      let reinit: ReInit? = try r.optional()
      let secrets = try EpochSecrets(from: &r)
      let privateState = try TreeKEMPrivateState(from: &r)
      let signingKey = SignaturePrivateKey(try r.secret())
      let root = try r.secret()
      let leafCount = try r.uint32()
      guard leafCount.nonzeroBitCount == 1, leafCount <= Limits.treeLeaves else { throw .invalidValue("leaf count") }
      var list = try r.nested()
      var nodes: [(UInt32, StoredNode)] = []
      var touched: [UInt32] = []
      while !list.isAtEnd {
        let index = try list.uint32()
        if try list.presence() { touched.append(index) }
        nodes.append((index, try StoredNode(from: &list)))
      }
      var tree = base
      do throws(MLSError) { try tree.resize(toLeaves: leafCount, nodes) } catch { throw .invalidValue("pending tree") }
      tree.forgetTouched()
      tree.markTouched(touched)
      var group = PublicGroup(context: context, tree: tree, confirmationTag: tag, interimTranscriptHash: interim, suite: suite)
      group.reinit = reinit
      next = EpochState(
        publicGroup: group, secrets: secrets,
        secretTree: SecretTree(leafCount: leafCount, nodes: [TreeMath.root(leaves: leafCount).value: root], ratchets: [:]),
        privateState: privateState, signingKey: signingKey)
      pathExport = r.isAtEnd ? nil : PathExport(stored: try r.secret())
    } catch { throw .decoding(error) }
  }
}

extension Group {
  /// Loads a group from its records. Tree hashes and secrets are as stored; nothing is derived again.
  /// - Throws: `.corruptRecord` where one is missing or does not fit; `.decoding`.
  public init(records: [RecordChange], reordering: ReorderingPolicy = ReorderingPolicy(), using crypto: some CryptoProvider) throws(MLSError) {
    var loader = RecordLoader()
    for record in records {
      guard let value = record.value else { continue }
      do throws(DecodingError) { try loader.read(record.key, value) } catch { throw .decoding(error) }
    }
    self = try loader.finish(reordering, using: crypto)
    dirty = []
  }

  fileprivate init(
    state: EpochState, pastEpochs: [PastEpoch], ownUpdates: [OwnUpdate], status: Status, reordering: ReorderingPolicy
  ) {
    self.state = state
    self.pastEpochs = pastEpochs
    self.ownUpdates = ownUpdates
    self.status = status
    self.reordering = reordering
  }

  fileprivate mutating func setPending(_ value: PendingCommit?, abandoned: [PendingCommit]) {
    pending = value
    self.abandoned = abandoned
  }
}

/// Collects records in any order.
private struct RecordLoader {
  struct Header {
    var status: Group.Status
    var suite: CipherSuite
    var epoch: UInt64
    var leafCount: UInt32
    var leafIndex: LeafIndex
    var signingKey: SignaturePrivateKey
    var context: GroupContext
  }
  struct Past {
    var context: [UInt8]
    var endedAt: UInt64
    var leafCount: UInt32
    var senderDataSecret: SenderDataSecret
    var resumptionPSK: ResumptionPSK
  }
  var header: Header?
  var privateState: TreeKEMPrivateState?
  var nodes: [(UInt32, StoredNode)] = []
  var current: [UInt64: (tag: [UInt8], interim: [UInt8], secrets: EpochSecrets)] = [:]
  var past: [UInt64: Past] = [:]
  var secretNodes: [UInt64: [UInt32: Secret]] = [:]
  var ratchets: [UInt64: [UInt32: LeafRatchets]] = [:]
  var formerLeaves: [UInt64: [UInt32: LeafNode?]] = [:]
  var proposals: [(UInt32, PendingProposal)] = []
  var ownUpdates: [OwnUpdate] = []
  var pending: Reader?
  var abandoned: [UInt32: Reader] = [:]

  mutating func read(_ key: RecordKey, _ value: [UInt8]) throws(DecodingError) {
    var r = Reader(value)
    try r.version()
    switch key {
    case .header: header = try Self.header(&r)
    case .privateKeys: privateState = try TreeKEMPrivateState(from: &r)
    case .node(let node): nodes.append((node, try StoredNode(from: &r)))
    case .epoch(let epoch):
      if try r.uint8() == 1 {
        current[epoch] = (tag: try r.opaque(), interim: try r.opaque(), secrets: try EpochSecrets(from: &r))
      } else {
        past[epoch] = Past(
          context: try r.opaque(), endedAt: try r.uint64(), leafCount: try r.uint32(), senderDataSecret: SenderDataSecret(try r.secret()),
          resumptionPSK: ResumptionPSK(try r.secret()))
      }
    case .secretNode(let epoch, let node): secretNodes[epoch, default: [:]][node] = try r.secret()
    case .ratchet(let epoch, let leaf): ratchets[epoch, default: [:]][leaf] = try LeafRatchets(from: &r)
    case .formerLeaf(let epoch, let leaf):
      let former: LeafNode? = try r.optional()
      formerLeaves[epoch, default: [:]][leaf] = .some(former)
    case .proposal(let ref):
      let position = try r.uint32()
      let sender = try Sender(from: &r)
      proposals.append((position, PendingProposal(ref: ref, proposal: try Proposal(from: &r), sender: sender)))
    case .ownUpdate(let ref):
      ownUpdates.append(
        OwnUpdate(ref: ref, encryptionKey: HPKEPrivateKey(try r.secret()), signingKey: SignaturePrivateKey(try r.secret())))
    case .pendingCommit:
      pending = r
      return
    case .abandonedCommit(let i):
      abandoned[i] = r
      return
    }
    try r.finish()
  }

  private static func header(_ r: inout Reader) throws(DecodingError) -> Header {
    let status: Group.Status
    switch try r.uint8() {
    case 1: status = .active
    case 2: status = .removed
    case 3: status = .reinitialized(try ReInit(from: &r))
    case 4: status = .forgotten
    case let other: throw .unknownValue(type: "Group.Status", value: UInt64(other))
    }
    return Header(
      status: status, suite: CipherSuite(try r.uint16()), epoch: try r.uint64(), leafCount: try r.uint32(),
      leafIndex: LeafIndex(try r.uint32()), signingKey: SignaturePrivateKey(try r.secret()), context: try GroupContext(from: &r))
  }

  func finish(_ reordering: ReorderingPolicy, using crypto: some CryptoProvider) throws(MLSError) -> Group {
    guard let header else { throw .corruptRecord("header") }
    let suite = try crypto.parameters(of: header.suite)
    guard header.epoch < .max else { throw .corruptRecord("epoch") }
    if header.status == .forgotten { return Self.forgotten(header, suite, reordering) }
    // Records of two groups of one id must not mix: there is one current epoch, and it is the header's.
    guard let privateState, current.count == 1, let current = current[header.epoch] else { throw .corruptRecord("epoch") }
    guard header.context.cipherSuite == header.suite, header.context.epoch == header.epoch else { throw .corruptRecord("header") }
    guard header.leafCount.nonzeroBitCount == 1, header.leafCount <= Limits.treeLeaves, nodes.count == Int(2 * header.leafCount - 1) else {
      throw .corruptRecord("tree")
    }
    var tree = RatchetTree()
    try tree.resize(toLeaves: header.leafCount, nodes)
    tree.forgetTouched()
    guard privateState.leafIndex == header.leafIndex, privateState.fits(tree) else { throw .corruptRecord("private keys") }
    guard current.secrets.fit(suite) else { throw .corruptRecord("epoch") }
    var group = PublicGroup(
      context: header.context, tree: tree, confirmationTag: current.tag, interimTranscriptHash: current.interim, suite: suite)
    for (i, entry) in proposals.sorted(by: { $0.0 < $1.0 }).enumerated() {
      try group.append(entry.1)
      guard entry.0 == UInt32(i), group.proposals.count == i + 1 else { throw .corruptRecord("proposal") }
    }
    if case .reinitialized(let reinit) = header.status { group.reinit = reinit }
    let state = EpochState(
      publicGroup: group, secrets: current.secrets,
      secretTree: try secretTree(header.epoch, leafCount: header.leafCount, suite), privateState: privateState, signingKey: header.signingKey)
    var pastEpochs: [PastEpoch] = []
    for epoch in past.keys.sorted() {
      guard let entry = past[epoch], epoch < header.epoch, entry.senderDataSecret.secret.count == suite.hash.size,
        entry.resumptionPSK.secret.count == suite.hash.size
      else { throw .corruptRecord("past epoch") }
      pastEpochs.append(
        PastEpoch(
          epoch: epoch, context: entry.context, senderDataSecret: entry.senderDataSecret, resumptionPSK: entry.resumptionPSK,
          secretTree: try secretTree(epoch, leafCount: entry.leafCount, suite),
          formerLeaves: formerLeaves[epoch] ?? [:], endedAt: entry.endedAt))
    }
    var result = Group(
      state: state, pastEpochs: pastEpochs, ownUpdates: ownUpdates, status: header.status, reordering: reordering)
    var commits: [PendingCommit] = []
    for i in abandoned.keys.sorted() {
      if let reader = abandoned[i] { commits.append(try Self.commit(reader, header, tree, suite)) }
    }
    var waiting: PendingCommit?
    if let pending { waiting = try Self.commit(pending, header, tree, suite) }
    result.setPending(waiting, abandoned: commits)
    return result
  }

  private static func commit(_ reader: Reader, _ header: Header, _ tree: RatchetTree, _ suite: CipherSuiteParameters) throws(MLSError)
    -> PendingCommit
  {
    var reader = reader
    let commit = try PendingCommit(from: &reader, base: tree, suite: suite)
    do { try reader.finish() } catch { throw .decoding(error) }
    guard commit.next.publicGroup.epoch > header.epoch, commit.next.leafIndex == header.leafIndex,
      commit.next.privateState.fits(commit.tree), commit.next.secrets.fit(suite), commit.next.secretTree.fits(suite)
    else { throw .corruptRecord("pending commit") }
    return commit
  }

  private func secretTree(_ epoch: UInt64, leafCount: UInt32, _ suite: CipherSuiteParameters) throws(MLSError) -> SecretTree {
    guard leafCount.nonzeroBitCount == 1, leafCount <= Limits.treeLeaves else { throw .corruptRecord("secret tree") }
    let tree = SecretTree(leafCount: leafCount, nodes: secretNodes[epoch] ?? [:], ratchets: ratchets[epoch] ?? [:])
    guard tree.fits(suite) else { throw .corruptRecord("secret tree") }
    return tree
  }

  private static func forgotten(_ header: Header, _ suite: CipherSuiteParameters, _ reordering: ReorderingPolicy) -> Group {
    let empty = Secret([])
    let secrets = EpochSecrets(
      senderDataSecret: SenderDataSecret(empty), encryptionSecret: EncryptionSecret(empty), exporterSecret: ExporterSecret(empty),
      externalSecret: ExternalSecret(empty), confirmationKey: ConfirmationKey(empty), membershipKey: MembershipKey(empty),
      resumptionPSK: ResumptionPSK(empty), epochAuthenticator: EpochAuthenticator(empty), initSecret: InitSecret(empty))
    var privateState = TreeKEMPrivateState(leafIndex: header.leafIndex, leafKey: HPKEPrivateKey(empty))
    privateState.keys = [:]
    let group = PublicGroup(
      context: header.context, tree: RatchetTree(), confirmationTag: [], interimTranscriptHash: [], suite: suite)
    return Group(
      state: EpochState(
        publicGroup: group, secrets: secrets, secretTree: SecretTree(leafCount: 1, nodes: [:], ratchets: [:]), privateState: privateState,
        signingKey: header.signingKey), pastEpochs: [], ownUpdates: [], status: .forgotten, reordering: reordering)
  }
}

extension RatchetTree {
  /// Grows or cuts to a stored size and sets stored nodes.
  mutating func resize(toLeaves leaves: UInt32, _ nodes: [(UInt32, StoredNode)]) throws(MLSError) {
    if leaves < leafCount {
      for index in (2 * leaves - 1)..<nodeCount where self[NodeIndex(index)] != nil { set(NodeIndex(index), nil) }
      cut(toLeaves: leaves)
    }
    grow(toLeaves: leaves)
    try restore(nodes)
  }
}

// What is read from a store is not trusted to have the sizes that the arithmetic of trees and nonces relies on.

extension TreeKEMPrivateState {
  fileprivate func fits(_ tree: RatchetTree) -> Bool {
    tree[leafIndex] != nil && keys[leafIndex.node.value] != nil && keys.keys.allSatisfy { $0 < tree.nodeCount }
  }
}

extension EpochSecrets {
  fileprivate func fit(_ suite: CipherSuiteParameters) -> Bool {
    for secret in [
      senderDataSecret.secret, exporterSecret.secret, externalSecret.secret, confirmationKey.secret, membershipKey.secret,
      resumptionPSK.secret, epochAuthenticator.secret, initSecret.secret,
    ] where secret.count != suite.hash.size { return false }
    return true
  }
}

extension SecretTree {
  fileprivate func fits(_ suite: CipherSuiteParameters) -> Bool {
    for (node, secret) in nodes where node >= TreeMath.nodeCount(leaves: leafCount) || secret.count != suite.hash.size { return false }
    for (leaf, pair) in ratchets {
      if leaf >= leafCount { return false }
      for ratchet in [pair.handshake, pair.application] {
        if ratchet.secret.count != suite.hash.size { return false }
        for key in ratchet.skipped where key.key.count != suite.aead.keySize || key.nonce.count != suite.aead.nonceSize { return false }
      }
    }
    return true
  }
}
