import CryptoInterface
import TLSCodec

/// RFC 9420 §12.4.3.3: `optional<Node> ratchet_tree<V>`, nodes from left to right, without blank nodes at the end.
extension RatchetTree: TLSEncodable, TLSDecodable {
  public init(from reader: inout Reader) throws(DecodingError) {
    var list = try reader.nested()
    var decoded: [Node?] = []
    while !list.isAtEnd {
      guard decoded.count < Int(2 * Limits.treeLeaves) - 1 else { throw .limitExceeded("treeLeaves") }
      decoded.append(try list.optional())
    }
    try self.init(nodes: decoded)
  }

  /// A tree from its nodes in array order.
  /// - Throws: where the last is blank, or a leaf stands at a parent's place or the reverse (MUST, RFC 9420 §12.4.3.3),
  ///   or unmerged leaves are not in increasing order (MUST, §7.1).
  package init(nodes decoded: [Node?]) throws(DecodingError) {
    self.init()
    guard let last = decoded.last, last != nil else { throw .invalidValue("ratchet_tree: last node is blank") }
    let leaves = TreeMath.width(atLeast: UInt32(decoded.count / 2 + 1))
    grow(toLeaves: leaves)
    for (i, node) in decoded.enumerated() {
      let index = NodeIndex(UInt32(i))
      switch node {
      case nil: continue
      case .leaf?:
        guard index.isLeaf else { throw .invalidValue("ratchet_tree: leaf at a parent's place") }
      case .parent(let parent)?:
        guard !index.isLeaf else { throw .invalidValue("ratchet_tree: parent at a leaf's place") }
        for j in parent.unmergedLeaves.indices.dropFirst() where parent.unmergedLeaves[j - 1] >= parent.unmergedLeaves[j] {
          throw .invalidValue("unmerged_leaves: not in increasing order")
        }
      }
      set(index, node)
    }
    forgetTouched()
  }

  public func encode(to writer: inout Writer) {
    var end = nodeCount
    while end > 0 && isBlank(NodeIndex(end - 1)) { end -= 1 }
    writer.vector { (w: inout Writer) in
      for i in 0..<end { w.optional(self[NodeIndex(i)]) }
    }
  }
}
