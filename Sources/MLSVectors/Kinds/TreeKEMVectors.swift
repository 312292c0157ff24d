// "TreeKEM": RFC 9420 §7.4 to §7.6.
import CryptoInterface
import MLS
import TLSCodec

enum TreeKEMVectors {
  /// A member's private side, as the file gives it.
  private struct Member {
    var state: TreeKEMPrivateState
    var signatureKey: SignaturePrivateKey
  }

  /// What all update paths of a case start from.
  private struct Setting {
    var suite: CipherSuiteParameters
    var tree: RatchetTree
    var groupID: [UInt8]
    var epoch: UInt64
    var confirmedTranscriptHash: [UInt8]

    /// The encoded GroupContext for a path that gives this tree hash.
    func context(treeHash: [UInt8]) -> [UInt8] {
      GroupContext(
        cipherSuite: suite.suite, groupID: groupID, epoch: epoch, treeHash: treeHash, confirmedTranscriptHash: confirmedTranscriptHash
      ).encoded()
    }
  }

  static func verify(_ vector: VectorCase, using crypto: some CryptoProvider) throws(CaseProblem) {
    let setting = Setting(
      suite: try vector.suite(using: crypto), tree: try vector.decoded("ratchet_tree"), groupID: try vector.bytes("group_id"),
      epoch: try vector.uint64("epoch"), confirmedTranscriptHash: try vector.bytes("confirmed_transcript_hash"))
    var members: [UInt32: Member] = [:]
    for entry in try vector.objects("leaves_private") {
      let index = try entry.uint32("index")
      try expect(members[index] == nil, "\(entry.name("index")) stands there twice")
      members[index] = try member(entry, at: LeafIndex(index), setting, using: crypto)
    }
    for (index, _) in setting.tree.leaves { try expect(members[index.value] != nil, "leaves_private lacks leaf \(index.value)") }
    for entry in try vector.objects("update_paths") {
      try verify(path: entry, setting, members, using: crypto)
    }
  }

  /// Reads a member's keys and checks that the tree has their public halves.
  private static func member(_ entry: VectorCase, at index: LeafIndex, _ setting: Setting, using crypto: some CryptoProvider)
    throws(CaseProblem) -> Member
  {
    let suite = setting.suite
    guard let leaf = setting.tree[index] else { throw .failed("\(entry.name("index")): leaf \(index.value) is blank") }
    let leafKey = try entry.hpkePrivateKey("encryption_priv", suite)
    let publicKey = try attemptCrypto(entry.name("encryption_priv")) { () throws(CryptoError) in
      try crypto.publicKey(suite.kem, of: leafKey)
    }
    try expect(publicKey == leaf.encryptionKey, "\(entry.name("encryption_priv")) does not belong to the leaf's public key")
    let signatureKey = try entry.signaturePrivateKey("signature_priv", suite)
    let verificationKey = try attemptCrypto(entry.name("signature_priv")) { () throws(CryptoError) in
      try crypto.publicKey(suite.signature, of: signatureKey)
    }
    try expect(verificationKey == leaf.signatureKey, "\(entry.name("signature_priv")) does not belong to the leaf's public key")
    var state = TreeKEMPrivateState(leafIndex: index, leafKey: leafKey)
    for secret in try entry.objects("path_secrets") {
      let node = NodeIndex(try secret.uint32("node"))
      guard let parent = setting.tree.parentNode(node) else { throw .failed("\(secret.name("node")): node \(node.value) is blank") }
      let pathSecret = PathSecret(try secret.secret("path_secret"))
      let pair = try attempt(secret.name("path_secret")) { () throws(MLSError) in try pathSecret.keyPair(suite, using: crypto) }
      try expect(pair.publicKey == parent.encryptionKey, "\(secret.name("path_secret")) does not give the public key of node \(node.value)")
      state.keys[node.value] = pair.privateKey
    }
    return Member(state: state, signatureKey: signatureKey)
  }

  private static func verify(path entry: VectorCase, _ setting: Setting, _ members: [UInt32: Member], using crypto: some CryptoProvider)
    throws(CaseProblem)
  {
    let suite = setting.suite
    let sender = LeafIndex(try entry.uint32("sender"))
    guard let senderLeaf = setting.tree[sender], let senderMember = members[sender.value] else {
      throw .failed("\(entry.name("sender")): leaf \(sender.value) is blank")
    }
    let update = try entry.decoded("update_path", as: UpdatePath.self)
    try expect(
      crypto.verify(suite.signature, update.leafNode.signatureToVerify(groupID: setting.groupID, leafIndex: sender)),
      "\(entry.name("update_path")): the signature of the leaf does not verify")
    // Merging checks the parent hash.
    var merged = setting.tree
    try attempt(entry.name("update_path")) { () throws(MLSError) in
      try merged.merge(update, author: sender, excluding: [], suite, using: crypto)
    }
    let hash = merged.treeHash(suite.hash, using: crypto)
    try entry.expect("tree_hash_after", hash)
    try expect(merged.hasValidParentHashes(suite.hash, using: crypto), "\(entry.name("update_path")): the tree after it is not parent-hash valid")
    let pathSecrets = try entry.list("path_secrets")
    let context = setting.context(treeHash: hash)
    for (index, _) in setting.tree.leaves where index != sender {
      let (commitSecret, opened) = try open(update, from: sender, by: index, merged, context, suite, members, entry.path, using: crypto)
      guard index.value < UInt32(pathSecrets.count) else { throw .failed("\(entry.name("path_secrets")) lacks leaf \(index.value)") }
      let name = "\(entry.name("path_secrets"))[\(index.value)]"
      try expectEqual(opened.exposed, try VectorCase.bytes(pathSecrets[Int(index.value)], name), name)
      try entry.expect("commit_secret", commitSecret)
    }

    // A path of our own that all others can follow.
    var own = setting.tree
    let new = try attempt("\(entry.path)creating a path") { () throws(MLSError) in
      try own.createPath(
        author: sender, leaf: senderLeaf, groupID: setting.groupID, signingKey: senderMember.signatureKey, private: senderMember.state, suite,
        using: crypto)
    }
    let ownHash = own.treeHash(suite.hash, using: crypto)
    let ownContext = setting.context(treeHash: ownHash)
    let sealed = try attempt("\(entry.path)sealing a path") { () throws(MLSError) in
      try own.seal(new, excluding: [], context: ownContext, suite, using: crypto)
    }
    var ownMerged = setting.tree
    try attempt("\(entry.path)our own path") { () throws(MLSError) in
      try ownMerged.merge(sealed, author: sender, excluding: [], suite, using: crypto)
    }
    try expectEqual(ownMerged.treeHash(suite.hash, using: crypto), ownHash, "\(entry.path)tree hash after our own path")
    for (index, _) in setting.tree.leaves where index != sender {
      let (commitSecret, _) = try open(
        sealed, from: sender, by: index, ownMerged, ownContext, suite, members, "\(entry.path)our own path, ", using: crypto)
      try expect(commitSecret == new.commitSecret, "\(entry.path)our own path gives leaf \(index.value) another commit secret")
    }
  }

  private static func open(
    _ update: UpdatePath, from sender: LeafIndex, by index: LeafIndex, _ merged: RatchetTree, _ context: [UInt8],
    _ suite: CipherSuiteParameters, _ members: [UInt32: Member], _ name: String, using crypto: some CryptoProvider
  ) throws(CaseProblem) -> (commitSecret: Secret, opened: Secret) {
    guard let member = members[index.value] else { throw .failed("leaves_private lacks leaf \(index.value)") }
    let result = try attempt("\(name)leaf \(index.value)") { () throws(MLSError) in
      try merged.open(update, author: sender, private: member.state, excluding: [], context: context, suite, using: crypto)
    }
    return (result.commitSecret, result.opened.secret)
  }

  static func generate(_ suite: CipherSuiteParameters, number: Int, using crypto: some CryptoProvider) throws(MLSError) -> JSON {
    // Shapes 0 to 11; the large ones would make files of many megabytes.
    let group = try SimulatedTree(shape: number % 12, suite, using: crypto)
    let setting = Setting(
      suite: suite, tree: group.tree, groupID: group.groupID, epoch: UInt64(crypto.number(below: .max)),
      confirmedTranscriptHash: crypto.randomHash(suite))
    var leaves: [JSON] = []
    var paths: [JSON] = []
    for index in group.memberIndices {
      guard let member = group.members[index], let leaf = group.tree[LeafIndex(index)] else { continue }
      var secrets: [JSON] = []
      for node in member.pathSecrets.keys.sorted() {
        guard let secret = member.pathSecrets[node] else { continue }
        secrets.append(.object(["node": .number(node), "path_secret": .hex(secret.secret.exposed)]))
      }
      leaves.append(
        .object([
          "index": .number(index), "encryption_priv": .hex(member.encryptionKey.secret.exposed),
          "signature_priv": .hex(member.signatureKey.privateKey.secret.exposed), "path_secrets": .array(secrets),
        ]))
      var tree = group.tree
      let new = try tree.createPath(
        author: LeafIndex(index), leaf: leaf, groupID: group.groupID, signingKey: member.signatureKey.privateKey,
        private: try group.privateState(of: index, using: crypto), suite, using: crypto)
      let hash = tree.treeHash(suite.hash, using: crypto)
      let update = try tree.seal(new, excluding: [], context: setting.context(treeHash: hash), suite, using: crypto)
      var opened: [JSON] = []
      for other in 0..<tree.leafCount {
        let start = TreeMath.commonAncestor(LeafIndex(index), LeafIndex(other))
        if other != index, tree[LeafIndex(other)] != nil, let secret = new.secret(at: start) {
          opened.append(.hex(secret.secret.exposed))
        } else {
          opened.append(.null)
        }
      }
      paths.append(
        .object([
          "sender": .number(index), "update_path": .hex(update.encoded()), "path_secrets": .array(opened),
          "commit_secret": .hex(new.commitSecret.exposed), "tree_hash_after": .hex(hash),
        ]))
    }
    return .object([
      "cipher_suite": .number(UInt32(suite.suite.rawValue)), "group_id": .hex(group.groupID), "epoch": .number(setting.epoch),
      "confirmed_transcript_hash": .hex(setting.confirmedTranscriptHash), "ratchet_tree": .hex(group.tree.encoded()),
      "leaves_private": .array(leaves), "update_paths": .array(paths),
    ])
  }
}
