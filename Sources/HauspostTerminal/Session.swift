// One run of a command: the store opened, the engine started, the server connected, and at the end everything sent that was to be sent.
import Content
import Foundation
import Identity
import Messenger
import MessengerRuntime
import MessengerStore
import TLSCodec

struct Session {
  let host: EngineHost
  let output: Output
  let options: SharedOptions
  let profile: Profile
  private let connection: Task<Void, any Error>?

  /// Whether the server must be there.
  enum Need {
    /// The command works on what is stored; what has arrived meanwhile is fetched if the server can be reached.
    case helpful
    case necessary
    /// Only what is stored.
    case none
  }

  static func run(
    _ options: SharedOptions, need: Need = .necessary, creating: Bool = false, origin: String? = nil, newPassphrase: String? = nil,
    _ body: (Session) async throws -> Void
  ) async throws {
    let output = Output(json: options.json)
    do {
      let session = try await Session(options, output: output, need: need, creating: creating, origin: origin, newPassphrase: newPassphrase)
      do {
        try await body(session)
        try await session.end()
      } catch {
        session.connection?.cancel()
        throw error
      }
    } catch {
      output.failure(TerminalError(error))
      throw ExitStatus.failure
    }
  }

  private init(_ options: SharedOptions, output: Output, need: Need, creating: Bool, origin: String?, newPassphrase: String?) async throws {
    self.options = options
    self.output = output
    profile = try Profile(options.profile)
    let (store, key) = try profile.open(
      creating: creating, passphrase: { try Passphrase.read(options.passphraseFile) }, newPassphrase: newPassphrase)
    host = try EngineHost(store: store, storeKey: key)
    let isEnrolled = await host.view.isEnrolled
    if !creating, !isEnrolled {
      throw TerminalError("not-enrolled", "You have not joined a house yet.", hint: "hauspost chat join LINK")
    }
    if !creating { try await Self.checkLock(host, profile) }
    guard need != .none, let origin = origin ?? profile.origin() else {
      connection = nil
      return
    }
    let endpoint = try ConnectionEndpoint(origin: origin)
    let trust: ConnectionTrust = options.authority.map { .authorities(file: $0) } ?? .system
    let host = host
    connection = Task { try await host.run(endpoint, trust: trust) }
    let limit = need == .necessary ? Int64(options.wait) * 1_000 : min(Int64(options.wait) * 1_000, 4_000)
    let isThere = await host.wait(upTo: limit) { $0.connection == .online || $0.alarm != nil }
    if let alarm = await host.view.alarm { output.alarm(alarm) }
    if !creating { try await Self.checkLock(host, profile) }
    let state = await host.view.connection
    if !isThere || state != .online {
      if need == .necessary {
        if let alarm = await host.view.alarm {
          throw TerminalError(alarm == .revoked ? MessengerError.revoked : alarm == .staleStore ? .staleStore : .serverMisbehaves)
        }
        let why = await host.lastConnectionError.map { " (\($0))" } ?? ""
        throw TerminalError("offline", "The server cannot be reached\(why).", hint: "Is it running? Is the address right?")
      }
      output.note("offline: this is what was stored here")
    }
  }

  /// The house's policy: a store that opens without a passphrase is not used.
  private static func checkLock(_ host: EngineHost, _ profile: Profile) async throws {
    guard await host.view.policy?.setting(.appLock) == .on, try !profile.isProtected else { return }
    throw TerminalError(
      "app-lock", "The house requires that this device is locked with a passphrase.", hint: "hauspost chat device passphrase")
  }

  /// Waits until everything is on its way, then disconnects.
  private func end() async throws {
    let state = await host.view.connection
    if connection != nil, state != .offline {
      let isEmpty = await host.wait(upTo: Int64(options.wait) * 1_000) { $0.waiting == 0 || $0.alarm != nil }
      if !isEmpty { output.note("not everything could be sent yet; it is kept and goes out with the next command") }
    }
    connection?.cancel()
    _ = try? await connection?.value
    if let failure = await host.failure { throw failure }
  }

  // MARK: Who and where

  /// A person by address, part before the @, or exact name.
  func person(_ text: String) async throws -> AccountID {
    let view = await host.view
    var local = Substring(text.lowercased())
    if local.hasPrefix("@") { local = local.dropFirst() }
    if let at = local.firstIndex(of: "@") {
      guard local[local.index(after: at)...] == view.domain else {
        throw TerminalError("other-house", "\(text) is of another house.", hint: "Only people of \(view.domain) can be written to.")
      }
      local = local[..<at]
    }
    if let known = view.people.first(where: { $0.localPart == local }) { return known.account }
    let named = view.people.filter { $0.name == text }
    if named.count == 1 { return named[0].account }
    if Naming.isLocalPart(String(local)), case .people(let found) = try await host.perform(.resolve(localPart: String(local))), let person = found.first {
      return person.account
    }
    if case .people(let found) = try await host.perform(.find(text)) {
      let exact = found.filter { $0.name == text }
      if exact.count == 1 { return exact[0].account }
    }
    throw TerminalError("no-such-person", "Nobody here is called \(text).", hint: "hauspost chat people TEXT")
  }

  /// A chat by number (#3), title, or person.
  func chat(_ text: String, makingDirect: Bool = false) async throws -> ChatView {
    let view = await host.view
    if text.hasPrefix("#"), let number = UInt32(text.dropFirst()) {
      guard let chat = view.chats.first(where: { $0.number == number }) else { throw TerminalError(MessengerError.noSuchChat) }
      return chat
    }
    let titled = view.chats.filter { $0.kind == .group && $0.title == text }
    if titled.count == 1 { return titled[0] }
    if titled.count > 1 {
      throw TerminalError(
        "ambiguous", "Several chats are called \(text): \(titled.map { "#\($0.number)" }.joined(separator: ", ")).", hint: "Use the number.")
    }
    let account = try await person(text)
    if let direct = view.chats.first(where: { $0.peer == account && $0.kind == .direct }) { return direct }
    guard makingDirect else { throw TerminalError(MessengerError.noSuchChat) }
    guard case .chat(let number) = try await host.perform(.openDirect(account)) else { throw TerminalError(MessengerError.noSuchChat) }
    let chats = await host.view.chats
    guard let chat = chats.first(where: { $0.number == number }) else { throw TerminalError(MessengerError.noSuchChat) }
    return chat
  }

  func name(_ account: AccountID) async -> String {
    let view = await host.view
    return view.people.first { $0.account == account }.map { $0.localPart } ?? "?"
  }
}

/// The passphrase of a store: from a file, or asked for without echo.
enum Passphrase {
  static func read(_ file: String?, prompt: String = "Passphrase: ") throws -> String? {
    if let file {
      guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
        throw TerminalError("passphrase", "The passphrase file cannot be read.")
      }
      return text.trimmingCharacters(in: .newlines)
    }
    guard isatty(STDIN_FILENO) == 1 else {
      throw TerminalError("passphrase", "The store needs its passphrase.", hint: "Give a file with --passphrase-file.")
    }
    var old = termios()
    tcgetattr(STDIN_FILENO, &old)
    var silent = old
    silent.c_lflag &= ~tcflag_t(ECHO)
    tcsetattr(STDIN_FILENO, TCSANOW, &silent)
    defer { tcsetattr(STDIN_FILENO, TCSANOW, &old) }
    FileHandle.standardError.write(Data(prompt.utf8))
    let line = readLine(strippingNewline: true)
    FileHandle.standardError.write(Data("\n".utf8))
    return line
  }
}
