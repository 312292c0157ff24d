// People do all sorts of things at once, while connections break, clients crash and the server starts again. A seed names a walk; a failing one is printed
// with it and repeats: HAUSPOST_WALK=seed.
import Content
import DeliveryConformance
import Foundation
import Identity
import Messenger
import Testing

/// SplitMix64: the same numbers for the same seed, everywhere.
struct Dice {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
  mutating func roll(_ sides: Int) -> Int { sides <= 0 ? 0 : Int(next() % UInt64(sides)) }
  mutating func pick<T>(_ list: [T]) -> T? { list.isEmpty ? nil : list[roll(list.count)] }
}

/// One walk.
final class Walk {
  let seed: UInt64
  var dice: Dice
  let house: SimulatedHouse
  var people: [SimulatedClient]
  var script: [String] = []
  var sends = 0
  var token: UInt32 = 100_000
  /// Devices that went through every change of the room since it was made: those must have everything.
  private(set) var problems: [String] = []

  init(seed: UInt64) throws {
    self.seed = seed
    dice = Dice(state: seed)
    house = try SimulatedHouse()
    people = try house.people(["Anna", "Bert", "Carla", "Dora"])
  }

  private func give(_ client: SimulatedClient, _ command: Command, _ what: String) {
    script.append("\(client.name): \(what)")
    token += 1
    client.give(.command(token: token, command))
  }

  func step() throws {
    guard let client = dice.pick(house.clients) else { return }
    let open = client.view.chats.filter { $0.isOpen }
    switch dice.roll(100) {
    case 0..<62:
      guard let chat = dice.pick(open) else { return }
      for _ in 0...dice.roll(3) {
        sends += 1
        // Its number tells the sender's order.
        give(client, .send(chat: chat.number, text: "\(client.name) \(sends)", inReplyTo: nil), "sends \(sends) to \(chat.title)")
      }
    case 62..<65:
      guard open.count < 6, let other = dice.pick(people.filter { $0.account != client.account }) else { return }
      give(client, .createGroup(title: "Gruppe \(dice.roll(1_000))", color: 0, members: [other.account]), "creates a group with \(other.name)")
    case 65..<67:
      guard let other = dice.pick(people.filter { $0.account != client.account }) else { return }
      give(client, .openDirect(other.account), "opens a chat with \(other.name)")
    case 67..<72:
      guard let chat = dice.pick(open.filter { $0.kind == .group }), let other = dice.pick(people) else { return }
      give(client, .add(chat: chat.number, [other.account]), "adds \(other.name) to \(chat.title)")
    case 72..<75:
      guard let chat = dice.pick(open.filter { $0.kind == .group }), let other = dice.pick(chat.members.filter { $0 != client.account }) else { return }
      give(client, .remove(chat: chat.number, [other]), "removes somebody from \(chat.title)")
    case 75..<79:
      guard let chat = dice.pick(open.filter { $0.kind == .group }) else { return }
      give(client, .rename(chat: chat.number, title: "Gruppe \(dice.roll(1_000))"), "renames \(chat.title)")
    case 79..<81:
      guard let chat = dice.pick(open.filter { $0.kind == .group }), let other = dice.pick(chat.members) else { return }
      give(client, .setRole(chat: chat.number, other, isAdministrator: dice.roll(4) != 0), "gives a role in \(chat.title)")
    case 81:
      guard let chat = dice.pick(open.filter { $0.kind == .group }) else { return }
      give(client, .leave(chat: chat.number), "leaves \(chat.title)")
    case 82..<85:
      guard let chat = dice.pick(open) else { return }
      give(client, .markRead(chat: chat.number), "reads \(chat.title)")
    case 85..<91:
      script.append("\(client.name) disconnects")
      client.disconnect()
    case 91..<95:
      script.append("\(client.name) crashes")
      client.effectsUntilCrash = dice.roll(6)
      if let chat = open.first { give(client, .markRead(chat: chat.number), "reads \(chat.title)") }
      house.run(for: UInt64(dice.roll(300)))
      try client.restart()
    case 95:
      script.append("the server starts again")
      for client in house.clients { client.disconnect() }
      house.house.restart()
    default:
      for client in house.clients where !client.isConnected && dice.roll(2) == 0 { client.connect() }
    }
    house.run(for: UInt64(dice.roll(200)))
  }

  func rest() {
    for client in house.clients { client.connect() }
    house.run(for: 300_000)
  }

  /// What must hold when all is quiet.
  func check() throws -> [String] {
    var problems = house.disagreements()
    for client in house.clients {
      if !client.alarms.isEmpty { problems.append("\(client.name) alarms \(client.alarms)") }
      let odd = client.troubles.filter { if case .internalError = $0 { true } else { false } }
      if !odd.isEmpty { problems.append("\(client.name) troubles \(odd)") }
    }
    // Of each room the lines of all, by conversation.
    for client in house.clients {
      for chat in client.view.chats {
        let lines = try client.lines(chat.number).filter { $0.kind == .message }
        if Set(lines.map { $0.id.bytes }).count != lines.count || Set(lines.map { $0.text }).count != lines.count {
          problems.append("\(client.name) sees something twice in \(chat.title)")
        }
        var last: [String: Int] = [:]
        for line in lines where line.state != .failed {
          let parts = line.text.split(separator: " ")
          guard parts.count >= 2, let number = parts.last.flatMap({ Int($0) }) else { continue }
          let sender = String(parts[0])
          if number < last[sender] ?? 0 { problems.append("\(client.name) sees \(line.text) after \(last[sender] ?? 0)") }
          last[sender] = number
          if line.state == .pending { problems.append("\(client.name): \(line.text) is still pending") }
        }
      }
    }
    problems += try lost()
    return problems
  }

  /// Whoever is in a room now has, from the first message after coming in on, all that others in it have.
  private func lost() throws -> [String] {
    var problems: [String] = []
    for a in house.clients {
      for chat in a.view.chats where chat.isOpen {
        let room = try a.room(chat.number)
        let mine = try a.lines(chat.number)
        let entered = mine.last { $0.kind == .joined && $0.sender == a.account }?.time ?? 0
        let gone = mine.last { $0.kind == .gap }?.time ?? 0
        let seen = Set(mine.map { $0.id.bytes })
        for b in house.clients where b !== a {
          guard let there = b.rooms.first(where: { $0.roomURI == room.roomURI && $0.isActive }) else { continue }
          for line in try b.lines(there.conversation) where line.kind == .message && (line.state == .accepted || line.state == .received) {
            guard let time = line.time, time > max(entered, gone), !seen.contains(line.id.bytes) else { continue }
            problems.append("\(a.name) lacks \(line.text) of \(chat.title), which \(b.name) has")
          }
        }
      }
    }
    return problems
  }
}

@Suite(.serialized) struct RandomWalkTests {
  static let seeds: [UInt64] = ProcessInfo.processInfo.environment["HAUSPOST_WALK"].flatMap { UInt64($0) }.map { [$0] } ?? [1, 2, 3, 4, 5, 6]

  @Test(arguments: seeds) func walk(_ seed: UInt64) throws {
    let walk = try Walk(seed: seed)
    for (i, client) in walk.people.enumerated() where i < 2 { _ = try client.link("\(client.name)s zweites") }
    for round in 0..<6 {
      for _ in 0..<50 { try walk.step() }
      walk.rest()
      let problems = try walk.check()
      #expect(problems.isEmpty, "seed \(seed), round \(round), \(walk.sends) sends: \(problems.prefix(6))")
      if !problems.isEmpty {
        print("walk \(seed), round \(round):\n" + walk.script.suffix(80).joined(separator: "\n"))
        return
      }
    }
    #expect(walk.sends > 100)
  }
}
