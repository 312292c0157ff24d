// The other members of a passive client's group: they propose and commit at random, the client only watches.
import CryptoInterface
import MLS
import TLSCodec

/// All members but the passive client, each with a group of its own.
struct SimulatedGroup {
  private let suite: CipherSuiteParameters
  private var groups: [Group] = []
  private var clientLeaf: LeafIndex?
  private var psks = PreSharedKeys()
  private var pskIDs: [[UInt8]] = []
  /// As the vector lists them.
  private(set) var externalPSKs: [JSON] = []

  init(_ suite: CipherSuiteParameters, members: Int, using crypto: some CryptoProvider) throws(MLSError) {
    self.suite = suite
    let founder = try ClientIdentity.madeUp(suite, using: crypto)
    groups = [
      try Group.create(
        groupID: crypto.random(16), suite: suite.suite, identity: founder, reordering: ReorderingPolicy(pastEpochs: 64),
        application: TrustEveryone(), using: crypto)
    ]
    for _ in 0..<2 {
      let id = crypto.random(16)
      let psk = crypto.random(32)
      pskIDs.append(id)
      psks.add(external: id, Secret(psk))
      externalPSKs.append(.object(["psk_id": .hex(id), "psk": .hex(psk)]))
    }
    for _ in 1..<max(members, 1) { _ = try commit(by: 0, CommitOptions(), adding: 1, using: crypto) }
  }

  var epochAuthenticator: EpochAuthenticator { groups[0].epochAuthenticator }

  /// Adds the passive client.
  mutating func welcome(_ keyPackage: KeyPackage, withPSK: Bool, treeApart: Bool, using crypto: some CryptoProvider) throws(MLSError)
    -> (Welcome, RatchetTree)
  {
    var proposals: [Proposal] = [.add(keyPackage)]
    if withPSK { proposals.append(externalPSK(0, using: crypto)) }
    let pending = try groups[0].commit(
      CommitOptions(proposals: proposals, welcomeCarriesTree: !treeApart), psks: psks, application: TrustEveryone(), using: crypto)
    guard let welcome = pending.welcome, let leaf = pending.added.first else { throw .internalError("an Add without a Welcome") }
    try deliver(pending.message, from: 0, using: crypto)
    try groups[0].adoptPendingCommit(at: 0)
    clientLeaf = leaf
    return (welcome, groups[0].tree)
  }

  private func externalPSK(_ index: Int, using crypto: some CryptoProvider) -> Proposal {
    .psk(PreSharedKeyID(.external(id: pskIDs[index]), nonce: crypto.randomHash(suite)))
  }

  /// One epoch: some proposals by reference and by value, and a commit.
  mutating func evolve(using crypto: some CryptoProvider) throws(MLSError) -> JSON {
    let committer = Int(crypto.number(below: UInt32(groups.count)))
    let format: HandshakeFormat = crypto.number(below: 2) == 0 ? .publicMessage : .privateMessage
    var sent: [JSON] = []
    for author in groups.indices where author != committer && crypto.number(below: 3) == 0 {
      let message: MLSMessage
      switch crypto.number(below: 3) {
      case 0: message = try groups[author].proposeUpdate(format: format, application: TrustEveryone(), using: crypto)
      case 1:
        message = try groups[author].propose(externalPSK(1, using: crypto), format: format, application: TrustEveryone(), using: crypto)
      default:
        let stranger = try KeyPackageBundle.create(
          try ClientIdentity.madeUp(suite, using: crypto), suite: suite.suite, lifetime: .always, using: crypto)
        // Nobody plays the stranger: the commit's Welcome for it is thrown away.
        message = try groups[author].propose(.add(stranger.keyPackage), format: format, application: TrustEveryone(), using: crypto)
      }
      try deliver(message, from: author, using: crypto)
      sent.append(.hex(message.encoded()))
    }
    var options = CommitOptions(omitsPathWherePossible: crypto.number(below: 2) == 0, format: format)
    var adding = 0
    switch crypto.number(below: 5) {
    case 0: options.proposals = [externalPSK(0, using: crypto)]
    case 1:
      let usage = PreSharedKeyID.Kind.resumption(usage: .application, groupID: groups[0].groupID, epoch: groups[0].epoch)
      options.proposals = [.psk(PreSharedKeyID(usage, nonce: crypto.randomHash(suite)))]
    case 2:
      if let target = stranger() { options.proposals = [.remove(target)] }
    case 3: adding = 1
    default: options.proposals = [.groupContextExtensions([Extension(.requiredCapabilities, RequiredCapabilities(credentialTypes: [.basic]).encoded())])]
    }
    let message = try commit(by: committer, options, adding: adding, using: crypto)
    return .object([
      "proposals": .array(sent), "commit": .hex(message.encoded()),
      "epoch_authenticator": .hex(epochAuthenticator.secret.exposed),
    ])
  }

  /// A member that nobody plays, and that therefore can be removed.
  private func stranger() -> LeafIndex? {
    for (index, _) in groups[0].tree.leaves where index != clientLeaf && !groups.contains(where: { $0.leafIndex == index }) {
      return index
    }
    return nil
  }

  private mutating func deliver(_ message: MLSMessage, from author: Int, using crypto: some CryptoProvider) throws(MLSError) {
    for i in groups.indices where i != author {
      if case .commit(let staged) = try groups[i].receive(message, psks: psks, application: TrustEveryone(), using: crypto) {
        try groups[i].adopt(staged, at: 0)
      }
    }
  }

  private mutating func commit(by author: Int, _ options: CommitOptions, adding: Int, using crypto: some CryptoProvider) throws(MLSError)
    -> MLSMessage
  {
    var options = options
    var joiners: [KeyPackageBundle] = []
    for _ in 0..<adding {
      let joiner = try KeyPackageBundle.create(
        try ClientIdentity.madeUp(suite, using: crypto), suite: suite.suite, lifetime: .always, using: crypto)
      options.proposals.append(.add(joiner.keyPackage))
      joiners.append(joiner)
    }
    let pending = try groups[author].commit(options, psks: psks, application: TrustEveryone(), using: crypto)
    try deliver(pending.message, from: author, using: crypto)
    try groups[author].adoptPendingCommit(at: 0)
    let joining = JoiningContext(tree: groups[author].tree, psks: psks, reordering: ReorderingPolicy(pastEpochs: 64))
    for joiner in joiners {
      guard let welcome = pending.welcome else { throw .internalError("an Add without a Welcome") }
      // A resumption PSK of an epoch before its time keeps a client out: then nobody plays it.
      do throws(MLSError) {
        groups.append(try Group.join(welcome, with: joiner, joining, application: TrustEveryone(), using: crypto))
      } catch { if error != .missingPSK { throw error } }
    }
    return pending.message
  }
}

extension ClientIdentity {
  static func madeUp(_ suite: CipherSuiteParameters, using crypto: some CryptoProvider) throws(MLSError) -> ClientIdentity {
    ClientIdentity(
      credential: .basic(identity: crypto.random(16)), signatureKeyPair: try crypto.newSignatureKeyPair(suite),
      capabilities: Capabilities(cipherSuites: [suite.suite]))
  }
}
