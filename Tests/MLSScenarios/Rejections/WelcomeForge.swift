// Welcomes that the engine's own API refuses to make: opened, changed and sealed again.
import CryptoInterface
import MLS
import TLSCodec

/// A Welcome for one joiner, and the tree that goes with it. Hash, tag, signature and ciphertexts are made after a case's changes.
struct WelcomeForge<Crypto: CryptoProvider> {
  let crypto: Crypto
  let bundle: KeyPackageBundle
  let suite: CipherSuiteParameters
  var secrets: GroupSecrets
  /// Of `secrets.psks`, in order.
  var pskSecrets: [Secret]
  var info: GroupInfo
  var tree: RatchetTree
  /// Of the committer, and of its leaf.
  var signer: SignaturePrivateKey
  var cipherSuite: CipherSuite
  var keepsTreeHash = false
  var changeTag: (inout [UInt8]) -> Void = { _ in }
  var changeSignature: (inout [UInt8]) -> Void = { _ in }
  var changeCiphertext: (inout Welcome) -> Void = { _ in }

  init(
    opening commit: PendingCommit, for bundle: KeyPackageBundle, pskSecrets: [Secret] = [], signer: SignaturePrivateKey, using crypto: Crypto
  ) throws {
    guard let welcome = commit.welcome?.slice(for: try bundle.keyPackage.ref(using: crypto)),
      let suite = crypto.suites.parameters(of: welcome.cipherSuite)
    else { throw BrokenSetting("no Welcome for this joiner") }
    self.crypto = crypto
    self.bundle = bundle
    self.suite = suite
    self.pskSecrets = pskSecrets
    self.signer = signer
    cipherSuite = welcome.cipherSuite
    let opened = try crypto.decryptWithLabel(
      suite, with: bundle.initPrivateKey, label: Array("Welcome".utf8), context: welcome.encryptedGroupInfo,
      welcome.secrets[0].encryptedGroupSecrets)
    secrets = try GroupSecrets(decoding: opened.exposed)
    let psk = PSKSecret.combine(zip(secrets.psks, pskSecrets).map { ($0, $1) }, suite, using: crypto)
    info = try EpochSecrets.welcomeSecret(secrets.joinerSecret, psk: psk, suite, using: crypto)
      .open(welcome.encryptedGroupInfo, suite, using: crypto)
    tree = commit.tree
  }

  /// The GroupInfo as it is sent.
  mutating func sealInfo() throws {
    if !keepsTreeHash { info.groupContext.treeHash = tree.treeHash(suite.hash, using: crypto) }
    let epoch = EpochSecrets(joiner: secrets.joinerSecret, psk: psk, context: info.groupContext.encoded(), suite, using: crypto)
    info.confirmationTag = epoch.confirmationTag(info.groupContext.confirmedTranscriptHash, suite, using: crypto)
    changeTag(&info.confirmationTag)
    try info.sign(suite, with: signer, using: crypto)
    changeSignature(&info.signature)
  }

  private var psk: Secret { PSKSecret.combine(zip(secrets.psks, pskSecrets).map { ($0, $1) }, suite, using: crypto) }

  /// The Welcome and its GroupInfo.
  func sealed() throws -> (welcome: Welcome, info: GroupInfo) {
    var forge = self
    try forge.sealInfo()
    let (key, nonce) = EpochSecrets.welcomeSecret(secrets.joinerSecret, psk: psk, suite, using: crypto).keyAndNonce(suite, using: crypto)
    let encrypted = try crypto.aeadSeal(suite.aead, key: key, nonce: nonce.exposed, aad: [], forge.info.encoded())
    let ciphertext = try crypto.encryptWithLabel(
      suite, to: bundle.keyPackage.initKey, label: Array("Welcome".utf8), context: encrypted, Secret(secrets.encoded()))
    let entry = EncryptedGroupSecrets(newMember: try bundle.keyPackage.ref(using: crypto), encryptedGroupSecrets: ciphertext)
    var welcome = Welcome(cipherSuite: cipherSuite, secrets: [entry], encryptedGroupInfo: encrypted)
    changeCiphertext(&welcome)
    return (welcome, forge.info)
  }

  // MARK: The tree

  /// Changes a node and nothing else, parent hashes included.
  mutating func changeNode(_ index: UInt32, _ change: (inout Node?) -> Void) throws {
    var nodes = (0..<tree.nodeCount).map { tree[NodeIndex($0)] }
    change(&nodes[Int(index)])
    while let last = nodes.last, last == nil { nodes.removeLast() }
    tree = try RatchetTree(nodes: nodes)
  }

  mutating func changeParent(_ index: UInt32, _ change: (inout ParentNode) -> Void) throws {
    try changeNode(index) { node in
      guard case .parent(var parent)? = node else { return }
      change(&parent)
      node = .parent(parent)
    }
  }

  mutating func changeLeaf(_ index: LeafIndex, signer: SignaturePrivateKey, signed: (inout LeafNode) -> Void, _ change: (inout LeafNode) -> Void)
    throws
  {
    guard var leaf = tree[index] else { throw BrokenSetting("blank leaf") }
    change(&leaf)
    try leaf.sign(suite, with: signer, groupID: info.groupContext.groupID, leafIndex: index, using: crypto)
    signed(&leaf)
    try changeNode(2 * index.value) { $0 = .leaf(leaf) }
  }

  /// Lets the committer make its path again, over the tree as it now is: parent hashes and path secret fit.
  mutating func rebuild(changingKeys changeKeys: (inout [HPKEPublicKey]) -> Void = { _ in }) throws {
    let author = info.signer
    guard var leaf = tree[author] else { throw BrokenSetting("the committer's leaf is blank") }
    let path = tree.filteredDirectPath(author)
    let own = tree.leaf(signingWith: bundle.keyPackage.leafNode.signatureKey)
    var keys: [HPKEPublicKey] = []
    var secret = Secret(crypto.random(suite.hash.size))
    for step in path {
      if let own, step.node == TreeMath.commonAncestor(author, own) { secrets.pathSecret = PathSecret(secret) }
      keys.append(try PathSecret(secret).keyPair(suite, using: crypto).publicKey)
      secret = crypto.expandWithLabel(suite, secret, label: Array("path".utf8), context: [], length: suite.hash.size)
    }
    changeKeys(&keys)
    var hashed = tree
    leaf.source = .commit(parentHash: hashed.setPath(above: author, path, keys: keys, suite.hash, using: crypto))
    try leaf.sign(suite, with: signer, groupID: info.groupContext.groupID, leafIndex: author, using: crypto)
    tree.update(author, leaf)
    _ = tree.setPath(above: author, path, keys: keys, suite.hash, using: crypto)
  }
}
