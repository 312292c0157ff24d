// RFC 9420 §9: the keys of messages. Secrets are derived when first needed and deleted when used, so that a later thief finds none.
import CryptoInterface
import TLSCodec

/// Which of a member's two ratchets.
package enum RatchetType: UInt8, Sendable {
  case handshake, application
}

/// A key and nonce for one message.
package struct MessageKey: Sendable, Equatable {
  package var key: Secret
  package var nonce: Secret
  package var generation: UInt32
}

/// RFC 9420 §9.1: a sender's symmetric ratchet. Holds the secret of the next generation and the keys that were passed over.
package struct Ratchet: Sendable, Equatable {
  var secret: Secret
  package var generation: UInt32
  /// Unused keys of earlier generations, oldest first.
  package var skipped: [MessageKey] = []

  init(secret: Secret, generation: UInt32 = 0, skipped: [MessageKey] = []) {
    self.secret = secret
    self.generation = generation
    self.skipped = skipped
  }

  /// The key of the next generation; the ratchet steps on and the old secret is gone (RFC 9420 §9.2).
  /// - Throws: `.ratchetExhausted` after 2^32 - 1 generations.
  mutating func next(_ suite: CipherSuiteParameters, using crypto: some CryptoProvider) throws(MLSError) -> MessageKey {
    guard generation < UInt32.max else { throw .ratchetExhausted }
    let context = generation.encoded()
    let key = crypto.expandWithLabel(suite, secret, "key", context: context, length: suite.aead.keySize)
    let nonce = crypto.expandWithLabel(suite, secret, "nonce", context: context, length: suite.aead.nonceSize)
    secret = crypto.expandWithLabel(suite, secret, "secret", context: context)
    defer { generation += 1 }
    return MessageKey(key: key, nonce: nonce, generation: generation)
  }

  /// The key of a generation that a peer named; it can be had once.
  /// - Throws: `.generationUsed` for a key that was used or is too old, `.rule(.generationTooFar)` (RFC 9420 §15.3).
  mutating func take(
    _ wanted: UInt32, _ policy: ReorderingPolicy, _ suite: CipherSuiteParameters, using crypto: some CryptoProvider
  ) throws(MLSError) -> MessageKey {
    if wanted < generation {
      guard let i = skipped.firstIndex(where: { $0.generation == wanted }) else { throw .generationUsed }
      return skipped.remove(at: i)
    }
    try check(.generationTooFar, wanted - generation <= policy.forward)
    while generation < wanted {
      skipped.append(try next(suite, using: crypto))
      let most = max(0, policy.outOfOrder)
      if skipped.count > most { skipped.removeFirst(skipped.count - most) }
    }
    return try next(suite, using: crypto)
  }
}

/// A member's two ratchets.
package struct LeafRatchets: Sendable, Equatable {
  package var handshake: Ratchet
  package var application: Ratchet

  subscript(type: RatchetType) -> Ratchet {
    get { type == .handshake ? handshake : application }
    set {
      if type == .handshake { handshake = newValue } else { application = newValue }
    }
  }
}

/// RFC 9420 §9: the secret tree, expanded only where a sender has been heard. `nodes` are the unexpanded roots.
package struct SecretTree: Sendable, Equatable {
  package let leafCount: UInt32
  private(set) var nodes: [UInt32: Secret]
  package private(set) var ratchets: [UInt32: LeafRatchets] = [:]

  package init(leafCount: UInt32, encryptionSecret: EncryptionSecret) {
    self.leafCount = leafCount
    nodes = [TreeMath.root(leaves: leafCount).value: encryptionSecret.secret]
  }

  init(leafCount: UInt32, nodes: [UInt32: Secret], ratchets: [UInt32: LeafRatchets]) {
    self.leafCount = leafCount
    self.nodes = nodes
    self.ratchets = ratchets
  }

  /// What using a key changes. It is applied when the message has proven to be good, so that a rejected message leaves no trace.
  package struct Step: Sendable {
    let leaf: UInt32
    let ratchets: LeafRatchets
    let removed: [UInt32]
    let added: [(node: UInt32, secret: Secret)]
  }

  /// The ratchets of a leaf, derived from the tree where this is the first use.
  private func ratchets(of leaf: LeafIndex, _ suite: CipherSuiteParameters, using crypto: some CryptoProvider) throws(MLSError)
    -> (LeafRatchets, removed: [UInt32], added: [(node: UInt32, secret: Secret)])
  {
    if let known = ratchets[leaf.value] { return (known, [], []) }
    guard leaf.value < leafCount else { throw .internalError("leaf outside of the secret tree") }
    let root = TreeMath.root(leaves: leafCount)
    var node = leaf.node
    while nodes[node.value] == nil {
      guard node != root else { throw .generationUsed }
      node = node.parent
    }
    guard var secret = nodes[node.value] else { throw .generationUsed }
    let removed = [node.value]
    var added: [(node: UInt32, secret: Secret)] = []
    while node != leaf.node {
      let left = crypto.expandWithLabel(suite, secret, "tree", context: Self.left)
      let right = crypto.expandWithLabel(suite, secret, "tree", context: Self.right)
      if leaf.node < node {
        added.append((node.right.value, right))
        secret = left
        node = node.left
      } else {
        added.append((node.left.value, left))
        secret = right
        node = node.right
      }
    }
    let result = LeafRatchets(
      handshake: Ratchet(secret: crypto.deriveSecret(suite, secret, "handshake")),
      application: Ratchet(secret: crypto.deriveSecret(suite, secret, "application")))
    return (result, removed, added)
  }

  private static let left = Array("left".utf8)
  private static let right = Array("right".utf8)

  /// The key of the next message of a sender (oneself).
  package func nextKey(
    _ leaf: LeafIndex, _ type: RatchetType, _ suite: CipherSuiteParameters, using crypto: some CryptoProvider
  ) throws(MLSError) -> (MessageKey, Step) {
    var (ratchets, removed, added) = try ratchets(of: leaf, suite, using: crypto)
    let key = try ratchets[type].next(suite, using: crypto)
    return (key, Step(leaf: leaf.value, ratchets: ratchets, removed: removed, added: added))
  }

  /// The key of a received message.
  package func key(
    _ leaf: LeafIndex, _ type: RatchetType, generation: UInt32, _ policy: ReorderingPolicy, _ suite: CipherSuiteParameters,
    using crypto: some CryptoProvider
  ) throws(MLSError) -> (MessageKey, Step) {
    var (ratchets, removed, added) = try ratchets(of: leaf, suite, using: crypto)
    let key = try ratchets[type].take(generation, policy, suite, using: crypto)
    return (key, Step(leaf: leaf.value, ratchets: ratchets, removed: removed, added: added))
  }

  package mutating func apply(_ step: Step) {
    for node in step.removed { nodes[node] = nil }
    for entry in step.added { nodes[entry.node] = entry.secret }
    ratchets[step.leaf] = step.ratchets
  }
}
