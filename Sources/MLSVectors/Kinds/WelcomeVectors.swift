// "Welcome": RFC 9420 §12.4.3.1.
import CryptoInterface
import MLS
import TLSCodec

enum WelcomeVectors {
  static func verify(_ vector: VectorCase, using crypto: some CryptoProvider) throws(CaseProblem) {
    let suite = try vector.suite(using: crypto)
    guard case .keyPackage(let keyPackage) = try vector.decoded("key_package", as: MLSMessage.self) else {
      throw .failed("key_package is another kind of message")
    }
    guard case .welcome(let welcome) = try vector.decoded("welcome", as: MLSMessage.self) else {
      throw .failed("welcome is another kind of message")
    }
    try expect(keyPackage.cipherSuite == suite.suite && welcome.cipherSuite == suite.suite, "key_package and welcome have other suites")
    let ref = try attempt("key_package") { () throws(MLSError) in try keyPackage.ref(using: crypto) }
    guard let entry = welcome.secrets.first(where: { $0.newMember == ref }) else { throw .failed("welcome has nothing for key_package") }
    let key = try vector.hpkePrivateKey("init_priv", suite)
    let opened = try attemptCrypto("the group secrets") { () throws(CryptoError) in
      try crypto.decryptWithLabel(
        suite, with: key, label: ascii("Welcome"), context: welcome.encryptedGroupInfo, entry.encryptedGroupSecrets)
    }
    let secrets: GroupSecrets
    do { secrets = try GroupSecrets(decoding: opened.exposed) } catch { throw .failed("the group secrets: \(describe(error))") }
    try expect(secrets.psks.isEmpty, "the group secrets name pre-shared keys")
    let zeros = Secret.zeros(suite.hash.size)
    let welcomeSecret = EpochSecrets.welcomeSecret(secrets.joinerSecret, psk: zeros, suite, using: crypto)
    let info = try attempt("the group info") { () throws(MLSError) in
      try welcomeSecret.open(welcome.encryptedGroupInfo, suite, using: crypto)
    }
    try expect(info.isSigned(by: SignaturePublicKey(try vector.bytes("signer_pub")), suite, using: crypto), "the group info's signature")
    let epoch = EpochSecrets(
      joiner: secrets.joinerSecret, psk: zeros, context: info.groupContext.encoded(), suite, using: crypto)
    try expectEqual(
      epoch.confirmationTag(info.groupContext.confirmedTranscriptHash, suite, using: crypto), info.confirmationTag,
      "the group info's confirmation tag")
  }

  static func generate(_ suite: CipherSuiteParameters, using crypto: some CryptoProvider) throws(MLSError) -> JSON {
    let client = try MadeUpClient(suite, using: crypto)
    let signer = try crypto.newSignatureKeyPair(suite)
    let context = GroupContext(
      cipherSuite: suite.suite, groupID: crypto.random(16), epoch: UInt64(crypto.number(below: .max)), treeHash: crypto.randomHash(suite),
      confirmedTranscriptHash: crypto.randomHash(suite))
    let joiner = JoinerSecret(Secret(crypto.randomHash(suite)))
    let zeros = Secret.zeros(suite.hash.size)
    let epoch = EpochSecrets(joiner: joiner, psk: zeros, context: context.encoded(), suite, using: crypto)
    var info = GroupInfo(
      groupContext: context, extensions: [],
      confirmationTag: epoch.confirmationTag(context.confirmedTranscriptHash, suite, using: crypto),
      signer: LeafIndex(crypto.number(below: 1_000)))
    try info.sign(suite, with: signer.privateKey, using: crypto)
    let (key, nonce) = EpochSecrets.welcomeSecret(joiner, psk: zeros, suite, using: crypto).keyAndNonce(suite, using: crypto)
    let encryptedInfo: [UInt8]
    do {
      encryptedInfo = try crypto.aeadSeal(suite.aead, key: key, nonce: nonce.exposed, aad: [], info.encoded())
    } catch { throw .crypto(error) }
    let secrets = GroupSecrets(joinerSecret: joiner, pathSecret: nil, psks: [])
    let sealed = try crypto.encryptWithLabel(
      suite, to: client.keyPackage.initKey, label: ascii("Welcome"), context: encryptedInfo, Secret(secrets.encoded()))
    let welcome = Welcome(
      cipherSuite: suite.suite,
      secrets: [EncryptedGroupSecrets(newMember: try client.keyPackage.ref(using: crypto), encryptedGroupSecrets: sealed)],
      encryptedGroupInfo: encryptedInfo)
    return .object([
      "cipher_suite": .number(UInt32(suite.suite.rawValue)), "init_priv": .hex(client.initKey.secret.exposed),
      "signer_pub": .hex(signer.publicKey.bytes), "key_package": .hex(MLSMessage.keyPackage(client.keyPackage).encoded()),
      "welcome": .hex(MLSMessage.welcome(welcome).encoded()),
    ])
  }
}
