// kill -9 in the middle of everything: what was acknowledged arrives, once.
import Foundation
import Glibc
import Synchronization
import Testing

@Suite(.serialized, .oneAtATime) struct KillTests {
  /// What the clients were told.
  private struct Said {
    /// The server has it.
    var sent: [String] = []
    /// The client keeps it and will send it.
    var kept: [String] = []
    /// The command has failed.
    var failed: [String] = []
    /// Nothing more is to be written.
    var isOver = false
  }

  private final class Record: Sendable {
    let said = Mutex(Said())
    var isOver: Bool { said.withLock { $0.isOver } }
    var sent: Int { said.withLock { $0.sent.count } }
  }

  /// Three people keep writing while the server is killed five times.
  @Test func theServerIsKilledUnderLoad() async throws {
    let house = try ProcessHouse()
    let people = ["anna", "bert", "carl"]
    try await house.people("anna", "bert", "carl")
    try await house.chat("anna", "group", "create", "Team", "bert", "carl")
    for person in ["bert", "carl"] { #expect(try await soon { try await house.run(person, ["list"]).output.contains { $0.contains("Team") } }) }
    let record = Record()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for person in people {
        group.addTask {
          for number in 1... {
            let text = "\(person) \(number)"
            let finished = try await house.run(person, ["send", "Team", text, "--json"])
            record.said.withLock {
              if finished.status != 0 {
                $0.failed.append(text)
              } else if finished.output.contains(where: { $0.contains("\"sent\":true") }) {
                $0.sent.append(text)
              } else {
                $0.kept.append(text)
              }
            }
            if record.isOver { return }
          }
        }
      }
      group.addTask {
        defer { record.said.withLock { $0.isOver = true } }
        for _ in 1...5 {
          let before = record.sent
          try #require(try await soon(within: 15) { record.sent >= before + 5 }, "nothing is sent any more")
          try await house.killServer()
          try await house.start()
        }
      }
      try await group.waitForAll()
    }
    let all = record.said.withLock { $0 }
    #expect(all.sent.count >= 25)
    #expect(all.failed.isEmpty, "\(all.failed)")
    try await everythingIsThereOnce(house, people, "Team", all.sent + all.kept, perhaps: all.failed)
  }

  /// Each device shows each text once, each person's in the order in which they were written.
  private func everythingIsThereOnce(_ house: ProcessHouse, _ devices: [String], _ chat: String, _ texts: [String], perhaps: [String]) async throws {
    for device in devices { try await house.chat(device, "list") }
    for device in devices {
      var shown: [String] = []
      let isThere = try await soon {
        shown = try await house.texts(device, chat)
        return Set(shown).isSuperset(of: texts)
      }
      #expect(isThere, "\(device) misses \(Set(texts).subtracting(shown).sorted())")
      #expect(Set(shown).count == shown.count, "\(device) shows twice: \(Dictionary(grouping: shown) { $0 }.filter { $0.value.count > 1 }.keys.sorted())")
      #expect(Set(shown).subtracting(texts).isSubset(of: perhaps))
      for writer in devices {
        let numbers = shown.filter { $0.hasPrefix(writer + " ") }.compactMap { Int($0.dropFirst(writer.count + 1)) }
        #expect(numbers == numbers.sorted(), "\(device) shows \(writer)'s in the order \(numbers)")
      }
    }
  }

  /// A client gets more lines than it can send, and is killed again and again: what it has shown as stored arrives once.
  @Test func aClientIsKilledWhileItSends() async throws {
    let house = try ProcessHouse()
    try await house.people("anna", "bert")
    try await house.chat("anna", "send", "bert", "anna 0")
    var stored: [String] = []
    var given: [String] = ["anna 0"]
    for round in 1...5 {
      let client = try house.begin("anna", ["follow", "bert", "--write", "--json"])
      try #require(try await soon { client.output.contains("following") })
      for line in 1...60 {
        given.append("anna \(round * 100 + line)")
        client.write(given[given.count - 1])
      }
      func shown() -> [String] {
        client.output.split(separator: "\n").compactMap { line in
          let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
          return object?["own"] as? Bool == true ? object?["text"] as? String : nil
        }
      }
      try #require(try await soon { shown().count >= round * 7 }, "\(client.output)")
      try await client.killed()
      stored += shown()
    }
    #expect(Set(stored).count >= 35)
    try await everythingIsThereOnce(house, ["anna", "bert"], "bert", "anna", Set(stored).sorted(), perhaps: given)
  }

  private func everythingIsThereOnce(
    _ house: ProcessHouse, _ devices: [String], _ ofFirst: String, _ ofSecond: String, _ texts: [String], perhaps: [String]
  ) async throws {
    try await house.chat(devices[0], "list")
    var sent: [String] = []
    var received: [String] = []
    let isSame = try await soon {
      sent = try await house.texts(devices[0], ofFirst)
      received = try await house.texts(devices[1], ofSecond)
      return sent == received && Set(sent).isSuperset(of: texts)
    }
    #expect(isSame, "sent \(sent)\nreceived \(received)\nstored \(texts)")
    #expect(Set(received).count == received.count)
    #expect(Set(received).isSubset(of: perhaps))
    let numbers = received.compactMap { Int($0.dropFirst(5)) }
    #expect(numbers == numbers.sorted())
  }
}
