import CryptoInterface
import MLS
import TLSCodec

/// A seeded random life of one group: members come, go, update, rejoin, exchange messages out of order and are reloaded from their records,
/// while a `PublicGroup` follows as a delivery service would.
public struct RandomWalk<Crypto: CryptoProvider> {
  public struct Failure: Error, CustomStringConvertible {
    public var description: String
  }

  struct Member {
    var client: TestClient
    var group: Group
    /// What a store would hold: kept by applying `takeChanges()`.
    var store: [RecordKey: [UInt8]]
    var undelivered: [(MLSMessage, [UInt8])] = []

    mutating func save() {
      for change in group.takeChanges() { store[change.key] = change.value }
    }
  }

  public let seed: UInt64
  let suite: CipherSuite
  let crypto: Crypto
  let most: Int
  var random: SeededGenerator
  var members: [Member] = []
  public private(set) var delivery: PublicGroup
  var born = 0
  var log: [String] = []
  public private(set) var counts: [String: Int] = [:]
  let externalSender: SignatureKeyPair
  let app = TrustEveryone()

  public init(seed: UInt64, suite: CipherSuite, most: Int, using crypto: Crypto) throws(MLSError) {
    self.seed = seed
    self.suite = suite
    self.crypto = crypto
    self.most = most
    random = SeededGenerator(seed)
    let scheme = crypto.suites.parameters(of: suite)!.signature
    do { externalSender = try crypto.generateSignatureKeyPair(scheme) } catch { throw .crypto(error) }
    let creator = try TestClient("0", suite: suite, using: crypto)
    let extensions: Extensions = [
      Extension(
        .externalSenders,
        ExternalSenders([ExternalSender(signatureKey: externalSender.publicKey, credential: .basic(identity: [1]))]).encoded()),
      Extension(
        .requiredCapabilities,
        RequiredCapabilities(extensionTypes: [.appDataDictionary], proposalTypes: [.selfRemove, .appDataUpdate]).encoded()),
    ]
    let group = try creator.createGroup("walk \(seed)", extensions: extensions, using: crypto)
    delivery = try PublicGroup(groupInfo: group.groupInfo(withTree: true, using: crypto), application: TrustEveryone(), using: crypto)
    born = 1
    members = [Member(client: creator, group: group, store: [:])]
    members[0].save()
  }

  /// Takes `steps` random steps, checking everything after each.
  public mutating func run(_ steps: Int) throws {
    for step in 0..<steps {
      let before = log.count
      do {
        try self.step()
        try checkAgreement()
      } catch {
        throw Failure(
          description: "seed \(seed), suite \(suite), step \(step): \(error)\n" + log[max(0, before - 6)...].joined(separator: "\n"))
      }
    }
  }

  private func fail(_ text: String) -> Failure { Failure(description: text) }

  private mutating func pick() -> Int { Int.random(in: members.indices, using: &random) }

  private mutating func note(_ name: String) {
    counts[name, default: 0] += 1
    log.append("\(name) in epoch \(delivery.epoch), \(members.count) members")
  }

  private mutating func step() throws {
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<22 where members.count < most: try commitAdding()
    case 0..<32: try commitSelf()
    case 32..<40 where members.count > 2: try commitRemoving()
    case 40..<48: try proposeAndCommit()
    case 48..<54 where members.count < most: try joinExternally()
    case 54..<58 where members.count > 1: try resync()
    case 58..<62 where members.count > 2: try selfRemove()
    case 62..<66: try updateAppData()
    case 66..<69 where members.count > 2: try externalRemove()
    case 69..<72: try commitWithPSK()
    case 72..<75: try commitLosingRace()
    case 75..<80: try reload()
    default: try talk()
    }
  }

  // MARK: Steps

  private mutating func newClient() throws -> TestClient {
    born += 1
    return try TestClient("\(born)", suite: suite, using: crypto)
  }

  private mutating func commitAdding() throws {
    let count = min(most - members.count, Int.random(in: 1...4, using: &random))
    var joiners: [(TestClient, KeyPackageBundle)] = []
    for _ in 0..<count {
      let client = try newClient()
      joiners.append((client, try client.keyPackage(using: crypto)))
    }
    var options = CommitOptions(proposals: joiners.map { .add($0.1.keyPackage) })
    options.omitsPathWherePossible = Bool.random(using: &random)
    options.welcomeCarriesTree = Bool.random(using: &random)
    note("add \(count)")
    let i = pick()
    let pending = try commit(i, options)
    guard let welcome = pending.welcome else { throw fail("no welcome") }
    for (client, bundle) in joiners {
      let restored = try KeyPackageBundle(serialized: bundle.serialized())
      guard let slice = welcome.slice(for: try bundle.keyPackage.ref(using: crypto)) else { throw fail("no slice") }
      // Through bytes, as it would travel.
      let received = try Welcome(decoding: slice.encoded())
      let tree = options.welcomeCarriesTree ? nil : try RatchetTree(decoding: delivery.tree.encoded())
      let group = try Group.join(received, with: restored, JoiningContext(tree: tree), application: app, using: crypto)
      members.append(Member(client: client, group: group, store: [:]))
      members[members.count - 1].save()
    }
  }

  private mutating func commitSelf() throws {
    let i = pick()
    var options = CommitOptions()
    if Bool.random(using: &random) {
      // A new signature key, as after a rotation.
      let scheme = crypto.suites.parameters(of: suite)!.signature
      let pair = try crypto.generateSignatureKeyPair(scheme)
      options.leaf.signatureKeyPair = pair
      members[i].client.identity.signatureKeyPair = pair
    }
    note("commit")
    try commit(i, options)
  }

  private mutating func commitRemoving() throws {
    let i = pick()
    var victims: Set<Int> = []
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let j = pick()
      if j != i { victims.insert(j) }
    }
    if victims.isEmpty { return }
    note("remove \(victims.count)")
    try commit(i, CommitOptions(proposals: victims.map { .remove(members[$0].group.leafIndex) }))
  }

  private mutating func proposeAndCommit() throws {
    note("propose")
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let i = pick()
      let message: MLSMessage
      switch Int.random(in: 0..<3, using: &random) {
      case 0 where members.count > 1:
        message = try members[i].group.propose(.remove(members[pick()].group.leafIndex), application: app, using: crypto)
      case 1:
        let client = try newClient()
        message = try members[i].group.propose(
          .add(client.keyPackage(using: crypto).keyPackage), application: app, using: crypto)
      default:
        message = try members[i].group.proposeUpdate(application: app, using: crypto)
      }
      members[i].save()
      try distribute(message, from: i)
    }
    if Bool.random(using: &random) { try reload() }
    try commit(pick(), CommitOptions())
  }

  private mutating func joinExternally() throws {
    let client = try newClient()
    note("external join")
    let info = try members[pick()].group.groupInfo(using: crypto)
    let joining = try Group.joinExternally(info, tree: delivery.tree, identity: client.identity, application: app, using: crypto)
    try accept(joining.message, from: nil)
    members.append(Member(client: client, group: joining.group, store: [:]))
    members[members.count - 1].save()
  }

  private mutating func resync() throws {
    let i = pick()
    note("resync")
    var member = members.remove(at: i)
    let info = try members[pick()].group.groupInfo(using: crypto)
    let joining = try Group.joinExternally(
      info, tree: delivery.tree, identity: member.client.identity, replacing: member.group.leafIndex, application: app, using: crypto)
    try accept(joining.message, from: nil)
    let old = member.group
    member.group = joining.group
    for change in member.group.takeChanges(replacing: old) { member.store[change.key] = change.value }
    member.undelivered = []
    members.append(member)
  }

  private mutating func selfRemove() throws {
    let i = pick()
    note("self remove")
    let message = try members[i].group.propose(.selfRemove, application: app, using: crypto)
    members[i].save()
    try distribute(message, from: i)
    if Bool.random(using: &random), members.count < most {
      // An external joiner covers it by reference.
      let client = try newClient()
      let info = try members[(i + 1) % members.count].group.groupInfo(using: crypto)
      guard case .publicMessage(let proposal) = message else { throw fail("self remove is not public") }
      let joining = try Group.joinExternally(
        info, tree: delivery.tree, identity: client.identity, selfRemoves: [proposal], application: app, using: crypto)
      try accept(joining.message, from: nil)
      members.append(Member(client: client, group: joining.group, store: [:]))
      members[members.count - 1].save()
    } else {
      try commit((i + 1) % members.count, CommitOptions())
    }
  }

  private mutating func updateAppData() throws {
    note("app data")
    let component = ComponentID(0x8000 + UInt16.random(in: 0..<4, using: &random))
    var options = CommitOptions(proposals: [.appDataUpdate(AppDataUpdate(component, .update([UInt8(born & 0xFF)])))])
    if try delivery.appDataDictionary()[component] != nil, Bool.random(using: &random) {
      options.proposals = [.appDataUpdate(AppDataUpdate(component, .remove))]
    }
    options.omitsPathWherePossible = Bool.random(using: &random)
    try commit(pick(), options)
  }

  private mutating func externalRemove() throws {
    note("external remove")
    let victim = pick()
    let message = try ExternalProposal.make(
      .remove(members[victim].group.leafIndex), groupID: delivery.groupID, epoch: delivery.epoch, suite: suite, senderIndex: 0,
      signatureKey: externalSender.privateKey, using: crypto)
    try distribute(.publicMessage(message), from: nil)
    try commit((victim + 1) % members.count, CommitOptions())
  }

  private mutating func commitWithPSK() throws {
    note("psk")
    var psks = PreSharedKeys()
    psks.add(external: [7], Secret([1, 2, 3]))
    let size = crypto.suites.parameters(of: suite)!.hash.size
    var options = CommitOptions(proposals: [.psk(PreSharedKeyID(.external(id: [7]), nonce: crypto.random(size)))])
    // The last epoch's resumption PSK, where everybody has it.
    let epoch = delivery.epoch
    options.proposals.append(
      .psk(PreSharedKeyID(.resumption(usage: .application, groupID: delivery.groupID, epoch: epoch), nonce: crypto.random(size))))
    options.omitsPathWherePossible = Bool.random(using: &random)
    try commit(pick(), options, psks: psks)
  }

  /// Two commit at once; the delivery service takes one, the other regenerates.
  private mutating func commitLosingRace() throws {
    note("race")
    if Bool.random(using: &random) {
      // A commit is given up and another made; then it turns out that the first was accepted.
      let i = pick()
      let first = try members[i].group.commit(application: app, using: crypto)
      members[i].group.discardPendingCommit()
      try members[i].group.commit(application: app, using: crypto)
      members[i].save()
      if Bool.random(using: &random) { try reload() }
      return try accept(first.message, from: i)
    }
    let (i, j) = (pick(), pick())
    if i == j { return }
    try members[j].group.commit(application: app, using: crypto)
    members[j].save()
    try commit(i, CommitOptions())
    try commit(members.firstIndex { $0.group.leafIndex == members[min(j, members.count - 1)].group.leafIndex } ?? 0, CommitOptions())
  }

  /// Everybody's state comes back from what their stores hold.
  private mutating func reload() throws {
    note("reload")
    delivery = try PublicGroup(serialized: delivery.serialized(), using: crypto)
    for i in members.indices {
      let records = members[i].store.map { RecordChange($0.key, $0.value) }
      members[i].group = try Group(records: records, reordering: members[i].group.reordering, using: crypto)
    }
  }

  /// Some members send, the others receive later and out of order.
  private mutating func talk() throws {
    note("talk")
    for _ in 0..<Int.random(in: 1...5, using: &random) {
      let i = pick()
      if !members[i].group.proposals.isEmpty { continue }
      let text = (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      let message = try members[i].group.encrypt(text, padding: Int.random(in: 0...64, using: &random), using: crypto)
      members[i].save()
      let bytes = message.encoded()
      for j in members.indices where j != i { members[j].undelivered.append((try MLSMessage(decoding: bytes), text)) }
    }
    for i in members.indices where Bool.random(using: &random) { try readAll(i) }
  }

  private mutating func readAll(_ i: Int) throws {
    members[i].undelivered.shuffle(using: &random)
    for (message, text) in members[i].undelivered {
      // What has become too old is the only thing that may be lost.
      if let epoch = message.epoch, epoch + UInt64(members[i].group.reordering.pastEpochs) < members[i].group.epoch { continue }
      guard case .application(let received) = try members[i].group.receive(message, application: app, using: crypto) else {
        throw fail("not an application message")
      }
      guard received.data == text else { throw fail("another text") }
    }
    members[i].undelivered = []
    members[i].save()
  }

  // MARK: Delivery

  @discardableResult
  private mutating func commit(_ i: Int, _ options: CommitOptions, psks: PreSharedKeys = PreSharedKeys()) throws -> PendingCommit {
    let pending = try members[i].group.commit(options, psks: psks, application: app, using: crypto)
    members[i].save()
    if Int.random(in: 0..<4, using: &random) == 0 {
      // The committer crashes before it learns that its commit was accepted.
      members[i].group = try Group(
        records: members[i].store.map { RecordChange($0.key, $0.value) }, reordering: members[i].group.reordering, using: crypto)
    }
    try accept(try MLSMessage(decoding: pending.message.encoded()), from: i, psks: psks)
    return pending
  }

  /// The delivery service accepts a commit and everybody processes it, the committer included.
  private mutating func accept(_ message: MLSMessage, from committer: Int?, psks: PreSharedKeys = PreSharedKeys()) throws {
    guard case .publicMessage(let commit) = message else { throw fail("not public") }
    let staged = try delivery.process(commit: commit, application: app, using: crypto)
    try delivery.adopt(staged)
    for i in members.indices {
      switch try members[i].group.receive(message, psks: psks, application: app, using: crypto) {
      case .ownCommit: try members[i].group.adoptPendingCommit(at: 1)
      case .commit(let staged): try members[i].group.adopt(staged, at: 1)
      default: throw fail("neither commit nor own commit")
      }
      members[i].save()
    }
    members.removeAll { $0.group.status == .removed }
  }

  private mutating func distribute(_ message: MLSMessage, from i: Int?) throws {
    guard case .publicMessage(let proposal) = try MLSMessage(decoding: message.encoded()) else { throw fail("not public") }
    try delivery.receive(proposal: proposal, application: app, using: crypto)
    for j in members.indices where j != i {
      _ = try members[j].group.receive(message, application: app, using: crypto)
      members[j].save()
    }
  }

  // MARK: Checks

  private func checkAgreement() throws {
    for member in members {
      guard member.group.context == delivery.context else { throw fail("a member's context differs from the public group's") }
      guard member.group.epochAuthenticator == members[0].group.epochAuthenticator else { throw fail("epoch authenticators differ") }
      guard member.group.tree[member.group.leafIndex]?.credential == member.client.identity.credential else {
        throw fail("a member stands at another's leaf")
      }
      let all = Dictionary(uniqueKeysWithValues: member.group.records().map { ($0.key, $0.value) })
      for (key, value) in all where member.store[key] != value { throw fail("the store has an old \(key)") }
      for key in member.store.keys where all[key] == nil { throw fail("the store keeps \(key), which the group has no more") }
    }
    guard delivery.tree.encoded() == members[0].group.tree.encoded() else { throw fail("trees differ") }
  }
}
