// Runs store-probe, alone or under a library that stands for its disk.
import Delivery
import DeliverySQLite
import Foundation
import MessengerStore
import Testing

enum Probe {
  /// The libraries of Tests/Faults, built once for this run.
  private static let faults: Result<TestFolder, any Error> = Result {
    let folder = try TestFolder()
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Faults/build")
    let process = Process()
    process.executableURL = script
    process.arguments = [folder.path]
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "Tests/Faults/build failed: a C compiler is needed")
    return folder
  }

  static func library(_ name: String) throws -> String { try faults.get().file(name + ".so") }

  /// Beside the test's own executable: `swift test` builds both.
  private static let executable = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    .appending(path: "store-probe")

  struct Outcome {
    var lines: [String]
    var status: Int32
    /// Numbers that were acknowledged.
    var acknowledged: [Int] { lines.compactMap { $0.hasPrefix("ack ") ? Int($0.dropFirst(4)) : nil } }
  }

  /// - Parameter environment: in addition to this process's own.
  static func run(
    _ kind: ProbedStore = .client, path: String, synchronous: String = "full", environment: [String: String] = [:], script: String
  ) throws -> Outcome {
    try #require(FileManager.default.isExecutableFile(atPath: executable.path), "\(executable.path) was not built")
    let folder = try TestFolder()
    try Data((script + "\n").utf8).write(to: URL(fileURLWithPath: folder.file("script")))
    let process = Process()
    process.executableURL = executable
    process.arguments = [kind.rawValue, path, synchronous]
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: folder.file("script")))
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return Outcome(lines: text.split(separator: "\n").map(String.init), status: process.terminationStatus)
  }
}

/// The stores that store-probe writes to.
enum ProbedStore: String, CaseIterable {
  case client, server

  /// How many transactions the store at `path` has. Checks that they are 1 to n without gaps, and each whole; then that the store can go on.
  func transactions(at path: String) throws -> Int {
    switch self {
    case .client: try Self.clientTransactions(path)
    case .server: try Self.serverTransactions(path)
    }
  }

  struct Broken: Error {}

  // What the probe writes.
  private static func value(of number: Int) -> [UInt8] { (0..<300 + number * 37 % 1_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ number) } }
  private static func twoBytes(_ number: Int) -> [UInt8] { [UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number)] }

  private static func clientTransactions(_ path: String) throws -> Int {
    let store = try MessengerStore(path: path)
    let records = try store.scan(prefix: [1], from: nil, limit: .max, newestFirst: false)
    for (i, record) in records.enumerated() {
      guard record.key == [1] + twoBytes(i + 1), record.value == value(of: i + 1) else { throw Broken() }
    }
    guard try store.get([[0]]) == [records.isEmpty ? nil : twoBytes(records.count)] else { throw Broken() }
    try store.write([([2], [2])])
    return records.count
  }

  private static func serverTransactions(_ path: String) throws -> Int {
    let store = try SQLiteDeliveryStore(path: path)
    let mailbox = [UInt8](repeating: 2, count: 16)
    let count = try store.read { transaction in
      guard let record = try transaction.mailbox(mailbox) else { return 0 }
      let rows = try transaction.rows(of: mailbox, from: 1, limit: 10_000)
      for (i, row) in rows.enumerated() {
        let body = try transaction.body(twoBytes(i + 1))
        guard row.number == UInt64(i + 1), row.sealed == twoBytes(i + 1), body?.sealed == value(of: i + 1) else { throw Broken() }
      }
      guard record.next == UInt64(rows.count + 1), record.nextKey == twoBytes(rows.count + 1) else { throw Broken() }
      return rows.count
    }
    try store.write { transaction in try transaction.setPolicy([2]) }
    try store.close()
    return count
  }
}

/// What a power cut leaves, see Tests/Faults/power.c.
struct PowerDisk {
  private let disk: TestFolder
  private let folder: TestFolder

  init() throws {
    disk = try TestFolder()
    folder = try TestFolder()
  }

  private static let name = "records.sqlite"
  /// Where the process works.
  var path: String { folder.file(Self.name) }

  func environment(cut: Int? = nil, torn: Bool = false) throws -> [String: String] {
    var environment = ["LD_PRELOAD": try Probe.library("power"), "POWER_DISK": disk.path, "POWER_FOLDER": folder.path]
    if let cut { environment["POWER_CUT"] = "\(cut)" }
    if torn { environment["POWER_TORN"] = "1" }
    return environment
  }

  /// A folder as it is found when the power is back.
  /// - Returns: the path of the store in it; the folder lives as long as `keeping` does.
  func afterwards() throws -> (path: String, keeping: TestFolder) {
    let found = try TestFolder()
    let names = (try? String(contentsOfFile: disk.file("names"), encoding: .utf8)) ?? ""
    for line in names.split(separator: "\n") {
      let words = line.split(separator: " ", maxSplits: 1).map(String.init)
      let content = disk.file("content/" + words[0])
      let bytes = FileManager.default.fileExists(atPath: content) ? try contents(content) : []
      try Data(bytes).write(to: URL(fileURLWithPath: found.file(words[1])))
    }
    return (found.file(Self.name), found)
  }
}
