// What a house costs: the server's start and memory, a message from one client to another, a client with a long history. `make bench` prints it.
import CryptoInterface
import Foundation
import Identity
import Messenger
import MessengerRuntime
import MessengerStore
import SwiftCryptoProvider
import Synchronization

/// The real server, as a process of its own on loopback.
final class ServerProcess: Sendable {
  let process: Process
  let origin: String
  let setUp: LinkSecret
  let startMilliseconds: Double

  init(_ binary: URL, data: URL) throws {
    process = Process()
    process.executableURL = binary
    process.arguments = ["serve", "--data", data.path, "--listen", "127.0.0.1:0", "--log-format", "text"]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    let begun = ContinuousClock.now
    try process.run()
    var text = ""
    while !text.contains("#s=") || !text.hasSuffix("\n") {
      let data = output.fileHandleForReading.availableData
      if data.isEmpty { throw BenchError("the server has not started") }
      text += String(decoding: data, as: UTF8.self)
    }
    startMilliseconds = Double((ContinuousClock.now - begun).components.attoseconds) / 1e15 + Double((ContinuousClock.now - begun).components.seconds) * 1e3
    guard let word = text.split(whereSeparator: { $0.isWhitespace }).first(where: { $0.contains("#s=") }), let link = try? Link.parse(String(word)) else {
      throw BenchError("no set-up link")
    }
    origin = link.origin
    setUp = link.secret
  }

  /// Resident memory in MiB.
  var memory: Double {
    let status = (try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
    return (Double(line.split(separator: " ").dropFirst().first ?? "0") ?? 0) / 1_024
  }

  func stop() {
    process.terminate()
    process.waitUntilExit()
  }
}

struct BenchError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

func milliseconds(_ duration: Duration) -> Double { Double(duration.components.seconds) * 1e3 + Double(duration.components.attoseconds) / 1e15 }

func show(_ name: String, _ value: Double, _ unit: String, target: Double) {
  let words = String(format: "%-58@ %10.2f %@   target %g", name as NSString, value, unit as NSString, target)
  print(words + (value <= target ? "" : "   MISSED"))
}

let folder = FileManager.default.temporaryDirectory.appending(path: "bench-house-\(UUID().uuidString)", directoryHint: .isDirectory)
try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
defer { try? FileManager.default.removeItem(at: folder) }
let binary = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "hauspost")

func client(_ name: String, key: Secret) throws -> EngineHost {
  try EngineHost(store: try MessengerStore(path: folder.appending(path: name + ".sqlite").path), storeKey: key)
}

let server = try ServerProcess(binary, data: folder.appending(path: "data"))
defer { server.stop() }
show("server: process start until it listens", server.startMilliseconds, "ms", target: 300)
try await Task.sleep(for: .seconds(2))
show("server: resident when idle", server.memory, "MiB", target: 40)

let endpoint = try ConnectionEndpoint(origin: server.origin)
let storeKey = Secret([UInt8](repeating: 1, count: 32))
let anna = try client("anna", key: storeKey)
let bert = try client("bert", key: storeKey)
var connections = [Task { try await anna.run(endpoint) }]
_ = await anna.wait(upTo: 10_000) { $0.connection == .online }
_ = try await anna.perform(.setUp(server.setUp, houseName: "Haus", name: "Anna", localPart: "anna", deviceName: "bench"))
_ = await anna.wait(upTo: 10_000) { $0.isEnrolled && $0.isCaughtUp && $0.waiting == 0 }
guard
  case .invitations(let made) = try await anna.perform(
    .invite([InvitationWish(name: "Bert", notAfter: UInt64(Date().timeIntervalSince1970) + 3_600)])), let secret = made[0].secret
else { throw BenchError("no invitation") }
connections.append(Task { try await bert.run(endpoint) })
_ = await bert.wait(upTo: 10_000) { $0.connection == .online }
_ = try await bert.perform(.enrol(secret, name: nil, localPart: nil, deviceName: "bench"))
_ = await bert.wait(upTo: 10_000) { $0.isEnrolled && $0.isCaughtUp && $0.waiting == 0 }
guard let account = await bert.view.account, case .chat(let chat) = try await anna.perform(.openDirect(account)) else { throw BenchError("no chat") }
_ = try await anna.perform(.send(chat: chat, text: "first", inReplyTo: nil))
guard await bert.wait(upTo: 10_000, until: { $0.chats.contains { $0.lastText == "first" } }) else { throw BenchError("nothing arrives") }

// Client to client: from the command to the other's line on the screen, stored on three disks on the way.
@Sendable func measure(_ count: Int, from sender: EngineHost, to receiver: EngineHost, chat: UInt32) async throws -> [Double] {
  var latencies: [Double] = []
  var arrivals = await receiver.events().makeAsyncIterator()
  for i in 0..<count {
    let begun = ContinuousClock.now
    _ = try await sender.perform(.send(chat: chat, text: "message \(i)", inReplyTo: nil))
    while let event = await arrivals.next() {
      if case .line(let line) = event, line.text == "message \(i)" { break }
    }
    latencies.append(milliseconds(ContinuousClock.now - begun))
  }
  return latencies.sorted()
}
let latencies = try await measure(300, from: anna, to: bert, chat: chat)
show("client to client, X-Wing, p50", latencies[150], "ms", target: 10)
show("client to client, X-Wing, p99", latencies[297], "ms", target: 50)
let begun = ContinuousClock.now
for i in 0..<500 { _ = try await anna.perform(.send(chat: chat, text: "burst \(i)", inReplyTo: nil)) }
_ = await anna.wait(upTo: 60_000) { $0.waiting == 0 }
print(String(format: "%-58@ %10.0f messages/s", "one client sends, each stored and accepted" as NSString, 500_000 / milliseconds(ContinuousClock.now - begun)))

for connection in connections { connection.cancel() }
for connection in connections { _ = try? await connection.value }

// A client with a long history.
let path = folder.appending(path: "long.sqlite").path
for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) where file.hasPrefix("anna.sqlite") && !file.hasSuffix(".lock") {
  try FileManager.default.copyItem(atPath: folder.appending(path: file).path, toPath: folder.appending(path: file.replacing("anna", with: "long")).path)
}
do {
  let store = try MessengerStore(path: path)
  var messenger = Messenger(storeKey: storeKey, crypto: SwiftCryptoProvider())
  var records: [StoredRecord] = []
  if case .ranges(let prefixes) = Messenger<SwiftCryptoProvider>.startRequest {
    for prefix in prefixes {
      records += try store.scan(prefix: prefix, from: nil, limit: .max, newestFirst: false).map { StoredRecord(key: $0.key, value: $0.value) }
    }
  }
  let now = UInt64(Date().timeIntervalSince1970 * 1_000)
  try messenger.start(records, at: now)
  for part in 0..<100 {
    let texts = (0..<1_000).map { "Visite um \($0 % 24) Uhr, Zimmer \(part), bitte die Kurve mitbringen" }
    for case .write(let changes) in messenger.seed(chat: chat, texts: texts, at: now - UInt64(100 - part) * 1_000_000) {
      try store.write(changes.map { (key: $0.key, value: $0.value) })
    }
  }
}
var starts: [Double] = []
var opens: [Double] = []
for _ in 0..<5 {
  let begun = ContinuousClock.now
  let host = try EngineHost(store: try MessengerStore(path: path), storeKey: storeKey)
  let count = await host.view.chats.count
  starts.append(milliseconds(ContinuousClock.now - begun))
  let opening = ContinuousClock.now
  guard count > 0, case .lines(let lines) = try await host.perform(.messages(chat: chat, before: nil, limit: 50)), lines.count == 50 else {
    throw BenchError("the long chat is not there")
  }
  opens.append(milliseconds(ContinuousClock.now - opening))
}
starts.sort()
opens.sort()
show("client with 100,000 messages: start", starts[2], "ms", target: 500)
show("client with 100,000 messages: open the chat", opens[2], "ms", target: 50)
