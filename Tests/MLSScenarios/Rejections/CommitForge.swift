// Commits that the engine's own API refuses to make: assembled by hand, valid in everything that a case does not break.
import CryptoInterface
import MLS
import TLSCodec

/// A commit in the making. Signatures, hashes, tags and ciphertexts are made after a case's changes, so that they fit what was changed.
struct CommitForge<Crypto: CryptoProvider> {
  let crypto: Crypto
  let suite: CipherSuiteParameters
  /// The committer's state; of an external committer that of a member, whose public half and external key it uses.
  let base: EpochState
  private let joiner: ClientIdentity?
  private let kem: (output: [UInt8], secret: Secret)?

  /// By value, in this order.
  var proposals: [Proposal] = []
  /// By reference, before the others.
  var references: [PendingProposal] = []
  var hasPath = true
  var isPrivate = false
  var psks: PreSharedKeys
  /// The public keys of the path, from the leaf upwards, before anything is hashed or signed.
  var changeKeys: (inout [HPKEPublicKey]) -> Void = { _ in }
  /// The committer's leaf before and after it is signed.
  var changeLeaf: (inout LeafNode) -> Void = { _ in }
  var changeSignedLeaf: (inout LeafNode) -> Void = { _ in }
  /// The path with its ciphertexts.
  var changePath: (inout UpdatePath) -> Void = { _ in }
  /// The content before it is signed.
  var changeContent: (inout FramedContent) -> Void = { _ in }
  var changeSignature: (inout [UInt8]) -> Void = { _ in }
  var changeConfirmationTag: (inout [UInt8]) -> Void = { _ in }
  var changeMembershipTag: (inout [UInt8]) -> Void = { _ in }
  /// Another key than the committer's own for its leaf and message.
  var signer: SignaturePrivateKey

  init(_ setting: Setting<Crypto>, by i: Int) {
    crypto = setting.crypto
    suite = setting.suite
    base = setting.group.members[i].state
    joiner = nil
    kem = nil
    psks = setting.psks
    signer = base.signingKey
  }

  /// An external commit; its ExternalInit is among the proposals from the start.
  init(_ setting: Setting<Crypto>, joining client: TestClient) throws {
    crypto = setting.crypto
    suite = setting.suite
    base = setting.group.members[1].state
    joiner = client.identity
    let external = try base.secrets.externalKeyPair(suite, using: crypto)
    let sent = try crypto.hpkeSendExport(
      suite, to: external.publicKey, info: [], context: externalInitExportLabel, length: suite.hash.size)
    kem = (sent.kemOutput, sent.secret)
    psks = setting.psks
    signer = client.identity.signatureKeyPair.privateKey
    proposals = [.externalInit(kemOutput: sent.kemOutput)]
  }

  private var group: PublicGroup { base.publicGroup }
  private var sender: Sender { joiner == nil ? .member(base.leafIndex) : .newMemberCommit }

  func message() throws -> MLSMessage {
    var (tree, extensions, added, pskIDs) = try applied()
    var context = group.context
    context.extensions = extensions
    context.epoch += 1
    var path: UpdatePath?
    var commitSecret = Secret.zeros(suite.hash.size)
    if hasPath { (path, commitSecret) = try makePath(&tree, excluding: Set(added), &context) } else {
      context.treeHash = tree.treeHash(suite.hash, using: crypto)
    }

    let entries = references.map { ProposalOrRef.reference($0.ref) } + proposals.map { ProposalOrRef.proposal($0) }
    var content = FramedContent(
      groupID: group.groupID, epoch: group.epoch, sender: sender, authenticatedData: [],
      content: .commit(Commit(proposals: entries, path: path)))
    changeContent(&content)
    let format: WireFormat = isPrivate ? .privateMessage : .publicMessage
    var signature = try content.sign(format, context: group.encodedContext, with: signer, suite, using: crypto)
    changeSignature(&signature)
    context.confirmedTranscriptHash = TranscriptHash.confirmed(
      interim: group.interimTranscriptHash, wireFormat: format, content: content, signature: signature, suite.hash, using: crypto)
    let initSecret = kem.map { InitSecret($0.secret) } ?? base.secrets.initSecret
    let secrets = EpochSecrets(
      joiner: EpochSecrets.joinerSecret(initSecret, commitSecret: commitSecret, context: context.encoded(), suite, using: crypto),
      psk: PSKSecret.combine(pskIDs.map { ($0, psks.secret(for: $0) ?? Secret([])) }, suite, using: crypto), context: context.encoded(),
      suite, using: crypto)
    var tag = secrets.confirmationTag(context.confirmedTranscriptHash, suite, using: crypto)
    changeConfirmationTag(&tag)
    let authenticated = AuthenticatedContent(
      wireFormat: format, content: content, auth: FramedContentAuthData(signature: signature, confirmationTag: tag))
    if isPrivate {
      let (key, _) = try base.secretTree.nextKey(base.leafIndex, .handshake, suite, using: crypto)
      return .privateMessage(
        try PrivateMessage.protect(
          authenticated, key: key, senderDataSecret: base.secrets.senderDataSecret, padding: 0, suite, using: crypto))
    }
    var message = PublicMessage(content: content, auth: authenticated.auth)
    if case .member = content.sender {
      var membershipTag = PublicMessage.membershipTag(
        authenticated, context: group.encodedContext, key: base.secrets.membershipKey, suite, using: crypto)
      changeMembershipTag(&membershipTag)
      message.membershipTag = membershipTag
    }
    return .publicMessage(message)
  }

  /// What the proposals do, unchecked.
  private func applied() throws -> (tree: RatchetTree, extensions: Extensions, added: [LeafIndex], psks: [PreSharedKeyID]) {
    var tree = group.tree
    var extensions = group.context.extensions
    var removed: [LeafIndex] = []
    var keyPackages: [KeyPackage] = []
    var pskIDs: [PreSharedKeyID] = []
    var dictionary = try group.appDataDictionary()
    var changesDictionary = false
    for (proposal, sender) in references.map({ ($0.proposal, $0.sender) }) + proposals.map({ ($0, self.sender) }) {
      switch proposal {
      case .add(let keyPackage): keyPackages.append(keyPackage)
      case .update(let leaf): if case .member(let index) = sender { tree.update(index, leaf) }
      case .remove(let index): if tree[index] != nil { removed.append(index) }
      case .selfRemove: if case .member(let index) = sender { removed.append(index) }
      case .psk(let id): pskIDs.append(id)
      case .groupContextExtensions(let new): extensions = new
      case .appDataUpdate(let update):
        changesDictionary = true
        if case .update(let data) = update.operation { dictionary[update.component] = data } else { dictionary[update.component] = nil }
      case .reinit, .externalInit: break
      }
    }
    tree.remove(removed)
    var added: [LeafIndex] = []
    for keyPackage in keyPackages { added.append(try tree.add(keyPackage.leafNode)) }
    if changesDictionary { extensions[.appDataDictionary] = dictionary.encoded() }
    return (tree, extensions, added, pskIDs)
  }

  /// RFC 9420 §7.5, with the case's changes. Merges the path into the tree and sets the context's tree hash.
  private func makePath(_ tree: inout RatchetTree, excluding added: Set<LeafIndex>, _ context: inout GroupContext) throws -> (
    UpdatePath, Secret
  ) {
    var leaf: LeafNode
    let author: LeafIndex
    if let joiner {
      leaf = LeafNode(
        encryptionKey: try crypto.generateKeyPair(suite.kem).publicKey, signatureKey: joiner.signatureKeyPair.publicKey,
        credential: joiner.credential, capabilities: joiner.capabilities, source: .commit(parentHash: []), extensions: joiner.extensions)
      author = try tree.add(leaf)
    } else {
      author = base.leafIndex
      guard let own = tree[author] ?? group.tree[author] else { throw BrokenSetting("the committer's leaf is blank") }
      leaf = own
      leaf.encryptionKey = try crypto.generateKeyPair(suite.kem).publicKey
    }
    if author.value >= tree.leafCount { throw BrokenSetting("the committer's leaf has been cut off") }
    let path = tree.filteredDirectPath(author)
    var secrets: [Secret] = []
    var keys: [HPKEPublicKey] = []
    var secret = Secret(crypto.random(suite.hash.size))
    for _ in path {
      secrets.append(secret)
      keys.append(try PathSecret(secret).keyPair(suite, using: crypto).publicKey)
      secret = crypto.expandWithLabel(suite, secret, label: Array("path".utf8), context: [], length: suite.hash.size)
    }
    changeKeys(&keys)
    var hashed = tree
    leaf.source = .commit(parentHash: hashed.setPath(above: author, path, keys: keys, suite.hash, using: crypto))
    changeLeaf(&leaf)
    try leaf.sign(suite, with: signer, groupID: group.groupID, leafIndex: author, using: crypto)
    changeSignedLeaf(&leaf)
    tree.update(author, leaf)
    _ = tree.setPath(above: author, path, keys: keys, suite.hash, using: crypto)
    context.treeHash = tree.treeHash(suite.hash, using: crypto)

    var nodes: [UpdatePathNode] = []
    for (i, step) in path.enumerated() {
      var ciphertexts: [HPKECiphertext] = []
      for node in tree.resolution(step.copathChild) where !(node.isLeaf && added.contains(node.leaf)) {
        guard let key = tree[node]?.encryptionKey else { continue }
        ciphertexts.append(
          try crypto.encryptWithLabel(suite, to: key, label: Array("UpdatePathNode".utf8), context: context.encoded(), secrets[i]))
      }
      nodes.append(UpdatePathNode(encryptionKey: keys[i], encryptedPathSecret: ciphertexts))
    }
    var update = UpdatePath(leafNode: leaf, nodes: nodes)
    changePath(&update)
    return (update, secret)
  }
}
