// RFC 9420 Appendix C: the array representation of a full binary tree. Leaf L is node 2·L; a subtree of 2^d leaves has its root in the middle.
import TLSCodec

/// The position of a leaf, counted from the left from 0.
public struct LeafIndex: Hashable, Comparable, Sendable, TLSEncodable, TLSDecodable, CustomStringConvertible {
  public var value: UInt32
  public init(_ value: UInt32) { self.value = value }
  public init(from reader: inout Reader) throws(DecodingError) { value = try reader.uint32() }
  public func encode(to writer: inout Writer) { writer.uint32(value) }
  public static func < (a: LeafIndex, b: LeafIndex) -> Bool { a.value < b.value }
  public var description: String { "\(value)" }
  /// Only for indices below `Limits.treeLeaves`, which every tree checks.
  package var node: NodeIndex { NodeIndex(value &* 2) }
}

/// The position of a node in the array representation.
public struct NodeIndex: Hashable, Comparable, Sendable, CustomStringConvertible {
  public var value: UInt32
  public init(_ value: UInt32) { self.value = value }
  public static func < (a: NodeIndex, b: NodeIndex) -> Bool { a.value < b.value }
  public var description: String { "\(value)" }

  /// 0 for leaves, one more for each step up.
  package var level: UInt32 { UInt32((~value).trailingZeroBitCount) }
  package var isLeaf: Bool { value & 1 == 0 }
  package var leaf: LeafIndex { LeafIndex(value / 2) }
  /// Children of a parent node.
  package var left: NodeIndex { NodeIndex(value ^ (1 << (level - 1))) }
  package var right: NodeIndex { NodeIndex(value ^ (3 << (level - 1))) }
  /// The node above, in an unbounded tree: callers stop at the root.
  package var parent: NodeIndex {
    let k = level
    let bit = (value >> (k + 1)) & 1
    return NodeIndex((value | (1 << k)) ^ (bit << (k + 1)))
  }
  package var sibling: NodeIndex {
    let parent = self.parent
    return self < parent ? parent.right : parent.left
  }
  /// The first and last leaf under this node.
  package var leaves: ClosedRange<UInt32> {
    let half: UInt32 = (1 << level) - 1
    return (value - half) / 2...(value + half) / 2
  }
  package func isAncestor(of leaf: LeafIndex) -> Bool { leaves.contains(leaf.value) }
}

package enum TreeMath {
  /// Nodes of a tree of `leaves` leaves.
  package static func nodeCount(leaves: UInt32) -> UInt32 { leaves == 0 ? 0 : 2 * leaves - 1 }

  /// The root of a tree whose leaf count is padded to a power of two.
  package static func root(leaves: UInt32) -> NodeIndex { NodeIndex(width(atLeast: leaves) - 1) }

  /// The smallest power of two that is at least `count`, and at least 1.
  package static func width(atLeast count: UInt32) -> UInt32 {
    var width: UInt32 = 1
    while width < count { width <<= 1 }
    return width
  }

  /// The nodes above a leaf, from its parent to the root.
  package static func directPath(_ leaf: LeafIndex, leaves: UInt32) -> [NodeIndex] {
    let root = root(leaves: leaves)
    var path: [NodeIndex] = []
    var node = leaf.node
    while node != root {
      node = node.parent
      path.append(node)
    }
    return path
  }

  /// The lowest node that has both leaves below it.
  package static func commonAncestor(_ a: LeafIndex, _ b: LeafIndex) -> NodeIndex {
    var node = a.node
    while !node.isAncestor(of: b) { node = node.parent }
    return node
  }
}
