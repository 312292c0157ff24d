// "Key Schedule": RFC 9420 §8.
import CryptoInterface
import MLS
import TLSCodec

enum KeyScheduleVectors {
  static func verify(_ vector: VectorCase, using crypto: some CryptoProvider) throws(CaseProblem) {
    let suite = try vector.suite(using: crypto)
    let groupID = try vector.bytes("group_id")
    var initSecret = InitSecret(try vector.secret("initial_init_secret"))
    for (i, epoch) in try vector.objects("epochs").enumerated() {
      let context = GroupContext(
        cipherSuite: suite.suite, groupID: groupID, epoch: UInt64(i), treeHash: try epoch.bytes("tree_hash"),
        confirmedTranscriptHash: try epoch.bytes("confirmed_transcript_hash")
      ).encoded()
      try epoch.expect("group_context", context)
      let psk = try epoch.optionalBytes("psk_secret").map { Secret($0) } ?? .zeros(suite.hash.size)
      let joiner = EpochSecrets.joinerSecret(
        initSecret, commitSecret: try epoch.secret("commit_secret"), context: context, suite, using: crypto)
      try epoch.expect("joiner_secret", joiner.secret)
      try epoch.expect("welcome_secret", EpochSecrets.welcomeSecret(joiner, psk: psk, suite, using: crypto).secret)
      let secrets = EpochSecrets(joiner: joiner, psk: psk, context: context, suite, using: crypto)
      try epoch.expect("init_secret", secrets.initSecret.secret)
      try epoch.expect("sender_data_secret", secrets.senderDataSecret.secret)
      try epoch.expect("encryption_secret", secrets.encryptionSecret.secret)
      try epoch.expect("exporter_secret", secrets.exporterSecret.secret)
      try epoch.expect("epoch_authenticator", secrets.epochAuthenticator.secret)
      try epoch.expect("external_secret", secrets.externalSecret.secret)
      try epoch.expect("confirmation_key", secrets.confirmationKey.secret)
      try epoch.expect("membership_key", secrets.membershipKey.secret)
      try epoch.expect("resumption_psk", secrets.resumptionPSK.secret)
      let external = try attempt(epoch.name("external_pub")) { () throws(MLSError) in
        try secrets.externalKeyPair(suite, using: crypto)
      }
      try epoch.expect("external_pub", external.publicKey.bytes)
      let exporter = try epoch.object("exporter")
      try exporter.expect(
        "secret",
        secrets.export(
          label: try exporter.text("label"), context: try exporter.bytes("context"), length: try CryptoBasicsVectors.length(exporter, suite),
          suite, using: crypto))
      initSecret = secrets.initSecret
    }
  }

  static func generate(_ suite: CipherSuiteParameters, epochs: Int, using crypto: some CryptoProvider) throws(MLSError) -> JSON {
    let groupID = crypto.random(32)
    let initial = crypto.randomHash(suite)
    var initSecret = InitSecret(Secret(initial))
    var list: [JSON] = []
    for i in 0..<epochs {
      let treeHash = crypto.randomHash(suite)
      let confirmed = crypto.randomHash(suite)
      let commitSecret = crypto.randomHash(suite)
      let psk = crypto.randomHash(suite)
      let context = GroupContext(
        cipherSuite: suite.suite, groupID: groupID, epoch: UInt64(i), treeHash: treeHash, confirmedTranscriptHash: confirmed
      ).encoded()
      let joiner = EpochSecrets.joinerSecret(
        initSecret, commitSecret: Secret(commitSecret), context: context, suite, using: crypto)
      let welcome = EpochSecrets.welcomeSecret(joiner, psk: Secret(psk), suite, using: crypto)
      let secrets = EpochSecrets(joiner: joiner, psk: Secret(psk), context: context, suite, using: crypto)
      let label = Hex.encode(crypto.random(16))
      let exporterContext = crypto.random(32)
      let exported = secrets.export(label: label, context: exporterContext, length: suite.hash.size, suite, using: crypto)
      list.append(
        .object([
          "tree_hash": .hex(treeHash), "commit_secret": .hex(commitSecret), "psk_secret": .hex(psk),
          "confirmed_transcript_hash": .hex(confirmed),
          "group_context": .hex(context),
          "joiner_secret": .hex(joiner.secret.exposed), "welcome_secret": .hex(welcome.secret.exposed),
          "init_secret": .hex(secrets.initSecret.secret.exposed),
          "sender_data_secret": .hex(secrets.senderDataSecret.secret.exposed),
          "encryption_secret": .hex(secrets.encryptionSecret.secret.exposed),
          "exporter_secret": .hex(secrets.exporterSecret.secret.exposed),
          "epoch_authenticator": .hex(secrets.epochAuthenticator.secret.exposed),
          "external_secret": .hex(secrets.externalSecret.secret.exposed),
          "confirmation_key": .hex(secrets.confirmationKey.secret.exposed),
          "membership_key": .hex(secrets.membershipKey.secret.exposed),
          "resumption_psk": .hex(secrets.resumptionPSK.secret.exposed),
          "external_pub": .hex(try secrets.externalKeyPair(suite, using: crypto).publicKey.bytes),
          "exporter": .object([
            "label": .string(label), "context": .hex(exporterContext), "length": .number(UInt32(suite.hash.size)),
            "secret": .hex(exported.exposed),
          ]),
        ]))
      initSecret = secrets.initSecret
    }
    return .object([
      "cipher_suite": .number(UInt32(suite.suite.rawValue)), "group_id": .hex(groupID), "initial_init_secret": .hex(initial),
      "epochs": .array(list),
    ])
  }
}
