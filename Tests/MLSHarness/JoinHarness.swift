// What a joiner and a delivery service are given: Welcome, GroupInfo, tree.
import CryptoInterface
import MLS
import MLSScenarios
import TLSCodec

enum JoinHarness {
  /// First byte: bit 0 real cryptography, bits 1 and 2 what follows.
  static func run(_ bytes: [UInt8]) {
    guard let flags = bytes.first else { return }
    let rest = Array(bytes.dropFirst())
    if flags & 1 == 0 { run(rest, flags, SharedGroups.pretended) } else { run(rest, flags, SharedGroups.seeded) }
  }

  private static func run<Crypto>(_ bytes: [UInt8], _ flags: UInt8, _ live: LiveGroup<Crypto>) {
    live.crypto.source.restart(5)
    switch flags >> 1 & 3 {
    case 0: groupInfo(bytes, live)
    case 1: welcome(bytes, live)
    case 2: tree(ByteSource(bytes), live)
    default: secrets(ByteSource(bytes), live)
    }
  }

  /// A GroupInfo as bytes; its tree inside or that of the group.
  private static func groupInfo<Crypto>(_ bytes: [UInt8], _ live: LiveGroup<Crypto>) {
    guard let info = try? GroupInfo(decoding: bytes) else { return }
    follow(info, nil, live)
    follow(info, live.delivery.tree, live)
  }

  private static func follow<Crypto>(_ info: GroupInfo, _ tree: RatchetTree?, _ live: LiveGroup<Crypto>) {
    guard var group = try? PublicGroup(groupInfo: info, tree: tree, application: live.app, using: live.crypto) else { return }
    precondition(group.tree.encoded() == (try? RatchetTree(decoding: group.tree.encoded()))?.encoded(), "a valid tree does not encode")
    // An outsider joins it, and the delivery service that took the GroupInfo follows.
    let client = live.outsiders[0].client
    guard let joining = try? Group.joinExternally(info, tree: tree, identity: client.identity, application: live.app, using: live.crypto),
      case .publicMessage(let message) = joining.message
    else { return }
    do {
      try group.adopt(group.process(commit: message, application: live.app, using: live.crypto))
    } catch {
      precondition(error == .rule(.signature) || error == .rule(.credential), "an external commit of ours is refused: \(error)")
      return
    }
    Afterwards.check(joining.group, using: live.crypto)
    Afterwards.checkJoinable(joining.group, using: live.crypto)
  }

  /// A Welcome as bytes, for the key package of the first outsider.
  private static func welcome<Crypto>(_ bytes: [UInt8], _ live: LiveGroup<Crypto>) {
    guard let welcome = try? Welcome(decoding: bytes) else { return }
    join(welcome, nil, live)
    join(welcome, live.delivery.tree, live)
  }

  private static func join<Crypto>(_ welcome: Welcome, _ tree: RatchetTree?, _ live: LiveGroup<Crypto>) {
    let context = JoiningContext(tree: tree, priorGroup: live.members[0])
    do {
      let group = try Group.join(welcome, with: live.outsiders[0].bundle, context, application: live.app, using: live.crypto)
      Afterwards.check(group, using: live.crypto)
      Afterwards.checkJoinable(group, using: live.crypto)
    } catch {
      if case .internalError(let text) = error { fatalError("a Welcome reached what should be impossible: \(text)") }
    }
  }

  /// A tree that the script has built, with hashes, context and signatures that fit it.
  private static func tree<Crypto>(_ script: ByteSource, _ live: LiveGroup<Crypto>) {
    var script = script
    guard let made = Forger(live).tree(&script) else { return }
    let (info, tree) = made
    if script.bool() { follow(info, nil, live) } else { follow(info, tree, live) }
  }

  /// A Welcome to such a group with group secrets of the script's making.
  private static func secrets<Crypto>(_ script: ByteSource, _ live: LiveGroup<Crypto>) {
    var script = script
    guard let (info, tree) = Forger(live).tree(&script) else { return }
    let crypto = live.crypto
    let suite = live.suite
    let bundle = live.outsiders[0].bundle
    var psks: [PreSharedKeyID] = []
    for _ in 0..<script.choice(3) {
      let usages: [ResumptionPSKUsage] = [.application, .reinit, .branch]
      psks.append(
        PreSharedKeyID(
          .resumption(usage: usages[script.choice(3)], groupID: live.delivery.groupID, epoch: live.delivery.epoch &- UInt64(script.choice(3))),
          nonce: script.take(script.bool() ? 32 : 0)))
    }
    let joiner = JoinerSecret(Secret(script.take(script.rarely(8) ? script.choice(40) : 32)))
    let path = script.bool() ? PathSecret(Secret(script.take(script.rarely(8) ? script.choice(40) : 32))) : nil
    let plaintext = GroupSecrets(joinerSecret: joiner, pathSecret: path, psks: psks).encoded()
    let known = psks.map { id -> (id: PreSharedKeyID, secret: Secret) in
      guard case .resumption(_, _, let epoch) = id.kind else { return (id, .zeros(32)) }
      return (id, live.members[0]?.resumptionPSK(of: epoch)?.secret ?? .zeros(32))
    }
    let psk = PSKSecret.combine(known, suite, using: crypto)
    let epoch = EpochSecrets(joiner: joiner, psk: psk, context: info.groupContext.encoded(), suite, using: crypto)
    var info2 = info
    info2.confirmationTag = epoch.confirmationTag(info.groupContext.confirmedTranscriptHash, suite, using: crypto)
    let signer = live.clients[0].identity.signatureKeyPair.privateKey
    do {
      try info2.sign(suite, with: signer, using: crypto)
      let (key, nonce) = EpochSecrets.welcomeSecret(joiner, psk: psk, suite, using: crypto).keyAndNonce(suite, using: crypto)
      let encrypted = try crypto.aeadSeal(suite.aead, key: key, nonce: nonce.exposed, aad: [], info2.encoded())
      let sealed = try crypto.encryptWithLabel(
        suite, to: bundle.keyPackage.initKey, label: Array("Welcome".utf8), context: encrypted, Secret(plaintext))
      let entry = EncryptedGroupSecrets(newMember: try bundle.keyPackage.ref(using: crypto), encryptedGroupSecrets: sealed)
      join(Welcome(cipherSuite: suite.suite, secrets: [entry], encryptedGroupInfo: encrypted), tree, live)
    } catch { return }
  }

  static func seeds() -> [[UInt8]] { seeds(SharedGroups.pretended, 0) + seeds(SharedGroups.seeded, 1) }

  private static func seeds<Crypto>(_ live: LiveGroup<Crypto>, _ flag: UInt8) -> [[UInt8]] {
    live.crypto.source.restart(6)
    var result: [[UInt8]] = []
    for withTree in [true, false] {
      if let info = try? live.members[1]?.groupInfo(withTree: withTree, using: live.crypto) { result.append([flag] + info.encoded()) }
      if var member = live.members[1],
        let pending = try? member.commit(
          CommitOptions(proposals: [.add(live.outsiders[0].bundle.keyPackage)], welcomeCarriesTree: withTree), application: live.app,
          using: live.crypto), let welcome = pending.welcome
      { result.append([flag | 2] + welcome.encoded()) }
    }
    for mode in [4, 6] as [UInt8] {
      for length in [0, 8, 40, 120] {
        result.append([flag | mode] + (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37) })
      }
    }
    return result
  }
}

/// Makes groups that never were: trees of any shape, in a context that fits.
struct Forger<Crypto: ReplayableCrypto> {
  let live: LiveGroup<Crypto>
  init(_ live: LiveGroup<Crypto>) { self.live = live }

  func tree(_ script: inout ByteSource) -> (GroupInfo, RatchetTree)? {
    let crypto = live.crypto
    let suite = live.suite
    let groupID = script.rarely(8) ? [] : live.delivery.groupID
    var tree = script.bool() ? RatchetTree() : live.delivery.tree
    func leaf(_ client: Int, _ index: LeafIndex) -> LeafNode {
      var leaf = live.delivery.tree[LeafIndex(0)] ?? live.outsiders[0].bundle.keyPackage.leafNode
      let identity = live.clients[client].identity
      leaf.signatureKey = identity.signatureKeyPair.publicKey
      leaf.credential = identity.credential
      leaf.source = .update
      if let pair = try? crypto.generateKeyPair(suite.kem) { leaf.encryptionKey = pair.publicKey }
      try? leaf.sign(suite, with: identity.signatureKeyPair.privateKey, groupID: groupID, leafIndex: index, using: crypto)
      return leaf
    }
    for _ in 0..<script.choice(12) {
      let index = LeafIndex(UInt32(script.choice(Int(tree.leafCount))))
      switch script.byte() % 6 {
      case 0: _ = try? tree.add(leaf(script.choice(live.clients.count), index))
      case 1: tree.update(index, leaf(script.choice(live.clients.count), index))
      case 2: tree.remove([index])
      case 3, 4:
        // A commit's path, parent hashes included.
        let client = script.choice(live.clients.count)
        _ = try? tree.createPath(
          author: index, leaf: leaf(client, index), groupID: groupID,
          signingKey: live.clients[client].identity.signatureKeyPair.privateKey, private: nil, suite, using: crypto)
      default: _ = try? tree.add(live.outsiders[0].bundle.keyPackage.leafNode)
      }
    }
    // Distortions of single nodes.
    if script.rarely(2) {
      var nodes: [Node?] = (0..<tree.nodeCount).map { tree[NodeIndex($0)] }
      for _ in 0..<1 + script.choice(3) {
        let i = script.choice(nodes.count)
        switch script.byte() % 6 {
        case 0: nodes[i] = nil
        case 1: nodes[i] = nodes[script.choice(nodes.count)]
        case 2:
          if case .parent(var parent)? = nodes[i] {
            parent.unmergedLeaves = (0..<script.choice(4)).map { _ in
              LeafIndex(script.rarely(8) ? UInt32(truncatingIfNeeded: script.edge()) : UInt32(script.choice(10)))
            }
            if script.bool() { parent.unmergedLeaves.sort() }
            nodes[i] = .parent(parent)
          }
        case 3: nodes[i] = .parent(ParentNode(encryptionKey: HPKEPublicKey(script.take(script.bool() ? 32 : 0))))
        case 4:
          if case .leaf(var leaf)? = nodes[i] {
            leaf.source = script.bool() ? .commit(parentHash: script.take(script.choice(34))) : .keyPackage(.always)
            leaf.capabilities.extensions += [ExtensionType(script.uint16())]
            leaf.extensions.entries.append(Extension(ExtensionType(script.uint16()), []))
            nodes[i] = .leaf(leaf)
          }
        default: nodes.append(contentsOf: [nil, nodes[i]])
        }
      }
      while let last = nodes.last, last == nil { nodes.removeLast() }
      guard let other = try? RatchetTree(nodes: nodes) else { return nil }
      tree = other
    }
    var context = live.delivery.context
    context.groupID = groupID
    context.treeHash = tree.treeHash(suite.hash, using: crypto)
    if script.rarely(4) { context.epoch = script.edge() }
    if script.rarely(4) { context.extensions = [] }
    if script.rarely(8) {
      context.extensions.entries.append(Extension(ExtensionType(UInt16(script.choice(8))), script.take(script.choice(12))))
    }
    if script.rarely(8) { context.confirmedTranscriptHash = script.take(script.choice(40)) }
    var extensions = Extensions([Extension(.ratchetTree, tree.encoded())])
    if let pair = try? live.members[0]?.state.secrets.externalKeyPair(suite, using: crypto) {
      extensions.entries.append(Extension(.externalPub, ExternalPub(pair.publicKey).encoded()))
    }
    let key = live.clients[0].identity.signatureKeyPair
    let signer = tree.leaf(signingWith: key.publicKey) ?? LeafIndex(UInt32(script.choice(10)))
    var info = GroupInfo(
      groupContext: context, extensions: extensions, confirmationTag: script.rarely(8) ? [] : [UInt8](repeating: 0, count: 32), signer: signer)
    try? info.sign(suite, with: key.privateKey, using: crypto)
    return (info, tree)
  }
}
