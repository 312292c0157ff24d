import CryptoInterface
import MLS
import TLSCodec

/// A large group seen with everybody's private keys, so that a tree of thousands of members can be filled without running thousands of clients.
/// Only the clock is cheated: every commit is a real one, made by the member's own keys.
public struct OmniscientGroup<Crypto: CryptoProvider> {
  let crypto: Crypto
  /// The group in the current epoch, as its last committer.
  public private(set) var group: Group
  public let bundles: [KeyPackageBundle]
  /// Of node index to private key, leaves included.
  private var keys: [UInt32: HPKEPrivateKey] = [:]
  private var signers: [SignaturePrivateKey]
  /// The commit that added everybody.
  public let addAll: PendingCommit

  /// Creates a group and adds `count - 1` members in one commit with a path.
  /// - Parameter prepared: called when the key packages are made, before the work that a benchmark measures.
  public init(_ count: Int, suite: CipherSuite, using crypto: Crypto, measuring: (() throws(MLSError) -> Void) throws(MLSError) -> Void)
    throws(MLSError)
  {
    self.crypto = crypto
    let creator = try TestClient("0", suite: suite, using: crypto)
    signers = [creator.identity.signatureKeyPair.privateKey]
    var bundles: [KeyPackageBundle] = []
    bundles.reserveCapacity(count)
    for i in 1..<count {
      let client = try TestClient(String(i), suite: suite, using: crypto)
      signers.append(client.identity.signatureKeyPair.privateKey)
      bundles.append(try client.keyPackage(using: crypto))
    }
    self.bundles = bundles
    var group: Group?
    var pending: PendingCommit?
    try measuring { () throws(MLSError) in
      var made = try creator.createGroup("omniscient", using: crypto)
      pending = try made.commit(
        CommitOptions(proposals: bundles.map { .add($0.keyPackage) }), application: TrustEveryone(), using: crypto)
      try made.adoptPendingCommit(at: 0)
      group = made
    }
    guard let group, let pending else { throw .internalError("the measured work was not run") }
    self.group = group
    addAll = pending
    for (i, bundle) in bundles.enumerated() { keys[UInt32(i + 1) * 2] = bundle.encryptionPrivateKey }
    learn()
  }

  private mutating func learn() {
    for (node, key) in group.state.privateState.keys { keys[node] = key }
  }

  /// The group as a member sees it, in the current epoch.
  public func member(_ i: Int) -> Group {
    var result = group
    let leaf = LeafIndex(UInt32(i))
    var state = TreeKEMPrivateState(leafIndex: leaf, leafKey: keys[leaf.node.value]!)
    for node in TreeMath.directPath(leaf, leaves: group.tree.leafCount) where group.tree.parentNode(node) != nil {
      // A member added after the node's last commit is unmerged there and has no key.
      if group.tree.parentNode(node)!.unmergedLeaves.contains(leaf) { continue }
      state.keys[node.value] = keys[node.value]
    }
    result.state.privateState = state
    result.state.signingKey = signers[i]
    return result
  }

  /// Lets a member commit; the group moves on.
  @discardableResult
  public mutating func commit(by i: Int, _ options: CommitOptions = CommitOptions()) throws(MLSError) -> PendingCommit {
    var member = member(i)
    let pending = try member.commit(options, application: TrustEveryone(), using: crypto)
    try member.adoptPendingCommit(at: 0)
    group = member
    learn()
    return pending
  }

  /// Every member commits once, those far apart first: so the upper nodes fill early and the whole costs N log N.
  public mutating func fill() throws(MLSError) {
    let count = Int(group.tree.memberCount)
    let width = group.tree.leafCount
    let bits = UInt32(width.trailingZeroBitCount)
    for i in 0..<width {
      var reversed: UInt32 = 0
      for bit in 0..<bits where i >> bit & 1 == 1 { reversed |= 1 << (bits - 1 - bit) }
      if reversed < UInt32(count) { try commit(by: Int(reversed)) }
    }
  }
}
