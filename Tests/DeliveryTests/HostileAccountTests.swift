// Set-up, invitations, chains, log-in and links, by clients that do not keep to the protocol.
import CryptoInterface
import Delivery
import DeliveryConformance
import Identity
import MLS
import SwiftCryptoProvider
import Testing
import TLSCodec
import Wire

@Suite struct HostileAccountTests {
  @Test func aHouseIsSetUpOnceByTheHolderOfTheLink() throws {
    let house = try TestHouse(store: MemoryDeliveryStore())
    let connection = house.connect()
    let anna = try TestDevice(house, name: "Anna", admission: .administrator(house.administrator.privateKey))
    let good = try anna.setUpRequest()
    try refused(.unsupportedVersion, .setUp(good), on: connection)
    try refused(.unsupportedVersion, .hello(Hello(version: 9)), on: connection)
    _ = try connection.greet()
    var request = good
    request.proof[0] ^= 1
    try refused(.forbidden, .setUp(request), on: connection)
    // The house of somebody else's server, rightly signed.
    func other(_ change: (inout House) -> Void) throws -> SetUp {
      var other = house.house
      change(&other)
      var request = good
      request.house = try SignedHouse(signing: other, with: house.administrator.privateKey, using: house.crypto).encoded()
      request.proof = try Signing.sign(
        .setUp, request.signedContent, with: try house.setUpSecret.invitationKey(using: house.crypto).privateKey, using: house.crypto)
      return request
    }
    try refused(.invalid, .setUp(try other { $0.domain = "other.example" }), on: connection)
    try refused(.invalid, .setUp(try other { $0.serverKey = anna.key.publicKey }), on: connection)
    // Nothing works before.
    try refused(.notNow, .enrol(Enrol(requestID: house.crypto.random(16), genesis: good.genesis, mailboxKey: good.mailboxKey)), on: connection)
    try refused(.notNow, .logIn(try anna.logInRequest(try connection.greet())), on: connection)
    #expect(try connection.ask(.setUp(good)) == .done)
    // Asked again it is done; another one comes too late.
    let after = house.store.state
    #expect(try connection.ask(.setUp(good)) == .done)
    #expect(house.store.state == after)
    let late = try TestDevice(house, name: "Late", admission: .administrator(house.administrator.privateKey))
    try refused(.notNow, .setUp(try late.setUpRequest()), on: connection)
    try refused(
      .forbidden, .enrol(Enrol(requestID: house.crypto.random(16), genesis: late.account.chain.statements[0], mailboxKey: house.crypto.random(32))),
      on: connection)
    try anna.logIn()
  }

  @Test func anInvitationLetsOnePersonIn() throws {
    let house = try TestHouse(store: MemoryDeliveryStore())
    let anna = try house.setUp()
    let (new, signed, secret) = try house.invitation(name: "Bert")
    let key = try secret.invitationKey(using: house.crypto)
    let connection = house.connect()
    _ = try connection.greet()
    let lookUp = Request.lookUpInvitation(LookUpInvitation(key: key.publicKey.bytes))
    try refused(.notFound, lookUp, on: connection)
    func enrolment(_ name: String, by secretKey: SignaturePrivateKey = key.privateKey) throws -> MemoryDevice {
      try TestDevice(house, name: name, admission: .invitation(signed, key: secretKey))
    }
    // Signed by the administrator, but never handed in.
    try refused(.notFound, .enrol(try enrolment("Bert").enrolRequest()), on: connection)
    try refused(.notLoggedIn, .createInvitations(CreateInvitations(requestID: house.crypto.random(16), invitations: [new])), on: connection)
    var forged = try SignedInvitation(received: new.invitation)
    forged.invitation.notAfter += 1
    try refused(
      .invalid,
      .createInvitations(
        CreateInvitations(
          requestID: house.crypto.random(16), invitations: [new, NewInvitation(invitation: forged.encoded(), houseTag: new.houseTag)])),
      by: anna)
    try accepted(.createInvitations(CreateInvitations(requestID: house.crypto.random(16), invitations: [new])), by: anna)
    try refused(.taken, .createInvitations(CreateInvitations(requestID: house.crypto.random(16), invitations: [new])), by: anna)
    // A mail scanner opens the link as often as it likes.
    let before = house.store.state
    for _ in 0..<3 { #expect(refusal(try connection.ask(lookUp)) == nil) }
    #expect(house.store.state == before)
    // An address that is taken; then the invitation is not used up.
    try refused(.taken, .enrol(try enrolment("Anna").enrolRequest()), on: connection)
    // A device whose mailbox is Anna's.
    let thief = try enrolment("Thief")
    var stolen = thief.device
    stolen.mailbox = anna.device.mailbox
    let genesis = try Genesis.make(
      account: house.crypto.randomBytes(), kind: .person, name: "Thief", localPart: "thief", device: stolen, key: thief.key, house: house.house,
      admission: .invitation(signed, key: key.privateKey), at: house.seconds, using: house.crypto)
    try refused(
      .taken, .enrol(Enrol(requestID: house.crypto.random(16), genesis: genesis.encoded(), mailboxKey: house.crypto.random(32))), on: connection)
    let bert = try enrolment("Bert")
    let request = try bert.enrolRequest()
    #expect(try connection.ask(.enrol(request)) == .done)
    let after = house.store.state
    #expect(try connection.ask(.enrol(request)) == .done)
    #expect(house.store.state == after)
    // The second genesis on the same invitation, and the invitation handed in again by who has it.
    try refused(.usedUp, .enrol(try enrolment("Bertha").enrolRequest()), on: connection)
    try refused(.usedUp, lookUp, on: connection)
    try refused(.taken, .createInvitations(CreateInvitations(requestID: house.crypto.random(16), invitations: [new])), by: anna)
    try bert.logIn()
  }

  @Test func invitationsEndAndAreWithdrawn() throws {
    let house = try TestHouse(store: MemoryDeliveryStore())
    let anna = try house.setUp()
    let first = try house.invitation(notAfter: house.seconds + 10)
    let second = try house.invitation()
    try accepted(
      .createInvitations(CreateInvitations(requestID: house.crypto.random(16), invitations: [first.new, second.new])), by: anna)
    let key = second.signed.invitation.key.bytes
    let forged = try Signing.sign(.withdraw, key, with: anna.key.privateKey, using: house.crypto)
    try refused(.invalid, .withdrawInvitation(WithdrawInvitation(key: key, signature: forged)), by: anna)
    let signature = try Signing.sign(.withdraw, key, with: house.administrator.privateKey, using: house.crypto)
    guard case .invitations(let open) = try anna.ask(.listInvitations) else { throw TestFailure("another answer") }
    #expect(Set(open.invitations) == [first.new.invitation, second.new.invitation])
    try accepted(.withdrawInvitation(WithdrawInvitation(key: key, signature: signature)), by: anna)
    try accepted(.withdrawInvitation(WithdrawInvitation(key: key, signature: signature)), by: anna)
    #expect(try anna.ask(.listInvitations) == .invitations(InvitationsAnswer(invitations: [first.new.invitation])))
    let connection = house.connect()
    _ = try connection.greet()
    for (invitation, waits) in [(second, UInt64(0)), (first, 11_000)] {
      house.now += waits
      let device = try TestDevice(
        house, name: "Bert", admission: .invitation(invitation.signed, key: try invitation.secret.invitationKey(using: house.crypto).privateKey))
      try refused(.usedUp, .enrol(try device.enrolRequest()), on: connection)
    }
    #expect(try anna.ask(.listInvitations) == .invitations(InvitationsAnswer(invitations: [])))
  }

  @Test func onlyTheHolderOfTheKeyLogsInAndOnlyOneStore() throws {
    let q = try Quartet()
    let connection = q.house.connect()
    let greeting = try connection.greet()
    let good = try q.bert.logInRequest(greeting)
    var request = good
    request.signature[0] ^= 1
    try refused(.notLoggedIn, .logIn(request), on: connection)
    request = good
    request.session += 1
    try refused(.notLoggedIn, .logIn(request), on: connection)
    request = good
    request.device = q.anna.id
    try refused(.unknownDevice, .logIn(request), on: connection)
    request.device = q.house.crypto.random(16)
    try refused(.unknownDevice, .logIn(request), on: connection)
    try refused(.notLoggedIn, .find(Find(text: [], offset: 0)), on: connection)
    // A signature for another connection's greeting.
    let other = q.house.connect()
    _ = try other.greet()
    try refused(.notLoggedIn, .logIn(good), on: other)
    try accepted(.find(Find(text: [], offset: 0)), by: q.bert)
    #expect(refusal(try connection.ask(.logIn(good))) == nil)
    // The old connection was told, and ended; the challenge is used.
    try q.bert.connection.look()
    #expect(q.bert.connection.pushes.contains(.goodbye(.replaced)) && q.bert.connection.isEnded)
    try refused(.notLoggedIn, .logIn(try q.bert.logInRequest(greeting)), on: connection)
    // A copy of the store has the same instance and counts again from where it was copied.
    q.bert.session -= 2
    try refused(.behind, .logIn(try q.bert.logInRequest(try connection.greet())), on: connection)
    q.bert.session += 5
    q.bert.instance = q.house.crypto.random(16)
    try refused(.behind, .logIn(try q.bert.logInRequest(try connection.greet())), on: connection)
    // Giving its groups up, the device may go on with another store; its key packages were in the old one.
    let loggedIn = try q.bert.logIn(afresh: true)
    #expect(loggedIn.keyPackages == 0)
    try q.bert.logIn()
  }

  @Test func chainsGrowByTheirOwnDevices() throws {
    let q = try Quartet()
    let chain = q.bert.account.chain
    let key = try Signing.makeKeyPair(using: q.house.crypto)
    let device = Device.make(key.publicKey, name: "tablet", using: q.house.crypto)
    let proof = try chain.possession(of: device.id).sign(with: key.privateKey, using: q.house.crypto)
    let statement = try SignedStatement.addDevice(device, possession: proof, to: chain, by: q.bert.key, at: q.house.seconds, using: q.house.crypto)
    func append(_ statement: SignedStatement, _ mailboxKey: [UInt8]?) -> Request {
      .appendStatement(AppendStatement(requestID: q.house.crypto.random(16), statement: statement.encoded(), mailboxKey: mailboxKey))
    }
    let mailboxKey = q.house.crypto.random(32)
    try refused(.forbidden, append(statement, mailboxKey), by: q.anna)
    try refused(.malformed, append(statement, nil), by: q.bert)
    var forged = statement
    forged.signature.signature[0] ^= 1
    try refused(.invalid, append(forged, mailboxKey), by: q.bert)
    forged = statement
    forged.signature.signerKind = .house
    try refused(.invalid, append(forged, mailboxKey), by: q.bert)
    forged = statement
    forged.statement.position = 7
    try refused(.chainConflict, append(forged, mailboxKey), by: q.bert)
    // A mailbox that another account has.
    var stolen = device
    stolen.mailbox = q.anna.device.mailbox
    let theft = try SignedStatement.addDevice(stolen, possession: proof, to: chain, by: q.bert.key, at: q.house.seconds, using: q.house.crypto)
    try refused(.taken, append(theft, mailboxKey), by: q.bert)
    let good = append(statement, mailboxKey)
    try accepted(good, by: q.bert)
    // Another one for the same place comes too late, and the same again changes nothing.
    let other = try SignedStatement.addRecoveryKey(key.publicKey, to: chain, by: q.bert.key, at: q.house.seconds, using: q.house.crypto)
    try refused(.chainConflict, append(other, nil), by: q.bert)
    let before = q.house.store.state
    try accepted(good, by: q.bert)
    #expect(q.house.store.state == before)
  }

  @Test func theFeedFollowsEveryChain() throws {
    let q = try Quartet()
    let tablet = try TestDevice(addedBy: q.bert)
    try tablet.logIn()
    guard case .feed(let answer) = try q.anna.ask(.feed(FeedRequest(from: 0, limit: 100))) else {
      Issue.record("no feed")
      return
    }
    let head = try SignedFeedHead(received: answer.head).verified(
      house: q.house.house.id(using: q.house.crypto), serverKey: q.house.server.publicKey, using: q.house.crypto)
    var log = FeedLog(house: q.house.house.id(using: q.house.crypto), incarnation: 1)
    for entry in answer.entries { log.append(try FeedEntry(received: entry), using: q.house.crypto) }
    #expect(head.size == 5 && log.size == 5 && head.hash == log.hash)
    let last = try FeedEntry(received: try #require(answer.entries.last))
    #expect(last.length == 2 && last.head == q.bert.account.chain.head)
    try q.anna.connection.look()
    #expect(q.anna.connection.pushes.contains(.feedHead(answer.head)))
    let queries = [ChainQuery(account: q.bert.accountID, from: 1), ChainQuery(account: q.house.crypto.random(32), from: 0)]
    guard case .chains(let chains) = try q.anna.ask(.chains(Chains(queries: queries))) else { throw TestFailure("another answer") }
    #expect(chains.chains.map(\.statements) == [[q.bert.account.chain.statements[1]], []])
  }

  @Test func policyIsTheAdministratorsAndOnlyRises() throws {
    let q = try Quartet()
    func policy(_ serial: UInt32, by key: SignaturePrivateKey) throws -> Request {
      var policy = Policy(house: q.house.house.id(using: q.house.crypto), serial: serial, time: q.house.seconds)
      policy.set(.presence, .personDecides)
      return .setPolicy(SetPolicy(policy: try SignedPolicy(signing: policy, with: key, using: q.house.crypto).encoded()))
    }
    try refused(.invalid, try policy(2, by: q.anna.key.privateKey), by: q.anna)
    try accepted(try policy(2, by: q.house.administrator.privateKey), by: q.bert)
    try refused(.invalid, try policy(1, by: q.house.administrator.privateKey), by: q.bert)
    try accepted(try policy(3, by: q.house.administrator.privateKey), by: q.bert)
    try q.clara.connection.look()
    #expect(q.clara.connection.pushes.filter { if case .policy = $0 { true } else { false } }.count == 2)
  }

  @Test func aLinkIsForOneDevice() throws {
    let q = try Quartet()
    let slot = q.house.crypto.random(16)
    let stranger = q.house.connect()
    _ = try stranger.greet()
    let offer = Request.offerLink(OfferLink(slot: slot, sealed: [1, 2, 3]))
    try refused(.notFound, offer, on: stranger)
    try refused(.notLoggedIn, .openLink(OpenLink(slot: slot)), on: stranger)
    try accepted(.openLink(OpenLink(slot: slot)), by: q.bert)
    try refused(.taken, .openLink(OpenLink(slot: slot)), by: q.anna)
    let answer = Request.answerLink(AnswerLink(slot: slot, sealed: [9]))
    try refused(.notNow, answer, by: q.bert)
    #expect(try stranger.ask(.takeLink(TakeLink(slot: slot))) == .link(LinkAnswer(sealed: nil)))
    #expect(try stranger.ask(offer) == .done)
    #expect(try stranger.ask(offer) == .done)
    try q.bert.connection.look()
    #expect(q.bert.connection.pushes.contains(.linkOffered(LinkOffered(slot: slot, sealed: [1, 2, 3]))))
    // Somebody else has seen the link.
    let late = q.house.connect()
    _ = try late.greet()
    try refused(.usedUp, .offerLink(OfferLink(slot: slot, sealed: [4])), on: late)
    try refused(.notFound, answer, by: q.anna)
    try accepted(answer, by: q.bert)
    try stranger.look()
    #expect(stranger.pushes == [.linkAnswered(LinkOffered(slot: slot, sealed: [9]))])
    #expect(try stranger.ask(.takeLink(TakeLink(slot: slot))) == .link(LinkAnswer(sealed: [9])))
    q.house.now += 11 * 60_000
    try refused(.notFound, .takeLink(TakeLink(slot: slot)), on: stranger)
    // Slots are few.
    for i in 0..<4 { try accepted(.openLink(OpenLink(slot: [UInt8](repeating: UInt8(i), count: 16))), by: q.bert) }
    try refused(.tooMany, .openLink(OpenLink(slot: [UInt8](repeating: 9, count: 16))), by: q.bert)
  }
}
