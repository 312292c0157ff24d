// A person's devices: linking, history, read marks, revocation.
import CryptoInterface
import DeliveryConformance
import Identity
import MLS
import Messenger
import TLSCodec
import Testing
import Wire

@Suite struct DeviceTests {
  @Test func aLinkedDeviceGetsChatsAndHistory() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert", "Carla"])
    let (anna, bert, carla) = (people[0], people[1], people[2])
    let chat = try anna.openDirect(bert)
    let group = try anna.createGroup("Station 3", [bert, carla])
    for i in 0..<130 { try anna.send("Nachricht \(i)", to: chat) }
    for i in 0..<5 { try carla.send("Gruppe \(i)", to: try carla.chat(titled: "Station 3").number) }
    let phone = try anna.link("Anna's phone")
    house.run(for: 60_000)
    #expect(anna.events.contains { if case .deviceLinked = $0 { true } else { false } })
    #expect(phone.view.isEnrolled && phone.view.devices.count == 2)
    #expect(try phone.texts(titled: "Bert") == anna.texts(chat))
    #expect(try phone.texts(titled: "Bert").count == 130)
    #expect(try phone.texts(titled: "Station 3") == anna.texts(group))
    #expect(house.disagreements().isEmpty, "\(house.disagreements())")
    // Both devices speak and hear.
    try phone.send("vom Telefon", to: try phone.chat(titled: "Bert").number)
    try anna.send("vom Laptop", to: chat)
    try bert.send("an beide", to: try bert.chat(titled: "Anna").number)
    for client in [anna, phone] { #expect(try client.texts(titled: "Bert").suffix(3) == ["vom Telefon", "vom Laptop", "an beide"]) }
    #expect(try phone.lines(try phone.chat(titled: "Bert").number).suffix(3).map { $0.isOwn } == [true, true, false])
    #expect(try bert.texts(titled: "Anna").count == 133)
    // Newest first: the first batch of a chat ends with its last lines.
    #expect(anna.alarms.isEmpty && phone.alarms.isEmpty && bert.alarms.isEmpty)
  }

  @Test func readMarksCrossOver() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert"])
    let chat = try people[0].openDirect(people[1])
    let phone = try people[0].link("phone")
    try people[1].send("eins", to: try people[1].chat(titled: "Anna").number)
    try people[1].send("zwei", to: try people[1].chat(titled: "Anna").number)
    #expect(try phone.chat(titled: "Bert").unread == 2)
    #expect(try people[0].chat(titled: "Bert").unread == 2)
    try people[0].perform(.markRead(chat: chat))
    #expect(try phone.chat(titled: "Bert").unread == 0)
  }

  @Test func threeDevicesShareOneRoomOfTheirOwn() throws {
    let house = try SimulatedHouse()
    let anna = try house.people(["Anna", "Bert"])[0]
    let chat = try anna.openDirect(house.clients[1])
    try anna.send("hallo", to: chat)
    let phone = try anna.link("phone")
    let tablet = try phone.link("tablet")
    house.run(for: 20_000)
    for client in [anna, phone, tablet] {
      #expect(client.rooms.filter { $0.kind == .ownDevices }.map { $0.group.tree.leaves.count } == [3])
      #expect(try client.texts(titled: "Bert") == ["hallo"])
    }
    #expect(house.disagreements().isEmpty, "\(house.disagreements())")
  }

  @Test func aRevokedDeviceIsOutEverywhere() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert", "Carla"])
    let (anna, bert, carla) = (people[0], people[1], people[2])
    let chat = try anna.openDirect(bert)
    _ = try bert.createGroup("Ohne Anna als Verwalterin", [anna, carla])
    let phone = try anna.link("phone")
    try bert.send("vorher", to: try bert.chat(titled: "Anna").number)
    #expect(try phone.texts(titled: "Bert") == ["vorher"])
    let before = phone.rooms
    #expect(before.count == 3 && before.allSatisfy { $0.isActive })
    // What reaches the other device from now on is tried on the state of the revoked one.
    var later: [MLSMessage] = []
    anna.tamper = { frame in
      if case .push(.delivery(let delivered))? = (try? ServerFrame(decoding: frame))?.content, case .message(let bytes) = delivered.body,
        let message = try? MLSMessage(decoding: bytes)
      {
        later.append(message)
      }
      return frame
    }
    try anna.perform(.revokeDevice(try phone.device))
    house.run(for: 60_000)
    #expect(phone.alarms == [.revoked])
    for client in [anna, bert, carla] {
      for room in client.rooms where room.isActive {
        #expect(!room.group.tree.leaves.contains { (try? LeafClaim($0.node))?.device == (try? phone.device) }, "\(client.name) \(room.title)")
      }
    }
    for (old, new) in zip(before.sorted { $0.roomURI.lexicographicallyPrecedes($1.roomURI) }, anna.rooms.sorted { $0.roomURI.lexicographicallyPrecedes($1.roomURI) }) {
      #expect(old.roomURI == new.roomURI && old.groupKey != new.groupKey, "the group key changes")
    }
    later = []
    try bert.send("nachher", to: try bert.chat(titled: "Anna").number)
    try carla.send("auch in der Gruppe", to: try carla.chat(titled: "Ohne Anna als Verwalterin").number)
    #expect(try anna.texts(chat) == ["vorher", "nachher"])
    #expect(later.count >= 2)
    for message in later {
      for room in before {
        var group = room.group
        #expect(throws: MLSError.self) { try group.receive(message, application: HouseRules(), using: house.house.crypto) }
      }
    }
    #expect(try phone.texts(titled: "Bert") == ["vorher"])
    #expect(house.disagreements().isEmpty, "\(house.disagreements())")
  }

  @Test func aDeviceThatDiesWhileLinkingStopsNobody() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert"])
    let (anna, bert) = (people[0], people[1])
    let chat = try anna.openDirect(bert)
    guard case .link(let secret) = try anna.perform(.openLink) else { throw TestFailure("no link") }
    let phone = house.client("phone")
    phone.connect()
    house.run()
    // The last word of the old device never arrives: the new one stands in the chain and knows nothing of it.
    var answers = 0
    phone.tamper = { frame in
      if case .push(.linkAnswered)? = (try? ServerFrame(decoding: frame))?.content {
        answers += 1
        if answers == 2 { return nil }
      }
      return frame
    }
    phone.give(.command(token: 99, .linkDevice(secret, deviceName: "phone")))
    house.run(for: 5_000)
    phone.disconnect()
    #expect(anna.view.devices.count == 2 && !phone.view.isEnrolled)
    try anna.send("es geht weiter", to: chat)
    try bert.send("ja", to: try bert.chat(titled: "Anna").number)
    #expect(try bert.texts(titled: "Anna") == ["es geht weiter", "ja"])
    #expect(try anna.texts(chat) == ["es geht weiter", "ja"])
    let again = try anna.link("phone again")
    #expect(try again.texts(titled: "Bert") == ["es geht weiter", "ja"])
  }
}
