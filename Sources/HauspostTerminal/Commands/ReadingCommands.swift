// What there is to read: the list of chats, a chat, and everything as it comes.
import ArgumentParser
import Content
import Foundation
import Identity
import Messenger
import MessengerRuntime
import TLSCodec

struct ListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "list", abstract: "Show the chats, newest first.")
  @OptionGroup var shared: SharedOptions
  @Flag(help: "Only what is stored here; do not ask the server.")
  var offline = false

  func run() async throws {
    try await Session.run(shared, need: offline ? .none : .helpful) { session in
      let chats = await session.host.view.chats
      if chats.isEmpty { session.output.note("no chats yet: hauspost chat send PERSON TEXT") }
      for chat in chats { session.output.chat(chat) }
    }
  }
}

struct ReadCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "read", abstract: "Show a chat's messages and mark them as read.", discussion: "CHAT is a title, #number, or a person.")
  @OptionGroup var shared: SharedOptions
  @Argument(help: "Which chat.")
  var chat: String
  @Option(name: .shortAndLong, help: "How many messages.")
  var limit = 30
  @Flag(help: "Show the messages' ids, for replies.")
  var ids = false
  @Flag(help: "Do not mark as read.")
  var peek = false
  @Flag(help: "Only what is stored here; do not ask the server.")
  var offline = false

  func run() async throws {
    try await Session.run(shared, need: offline ? .none : .helpful) { session in
      let chat = try await session.chat(chat)
      guard case .lines(let lines) = try await session.host.perform(.messages(chat: chat.number, before: nil, limit: limit)) else { return }
      for line in lines.reversed() { session.output.line(line, ids: ids) }
      if !peek { _ = try await session.host.perform(.markRead(chat: chat.number)) }
    }
  }
}

struct FollowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "follow", abstract: "Show everything as it comes, until interrupted.",
    discussion: "What is typed on standard input while following one chat is sent to it, line by line.")
  @OptionGroup var shared: SharedOptions
  @Argument(help: "Only this chat.")
  var chat: String?
  @Flag(help: "Send lines of standard input to the chat.")
  var write = false
  @Flag(help: "Mark what is shown as read.")
  var markRead = false
  @Option(help: ArgumentHelp("Stop after this many seconds.", valueName: "seconds"))
  var seconds: Int?

  func run() async throws {
    try await Session.run(shared, need: .helpful) { session in
      let only: ChatView?
      if let chat { only = try await session.chat(chat, makingDirect: write) } else { only = nil }
      if write, only == nil { throw TerminalError("chat", "To write, name a chat.", hint: "hauspost chat follow CHAT --write") }
      let events = await session.host.events()
      session.output.note("following; Ctrl-C ends")
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await show(events, session, only: only) }
        if write, let only { group.addTask { await send(to: only, session) } }
        if let seconds {
          group.addTask { try? await Task.sleep(for: .seconds(seconds)) }
          await group.next()
          group.cancelAll()
        }
        await group.waitForAll()
      }
    }
  }

  private func show(_ events: AsyncStream<Event>, _ session: Session, only: ChatView?) async {
    var shown: Set<[UInt8]> = []
    for await event in events {
      switch event {
      case .line(let line):
        if let only, line.chat != only.number { continue }
        // Own lines come again with each tick; for people one showing is enough, scripts see all.
        if !session.output.json, !shown.insert(line.id.bytes).inserted { continue }
        let title = await session.host.view.chats.first { $0.number == line.chat }?.title
        session.output.line(line, ids: session.output.json, chat: only == nil ? title : nil)
        if markRead, !line.isOwn { _ = try? await session.host.perform(.markRead(chat: line.chat)) }
      case .typing(let chat, let account):
        if let only, chat != only.number { continue }
        let name = await session.name(account)
        session.output.result("\(name) is typing …", [("event", .string("typing")), ("chat", .number(UInt64(chat))), ("name", .string(name))])
      case .connection(let state):
        session.output.result(
          state == .offline ? "(offline)" : state == .online ? "(online)" : "", [("event", .string("connection")), ("state", .string("\(state)"))])
      case .policyChanged: session.output.result("(the house's policy has changed)", [("event", .string("policy"))])
      case .deviceLinked: session.output.result("(a new device was linked)", [("event", .string("deviceLinked"))])
      case .alarm(let alarm): session.output.alarm(alarm)
      default: break
      }
    }
  }

  private func send(to chat: ChatView, _ session: Session) async {
    let lines = AsyncStream<String> { continuation in
      // Reading blocks; a thread of its own may wait.
      Thread.detachNewThread {
        while let line = readLine() { continuation.yield(line) }
        continuation.finish()
      }
    }
    for await line in lines where !line.isEmpty {
      do { _ = try await session.host.perform(.send(chat: chat.number, text: line, inReplyTo: nil)) } catch {
        session.output.failure(TerminalError(error))
      }
    }
  }
}

struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "status", abstract: "Show who and where you are.")
  @OptionGroup var shared: SharedOptions

  func run() async throws {
    try await Session.run(shared, need: .helpful) { session in
      let view = await session.host.view
      session.output.result(
        """
        \(view.name) <\(view.address)>, \(view.houseName)\(view.isAdministrator ? ", administrator" : "")
        \(view.connection), \(view.chats.count) chats, \(view.devices.count) devices, \(view.waiting) waiting to be sent
        """,
        [
          ("name", .string(view.name)), ("address", .string(view.address)), ("house", .string(view.houseName)),
          ("administrator", .bool(view.isAdministrator)), ("connection", .string("\(view.connection)")), ("waiting", .number(UInt64(view.waiting))),
          ("chats", .number(UInt64(view.chats.count))), ("devices", .number(UInt64(view.devices.count))),
          ("alarm", view.alarm.map { .string("\($0)") } ?? .null),
        ])
    }
  }
}
