// The power goes before any effect, the answer of any request is lost, the server starts again between any two frames: in the end all is there, once.
import DeliveryConformance
import Identity
import MLS
import Messenger
import TLSCodec
import Testing
import Wire

/// Anna does what people do; something happens on the way. The house is put back to the same state each time, so each place of the script is met.
private final class Script {
  let house: SimulatedHouse
  let people: [SimulatedClient]
  var anna: SimulatedClient { people[0] }
  let group: UInt32
  private let beginning: HouseSnapshot

  init() throws {
    house = try SimulatedHouse()
    people = try house.people(["Anna", "Bert", "Carla", "Dora"])
    group = try people[0].createGroup("Alt", [people[1], people[2]])
    _ = try people[0].openDirect(people[1])
    house.run(for: 10_000)
    beginning = house.snapshot()
  }

  func beginAgain() throws { try house.restore(beginning) }

  static let steps = 6

  /// Gives Anna a command; whether it was taken in is seen in her records only.
  func act(_ step: Int) throws {
    let token = UInt32(1_000 + step)
    switch step {
    case 0: anna.give(.command(token: token, .send(chat: group, text: "eins", inReplyTo: nil)))
    case 1: anna.give(.command(token: token, .createGroup(title: "Neu", color: 1, members: [people[1].account, people[3].account])))
    case 2: anna.give(.command(token: token, .add(chat: group, [people[3].account])))
    case 3: anna.give(.command(token: token, .rename(chat: group, title: "Umbenannt")))
    case 4: anna.give(.command(token: token, .remove(chat: group, [people[2].account])))
    default: anna.give(.command(token: token, .send(chat: group, text: "zwei", inReplyTo: nil)))
    }
  }

  /// A person whose client fell over without having taken a command in says it again.
  func repeatWhatWasLost(_ step: Int) throws {
    guard anna.outcomes[UInt32(1_000 + step)] == nil else { return }
    let isThere: Bool =
      switch step {
      case 0: try anna.texts(group).contains("eins")
      case 1: anna.view.chats.contains { $0.title == "Neu" }
      case 5: try anna.texts(group).contains("zwei")
      // Doing these twice does no harm.
      default: false
      }
    if !isThere { try act(step) }
  }

  func expectAllIsWell(_ what: String) throws {
    house.run(for: 120_000)
    #expect(house.disagreements().isEmpty, "\(what): \(house.disagreements())")
    #expect(try anna.texts(group) == ["eins", "zwei"], "\(what)")
    #expect(try people[1].texts(titled: "Umbenannt") == ["eins", "zwei"], "\(what)")
    #expect(try people[2].texts(people[2].view.chats.first { $0.kind == .group }?.number ?? 0) == ["eins"], "\(what)")
    #expect(try people[3].texts(titled: "Umbenannt") == ["zwei"], "\(what)")
    #expect(anna.view.chats.filter { $0.title == "Neu" }.count == 1, "\(what)")
    #expect(try people[3].chat(titled: "Neu").members.count == 3, "\(what)")
    #expect(try people[1].chat(titled: "Umbenannt").members == [people[0], people[1], people[3]].map { $0.account }.sorted(), "\(what)")
    for person in people {
      #expect(person.alarms.isEmpty, "\(what): \(person.name)")
      #expect(!person.troubles.contains { if case .internalError = $0 { true } else { false } }, "\(what): \(person.name) \(person.troubles)")
    }
  }
}

@Suite struct CrashTests {
  @Test func undisturbed() throws {
    let script = try Script()
    for step in 0..<Script.steps {
      try script.act(step)
      script.house.run()
    }
    try script.expectAllIsWell("undisturbed")
  }

  @Test(arguments: 0..<Script.steps) func aCrashBeforeEachEffect(of crashing: Int) throws {
    let script = try Script()
    var effects = 0
    var hasCrashed = true
    while hasCrashed, effects < 200 {
      try script.beginAgain()
      for step in 0..<Script.steps {
        if step == crashing { script.anna.effectsUntilCrash = effects }
        try script.act(step)
        script.house.run(for: 5_000)
        if step == crashing {
          hasCrashed = script.anna.hasCrashed
          try script.anna.restart()
          script.anna.connect()
          script.house.run(for: 5_000)
          try script.repeatWhatWasLost(step)
          script.house.run()
        }
      }
      try script.expectAllIsWell("step \(crashing), \(effects) effects")
      effects += 1
    }
    #expect(!hasCrashed && effects > 3, "each effect was met")
  }

  /// Every answer and every push is lost once, with the connection.
  @Test func theConnectionBreaksBeforeEachFrame() throws {
    let script = try Script()
    var place = 0
    var hasBroken = true
    while hasBroken, place < 400 {
      hasBroken = false
      try script.beginAgain()
      var count = 0
      var breaks = false
      let target = place
      script.anna.tamper = { frame in
        count += 1
        if count == target + 1 { breaks = true }
        return count == target + 1 ? nil : frame
      }
      for step in 0..<Script.steps {
        try script.act(step)
        for _ in 0..<3 {
          script.house.run(for: 500)
          if breaks {
            breaks = false
            hasBroken = true
            script.anna.disconnect()
            script.anna.connect()
          }
        }
        script.house.run(for: 2_000)
      }
      try script.expectAllIsWell("frame \(place)")
      place += 3
    }
    #expect(!hasBroken && place > 30)
  }

  /// The same where the client crashes just then, too.
  @Test func theServerStartsAgainBetweenAnyTwoFrames() throws {
    let script = try Script()
    var place = 0
    var hasBroken = true
    while hasBroken, place < 400 {
      hasBroken = false
      try script.beginAgain()
      var count = 0
      var breaks = false
      let target = place
      script.anna.filter = { _ in
        count += 1
        if count == target + 1 { breaks = true }
        return count != target + 1
      }
      for step in 0..<Script.steps {
        try script.act(step)
        for _ in 0..<3 {
          script.house.run(for: 500)
          if breaks {
            breaks = false
            hasBroken = true
            for person in script.people { person.disconnect() }
            script.house.house.restart()
            for person in script.people { person.connect() }
          }
        }
        script.house.run(for: 2_000)
      }
      try script.expectAllIsWell("request \(place)")
      place += 2
    }
    #expect(!hasBroken && place > 20)
  }

  @Test func deliveriesThatComeTwiceAreShownOnce() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert"])
    let (anna, bert) = (people[0], people[1])
    let chat = try anna.openDirect(bert)
    var seen: [[UInt8]] = []
    bert.tamper = { frame in
      if case .push(.delivery)? = (try? ServerFrame(decoding: frame))?.content { seen.append(frame) }
      return frame
    }
    try anna.send("einmal", to: chat)
    try anna.send("nur", to: chat)
    #expect(seen.count >= 2)
    for frame in seen + seen.reversed() { bert.give(.frame(frame)) }
    house.run()
    #expect(try bert.texts(titled: "Anna") == ["einmal", "nur"])
    // The same ciphertext in another row of the mailbox.
    guard case .push(.delivery(var copy))? = (try? ServerFrame(decoding: seen[0]))?.content, case .push(.delivery(let last))? = (try? ServerFrame(decoding: seen[seen.count - 1]))?.content
    else { throw TestFailure("no delivery") }
    copy.number = last.number + 1
    bert.tamper = { $0 }
    bert.give(.frame(ServerFrame(.push(.delivery(copy))).encoded()))
    #expect(try bert.texts(titled: "Anna") == ["einmal", "nur"])
  }
}
