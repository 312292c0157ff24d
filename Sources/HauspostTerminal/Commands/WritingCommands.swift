// What there is to write: messages, and that one is writing.
import ArgumentParser
import Content
import Foundation
import Identity
import Messenger
import MessengerRuntime
import TLSCodec

struct SendCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "send", abstract: "Send a message.",
    discussion: "TO is a person (anna, anna@house.example), a group's title, or #number. With - as text, standard input is sent.")
  @OptionGroup var shared: SharedOptions
  @Argument(help: "To whom.")
  var to: String
  @Argument(help: "The text.")
  var text: String
  @Option(help: ArgumentHelp("The id of the message that this one answers (read --ids).", valueName: "id"))
  var reply: String?

  func run() async throws {
    try await Session.run(shared, need: .helpful) { session in
      var text = text
      if text == "-" {
        guard let input = try FileHandle.standardInput.readToEnd(), let read = String(data: input, encoding: .utf8) else {
          throw TerminalError("text", "Standard input is empty or not UTF-8.")
        }
        text = read.hasSuffix("\n") ? String(read.dropLast()) : read
      }
      var quoted: MessageID?
      if let reply {
        guard let bytes = bytes(hex: reply), let id = MessageID(bytes) else { throw TerminalError("id", "\(reply) is not a message's id.", hint: "hauspost chat read CHAT --ids") }
        quoted = id
      }
      let chat = try await session.chat(to, makingDirect: true)
      guard case .message(let id) = try await session.host.perform(.send(chat: chat.number, text: text, inReplyTo: quoted)) else { return }
      // Said to be sent when the server has it on disk.
      let isSent = await session.host.wait(upTo: Int64(shared.wait) * 1_000) { $0.waiting == 0 || $0.alarm != nil || $0.connection == .offline }
      let waiting = await session.host.view.waiting
      let waits = !isSent || waiting > 0
      session.output.result(
        waits ? "stored here; it goes out when the server can be reached" : "sent",
        [("id", .string(hex(id.bytes))), ("chat", .number(UInt64(chat.number))), ("sent", .bool(!waits))])
    }
  }
}

struct TypingCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "typing", abstract: "Let a chat know that you are typing.", shouldDisplay: false)
  @OptionGroup var shared: SharedOptions
  @Argument(help: "Which chat.")
  var chat: String

  func run() async throws {
    try await Session.run(shared) { session in
      _ = try await session.host.perform(.typing(chat: try await session.chat(chat).number))
      // Nothing answers an ephemeral.
      try await Task.sleep(for: .milliseconds(100))
    }
  }
}
