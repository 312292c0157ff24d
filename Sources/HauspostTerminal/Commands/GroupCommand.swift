// `hauspost chat group`: making groups and changing them.
import ArgumentParser
import Content
import Foundation
import Identity
import Messenger
import MessengerRuntime
import TLSCodec

struct GroupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "group", abstract: "Make and change groups.",
    subcommands: [Create.self, Add.self, Remove.self, Rename.self, Color.self, Role.self, Leave.self, Members.self])

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Make a group.")
    @OptionGroup var shared: SharedOptions
    @Argument(help: "What it is called.")
    var title: String
    @Argument(help: "Who is in it, besides you.")
    var people: [String] = []
    @Option(help: "A number for its colour, 0 to 15.")
    var color: UInt8 = 0
    func run() async throws {
      try await Session.run(shared) { session in
        var accounts: [AccountID] = []
        for person in people { accounts.append(try await session.person(person)) }
        guard case .chat(let number) = try await session.host.perform(.createGroup(title: title, color: color, members: accounts)) else { return }
        session.output.result("group #\(number)", [("chat", .number(UInt64(number)))])
      }
    }
  }

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Let people in.")
    @OptionGroup var shared: SharedOptions
    @Argument var group: String
    @Argument var people: [String]
    func run() async throws {
      try await Session.run(shared) { session in
        var accounts: [AccountID] = []
        for person in people { accounts.append(try await session.person(person)) }
        try await session.change(.add(chat: try await session.chat(group).number, accounts))
      }
    }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Remove people: they read nothing that is written from then on.")
    @OptionGroup var shared: SharedOptions
    @Argument var group: String
    @Argument var people: [String]
    func run() async throws {
      try await Session.run(shared) { session in
        var accounts: [AccountID] = []
        for person in people { accounts.append(try await session.person(person)) }
        try await session.change(.remove(chat: try await session.chat(group).number, accounts))
      }
    }
  }

  struct Rename: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Give a group another name.")
    @OptionGroup var shared: SharedOptions
    @Argument var group: String
    @Argument var title: String
    func run() async throws {
      try await Session.run(shared) { session in
        try await session.change(.rename(chat: try await session.chat(group).number, title: title))
      }
    }
  }

  struct Color: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Give a group another colour, 0 to 15.")
    @OptionGroup var shared: SharedOptions
    @Argument var group: String
    @Argument var color: UInt8
    func run() async throws {
      try await Session.run(shared) { session in
        try await session.change(.setColor(chat: try await session.chat(group).number, color: color))
      }
    }
  }

  struct Role: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Make a member an administrator of the group, or not any more.")
    @OptionGroup var shared: SharedOptions
    @Argument var group: String
    @Argument var person: String
    @Argument(help: "administrator or member")
    var role: String
    func validate() throws {
      guard ["administrator", "member"].contains(role) else { throw ValidationError("The role is administrator or member.") }
    }
    func run() async throws {
      try await Session.run(shared) { session in
        try await session.change(
          .setRole(chat: try await session.chat(group).number, try await session.person(person), isAdministrator: role == "administrator"))
      }
    }
  }

  struct Leave: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Leave a group.")
    @OptionGroup var shared: SharedOptions
    @Argument var group: String
    func run() async throws {
      try await Session.run(shared) { session in
        try await session.change(.leave(chat: try await session.chat(group).number))
      }
    }
  }

  struct Members: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show who is in a group.")
    @OptionGroup var shared: SharedOptions
    @Argument var group: String
    func run() async throws {
      try await Session.run(shared, need: .helpful) { session in
        let chat = try await session.chat(group)
        let view = await session.host.view
        for account in chat.members {
          guard let person = view.people.first(where: { $0.account == account }) else { continue }
          let isAdministrator = chat.administrators.contains(account)
          session.output.result(
            "\(person.localPart)  \(person.name)\(isAdministrator ? "  administrator" : "")\(person.isVerified ? "  verified" : "")",
            [
              ("address", .string(person.localPart)), ("name", .string(person.name)), ("administrator", .bool(isAdministrator)),
              ("verified", .bool(person.isVerified)),
            ])
        }
      }
    }
  }
}

extension Session {
  /// Carries a change out and waits until it is in force.
  func change(_ command: Command) async throws {
    _ = try await host.perform(command)
    let isDone = await host.wait(upTo: Int64(options.wait) * 1_000) { $0.waiting == 0 || $0.alarm != nil }
    if isDone { output.result("done", [("done", .bool(true))]) } else { output.note("stored here; it is done when the server can be reached") }
  }
}
