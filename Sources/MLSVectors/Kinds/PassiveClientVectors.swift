// "Passive Client Scenarios": a client that joins by a Welcome and follows the group.
import CryptoInterface
import MLS
import TLSCodec

enum PassiveClientVectors {
  static func verify(_ vector: VectorCase, using crypto: some CryptoProvider) throws(CaseProblem) {
    let suite = try vector.suite(using: crypto)
    let bundle = try keyPackage(vector, suite, using: crypto)
    guard case .welcome(let welcome) = try vector.decoded("welcome", as: MLSMessage.self) else {
      throw .failed("welcome is another kind of message")
    }
    var psks = PreSharedKeys()
    for psk in try vector.objects("external_psks") { psks.add(external: try psk.bytes("psk_id"), try psk.secret("psk")) }
    var tree: RatchetTree?
    if try vector.optionalBytes("ratchet_tree") != nil { tree = try vector.decoded("ratchet_tree") }
    // A commit may name the resumption PSK of any epoch that the client has seen.
    let epochs = try vector.objects("epochs")
    let joining = JoiningContext(tree: tree, psks: psks, reordering: ReorderingPolicy(pastEpochs: epochs.count + 1))
    var group = try attempt("welcome") { () throws(MLSError) in
      try Group.join(welcome, with: bundle, joining, application: TrustEveryone(), using: crypto)
    }
    try vector.expect("initial_epoch_authenticator", group.epochAuthenticator.secret)
    for epoch in epochs { try follow(epoch, &group, psks, using: crypto) }
  }

  private static func follow(_ epoch: VectorCase, _ group: inout Group, _ psks: PreSharedKeys, using crypto: some CryptoProvider)
    throws(CaseProblem)
  {
    for (i, value) in try epoch.list("proposals").enumerated() {
      let name = "\(epoch.name("proposals"))[\(i)]"
      let bytes = try VectorCase.bytes(value, name)
      let message: MLSMessage
      do { message = try MLSMessage(decoding: bytes) } catch { throw .failed("\(name): \(describe(error))") }
      let received = try attempt(name) { () throws(MLSError) in
        try group.receive(message, psks: psks, application: TrustEveryone(), using: crypto)
      }
      guard case .proposal = received else { throw .failed("\(name) is not a proposal") }
    }
    let message = try epoch.decoded("commit", as: MLSMessage.self)
    let received = try attempt(epoch.name("commit")) { () throws(MLSError) in
      try group.receive(message, psks: psks, application: TrustEveryone(), using: crypto)
    }
    guard case .commit(let staged) = received else { throw .failed("\(epoch.name("commit")) is not a commit") }
    try expect(!staged.removesThisMember, "\(epoch.name("commit")) removes the client")
    try attempt(epoch.name("commit")) { () throws(MLSError) in try group.adopt(staged, at: 0) }
    try epoch.expect("epoch_authenticator", group.epochAuthenticator.secret)
  }

  /// The client's key package, whose private keys are checked against it.
  private static func keyPackage(_ vector: VectorCase, _ suite: CipherSuiteParameters, using crypto: some CryptoProvider)
    throws(CaseProblem) -> KeyPackageBundle
  {
    // The description says KeyPackage, the official files hold an MLSMessage.
    let bytes = try vector.bytes("key_package")
    let keyPackage: KeyPackage
    if let message = try? MLSMessage(decoding: bytes), case .keyPackage(let inner) = message {
      keyPackage = inner
    } else {
      keyPackage = try vector.decoded("key_package")
    }
    try expect(keyPackage.cipherSuite == suite.suite, "key_package has another suite")
    let bundle = KeyPackageBundle(
      keyPackage: keyPackage, initPrivateKey: try vector.hpkePrivateKey("init_priv", suite),
      encryptionPrivateKey: try vector.hpkePrivateKey("encryption_priv", suite),
      signaturePrivateKey: try vector.signaturePrivateKey("signature_priv", suite))
    let initKey = try attemptCrypto("init_priv") { () throws(CryptoError) in
      try crypto.publicKey(suite.kem, of: bundle.initPrivateKey)
    }
    try expect(initKey == keyPackage.initKey, "init_priv does not belong to the key package")
    let encryptionKey = try attemptCrypto("encryption_priv") { () throws(CryptoError) in
      try crypto.publicKey(suite.kem, of: bundle.encryptionPrivateKey)
    }
    try expect(encryptionKey == keyPackage.leafNode.encryptionKey, "encryption_priv does not belong to the key package")
    let signatureKey = try attemptCrypto("signature_priv") { () throws(CryptoError) in
      try crypto.publicKey(suite.signature, of: bundle.signaturePrivateKey)
    }
    try expect(signatureKey == keyPackage.leafNode.signatureKey, "signature_priv does not belong to the key package")
    return bundle
  }

  /// Welcomes first (tree inside, tree apart, with a PSK), then groups that go on changing.
  static func generate(_ suite: CipherSuiteParameters, number: Int, using crypto: some CryptoProvider) throws(MLSError) -> JSON {
    var room = try SimulatedGroup(suite, members: 1 + number % 3, using: crypto)
    let client = try KeyPackageBundle.create(
      try ClientIdentity.madeUp(suite, using: crypto), suite: suite.suite, lifetime: .always, using: crypto)
    let withPSK = number % 3 == 2
    let treeApart = number % 2 == 1
    let (welcome, tree) = try room.welcome(client.keyPackage, withPSK: withPSK, treeApart: treeApart, using: crypto)
    let initial = room.epochAuthenticator
    var epochs: [JSON] = []
    if number >= 3 {
      for _ in 0..<number { epochs.append(try room.evolve(using: crypto)) }
    }
    return .object([
      "cipher_suite": .number(UInt32(suite.suite.rawValue)), "external_psks": .array(room.externalPSKs),
      "key_package": .hex(MLSMessage.keyPackage(client.keyPackage).encoded()),
      "signature_priv": .hex(client.signaturePrivateKey.secret.exposed),
      "encryption_priv": .hex(client.encryptionPrivateKey.secret.exposed), "init_priv": .hex(client.initPrivateKey.secret.exposed),
      "welcome": .hex(MLSMessage.welcome(welcome).encoded()), "ratchet_tree": treeApart ? .hex(tree.encoded()) : .null,
      "initial_epoch_authenticator": .hex(initial.secret.exposed), "epochs": .array(epochs),
    ])
  }
}
