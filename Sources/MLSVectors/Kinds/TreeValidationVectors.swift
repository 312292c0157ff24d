// "Tree Validation": RFC 9420 §4.1.1, §7.8, §7.9.
import CryptoInterface
import MLS
import TLSCodec

enum TreeValidationVectors {
  static func verify(_ vector: VectorCase, using crypto: some CryptoProvider) throws(CaseProblem) {
    let suite = try vector.suite(using: crypto)
    var tree = try vector.decoded("tree", as: RatchetTree.self)
    let groupID = try vector.bytes("group_id")
    let resolutions = try vector.list("resolutions")
    let hashes = try vector.list("tree_hashes")
    try expect(
      resolutions.count == Int(tree.nodeCount) && hashes.count == Int(tree.nodeCount),
      "\(resolutions.count) resolutions and \(hashes.count) hashes for \(tree.nodeCount) nodes")
    for i in 0..<tree.nodeCount {
      let resolution = tree.resolution(NodeIndex(i)).map { JSON.number($0.value) }
      try expect(resolutions[Int(i)] == .array(resolution), "resolutions[\(i)] differs")
      try expectEqual(
        tree.treeHash(NodeIndex(i), suite.hash, using: crypto), try VectorCase.bytes(hashes[Int(i)], "tree_hashes[\(i)]"),
        "tree_hashes[\(i)]")
    }
    try expect(tree.hasValidParentHashes(suite.hash, using: crypto), "the tree is not parent-hash valid")
    for (index, leaf) in tree.leaves {
      let valid = crypto.verify(suite.signature, leaf.signatureToVerify(groupID: groupID, leafIndex: index))
      try expect(valid, "the signature of leaf \(index.value) does not verify")
    }
    try vector.expect("tree", tree.encoded())
  }

  static func generate(_ suite: CipherSuiteParameters, number: Int, using crypto: some CryptoProvider) throws(MLSError) -> JSON {
    let group = try SimulatedTree(shape: number % SimulatedTree.shapes, suite, using: crypto)
    var tree = group.tree
    var resolutions: [JSON] = []
    var hashes: [JSON] = []
    for i in 0..<tree.nodeCount {
      resolutions.append(.array(tree.resolution(NodeIndex(i)).map { .number($0.value) }))
      hashes.append(.hex(tree.treeHash(NodeIndex(i), suite.hash, using: crypto)))
    }
    return .object([
      "cipher_suite": .number(UInt32(suite.suite.rawValue)), "tree": .hex(tree.encoded()), "group_id": .hex(group.groupID),
      "resolutions": .array(resolutions), "tree_hashes": .array(hashes),
    ])
  }
}
