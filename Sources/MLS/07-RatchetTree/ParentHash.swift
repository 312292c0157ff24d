// RFC 9420 §7.9: parent hashes bind the keys of a path to the leaf that set them.
import CryptoInterface
import TLSCodec

extension RatchetTree {
  ///     struct {
  ///         HPKEPublicKey encryption_key;
  ///         opaque parent_hash<V>;
  ///         opaque original_sibling_tree_hash<V>;
  ///     } ParentHashInput;
  private static func parentHash(
    key: HPKEPublicKey, parentHash: [UInt8], siblingHash: [UInt8], _ hash: HashAlgorithm, using crypto: some CryptoProvider
  ) -> [UInt8] {
    var w = Writer(capacity: key.bytes.count + 150)
    key.encode(to: &w)
    w.opaque(parentHash)
    w.opaque(siblingHash)
    return crypto.hash(hash, w.bytes)
  }

  /// RFC 9420 §7.5, steps 1 to 3: blanks the direct path, sets the given keys on the filtered direct path, and computes the parent hashes from root to leaf.
  /// - Parameter keys: one for each node of `path`.
  /// - Returns: the parent hash that the leaf must carry.
  package mutating func setPath(
    above leaf: LeafIndex, _ path: [(node: NodeIndex, copathChild: NodeIndex)], keys: [HPKEPublicKey], _ hash: HashAlgorithm,
    using crypto: some CryptoProvider
  ) -> [UInt8] {
    blankPath(above: leaf)
    var parentHash: [UInt8] = []
    for (i, step) in path.enumerated().reversed() {
      set(step.node, .parent(ParentNode(encryptionKey: keys[i], parentHash: parentHash)))
      let sibling = treeHash(step.copathChild, hash, using: crypto)
      parentHash = Self.parentHash(key: keys[i], parentHash: parentHash, siblingHash: sibling, hash, using: crypto)
    }
    return parentHash
  }

  /// RFC 9420 §7.9.2: whether every non-blank parent is the target of exactly one chain from a leaf.
  package mutating func hasValidParentHashes(_ hash: HashAlgorithm, using crypto: some CryptoProvider) -> Bool {
    for i in 0..<nodeCount {
      let node = NodeIndex(i)
      guard let parent = parentNode(node) else { continue }
      var valid = 0
      for (child, sibling) in [(node.left, node.right), (node.right, node.left)] {
        let siblingHash = treeHash(sibling, without: parent.unmergedLeaves, hash, using: crypto)
        let expected = Self.parentHash(
          key: parent.encryptionKey, parentHash: parent.parentHash, siblingHash: siblingHash, hash, using: crypto)
        if isSetTogether(parent, below: child, parentHash: expected) { valid += 1 }
      }
      if valid != 1 { return false }
    }
    return true
  }

  /// Whether below `child` exactly one node D of the resolution carries this parent hash, and all others of the resolution are unmerged leaves of the parent.
  private func isSetTogether(_ parent: ParentNode, below child: NodeIndex, parentHash: [UInt8]) -> Bool {
    var found: NodeIndex?
    var unmerged = 0
    for node in resolution(child) {
      if node.isLeaf && Self.contains(parent.unmergedLeaves, node.leaf) {
        unmerged += 1
      } else if found == nil {
        found = node
      } else {
        return false
      }
    }
    guard let found, let carried = self[found]?.parentHash, carried == parentHash else { return false }
    let range = child.leaves
    var expected = 0
    for leaf in parent.unmergedLeaves where range.contains(leaf.value) { expected += 1 }
    return unmerged == expected
  }

  /// Binary search in a sorted list.
  static func contains(_ sorted: [LeafIndex], _ leaf: LeafIndex) -> Bool {
    var low = 0
    var high = sorted.count
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle] == leaf { return true }
      if sorted[middle] < leaf { low = middle + 1 } else { high = middle }
    }
    return false
  }

  /// RFC 9420 §12.4.3.1: every entry of every `unmerged_leaves` is a non-blank leaf below the node, and every non-blank node between also lists it.
  package func hasValidUnmergedLeaves() -> Bool {
    for i in 0..<nodeCount {
      let node = NodeIndex(i)
      guard let parent = parentNode(node) else { continue }
      for leaf in parent.unmergedLeaves {
        guard node.isAncestor(of: leaf), self[leaf] != nil else { return false }
        var between = leaf.node.parent
        while between != node {
          if let other = parentNode(between), !Self.contains(other.unmergedLeaves, leaf) { return false }
          between = between.parent
        }
      }
    }
    return true
  }

  /// RFC 9420 §12.4.3.1: no parent's encryption key appears in another node.
  package func hasUniqueParentKeys() -> Bool {
    for i in 0..<nodeCount {
      if let parent = parentNode(NodeIndex(i)), count(of: parent.encryptionKey) != 1 { return false }
    }
    return true
  }
}
