// "Messages": every structure decodes, and encodes to the same bytes.
import CryptoInterface
import MLS
import TLSCodec

enum MessageVectors {
  static func verify(_ vector: VectorCase) throws(CaseProblem) {
    try roundTrip(vector, "mls_welcome") { if case .welcome = $0 { true } else { false } }
    try roundTrip(vector, "mls_group_info") { if case .groupInfo = $0 { true } else { false } }
    try roundTrip(vector, "mls_key_package") { if case .keyPackage = $0 { true } else { false } }
    try roundTrip(vector, "ratchet_tree", RatchetTree.self)
    try roundTrip(vector, "group_secrets", GroupSecrets.self)
    try roundTrip(vector, "add_proposal", KeyPackage.self)
    try roundTrip(vector, "update_proposal", LeafNode.self)
    try roundTrip(vector, "remove_proposal", LeafIndex.self)
    try roundTrip(vector, "pre_shared_key_proposal", PreSharedKeyID.self)
    try roundTrip(vector, "re_init_proposal", ReInit.self)
    try roundTrip(vector, "external_init_proposal", ExternalInit.self)
    try roundTrip(vector, "group_context_extensions_proposal", Extensions.self)
    try roundTrip(vector, "commit", Commit.self)
    try roundTrip(vector, "public_message_application") { isPublic($0, .application) }
    try roundTrip(vector, "public_message_proposal") { isPublic($0, .proposal) }
    try roundTrip(vector, "public_message_commit") { isPublic($0, .commit) }
    try roundTrip(vector, "private_message") { if case .privateMessage = $0 { true } else { false } }
  }

  private static func isPublic(_ message: MLSMessage, _ type: ContentType) -> Bool {
    if case .publicMessage(let message) = message { message.content.content.type == type } else { false }
  }

  private static func roundTrip<T: TLSCodable>(_ vector: VectorCase, _ key: StaticString, _ type: T.Type) throws(CaseProblem) {
    try vector.expect(key, try vector.decoded(key, as: type).encoded())
  }

  private static func roundTrip(_ vector: VectorCase, _ key: StaticString, _ isExpected: (MLSMessage) -> Bool) throws(CaseProblem) {
    let message = try vector.decoded(key, as: MLSMessage.self)
    try expect(isExpected(message), "\(vector.name(key)) holds another kind of message")
    try vector.expect(key, message.encoded())
  }

  /// RFC 9420 §12.1.6
  ///
  ///     struct {
  ///       opaque kem_output<V>;
  ///     } ExternalInit;
  private struct ExternalInit: TLSEncodable, TLSDecodable {
    var kemOutput: [UInt8]
    init(from reader: inout Reader) throws(DecodingError) { kemOutput = try reader.opaque() }
    func encode(to writer: inout Writer) { writer.opaque(kemOutput) }
  }

  static func generate(_ suite: CipherSuiteParameters, using crypto: some CryptoProvider) throws(MLSError) -> JSON {
    func vector(_ bytes: [UInt8]) -> [UInt8] {
      var writer = Writer()
      writer.opaque(bytes)
      return writer.bytes
    }
    let client = try MadeUpClient(suite, using: crypto)
    let group = try SimulatedTree(shape: 1, suite, using: crypto)
    let update = try client.updatedLeaf(suite, groupID: group.groupID, at: LeafIndex(1), using: crypto)
    var committed = group.tree
    let path = try committed.createPath(
      author: LeafIndex(0), leaf: client.keyPackage.leafNode, groupID: group.groupID, signingKey: client.signatureKey.privateKey,
      private: nil, suite, using: crypto)
    let context = GroupContext(
      cipherSuite: suite.suite, groupID: group.groupID, epoch: UInt64(crypto.number(below: .max)),
      treeHash: committed.treeHash(suite.hash, using: crypto), confirmedTranscriptHash: crypto.randomHash(suite),
      extensions: [Extension(.externalPub, vector(client.keyPackage.initKey.bytes)), Extension(ExtensionType(0xF123), crypto.someBytes())])
    let commit = Commit(
      proposals: [.proposal(.add(client.keyPackage)), .reference(ProposalRef(crypto.randomHash(suite)))],
      path: try committed.seal(path, excluding: [], context: context.encoded(), suite, using: crypto))
    var info = GroupInfo(
      groupContext: context, extensions: [Extension(.ratchetTree, group.tree.encoded())], confirmationTag: crypto.randomHash(suite),
      signer: LeafIndex(0))
    try info.sign(suite, with: client.signatureKey.privateKey, using: crypto)
    let welcome = Welcome(
      cipherSuite: suite.suite,
      secrets: [
        EncryptedGroupSecrets(
          newMember: try client.keyPackage.ref(using: crypto),
          encryptedGroupSecrets: HPKECiphertext(kemOutput: crypto.random(suite.kem.encapsulationSize), ciphertext: crypto.someBytes(200)))
      ], encryptedGroupInfo: crypto.someBytes(400))
    let secrets = GroupSecrets(
      joinerSecret: JoinerSecret(Secret(crypto.randomHash(suite))), pathSecret: PathSecret(Secret(crypto.randomHash(suite))),
      psks: [PreSharedKeyID(.resumption(usage: .application, groupID: group.groupID, epoch: 7), nonce: crypto.randomHash(suite))])
    let psk = PreSharedKeyID(.external(id: crypto.someBytes()), nonce: crypto.randomHash(suite))
    let reinit = ReInit(
      groupID: crypto.random(16), cipherSuite: suite.suite, extensions: [Extension(ExtensionType(0xF124), crypto.someBytes())])
    func publicMessage(_ content: Content) throws(MLSError) -> JSON {
      let framed = FramedContent(
        groupID: group.groupID, epoch: context.epoch, sender: .member(LeafIndex(crypto.number(below: 1_000))),
        authenticatedData: crypto.someBytes(), content: content)
      let auth = FramedContentAuthData(
        signature: crypto.random(64), confirmationTag: content.type == .commit ? crypto.randomHash(suite) : nil)
      return .hex(
        MLSMessage.publicMessage(PublicMessage(content: framed, auth: auth, membershipTag: crypto.randomHash(suite))).encoded())
    }
    let encrypted = PrivateMessage(
      groupID: group.groupID, epoch: context.epoch, contentType: .application, authenticatedData: crypto.someBytes(),
      encryptedSenderData: crypto.random(28), ciphertext: crypto.someBytes(400))
    return .object([
      "mls_welcome": .hex(MLSMessage.welcome(welcome).encoded()), "mls_group_info": .hex(MLSMessage.groupInfo(info).encoded()),
      "mls_key_package": .hex(MLSMessage.keyPackage(client.keyPackage).encoded()),
      "ratchet_tree": .hex(group.tree.encoded()), "group_secrets": .hex(secrets.encoded()),
      "add_proposal": .hex(client.keyPackage.encoded()), "update_proposal": .hex(update.encoded()),
      "remove_proposal": .hex(LeafIndex(crypto.number(below: .max)).encoded()), "pre_shared_key_proposal": .hex(psk.encoded()),
      "re_init_proposal": .hex(reinit.encoded()), "external_init_proposal": .hex(vector(crypto.random(suite.kem.encapsulationSize))),
      "group_context_extensions_proposal": .hex(context.extensions.encoded()), "commit": .hex(commit.encoded()),
      "public_message_application": try publicMessage(.application(crypto.someBytes())),
      "public_message_proposal": try publicMessage(.proposal(.reinit(reinit))),
      "public_message_commit": try publicMessage(.commit(commit)),
      "private_message": .hex(MLSMessage.privateMessage(encrypted).encoded()),
    ])
  }
}
