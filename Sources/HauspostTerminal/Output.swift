// What is printed: lines for people, or JSON for scripts. Notes and errors go to standard error, so that standard output holds only what was asked for.
import ArgumentParser
import Content
import Foundation
import Glibc
import Identity
import Messenger
import MessengerRuntime
import TLSCodec

enum ExitStatus { static let failure = ExitCode(1) }

/// A value of the JSON output.
indirect enum JSON: Encodable {
  case string(String)
  case number(UInt64)
  case bool(Bool)
  case null
  case list([JSON])
  case object([(String, JSON)])

  func encode(to encoder: any Encoder) throws {
    switch self {
    case .string(let value):
      var container = encoder.singleValueContainer()
      try container.encode(value)
    case .number(let value):
      var container = encoder.singleValueContainer()
      try container.encode(value)
    case .bool(let value):
      var container = encoder.singleValueContainer()
      try container.encode(value)
    case .null:
      var container = encoder.singleValueContainer()
      try container.encodeNil()
    case .list(let values):
      var container = encoder.unkeyedContainer()
      for value in values { try container.encode(value) }
    case .object(let fields):
      var container = encoder.container(keyedBy: Key.self)
      for (name, value) in fields { try container.encode(value, forKey: Key(stringValue: name)) }
    }
  }
  struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
  var text: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }
}

struct Output: Sendable {
  let json: Bool

  /// A reader that has gone away ends the program quietly, as with every other tool in a pipe.
  private static func write(_ text: String, to file: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { unistd(file, $0) }
      if count < 0 {
        if errno == EINTR { continue }
        exit(errno == EPIPE ? 0 : 1)
      }
      bytes = bytes.dropFirst(count)
    }
  }
  private static func unistd(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int { Glibc.write(file, bytes.baseAddress, bytes.count) }

  /// What somebody else has written, for a terminal: no control sequences, no direction overrides, and further lines indented, so that no text looks like
  /// another person's message or moves the cursor.
  static func plain(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x0A: result.append(contentsOf: "\n    | ".unicodeScalars)
      case 0x09: result.append(" ")
      case 0x00...0x1F, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069, 0x200E, 0x200F, 0xFEFF: result.append("\u{FFFD}")
      default: result.append(scalar)
      }
    }
    return String(result)
  }

  /// One result: in words, or as an object.
  func result(_ words: @autoclosure () -> String, _ object: @autoclosure () -> [(String, JSON)]) {
    let line = json ? JSON.object(object()).text : words()
    if !line.isEmpty || json { Self.write(line + "\n", to: STDOUT_FILENO) }
  }

  func note(_ text: String) {
    Self.write((json ? JSON.object([("note", .string(text))]).text : text) + "\n", to: STDERR_FILENO)
  }

  func failure(_ error: TerminalError) {
    let line: String
    if json {
      line = JSON.object([("error", .string(error.code)), ("message", .string(error.message)), ("hint", error.hint.map { .string($0) } ?? .null)]).text
    } else {
      line = "error: " + error.description
    }
    Self.write(line + "\n", to: STDERR_FILENO)
  }

  func alarm(_ alarm: Alarm) { note("WARNING: " + Self.words(alarm)) }

  static func words(_ alarm: Alarm) -> String {
    switch alarm {
    case .feedForked: "the server shows different people different lists of devices; nothing is sent until this is settled"
    case .chainForked: "the server shows a list of devices that contradicts an earlier one; nothing is sent until this is settled"
    case .houseChanged: "another house answers at this address; nothing is sent to it"
    case .strangerInGroup: "a group holds a device that nobody vouches for; nothing is sent there"
    case .staleStore: "this store is older than what the server has seen of this device"
    case .revoked: "this device was revoked"
    }
  }

  // MARK: Lines and chats

  static func time(_ milliseconds: UInt64) -> String {
    Date(timeIntervalSince1970: Double(milliseconds) / 1_000).formatted(
      Date.ISO8601FormatStyle(timeZone: .current).year().month().day().dateSeparator(.dash).time(includingFractionalSeconds: false).timeSeparator(.colon).dateTimeSeparator(.space))
  }

  func line(_ line: LineView, ids: Bool = false, chat: String? = nil) {
    let place = chat.map { "[\(Self.plain($0))] " } ?? ""
    let name = Self.plain(line.senderName)
    let when = line.time.map { Self.time($0) } ?? "…"
    let id = ids ? " {\(hex(line.id.bytes))}" : ""
    let words: String
    switch line.kind {
    case .message:
      let ticks = line.isOwn ? " " + Self.ticks(line) : ""
      let reply = line.inReplyTo.map { _ in "↳ " } ?? ""
      words = "\(place)\(when)  \(name): \(reply)\(Self.plain(line.text))\(ticks)\(id)"
    case .joined: words = "\(place)\(when)  — \(name) joined"
    case .left: words = "\(place)\(when)  — \(name) left"
    case .removed: words = "\(place)\(when)  — \(line.isOwn ? "you were" : name + " was") removed"
    case .renamed: words = "\(place)\(when)  — the group is now called \(Self.plain(line.text))"
    case .roles: words = "\(place)\(when)  — \(name) is an administrator"
    case .reset: words = "\(place)\(when)  — the house has given \(name) new devices"
    case .gap: words = "\(place)\(when)  — messages are missing here"
    case .rebuilt: words = "\(place)\(when)  — the group was renewed"
    }
    result(words, Self.object(line) + (chat.map { [("title", .string($0))] } ?? []))
  }

  /// Sent, delivered, read.
  static func ticks(_ line: LineView) -> String {
    switch line.state {
    case .pending: "…"
    case .failed: "✗ not sent"
    default: !line.readBy.isEmpty ? "✓✓ read" : !line.deliveredTo.isEmpty ? "✓✓" : "✓"
    }
  }

  static func object(_ line: LineView) -> [(String, JSON)] {
    [
      ("event", .string("line")), ("chat", .number(UInt64(line.chat))), ("kind", .string("\(line.kind)")), ("id", .string(hex(line.id.bytes))),
      ("sender", .string(hex(line.sender.bytes))), ("name", .string(line.senderName)), ("own", .bool(line.isOwn)),
      ("time", line.time.map { .number($0) } ?? .null), ("text", .string(line.text)), ("state", .string("\(line.state)")),
      ("inReplyTo", line.inReplyTo.map { .string(hex($0.bytes)) } ?? .null),
      ("deliveredTo", .number(UInt64(line.deliveredTo.count))), ("readBy", .number(UInt64(line.readBy.count))),
    ]
  }

  func chat(_ chat: ChatView) {
    let unread = chat.unread > 0 ? " (\(chat.unread) new)" : ""
    let kind = chat.kind == .group ? "  [\(chat.members.count)]" : ""
    let last = chat.lastText.isEmpty ? "" : "  \(Self.plain(chat.lastSenderName)): \(Self.plain(String(chat.lastText.prefix(60)).replacing("\n", with: " ")))"
    let state = chat.isFrozen ? "  waits to be renewed" : chat.isOpen ? "" : "  (ended)"
    result(
      "#\(chat.number)  \(Self.plain(chat.title))\(kind)\(unread)\(state)\(last)",
      [
        ("chat", .number(UInt64(chat.number))), ("kind", .string("\(chat.kind)")), ("title", .string(chat.title)), ("unread", .number(UInt64(chat.unread))),
        ("color", .number(UInt64(chat.color))), ("members", .number(UInt64(chat.members.count))), ("open", .bool(chat.isOpen)),
        ("frozen", .bool(chat.isFrozen)), ("lastTime", .number(chat.lastTime)), ("lastText", .string(chat.lastText)),
      ])
  }
}

func hex(_ bytes: [UInt8]) -> String {
  let digits = Array("0123456789abcdef".utf8)
  return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}

func bytes(hex text: String) -> [UInt8]? {
  guard text.utf8.count.isMultiple(of: 2) else { return nil }
  var result: [UInt8] = []
  var rest = text[...]
  while !rest.isEmpty {
    guard let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
    result.append(byte)
    rest = rest.dropFirst(2)
  }
  return result
}
