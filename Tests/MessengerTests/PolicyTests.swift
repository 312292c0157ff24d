// Reports, typing, policy, safety numbers and what a reset of a person's devices leads to.
import CryptoInterface
import Delivery
import DeliveryConformance
import Identity
import MLS
import Messenger
import SwiftCryptoProvider
import TLSCodec
import Testing
import Wire

@Suite struct PolicyTests {
  @Test func readReportsOnlyWhereThePolicySaysSo() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert"])
    let (anna, bert) = (people[0], people[1])
    let chat = try anna.openDirect(bert)
    let there = try { try anna.send("eins", to: chat); return try bert.chat(titled: "Anna").number }()
    try bert.perform(.markRead(chat: there))
    #expect(try anna.lines(chat)[0].deliveredTo == [bert.account])
    #expect(try anna.lines(chat)[0].readBy == [])
    try anna.perform(.setPolicy([PolicyEntry(.readReceipts, [PolicySetting.on.rawValue])]))
    #expect(bert.events.contains { if case .policyChanged = $0 { true } else { false } })
    try anna.send("zwei", to: chat)
    try bert.perform(.markRead(chat: there))
    #expect(try anna.lines(chat).map { $0.readBy } == [[], [bert.account]])
    try anna.perform(.setPolicy([PolicyEntry(.readReceipts, [0]), PolicyEntry(.deliveryReceipts, [0])]))
    try anna.send("drei", to: chat)
    try bert.perform(.markRead(chat: there))
    #expect(try anna.lines(chat)[2].deliveredTo == [] && anna.lines(chat)[2].readBy == [])
  }

  @Test func aPolicyIsTheAdministratorsAndNewer() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert"])
    let (anna, bert) = (people[0], people[1])
    #expect(throws: TestFailure.self) { try bert.perform(.setPolicy([PolicyEntry(.typing, [0])])) }
    try anna.perform(.setPolicy([PolicyEntry(.typing, [2])]))
    let first = try #require(anna.view.policy)
    try anna.perform(.setPolicy([PolicyEntry(.typing, [0])]))
    let second = try #require(bert.view.policy)
    #expect(second.serial == first.serial + 1)
    let key = try #require(anna.messenger.administratorKeyForSimulations)
    func push(_ policy: Policy, _ key: SignatureKeyPair) throws {
      let signed = try SignedPolicy(signing: policy, with: key.privateKey, using: house.house.crypto)
      bert.give(.frame(ServerFrame(.push(.policy(signed.encoded()))).encoded()))
    }
    // An earlier one again.
    try push(first, key)
    #expect(bert.view.policy == second)
    // A later one by somebody else.
    var later = second
    later.serial += 1
    try push(later, try Signing.makeKeyPair(using: house.house.crypto))
    #expect(bert.view.policy == second)
    // The same by the administrator is taken.
    try push(later, key)
    #expect(bert.view.policy == later)
  }

  @Test func typingIsSeenAndPasses() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert"])
    let (anna, bert) = (people[0], people[1])
    let chat = try anna.openDirect(bert)
    try anna.send("hallo", to: chat)
    func typings() -> Int { bert.events.filter { if case .typing(_, anna.account) = $0 { true } else { false } }.count }
    anna.give(.command(token: 900, .typing(chat: chat)))
    house.run(for: 100)
    #expect(typings() == 1)
    bert.events = []
    house.run(for: 10_000)
    #expect(bert.events.contains { if case .chatChanged = $0 { true } else { false } }, "the mark ends")
    let waiting = anna.view.waiting
    try anna.perform(.setPolicy([PolicyEntry(.typing, [0])]))
    anna.give(.command(token: 901, .typing(chat: chat)))
    house.run(for: 100)
    #expect(typings() == 0 && anna.view.waiting == waiting)
  }

  @Test func safetyNumbersAreEqualOnBothSides() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert", "Carla"])
    let (anna, bert) = (people[0], people[1])
    _ = try anna.openDirect(bert)
    func number(_ a: SimulatedClient, _ b: SimulatedClient) throws -> SafetyNumberView {
      guard case .safetyNumber(let view) = try a.perform(.safetyNumber(b.account)) else { throw TestFailure("no safety number") }
      return view
    }
    let mine = try number(anna, bert)
    #expect(try number(bert, anna).digits == mine.digits && !mine.isVerified)
    try anna.perform(.markVerified(bert.account))
    #expect(try number(anna, bert).isVerified)
    // A new device changes nothing.
    let phone = try bert.link("phone")
    #expect(try number(anna, bert).digits == mine.digits && number(anna, bert).isVerified)
    #expect(try number(phone, anna).digits == mine.digits)
    // The verification is known to own devices.
    let annas = try anna.link("phone")
    try anna.perform(.markVerified(bert.account))
    #expect(try number(annas, bert).isVerified)
  }

  @Test func aResetOfAVerifiedPersonWaitsForAWord() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert", "Carla"])
    let (anna, bert, carla) = (people[0], people[1], people[2])
    let crypto = house.house.crypto
    let chat = try anna.openDirect(bert)
    try anna.send("vorher", to: chat)
    try carla.send("auch vorher", to: try carla.openDirect(bert))
    try anna.perform(.markVerified(bert.account))
    let chain = try #require(anna.messenger.chainForSimulations(bert.account))
    let administrator = try #require(anna.messenger.administratorKeyForSimulations)
    let keyPair = try Signing.makeKeyPair(using: crypto)
    let device = Device.make(keyPair.publicKey, name: "new", using: crypto)
    let possession = try chain.possession(of: device.id).sign(with: keyPair.privateKey, using: crypto)
    let reset = try SignedStatement.houseReset(chain, to: device, possession: possession, administrator: administrator, at: house.now / 1_000, using: crypto)
    anna.sendRaw(.appendStatement(AppendStatement(requestID: crypto.random(16), statement: reset.encoded(), mailboxKey: crypto.random(32))))
    house.run(for: 20_000)
    #expect(bert.alarms == [.revoked])
    #expect(try anna.lines(chat).contains { $0.kind == .reset })
    #expect(try anna.room(chat).members == [anna.account], "the former devices are out, and nobody comes back silently")
    #expect(throws: TestFailure.self) { try anna.send("geht nicht", to: chat) }
    // Who had not verified just sees the line.
    #expect(try carla.lines(carla.chat(titled: "Bert").number).contains { $0.kind == .reset })
    try anna.perform(.confirmReset(bert.account))
    anna.give(.command(token: 900, .send(chat: chat, text: "wartet auf das neue Gerät", inReplyTo: nil)))
    house.run()
    #expect(try anna.lines(chat).last?.state == .pending, "the new device has no key packages yet: nothing is said to nobody")
    #expect(anna.alarms.isEmpty && carla.alarms.isEmpty)
  }

  @Test func largeGroupsGetNoReports() throws {
    let house = try SimulatedHouse()
    let names = (0..<51).map { "P\($0)" }
    let people = try house.people(names)
    let chat = try people[0].createGroup("Alle", Array(people.dropFirst()))
    house.run(for: 60_000)
    try people[0].send("an alle", to: chat)
    #expect(try people[50].texts(titled: "Alle") == ["an alle"])
    #expect(try people[0].lines(chat).filter { $0.kind == .message }.map { $0.deliveredTo.count } == [0])
    #expect(house.disagreements().isEmpty, "\(house.disagreements().prefix(5))")
  }
}
