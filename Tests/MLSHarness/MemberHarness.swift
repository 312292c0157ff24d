// A malicious member: contents of any structure, with valid signatures, tags, parent hashes and transcripts, as only a holder of the group's keys
// can make them. The bytes choose who, what and how it is distorted.
import CryptoInterface
import MLS
import MLSScenarios
import TLSCodec

enum MemberHarness {
  /// First byte: which group, two of eight with real cryptography; the rest is the script.
  static func run(_ bytes: [UInt8]) {
    guard let flags = bytes.first else { return }
    let script = ByteSource(Array(bytes.dropFirst()))
    switch flags & 7 {
    case 1: play(script, SharedGroups.seeded)
    case 3: play(script, SharedGroups.seededFilled)
    case 2, 5, 6: play(script, SharedGroups.pretendedFilled)
    default: play(script, SharedGroups.pretended)
    }
  }

  private static func play<Crypto>(_ script: ByteSource, _ live: LiveGroup<Crypto>) {
    live.crypto.source.restart(4)
    var scene = Scene(live: live, script: script)
    // Fewer members, more runs; those left share no subtree but two.
    scene.live.members[2] = nil
    scene.live.members[4] = nil
    var steps = 0
    while !scene.script.isEmpty && steps < 6 {
      scene.step()
      steps += 1
    }
    scene.finish()
  }
}

/// One run: the group, the script, and what was accepted.
struct Scene<Crypto: ReplayableCrypto> {
  var live: LiveGroup<Crypto>
  var script: ByteSource

  private var crypto: Crypto { live.crypto }
  private var app: TrustEveryone { live.app }

  /// What everybody who is left agrees on is a good group.
  func finish() {
    guard let last = live.members.compactMap({ $0 }).first(where: { $0.status == .active && $0.epoch > live.startEpoch }) else { return }
    Afterwards.checkJoinable(last, using: crypto)
    Afterwards.check(last, using: crypto)
    Afterwards.check(live.delivery, using: crypto)
  }

  mutating func step() {
    let author = script.choice(live.members.count)
    guard let member = live.members[author] else { return }
    do {
      switch script.byte() % 8 {
      case 0, 1:
        let content = Content.proposal(proposal(from: .member(member.leafIndex), member))
        deliver(try frame(content, by: member), from: author)
      case 2, 3:
        if let message = try commit(by: member) { deliver(message, from: author) }
      case 4: deliver(try frame(.application(script.take(script.choice(8))), by: member), from: author)
      case 5: deliver(try outside(), from: nil)
      case 6: deliver(try externalCommit(member), from: nil)
      default: honest(author)
      }
    } catch {
      // The script asked for what cannot even be made.
    }
  }

  // MARK: Delivery

  /// To everybody but the author; what they make of it must agree.
  private mutating func deliver(_ message: MLSMessage, from author: Int?) {
    guard let received = try? MLSMessage(decoding: message.encoded()) else { return }
    var accepted: [Int] = []
    var refused: [Int] = []
    var isCommit = false
    for i in live.members.indices where i != author {
      guard var member = live.members[i], member.status != .removed else { continue }
      do {
        switch try member.receive(received, application: app, using: crypto) {
        case .commit(let staged):
          isCommit = true
          try member.adopt(staged, at: 1)
          accepted.append(i)
        case .ownCommit: try member.adoptPendingCommit(at: 1)
        case .proposal, .application: break
        }
        live.members[i] = member
      } catch {
        if case MLSError.internalError(let text) = error { fatalError("a peer's message reached what should be impossible: \(text)") }
        refused.append(i)
      }
    }
    if case .publicMessage(let publicMessage) = received {
      if case .commit = publicMessage.content.content {
        if accepted.isEmpty { return }
        do { try live.delivery.adopt(live.delivery.process(commit: publicMessage, application: app, using: crypto)) } catch {
          // A delivery service that missed encrypted proposals or commits cannot follow.
          precondition(error == .unknownProposal || isBehind(error), "a member accepted what the delivery service refuses: \(error)")
        }
      } else {
        _ = try? live.delivery.receive(proposal: publicMessage, application: app, using: crypto)
      }
    }
    guard isCommit, !accepted.isEmpty else { return }
    // The author goes by its own message; those who could not open their part of the path are cut off.
    if let author { live.members[author] = nil }
    for i in refused { live.members[i] = nil }
    var active: Group?
    for i in accepted {
      guard let member = live.members[i] else { continue }
      if member.status == .removed {
        Afterwards.check(member, using: crypto)
        var gone = member
        gone.forget()
        precondition(gone.records().count == 1, "a member that forgot keeps records")
        live.members[i] = nil
        continue
      }
      if let active {
        precondition(active.epochAuthenticator == member.epochAuthenticator && active.context == member.context, "members disagree")
      }
      active = member
    }
  }

  private func isBehind(_ error: MLSError) -> Bool {
    if case .wrongEpoch = error { return true }
    // Its proposals may differ where encrypted ones were involved.
    return true
  }

  /// An honest member goes on with what the others have left.
  private mutating func honest(_ i: Int) {
    guard var member = live.members[i] else { return }
    do {
      let pending = try member.pendingCommit ?? member.commit(application: app, using: crypto)
      deliver(pending.message, from: i)
      try member.adoptPendingCommit(at: 1)
      live.members[i] = member
    } catch {
      if case MLSError.internalError(let text) = error { fatalError("an honest commit reached what should be impossible: \(text)") }
    }
  }

  // MARK: Framing

  /// Signs and protects with the member's keys; some of it distorted before signing, some after.
  private mutating func frame(_ content: Content, by member: Group, confirmationTag: [UInt8]? = nil, isPrivate: Bool? = nil) throws
    -> MLSMessage
  {
    let group = member.state.publicGroup
    let encrypted = isPrivate ?? (content.type == .application || script.bool())
    var framed = FramedContent(
      groupID: group.groupID, epoch: group.epoch, sender: .member(member.leafIndex),
      authenticatedData: script.rarely(8) ? script.take(script.choice(70)) : [], content: content)
    if script.rarely(16) { framed.sender = sender() }
    if script.rarely(16) { framed.epoch = script.edge() }
    let wireFormat: WireFormat = encrypted ? .privateMessage : .publicMessage
    let signature = try framed.sign(
      wireFormat, context: group.encodedContext, with: member.state.signingKey, live.suite, using: crypto)
    let authenticated = AuthenticatedContent(
      wireFormat: wireFormat, content: framed, auth: FramedContentAuthData(signature: signature, confirmationTag: confirmationTag))
    if !encrypted {
      let tag = PublicMessage.membershipTag(
        authenticated, context: group.encodedContext, key: member.state.secrets.membershipKey, live.suite, using: crypto)
      var isMember = false
      if case .member = framed.sender { isMember = true }
      return .publicMessage(PublicMessage(content: framed, auth: authenticated.auth, membershipTag: isMember ? tag : nil))
    }
    guard case .member(let leaf) = framed.sender, leaf.value < group.tree.leafCount else { throw MLSError.usage(.invalidArgument) }
    var (key, _) = try member.state.secretTree.nextKey(
      leaf, content.type == .application ? .application : .handshake, live.suite, using: crypto)
    if script.rarely(8) { key.generation = UInt32(truncatingIfNeeded: script.edge()) }
    var message = try PrivateMessage.protect(
      authenticated, key: key, senderDataSecret: member.state.secrets.senderDataSecret, padding: script.choice(4), live.suite,
      using: crypto)
    if script.rarely(16) { message.contentType = [.application, .proposal, .commit][script.choice(3)] }
    if script.rarely(16) { message.epoch = script.edge() }
    return .privateMessage(message)
  }

  private mutating func sender() -> Sender {
    switch script.byte() % 4 {
    case 0: .member(index())
    case 1: .external(UInt32(truncatingIfNeeded: script.edge()))
    case 2: .newMemberProposal
    default: .newMemberCommit
    }
  }

  private mutating func index() -> LeafIndex {
    script.rarely(8) ? LeafIndex(UInt32(truncatingIfNeeded: script.edge())) : LeafIndex(UInt32(script.choice(10)))
  }

  /// Proposals of senders who are not members.
  private mutating func outside() throws -> MLSMessage {
    let group = live.delivery
    let isJoin = script.bool()
    let (client, bundle) = live.outsiders[script.choice(live.outsiders.count)]
    let sender: Sender = isJoin ? .newMemberProposal : .external(script.rarely(8) ? 1 : 0)
    let key = isJoin ? client.identity.signatureKeyPair.privateKey : live.externalSender.privateKey
    let content: Content
    if isJoin && !script.rarely(8) {
      content = .proposal(.add(bundle.keyPackage))
    } else {
      guard let member = live.members.compactMap({ $0 }).first else { throw MLSError.usage(.invalidArgument) }
      content = script.rarely(8) ? .commit(Commit(proposals: [])) : .proposal(proposal(from: sender, member))
    }
    let framed = FramedContent(groupID: group.groupID, epoch: group.epoch, sender: sender, authenticatedData: [], content: content)
    let signature = try framed.sign(.publicMessage, context: group.encodedContext, with: key, live.suite, using: crypto)
    return .publicMessage(
      PublicMessage(
        content: framed, auth: FramedContentAuthData(signature: signature, confirmationTag: content.type == .commit ? [0] : nil)))
  }

  // MARK: Contents

  private mutating func proposal(from sender: Sender, _ member: Group) -> Proposal {
    switch script.byte() % 12 {
    case 0, 1: return .add(keyPackage())
    case 2:
      var at = member.leafIndex
      if case .member(let index) = sender { at = index }
      return .update(leaf(at: at, member, source: .update))
    case 3, 4, 5: return .remove(index())
    case 6: return .psk(psk(member))
    case 7:
      return .reinit(
        ReInit(
          groupID: script.take(script.choice(3)), version: ProtocolVersion(script.rarely(4) ? 0 : 1), cipherSuite: CipherSuite(script.uint16()),
          extensions: extensions()))
    case 8: return .externalInit(kemOutput: script.take(script.bool() ? 32 : script.choice(40)))
    case 9: return .groupContextExtensions(script.bool() ? extensions() : member.context.extensions)
    case 10:
      return .appDataUpdate(
        AppDataUpdate(ComponentID(0x8000 + UInt16(script.choice(3))), script.bool() ? .remove : .update(script.take(script.choice(4)))))
    default: return .selfRemove
    }
  }

  private mutating func psk(_ member: Group) -> PreSharedKeyID {
    let nonce = script.take(script.rarely(4) ? script.choice(40) : 32)
    switch script.byte() % 4 {
    case 0: return PreSharedKeyID(.external(id: script.take(script.choice(4))), nonce: nonce)
    case 1: return PreSharedKeyID(.application(component: ComponentID(script.uint16()), id: []), nonce: nonce)
    default:
      let usages: [ResumptionPSKUsage] = [.application, .reinit, .branch]
      let back = UInt64(script.choice(8))
      return PreSharedKeyID(
        .resumption(
          usage: script.rarely(4) ? usages[script.choice(3)] : .application, groupID: member.groupID,
          epoch: script.rarely(8) ? script.edge() : member.epoch &- back), nonce: nonce)
    }
  }

  private mutating func extensions() -> Extensions {
    var result = Extensions()
    for _ in 0..<script.choice(4) {
      let types: [ExtensionType] = [
        .applicationID, .ratchetTree, .requiredCapabilities, .externalPub, .externalSenders, .appDataDictionary, ExtensionType(0x0A0A),
        ExtensionType(script.uint16()),
      ]
      let type = types[script.choice(types.count)]
      var data: [UInt8]
      switch type {
      case .requiredCapabilities:
        data = RequiredCapabilities(
          extensionTypes: script.bool() ? [.appDataDictionary] : [], proposalTypes: script.bool() ? [.selfRemove, .appDataUpdate] : [],
          credentialTypes: script.rarely(4) ? [CredentialType(script.uint16())] : []
        ).encoded()
      case .externalSenders:
        data = ExternalSenders([ExternalSender(signatureKey: live.externalSender.publicKey, credential: .basic(identity: []))]).encoded()
      case .appDataDictionary:
        var dictionary = AppDataDictionary()
        for _ in 0..<script.choice(3) { dictionary[ComponentID(script.uint16())] = script.take(script.choice(3)) }
        data = dictionary.encoded()
      default: data = script.take(script.choice(4))
      }
      if script.rarely(16) { data = script.take(script.choice(8)) }
      result.entries.append(Extension(type, data))
    }
    return result
  }

  private mutating func keyPackage() -> KeyPackage {
    let (client, bundle) = live.outsiders[script.choice(live.outsiders.count)]
    var keyPackage = bundle.keyPackage
    if !script.rarely(3) { return keyPackage }
    let key = client.identity.signatureKeyPair.privateKey
    distort(&keyPackage.leafNode)
    try? keyPackage.leafNode.sign(live.suite, with: key, using: crypto)
    switch script.byte() % 8 {
    case 0: keyPackage.initKey = HPKEPublicKey(script.take(script.choice(40)))
    case 1: keyPackage.initKey = keyPackage.leafNode.encryptionKey
    case 2: keyPackage.extensions = extensions()
    case 3: keyPackage.cipherSuite = CipherSuite(script.uint16())
    default: break
    }
    try? keyPackage.sign(live.suite, with: key, using: crypto)
    if script.rarely(16) { keyPackage.signature = [0xFF] }
    return keyPackage
  }

  /// A leaf for a place in the tree: mostly fresh and good.
  private mutating func leaf(at index: LeafIndex, _ member: Group, source: LeafNodeSource) -> LeafNode {
    var leaf = member.tree[index] ?? member.tree[member.leafIndex] ?? live.outsiders[0].bundle.keyPackage.leafNode
    if !script.rarely(8), let pair = try? crypto.generateKeyPair(live.suite.kem) { leaf.encryptionKey = pair.publicKey }
    leaf.source = source
    if script.rarely(4) { distort(&leaf) }
    try? leaf.sign(live.suite, with: member.state.signingKey, groupID: member.groupID, leafIndex: index, using: crypto)
    return leaf
  }

  private mutating func distort(_ leaf: inout LeafNode) {
    for _ in 0..<1 + script.choice(2) {
      switch script.byte() % 12 {
      case 0: leaf.capabilities.extensions = [ExtensionType(script.uint16())]
      case 1: leaf.capabilities.proposals = []
      case 2: leaf.capabilities.credentials = script.bool() ? [.x509] : [.basic, .x509, .basic]
      case 3: leaf.capabilities.versions = []
      case 4: leaf.capabilities.cipherSuites.append(contentsOf: leaf.capabilities.cipherSuites)
      case 5: leaf.credential = .x509(certificates: [script.take(script.choice(4)), []])
      case 6: leaf.credential = .basic(identity: script.take(script.choice(4)))
      case 7: leaf.extensions = extensions()
      case 8: leaf.source = script.bool() ? .update : .keyPackage(Lifetime(notBefore: script.edge(), notAfter: script.edge()))
      case 9: leaf.encryptionKey = HPKEPublicKey(script.take(script.choice(40)))
      case 10: leaf.encryptionKey = someKey()
      default: leaf.signatureKey = live.clients[script.choice(live.clients.count)].identity.signatureKeyPair.publicKey
      }
    }
  }

  /// A key that stands in the tree already.
  private mutating func someKey() -> HPKEPublicKey {
    let tree = live.delivery.tree
    return tree[NodeIndex(UInt32(script.choice(Int(tree.nodeCount))))]?.encryptionKey ?? HPKEPublicKey([])
  }

  // MARK: Commits

  private mutating func entries(_ sender: Sender, _ member: Group) -> [(entry: ProposalOrRef, proposal: Proposal, sender: Sender)] {
    var result: [(ProposalOrRef, Proposal, Sender)] = []
    let waiting = member.proposals
    if !waiting.isEmpty && script.bool() {
      for pending in waiting { result.append((.reference(pending.ref), pending.proposal, pending.sender)) }
    }
    for _ in 0..<script.choice(5) {
      if !waiting.isEmpty && script.rarely(4) {
        let pending = waiting[script.choice(waiting.count)]
        result.append((.reference(pending.ref), pending.proposal, pending.sender))
      } else {
        let proposal = proposal(from: sender, member)
        result.append((.proposal(proposal), proposal, sender))
      }
    }
    return result
  }

  /// What the list does, without asking whether it may.
  private func apply(_ entries: [(entry: ProposalOrRef, proposal: Proposal, sender: Sender)], _ member: Group) throws
    -> (tree: RatchetTree, extensions: Extensions, added: [LeafIndex])
  {
    var tree = member.tree
    var extensions = member.context.extensions
    var removed: [LeafIndex] = []
    var added: [LeafIndex] = []
    for (_, proposal, sender) in entries {
      switch proposal {
      case .update(let leaf):
        if case .member(let index) = sender, index.value < tree.leafCount { tree.update(index, leaf) }
      case .remove(let index): if index.value < tree.leafCount { removed.append(index) }
      case .selfRemove: if case .member(let index) = sender, index.value < tree.leafCount { removed.append(index) }
      case .groupContextExtensions(let new): extensions = new
      default: break
      }
    }
    tree.remove(removed)
    for case (_, .add(let keyPackage), _) in entries { added.append(try tree.add(keyPackage.leafNode)) }
    if entries.contains(where: { $0.proposal.type == .appDataUpdate }) {
      var dictionary = AppDataDictionary()
      if let data = extensions[.appDataDictionary] { dictionary = try AppDataDictionary(decoding: data) }
      for case (_, .appDataUpdate(let update), _) in entries {
        if case .update(let data) = update.operation { dictionary[update.component] = data } else { dictionary[update.component] = nil }
      }
      extensions[.appDataDictionary] = dictionary.encoded()
    }
    return (tree, extensions, added)
  }

  private mutating func commit(by member: Group) throws -> MLSMessage? {
    let own = Sender.member(member.leafIndex)
    let entries = entries(own, member)
    var (tree, extensions, added) = try apply(entries, member)
    var context = member.context
    context.extensions = extensions
    context.epoch &+= 1
    var path: UpdatePath?
    var commitSecret = Secret.zeros(live.suite.hash.size)
    if !script.rarely(4) && member.leafIndex.value < tree.leafCount {
      let template = leaf(at: member.leafIndex, member, source: .update)
      let new = try tree.createPath(
        author: member.leafIndex, leaf: template, groupID: member.groupID, signingKey: member.state.signingKey,
        private: member.state.privateState, live.suite, using: crypto)
      context.treeHash = tree.treeHash(live.suite.hash, using: crypto)
      var made = try tree.seal(new, excluding: Set(added), context: context.encoded(), live.suite, using: crypto)
      commitSecret = new.commitSecret
      distort(&made)
      path = made
    }
    context.treeHash = tree.treeHash(live.suite.hash, using: crypto)
    let content = Content.commit(Commit(proposals: entries.map { $0.entry }, path: path))
    return try finish(content, member, context, commitSecret, initSecret: member.state.secrets.initSecret)
  }

  /// The confirmation tag as an honest committer computes it, and the framing.
  private mutating func finish(
    _ content: Content, _ member: Group, _ next: GroupContext, _ commitSecret: Secret, initSecret: InitSecret
  ) throws -> MLSMessage {
    let group = member.state.publicGroup
    let encrypted = script.rarely(4)
    let framed = FramedContent(
      groupID: group.groupID, epoch: group.epoch, sender: .member(member.leafIndex), authenticatedData: [], content: content)
    let wireFormat: WireFormat = encrypted ? .privateMessage : .publicMessage
    let signature = try framed.sign(wireFormat, context: group.encodedContext, with: member.state.signingKey, live.suite, using: crypto)
    var context = next
    context.confirmedTranscriptHash = TranscriptHash.confirmed(
      interim: group.interimTranscriptHash, wireFormat: wireFormat, content: framed, signature: signature, live.suite.hash, using: crypto)
    let joiner = EpochSecrets.joinerSecret(
      initSecret, commitSecret: commitSecret, context: context.encoded(), live.suite, using: crypto)
    let secrets = EpochSecrets(
      joiner: joiner, psk: .zeros(live.suite.hash.size), context: context.encoded(), live.suite, using: crypto)
    let tag = secrets.confirmationTag(context.confirmedTranscriptHash, live.suite, using: crypto)
    let authenticated = AuthenticatedContent(
      wireFormat: wireFormat, content: framed, auth: FramedContentAuthData(signature: signature, confirmationTag: tag))
    if encrypted {
      let (key, _) = try member.state.secretTree.nextKey(member.leafIndex, .handshake, live.suite, using: crypto)
      return .privateMessage(
        try PrivateMessage.protect(
          authenticated, key: key, senderDataSecret: member.state.secrets.senderDataSecret, padding: 0, live.suite, using: crypto))
    }
    return .publicMessage(
      try PublicMessage(
        protecting: authenticated, context: group.encodedContext, membershipKey: member.state.secrets.membershipKey, live.suite,
        using: crypto))
  }

  private mutating func distort(_ path: inout UpdatePath) {
    if !script.rarely(4) { return }
    switch script.byte() % 8 {
    case 0: if !path.nodes.isEmpty { path.nodes.removeLast() }
    case 1: path.nodes.append(UpdatePathNode(encryptionKey: someKey(), encryptedPathSecret: []))
    case 2: if let i = path.nodes.indices.randomElement(using: &script) { path.nodes[i].encryptionKey = someKey() }
    case 3: if let i = path.nodes.indices.randomElement(using: &script) { path.nodes[i].encryptedPathSecret.removeAll() }
    case 4:
      if let i = path.nodes.indices.randomElement(using: &script) {
        path.nodes[i].encryptedPathSecret = path.nodes[i].encryptedPathSecret.map { _ in
          HPKECiphertext(kemOutput: script.take(script.choice(40)), ciphertext: script.take(script.choice(60)))
        }
      }
    case 5: path.leafNode.source = .commit(parentHash: script.take(script.choice(40)))
    case 6: path.leafNode.encryptionKey = someKey()
    default: distort(&path.leafNode)
    }
  }

  private mutating func externalCommit(_ member: Group) throws -> MLSMessage {
    let info = try member.groupInfo(withTree: true, using: crypto)
    var extra: [Proposal] = []
    for _ in 0..<script.choice(3) {
      let proposal = proposal(from: .newMemberCommit, member)
      // What the honest code would refuse at once is put in afterwards.
      extra.append(proposal)
    }
    var selfRemoves: [PublicMessage] = []
    if script.rarely(4), let i = live.members.indices.first(where: { live.members[$0] != nil }), var leaver = live.members[i] {
      if case .publicMessage(let message) = try leaver.propose(.selfRemove, application: app, using: crypto) {
        selfRemoves.append(message)
        deliver(.publicMessage(message), from: i)
        live.members[i] = leaver
      }
    }
    let client = live.outsiders[script.choice(live.outsiders.count)].client
    let joining = try Group.joinExternally(
      info, identity: client.identity, replacing: script.rarely(3) ? index() : nil, selfRemoves: selfRemoves,
      proposals: script.rarely(4) ? extra : [], application: app, using: crypto)
    guard case .publicMessage(var message) = joining.message, case .commit(var commit) = message.content.content else {
      return joining.message
    }
    if script.rarely(3) {
      commit.proposals += extra.map { .proposal($0) }
      if var path = commit.path {
        distort(&path)
        commit.path = path
      }
      if script.rarely(8) { commit.path = nil }
      message.content.content = .commit(commit)
      message.auth.signature = try message.content.sign(
        .publicMessage, context: live.delivery.encodedContext, with: client.identity.signatureKeyPair.privateKey, live.suite, using: crypto)
    }
    return .publicMessage(message)
  }
}

extension ByteSource: RandomNumberGenerator {
  /// A byte decides. The ones below it keep the standard library from drawing again, which behind the end of the bytes it would do for ever.
  mutating func next() -> UInt64 { UInt64(byte()) << 56 | 0x00FF_FFFF_FFFF_FFFF }
}
