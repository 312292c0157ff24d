// Stores that are older than the server remembers, or that two processes use: nothing of their ratchets is used again.
import Delivery
import DeliveryConformance
import Identity
import MLS
import Messenger
import TLSCodec
import Testing
import Wire

@Suite struct RestoredStoreTests {
  @Test(arguments: [false, true]) func aBackupJoinsAfresh(_ epochHasMoved: Bool) throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert"])
    let (anna, bert) = (people[0], people[1])
    let chat = try anna.createGroup("Station", [bert])
    house.run(for: 10_000)
    try anna.send("eins", to: chat)
    let backup = anna.records
    try anna.send("zwei", to: chat)
    if epochHasMoved { try anna.perform(.rename(chat: chat, title: "Station")) }
    // The connection was made anew since, so the server knows that the copy is old.
    anna.disconnect()
    anna.connect()
    house.run()
    anna.disconnect()
    let before = try anna.room(chat)

    anna.records = backup
    anna.events = []
    try anna.restart()
    anna.connect()
    let sends = anna.countSends()
    anna.give(.command(token: 900, .send(chat: chat, text: "aus der Kopie", inReplyTo: nil)))
    house.run(for: 20_000)
    #expect(anna.alarms == [.staleStore])
    #expect(sends() == 0)
    #expect(try bert.texts(titled: "Station") == ["eins", "zwei"])

    try anna.perform(.rejoinAfresh)
    anna.connect()
    house.run(for: 30_000)
    #expect(anna.view.alarm == nil)
    #expect(try anna.room(chat).group.epoch > before.group.epoch, "a new epoch, so no key is used twice")
    #expect(try bert.texts(titled: "Station") == ["eins", "zwei", "aus der Kopie"])
    try anna.send("drei", to: chat)
    try bert.send("vier", to: try bert.chat(titled: "Station").number)
    #expect(try bert.texts(titled: "Station") == ["eins", "zwei", "aus der Kopie", "drei", "vier"])
    #expect(try anna.texts(chat) == ["eins", "aus der Kopie", "drei", "vier"])
    #expect(house.disagreements().isEmpty, "\(house.disagreements())")
    // Others can still add it: its key packages are new.
    let later = try bert.createGroup("Danach", [anna])
    try bert.send("geht", to: later)
    #expect(try anna.texts(titled: "Danach") == ["geht"])
  }

  @Test func ofTwoCopiesOneIsStopped() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert"])
    let (anna, bert) = (people[0], people[1])
    let chat = try anna.openDirect(bert)
    try anna.send("eins", to: chat)
    let clone = house.client("clone")
    clone.records = anna.records
    try clone.restart()
    clone.connect()
    house.run(for: 500)
    anna.connect()
    house.run(for: 500)
    let stopped = [anna, clone].filter { $0.alarms == [.staleStore] }
    #expect(stopped.count == 1)
    guard let still = stopped.first else { return }
    let sends = still.countSends()
    still.give(.command(token: 900, .send(chat: chat, text: "nein", inReplyTo: nil)))
    house.run(for: 10_000)
    #expect(sends() == 0)
    #expect(try bert.texts(titled: "Anna") == ["eins"])
  }
}
