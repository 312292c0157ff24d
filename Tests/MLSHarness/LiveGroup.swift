// A small group as it is in the middle of its life, the same in every process.
import CryptoInterface
import MLS
import MLSScenarios
import TLSCodec

struct LiveGroup<Crypto: ReplayableCrypto>: Sendable {
  let crypto: Crypto
  let suite: CipherSuiteParameters
  var clients: [TestClient]
  /// Nil for one that a hostile commit has cut off from the others.
  var members: [Group?]
  /// What a delivery service follows.
  var delivery: PublicGroup
  let externalSender: SignatureKeyPair
  /// Sent and not yet read by anybody, of this and earlier epochs.
  var undelivered: [MLSMessage]
  /// Key packages of clients who are not members.
  let outsiders: [(client: TestClient, bundle: KeyPackageBundle)]
  /// The epoch in which a script finds it.
  let startEpoch: UInt64
  let app = TrustEveryone()

  /// Six members in a tree of eight leaves with a hole, past epochs with skipped keys; nothing pending.
  init(_ crypto: Crypto) throws {
    crypto.source.restart(1)
    self.crypto = crypto
    suite = crypto.suites.entries[0]
    externalSender = try crypto.generateSignatureKeyPair(suite.signature)
    let extensions: Extensions = [
      Extension(
        .externalSenders,
        ExternalSenders([ExternalSender(signatureKey: externalSender.publicKey, credential: .basic(identity: [1]))]).encoded()),
      Extension(
        .requiredCapabilities,
        RequiredCapabilities(extensionTypes: [.appDataDictionary], proposalTypes: [.selfRemove, .appDataUpdate]).encoded()),
    ]
    var group = try TestGroup(7, suite: suite.suite, extensions: extensions, using: crypto)
    for i in 0..<7 { try group.commit(by: i) }
    try group.commit(by: 2, CommitOptions(proposals: [.remove(group.members[3].leafIndex)]))
    group.members.remove(at: 3)
    group.clients.remove(at: 3)
    undelivered = []
    for i in 0..<6 {
      var sent: [MLSMessage] = []
      for number in 0..<3 { sent.append(try group.members[i].encrypt([UInt8(number)], padding: 8, using: crypto)) }
      // Everybody reads the last, and so keeps the keys of those before it.
      for j in 0..<6 where j != i { _ = try group.members[j].receive(sent[2], application: TrustEveryone(), using: crypto) }
      undelivered.append(sent[0])
    }
    try group.commit(by: 4, CommitOptions(proposals: [.appDataUpdate(AppDataUpdate(ComponentID(0x8000), .update([1])))]))
    for i in 0..<6 { undelivered.append(try group.members[i].encrypt([1, 2, 3], using: crypto)) }
    // Nothing is left to be stored, so that a change shows.
    for i in group.members.indices { _ = group.members[i].takeChanges() }
    clients = group.clients
    members = group.members
    startEpoch = group.members[0].epoch
    delivery = try PublicGroup(
      groupInfo: group.members[0].groupInfo(withTree: true, using: crypto), application: TrustEveryone(), using: crypto)
    outsiders = try (0..<4).map {
      let client = try TestClient("outsider \($0)", suite: CipherSuite(1), using: crypto)
      return (client, try client.keyPackage(using: crypto))
    }
  }

  /// With proposals waiting at everybody, an Update of member 1 among them, and a pending commit of member 0.
  mutating func fill() throws {
    var sent = [
      try members[1]!.proposeUpdate(application: app, using: crypto),
      try members[2]!.propose(.add(outsiders[0].bundle.keyPackage), application: app, using: crypto),
    ]
    for i in members.indices {
      if i != 1 { _ = try members[i]!.receive(sent[0], application: app, using: crypto) }
      if i != 2 { _ = try members[i]!.receive(sent[1], application: app, using: crypto) }
    }
    sent.append(
      .publicMessage(
        try ExternalProposal.make(
          .remove(members[5]!.leafIndex), groupID: delivery.groupID, epoch: delivery.epoch, suite: suite.suite, senderIndex: 0,
          signatureKey: externalSender.privateKey, using: crypto)))
    for i in members.indices { _ = try members[i]!.receive(sent[2], application: app, using: crypto) }
    for message in sent {
      if case .publicMessage(let proposal) = message { try delivery.receive(proposal: proposal, application: app, using: crypto) }
    }
    try members[0]!.commit(application: app, using: crypto)
    for i in members.indices { _ = members[i]!.takeChanges() }
  }

  static func clean(_ crypto: Crypto) -> LiveGroup {
    do { return try LiveGroup(crypto) } catch { fatalError("the harness's own group cannot be made: \(error)") }
  }

  static func filled(_ crypto: Crypto) -> LiveGroup {
    do {
      var group = try LiveGroup(crypto)
      try group.fill()
      return group
    } catch { fatalError("the harness's own group cannot be made: \(error)") }
  }
}

enum SharedGroups {
  static let pretended = LiveGroup.clean(SharedCrypto.pretended)
  static let pretendedFilled = LiveGroup.filled(SharedCrypto.pretended)
  static let seeded = LiveGroup.clean(SharedCrypto.seeded)
  static let seededFilled = LiveGroup.filled(SharedCrypto.seeded)
}

/// What must hold of a group after anything was accepted.
enum Afterwards {
  /// The group's records load, hold the same, and the loaded group goes on.
  static func check(_ group: Group, using crypto: some CryptoProvider) {
    let records = group.records()
    guard let loaded = try? Group(records: records, reordering: group.reordering, using: crypto) else {
      fatalError("a group cannot be loaded from its own records")
    }
    precondition(sorted(loaded.records()) == sorted(records), "a loaded group has other records")
    if group.status == .active { live(loaded, using: crypto) }
  }

  /// A delivery service puts the group away and goes on.
  static func check(_ group: PublicGroup, using crypto: some CryptoProvider) {
    let bytes = group.serialized()
    precondition((try? PublicGroup(serialized: bytes, using: crypto))?.serialized() == bytes, "a public group does not load as it was stored")
  }

  /// The tree is one that a joiner accepts.
  static func checkJoinable(_ group: Group, using crypto: some CryptoProvider) {
    guard group.status == .active else { return }
    do {
      let info = try group.groupInfo(withTree: true, using: crypto)
      _ = try PublicGroup(groupInfo: info, application: TrustEveryone(), using: crypto)
    } catch {
      fatalError("members accepted what a joiner refuses: \(error)")
    }
  }

  /// Whatever the group holds, using it ends in a result or an error.
  static func live(_ group: Group, using crypto: some CryptoProvider) {
    var group = group
    let app = TrustEveryone()
    _ = try? group.adoptPendingCommit(at: 1)
    _ = try? group.proposeUpdate(application: app, using: crypto)
    _ = try? group.commit(CommitOptions(format: .privateMessage), application: app, using: crypto)
    _ = try? group.adoptPendingCommit(at: 1)
    _ = try? group.encrypt([1], using: crypto)
    group.dropPastEpochs(endedBefore: 1)
    _ = group.takeChanges()
  }

  static func sorted(_ records: [RecordChange]) -> [[UInt8]] {
    records.compactMap { record in record.value.map { record.key.encoded() + $0 } }.sorted { $0.lexicographicallyPrecedes($1) }
  }
}
