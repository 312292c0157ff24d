// A person who has lost every device gets a new one from the house: everybody sees it, and nothing returns silently.
import DeliveryConformance
import Identity
import Messenger
import Testing

@Suite struct ResetTests {
  @Test func theHouseGivesANewDeviceVisibly() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert", "Carla"])
    let (anna, bert, carla) = (people[0], people[1], people[2])
    _ = try anna.createGroup("Station 3", [bert, carla])
    let direct = try carla.openDirect(bert)
    try carla.send("vorher", to: direct)
    try carla.perform(.markVerified(bert.account))

    guard case .link(let secret) = try anna.perform(.openReset(bert.account)) else { throw TestFailure("no link") }
    let new = house.client("Bert 2")
    new.connect()
    house.run()
    try new.perform(.linkDevice(secret, deviceName: "new phone"))
    house.run(for: 30_000)

    #expect(new.view.account == bert.account && new.view.name == "Bert")
    #expect(new.view.devices.count == 1)
    #expect(new.view.chats.isEmpty, "no history, no silent return")
    #expect(bert.view.alarm == .revoked)
    // The old device is out of the group, and everybody has seen why.
    #expect(try carla.lines(try carla.chat(titled: "Station 3").number).contains { $0.kind == .reset && $0.sender == bert.account })
    #expect(try !anna.chat(titled: "Station 3").members.contains(bert.account))
    // Who had verified the person is asked first.
    #expect(throws: (any Error).self) { try carla.send("nachher", to: direct) }
    try carla.perform(.confirmReset(bert.account))
    let again = try carla.openDirect(new)
    try carla.send("nachher", to: again)
    house.run(for: 10_000)
    let there = try new.chat(titled: "Carla")
    #expect(try new.texts(there.number) == ["nachher"])
  }

  @Test func onlyTheAdministratorResets() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert", "Carla"])
    #expect(throws: (any Error).self) { try people[1].perform(.openReset(people[2].account)) }
    #expect(throws: (any Error).self) { try people[0].perform(.openReset(people[0].account)) }
    guard case .link = try people[0].perform(.openReset(people[2].account)) else { throw TestFailure("no link") }
  }
}
