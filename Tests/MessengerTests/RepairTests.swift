// Coming back after something was lost, and making a group anew after a commit that nobody should have accepted.
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
  /// Turns the next delivery that `isIt` picks into one that says nothing, as if it had been lost on the way.
  func loseNext(_ isIt: @escaping (DeliveryBody) -> Bool) {
    var isLost = false
    tamper = { frame in
      guard !isLost, case .push(.delivery(var delivered))? = (try? ServerFrame(decoding: frame))?.content, isIt(delivered.body) else { return frame }
      isLost = true
      delivered.body = .message([])
      return ServerFrame(.push(.delivery(delivered))).encoded()
    }
  }
}

@Suite struct RepairTests {
  @Test func aLostCommitIsFollowedByAResync() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert", "Carla"])
    let (anna, bert, carla) = (people[0], people[1], people[2])
    let chat = try anna.createGroup("Station", [bert, carla])
    carla.loseNext { if case .handshake = $0 { true } else { false } }
    try anna.perform(.rename(chat: chat, title: "Neu"))
    #expect(try carla.chat(titled: "Station").isOpen, "she does not know of the new name")
    try bert.send("verloren für Carla", to: try bert.chat(titled: "Neu").number)
    house.run(for: 20_000)
    #expect(house.disagreements().isEmpty, "\(house.disagreements())")
    try bert.send("wieder da", to: try bert.chat(titled: "Neu").number)
    try carla.send("ich auch", to: try carla.chat(titled: "Neu").number)
    #expect(try anna.texts(chat) == ["verloren für Carla", "wieder da", "ich auch"])
    #expect(try carla.texts(titled: "Neu") == ["wieder da", "ich auch"])
    #expect(try carla.lines(carla.chat(titled: "Neu").number).contains { $0.kind == .gap })
    for person in people { #expect(person.alarms.isEmpty) }
  }

  @Test func aResyncWhoseAnswerIsLostIsDoneAgain() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert"])
    let (anna, bert) = (people[0], people[1])
    let chat = try anna.createGroup("Station", [bert])
    bert.loseNext { if case .handshake = $0 { true } else { false } }
    try anna.perform(.rename(chat: chat, title: "Neu"))
    var breaks = 2
    bert.tamper = { frame in
      if breaks > 0, case .answer(_, .accepted)? = (try? ServerFrame(decoding: frame))?.content {
        breaks -= 1
        return nil
      }
      return frame
    }
    anna.give(.command(token: 900, .send(chat: chat, text: "nicht für Bert", inReplyTo: nil)))
    for _ in 0..<4 {
      house.run(for: 5_000)
      bert.disconnect()
      bert.connect()
    }
    house.run(for: 20_000)
    #expect(house.disagreements().isEmpty, "\(house.disagreements())")
    try anna.send("für Bert", to: chat)
    #expect(try bert.texts(titled: "Neu") == ["für Bert"])
  }

  @Test func aCommitThatIsBrokenOnTheWayLeadsToAResync() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert", "Carla"])
    let (anna, bert, carla) = (people[0], people[1], people[2])
    let chat = try anna.createGroup("Station", [bert, carla])
    try carla.send("vorher", to: try carla.chat(titled: "Station").number)
    let old = try anna.room(chat)
    // Carla gets another commit than the one that was accepted: its confirmation tag does not fit her secrets.
    var isDone = false
    carla.tamper = { frame in
      guard !isDone, case .push(.delivery(var delivered))? = (try? ServerFrame(decoding: frame))?.content, case .handshake(let bytes) = delivered.body,
        let message = try? MLSMessage(decoding: bytes), case .publicMessage(let commit) = message, case .commit = commit.content.content
      else { return frame }
      isDone = true
      // One ciphertext of the path is not what the committer made.
      var broken = bytes
      broken[broken.count - 70] ^= 1
      delivered.body = .handshake(broken)
      return ServerFrame(.push(.delivery(delivered))).encoded()
    }
    // Only the true commit can be reported; the hash is of what she has seen, so the server says no and she comes back by herself.
    try anna.perform(.rename(chat: chat, title: "Neu"))
    house.run(for: 30_000)
    #expect(isDone)
    #expect(house.disagreements().isEmpty, "\(house.disagreements())")
    #expect(try anna.room(chat).group.groupID == old.group.groupID)
    try carla.send("wieder da", to: try carla.chat(titled: "Neu").number)
    #expect(try anna.texts(chat) == ["vorher", "wieder da"])
  }

  @Test func aFrozenGroupIsMadeAnewAndWhatWaitsArrives() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert", "Carla"])
    let (anna, bert, carla) = (people[0], people[1], people[2])
    let chat = try anna.createGroup("Station", [bert, carla])
    try anna.perform(.setRole(chat: chat, bert.account, isAdministrator: true))
    try carla.send("vorher", to: try carla.chat(titled: "Station").number)
    let old = try anna.room(chat)
    var commit: [UInt8] = []
    carla.tamper = { frame in
      if case .push(.delivery(let delivered))? = (try? ServerFrame(decoding: frame))?.content, case .handshake(let bytes) = delivered.body { commit = bytes }
      return frame
    }
    try anna.perform(.rename(chat: chat, title: "Neu"))
    carla.tamper = { $0 }
    // Carla says that she cannot apply it: what a broken commit would lead to.
    let reporter = try carla.room(try carla.chat(titled: "Neu").number)
    try house.report(commit, of: reporter, by: carla)
    house.run(for: 10)
    #expect(try anna.chat(titled: "Neu").isFrozen && bert.chat(titled: "Neu").isFrozen)
    bert.give(.command(token: 900, .send(chat: try bert.chat(titled: "Neu").number, text: "wartet", inReplyTo: nil)))
    carla.give(.command(token: 900, .send(chat: try carla.chat(titled: "Neu").number, text: "wartet auch", inReplyTo: nil)))
    house.run(for: 60_000)
    #expect(try anna.room(chat).group.groupID != old.group.groupID, "a new group")
    #expect(try anna.room(chat).roomURI == old.roomURI, "in the same room")
    #expect(house.disagreements().isEmpty, "\(house.disagreements())")
    #expect(try anna.texts(chat).sorted() == ["vorher", "wartet", "wartet auch"])
    for person in people {
      #expect(try person.texts(titled: "Neu") == anna.texts(chat), "\(person.name)")
      #expect(try person.chat(titled: "Neu").administrators == [anna.account, bert.account].sorted())
    }
  }

  @Test func keyPackagesRunOutAndAreFilledAgain() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert"])
    let (anna, bert) = (people[0], people[1])
    bert.disconnect()
    // More groups than the pool has packages: the last resort serves the rest.
    for i in 0..<24 { _ = try anna.createGroup("Gruppe \(i)", [bert]) }
    bert.connect()
    house.run(for: 20_000)
    #expect(bert.view.chats.count == 24)
    for i in 0..<24 { try anna.send("Nummer \(i)", to: try anna.chat(titled: "Gruppe \(i)").number) }
    for i in 0..<24 { #expect(try bert.texts(titled: "Gruppe \(i)") == ["Nummer \(i)"]) }
    #expect(house.disagreements().isEmpty, "\(house.disagreements())")
    bert.disconnect()
    _ = try anna.createGroup("Noch eine", [bert])
    bert.connect()
    house.run()
    #expect(try bert.chat(titled: "Noch eine").isOpen)
  }

  @Test func aWelcomeThatComesTwiceChangesNothing() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert"])
    let (anna, bert) = (people[0], people[1])
    var welcomes: [DeliveryBody] = []
    bert.tamper = { frame in
      if case .push(.delivery(let delivered))? = (try? ServerFrame(decoding: frame))?.content, case .welcome = delivered.body { welcomes.append(delivered.body) }
      return frame
    }
    let chat = try anna.createGroup("Station", [bert])
    try anna.send("eins", to: chat)
    #expect(welcomes.count == 1)
    var isReplaced = false
    bert.tamper = { frame in
      guard !isReplaced, case .push(.delivery(var delivered))? = (try? ServerFrame(decoding: frame))?.content, case .message = delivered.body else { return frame }
      isReplaced = true
      delivered.body = welcomes[0]
      return ServerFrame(.push(.delivery(delivered))).encoded()
    }
    try anna.send("durch ein Welcome ersetzt", to: chat)
    try anna.send("zwei", to: chat)
    #expect(isReplaced)
    #expect(try bert.texts(titled: "Station") == ["eins", "zwei"])
    #expect(bert.view.chats.count == 1)
    #expect(house.disagreements().isEmpty, "\(house.disagreements())")
  }
}

extension SimulatedHouse {
  /// A report in a client's name, on a connection beside its own.
  func report(_ commit: [UInt8], of room: RoomProbe, by client: SimulatedClient) throws {
    guard let key = client.messenger.signatureKeyForSimulations else { throw TestFailure("no key") }
    var request = ReportRequest(
      requestID: self.house.crypto.random(16), group: room.group.groupID, key: room.groupKey, epoch: room.group.epoch - 1,
      commitHash: self.house.crypto.hash(.sha256, commit), signature: [])
    request.signature = try Signing.sign(.report, request.signedContent, with: key, using: self.house.crypto)
    client.sendRaw(.report(request))
  }
}
