// "Message Protection": RFC 9420 §6.
import CryptoInterface
import MLS
import TLSCodec

enum MessageProtectionVectors {
  /// What a case gives, decoded.
  private struct Setting {
    var suite: CipherSuiteParameters
    var groupID: [UInt8]
    var epoch: UInt64
    var context: [UInt8]
    var signaturePrivate: SignaturePrivateKey
    var signaturePublic: SignaturePublicKey
    var encryptionSecret: EncryptionSecret
    var senderDataSecret: SenderDataSecret
    var membershipKey: MembershipKey

    /// A tree for two members; leaf 1 sends.
    var secretTree: SecretTree { SecretTree(leafCount: 2, encryptionSecret: encryptionSecret) }
    let sender = LeafIndex(1)

    func content(_ content: Content) -> FramedContent {
      FramedContent(groupID: groupID, epoch: epoch, sender: .member(sender), authenticatedData: [], content: content)
    }

    func authenticated(_ raw: Content, _ format: WireFormat, confirmationTag: [UInt8]?, using crypto: some CryptoProvider)
      throws(MLSError) -> AuthenticatedContent
    {
      let framed = content(raw)
      let signature = try framed.sign(format, context: context, with: signaturePrivate, suite, using: crypto)
      return AuthenticatedContent(
        wireFormat: format, content: framed, auth: FramedContentAuthData(signature: signature, confirmationTag: confirmationTag))
    }

    func encrypt(_ message: AuthenticatedContent, padding: Int, using crypto: some CryptoProvider) throws(MLSError) -> PrivateMessage {
      let type: RatchetType = message.content.content.type == .application ? .application : .handshake
      let (key, _) = try secretTree.nextKey(sender, type, suite, using: crypto)
      return try PrivateMessage.protect(
        message, key: key, senderDataSecret: senderDataSecret, padding: padding, suite, using: crypto)
    }

    /// Group, epoch, sender, signature and content.
    func check(_ message: AuthenticatedContent, is raw: Content, _ name: String, using crypto: some CryptoProvider) throws(CaseProblem) {
      try expect(message.content.groupID == groupID && message.content.epoch == epoch, "\(name) is for another group or epoch")
      try expect(message.content.sender == .member(sender), "\(name) is not from leaf 1")
      let valid = crypto.verifyWithLabel(
        suite, signaturePublic, label: ascii("FramedContentTBS"), message.content.toBeSigned(message.wireFormat, context: context),
        signature: message.auth.signature)
      try expect(valid, "\(name): the signature does not verify")
      try expect(message.content.content == raw, "\(name) has another content")
    }

    func check(public bytes: [UInt8], is raw: Content, _ name: String, using crypto: some CryptoProvider) throws(CaseProblem) {
      guard case .publicMessage(let message) = try decode(bytes, name) else { throw .failed("\(name) is not a PublicMessage") }
      let authenticated = message.authenticatedContent
      let tag = PublicMessage.membershipTag(authenticated, context: context, key: membershipKey, suite, using: crypto)
      try expectEqual(tag, message.membershipTag ?? [], "\(name): membership tag")
      try check(authenticated, is: raw, name, using: crypto)
    }

    func check(private bytes: [UInt8], is raw: Content, _ name: String, using crypto: some CryptoProvider) throws(CaseProblem) {
      guard case .privateMessage(let message) = try decode(bytes, name) else { throw .failed("\(name) is not a PrivateMessage") }
      var tree = secretTree
      let opened = try attempt(name) { () throws(MLSError) in
        try message.unprotect(&tree, senderDataSecret: senderDataSecret, ReorderingPolicy(), suite, using: crypto)
      }
      try check(opened, is: raw, name, using: crypto)
    }

    private func decode(_ bytes: [UInt8], _ name: String) throws(CaseProblem) -> MLSMessage {
      do { return try MLSMessage(decoding: bytes) } catch { throw .failed("\(name): \(describe(error))") }
    }
  }

  static func verify(_ vector: VectorCase, using crypto: some CryptoProvider) throws(CaseProblem) {
    let suite = try vector.suite(using: crypto)
    let groupID = try vector.bytes("group_id")
    let epoch = try vector.uint64("epoch")
    let context = GroupContext(
      cipherSuite: suite.suite, groupID: groupID, epoch: epoch, treeHash: try vector.bytes("tree_hash"),
      confirmedTranscriptHash: try vector.bytes("confirmed_transcript_hash"))
    let setting = Setting(
      suite: suite, groupID: groupID, epoch: epoch, context: context.encoded(),
      signaturePrivate: try vector.signaturePrivateKey("signature_priv", suite),
      signaturePublic: SignaturePublicKey(try vector.bytes("signature_pub")),
      encryptionSecret: EncryptionSecret(try vector.secret("encryption_secret")),
      senderDataSecret: SenderDataSecret(try vector.secret("sender_data_secret")),
      membershipKey: MembershipKey(try vector.secret("membership_key")))

    let proposal = Content.proposal(try vector.decoded("proposal"))
    try verify(handshake: proposal, tag: nil, setting, vector, public: "proposal_pub", private: "proposal_priv", using: crypto)
    // The tag is not checked here (it belongs to the key schedule); a commit cannot be encoded without one.
    let commit = Content.commit(try vector.decoded("commit"))
    try verify(
      handshake: commit, tag: crypto.randomHash(suite), setting, vector, public: "commit_pub", private: "commit_priv", using: crypto)

    let application = Content.application(try vector.bytes("application"))
    try setting.check(private: try vector.bytes("application_priv"), is: application, "application_priv", using: crypto)
    let own = try attempt("application, encrypted again") { () throws(MLSError) in
      MLSMessage.privateMessage(
        try setting.encrypt(
          try setting.authenticated(application, .privateMessage, confirmationTag: nil, using: crypto), padding: 10, using: crypto)
      ).encoded()
    }
    try setting.check(private: own, is: application, "application, encrypted again", using: crypto)
    let forbidden = try attempt("application") { () throws(MLSError) in
      try setting.authenticated(application, .publicMessage, confirmationTag: nil, using: crypto)
    }
    let refused: Bool
    do {
      _ = try PublicMessage(
        protecting: forbidden, context: setting.context, membershipKey: setting.membershipKey, suite, using: crypto)
      refused = false
    } catch { refused = true }
    try expect(refused, "application data was protected as a PublicMessage")
  }

  private static func verify(
    handshake raw: Content, tag: [UInt8]?, _ setting: Setting, _ vector: VectorCase, public publicKey: StaticString,
    private privateKey: StaticString, using crypto: some CryptoProvider
  ) throws(CaseProblem) {
    try setting.check(public: try vector.bytes(publicKey), is: raw, publicKey.description, using: crypto)
    try setting.check(private: try vector.bytes(privateKey), is: raw, privateKey.description, using: crypto)
    let ownPublic = try attempt("\(publicKey.description), protected again") { () throws(MLSError) in
      MLSMessage.publicMessage(
        try PublicMessage(
          protecting: try setting.authenticated(raw, .publicMessage, confirmationTag: tag, using: crypto), context: setting.context,
          membershipKey: setting.membershipKey, setting.suite, using: crypto)
      ).encoded()
    }
    try setting.check(public: ownPublic, is: raw, "\(publicKey.description), protected again", using: crypto)
    let ownPrivate = try attempt("\(privateKey.description), protected again") { () throws(MLSError) in
      MLSMessage.privateMessage(
        try setting.encrypt(
          try setting.authenticated(raw, .privateMessage, confirmationTag: tag, using: crypto), padding: 10, using: crypto)
      ).encoded()
    }
    try setting.check(private: ownPrivate, is: raw, "\(privateKey.description), protected again", using: crypto)
  }

  static func generate(_ suite: CipherSuiteParameters, using crypto: some CryptoProvider) throws(MLSError) -> JSON {
    let signer = try crypto.newSignatureKeyPair(suite)
    let groupID = crypto.random(32)
    let epoch = UInt64(crypto.number(below: .max))
    let treeHash = crypto.randomHash(suite)
    let confirmed = crypto.randomHash(suite)
    let context = GroupContext(
      cipherSuite: suite.suite, groupID: groupID, epoch: epoch, treeHash: treeHash, confirmedTranscriptHash: confirmed)
    let setting = Setting(
      suite: suite, groupID: groupID, epoch: epoch, context: context.encoded(), signaturePrivate: signer.privateKey,
      signaturePublic: signer.publicKey, encryptionSecret: EncryptionSecret(Secret(crypto.randomHash(suite))),
      senderDataSecret: SenderDataSecret(Secret(crypto.randomHash(suite))), membershipKey: MembershipKey(Secret(crypto.randomHash(suite))))

    func publicMessage(_ raw: Content, _ tag: [UInt8]?) throws(MLSError) -> [UInt8] {
      MLSMessage.publicMessage(
        try PublicMessage(
          protecting: try setting.authenticated(raw, .publicMessage, confirmationTag: tag, using: crypto), context: setting.context,
          membershipKey: setting.membershipKey, suite, using: crypto)
      ).encoded()
    }
    func privateMessage(_ raw: Content, _ tag: [UInt8]?) throws(MLSError) -> [UInt8] {
      MLSMessage.privateMessage(
        try setting.encrypt(
          try setting.authenticated(raw, .privateMessage, confirmationTag: tag, using: crypto),
          padding: Int(crypto.number(below: 32)), using: crypto)
      ).encoded()
    }
    let proposal = Proposal.remove(LeafIndex(crypto.number(below: 1_000)))
    let commit = Commit(proposals: [.proposal(.remove(LeafIndex(crypto.number(below: 1_000)))), .reference(ProposalRef(crypto.randomHash(suite)))])
    let tag = crypto.randomHash(suite)
    let application = crypto.someBytes()
    return .object([
      "cipher_suite": .number(UInt32(suite.suite.rawValue)), "group_id": .hex(groupID), "epoch": .number(epoch),
      "tree_hash": .hex(treeHash), "confirmed_transcript_hash": .hex(confirmed),
      "signature_priv": .hex(signer.privateKey.secret.exposed), "signature_pub": .hex(signer.publicKey.bytes),
      "encryption_secret": .hex(setting.encryptionSecret.secret.exposed),
      "sender_data_secret": .hex(setting.senderDataSecret.secret.exposed), "membership_key": .hex(setting.membershipKey.secret.exposed),
      "proposal": .hex(proposal.encoded()), "proposal_pub": .hex(try publicMessage(.proposal(proposal), nil)),
      "proposal_priv": .hex(try privateMessage(.proposal(proposal), nil)),
      "commit": .hex(commit.encoded()), "commit_pub": .hex(try publicMessage(.commit(commit), tag)),
      "commit_priv": .hex(try privateMessage(.commit(commit), tag)),
      "application": .hex(application), "application_priv": .hex(try privateMessage(.application(application), nil)),
    ])
  }
}
