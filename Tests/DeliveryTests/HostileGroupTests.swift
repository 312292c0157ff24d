// Creating groups, key packages, revoked devices, reports, allowances.
import CryptoInterface
import Delivery
import DeliveryConformance
import Identity
import MLS
import SwiftCryptoProvider
import Testing
import TLSCodec
import Wire

@Suite struct HostileGroupTests {
  @Test func aGroupBeginsWithItsCreatorAlone() throws {
    let q = try Quartet()
    let (room, good) = try q.bert.makeGroup()
    try refused(.forbidden, .createGroup(good), by: q.clara)
    var request = good
    request.tree = try q.anna.room(q.room).group.tree.encoded()
    try refused(.invalidCommit, .createGroup(request), by: q.bert)
    request = good
    request.groupInfo = try q.anna.room(q.room).group.groupInfo(using: q.house.crypto).encoded()
    try refused(.invalidCommit, .createGroup(request), by: q.bert)
    request = good
    request.groupInfo = try room.group.groupInfo(withExternalPub: false, using: q.house.crypto).encoded()
    try refused(.invalidCommit, .createGroup(request), by: q.bert)
    // Ids that others could meet by chance, or that are none of ours.
    for count in [0, 15, 65] {
      try refused(.invalidCommit, .createGroup(try q.bert.makeGroup(id: q.house.crypto.random(count)).1), by: q.bert)
    }
    // Contexts that are no room of this house: another server's key, another domain, none at all.
    func context(_ extensions: Extensions) throws -> Request {
      let group = try Group.create(
        groupID: q.house.crypto.random(32), suite: MemoryDevice.suite, identity: q.bert.identity, extensions: extensions, application: HouseRules(),
        using: q.house.crypto)
      return .createGroup(
        CreateGroup(
          requestID: q.house.crypto.random(16), key: q.house.crypto.random(32), groupInfo: try group.groupInfo(using: q.house.crypto).encoded(),
          tree: group.tree.encoded()))
    }
    func shape(domain: String, server: SignaturePublicKey) throws -> Extensions {
      HouseRules.groupExtensions(
        room: try Room.make(.group, domain: domain, using: q.house.crypto), roles: Roles(), profile: nil, serverKey: server)
    }
    try refused(.invalidCommit, try context(shape(domain: "haus.example", server: q.bert.key.publicKey)), by: q.bert)
    try refused(.invalidCommit, try context(shape(domain: "other.example", server: q.house.server.publicKey)), by: q.bert)
    try refused(.invalidCommit, try context([]), by: q.bert)
    try accepted(try context(shape(domain: "haus.example", server: q.house.server.publicKey)), by: q.bert)
    try accepted(.createGroup(good), by: q.bert)
    var again = good
    again.requestID = q.house.crypto.random(16)
    try refused(.taken, .createGroup(again), by: q.bert)
    let taken = try q.dora.makeGroup(id: q.room).1
    try refused(.taken, .createGroup(taken), by: q.dora)
  }

  @Test func keyPackagesAreTheDevicesOwn() throws {
    let q = try Quartet()
    func publish(_ packages: [KeyPackageBundle], last: KeyPackageBundle? = nil) -> Request {
      .publishKeyPackages(
        PublishKeyPackages(
          requestID: q.house.crypto.random(16), keyPackages: packages.map { $0.keyPackage.encoded() }, lastResort: last?.keyPackage.encoded(),
          replacesPool: true))
    }
    let good = try q.bert.keyPackage()
    try refused(.invalidKeyPackage, publish([good]), by: q.clara)
    try refused(.invalidKeyPackage, publish([good], last: good), by: q.bert)
    try refused(.invalidKeyPackage, publish([try q.bert.keyPackage(isLastResort: true)]), by: q.bert)
    var identity = q.bert.identity
    identity.extensions = HouseCapabilities.leafExtensions(chainHead: ChainHead(q.bert.account.chain), mailbox: q.clara.device.mailbox)
    // Longer than keys should live, and over.
    let long = Lifetime(notBefore: 0, notAfter: q.house.seconds + 10)
    let short = Lifetime(notBefore: q.house.seconds - 10, notAfter: q.house.seconds + 10)
    try refused(
      .invalidKeyPackage,
      publish([try KeyPackageBundle.create(identity, suite: MemoryDevice.suite, lifetime: short, using: q.house.crypto)]), by: q.bert)
    for lifetime in [long, Lifetime(notBefore: q.house.seconds - 20, notAfter: q.house.seconds - 10)] {
      try refused(
        .invalidKeyPackage,
        publish([try KeyPackageBundle.create(q.bert.identity, suite: MemoryDevice.suite, lifetime: lifetime, using: q.house.crypto)]), by: q.bert)
    }
    var damaged = good.keyPackage
    damaged.signature[0] ^= 1
    try refused(
      .invalidKeyPackage,
      .publishKeyPackages(
        PublishKeyPackages(requestID: q.house.crypto.random(16), keyPackages: [damaged.encoded()], lastResort: nil, replacesPool: true)), by: q.bert)
    try accepted(publish([good], last: try q.bert.keyPackage(isLastResort: true)), by: q.bert)
    try refused(.malformed, .claimKeyPackages(ClaimKeyPackages(requestID: q.house.crypto.random(16), devices: [q.bert.id, q.bert.id])), by: q.anna)
    #expect(try q.anna.claim([q.bert.id])[0].keyPackage == good.keyPackage.encoded())
    // A claim asked again gets the same, and takes nothing more.
    let claim = Request.claimKeyPackages(ClaimKeyPackages(requestID: q.house.crypto.random(16), devices: [q.clara.id]))
    let first = try q.anna.ask(claim)
    let before = q.house.store.state
    #expect(try q.anna.ask(claim) == first)
    #expect(q.house.store.state == before)
  }

  @Test func whoAsksTooMuchWaits() throws {
    var limits = DeliveryLimits.generous
    limits.claims = Allowance(burst: 3, perSecond: 0.1)
    limits.lookups = Allowance(burst: 2, perSecond: 1)
    limits.groups = Allowance(burst: 2, perSecond: 0.01)
    limits.strangers = Allowance(burst: 20, perSecond: 1)
    let q = try Quartet(limits: limits)
    // Two key packages were claimed for the group. Scraping stops; the pool stays as it is.
    let claim = Request.claimKeyPackages(ClaimKeyPackages(requestID: q.house.crypto.random(16), devices: [q.bert.id, q.clara.id]))
    try refused(.tooMany, claim, by: q.anna)
    guard case .refused(let told) = try q.anna.ask(claim) else { throw TestFailure("another answer") }
    #expect(told.retryAfter == 10)
    q.house.now += UInt64(told.retryAfter) * 1_000
    try accepted(claim, by: q.anna)
    // Searching.
    for _ in 0..<2 { try accepted(.find(Find(text: Array("bert".utf8), offset: 0)), by: q.clara) }
    try refused(.tooMany, .resolve(Resolve(localPart: Array("bert".utf8))), by: q.clara)
    try accepted(.resolve(Resolve(localPart: Array("bert".utf8))), by: q.dora)
    q.house.now += 1_000
    try accepted(.resolve(Resolve(localPart: Array("bert".utf8))), by: q.clara)
    // Groups.
    for _ in 0..<2 { _ = try q.dora.createGroup() }
    try refused(.tooMany, .createGroup(try q.dora.makeGroup().1), by: q.dora)
    // Strangers, by the address that they come from.
    let connection = q.house.connect(address: "there")
    _ = try connection.greet()
    let guess = Request.lookUpInvitation(LookUpInvitation(key: q.house.crypto.random(32)))
    for _ in 0..<20 { try refused(.notFound, guess, on: connection) }
    try refused(.tooMany, guess, on: connection)
    let second = q.house.connect(address: "there")
    _ = try second.greet()
    try refused(.tooMany, guess, on: second)
    let elsewhere = q.house.connect(address: "elsewhere")
    _ = try elsewhere.greet()
    try refused(.notFound, guess, on: elsewhere)
  }

  @Test func aRevokedDeviceIsRefusedAndProposedForRemoval() throws {
    let q = try Quartet()
    let tablet = try TestDevice(addedBy: q.bert)
    try tablet.logIn()
    try tablet.drain()
    try tablet.publish()
    try q.bert.add([tablet], to: q.room)
    try q.settle()
    try tablet.settle()
    let request = try tablet.sendRequest("from the tablet", in: q.room)
    let addition = try tablet.keyPackage()
    try q.bert.revoke(tablet)
    // At once, whatever it asks, and its connection ends.
    try tablet.connection.look()
    #expect(tablet.connection.pushes.contains(.goodbye(.revoked)) && tablet.connection.isEnded)
    let connection = q.house.connect()
    try refused(.revoked, .logIn(try tablet.logInRequest(try connection.greet())), on: connection)
    // Nobody gets its key packages, and nobody can add it again.
    #expect(try q.anna.claim([tablet.id])[0].keyPackage == nil)
    let other = try q.anna.createGroup()
    let adding = try q.anna.makeCommit([.add(addition.keyPackage)], in: other)
    q.anna.groups[other]?.group.discardPendingCommit()
    try refused(.invalidCommit, .commit(adding), by: q.anna)
    // The next message opens the group: the server proposes the removal to everybody who is left, once.
    try q.anna.send("is it gone?", in: q.room)
    try q.settle()
    for device in [q.anna, q.bert, q.clara] {
      #expect(try device.room(q.room).group.proposals.map(\.proposal) == [.remove(device.leaf(of: tablet, in: q.room))])
    }
    let before = q.house.store.state.storedRows
    _ = try q.anna.ask(.groupInfo(GroupInfoRequest(group: q.room, key: try q.anna.room(q.room).key)))
    #expect(q.house.store.state.storedRows == before)
    // The next commit covers it by reference; with it the group has another key.
    let old = try q.anna.room(q.room).key
    #expect(isAccepted(try q.clara.commit(in: q.room)))
    try q.settle()
    #expect(try q.anna.room(q.room).key != old)
    try q.anna.send("gone", in: q.room)
    try q.settle()
    #expect(q.clara.texts == ["is it gone?", "gone"])
    // On the connection that ended there is nobody any more.
    let stored = q.house.store.state
    #expect(throws: TestFailure.self) { _ = try tablet.connection.ask(.send(request)) }
    #expect(q.house.store.state == stored)
  }

  @Test func aRevocationHoldsForWhatComesRightBehindIt() throws {
    let q = try Quartet()
    let tablet = try TestDevice(addedBy: q.bert)
    try tablet.logIn()
    try tablet.publish()
    try q.bert.add([tablet], to: q.room)
    try q.settle()
    try tablet.drain()
    try tablet.settle()
    let statement = try SignedStatement.revokeDevice(
      tablet.device.id, cutOff: q.bert.account.chain.length, in: q.bert.account.chain, by: q.bert.key, at: q.house.seconds, using: q.house.crypto)
    let revocation = Request.appendStatement(
      AppendStatement(requestID: q.house.crypto.random(16), statement: statement.encoded(), mailboxKey: nil))
    func send(_ text: String) throws -> [UInt8] { ClientFrame(number: 900, request: .send(try tablet.sendRequest(text, in: q.room))).encoded() }
    // Three frames in one transaction: before, the revocation, after.
    q.house.hub.receive(
      [
        (tablet.connection.id, try send("before")), (q.bert.connection.id, ClientFrame(number: 900, request: revocation).encoded()),
        (tablet.connection.id, try send("after")),
      ], at: q.house.now)
    try q.settle()
    #expect(q.anna.texts == ["before"])
  }

  @Test func aRevokedDeviceThatIsLeftInTheGroupIsProposedAgain() throws {
    let q = try Quartet()
    let tablet = try TestDevice(addedBy: q.bert)
    try tablet.logIn()
    try tablet.publish()
    try q.bert.add([tablet], to: q.room)
    try q.settle()
    try q.bert.revoke(tablet)
    try q.anna.send("opens the group", in: q.room)
    // A commit of somebody who has not read the proposal.
    let commit = try q.clara.makeCommit(in: q.room)
    try accepted(.commit(commit), by: q.clara)
    try q.clara.adopt(q.room)
    try q.settle()
    #expect(try q.anna.room(q.room).group.proposals.count == 1)
    #expect(isAccepted(try q.anna.commit(in: q.room)))
    try q.settle()
    #expect(try q.bert.room(q.room).group.tree.memberCount == 3)
  }

  @Test func leaving() throws {
    let q = try Quartet()
    let request = try q.bert.leaveRequest(q.room)
    try refused(.notMember, .propose(request), by: q.clara)
    var wrong = request
    wrong.message = try q.clara.makeCommit(in: q.room).commit
    q.clara.groups[q.room]?.group.discardPendingCommit()
    try refused(.malformed, .propose(wrong), by: q.clara)
    // Other proposals are committed by who wants them.
    var room = try q.anna.room(q.room)
    wrong.message = try room.group.propose(.remove(q.anna.leaf(of: q.clara, in: q.room)), application: HouseRules(), using: q.house.crypto).encoded()
    try refused(.forbidden, .propose(wrong), by: q.anna)
    try accepted(.propose(request), by: q.bert)
    try q.settle()
    #expect(isAccepted(try q.clara.commit(in: q.room)))
    try q.settle()
    #expect(try q.bert.room(q.room).isRemoved)
    try q.anna.send("he has left", in: q.room)
    try q.settle()
    #expect(q.bert.texts == [])
    #expect(q.clara.texts == ["he has left"])
  }

  @Test func aReportFreezesTheGroup() throws {
    let q = try Quartet()
    let commit = try q.anna.makeCommit([.remove(q.anna.leaf(of: q.clara, in: q.room))], in: q.room)
    let epoch = try q.anna.room(q.room).group.epoch
    let oldKey = try q.anna.room(q.room).key
    let message = try q.bert.sendRequest("late", in: q.room)
    func report(by device: MemoryDevice, epoch: UInt64, hash: [UInt8], signedBy signer: MemoryDevice? = nil) throws -> Request {
      var request = ReportRequest(
        requestID: q.house.crypto.random(16), group: q.room, key: oldKey, epoch: epoch, commitHash: hash, signature: [])
      request.signature = try Signing.sign(
        SigningLabel("Report"), request.signedContent, with: (signer ?? device).key.privateKey, using: q.house.crypto)
      return .report(request)
    }
    let hash = q.house.crypto.hash(.sha256, commit.commit)
    // Nothing was accepted yet.
    try refused(.notFound, try report(by: q.bert, epoch: epoch, hash: hash), by: q.bert)
    try accepted(.commit(commit), by: q.anna)
    try q.anna.adopt(q.room)
    try refused(.notMember, try report(by: q.dora, epoch: epoch, hash: hash), by: q.dora)
    try refused(.notFound, try report(by: q.bert, epoch: epoch, hash: q.house.crypto.random(32)), by: q.bert)
    try refused(.notFound, try report(by: q.bert, epoch: epoch + 1, hash: hash), by: q.bert)
    try refused(.invalid, try report(by: q.bert, epoch: epoch, hash: hash, signedBy: q.dora), by: q.bert)
    // Bert cannot apply the commit, so all that he has is the key before it.
    try accepted(try report(by: q.bert, epoch: epoch, hash: hash), by: q.bert)
    try refused(.frozen, .send(try q.anna.sendRequest("on", in: q.room)), by: q.anna)
    try refused(.frozen, .commit(try q.anna.makeCommit(in: q.room)), by: q.anna)
    try refused(.stale, .send(message), by: q.bert)
    guard case .groupInfo(let info) = try q.anna.ask(.groupInfo(GroupInfoRequest(group: q.room, key: try q.anna.room(q.room).key))) else { throw TestFailure("another answer") }
    #expect(info.frozen)
    for device in [q.anna, q.bert] { try device.collect() }
    #expect(q.bert.inbox.contains { if case .frozen(_, _, let reporter, _) = $0.body { reporter == q.bert.id } else { false } })
    // The group is rebuilt under another id.
    #expect(isAccepted(try q.anna.ask(.createGroup(try q.anna.makeGroup().1))))
  }
}
