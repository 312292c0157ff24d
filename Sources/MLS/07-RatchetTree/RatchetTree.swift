import CryptoInterface
import TLSCodec

/// RFC 9420 §4.1 and §7: the public ratchet tree of a group, with its tree hashes cached and the indices that validation needs.
///
/// A value type: a commit is applied to a copy, and copies share all nodes that the commit did not touch.
public struct RatchetTree: Sendable {
  private var nodes = PersistentArray<TreeNode?>()
  private var hashes = PersistentArray<[UInt8]?>()
  /// Leaves of the full tree, blank ones included: a power of two.
  public private(set) var leafCount: UInt32 = 1
  /// Non-blank leaves.
  public private(set) var memberCount: UInt32 = 0
  /// No leaf before this one is blank.
  private var firstBlankHint: UInt32 = 0
  private(set) var census = CapabilityCensus()
  private var encryptionKeys = PersistentDictionary<UInt32>()
  private var signatureKeys = PersistentDictionary<[LeafIndex]>()
  /// Nodes written since `forgetTouched`: what a group must write to its records.
  private(set) var touched: Set<UInt32> = []

  /// A tree of one blank leaf.
  public init() {
    nodes.append(nil)
    hashes.append(nil)
  }

  // MARK: Reading

  public var nodeCount: UInt32 { 2 * leafCount - 1 }
  public var root: NodeIndex { NodeIndex(leafCount - 1) }

  public subscript(node: NodeIndex) -> Node? {
    node.value < nodeCount ? nodes[node.value]?.node : nil
  }

  /// The leaf at an index; nil where it is blank or outside of the tree.
  public subscript(leaf: LeafIndex) -> LeafNode? {
    guard leaf.value < leafCount, case .leaf(let node)? = nodes[leaf.value * 2]?.node else { return nil }
    return node
  }

  public func parentNode(_ node: NodeIndex) -> ParentNode? {
    guard case .parent(let parent)? = self[node] else { return nil }
    return parent
  }

  func isBlank(_ node: NodeIndex) -> Bool { nodes[node.value] == nil }

  /// The members' leaves from left to right.
  public var leaves: [(index: LeafIndex, node: LeafNode)] {
    var result: [(index: LeafIndex, node: LeafNode)] = []
    result.reserveCapacity(Int(memberCount))
    for i in 0..<leafCount {
      if let leaf = self[LeafIndex(i)] { result.append((index: LeafIndex(i), node: leaf)) }
    }
    return result
  }

  /// The member who signs with a key.
  public func leaf(signingWith key: SignaturePublicKey) -> LeafIndex? { signatureKeys[key.bytes]?.first }
  func signatureKeyCount(_ key: SignaturePublicKey) -> Int { signatureKeys[key.bytes]?.count ?? 0 }
  /// Whether any node has this encryption key.
  package func contains(_ key: HPKEPublicKey) -> Bool { encryptionKeys[key.bytes] != nil }
  /// How many nodes have this encryption key.
  func count(of key: HPKEPublicKey) -> UInt32 { encryptionKeys[key.bytes] ?? 0 }

  // MARK: Writing

  /// All writes come through here: keeps counts, key indices and cached hashes true.
  mutating func set(_ index: NodeIndex, _ node: Node?) {
    if let old = nodes[index.value]?.node { forget(old, at: index) }
    nodes[index.value] = node.map(TreeNode.init)
    if let node { learn(node, at: index) }
    invalidateHashes(from: index)
    touched.insert(index.value)
  }

  private mutating func forget(_ node: Node, at index: NodeIndex) {
    let key = node.encryptionKey.bytes
    if let count = encryptionKeys[key] { encryptionKeys[key] = count > 1 ? count - 1 : nil }
    if case .leaf(let leaf) = node {
      memberCount -= 1
      census.remove(leaf)
      var holders = signatureKeys[leaf.signatureKey.bytes] ?? []
      holders.removeAll { $0 == index.leaf }
      signatureKeys[leaf.signatureKey.bytes] = holders.isEmpty ? nil : holders
      firstBlankHint = min(firstBlankHint, index.leaf.value)
    }
  }

  private mutating func learn(_ node: Node, at index: NodeIndex) {
    encryptionKeys[node.encryptionKey.bytes] = (encryptionKeys[node.encryptionKey.bytes] ?? 0) + 1
    if case .leaf(let leaf) = node {
      memberCount += 1
      census.add(leaf)
      // In place: a tree is read before it is found that all its leaves have one key.
      signatureKeys[leaf.signatureKey.bytes, default: []].append(index.leaf)
    }
  }

  /// A hash that is missing is missing in all nodes above too, so the walk stops at the first missing one.
  private mutating func invalidateHashes(from index: NodeIndex) {
    hashes[index.value] = nil
    var node = index
    while node != root {
      node = node.parent
      if hashes[node.value] == nil { return }
      hashes[node.value] = nil
    }
  }

  mutating func forgetTouched() { touched = [] }
  mutating func markTouched(_ nodes: [UInt32]) { touched.formUnion(nodes) }

  /// RFC 9420 §7.8.
  private mutating func extend() {
    leafCount *= 2
    nodes.resize(to: Int(nodeCount), with: nil)
    hashes.resize(to: Int(nodeCount), with: nil)
  }

  /// Extends until the tree has `leaves` leaves, a power of two.
  mutating func grow(toLeaves leaves: UInt32) {
    while leafCount < leaves { extend() }
  }

  /// Drops the right part, which is blank.
  mutating func cut(toLeaves leaves: UInt32) {
    leafCount = leaves
    nodes.resize(to: Int(nodeCount), with: nil)
    hashes.resize(to: Int(nodeCount), with: nil)
    firstBlankHint = min(firstBlankHint, leafCount)
  }

  /// RFC 9420 §7.8 and §12.1.3: drops the right half while it is blank.
  private mutating func truncate() {
    while leafCount > 1 {
      let half = leafCount / 2
      for leaf in half..<leafCount where nodes[leaf * 2] != nil { return }
      for index in (leafCount - 1)..<nodeCount where nodes[index] != nil { set(NodeIndex(index), nil) }
      for index in (leafCount - 1)..<nodeCount { touched.insert(index) }
      cut(toLeaves: half)
    }
  }

  /// RFC 9420 §12.1.1: the leftmost blank leaf; the tree grows where there is none.
  /// - Throws: `.decoding(.limitExceeded)` beyond `Limits.treeLeaves`.
  mutating func leftmostBlankLeaf() throws(MLSError) -> LeafIndex {
    while firstBlankHint < leafCount && nodes[firstBlankHint * 2] != nil { firstBlankHint += 1 }
    if firstBlankHint == leafCount {
      guard leafCount < Limits.treeLeaves else { throw .decoding(.limitExceeded("treeLeaves")) }
      extend()
    }
    return LeafIndex(firstBlankHint)
  }

  /// RFC 9420 §12.1.1, applying an Add.
  package mutating func add(_ leaf: LeafNode) throws(MLSError) -> LeafIndex {
    let index = try leftmostBlankLeaf()
    for node in TreeMath.directPath(index, leaves: leafCount) {
      guard var parent = parentNode(node) else { continue }
      // Sorted insertion: RFC 9420 §7.1 wants increasing order.
      let position = parent.unmergedLeaves.firstIndex { $0 > index } ?? parent.unmergedLeaves.count
      parent.unmergedLeaves.insert(index, at: position)
      set(node, .parent(parent))
    }
    set(index.node, .leaf(leaf))
    return index
  }

  /// RFC 9420 §12.1.2, applying an Update.
  package mutating func update(_ index: LeafIndex, _ leaf: LeafNode) {
    set(index.node, .leaf(leaf))
    blankPath(above: index)
  }

  /// RFC 9420 §12.1.3, applying Removes. Truncates once, after the last.
  package mutating func remove(_ indices: [LeafIndex]) {
    for index in indices {
      set(index.node, nil)
      blankPath(above: index)
    }
    if !indices.isEmpty { truncate() }
  }

  mutating func blankPath(above index: LeafIndex) {
    for node in TreeMath.directPath(index, leaves: leafCount) where !isBlank(node) { set(node, nil) }
  }

  // MARK: Resolution and paths

  /// RFC 9420 §4.1.1.
  package func resolution(_ node: NodeIndex) -> [NodeIndex] {
    var result: [NodeIndex] = []
    resolve(node, into: &result)
    return result
  }

  private func resolve(_ node: NodeIndex, into result: inout [NodeIndex]) {
    switch nodes[node.value]?.node {
    case .leaf?: result.append(node)
    case .parent(let parent)?:
      result.append(node)
      for leaf in parent.unmergedLeaves { result.append(leaf.node) }
    case nil:
      if node.isLeaf { return }
      resolve(node.left, into: &result)
      resolve(node.right, into: &result)
    }
  }

  private func hasEmptyResolution(_ node: NodeIndex) -> Bool {
    if nodes[node.value] != nil { return false }
    return node.isLeaf || (hasEmptyResolution(node.left) && hasEmptyResolution(node.right))
  }

  /// RFC 9420 §4.1.2: the direct path without the nodes whose copath child has an empty resolution; each with that child.
  package func filteredDirectPath(_ leaf: LeafIndex) -> [(node: NodeIndex, copathChild: NodeIndex)] {
    var result: [(node: NodeIndex, copathChild: NodeIndex)] = []
    var child = leaf.node
    while child != root {
      let parent = child.parent
      let copath = child < parent ? parent.right : parent.left
      if !hasEmptyResolution(copath) { result.append((node: parent, copathChild: copath)) }
      child = parent
    }
    return result
  }

  // MARK: Tree hash (RFC 9420 §7.8)

  /// The tree hash of the root. Only what changed since the last call is computed.
  package mutating func treeHash(_ hash: HashAlgorithm, using crypto: some CryptoProvider) -> [UInt8] {
    treeHash(root, hash, using: crypto)
  }

  package mutating func treeHash(_ node: NodeIndex, _ hash: HashAlgorithm, using crypto: some CryptoProvider) -> [UInt8] {
    if let cached = hashes[node.value] { return cached }
    let input: [UInt8]
    if node.isLeaf {
      input = Self.leafHashInput(node.leaf, self[node.leaf])
    } else {
      let left = treeHash(node.left, hash, using: crypto)
      let right = treeHash(node.right, hash, using: crypto)
      input = Self.parentHashInput(parentNode(node), left, right)
    }
    let value = crypto.hash(hash, input)
    hashes[node.value] = value
    return value
  }

  /// Sets a hash that was stored, so that loading computes none.
  mutating func restoreHash(_ node: NodeIndex, _ value: [UInt8]) { hashes[node.value] = value }
  func cachedHash(_ node: NodeIndex) -> [UInt8]? { node.value < nodeCount ? hashes[node.value] : nil }

  ///     struct {
  ///       NodeType node_type;
  ///       select (TreeHashInput.node_type) {
  ///         case leaf:   LeafNodeHashInput leaf_node;
  ///         case parent: ParentNodeHashInput parent_node;
  ///       };
  ///     } TreeHashInput;
  ///
  ///     struct {
  ///         uint32 leaf_index;
  ///         optional<LeafNode> leaf_node;
  ///     } LeafNodeHashInput;
  private static func leafHashInput(_ index: LeafIndex, _ leaf: LeafNode?) -> [UInt8] {
    var w = Writer(capacity: 512)
    w.uint8(1)
    w.uint32(index.value)
    w.optional(leaf)
    return w.bytes
  }

  ///     struct {
  ///         optional<ParentNode> parent_node;
  ///         opaque left_hash<V>;
  ///         opaque right_hash<V>;
  ///     } ParentNodeHashInput;
  private static func parentHashInput(_ parent: ParentNode?, _ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
    var w = Writer(capacity: 256)
    w.uint8(2)
    w.optional(parent)
    w.opaque(left)
    w.opaque(right)
    return w.bytes
  }

  /// RFC 9420 §7.9, `original_sibling_tree_hash`: the tree hash with these leaves blanked and removed from all `unmerged_leaves`.
  /// - Parameter leaves: in increasing order.
  mutating func treeHash(_ node: NodeIndex, without leaves: [LeafIndex], _ hash: HashAlgorithm, using crypto: some CryptoProvider)
    -> [UInt8]
  {
    // Both lists are sorted, so a walk and a binary search bound the work for a hostile tree.
    let range = node.leaves
    let below = leaves.filter { range.contains($0.value) }
    if below.isEmpty { return treeHash(node, hash, using: crypto) }
    if node.isLeaf { return crypto.hash(hash, Self.leafHashInput(node.leaf, nil)) }
    var parent = parentNode(node)
    parent?.unmergedLeaves.removeAll { Self.contains(below, $0) }
    let left = treeHash(node.left, without: below, hash, using: crypto)
    let right = treeHash(node.right, without: below, hash, using: crypto)
    return crypto.hash(hash, Self.parentHashInput(parent, left, right))
  }
}

/// A node behind one reference, so that chunks copy by retaining.
private final class TreeNode: Sendable {
  let node: Node
  init(_ node: Node) { self.node = node }
}

/// What the members' leaves support and use, counted, so that RFC 9420 §7.3 and §12.2 need no walk over the group.
struct CapabilityCensus: Sendable {
  private(set) var members: UInt32 = 0
  private var extensions: [UInt16: UInt32] = [:]
  private var proposals: [UInt16: UInt32] = [:]
  private var credentials: [UInt16: UInt32] = [:]
  private var credentialsInUse: [UInt16: UInt32] = [:]
  private var versions: [UInt16: UInt32] = [:]
  private var suites: [UInt16: UInt32] = [:]
  private var components: [UInt16: UInt32] = [:]

  mutating func add(_ leaf: LeafNode) { count(leaf, +1) }
  mutating func remove(_ leaf: LeafNode) { count(leaf, -1) }

  private mutating func count(_ leaf: LeafNode, _ step: Int32) {
    members = members &+ UInt32(bitPattern: step)
    let c = leaf.capabilities
    Self.bump(&extensions, c.extensions.map { $0.rawValue }, step)
    Self.bump(&proposals, c.proposals.map { $0.rawValue }, step)
    Self.bump(&credentials, c.credentials.map { $0.rawValue }, step)
    Self.bump(&versions, c.versions.map { $0.rawValue }, step)
    Self.bump(&suites, c.cipherSuites.map { $0.rawValue }, step)
    if leaf.extensions[.appDataDictionary] != nil { Self.bump(&components, leaf.components.map { $0.rawValue }, step) }
    Self.bump(&credentialsInUse, leaf.credential.type.rawValue, step)
  }

  /// A value that a leaf lists twice counts once; GREASE is nobody's ability (RFC 9420 §13.5).
  private static func bump(_ table: inout [UInt16: UInt32], _ keys: [UInt16], _ step: Int32) {
    for key in Set(keys) where !GREASE.values.contains(key) { bump(&table, key, step) }
  }

  private static func bump(_ table: inout [UInt16: UInt32], _ key: UInt16, _ step: Int32) {
    let value = (table[key] ?? 0) &+ UInt32(bitPattern: step)
    table[key] = value == 0 ? nil : value
  }

  func allSupport(_ type: ExtensionType) -> Bool { type.isDefault || extensions[type.rawValue] ?? 0 == members }
  func allSupport(_ type: ProposalType) -> Bool { type.isDefault || proposals[type.rawValue] ?? 0 == members }
  func allSupport(_ type: CredentialType) -> Bool { credentials[type.rawValue] ?? 0 == members }
  func allSupport(_ version: ProtocolVersion) -> Bool { versions[version.rawValue] ?? 0 == members }
  func allSupport(_ suite: CipherSuite) -> Bool { suites[suite.rawValue] ?? 0 == members }
  func allSupport(_ component: ComponentID) -> Bool { components[component.rawValue] ?? 0 == members }
  /// The credential types that members present.
  var typesInUse: [CredentialType] { credentialsInUse.keys.map { CredentialType($0) } }

  /// RFC 9420 §12.1.7, §13.4: whether all members support what a GroupContext with these extensions demands.
  func validate(_ extensions: Extensions) throws(MLSError) {
    if let required = try extensions.parsed(.requiredCapabilities, as: RequiredCapabilities.self) {
      try check(.requiredCapabilitiesSupported, allSatisfy(required))
    }
    for entry in extensions.entries { try check(.groupExtensionSupported, allSupport(entry.type)) }
  }

  func allSatisfy(_ required: RequiredCapabilities) -> Bool {
    for type in required.extensionTypes where !allSupport(type) { return false }
    for type in required.proposalTypes where !allSupport(type) { return false }
    for type in required.credentialTypes where !allSupport(type) { return false }
    return true
  }
}
