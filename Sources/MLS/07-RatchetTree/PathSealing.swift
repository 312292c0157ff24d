// RFC 9420 §7.5: creating and opening the path of a commit.
import CryptoInterface
import TLSCodec

/// A path that its author has created: the tree has the new keys, the secrets are not yet encrypted, because their context needs the tree's hash.
package struct NewPath: Sendable {
  var path: [(node: NodeIndex, copathChild: NodeIndex)]
  var secrets: [PathSecret]
  package var commitSecret: Secret
  package var privateState: TreeKEMPrivateState
  var leaf: LeafNode

  /// The path secret of a node, for the Welcome of a member below it.
  package func secret(at node: NodeIndex) -> PathSecret? {
    for (i, step) in path.enumerated() where step.node == node { return secrets[i] }
    return nil
  }
}

extension RatchetTree {
  /// RFC 9420 §7.5: new keys for the author's leaf and filtered direct path.
  /// - Parameter leaf: the author's leaf but for encryption key, source and signature.
  package mutating func createPath(
    author: LeafIndex, leaf template: LeafNode, groupID: [UInt8], signingKey: SignaturePrivateKey, private old: TreeKEMPrivateState?,
    _ suite: CipherSuiteParameters, using crypto: some CryptoProvider
  ) throws(MLSError) -> NewPath {
    let path = filteredDirectPath(author)
    var secrets: [PathSecret] = []
    var keys: [HPKEPublicKey] = []
    let leafPair = try crypto.freshKeyPair(suite.kem)
    var state = old ?? TreeKEMPrivateState(leafIndex: author, leafKey: leafPair.privateKey)
    state.retain { node in !node.isAncestor(of: author) }
    state.keys[author.node.value] = leafPair.privateKey
    var secret = PathSecret(crypto.randomSecret(suite.hash.size))
    for step in path {
      let pair = try secret.keyPair(suite, using: crypto)
      state.keys[step.node.value] = pair.privateKey
      keys.append(pair.publicKey)
      secrets.append(secret)
      secret = secret.next(suite, using: crypto)
    }
    let parentHash = setPath(above: author, path, keys: keys, suite.hash, using: crypto)
    var leaf = template
    leaf.encryptionKey = leafPair.publicKey
    leaf.source = .commit(parentHash: parentHash)
    try leaf.sign(suite, with: signingKey, groupID: groupID, leafIndex: author, using: crypto)
    set(author.node, .leaf(leaf))
    return NewPath(path: path, secrets: secrets, commitSecret: secret.secret, privateState: state, leaf: leaf)
  }

  /// RFC 9420 §7.5 and §7.6: encrypts the secrets to the copath, leaving out leaves that this commit adds.
  /// - Parameter context: the encoded provisional GroupContext.
  package func seal(
    _ new: NewPath, excluding added: Set<LeafIndex>, context: [UInt8], _ suite: CipherSuiteParameters, using crypto: some CryptoProvider
  ) throws(MLSError) -> UpdatePath {
    let info = signContent(Label.updatePathNode, context)
    var batch: [PlaintextToSeal] = []
    var counts: [Int] = []
    for (i, step) in new.path.enumerated() {
      var count = 0
      for node in resolution(step.copathChild) where !(node.isLeaf && added.contains(node.leaf)) {
        guard let key = self[node]?.encryptionKey else { continue }
        batch.append(PlaintextToSeal(publicKey: key, info: info, plaintext: new.secrets[i].secret))
        count += 1
      }
      counts.append(count)
    }
    let sealed: [HPKECiphertext]
    do { sealed = try crypto.hpkeSeal(suite, batch: batch) } catch { throw .crypto(error) }
    var nodes: [UpdatePathNode] = []
    var next = 0
    for (i, step) in new.path.enumerated() {
      guard let key = self[step.node]?.encryptionKey else { throw .internalError("path node is blank") }
      nodes.append(UpdatePathNode(encryptionKey: key, encryptedPathSecret: Array(sealed[next..<next + counts[i]])))
      next += counts[i]
    }
    return UpdatePath(leafNode: new.leaf, nodes: nodes)
  }

  /// RFC 9420 §7.5, what every follower does with a path: checks its shape and parent hash, and merges it.
  package mutating func merge(
    _ update: UpdatePath, author: LeafIndex, excluding added: Set<LeafIndex>, _ suite: CipherSuiteParameters,
    using crypto: some CryptoProvider
  ) throws(MLSError) {
    guard author.value < leafCount else { throw .internalError("a committer outside of the tree was not rejected") }
    let path = filteredDirectPath(author)
    guard update.nodes.count == path.count else { throw .internalError("a path of another length was not rejected") }
    for (i, step) in path.enumerated() {
      let recipients = resolution(step.copathChild).filter { !($0.isLeaf && added.contains($0.leaf)) }
      try check(.updatePathCiphertexts, update.nodes[i].encryptedPathSecret.count == recipients.count)
    }
    let keys = update.nodes.map { $0.encryptionKey }
    let parentHash = setPath(above: author, path, keys: keys, suite.hash, using: crypto)
    try check(.commitParentHash, update.leafNode.parentHash == parentHash)
    set(author.node, .leaf(update.leafNode))
  }

  /// RFC 9420 §7.5, second part: opens the path secret meant for this member and derives the keys above.
  /// - Parameters:
  ///   - merged: this tree has the path merged already.
  ///   - before: the tree before the merge, whose resolution the author encrypted to.
  package func open(
    _ update: UpdatePath, author: LeafIndex, private old: TreeKEMPrivateState, excluding added: Set<LeafIndex>, context: [UInt8],
    _ suite: CipherSuiteParameters, using crypto: some CryptoProvider
  ) throws(MLSError) -> (state: TreeKEMPrivateState, commitSecret: Secret, opened: PathSecret) {
    // The copath is not touched by the merge, so its resolution is the same before and after.
    let path = filteredDirectPath(author)
    guard update.nodes.count == path.count else { throw .internalError("a path of another length was not rejected") }
    guard let position = path.firstIndex(where: { $0.copathChild.isAncestor(of: old.leafIndex) || $0.copathChild == old.leafIndex.node })
    else { throw .undecryptable("path secret: a commit of one's own that is not pending") }
    let recipients = resolution(path[position].copathChild).filter { !($0.isLeaf && added.contains($0.leaf)) }
    guard let slot = recipients.firstIndex(where: { old[$0] != nil }), let key = old[recipients[slot]],
      slot < update.nodes[position].encryptedPathSecret.count
    else { throw .undecryptable("path secret: no ciphertext for this member") }
    let secret: Secret
    do {
      secret = try crypto.decryptWithLabel(
        suite, with: key, label: Label.updatePathNode, context: context, update.nodes[position].encryptedPathSecret[slot])
    } catch { throw .undecryptable("path secret") }
    var state = old
    state.retain { node in node == old.leafIndex.node || !node.isAncestor(of: author) }
    let commitSecret = try state.implant(
      PathSecret(secret), along: path[position...].map { $0.node }, in: self, suite, using: crypto)
    return (state, commitSecret, PathSecret(secret))
  }
}
