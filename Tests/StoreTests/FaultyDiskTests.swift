// A full disk and a broken one: the error says which, nothing is half written, and the store goes on when the disk does.
import Foundation
import MessengerStore
import Testing

@Suite struct FaultyDiskTests {
  /// - Returns: the answers, and how many records are there afterwards.
  private func run(_ script: String) throws -> (lines: [String], records: Int) {
    let folder = try TestFolder()
    let elsewhere = try TestFolder()
    let path = folder.file("records.sqlite")
    let environment = [
      "LD_PRELOAD": try Probe.library("disk"), "FAULT_FOLDER": folder.path, "FAULT_SWITCH": elsewhere.file("switch"),
    ]
    let outcome = try Probe.run(path: path, environment: environment, script: script)
    #expect(outcome.status == 0)
    return (outcome.lines, try Probe.records(at: path))
  }

  private func acks(_ numbers: ClosedRange<Int>) -> [String] { numbers.map { "ack \($0)" } }

  /// The control of all below: without a fault nothing fails.
  @Test func aGoodDisk() throws {
    let (lines, records) = try run("write 1 5\nfault none\nwrite 6 8\ntruncate\nwrite 9 9\nclose\nopen\nwrite 10 10")
    #expect(lines == ["opened"] + acks(1...8) + ["truncated", "ack 9", "closed", "opened", "ack 10"])
    #expect(records == 10)
  }

  @Test(arguments: ["full", "half"])
  func aFullDisk(fault: String) throws {
    let (lines, records) = try run("write 1 5\nfault \(fault)\nwrite 6 6\nwrite 6 6\nfault none\nwrite 6 8")
    #expect(lines == ["opened"] + acks(1...5) + ["fail 6 \(StoreError.full)", "fail 6 \(StoreError.full)"] + acks(6...8))
    #expect(records == 8)
  }

  /// The disk stays full: what was acknowledged before is there.
  @Test(arguments: ["full", "half"])
  func aDiskThatStaysFull(fault: String) throws {
    let (lines, records) = try run("write 1 5\nfault \(fault)\nwrite 6 6")
    #expect(lines.last == "fail 6 \(StoreError.full)")
    #expect(records == 5)
  }

  @Test func aDiskThatCannotSynchronise() throws {
    let (lines, records) = try run("write 1 5\nfault sync\nwrite 6 6\nwrite 6 6\nfault none\nwrite 6 8")
    let failures = lines.filter { $0.hasPrefix("fail 6 the disk failed") }
    #expect(failures.count == 2, "\(lines)")
    #expect(lines.filter { !$0.hasPrefix("fail") } == ["opened"] + acks(1...8))
    #expect(records == 8)
  }

  /// After that error the batch is not there for the process; the next one may find it, whole (`Probe.records` checks that it is).
  @Test func aDiskThatStaysBroken() throws {
    let (lines, records) = try run("write 1 5\nfault sync\nwrite 6 6")
    #expect(lines.last?.hasPrefix("fail 6 the disk failed") == true)
    #expect((5...6).contains(records))
  }

  @Test(arguments: ["full", "sync"])
  func emptyingTheLogFails(fault: String) throws {
    let (lines, records) = try run("write 1 5\nfault \(fault)\ntruncate\nfault none\nwrite 6 6\ntruncate\nwrite 7 7")
    #expect(lines.count == 10 && lines[6].hasPrefix("fail truncate"), "\(lines)")
    #expect(Array(lines[7...]) == ["ack 6", "truncated", "ack 7"])
    #expect(records == 7)
  }

  /// A store that could not be made is made when there is room.
  @Test(arguments: ["full", "half", "sync"])
  func makingAStoreFails(fault: String) throws {
    let folder = try TestFolder()
    let elsewhere = try TestFolder()
    let path = folder.file("records.sqlite")
    try Data(fault.utf8).write(to: URL(fileURLWithPath: elsewhere.file("switch")))
    let environment = [
      "LD_PRELOAD": try Probe.library("disk"), "FAULT_FOLDER": folder.path, "FAULT_SWITCH": elsewhere.file("switch"),
    ]
    let outcome = try Probe.run(path: path, environment: environment, script: "fault none\nopen\nwrite 1 2")
    #expect(outcome.lines.count == 4 && outcome.lines[0].hasPrefix("fail open"), "\(outcome.lines)")
    #expect(Array(outcome.lines.dropFirst()) == ["opened", "ack 1", "ack 2"])
    #expect(try Probe.records(at: path) == 2)
  }
}
