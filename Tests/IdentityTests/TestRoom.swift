// A room with real groups: members make commits that no rule holds back, and server and members are asked whether they take them.
import CryptoInterface
import Identity
import MLS
import SwiftCryptoProvider
import TLSCodec
import Testing

let suite1 = CipherSuite(1)
let lawless = TrustEveryone()
let rules = HouseRules()

struct TestRoom {
  /// A device in the room.
  struct Member {
    var account: Int
    var device: Int
    var group: Group
  }
  let house: TestHouse
  var accounts: [TestAccount]
  var members: [Member] = []
  /// What the server follows.
  var server: PublicGroup

  /// - Parameters:
  ///   - devices: of each account, how many are in the room.
  ///   - administrators: by account; those after `devices.count` are not in the room.
  init(_ kind: RoomKind, devices: [Int], administrators: [Int], strangers: Int = 1) throws {
    house = try TestHouse()
    var accounts: [TestAccount] = []
    for i in 0..<devices.count + strangers {
      var account = try house.enrol("account\(i)")
      // One more than is in the room.
      for _ in 0..<(i < devices.count ? devices[i] : 1) { try account.add() }
      accounts.append(account)
    }
    self.accounts = accounts
    let room = try Room.make(kind, domain: house.house.domain, using: crypto)
    let extensions = HouseRules.groupExtensions(
      room: room, roles: Roles(administrators: administrators.map { accounts[$0].id }), profile: nil, serverKey: house.server.publicKey)
    var creator = try Group.create(
      groupID: crypto.random(16), suite: suite1, identity: accounts[0].identity(0), extensions: extensions, application: rules, using: crypto)
    // Set up without rules: they are what is tested.
    var joining: [(Int, Int, KeyPackageBundle)] = []
    for (i, count) in devices.enumerated() {
      for j in 0..<count where (i, j) != (0, 0) {
        joining.append((i, j, try KeyPackageBundle.create(accounts[i].identity(j), suite: suite1, lifetime: .always, using: crypto)))
      }
    }
    members = []
    if joining.isEmpty {
      members = [Member(account: 0, device: 0, group: creator)]
    } else {
      let commit = try creator.commit(CommitOptions(proposals: joining.map { .add($0.2.keyPackage) }), application: lawless, using: crypto)
      try creator.adoptPendingCommit(at: 0)
      members = [Member(account: 0, device: 0, group: creator)]
      let welcome = try #require(commit.welcome)
      for (account, device, bundle) in joining {
        let group = try Group.join(welcome, with: bundle, JoiningContext(tree: commit.tree), application: rules, using: crypto)
        members.append(Member(account: account, device: device, group: group))
      }
    }
    server = try PublicGroup(groupInfo: creator.groupInfo(withTree: true, using: crypto), application: rules, using: crypto)
  }

  /// The member of an account's device.
  func index(_ account: Int, _ device: Int = 0) throws -> Int {
    try #require(members.firstIndex { $0.account == account && $0.device == device })
  }
  func leaf(_ account: Int, _ device: Int = 0) throws -> LeafIndex { members[try index(account, device)].group.leafIndex }

  func keyPackage(_ account: Int, _ device: Int = 0) throws -> KeyPackage {
    try KeyPackageBundle.create(accounts[account].identity(device), suite: suite1, lifetime: .always, using: crypto).keyPackage
  }
  /// Of the device that is not in the room.
  func furtherDevice(_ account: Int) throws -> Proposal { .add(try keyPackage(account, accounts[account].devices.count - 1)) }

  /// What server and other members say of a message: nil where all take it.
  /// - Throws: where they do not agree, which must never be.
  func verdict(_ message: MLSMessage, from sender: Int?) throws -> MLSError? {
    guard case .publicMessage(let publicMessage) = message else { throw MLSError.usage(.invalidArgument) }
    var verdicts: [MLSError?] = []
    do {
      var copy = server
      if case .commit = publicMessage.content.content {
        _ = try copy.process(commit: publicMessage, application: rules, using: crypto)
      } else {
        try copy.receive(proposal: publicMessage, application: rules, using: crypto)
      }
      verdicts.append(nil)
    } catch { verdicts.append(error) }
    for i in members.indices where i != sender {
      var copy = members[i].group
      do {
        _ = try copy.receive(message, application: rules, using: crypto)
        verdicts.append(nil)
      } catch { verdicts.append(error) }
    }
    #expect(verdicts.allSatisfy { $0 == verdicts[0] }, "server and members disagree: \(verdicts)")
    return verdicts[0]
  }

  /// A commit with proposals by value, by a device that follows no rules.
  func commit(_ proposals: [Proposal], by account: Int, _ device: Int = 0, leaf: LeafChange = LeafChange()) throws -> MLSError? {
    let i = try index(account, device)
    var maker = members[i].group
    let pending = try maker.commit(CommitOptions(proposals: proposals, leaf: leaf), application: lawless, using: crypto)
    return try verdict(pending.message, from: i)
  }

  /// A proposal on its own, to be committed by others.
  func propose(_ proposal: Proposal, by account: Int, _ device: Int = 0) throws -> MLSError? {
    let i = try index(account, device)
    var maker = members[i].group
    return try verdict(try maker.propose(proposal, application: lawless, using: crypto), from: i)
  }

  /// Lets all take over a message that they accept.
  mutating func deliver(_ message: MLSMessage, from sender: Int?) throws {
    guard case .publicMessage(let publicMessage) = message else { throw MLSError.usage(.invalidArgument) }
    if case .commit = publicMessage.content.content {
      try server.adopt(try server.process(commit: publicMessage, application: rules, using: crypto))
    } else {
      try server.receive(proposal: publicMessage, application: rules, using: crypto)
    }
    for i in members.indices where i != sender && members[i].group.status == .active {
      if case .commit(let staged) = try members[i].group.receive(message, application: rules, using: crypto) {
        try members[i].group.adopt(staged, at: 0)
      }
    }
  }

  /// A commit by the rules that everybody adopts; removed members leave the list.
  mutating func adopt(_ proposals: [Proposal], by account: Int, _ device: Int = 0) throws {
    let i = try index(account, device)
    let pending = try members[i].group.commit(CommitOptions(proposals: proposals), application: rules, using: crypto)
    try deliver(pending.message, from: i)
    try members[i].group.adoptPendingCommit(at: 0)
    members.removeAll { $0.group.status != .active }
  }

  /// A device comes in by an external commit.
  func external(
    _ identity: ClientIdentity, replacing: LeafIndex?, selfRemoves: [PublicMessage] = [], proposals: [Proposal] = [],
    psks: PreSharedKeys = PreSharedKeys()
  ) throws -> PendingExternalCommit {
    try Group.joinExternally(
      members[0].group.groupInfo(withTree: true, using: crypto), identity: identity, replacing: replacing, selfRemoves: selfRemoves,
      proposals: proposals, psks: psks, application: lawless, using: crypto)
  }
}

func update(_ component: ComponentID, _ data: [UInt8]) -> Proposal { .appDataUpdate(AppDataUpdate(component, .update(data))) }
