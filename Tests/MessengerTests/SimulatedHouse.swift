// A house in one process: the real engine and the real delivery core, stores in memory, a clock that is moved by hand. No threads, so a failure repeats.
import Content
import CryptoInterface
import Delivery
import DeliveryConformance
import Identity
import MLS
import Messenger
import SwiftCryptoProvider
import TLSCodec
import Wire

final class SimulatedHouse {
  typealias Hub = DeliveryHub<MemoryDeliveryStore, SwiftCryptoProvider>
  let house: TestHouse<MemoryDeliveryStore>
  var clients: [SimulatedClient] = []
  var nextConnection: UInt64 = 1_000
  /// Milliseconds.
  var now: UInt64 {
    get { house.now }
    set { house.now = newValue }
  }

  init() throws { house = try TestHouse(store: MemoryDeliveryStore()) }

  func client(_ name: String, _ settings: EngineSettings = SimulatedClient.settings) -> SimulatedClient {
    let client = SimulatedClient(name, self, settings)
    clients.append(client)
    return client
  }

  /// Carries frames and timers until nothing moves, then moves the clock to the next timer within `milliseconds`.
  func run(for milliseconds: UInt64 = 3_000) {
    let end = now + milliseconds
    while true {
      var moved = true
      while moved {
        moved = false
        for client in clients where client.exchange() { moved = true }
      }
      let next = clients.compactMap { $0.isConnected ? $0.wakeTime : nil }.min() ?? end
      if next >= end {
        now = end
        return
      }
      now = max(now + 1, next)
      for client in clients where client.isConnected {
        if let wake = client.wakeTime, wake <= now {
          client.wakeTime = nil
          client.give(.tick)
        }
      }
    }
  }

  /// The administrator, and people whom the administrator has invited.
  func people(_ names: [String]) throws -> [SimulatedClient] {
    let first = client(names[0])
    first.connect()
    run()
    try first.perform(
      .setUp(house.setUpSecret, houseName: "Haus", name: names[0], localPart: names[0].lowercased(), deviceName: "laptop"))
    run()
    var result = [first]
    for name in names.dropFirst() { result.append(try join(name, invitedBy: first)) }
    return result
  }

  func join(_ name: String, invitedBy inviter: SimulatedClient) throws -> SimulatedClient {
    guard case .invitations(let made) = try inviter.perform(.invite([InvitationWish(name: name, notAfter: now / 1_000 + 86_400)])),
      let secret = made[0].secret
    else { throw TestFailure("no invitation") }
    let new = client(name)
    new.connect()
    run()
    try new.perform(.enrol(secret, name: nil, localPart: nil, deviceName: "phone"))
    run()
    return new
  }
}

/// A client: the engine, its records, its connection.
final class SimulatedClient {
  static var settings: EngineSettings {
    var settings = EngineSettings()
    // Classical and so faster; the suite's own tests are the engine's.
    settings.suite = .mls128DHKEMX25519AES128GCMSHA256Ed25519
    settings.updateSpread = 1_000
    return settings
  }
  let name: String
  unowned let house: SimulatedHouse
  let settings: EngineSettings
  let storeKey = Secret([UInt8](repeating: 7, count: 32))
  var messenger: Messenger<SwiftCryptoProvider>
  var records: [[UInt8]: [UInt8]] = [:]
  var events: [Event] = []
  var outcomes: [UInt32: CommandResult] = [:]
  var wakeTime: UInt64?
  var nextToken: UInt32 = 1
  private(set) var connection: ConnectionID?
  private var incoming = ReceivedFrames()
  private var outgoing: [[UInt8]] = []
  /// Looks at what is sent, and may keep it back.
  var filter: (ClientFrame) -> Bool = { _ in true }
  /// Looks at what arrives, and may change it.
  var tamper: ([UInt8]) -> [UInt8]? = { $0 }
  /// Stops the client just before this many more effects: a power cut.
  var effectsUntilCrash = Int.max
  var hasCrashed = false

  init(_ name: String, _ house: SimulatedHouse, _ settings: EngineSettings) {
    self.name = name
    self.house = house
    self.settings = settings
    messenger = Messenger(storeKey: storeKey, crypto: SwiftCryptoProvider(), settings: settings)
  }

  var isConnected: Bool { connection != nil }
  var view: EngineView { messenger.view }

  func connect() {
    guard connection == nil else { return }
    house.nextConnection += 1
    let id = ConnectionID(house.nextConnection)
    connection = id
    incoming = ReceivedFrames()
    let frames = incoming
    house.house.hub.open(id, address: AddressTag(Array(name.utf8)), output: { frames.append($0) })
    give(.connected)
  }

  func disconnect() {
    guard let id = connection else { return }
    house.house.hub.close(id)
    connection = nil
    outgoing = []
    give(.disconnected)
  }

  /// The process ends and starts again on what was written.
  func restart() throws {
    if let id = connection { house.house.hub.close(id) }
    connection = nil
    outgoing = []
    wakeTime = nil
    hasCrashed = false
    effectsUntilCrash = .max
    messenger = Messenger(storeKey: storeKey, crypto: SwiftCryptoProvider(), settings: settings)
    try messenger.start(load(Messenger<SwiftCryptoProvider>.startRequest), at: house.now)
  }

  /// Moves what waits in both directions.
  func exchange() -> Bool {
    guard let id = connection else { return false }
    var moved = false
    let frames = outgoing
    outgoing = []
    for frame in frames {
      do { if !filter(try ClientFrame(decoding: frame)) { continue } } catch { events.append(.trouble(.internalError("frame cannot be decoded"))); print("\(name): \(error) in \(frame.prefix(8))") }
      house.house.hub.receive([(id, frame)], at: house.now)
      moved = true
    }
    for frame in incoming.take() {
      moved = true
      guard !frame.isEmpty else {
        disconnect()
        return true
      }
      if let frame = tamper(frame) { give(.frame(frame)) }
      if connection == nil { return true }
    }
    return moved
  }

  /// A request that the engine would not make, on its connection; the answer is lost on it.
  func sendRaw(_ request: Request) {
    guard let id = connection else { return }
    house.house.hub.receive([(id, ClientFrame(number: 4_000_000_000, request: request).encoded())], at: house.now)
  }

  func give(_ input: Input) {
    if hasCrashed { return }
    carry(out: messenger.handle(input, at: house.now))
  }

  private func carry(out effects: [Effect]) {
    for effect in effects {
      if effectsUntilCrash <= 0 {
        hasCrashed = true
        return
      }
      effectsUntilCrash -= 1
      switch effect {
      case .write(let changes): for change in changes { records[change.key] = change.value }
      case .send(let frame): outgoing.append(frame)
      case .event(let event):
        events.append(event)
        if case .completed(let token, let outcome) = event { outcomes[token] = outcome }
      case .load(let request): carry(out: messenger.handle(.loaded(load(request)), at: house.now))
      case .wake(let time): wakeTime = time
      case .disconnect: disconnect()
      }
    }
  }

  func load(_ request: LoadRequest) -> [StoredRecord] {
    switch request {
    case .keys(let keys): return keys.map { StoredRecord(key: $0, value: records[$0]) }
    case .range(let prefix, let from, let limit, let newestFirst):
      var keys = records.keys.filter { $0.starts(with: prefix) }.sorted { $0.lexicographicallyPrecedes($1) }
      if newestFirst { keys.reverse() }
      if let from {
        keys = keys.filter { newestFirst ? $0.lexicographicallyPrecedes(from) : from.lexicographicallyPrecedes($0) }
      }
      return keys.prefix(limit).map { StoredRecord(key: $0, value: records[$0]) }
    case .ranges(let prefixes):
      return prefixes.flatMap { load(.range(prefix: $0, from: nil, limit: .max, newestFirst: false)) }
    }
  }

  /// Gives a command, lets the house run, and returns what came of it.
  @discardableResult
  func perform(_ command: Command) throws -> CommandResult {
    let token = nextToken
    nextToken += 1
    give(.command(token: token, command))
    house.run()
    guard let outcome = outcomes.removeValue(forKey: token) else { throw TestFailure("\(name): no outcome") }
    if case .failed(let error) = outcome { throw TestFailure("\(name): \(error.code), troubles \(troubles), alarms \(alarms), \(view.connection)") }
    return outcome
  }

  // MARK: What tests ask

  var account: AccountID { view.account ?? AccountID([UInt8](repeating: 0, count: 32)) ?? fatal() }
  private func fatal() -> AccountID { fatalError("an account id has 32 bytes") }

  func openDirect(_ other: SimulatedClient) throws -> UInt32 {
    guard case .chat(let number) = try perform(.openDirect(other.account)) else { throw TestFailure("no chat") }
    return number
  }

  func createGroup(_ title: String, _ others: [SimulatedClient]) throws -> UInt32 {
    guard case .chat(let number) = try perform(.createGroup(title: title, color: 3, members: others.map { $0.account })) else {
      throw TestFailure("no chat")
    }
    return number
  }

  @discardableResult
  func send(_ text: String, to chat: UInt32, inReplyTo: MessageID? = nil) throws -> MessageID {
    guard case .message(let id) = try perform(.send(chat: chat, text: text, inReplyTo: inReplyTo)) else { throw TestFailure("not sent") }
    return id
  }

  /// The conversation's lines, oldest first.
  func lines(_ chat: UInt32) throws -> [LineView] {
    guard case .lines(let lines) = try perform(.messages(chat: chat, before: nil, limit: 1_000)) else { throw TestFailure("no lines") }
    return lines.reversed()
  }

  func texts(_ chat: UInt32) throws -> [String] { try lines(chat).filter { $0.kind == .message }.map { $0.text } }

  func chat(titled title: String) throws -> ChatView {
    guard let chat = view.chats.first(where: { $0.title == title }) else { throw TestFailure("\(name) has no chat \(title)") }
    return chat
  }

  var alarms: [Alarm] { events.compactMap { if case .alarm(let alarm) = $0 { alarm } else { nil } } }
  var troubles: [MessengerError] { events.compactMap { if case .trouble(let error) = $0 { error } else { nil } } }
}
