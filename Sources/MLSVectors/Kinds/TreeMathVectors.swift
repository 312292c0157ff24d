// "Tree Math": RFC 9420 Appendix C.
import MLS

enum TreeMathVectors {
  static func verify(_ vector: VectorCase) throws(CaseProblem) {
    let leaves = try vector.uint32("n_leaves", atMost: Limits.treeLeaves)
    try expect(leaves > 0, "n_leaves is 0")
    let computed = compute(leaves: leaves)
    for member in members {
      guard let expected = computed[member] else { continue }
      if case .number(let number) = expected {
        let given = try vector.uint64(member)
        try expect(given == number, "\(member.description): expected \(given), computed \(number)")
      } else if case .array(let numbers) = expected {
        let given = try vector.list(member)
        try expect(given.count == numbers.count, "\(member.description) has \(given.count) entries for \(numbers.count) nodes")
        for i in numbers.indices {
          try expect(given[i] == numbers[i], "\(member.description)[\(i)]: expected \(word(given[i])), computed \(word(numbers[i]))")
        }
      }
    }
  }

  private static let members: [StaticString] = ["n_nodes", "root", "left", "right", "parent", "sibling"]

  private static func word(_ value: JSON) -> String {
    switch value {
    case .number(let number): "\(number)"
    case .null: "null"
    default: "something else"
    }
  }

  /// The tree of a group is full (RFC 9420 §4.1), and so are the official ones. Of a tree that is not full the nodes at the right are missing.
  static func compute(leaves: UInt32) -> JSON {
    let count = TreeMath.nodeCount(leaves: leaves)
    func present(_ node: NodeIndex) -> JSON { node.value < count ? .number(node.value) : .null }
    var left: [JSON] = []
    var right: [JSON] = []
    var parent: [JSON] = []
    var sibling: [JSON] = []
    for i in 0..<count {
      let node = NodeIndex(i)
      left.append(node.isLeaf ? .null : present(node.left))
      right.append(node.isLeaf ? .null : present(node.right))
      parent.append(present(node.parent))
      sibling.append(present(node.sibling))
    }
    return .object([
      "n_leaves": .number(leaves), "n_nodes": .number(count), "root": .number(TreeMath.root(leaves: leaves).value), "left": .array(left),
      "right": .array(right), "parent": .array(parent), "sibling": .array(sibling),
    ])
  }

  /// Trees of 1, 2, 4, … leaves.
  static func generate(count: Int) -> [JSON] {
    (0..<min(count, 17)).map { compute(leaves: 1 << UInt32($0)) }
  }
}
