// A full disk and a broken one: the error says which, nothing is half written, and the store goes on when the disk does.
import Foundation
import MessengerStore
import Testing

@Suite struct FaultyDiskTests {
  /// - Returns: the answers, and how many transactions are there afterwards.
  private func run(_ kind: ProbedStore, _ script: String, from fault: String? = nil) throws -> (lines: [String], count: Int) {
    let folder = try TestFolder()
    let elsewhere = try TestFolder()
    let path = folder.file("records.sqlite")
    if let fault { try Data(fault.utf8).write(to: URL(fileURLWithPath: elsewhere.file("switch"))) }
    let environment = [
      "LD_PRELOAD": try Probe.library("disk"), "FAULT_FOLDER": folder.path, "FAULT_SWITCH": elsewhere.file("switch"),
    ]
    let outcome = try Probe.run(kind, path: path, environment: environment, script: script)
    #expect(outcome.status == 0)
    return (outcome.lines, try kind.transactions(at: path))
  }

  /// What the store says of a full disk, and the beginning of what it says of a broken one.
  private func full(_ kind: ProbedStore) -> String { kind == .client ? "\(StoreError.full)" : "unavailable" }
  private func broken(_ kind: ProbedStore) -> String { kind == .client ? "the disk failed" : "unavailable" }

  private func acks(_ numbers: ClosedRange<Int>) -> [String] { numbers.map { "ack \($0)" } }

  /// The control of all below: without a fault nothing fails.
  @Test(arguments: ProbedStore.allCases)
  func aGoodDisk(kind: ProbedStore) throws {
    let (lines, count) = try run(kind, "write 1 5\nfault none\nwrite 6 8\ntruncate\nwrite 9 9\nclose\nopen\nwrite 10 10")
    #expect(lines == ["opened"] + acks(1...8) + ["truncated", "ack 9", "closed", "opened", "ack 10"])
    #expect(count == 10)
  }

  @Test(arguments: ProbedStore.allCases, ["full", "half"])
  func aFullDisk(kind: ProbedStore, fault: String) throws {
    let (lines, count) = try run(kind, "write 1 5\nfault \(fault)\nwrite 6 6\nwrite 6 6\nfault none\nwrite 6 8")
    #expect(lines == ["opened"] + acks(1...5) + ["fail 6 " + full(kind), "fail 6 " + full(kind)] + acks(6...8))
    #expect(count == 8)
  }

  /// The disk stays full: what was acknowledged before is there.
  @Test(arguments: ProbedStore.allCases, ["full", "half"])
  func aDiskThatStaysFull(kind: ProbedStore, fault: String) throws {
    let (lines, count) = try run(kind, "write 1 5\nfault \(fault)\nwrite 6 6")
    #expect(lines.last == "fail 6 " + full(kind))
    #expect(count == 5)
  }

  @Test(arguments: ProbedStore.allCases)
  func aDiskThatCannotSynchronise(kind: ProbedStore) throws {
    let (lines, count) = try run(kind, "write 1 5\nfault sync\nwrite 6 6\nwrite 6 6\nfault none\nwrite 6 8")
    #expect(lines.filter { $0.hasPrefix("fail 6 " + broken(kind)) }.count == 2, "\(lines)")
    #expect(lines.filter { !$0.hasPrefix("fail") } == ["opened"] + acks(1...8))
    #expect(count == 8)
  }

  /// After that error the transaction is not there for the process; the next one may find it, whole (`transactions(at:)` checks that it is).
  @Test(arguments: ProbedStore.allCases)
  func aDiskThatStaysBroken(kind: ProbedStore) throws {
    let (lines, count) = try run(kind, "write 1 5\nfault sync\nwrite 6 6")
    #expect(lines.last?.hasPrefix("fail 6 " + broken(kind)) == true)
    #expect((5...6).contains(count))
  }

  @Test(arguments: ProbedStore.allCases, ["full", "sync"])
  func emptyingTheLogFails(kind: ProbedStore, fault: String) throws {
    let (lines, count) = try run(kind, "write 1 5\nfault \(fault)\ntruncate\nfault none\nwrite 6 6\ntruncate\nwrite 7 7")
    #expect(lines.count == 10 && lines[6].hasPrefix("fail truncate"), "\(lines)")
    #expect(lines.suffix(3) == ["ack 6", "truncated", "ack 7"])
    #expect(count == 7)
  }

  /// A store that could not be made is made when there is room.
  @Test(arguments: ProbedStore.allCases, ["full", "half", "sync"])
  func makingAStoreFails(kind: ProbedStore, fault: String) throws {
    let (lines, count) = try run(kind, "fault none\nopen\nwrite 1 2", from: fault)
    #expect(lines.first?.hasPrefix("fail open") == true, "\(lines)")
    #expect(lines.dropFirst() == ["opened", "ack 1", "ack 2"])
    #expect(count == 2)
  }
}
