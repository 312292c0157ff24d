// A server that lies: to one, or to some against others. Found out, said loudly, and nothing more is sent.
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

extension SimulatedClient {
  /// What the client sends of its own from now on: requests that others would see.
  func countSends() -> () -> Int {
    let count = Count()
    filter = { frame in
      switch frame.request {
      case .send, .commit, .propose, .createGroup: count.value += 1
      default: break
      }
      return true
    }
    return { count.value }
  }
  private final class Count { var value = 0 }

  /// Changes answers on their way.
  func change(_ change: @escaping (inout Answer) -> Void) {
    tamper = { frame in
      guard case .answer(let number, var answer)? = (try? ServerFrame(decoding: frame))?.content else { return frame }
      change(&answer)
      return ServerFrame(.answer(number: number, answer)).encoded()
    }
  }
}

@Suite struct LyingServerTests {
  /// Anna and Bert in a group, Carla about to come into play.
  private func scene() throws -> (house: SimulatedHouse, anna: SimulatedClient, bert: SimulatedClient, carla: SimulatedClient, chat: UInt32) {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert", "Carla"])
    let chat = try people[0].createGroup("Station", [people[1]])
    try people[0].send("vorher", to: chat)
    return (house, people[0], people[1], people[2], chat)
  }

  /// Nothing is sent any more, though somebody writes.
  private func expectSilence(of client: SimulatedClient, in chat: UInt32, _ alarm: Alarm) throws {
    #expect(client.alarms.first == alarm && client.view.alarm == alarm)
    let sends = client.countSends()
    client.give(.command(token: 700, .send(chat: chat, text: "darf nicht hinaus", inReplyTo: nil)))
    client.house.run(for: 20_000)
    #expect(sends() == 0)
    #expect(client.view.waiting > 0)
  }

  @Test func anHonestServerRaisesNothing() throws {
    let (house, anna, bert, carla, chat) = try scene()
    try anna.perform(.add(chat: chat, [carla.account]))
    anna.disconnect()
    anna.connect()
    house.run()
    #expect(anna.alarms.isEmpty && bert.alarms.isEmpty && carla.alarms.isEmpty)
    let sends = anna.countSends()
    try anna.send("geht", to: chat)
    #expect(sends() > 0)
  }

  @Test func aHouseThatWasSwapped() throws {
    let (house, anna, _, _, chat) = try scene()
    anna.disconnect()
    let other = try TestHouse(store: MemoryDeliveryStore())
    anna.change { if case .greeting(var greeting) = $0 { greeting.house = other.signedHouse.encoded(); $0 = .greeting(greeting) } }
    anna.connect()
    house.run()
    try expectSilence(of: anna, in: chat, .houseChanged)
  }

  @Test func aFeedThatLostEntries() throws {
    let (house, anna, bert, _, chat) = try scene()
    // The server signs a shorter feed than it has signed before.
    let log = FeedHead(
      house: house.house.signedHouseInUse(anna), incarnation: 1, size: 1, hash: Digest([UInt8](repeating: 9, count: 32)) ?? .zero, time: house.now / 1_000)
    let signed = try SignedFeedHead(signing: log, with: house.house.server.privateKey, using: house.house.crypto)
    anna.give(.frame(ServerFrame(.push(.feedHead(signed.encoded()))).encoded()))
    try expectSilence(of: anna, in: chat, .feedForked)
    #expect(bert.alarms.isEmpty)
  }

  @Test func aForkedFeedIsFoundByTalking() throws {
    let (house, anna, bert, carla, chat) = try scene()
    // Bert hears nothing of a new device of Carla's, and then of another history of the same length.
    bert.tamper = { frame in
      if case .push(.feedHead)? = (try? ServerFrame(decoding: frame))?.content { return nil }
      return frame
    }
    _ = try carla.link("phone")
    #expect(anna.alarms.isEmpty)
    // Now the server tells Bert of an entry that it has told nobody else.
    let mark = try #require(bert.messenger.feedMarkForSimulations)
    let entry = FeedEntry(account: BlindedAccount(carla.account, using: house.house.crypto), length: 2, head: Digest([UInt8](repeating: 7, count: 32)) ?? .zero)
    let hash = Digest(house.house.crypto.hash(.sha256, mark.hash.bytes + entry.encoded())) ?? .zero
    let head = FeedHead(house: house.house.signedHouseInUse(anna), incarnation: 1, size: mark.size + 1, hash: hash, time: house.now / 1_000)
    let signed = try SignedFeedHead(signing: head, with: house.house.server.privateKey, using: house.house.crypto)
    bert.tamper = { frame in
      guard case .answer(let number, .feed)? = (try? ServerFrame(decoding: frame))?.content else { return frame }
      return ServerFrame(.answer(number: number, .feed(FeedAnswer(entries: [entry.encoded()], head: signed.encoded())))).encoded()
    }
    bert.give(.frame(ServerFrame(.push(.feedHead(signed.encoded()))).encoded()))
    house.run()
    bert.tamper = { $0 }
    try anna.send("so weit bin ich", to: chat)
    #expect(bert.alarms.contains { $0 == .feedForked || $0 == .chainForked })
  }

  @Test func aSecondGenesis() throws {
    let (house, anna, _, carla, chat) = try scene()
    // Another account under Carla's number would need another genesis; the server answers with somebody else's chain.
    let bertChain = try #require(anna.messenger.chainForSimulations(house.clients[1].account))
    anna.change { answer in
      if case .chains(var given) = answer {
        for i in given.chains.indices { given.chains[i].statements = bertChain.statements }
        answer = .chains(given)
      }
    }
    anna.give(.command(token: 800, .add(chat: chat, [carla.account])))
    house.run()
    try expectSilence(of: anna, in: chat, .chainForked)
    #expect(try anna.room(chat).members.count == 2)
  }

  @Test func aChainThatIsKeptBack() throws {
    let (house, anna, bert, _, chat) = try scene()
    anna.change { answer in
      if case .chains(var given) = answer {
        for i in given.chains.indices { given.chains[i].statements = [] }
        answer = .chains(given)
      }
    }
    _ = try bert.link("phone")
    house.run()
    try expectSilence(of: anna, in: chat, .chainForked)
  }

  @Test func aKeyPackageOfAnotherDevice() throws {
    let (house, anna, bert, carla, chat) = try scene()
    var request = ClaimKeyPackages(requestID: house.house.crypto.random(16), devices: [try bert.device.bytes])
    var stolen: [UInt8]?
    let spare = house.house.connect()
    _ = try spare.greet()
    // Bert's own package, claimed beside, is given for Carla's device.
    anna.change { answer in
      if case .keyPackages(var given) = answer {
        if given.keyPackages.first?.device == request.devices.first { stolen = given.keyPackages.first?.keyPackage }
        if let stolen { for i in given.keyPackages.indices { given.keyPackages[i].keyPackage = stolen } }
        answer = .keyPackages(given)
      }
    }
    _ = try anna.createGroup("Zweite", [bert])
    request.devices = []
    #expect(stolen != nil)
    anna.give(.command(token: 800, .add(chat: chat, [carla.account])))
    house.run()
    try expectSilence(of: anna, in: chat, .strangerInGroup)
    #expect(try anna.room(chat).members.count == 2)
  }

  @Test func aDeviceThatNobodyAdded() throws {
    let (house, anna, bert, carla, chat) = try scene()
    // Anna adds Carla; Bert is told that Carla's chain is not to be had.
    bert.change { answer in
      if case .chains(var given) = answer {
        for i in given.chains.indices where given.chains[i].account == carla.account.bytes { given.chains[i].statements = [] }
        answer = .chains(given)
      }
    }
    let atBert = try bert.chat(titled: "Station").number
    try anna.perform(.add(chat: chat, [carla.account]))
    try carla.send("wer bin ich?", to: try carla.chat(titled: "Station").number)
    house.run(for: 20_000)
    #expect(try bert.texts(atBert) == ["vorher"])
    #expect(bert.alarms.contains(.strangerInGroup) || bert.alarms.contains(.chainForked))
    let sends = bert.countSends()
    bert.give(.command(token: 700, .send(chat: atBert, text: "darf nicht hinaus", inReplyTo: nil)))
    house.run(for: 20_000)
    #expect(sends() == 0)
  }
}

extension TestHouse {
  /// The house's id as the simulated people know it.
  func signedHouseInUse(_ client: SimulatedClient) -> HouseID { client.messenger.houseForSimulations?.house.id(using: crypto) ?? house.id(using: crypto) }
}
