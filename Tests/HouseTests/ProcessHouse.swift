// A house of real processes: the server, and the people with their devices, each in a folder of its own, each command a process.
import Foundation
import GRDB
import Glibc
import Synchronization
import Testing

final class ProcessHouse: Sendable {
  /// What a command has said and how it ended.
  struct Finished {
    var status: Int32
    var output: [String]
    var errors: [String]
    var all: [String] { output + errors }
  }

  private struct Running {
    var server: ChildProcess?
    var port = 0
    var count = 0
  }

  let folder: String
  private let running = Mutex(Running())
  private let program: String

  init() throws {
    program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "hauspost").path
    try #require(access(program, X_OK) == 0, "\(program) is missing; build it first: swift build -c release --product hauspost")
    folder = FileManager.default.temporaryDirectory.appending(path: "house-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }
  deinit {
    running.withLock { $0.server = nil }
    try? FileManager.default.removeItem(atPath: folder)
  }

  func path(_ name: String) -> String { folder + "/" + name }
  var address: String { "http://127.0.0.1:\(running.withLock { $0.port })" }
  var database: String { path("server/house.sqlite") }

  private func spawn(_ name: String, _ arguments: [String], _ environment: [String: String], isMerged: Bool = false) throws -> ChildProcess {
    let number = running.withLock { state in
      state.count += 1
      return state.count
    }
    let own = ["PATH": "/usr/bin:/bin", "HOME": folder, "TMPDIR": folder, "LANG": "C.UTF-8"].merging(environment) { _, new in new }
    return try ChildProcess(program, arguments, environment: own, folder: folder, output: path("\(number)-\(name)"), isMerged: isMerged)
  }

  // MARK: The server

  /// Starts the server: the first time on a port that the kernel chooses, later on the same one, as a server does.
  /// - Parameters:
  ///   - data: the folder of its data.
  ///   - environment: in addition, for what is preloaded.
  /// - Returns: the link with which the house is set up, where it is not.
  @discardableResult func start(data: String = "server", environment: [String: String] = [:]) async throws -> String? {
    let isNew = !FileManager.default.fileExists(atPath: path(data))
    for attempt in 1... {
      let port = running.withLock { $0.port }
      let server = try spawn("server", ["serve", "--data", path(data), "--listen", "127.0.0.1:\(port)"], environment)
      let listens = try await soon(within: 20) { server.errors.contains("listening port=") || server.status != nil }
      if listens, let found = server.errors.firstMatch(of: /listening port=(\d+)/), let number = Int(found.1) {
        running.withLock { $0.server = server; $0.port = number }
        // A house that is not set up prints its link soon after.
        if isNew { try #require(try await soon { server.output.contains(/http:\S+\s/) }, "no link is printed: \(server.output)") }
        return server.output.firstMatch(of: /http:\S+/).map { String($0.0) }
      }
      // Something else may have been given the port meanwhile.
      try #require(attempt < 3, "the server does not start: \(server.errors)")
    }
    return nil
  }

  var server: ChildProcess? { running.withLock { $0.server } }

  func stop() async throws {
    server?.signal(SIGTERM)
    let status = try await server?.end()
    #expect(status == 0, "the server ended with \(status ?? -1): \(server?.errors ?? "")")
  }

  /// As `kill -9` does.
  func killServer() async throws { try await server?.killed() }

  // MARK: People

  /// Starts `hauspost chat` on one device; all that it says goes to its standard output.
  func begin(_ device: String, _ arguments: [String], environment: [String: String] = [:], isMerged: Bool = true) throws -> ChildProcess {
    try spawn(device, ["chat"] + arguments, ["XDG_DATA_HOME": path(device)].merging(environment) { _, new in new }, isMerged: isMerged)
  }

  func run(_ device: String, _ arguments: [String], environment: [String: String] = [:]) async throws -> Finished {
    let process = try begin(device, arguments, environment: environment, isMerged: false)
    process.endInput()
    let status = try await process.end()
    func lines(_ text: String) -> [String] {
      var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      if lines.last == "" { lines.removeLast() }
      return lines
    }
    return Finished(status: status, output: lines(process.output), errors: lines(process.errors))
  }

  /// Runs a command that must succeed. - Returns: its standard output.
  @discardableResult func chat(_ device: String, _ arguments: String...) async throws -> [String] {
    let finished = try await run(device, arguments)
    try #require(finished.status == 0, "\(device): \(arguments.joined(separator: " ")): \(finished.all.joined(separator: "\n"))")
    return finished.output
  }

  /// The same with JSON.
  func objects(_ device: String, _ arguments: String...) async throws -> [[String: Any]] {
    let finished = try await run(device, arguments + ["--json"])
    try #require(finished.status == 0, "\(device): \(arguments.joined(separator: " ")): \(finished.all.joined(separator: "\n"))")
    return try finished.output.map { try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]) }
  }

  /// Sets a house up with an administrator and more people, whose addresses are given.
  func people(_ administrator: String, _ others: String...) async throws { try await people(administrator, others) }
  func people(_ administrator: String, _ others: [String]) async throws {
    let link = try #require(try await start())
    try await chat(administrator, "join", link, "--name", administrator.capitalized, "--address", administrator, "--house-name", "Haus Linde")
    if others.isEmpty { return }
    try Data(("name,function\n" + others.map { $0.capitalized + ",Ward" }.joined(separator: "\n")).utf8).write(to: URL(filePath: path("people.csv")))
    let invitations = try await objects(administrator, "invite", "--csv", "people.csv")
    for (other, invitation) in zip(others, invitations) { try await chat(other, "join", invitation["link"] as? String ?? "", "--address", other) }
  }

  /// Texts of a chat as a device shows them, oldest first, without what it has to report.
  func texts(_ device: String, _ chat: String, offline: Bool = false) async throws -> [String] {
    let arguments = ["read", chat, "--limit", "5000", "--peek", "--json"] + (offline ? ["--offline"] : [])
    let finished = try await run(device, arguments)
    guard finished.status == 0 else { return [] }
    return try finished.output.compactMap { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      return object?["kind"] as? String == "message" ? object?["text"] as? String : nil
    }
  }

  /// Asks the server's database. - Returns: a text for each row, columns parted by blanks, bytes in hexadecimal.
  func rows(_ sql: String) throws -> [String] {
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(5)
    let queue = try DatabaseQueue(path: database, configuration: configuration)
    return try queue.read { db in
      try Row.fetchAll(db, sql: sql).map { row in
        row.map { _, value in
          switch value.storage {
          case .blob(let data): data.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
          case .int64(let number): "\(number)"
          case .string(let text): text
          default: "-"
          }
        }.joined(separator: " ")
      }
    }
  }
}
