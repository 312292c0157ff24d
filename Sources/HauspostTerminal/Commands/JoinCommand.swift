// `hauspost chat join`: setting up a house, coming in with an invitation, or linking a further device; the link says which.
import ArgumentParser
import Content
import Foundation
import Identity
import Messenger
import MessengerRuntime
import TLSCodec

struct JoinCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "join", abstract: "Join a house with a link or a code.",
    discussion: "LINK is a whole link. A code alone (XXXXX-XXXXX-XXXXX-XXXXX) needs --server, the house's address.")

  @OptionGroup var shared: SharedOptions
  @Argument(help: "The link, or the code.")
  var link: String
  @Option(help: ArgumentHelp("The house's address, with a code: https://house.example", valueName: "address"))
  var server: String?
  @Option(help: ArgumentHelp("Your name; an invitation proposes one.", valueName: "name"))
  var name: String?
  @Option(help: ArgumentHelp("Your address before the @; made of the name.", valueName: "address"))
  var address: String?
  @Option(help: ArgumentHelp("What this device is called.", valueName: "name"))
  var device: String?
  @Option(help: ArgumentHelp("What the house is called; only for its first person.", valueName: "name"))
  var houseName: String?
  @Flag(help: "Ask for a passphrase that protects this device's store.")
  var passphrase = false

  func run() async throws {
    let output = Output(json: shared.json)
    let parsed: (kind: Link.Kind?, origin: String, secret: LinkSecret)
    do { parsed = try parse() } catch {
      output.failure(TerminalError(error))
      throw ExitStatus.failure
    }
    var newPassphrase: String?
    if passphrase || shared.passphraseFile != nil {
      newPassphrase = try Passphrase.read(shared.passphraseFile, prompt: "New passphrase: ")
    }
    try await Session.run(shared, creating: true, origin: parsed.origin, newPassphrase: newPassphrase) { session in
      let host = session.host
      if await !host.view.isEnrolled {
        do { try await join(session, parsed.kind, parsed.secret) } catch MessengerError.alreadyEnrolled {
          // An earlier run was cut short while it asked: the engine goes on with that.
          guard await host.wait(upTo: Int64(shared.wait) * 1_000, until: { $0.isEnrolled }) else { throw TerminalError(MessengerError.offline) }
        }
      } else if session.profile.origin() != nil {
        throw TerminalError(MessengerError.alreadyEnrolled)
      }
      // Else an earlier run was cut short when the house had let us in: what is missing is done now.
      try session.profile.keep(origin: parsed.origin)
      _ = await host.wait(upTo: Int64(shared.wait) * 1_000) { $0.isCaughtUp }
      let view = await host.view
      session.output.result(
        "You are \(view.name) <\(view.address)> in \(view.houseName)." + (view.isAdministrator ? " You are its administrator." : ""),
        [
          ("address", .string(view.address)), ("name", .string(view.name)), ("house", .string(view.houseName)),
          ("administrator", .bool(view.isAdministrator)),
        ])
    }
  }

  private func join(_ session: Session, _ kind: Link.Kind?, _ secret: LinkSecret) async throws {
    let host = session.host
    let deviceName = device ?? "terminal"
    switch kind {
    case .setUp:
      guard let name else {
        throw TerminalError("name", "The first person needs a name.", hint: "hauspost chat join LINK --name \"Anna Arnold\" --house-name \"Our house\"")
      }
      _ = try await host.perform(
        .setUp(
          secret, houseName: houseName ?? "Hauspost", name: name, localPart: address ?? MessengerNames.localPart(of: name),
          deviceName: deviceName))
    case .device: _ = try await host.perform(.linkDevice(secret, deviceName: deviceName))
    case .invitation:
      _ = try await host.perform(.enrol(secret, name: name, localPart: address, deviceName: deviceName))
    case nil: try await joinByCode(session, secret, deviceName)
    }
  }

  /// A code does not say what it is for: an invitation is known to the server, a device code waits in a slot.
  private func joinByCode(_ session: Session, _ secret: LinkSecret, _ deviceName: String) async throws {
    do {
      _ = try await session.host.perform(.enrol(secret, name: name, localPart: address, deviceName: deviceName))
    } catch MessengerError.refused(9) {
      _ = try await session.host.perform(.linkDevice(secret, deviceName: deviceName))
    }
  }

  private func parse() throws -> (kind: Link.Kind?, origin: String, secret: LinkSecret) {
    if link.contains("#") {
      let parsed: Link
      do { parsed = try Link.parse(link) } catch { throw TerminalError("link", "This is not a link of a house.", hint: "Copy all of it, with what follows the #.") }
      return (parsed.kind, server ?? parsed.origin, parsed.secret)
    }
    guard let secret = try? LinkSecret(text: link) else { throw TerminalError(MessengerError.mistyped) }
    guard let server = server ?? (try? Profile(shared.profile))?.origin() else {
      throw TerminalError("server", "A code alone does not say where the house is.", hint: "Add --server https://house.example")
    }
    return (nil, server, secret)
  }
}
