// "Secret Tree": RFC 9420 §6.3.2, §9.
import CryptoInterface
import MLS

enum SecretTreeVectors {
  /// Official files go to generation 15; this bounds what a file can make us derive.
  private static let lastGeneration: UInt32 = 100_000

  static func verify(_ vector: VectorCase, using crypto: some CryptoProvider) throws(CaseProblem) {
    let suite = try vector.suite(using: crypto)
    let senderData = try vector.object("sender_data")
    let (key, nonce) = SenderDataSecret(try senderData.secret("sender_data_secret")).keyAndNonce(
      ciphertext: try senderData.bytes("ciphertext"), suite, using: crypto)
    try senderData.expect("key", key)
    try senderData.expect("nonce", nonce)

    let leaves = try vector.list("leaves")
    try expect(!leaves.isEmpty && leaves.count <= Int(Limits.treeLeaves), "a tree cannot have \(leaves.count) leaves")
    var tree = SecretTree(
      leafCount: UInt32(leaves.count), encryptionSecret: EncryptionSecret(try vector.secret("encryption_secret")))
    // Entries may stand in any order: keys that are passed over are kept.
    let policy = ReorderingPolicy(forward: lastGeneration, outOfOrder: Int(lastGeneration))
    for i in leaves.indices {
      guard case .array(let entries) = leaves[i] else { throw .failed("leaves[\(i)] is not a list") }
      let leaf = LeafIndex(UInt32(i))
      for j in entries.indices {
        let entry = try VectorCase(entries[j], path: "leaves[\(i)][\(j)].")
        let generation = try entry.uint32("generation", atMost: lastGeneration)
        let (handshake, handshakeStep) = try attempt(entry.path) { () throws(MLSError) in
          try tree.key(leaf, .handshake, generation: generation, policy, suite, using: crypto)
        }
        tree.apply(handshakeStep)
        try entry.expect("handshake_key", handshake.key)
        try entry.expect("handshake_nonce", handshake.nonce)
        let (application, applicationStep) = try attempt(entry.path) { () throws(MLSError) in
          try tree.key(leaf, .application, generation: generation, policy, suite, using: crypto)
        }
        tree.apply(applicationStep)
        try entry.expect("application_key", application.key)
        try entry.expect("application_nonce", application.nonce)
      }
    }
  }

  /// Trees of 1, 8, 32 leaves in turn, generations 0 and 15 as in the official files.
  static func generate(_ suite: CipherSuiteParameters, number: Int, using crypto: some CryptoProvider) throws(MLSError) -> JSON {
    let leafCount: UInt32 = [1, 8, 32][number % 3]
    let senderDataSecret = crypto.randomHash(suite)
    let ciphertext = crypto.random(77)
    let (key, nonce) = SenderDataSecret(Secret(senderDataSecret)).keyAndNonce(ciphertext: ciphertext, suite, using: crypto)
    let encryptionSecret = crypto.randomHash(suite)
    var tree = SecretTree(leafCount: leafCount, encryptionSecret: EncryptionSecret(Secret(encryptionSecret)))
    var leaves: [JSON] = []
    for i in 0..<leafCount {
      var entries: [JSON] = []
      for generation: UInt32 in [0, 15] {
        let policy = ReorderingPolicy()
        let (handshake, handshakeStep) = try tree.key(LeafIndex(i), .handshake, generation: generation, policy, suite, using: crypto)
        tree.apply(handshakeStep)
        let (application, applicationStep) = try tree.key(
          LeafIndex(i), .application, generation: generation, policy, suite, using: crypto)
        tree.apply(applicationStep)
        entries.append(
          .object([
            "generation": .number(generation),
            "handshake_key": .hex(handshake.key.exposed), "handshake_nonce": .hex(handshake.nonce.exposed),
            "application_key": .hex(application.key.exposed), "application_nonce": .hex(application.nonce.exposed),
          ]))
      }
      leaves.append(.array(entries))
    }
    return .object([
      "cipher_suite": .number(UInt32(suite.suite.rawValue)),
      "sender_data": .object([
        "sender_data_secret": .hex(senderDataSecret), "ciphertext": .hex(ciphertext), "key": .hex(key.exposed),
        "nonce": .hex(nonce.exposed),
      ]),
      "encryption_secret": .hex(encryptionSecret), "leaves": .array(leaves),
    ])
  }
}
