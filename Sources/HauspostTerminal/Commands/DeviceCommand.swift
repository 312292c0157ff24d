// `hauspost chat device`: one's own devices.
import ArgumentParser
import Content
import Foundation
import Identity
import Messenger
import MessengerRuntime
import TLSCodec

struct DeviceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "device", abstract: "Your devices: show, link, revoke.",
    subcommands: [List.self, LinkNew.self, Revoke.self, Rejoin.self, ChangePassphrase.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show your devices.")
    @OptionGroup var shared: SharedOptions
    func run() async throws {
      try await Session.run(shared, need: .helpful) { session in
        for device in await session.host.view.devices {
          session.output.result(
            "\(hex(device.id.bytes).prefix(8))  \(device.name)\(device.isThis ? "  (this one)" : "")",
            [("device", .string(hex(device.id.bytes))), ("name", .string(device.name)), ("this", .bool(device.isThis))])
        }
      }
    }
  }

  struct LinkNew: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "link", abstract: "Show a code with which a new device of yours joins, and wait for it.",
      discussion: "On the new device: hauspost chat join LINK. It gets your chats and their history.")
    @OptionGroup var shared: SharedOptions
    @Option(help: ArgumentHelp("How long to wait for the new device.", valueName: "seconds"))
    var seconds = 600
    func run() async throws {
      try await Session.run(shared) { session in
        try await session.link(.openLink, "Join with this link or code on the new device; it is good for ten minutes:", seconds: seconds)
        session.output.result("linked; sending your chats and their history …", [("linked", .bool(true))])
        // The new device's key packages may take a moment; the history waits for them.
        _ = await session.host.wait(upTo: 120_000) { $0.waiting == 0 }
        session.output.result("done", [("done", .bool(true))])
      }
    }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Revoke a device: it reads nothing from then on.")
    @OptionGroup var shared: SharedOptions
    @Argument(help: "The device's id, or its beginning (device list), or its name.")
    var device: String
    func run() async throws {
      try await Session.run(shared) { session in
        let found = await session.host.view.devices.filter { hex($0.id.bytes).hasPrefix(device.lowercased()) || $0.name == device }
        guard found.count == 1 else { throw TerminalError(MessengerError.noSuchDevice) }
        _ = try await session.host.perform(.revokeDevice(found[0].id))
        _ = await session.host.wait(upTo: Int64(shared.wait) * 1_000) { $0.waiting == 0 }
        session.output.result("revoked", [("revoked", .string(hex(found[0].id.bytes)))])
      }
    }
  }

  struct Rejoin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "After restoring this store from a backup: join your chats afresh.",
      discussion: "Not for a copy that is used elsewhere at the same time: link that as a device of its own.")
    @OptionGroup var shared: SharedOptions
    func run() async throws {
      try await Session.run(shared, need: .helpful) { session in
        _ = try await session.host.perform(.rejoinAfresh)
        let isBack = await session.host.wait(upTo: Int64(shared.wait) * 1_000) { $0.connection == .online && $0.waiting == 0 }
        session.output.result(isBack ? "back in your chats" : "begun; it goes on with the next command", [("done", .bool(isBack))])
      }
    }
  }

  struct ChangePassphrase: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "passphrase", abstract: "Set, change or remove the passphrase of this device's store.")
    @OptionGroup var shared: SharedOptions
    @Option(help: ArgumentHelp("File with the new passphrase; empty removes it.", valueName: "file"))
    var newPassphraseFile: String?
    func run() async throws {
      let output = Output(json: shared.json)
      do {
        let profile = try Profile(shared.profile)
        try profile.changePassphrase(
          old: { try Passphrase.read(shared.passphraseFile) }, new: { try Passphrase.read(newPassphraseFile, prompt: "New passphrase: ") })
        output.result("changed", [("done", .bool(true))])
      } catch {
        output.failure(TerminalError(error))
        throw ExitStatus.failure
      }
    }
  }
}

extension Session {
  /// Shows a link and waits until a device has joined with it.
  func link(_ command: Command, _ words: String, seconds: Int) async throws {
    let events = await host.events()
    guard case .link(let secret) = try await host.perform(command), let origin = profile.origin() else { return }
    output.showLink(try Link(.device, origin: origin, secret: secret), words)
    let isLinked = await withTaskGroup(of: Bool.self) { group in
      group.addTask {
        for await event in events { if case .deviceLinked = event { return true } }
        return false
      }
      group.addTask {
        try? await Task.sleep(for: .seconds(seconds))
        return false
      }
      let result = await group.next() ?? false
      group.cancelAll()
      return result
    }
    guard isLinked else { throw TerminalError("timeout", "No device has come.", hint: "Run it again for a new code.") }
  }
}
