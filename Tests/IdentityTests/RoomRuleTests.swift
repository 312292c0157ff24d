// Each rule of a room: what server and members refuse together, and beside it what they take.
import CryptoInterface
import Identity
import MLS
import SwiftCryptoProvider
import TLSCodec
import Testing

private let refusedProposal = MLSError.rule(.proposalPermitted)
private let refusedCommit = MLSError.rule(.commitPermitted)

@Suite struct RoomRuleTests {
  /// Accounts 0 (administrator) and 1 with two devices, 2 with one; 3 is not in the room.
  func group() throws -> TestRoom { try TestRoom(.group, devices: [2, 2, 1], administrators: [0]) }
  /// Accounts 0 and 1 with a device each; 2 is not in the room.
  func direct(named: Bool = false) throws -> TestRoom { try TestRoom(.direct, devices: [1, 1], administrators: named ? [0, 1] : []) }
  /// Two devices of account 0; 1 is a stranger.
  func ownDevices() throws -> TestRoom { try TestRoom(.ownDevices, devices: [2], administrators: []) }

  @Test func addingPeople() throws {
    let room = try group()
    let stranger = Proposal.add(try room.keyPackage(3))
    #expect(try room.commit([stranger], by: 0) == nil)
    #expect(try room.commit([stranger], by: 0, 1) == nil)
    #expect(try room.commit([stranger], by: 1) == refusedProposal)
    #expect(try room.propose(stranger, by: 1) == refusedProposal)
    #expect(try room.propose(stranger, by: 0) == nil)
  }

  @Test func addingDevices() throws {
    let room = try group()
    // Anybody, for anybody who is there.
    #expect(try room.commit([room.furtherDevice(1)], by: 1) == nil)
    #expect(try room.commit([room.furtherDevice(0)], by: 2) == nil)
    #expect(try room.commit([room.furtherDevice(3)], by: 2) == refusedProposal)
    // A device with the id of one who is there, under another key.
    var twin = room.accounts[2].identity(0)
    twin.signatureKeyPair = try Signing.makeKeyPair(using: crypto)
    let package = try KeyPackageBundle.create(twin, suite: suite1, lifetime: .always, using: crypto).keyPackage
    #expect(try room.commit([.add(package)], by: 0) == refusedCommit)
    // Twice at once.
    let first = try room.keyPackage(3)
    twin = room.accounts[3].identity(0)
    twin.signatureKeyPair = try Signing.makeKeyPair(using: crypto)
    let second = try KeyPackageBundle.create(twin, suite: suite1, lifetime: .always, using: crypto).keyPackage
    #expect(try room.commit([.add(first), .add(second)], by: 0) == refusedCommit)
    #expect(try room.commit([.add(first), room.furtherDevice(3)], by: 0) == nil)
    // Out and in again at once.
    #expect(try room.commit([.remove(room.leaf(2)), .add(room.keyPackage(2))], by: 0) == nil)
    // One whose leaf is no device's.
    var nobody = room.accounts[3].identity(0)
    nobody.extensions[.mailboxAddress] = nil
    let leafless = try KeyPackageBundle.create(nobody, suite: suite1, lifetime: .always, using: crypto).keyPackage
    #expect(try room.commit([.add(leafless)], by: 0) == .rule(.credential))
    nobody = room.accounts[3].identity(0)
    nobody.credential = .basic(identity: [1])
    let nameless = try KeyPackageBundle.create(nobody, suite: suite1, lifetime: .always, using: crypto).keyPackage
    #expect(try room.commit([.add(nameless)], by: 0) == refusedProposal)
  }

  @Test func directRoomsAreForTwo() throws {
    for named in [false, true] {
      var room = try direct(named: named)
      #expect(try room.commit([room.furtherDevice(0)], by: 1) == nil)
      #expect(try room.commit([room.furtherDevice(1)], by: 1) == nil)
      #expect(try room.commit([.add(room.keyPackage(2))], by: 0) == (named ? refusedProposal : refusedCommit))
      // After one has left, the other may call back that one, and nobody else where the roles say who the two are.
      let i = try room.index(1)
      let leaving = try room.members[i].group.propose(.selfRemove, application: rules, using: crypto)
      try room.deliver(leaving, from: i)
      try room.adopt([], by: 0)
      #expect(room.members.count == 1)
      #expect(try room.commit([.add(room.keyPackage(1))], by: 0) == nil)
      #expect(try room.commit([.add(room.keyPackage(2))], by: 0) == (named ? refusedProposal : nil))
      #expect(try room.commit([.add(room.keyPackage(1)), .add(room.keyPackage(2))], by: 0) == (named ? refusedProposal : refusedCommit))
    }
  }

  @Test func ownDevicesAreOneAccounts() throws {
    let room = try ownDevices()
    #expect(try room.commit([room.furtherDevice(0)], by: 0, 1) == nil)
    #expect(try room.commit([.add(room.keyPackage(1))], by: 0) == refusedProposal)
    #expect(try room.commit([.remove(room.leaf(0, 1))], by: 0) == nil)
    #expect(try room.commit([update(.profile, SealedProfile(nonce: crypto.random(12), sealed: [1]).encoded())], by: 0, 1) == nil)
    #expect(try room.commit([update(.roles, Roles().encoded())], by: 0) == refusedProposal)
  }

  @Test func removing() throws {
    let room = try group()
    #expect(try room.commit([.remove(room.leaf(2))], by: 0) == nil)
    #expect(try room.commit([.remove(room.leaf(2))], by: 1) == refusedProposal)
    #expect(try room.propose(.remove(room.leaf(2)), by: 1) == refusedProposal)
    #expect(try room.propose(.remove(room.leaf(2)), by: 0) == nil)
    // Devices of the own account, whoever one is.
    #expect(try room.commit([.remove(room.leaf(1, 1))], by: 1) == nil)
    #expect(try room.commit([.remove(room.leaf(1, 1))], by: 2) == refusedProposal)
    #expect(try room.commit([.remove(room.leaf(0, 1))], by: 1) == refusedProposal)
    // In a direct room nobody removes the other.
    for named in [false, true] {
      let pair = try TestRoom(.direct, devices: [2, 1], administrators: named ? [0, 1] : [])
      #expect(try pair.commit([.remove(pair.leaf(1))], by: 0) == refusedProposal)
      #expect(try pair.commit([.remove(pair.leaf(0, 1))], by: 0) == nil)
    }
  }

  @Test func leaving() throws {
    var room = try group()
    for (account, device) in [(0, 0), (1, 1), (2, 0)] { #expect(try room.propose(.selfRemove, by: account, device) == nil) }
    // All devices of the only administrator leave; whoever is left administers.
    for device in [0, 1] {
      let i = try room.index(0, device)
      let leaving = try room.members[i].group.propose(.selfRemove, application: rules, using: crypto)
      try room.deliver(leaving, from: i)
    }
    #expect(try room.commit([.add(room.keyPackage(3))], by: 2) == refusedProposal)
    try room.adopt([], by: 1)
    #expect(room.members.count == 3)
    #expect(try room.commit([.add(room.keyPackage(3))], by: 2) == nil)
    #expect(try room.commit([.remove(room.leaf(1, 1))], by: 2) == nil)
    let roles = update(.roles, Roles(administrators: [room.accounts[2].id]).encoded())
    #expect(try room.commit([roles], by: 2) == nil)
    try room.adopt([roles], by: 2)
    #expect(try room.commit([.add(room.keyPackage(3))], by: 1) == refusedProposal)
    #expect(try room.commit([.add(room.keyPackage(3))], by: 2) == nil)
  }

  @Test func rolesAndProfile() throws {
    let room = try group()
    let roles = Roles(administrators: [room.accounts[0].id, room.accounts[1].id]).encoded()
    let profile = SealedProfile(nonce: crypto.random(12), sealed: [1, 2, 3]).encoded()
    for proposal in [update(.roles, roles), update(.profile, profile)] {
      #expect(try room.commit([proposal], by: 0) == nil)
      #expect(try room.commit([proposal], by: 1) == refusedProposal)
      #expect(try room.propose(proposal, by: 0, 1) == nil)
      #expect(try room.propose(proposal, by: 1) == refusedProposal)
    }
    // What does not parse.
    for bad in [update(.roles, [9]), update(.roles, []), update(.profile, [9])] { #expect(try room.commit([bad], by: 0) == refusedProposal) }
    // What a room is never changes; its roles are never gone; others than ours are not known. A maker that checks nothing makes it all the same.
    let other = try Room.make(.direct, domain: room.house.house.domain, using: crypto).encoded()
    #expect(try room.commit([update(.room, other)], by: 0) == refusedProposal)
    #expect(try room.commit([.appDataUpdate(AppDataUpdate(.room, .remove))], by: 0) == refusedProposal)
    #expect(try room.commit([.appDataUpdate(AppDataUpdate(.roles, .remove))], by: 0) == refusedProposal)
    var named = room
    try named.adopt([update(.profile, profile)], by: 0)
    #expect(try RoomContents(named.server.context.extensions, house: named.house.house).profile?.sealed == [1, 2, 3])
    #expect(try named.commit([.appDataUpdate(AppDataUpdate(.profile, .remove))], by: 0) == nil)
    #expect(try named.commit([.appDataUpdate(AppDataUpdate(.profile, .remove))], by: 1) == refusedProposal)
    // In a direct room both name it, and nobody gives out roles.
    let pair = try direct()
    #expect(try pair.commit([update(.profile, profile)], by: 1) == nil)
    #expect(try pair.commit([update(.roles, roles)], by: 1) == refusedProposal)
  }

  @Test func newAdministratorsBegin() throws {
    var room = try group()
    #expect(try room.commit([.add(room.keyPackage(3))], by: 1) == refusedProposal)
    try room.adopt([update(.roles, Roles(administrators: [room.accounts[1].id]).encoded())], by: 0)
    #expect(try room.commit([.add(room.keyPackage(3))], by: 1) == nil)
    #expect(try room.commit([.add(room.keyPackage(3))], by: 0) == refusedProposal)
    // By the roles of before the commit, so that nobody makes and uses a right at once.
    let both = [update(.roles, Roles(administrators: [room.accounts[2].id]).encoded()), Proposal.add(try room.keyPackage(3))]
    #expect(try room.commit(both, by: 1) == nil)
    #expect(try room.commit(both, by: 2) == refusedProposal)
  }

  @Test func contextStays() throws {
    let room = try group()
    #expect(try room.commit([.groupContextExtensions(room.server.context.extensions)], by: 0) == refusedProposal)
    #expect(try room.commit([], by: 0) == nil)
    #expect(try room.propose(.groupContextExtensions(room.server.context.extensions), by: 0) == refusedProposal)
  }

  @Test func preSharedKeysLockOut() throws {
    let room = try group()
    let id = PreSharedKeyID(.external(id: [1]), nonce: crypto.random(32))
    #expect(try room.propose(.psk(id), by: 0) == refusedProposal)
    let old = PreSharedKeyID(.resumption(usage: .application, groupID: room.server.groupID, epoch: room.server.epoch), nonce: crypto.random(32))
    #expect(try room.propose(.psk(old), by: 0) == refusedProposal)
    #expect(try room.propose(.selfRemove, by: 0) == nil)
  }

  @Test func movingToAnotherSuite() throws {
    var room = try group()
    let context = room.server.context
    func reinit(_ change: (inout Extensions) throws -> Void = { _ in }) throws -> Proposal {
      var extensions = context.extensions
      try change(&extensions)
      return .reinit(ReInit(groupID: context.groupID, cipherSuite: CipherSuite(3), extensions: extensions))
    }
    #expect(try room.commit([reinit()], by: 0) == nil)
    #expect(try room.commit([reinit()], by: 1) == refusedProposal)
    #expect(try room.commit([reinit { $0[.appDataDictionary] = nil }], by: 0) == refusedProposal)
    let contents = try RoomContents(context.extensions)
    func with(_ other: Room? = nil, _ roles: Roles? = nil, _ key: SignatureKeyPair? = nil) throws -> Proposal {
      try reinit {
        $0 = HouseRules.groupExtensions(
          room: other ?? contents.room, roles: roles ?? contents.roles, profile: nil, serverKey: (key ?? room.house.server).publicKey)
      }
    }
    #expect(try room.commit([with()], by: 0) == nil)
    #expect(try room.commit([with(Room.make(.group, domain: "chat.example", using: crypto))], by: 0) == refusedProposal)
    #expect(try room.commit([with(nil, Roles(administrators: [room.accounts[2].id]))], by: 0) == refusedProposal)
    #expect(try room.commit([with(nil, nil, room.accounts[0].devices[0].key)], by: 0) == refusedProposal)
    // And the successor is made, by the rules.
    let i = try room.index(0)
    let end = try room.members[i].group.commit(CommitOptions(proposals: [reinit()]), application: rules, using: crypto)
    try room.deliver(end.message, from: i)
    try room.members[i].group.adoptPendingCommit(at: 0)
    let packages = try room.members.indices.filter { $0 != i }.map { j in
      try KeyPackageBundle.create(
        room.accounts[room.members[j].account].identity(room.members[j].device), suite: CipherSuite(3), lifetime: .always, using: crypto)
    }
    #expect(throws: Never.self) {
      try room.members[i].group.reinitialize(
        identity: room.accounts[0].identity(0), keyPackages: packages.map { $0.keyPackage }, application: rules, using: crypto)
    }
  }

  @Test func theServerRemovesOnly() throws {
    let room = try group()
    func propose(_ proposal: Proposal, _ key: SignatureKeyPair? = nil) throws -> MLSError? {
      let message = try ExternalProposal.make(
        proposal, groupID: room.server.groupID, epoch: room.server.epoch, suite: suite1, senderIndex: 0,
        signatureKey: (key ?? room.house.server).privateKey, using: crypto)
      return try room.verdict(.publicMessage(message), from: nil)
    }
    #expect(try propose(.remove(room.leaf(2))) == nil)
    #expect(try propose(.remove(room.leaf(0))) == nil)
    #expect(try propose(.remove(room.leaf(2)), room.house.administrator) == .rule(.signature))
    #expect(try propose(.add(room.keyPackage(3))) == refusedProposal)
    #expect(try propose(update(.roles, Roles().encoded())) == refusedProposal)
    #expect(try propose(.groupContextExtensions([])) == refusedProposal)
    // Whoever commits, the server's Remove is carried out.
    var followed = room
    let message = try ExternalProposal.make(
      .remove(room.leaf(1)), groupID: room.server.groupID, epoch: room.server.epoch, suite: suite1, senderIndex: 0,
      signatureKey: room.house.server.privateKey, using: crypto)
    try followed.deliver(.publicMessage(message), from: nil)
    try followed.adopt([], by: 2)
    #expect(followed.members.count == 4)
    // Strangers do not knock.
    let knock = try ExternalProposal.join(
      KeyPackageBundle.create(room.accounts[3].identity(0), suite: suite1, lifetime: .always, using: crypto), groupID: room.server.groupID,
      epoch: room.server.epoch, using: crypto)
    #expect(try room.verdict(.publicMessage(knock), from: nil) == refusedProposal)
  }

  @Test func comingBack() throws {
    var room = try group()
    let own = room.accounts[1].identity(1)
    let place = try room.leaf(1, 1)
    #expect(try room.verdict(room.external(own, replacing: place).message, from: nil) == nil)
    // Nobody comes in for the first time, into another's place, or into that of another device of one's own.
    #expect(try room.verdict(room.external(room.accounts[3].identity(0), replacing: nil).message, from: nil) == refusedCommit)
    #expect(try room.verdict(room.external(room.accounts[1].identity(2), replacing: nil).message, from: nil) == refusedCommit)
    let stranger = room.accounts[3].identity(0)
    #expect(try room.verdict(room.external(stranger, replacing: room.leaf(2)).message, from: nil) == .rule(.externalCommitSuccession))
    #expect(try room.verdict(room.external(room.accounts[1].identity(2), replacing: place).message, from: nil) == .rule(.externalCommitSuccession))
    // And does nothing beside.
    let profile = update(.profile, SealedProfile(nonce: crypto.random(12), sealed: []).encoded())
    #expect(try room.verdict(room.external(own, replacing: place, proposals: [profile]).message, from: nil) == refusedProposal)
    var psks = PreSharedKeys()
    psks.add(external: [1], Secret(crypto.random(32)))
    let psk = Proposal.psk(PreSharedKeyID(.external(id: [1]), nonce: crypto.random(32)))
    #expect(try room.verdict(room.external(own, replacing: place, proposals: [psk], psks: psks).message, from: nil) == refusedProposal)
    // With a shorter chain than it had.
    var older = own
    older.extensions[.chainHead] = ChainHead(length: 1, head: room.accounts[1].chain.head(at: 1) ?? .zero).encoded()
    #expect(try room.verdict(room.external(older, replacing: place).message, from: nil) == .rule(.externalCommitSuccession))
    // SelfRemoves of others are covered; who has left does not come back by itself.
    let i = try room.index(2)
    let leaving = try room.members[i].group.propose(.selfRemove, application: rules, using: crypto)
    try room.deliver(leaving, from: i)
    guard case .publicMessage(let message) = leaving else { throw MLSError.usage(.invalidArgument) }
    room.members.remove(at: i)
    #expect(try room.verdict(room.external(own, replacing: place, selfRemoves: [message]).message, from: nil) == nil)
    let gone = room.accounts[2].identity(0)
    #expect(try room.verdict(room.external(gone, replacing: LeafIndex(4), selfRemoves: [message]).message, from: nil) == refusedCommit)
  }

  @Test func leavesGoOn() throws {
    let room = try group()
    var later = room.accounts[1]
    try later.rotate(0)
    func change(_ identity: ClientIdentity) -> LeafChange {
      LeafChange(signatureKeyPair: identity.signatureKeyPair, credential: identity.credential, extensions: identity.extensions)
    }
    #expect(try room.commit([], by: 1, leaf: change(later.identity(0))) == nil)
    var shorter = room.accounts[1].identity(0)
    shorter.extensions[.chainHead] = ChainHead(length: 1, head: room.accounts[1].chain.head(at: 1) ?? .zero).encoded()
    #expect(try room.commit([], by: 1, leaf: change(shorter)) == .rule(.credentialSuccession))
    var other = room.accounts[1].identity(0)
    other.credential = DeviceCredential(account: room.accounts[0].id, device: room.accounts[1].devices[0].device.id).credential
    #expect(try room.commit([], by: 1, leaf: change(other)) == .rule(.credentialSuccession))
    other = room.accounts[1].identity(0)
    other.extensions[.mailboxAddress] = nil
    #expect(try room.commit([], by: 1, leaf: change(other)) == .rule(.credential))
    // As an Update that others commit.
    var maker = room.members[try room.index(1)].group
    let good = try maker.proposeUpdate(change(later.identity(0)), application: lawless, using: crypto)
    #expect(try room.verdict(good, from: try room.index(1)) == nil)
    maker = room.members[try room.index(1)].group
    let bad = try maker.proposeUpdate(change(shorter), application: lawless, using: crypto)
    #expect(try room.verdict(bad, from: try room.index(1)) == .rule(.credentialSuccession))
  }

  /// A group that is no room takes nothing.
  @Test func groupsWithoutRoomAreDead() throws {
    let house = try TestHouse()
    let anna = try house.enrol()
    var group = try Group.create(groupID: [1], suite: suite1, identity: anna.identity(0), application: rules, using: crypto)
    #expect(throws: refusedCommit) { try group.commit(CommitOptions(), application: rules, using: crypto) }
    var room = try TestRoom(.group, devices: [1], administrators: [0])
    #expect(throws: Never.self) { try room.members[0].group.commit(CommitOptions(), application: rules, using: crypto) }
  }

  /// What a joiner's collector gets: a claim of every leaf, each to be checked against its chain.
  @Test func claimsOfARoom() throws {
    let room = try group()
    let collector = LeafCollector()
    _ = try PublicGroup(
      groupInfo: room.members[0].group.groupInfo(withTree: true, using: crypto), application: HouseRules(collecting: collector), using: crypto)
    #expect(collector.claims.count == 5)
    for claim in collector.claims {
      let account = try #require(room.accounts.first { $0.id == claim.account })
      #expect(throws: Never.self) { try claim.check(against: account.chain) }
    }
    // And of a commit: the leaves that it sets.
    var maker = room.members[0].group
    let pending = try maker.commit(CommitOptions(proposals: [.add(room.keyPackage(3))]), application: rules, using: crypto)
    guard case .publicMessage(let message) = pending.message else { return }
    let second = LeafCollector()
    _ = try room.server.process(commit: message, application: HouseRules(collecting: second), using: crypto)
    #expect(Set(second.claims.map { $0.account }) == [room.accounts[0].id, room.accounts[3].id])
  }
}
