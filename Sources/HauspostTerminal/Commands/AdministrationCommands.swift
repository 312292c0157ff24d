// For the house's administrator: inviting people, and the policy.
import ArgumentParser
import Content
import Foundation
import Identity
import Messenger
import MessengerRuntime
import TLSCodec

struct InviteCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "invite", abstract: "Invite people, one by name or many from a CSV file.",
    discussion: "A CSV file has the columns name and function. With --letters a page is written with one letter for each, to print and hand over.")
  @OptionGroup var shared: SharedOptions
  @Argument(help: "The person's name.")
  var name: String?
  @Option(help: ArgumentHelp("What the person does, such as Ward 3.", valueName: "text"))
  var function = ""
  @Option(help: ArgumentHelp("person, function, bot", valueName: "kind"))
  var kind = "person"
  @Option(help: ArgumentHelp("CSV file with name and function.", valueName: "file"))
  var csv: String?
  @Option(help: ArgumentHelp("HTML file for the printable letters.", valueName: "file"))
  var letters: String?
  @Option(help: ArgumentHelp("Days that the invitation is good for.", valueName: "days"))
  var days: UInt64 = 14
  @Flag(help: "Show the invitations that can still be used.")
  var list = false
  @Option(help: ArgumentHelp("Withdraw the invitation of this key (--list).", valueName: "key"))
  var withdraw: String?

  func run() async throws {
    try await Session.run(shared) { session in
      if let withdraw {
        guard let key = bytes(hex: withdraw) else { throw TerminalError("key", "\(withdraw) is not the key of an invitation.", hint: "hauspost chat invite --list") }
        _ = try await session.host.perform(.withdrawInvitation(key: key))
        session.output.result("withdrawn", [("withdrawn", .string(withdraw))])
        return
      }
      if list { return try await showAll(session) }
      try await invite(session)
    }
  }

  private func showAll(_ session: Session) async throws {
    guard case .invitations(let invitations) = try await session.host.perform(.listInvitations) else { return }
    for invitation in invitations {
      session.output.result(
        "\(hex(invitation.key))  \(invitation.name)  until \(Output.time(invitation.notAfter * 1_000))",
        [
          ("key", .string(hex(invitation.key))), ("name", .string(invitation.name)), ("function", .string(invitation.function)),
          ("notAfter", .number(invitation.notAfter)),
        ])
    }
  }

  private func invite(_ session: Session) async throws {
    let kinds: [String: AccountKind] = ["person": .person, "function": .function, "bot": .bot]
    guard let kind = kinds[kind] else { throw TerminalError("kind", "The kind is person, function or bot.") }
    let notAfter = UInt64(Date().timeIntervalSince1970) + min(days, 365) * 86_400
    var wishes: [InvitationWish] = []
    if let csv {
      guard let text = try? String(contentsOfFile: csv, encoding: .utf8) else { throw TerminalError("csv", "\(csv) cannot be read as UTF-8.") }
      for row in try InvitationTable.rows(text) {
        wishes.append(InvitationWish(name: row.name, function: row.function, kind: kind, notAfter: notAfter))
      }
    } else if let name {
      wishes.append(InvitationWish(name: name, function: function, kind: kind, notAfter: notAfter))
    } else {
      throw TerminalError("name", "Who is invited?", hint: "hauspost chat invite \"Bert Berg\", or --csv FILE")
    }
    guard let origin = session.profile.origin() else { throw TerminalError(MessengerError.notEnrolled) }
    var made: [(InvitationView, Link)] = []
    var rest = wishes[...]
    while !rest.isEmpty {
      let part = rest.prefix(500)
      rest = rest.dropFirst(500)
      guard case .invitations(let invitations) = try await session.host.perform(.invite(Array(part))) else { return }
      for invitation in invitations {
        guard let secret = invitation.secret else { continue }
        made.append((invitation, try Link(.invitation, origin: origin, secret: secret)))
      }
    }
    if let letters {
      try Data(LetterPage.html(made, house: await session.host.view.houseName).utf8).write(to: URL(filePath: letters), options: .atomic)
      session.output.note("\(made.count) letters: \(letters). Whoever holds one can join: print it and delete the file.")
    }
    for (invitation, link) in made {
      if made.count == 1, letters == nil {
        session.output.showLink(link, "Give this to \(invitation.name); it is good once, until \(Output.time(invitation.notAfter * 1_000)):")
      } else if session.output.json || letters == nil {
        session.output.result(
          "\(invitation.name)\t\(link.text)",
          [("name", .string(invitation.name)), ("link", .string(link.text)), ("code", .string(link.secret.text))])
      }
    }
  }
}

struct ResetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reset", abstract: "Give a person who has lost every device a new one.",
    discussion: """
      Make sure that it is this person. All former devices are revoked; the new one gets no history and is in no group; everybody who knows the person \
      sees the reset, and those who had verified them are asked to do so again.
      """)
  @OptionGroup var shared: SharedOptions
  @Argument(help: "Who has lost the devices.")
  var person: String
  @Option(help: ArgumentHelp("How long to wait for the new device.", valueName: "seconds"))
  var seconds = 600

  func run() async throws {
    try await Session.run(shared) { session in
      let account = try await session.person(person)
      try await session.link(.openReset(account), "Let the person join with this link or code on the new device; it is good for ten minutes:", seconds: seconds)
      session.output.result("reset", [("reset", .string(person))])
    }
  }
}

struct PolicyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy", abstract: "Show the house's policy; the administrator changes it.",
    discussion: "Keys: read-receipts, delivery-receipts, typing, presence (off, person-decides, on); app-lock (off, required).")
  @OptionGroup var shared: SharedOptions
  @Argument(help: ArgumentHelp("Changes.", valueName: "key=value"))
  var changes: [String] = []

  private static let keys: [(String, PolicyKey)] = [
    ("read-receipts", .readReceipts), ("delivery-receipts", .deliveryReceipts), ("typing", .typing), ("presence", .presence), ("app-lock", .appLock),
  ]

  func run() async throws {
    try await Session.run(shared, need: changes.isEmpty ? .helpful : .necessary) { session in
      var entries: [PolicyEntry] = []
      for change in changes {
        let parts = change.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2, let key = Self.keys.first(where: { $0.0 == parts[0] })?.1 else {
          throw TerminalError("policy", "\(change) is no setting.", hint: "hauspost chat policy --help")
        }
        let values: [String: PolicySetting] = key == .appLock ? ["off": .off, "required": .on] : ["off": .off, "person-decides": .personDecides, "on": .on]
        guard let value = values[parts[1]] else { throw TerminalError("policy", "\(parts[1]) is no value of \(parts[0]).", hint: "hauspost chat policy --help") }
        entries.append(PolicyEntry(key, [value.rawValue]))
      }
      if !entries.isEmpty { _ = try await session.host.perform(.setPolicy(entries)) }
      let policy = await session.host.view.policy
      for (name, key) in Self.keys {
        let setting = policy?.setting(key) ?? Policy.standard(key)
        let word = key == .appLock ? (setting == .on ? "required" : "off") : setting == .on ? "on" : setting == .off ? "off" : "person-decides"
        let isLocked = setting != .personDecides
        session.output.result("\(name)  \(word)\(isLocked ? "  (locked)" : "")", [("key", .string(name)), ("value", .string(word)), ("locked", .bool(isLocked))])
      }
    }
  }
}
