// Groups: who comes and goes, who may do what, and many at once.
import DeliveryConformance
import Identity
import MLS
import Messenger
import Testing
import Wire

@Suite struct GroupTests {
  @Test func aJoinerSeesOnlyWhatComesLater() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert", "Carla"])
    let (anna, bert, carla) = (people[0], people[1], people[2])
    let chat = try anna.createGroup("Station", [bert])
    try anna.send("vorher", to: chat)
    try anna.perform(.add(chat: chat, [carla.account]))
    try bert.send("nachher", to: try bert.chat(titled: "Station").number)
    #expect(try carla.texts(titled: "Station") == ["nachher"])
    #expect(try anna.texts(chat) == ["vorher", "nachher"])
    #expect(try anna.lines(chat).filter { $0.kind == .joined }.contains { $0.sender == carla.account })
    #expect(house.disagreements().isEmpty, "\(house.disagreements())")
  }

  @Test func whoWasRemovedReadsNothingMore() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert", "Carla"])
    let (anna, bert, carla) = (people[0], people[1], people[2])
    let chat = try anna.createGroup("Station", [bert, carla])
    let before = try carla.room(try carla.chat(titled: "Station").number)
    try anna.perform(.remove(chat: chat, [carla.account]))
    let late = try carla.chat(titled: "Station")
    #expect(!late.isOpen)
    #expect(try carla.lines(late.number).last?.kind == .removed)
    #expect(try bert.lines(try bert.chat(titled: "Station").number).last?.kind == .removed)
    #expect(try anna.room(chat).groupKey != before.groupKey)
    try bert.send("unter uns", to: try bert.chat(titled: "Station").number)
    #expect(try carla.texts(late.number) == [])
    #expect(try anna.texts(chat) == ["unter uns"])
    #expect(throws: TestFailure.self) { try carla.send("Darf ich noch?", to: late.number) }
    // And back again.
    try anna.perform(.add(chat: chat, [carla.account]))
    try carla.send("wieder da", to: late.number)
    #expect(try carla.texts(late.number) == ["wieder da"])
    #expect(try bert.texts(titled: "Station") == ["unter uns", "wieder da"])
    #expect(house.disagreements().isEmpty, "\(house.disagreements())")
  }

  @Test func leavingTakesAllOwnDevicesAlong() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert", "Carla"])
    let (anna, bert, carla) = (people[0], people[1], people[2])
    let chat = try anna.createGroup("Station", [bert, carla])
    let phone = try carla.link("Carla's phone")
    #expect(try phone.chat(titled: "Station").isOpen)
    try carla.perform(.leave(chat: try carla.chat(titled: "Station").number))
    house.run(for: 20_000)
    for client in [carla, phone] {
      let left = try client.chat(titled: "Station")
      #expect(!left.isOpen, "\(client.name)")
      #expect(try client.lines(left.number).filter { $0.kind == .removed }.isEmpty, "\(client.name)")
      #expect(try client.lines(left.number).filter { $0.kind == .left }.count == 1, "\(client.name)")
    }
    #expect(try anna.room(chat).members == [anna.account, bert.account].sorted())
    #expect(try anna.lines(chat).last?.kind == .left)
    try bert.send("sie ist weg", to: try bert.chat(titled: "Station").number)
    #expect(try anna.texts(chat) == ["sie ist weg"])
    #expect(try phone.texts(titled: "Station") == [])
    #expect(house.disagreements().isEmpty, "\(house.disagreements())")
  }

  @Test func onlyAdministratorsChangeAGroup() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert", "Carla"])
    let (anna, bert, carla) = (people[0], people[1], people[2])
    let chat = try anna.createGroup("Station", [bert])
    let there = try bert.chat(titled: "Station").number
    #expect(throws: TestFailure.self) { try bert.perform(.rename(chat: there, title: "Berts Station")) }
    #expect(throws: TestFailure.self) { try bert.perform(.add(chat: there, [carla.account])) }
    #expect(throws: TestFailure.self) { try bert.perform(.remove(chat: there, [anna.account])) }
    try anna.perform(.setRole(chat: chat, bert.account, isAdministrator: true))
    try bert.perform(.rename(chat: there, title: "Berts Station"))
    #expect(try anna.chat(titled: "Berts Station").administrators == [anna.account, bert.account].sorted())
    try bert.perform(.setRole(chat: there, anna.account, isAdministrator: false))
    #expect(throws: TestFailure.self) { try anna.perform(.rename(chat: chat, title: "Meine")) }
    // The last administrator goes: then everybody is one.
    try bert.perform(.leave(chat: there))
    house.run(for: 10_000)
    try anna.perform(.rename(chat: chat, title: "Meine"))
    try anna.perform(.add(chat: chat, [carla.account]))
    #expect(try carla.chat(titled: "Meine").members == [anna.account, carla.account].sorted())
    #expect(house.disagreements().isEmpty, "\(house.disagreements())")
  }

  @Test func concurrentCommitsAllWinInTheEnd() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert", "Carla", "Dora", "Emil"])
    let (anna, bert, carla) = (people[0], people[1], people[2])
    let chat = try anna.createGroup("Station", [bert, carla])
    try anna.perform(.setRole(chat: chat, bert.account, isAdministrator: true))
    try anna.perform(.setRole(chat: chat, carla.account, isAdministrator: true))
    let (atBert, atCarla) = (try bert.chat(titled: "Station").number, try carla.chat(titled: "Station").number)
    anna.give(.command(token: 901, .add(chat: chat, [people[3].account])))
    bert.give(.command(token: 901, .add(chat: atBert, [people[4].account])))
    carla.give(.command(token: 901, .rename(chat: atCarla, title: "Neu")))
    anna.give(.command(token: 902, .send(chat: chat, text: "von Anna", inReplyTo: nil)))
    bert.give(.command(token: 902, .send(chat: atBert, text: "von Bert", inReplyTo: nil)))
    carla.give(.command(token: 902, .send(chat: atCarla, text: "von Carla", inReplyTo: nil)))
    house.run(for: 60_000)
    #expect(house.disagreements().isEmpty, "\(house.disagreements())")
    for person in people { #expect(try person.chat(titled: "Neu").members.count == 5) }
    let all = try anna.texts(chat)
    #expect(all.sorted() == ["von Anna", "von Bert", "von Carla"])
    for person in [bert, carla] { #expect(try person.texts(titled: "Neu") == all) }
  }

  @Test func aLeavingThatWaitsIsCommittedByWhoSends() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert", "Carla"])
    let (anna, bert, carla) = (people[0], people[1], people[2])
    let chat = try anna.createGroup("Station", [bert, carla])
    let atBert = try bert.chat(titled: "Station").number
    carla.give(.command(token: 900, .leave(chat: try carla.chat(titled: "Station").number)))
    house.run(for: 10)
    // Several at once: the first commits, the others follow in its epoch.
    for i in 0..<4 {
      anna.give(.command(token: UInt32(910 + i), .send(chat: chat, text: "A\(i)", inReplyTo: nil)))
      bert.give(.command(token: UInt32(910 + i), .send(chat: atBert, text: "B\(i)", inReplyTo: nil)))
    }
    house.run(for: 30_000)
    let all = try anna.texts(chat)
    #expect(try bert.texts(atBert) == all && all.count == 8)
    #expect(all.filter { $0.hasPrefix("A") } == ["A0", "A1", "A2", "A3"])
    #expect(all.filter { $0.hasPrefix("B") } == ["B0", "B1", "B2", "B3"])
    #expect(try carla.texts(titled: "Station") == [])
    #expect(try anna.room(chat).members.count == 2)
    #expect(house.disagreements().isEmpty, "\(house.disagreements())")
  }

  @Test func whoWasAwayForManyEpochsCatchesUp() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert", "Carla"])
    let (anna, bert, carla) = (people[0], people[1], people[2])
    let chat = try anna.createGroup("Station", [bert, carla])
    let atCarla = try carla.chat(titled: "Station").number
    carla.disconnect()
    var expected: [String] = []
    for i in 0..<12 {
      try anna.perform(.rename(chat: chat, title: "Station \(i)"))
      try bert.send("Folge \(i)", to: try bert.chat(titled: "Station \(i)").number)
      expected.append("Folge \(i)")
    }
    // Written while away.
    for i in 0..<5 { carla.give(.command(token: UInt32(900 + i), .send(chat: atCarla, text: "von fern \(i)", inReplyTo: nil))) }
    expected += (0..<5).map { "von fern \($0)" }
    house.run()
    #expect(try carla.lines(atCarla).suffix(5).allSatisfy { $0.state == .pending && $0.time == nil })
    carla.connect()
    house.run(for: 10_000)
    for person in people { #expect(try person.texts(titled: "Station 11") == expected, "\(person.name)") }
    #expect(house.disagreements().isEmpty, "\(house.disagreements())")
  }

  @Test func twoWhoOpenADirectChatAtOnceHaveOneConversation() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert"])
    let (anna, bert) = (people[0], people[1])
    anna.give(.command(token: 901, .openDirect(bert.account)))
    bert.give(.command(token: 901, .openDirect(anna.account)))
    house.run(for: 10_000)
    #expect(anna.view.chats.count == 1 && bert.view.chats.count == 1)
    #expect(anna.rooms.filter { $0.kind == .direct }.count == 2)
    try anna.send("ich zuerst", to: try anna.chat(titled: "Bert").number)
    try bert.send("nein, ich", to: try bert.chat(titled: "Anna").number)
    #expect(try anna.texts(titled: "Bert") == ["ich zuerst", "nein, ich"])
    #expect(try bert.texts(titled: "Anna") == ["ich zuerst", "nein, ich"])
  }
}
