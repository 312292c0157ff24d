// MLSScenarios: people, groups and deliveries for tests, the mutation run and benchmarks. Not part of the product.
import CryptoInterface
import MLS
import TLSCodec

/// A generator with a seed, so that a failure can be replayed.
public struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  public init(_ seed: UInt64) { state = seed }
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// A client that can be in many groups.
public struct TestClient: Sendable {
  public var name: String
  public var suite: CipherSuite
  public var identity: ClientIdentity

  public init(_ name: String, suite: CipherSuite, using crypto: some CryptoProvider) throws(MLSError) {
    self.name = name
    self.suite = suite
    guard let parameters = crypto.suites.parameters(of: suite) else { throw .rule(.cipherSuite) }
    let pair: SignatureKeyPair
    do { pair = try crypto.generateSignatureKeyPair(parameters.signature) } catch { throw .crypto(error) }
    identity = ClientIdentity(
      credential: .basic(identity: Array(name.utf8)), signatureKeyPair: pair, capabilities: TestClient.capabilities(crypto),
      components: (0x8000..<0x8004).map { ComponentID($0) })
  }

  /// What Hauspost's clients support.
  public static func capabilities(_ crypto: some CryptoProvider) -> Capabilities {
    Capabilities(
      cipherSuites: crypto.suites.entries.map { $0.suite }, extensions: [.appDataDictionary],
      proposals: [.appDataUpdate, .selfRemove], credentials: [.basic, .x509])
  }

  public func keyPackage(
    lifetime: Lifetime = Lifetime(notBefore: 0, notAfter: 365 * 86_400), extensions: Extensions = [], isLastResort: Bool = false, using crypto: some CryptoProvider
  ) throws(MLSError) -> KeyPackageBundle {
    try KeyPackageBundle.create(
      identity, suite: suite, lifetime: lifetime, extensions: extensions, isLastResort: isLastResort, using: crypto)
  }

  public func createGroup(
    _ groupID: String = "group", extensions: Extensions = [], using crypto: some CryptoProvider
  ) throws(MLSError) -> Group {
    try Group.create(
      groupID: Array(groupID.utf8), suite: suite, identity: identity, extensions: extensions, application: TrustEveryone(), using: crypto)
  }
}

/// A group of clients "0", "1", … who all have joined, in the same epoch.
public struct TestGroup<Crypto: CryptoProvider>: Sendable {
  public let crypto: Crypto
  public var clients: [TestClient]
  public var members: [Group]

  public init(
    _ count: Int, suite: CipherSuite, extensions: Extensions = [], firstCommitHasPath: Bool = true, using crypto: Crypto
  ) throws(MLSError) {
    self.crypto = crypto
    clients = []
    for i in 0..<count { clients.append(try TestClient(String(i), suite: suite, using: crypto)) }
    var creator = try clients[0].createGroup(extensions: extensions, using: crypto)
    var bundles: [KeyPackageBundle] = []
    for client in clients.dropFirst() { bundles.append(try client.keyPackage(using: crypto)) }
    members = []
    if !bundles.isEmpty {
      let commit = try creator.commit(
        CommitOptions(proposals: bundles.map { .add($0.keyPackage) }, omitsPathWherePossible: !firstCommitHasPath),
        application: TrustEveryone(), using: crypto)
      try creator.adoptPendingCommit(at: 0)
      guard let welcome = commit.welcome else { throw .internalError("no welcome") }
      for bundle in bundles {
        members.append(
          try Group.join(welcome, with: bundle, JoiningContext(tree: commit.tree), application: TrustEveryone(), using: crypto))
      }
    }
    members.insert(creator, at: 0)
  }

  /// Lets a member commit, and all others adopt. Members whom the commit removes become inactive.
  @discardableResult
  public mutating func commit(by i: Int, _ options: CommitOptions = CommitOptions(), psks: PreSharedKeys = PreSharedKeys()) throws(MLSError)
    -> PendingCommit
  {
    let pending = try members[i].commit(options, psks: psks, application: TrustEveryone(), using: crypto)
    for j in members.indices where j != i && members[j].status == .active {
      guard case .commit(let staged) = try members[j].receive(pending.message, psks: psks, application: TrustEveryone(), using: crypto)
      else { throw .internalError("not a commit") }
      try members[j].adopt(staged, at: 0)
    }
    try members[i].adoptPendingCommit(at: 0)
    return pending
  }

  /// Lets all but the sender receive a message.
  public mutating func deliver(_ message: MLSMessage, from i: Int? = nil) throws(MLSError) {
    for j in members.indices where j != i && members[j].status == .active {
      _ = try members[j].receive(message, application: TrustEveryone(), using: crypto)
    }
  }

  /// Whether all active members agree on the epoch.
  public var agrees: Bool {
    let active = members.filter { $0.status == .active }
    guard let first = active.first else { return true }
    for member in active where member.epochAuthenticator != first.epochAuthenticator || member.context != first.context { return false }
    return true
  }
}
