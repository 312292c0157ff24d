// What people do all day, on the real engine and the real delivery core.
import Content
import Delivery
import Identity
import Messenger
import Testing

@Suite struct ConversationTests {
  @Test func twoPeopleWriteToEachOther() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert"])
    let (anna, bert) = (people[0], people[1])
    let chat = try anna.openDirect(bert)
    let first = try anna.send("Guten Morgen", to: chat)
    let there = try bert.chat(titled: "Anna")
    #expect(try bert.texts(there.number) == ["Guten Morgen"])
    #expect(there.unread == 1)
    let answer = try bert.send("Moin", to: there.number, inReplyTo: first)
    #expect(try anna.texts(chat) == ["Guten Morgen", "Moin"])
    let lines = try anna.lines(chat)
    #expect(lines.last?.inReplyTo == first && lines.last?.id == answer)
    #expect(lines.first?.deliveredTo == [bert.account])
    #expect(lines.first?.readBy == [], "read reports are off by default")
    #expect(anna.view.waiting == 0 && bert.view.waiting == 0)
    #expect(anna.alarms.isEmpty && bert.alarms.isEmpty)
  }

  @Test func aGroupIsNamedAndTalksTogether() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert", "Carla"])
    let chat = try people[0].createGroup("Station 3", [people[1], people[2]])
    for person in people { try person.send("Hier ist \(person.name)", to: try person.chat(titled: "Station 3").number) }
    for person in people {
      #expect(try person.texts(try person.chat(titled: "Station 3").number) == ["Hier ist Anna", "Hier ist Bert", "Hier ist Carla"])
    }
    try people[0].perform(.rename(chat: chat, title: "Station 3B"))
    for person in people { #expect(try person.chat(titled: "Station 3B").members.count == 3) }
    #expect(try people[1].chat(titled: "Station 3B").color == 3)
  }
}
