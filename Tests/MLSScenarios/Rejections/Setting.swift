// The groups in which the rejections happen, and how a message is given to a receiver.
import CryptoInterface
import MLS
import TLSCodec

/// The suite of the catalogue: the rules do not depend on it.
let catalogueSuite = CipherSuite(1)

/// Four members and two external senders, in a tree without blank parents. Member 0 misbehaves, member 3 receives.
struct Setting<Crypto: CryptoProvider> {
  let crypto: Crypto
  var group: TestGroup<Crypto>
  /// The key pair of both entries in `external_senders`; the second entry calls itself "eve".
  let externalSender: SignatureKeyPair
  let suite: CipherSuiteParameters
  var judge = Judge()
  var psks = PreSharedKeys()
  let receiver = 3



  init(_ crypto: Crypto, members: Int = 4, extensions more: Extensions = [], dictionary: AppDataDictionary? = nil) throws {
    self.crypto = crypto
    guard let suite = crypto.suites.parameters(of: catalogueSuite) else { throw BrokenSetting("the provider lacks suite 1") }
    self.suite = suite
    externalSender = try crypto.generateSignatureKeyPair(suite.signature)
    var extensions: Extensions = [
      Extension(
        .externalSenders,
        ExternalSenders([
          ExternalSender(signatureKey: externalSender.publicKey, credential: .basic(identity: [1])),
          ExternalSender(signatureKey: externalSender.publicKey, credential: .eve),
        ]).encoded())
    ]
    extensions.entries += more.entries
    if let dictionary { extensions[.appDataDictionary] = dictionary.encoded() }
    group = try TestGroup(members, suite: catalogueSuite, extensions: extensions, using: crypto)
    if members > 2 { try group.commit(by: 2) }
  }

  // MARK: People

  func newClient(_ name: String = "new", _ change: (inout ClientIdentity) -> Void = { _ in }) throws -> TestClient {
    var client = try TestClient(name, suite: catalogueSuite, using: crypto)
    change(&client.identity)
    return client
  }

  /// A key package whose leaf and own fields are changed before each is signed.
  func keyPackage(
    of client: TestClient, _ change: (inout KeyPackage) -> Void = { _ in }, leaf changeLeaf: (inout LeafNode) -> Void = { _ in }
  ) throws -> KeyPackage {
    var keyPackage = try client.keyPackage(using: crypto).keyPackage
    let key = client.identity.signatureKeyPair.privateKey
    changeLeaf(&keyPackage.leafNode)
    try keyPackage.leafNode.sign(suite, with: key, groupID: group.members[0].groupID, using: crypto)
    change(&keyPackage)
    try keyPackage.sign(suite, with: key, using: crypto)
    return keyPackage
  }

  func newKeyPackage(_ change: (inout KeyPackage) -> Void = { _ in }, leaf changeLeaf: (inout LeafNode) -> Void = { _ in }) throws
    -> KeyPackage
  {
    try keyPackage(of: newClient(), change, leaf: changeLeaf)
  }

  /// A leaf with which a member updates itself, changed before it is signed.
  func updatedLeaf(
    of i: Int, signer: SignaturePrivateKey? = nil, signedFor index: LeafIndex? = nil, _ change: (inout LeafNode) throws -> Void = { _ in }
  ) throws -> LeafNode {
    let member = group.members[i]
    guard var leaf = member.tree[member.leafIndex] else { throw BrokenSetting("blank leaf") }
    leaf.encryptionKey = try freshKey()
    leaf.source = .update
    try change(&leaf)
    try leaf.sign(
      suite, with: signer ?? member.state.signingKey, groupID: member.groupID, leafIndex: index ?? member.leafIndex, using: crypto)
    return leaf
  }

  func freshKey() throws -> HPKEPublicKey { try crypto.generateKeyPair(suite.kem).publicKey }

  func psk(_ kind: PreSharedKeyID.Kind = .external(id: [7]), nonceSize: Int? = nil) -> PreSharedKeyID {
    PreSharedKeyID(kind, nonce: crypto.random(nonceSize ?? suite.hash.size))
  }

  func index(_ i: Int) -> LeafIndex { group.members[i].leafIndex }
  func leaf(_ i: Int) -> LeafNode? { group.members[0].tree[group.members[i].leafIndex] }

  // MARK: Messages

  /// A message of a member, changed before it is signed and after.
  func message(
    from i: Int, _ content: Content, signer: SignaturePrivateKey? = nil, _ change: (inout FramedContent) -> Void = { _ in },
    signed changeSigned: (inout AuthenticatedContent) -> Void = { _ in }
  ) throws -> MLSMessage {
    let member = group.members[i]
    var framed = FramedContent(
      groupID: member.groupID, epoch: member.epoch, sender: .member(member.leafIndex), authenticatedData: [], content: content)
    change(&framed)
    let signature = try framed.sign(
      .publicMessage, context: member.publicGroup.encodedContext, with: signer ?? member.state.signingKey, suite, using: crypto)
    var authenticated = AuthenticatedContent(
      wireFormat: .publicMessage, content: framed, auth: FramedContentAuthData(signature: signature))
    if case .commit = framed.content { authenticated.auth.confirmationTag = [1] }
    changeSigned(&authenticated)
    return protect(authenticated, from: i)
  }

  /// A PublicMessage of the content, with a membership tag where its sender is a member.
  func protect(_ content: AuthenticatedContent, from i: Int) -> MLSMessage {
    let member = group.members[i]
    var message = PublicMessage(content: content.content, auth: content.auth)
    if case .member = content.content.sender {
      message.membershipTag = PublicMessage.membershipTag(
        content, context: member.publicGroup.encodedContext, key: member.state.secrets.membershipKey, suite, using: crypto)
    }
    return .publicMessage(message)
  }

  /// A message of somebody who is not a member.
  func outsideMessage(_ sender: Sender, _ content: Content, signer: SignaturePrivateKey? = nil) throws -> MLSMessage {
    let member = group.members[0]
    let framed = FramedContent(groupID: member.groupID, epoch: member.epoch, sender: sender, authenticatedData: [], content: content)
    let signature = try framed.sign(
      .publicMessage, context: member.publicGroup.encodedContext, with: signer ?? externalSender.privateKey, suite, using: crypto)
    var auth = FramedContentAuthData(signature: signature)
    if case .commit = content { auth.confirmationTag = [1] }
    return .publicMessage(PublicMessage(content: framed, auth: auth))
  }

  /// Lets a member propose, and everybody but him receive. Returns what a commit names.
  @discardableResult
  mutating func propose(from i: Int, _ proposal: Proposal) throws -> PendingProposal {
    let message = try message(from: i, .proposal(proposal))
    var pending: PendingProposal?
    for j in group.members.indices {
      if case .proposal(let received) = try group.members[j].receive(message, application: judge, using: crypto) { pending = received }
    }
    guard let pending else { throw BrokenSetting("not a proposal") }
    return pending
  }

  // MARK: Trials

  /// Gives the receiver the honest message, which it must take, and the violating one. Both travel as bytes.
  func refusal(of violating: MLSMessage, honest: MLSMessage, by i: Int? = nil) throws -> MLSError? {
    try refusal(of: violating, honest: honest, by: group.members[i ?? receiver])
  }

  func refusal(of violating: MLSMessage, honest: MLSMessage, by member: Group) throws -> MLSError? {
    var control = member
    do {
      _ = try control.receive(try MLSMessage(decoding: honest.encoded()), psks: psks, application: judge, using: crypto)
    } catch { throw BrokenSetting("the honest message was refused: \(error)") }
    var member = member
    _ = member.takeChanges()
    let before = Self.records(member)
    let message = try MLSMessage(decoding: violating.encoded())
    let error = MLSScenarios.refusal { () throws(MLSError) in
      _ = try member.receive(message, psks: psks, application: judge, using: crypto)
    }
    if error != nil {
      guard Self.records(member) == before, member.takeChanges().isEmpty else { throw BrokenSetting("a refused message has left a trace") }
    }
    try compareWithPublicGroup(member.publicGroup, message, error)
    return error
  }

  static func records(_ group: Group) -> [RecordKey: [UInt8]?] {
    Dictionary(uniqueKeysWithValues: group.records().map { ($0.key, $0.value) })
  }

  /// A delivery service says what a member says, unless it cannot see the fault.
  private func compareWithPublicGroup(_ before: PublicGroup, _ message: MLSMessage, _ error: MLSError?) throws {
    guard case .publicMessage(let message) = message, let error else { return }
    var group = before
    let own = MLSScenarios.refusal { () throws(MLSError) in
      if case .proposal = message.content.content {
        try group.receive(proposal: message, application: judge, using: crypto)
      } else {
        _ = try group.process(commit: message, application: judge, using: crypto)
      }
    }
    if let own {
      if own != error { throw BrokenSetting("a member says \(error), the public group \(own)") }
      guard group.context == before.context, group.proposals == before.proposals, group.tree.encoded() == before.tree.encoded() else {
        throw BrokenSetting("a refused message has left a trace in the public group")
      }
    } else {
      switch error {
      case .rule(.membershipTag), .rule(.confirmationTag), .rule(.pathKeys), .missingPSK, .undecryptable, .ownCommitUnknown: break
      default: throw BrokenSetting("the public group accepts what a member refuses with \(error)")
      }
    }
  }

  /// A proposal of member 0, with and without the fault.
  func refusal(ofProposal violating: Proposal, honest: Proposal) throws -> MLSError? {
    try refusal(of: message(from: 0, .proposal(violating)), honest: message(from: 0, .proposal(honest)))
  }

  /// A commit of member 0: `honest` sets up what is right, `violating` what is wrong besides.
  func refusal(
    ofCommit violating: (inout CommitForge<Crypto>) throws -> Void, honest: (inout CommitForge<Crypto>) throws -> Void = { _ in },
    by i: Int? = nil
  ) throws -> MLSError? {
    var control = CommitForge(self, by: 0)
    try honest(&control)
    var forge = CommitForge(self, by: 0)
    try honest(&forge)
    try violating(&forge)
    return try refusal(of: forge.message(), honest: control.message(), by: i)
  }

  /// An external commit of a new client.
  func refusal(
    ofExternalCommit violating: (inout CommitForge<Crypto>) throws -> Void, honest: (inout CommitForge<Crypto>) throws -> Void = { _ in },
    by client: TestClient? = nil
  ) throws -> MLSError? {
    let client = try client ?? newClient()
    var control = try CommitForge(self, joining: client)
    try honest(&control)
    var forge = try CommitForge(self, joining: client)
    try honest(&forge)
    try violating(&forge)
    return try refusal(of: forge.message(), honest: control.message())
  }
}
