import CryptoInterface
import TLSCodec

/// RFC 9420 §7.4 `path_secret`: wiped with its holder.
package struct PathSecret: Sendable {
  package var secret: Secret
  package init(_ secret: Secret) { self.secret = secret }

  /// `path_secret[n+1] = DeriveSecret(path_secret[n], "path")`.
  func next(_ suite: CipherSuiteParameters, using crypto: some CryptoProvider) -> PathSecret {
    PathSecret(crypto.deriveSecret(suite, secret, "path"))
  }

  /// `node_secret[n] = DeriveSecret(path_secret[n], "node")`, and its key pair.
  package func keyPair(_ suite: CipherSuiteParameters, using crypto: some CryptoProvider) throws(MLSError) -> HPKEKeyPair {
    try crypto.makeKeyPair(suite.kem, ikm: crypto.deriveSecret(suite, secret, "node"))
  }
}

/// The private keys that a member holds: of its leaf and of nodes above it, never of others (RFC 9420 §4.2, the tree invariant).
package struct TreeKEMPrivateState: Sendable {
  package var leafIndex: LeafIndex
  package var keys: [UInt32: HPKEPrivateKey]

  package init(leafIndex: LeafIndex, leafKey: HPKEPrivateKey) {
    self.leafIndex = leafIndex
    keys = [leafIndex.node.value: leafKey]
  }

  package subscript(node: NodeIndex) -> HPKEPrivateKey? { keys[node.value] }

  /// Forgets keys of nodes that a commit has blanked, replaced or cut off.
  mutating func retain(where matches: (NodeIndex) -> Bool) {
    for node in Array(keys.keys) where !matches(NodeIndex(node)) { keys[node] = nil }
  }

  /// Derives the keys from a path secret upwards.
  /// - Parameters:
  ///   - path: the nodes to set, from the one that `secret` belongs to up to the root.
  /// - Throws: `.rule(.pathKeys)` where a derived public key differs from the tree's (RFC 9420 §7.5 step 6, §12.4.3.1).
  /// - Returns: the commit secret, `path_secret[n+1]`.
  package mutating func implant(
    _ secret: PathSecret, along path: [NodeIndex], in tree: RatchetTree, _ suite: CipherSuiteParameters, using crypto: some CryptoProvider
  ) throws(MLSError) -> Secret {
    var secret = secret
    for node in path {
      let pair = try secret.keyPair(suite, using: crypto)
      try check(.pathKeys, tree[node]?.encryptionKey == pair.publicKey)
      keys[node.value] = pair.privateKey
      secret = secret.next(suite, using: crypto)
    }
    return secret.secret
  }
}
