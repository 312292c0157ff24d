// People: finding them, and making sure that they are who they are.
import ArgumentParser
import Content
import Foundation
import Identity
import Messenger
import MessengerRuntime
import TLSCodec

struct PeopleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "people", abstract: "Find people of the house.")
  @OptionGroup var shared: SharedOptions
  @Argument(help: "Part of a name or address; without it the first of all.")
  var text = ""

  func run() async throws {
    try await Session.run(shared) { session in
      guard case .people(let found) = try await session.host.perform(.find(text)) else { return }
      if found.isEmpty { session.output.note("nobody found") }
      for person in found {
        session.output.result(
          "\(person.localPart)  \(person.name)\(person.function.isEmpty ? "" : ", " + person.function)\(person.isVerified ? "  verified" : "")",
          [
            ("address", .string(person.localPart)), ("name", .string(person.name)), ("function", .string(person.function)),
            ("kind", .string("\(person.kind)")), ("verified", .bool(person.isVerified)),
          ])
      }
    }
  }
}

struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Compare the safety number with a person.",
    discussion: "Both see the same number. Compare it face to face or on the telephone, then run it again with --confirm.")
  @OptionGroup var shared: SharedOptions
  @Argument(help: "With whom.")
  var person: String
  @Flag(help: "The numbers are the same: this person is verified.")
  var confirm = false
  @Flag(help: "Write to this person although the house has reset them, without comparing again.")
  var acceptReset = false

  func run() async throws {
    try await Session.run(shared, need: .helpful) { session in
      let account = try await session.person(person)
      if confirm { _ = try await session.host.perform(.markVerified(account)) }
      if acceptReset { _ = try await session.host.perform(.confirmReset(account)) }
      guard case .safetyNumber(let number) = try await session.host.perform(.safetyNumber(account)) else { return }
      session.output.result(
        number.digits + (number.isVerified ? "\nverified" : "\nnot verified yet"),
        [("number", .string(number.digits)), ("qr", .string(number.qrText)), ("verified", .bool(number.isVerified))])
      session.output.showCode(number.qrText)
    }
  }
}
