// "Tree Operations": RFC 9420 §7.8, §12.1.
import CryptoInterface
import MLS
import TLSCodec

enum TreeOperationVectors {
  static func verify(_ vector: VectorCase, using crypto: some CryptoProvider) throws(CaseProblem) {
    let suite = try vector.suite(using: crypto)
    var tree = try vector.decoded("tree_before", as: RatchetTree.self)
    try vector.expect("tree_hash_before", tree.treeHash(suite.hash, using: crypto))
    let sender = LeafIndex(try vector.uint32("proposal_sender", atMost: Limits.treeLeaves))
    try expect(tree[sender] != nil, "proposal_sender \(sender.value) is not a member")
    switch try vector.decoded("proposal", as: Proposal.self) {
    case .add(let keyPackage): _ = try attempt("the Add") { () throws(MLSError) in try tree.add(keyPackage.leafNode) }
    case .update(let leaf): tree.update(sender, leaf)
    case .remove(let index):
      try expect(tree[index] != nil, "the Remove's target \(index.value) is not a member")
      tree.remove([index])
    default: throw .failed("proposal is neither add, update nor remove")
    }
    try vector.expect("tree_after", tree.encoded())
    try vector.expect("tree_hash_after", tree.treeHash(suite.hash, using: crypto))
  }

  /// In turn: an Add that extends the tree, an Add at a blank leaf, an Update, a Remove, a Remove that truncates.
  static func generate(_ suite: CipherSuiteParameters, number: Int, using crypto: some CryptoProvider) throws(MLSError) -> JSON {
    let leaves: UInt32 = number < 5 ? 4 : 8
    var group = try SimulatedTree(leaves: leaves, suite, using: crypto)
    if number % 5 == 1 { try group.commit(by: 0, removing: [leaves / 2], using: crypto) }
    if number % 5 == 4 { _ = try group.add(using: crypto) }
    var tree = group.tree
    let before = tree.encoded()
    let hashBefore = tree.treeHash(suite.hash, using: crypto)
    let client = try MadeUpClient(suite, using: crypto)
    var sender = LeafIndex(0)
    let proposal: Proposal
    switch number % 5 {
    case 0, 1:
      proposal = .add(client.keyPackage)
      _ = try tree.add(client.keyPackage.leafNode)
    case 2:
      sender = LeafIndex(leaves - 1)
      let leaf = try client.updatedLeaf(suite, groupID: group.groupID, at: sender, using: crypto)
      proposal = .update(leaf)
      tree.update(sender, leaf)
    case 3:
      proposal = .remove(LeafIndex(1))
      tree.remove([LeafIndex(1)])
    default:
      proposal = .remove(LeafIndex(leaves))
      tree.remove([LeafIndex(leaves)])
    }
    return .object([
      "cipher_suite": .number(UInt32(suite.suite.rawValue)), "tree_before": .hex(before), "proposal": .hex(proposal.encoded()),
      "proposal_sender": .number(sender.value), "tree_hash_before": .hex(hashBefore), "tree_after": .hex(tree.encoded()),
      "tree_hash_after": .hex(tree.treeHash(suite.hash, using: crypto)),
    ])
  }
}
