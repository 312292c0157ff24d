// What was acknowledged survives a power cut, at whatever moment it comes.
import Foundation
import MessengerStore
import Testing

@Suite struct PowerCutTests {
  private func survivors(_ kind: ProbedStore, _ synchronous: String, script: String) throws -> (acknowledged: Int, survived: Int) {
    let disk = try PowerDisk()
    let outcome = try Probe.run(kind, path: disk.path, synchronous: synchronous, environment: try disk.environment(), script: script)
    #expect(outcome.status == 0, "\(outcome.lines.suffix(3))")
    let (path, keeping) = try disk.afterwards()
    defer { withExtendedLifetime(keeping) {} }
    return (outcome.acknowledged.count, try kind.transactions(at: path))
  }

  @Test(arguments: ProbedStore.allCases)
  func whatWasAcknowledgedIsThere(kind: ProbedStore) throws {
    let (acknowledged, survived) = try survivors(kind, "full", script: "write 1 300")
    #expect(acknowledged == 300)
    #expect(survived == 300)
  }

  /// The control: with `synchronous = NORMAL` the same check finds records missing.
  @Test func withoutFullSynchronisationRecordsAreLost() throws {
    let (acknowledged, survived) = try survivors(.client, "normal", script: "write 1 300")
    #expect(acknowledged == 300)
    #expect(survived < 300)
  }

  /// Cuts at every synchronisation from the first byte of a new store on: clean, and with half of what was on its way.
  @Test(arguments: ProbedStore.allCases, [false, true])
  func cutsAtEverySynchronisation(kind: ProbedStore, torn: Bool) throws {
    // Making the store, commits, emptying the log, commits into the emptied log, closing and opening.
    let script = "write 1 5\ntruncate\nwrite 6 9\ntruncate\nwrite 10 11\nclose\nopen\nwrite 12 13\nclose"
    var cut = 1
    var counts: [Int] = []
    while true {
      let disk = try PowerDisk()
      let outcome = try Probe.run(kind, path: disk.path, environment: try disk.environment(cut: cut, torn: torn), script: script)
      let (path, keeping) = try disk.afterwards()
      let acknowledged = outcome.acknowledged.count
      let survived = try kind.transactions(at: path)
      withExtendedLifetime(keeping) {}
      // What was on its way may have arrived; nothing else may.
      #expect((acknowledged...acknowledged + 1).contains(survived), "cut \(cut): \(acknowledged) acknowledged, \(survived) there")
      counts.append(acknowledged)
      if outcome.status == 0 { break }
      #expect(outcome.status == 99, "cut \(cut): \(outcome.lines)")
      guard outcome.status == 99, cut < 200 else { break }
      cut += 1
    }
    // The cuts came everywhere: before the first record and after each.
    #expect(Set(counts) == Set(0...13))
    #expect(cut > 20)
  }

  /// The key's file: made or not, with the old passphrase or the new one, and once that was acknowledged the new one alone.
  @Test(arguments: [false, true])
  func cutsWhileThePassphraseChanges(torn: Bool) throws {
    let script = "key one\npassphrase one two\npassphrase two three"
    var cut = 1
    var seen: Set<Int> = []
    while true {
      let disk = try PowerDisk()
      let outcome = try Probe.run(path: disk.path, environment: try disk.environment(cut: cut, torn: torn), script: script)
      let (path, keeping) = try disk.afterwards()
      let file = StoreKeyFile(path: path + ".key")
      let answers = ["made", "changed two", "changed three"]
      let passphrases = ["one", "two", "three"]
      let done = outcome.lines.filter { answers.contains($0) }
      #expect(done == Array(answers.prefix(done.count)), "\(outcome.lines)")
      let opening = passphrases.filter { (try? file.open(passphrase: $0)) != nil }
      if done.isEmpty, opening.isEmpty {
        // Nothing was promised yet, and a key can be made: there is none, not a broken one.
        #expect(throws: StoreError.noKey) { try file.open(passphrase: "one") }
      } else {
        #expect(opening.count == 1 && passphrases.dropFirst(max(0, done.count - 1)).prefix(2).contains(opening[0]), "cut \(cut): \(done), \(opening)")
      }
      withExtendedLifetime(keeping) {}
      seen.insert(done.count)
      if outcome.status == 0 { break }
      #expect(outcome.status == 99, "cut \(cut): \(outcome.lines)")
      guard outcome.status == 99, cut < 100 else { break }
      cut += 1
    }
    #expect(seen == [0, 1, 2, 3])
  }

  /// A process that ends, however, leaves a store that the next one opens.
  @Test func aProcessThatIsGoneHoldsNoLock() throws {
    let folder = try TestFolder()
    let path = folder.file("records.sqlite")
    #expect(try Probe.run(path: path, script: "write 1 3").acknowledged == [1, 2, 3])
    #expect(try ProbedStore.client.transactions(at: path) == 3)
    // And while this process has it open, that one is told whose it is.
    let store = try MessengerStore(path: path)
    let outcome = try Probe.run(path: path, script: "")
    #expect(outcome.lines == ["fail open \(StoreError.inUse(process: ProcessInfo.processInfo.processIdentifier))"])
    withExtendedLifetime(store) {}
  }
}
