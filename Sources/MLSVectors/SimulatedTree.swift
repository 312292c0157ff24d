// Ratchet trees with their members' private keys, grown by commits: what tree vectors are made of.
import CryptoInterface
import MLS
import TLSCodec

/// A member of a simulated tree.
struct SimulatedMember {
  var signatureKey: SignatureKeyPair
  var encryptionKey: HPKEPrivateKey
  /// The path secrets that this member has seen, by node; only those that are still in use.
  var pathSecrets: [UInt32: PathSecret] = [:]
}

/// A tree and its members, who are told the path secrets that they could open.
struct SimulatedTree {
  let suite: CipherSuiteParameters
  let groupID: [UInt8]
  private(set) var tree = RatchetTree()
  private(set) var members: [UInt32: SimulatedMember] = [:]

  /// A tree of its creator.
  init(_ suite: CipherSuiteParameters, using crypto: some CryptoProvider) throws(MLSError) {
    self.suite = suite
    groupID = crypto.random(32)
    _ = try add(using: crypto)
  }

  /// `get_tree(n)` of the vectors' description: each new leaf in turn commits and adds the next one.
  init(leaves: UInt32, _ suite: CipherSuiteParameters, using crypto: some CryptoProvider) throws(MLSError) {
    try self.init(suite, using: crypto)
    for i in 0..<leaves - 1 { try commit(by: i, adding: 1, using: crypto) }
  }

  /// The trees of the vectors' description, in order of complexity: number 0 is the simplest.
  init(shape: Int, _ suite: CipherSuiteParameters, using crypto: some CryptoProvider) throws(MLSError) {
    switch shape {
    case 0..<8:
      try self.init(leaves: UInt32(shape + 2), suite, using: crypto)
    case 8:  // internal blanks
      try self.init(leaves: 8, suite, using: crypto)
      try commit(by: 0, removing: [2, 3], adding: 1, using: crypto)
    case 9:  // internal blanks that parent hash links skip
      try self.init(leaves: 8, suite, using: crypto)
      try commit(by: 0, removing: [1, 2, 3], using: crypto)
    case 10:  // unmerged leaves
      try self.init(leaves: 7, suite, using: crypto)
      _ = try add(using: crypto)
    case 11:  // RFC 9420 Figure 20: unmerged leaves and blanks that parent hash links skip
      try self.init(suite, using: crypto)
      for _ in 1..<7 { _ = try add(using: crypto) }
      try commit(by: 0, removing: [5], using: crypto)
      try commit(by: 4, using: crypto)
      _ = try add(using: crypto)
    default:
      try self.init(leaves: UInt32(32 + shape - 12), suite, using: crypto)
    }
  }
  static let shapes = 15

  var memberIndices: [UInt32] { members.keys.sorted() }

  /// An Add without a path.
  mutating func add(using crypto: some CryptoProvider) throws(MLSError) -> LeafIndex {
    let client = try MadeUpClient(suite, using: crypto)
    let index = try tree.add(client.keyPackage.leafNode)
    members[index.value] = SimulatedMember(signatureKey: client.signatureKey, encryptionKey: client.encryptionKey)
    return index
  }

  /// A commit with a path.
  mutating func commit(
    by author: UInt32, removing removed: [UInt32] = [], adding count: Int = 0, using crypto: some CryptoProvider
  ) throws(MLSError) {
    tree.remove(removed.map { LeafIndex($0) })
    for index in removed { members[index] = nil }
    dropStaleSecrets()
    for _ in 0..<count { _ = try add(using: crypto) }
    guard let committer = members[author], let leaf = tree[LeafIndex(author)] else { throw .internalError("no such member") }
    let new = try tree.createPath(
      author: LeafIndex(author), leaf: leaf, groupID: groupID, signingKey: committer.signatureKey.privateKey, private: nil, suite,
      using: crypto)
    let path = tree.filteredDirectPath(LeafIndex(author)).map { $0.node }
    for (index, member) in members {
      let start = index == author ? path.first : TreeMath.commonAncestor(LeafIndex(author), LeafIndex(index))
      var changed = member
      if let start, let secret = new.secret(at: start) { changed.set(path: path, from: start, secret, suite, using: crypto) }
      if index == author, let key = new.privateState[LeafIndex(author).node] { changed.encryptionKey = key }
      members[index] = changed
    }
    dropStaleSecrets()
  }

  /// A member's private keys, from its leaf key and path secrets.
  func privateState(of index: UInt32, using crypto: some CryptoProvider) throws(MLSError) -> TreeKEMPrivateState {
    guard let member = members[index] else { throw .internalError("no such member") }
    var state = TreeKEMPrivateState(leafIndex: LeafIndex(index), leafKey: member.encryptionKey)
    for (node, secret) in member.pathSecrets { state.keys[node] = try secret.keyPair(suite, using: crypto).privateKey }
    return state
  }

  /// Forgets the secrets of nodes that were blanked or cut off.
  private mutating func dropStaleSecrets() {
    for (index, member) in members {
      var kept = member
      for node in member.pathSecrets.keys where tree.parentNode(NodeIndex(node)) == nil { kept.pathSecrets[node] = nil }
      members[index] = kept
    }
  }
}

extension SimulatedMember {
  /// Takes over a path's secrets from the node `start` upwards.
  fileprivate mutating func set(
    path: [NodeIndex], from start: NodeIndex, _ secret: PathSecret, _ suite: CipherSuiteParameters, using crypto: some CryptoProvider
  ) {
    guard let first = path.firstIndex(of: start) else { return }
    var secret = secret
    for node in path[first...] {
      pathSecrets[node.value] = secret
      secret = PathSecret(
        crypto.expandWithLabel(suite, secret.secret, label: ascii("path"), context: [], length: suite.hash.size))
    }
  }
}
