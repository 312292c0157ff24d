// The client engine: a value without I/O. A host gives it inputs and carries its effects out, in order; terminal, browser and gateway are such hosts.
// Files beside this one: `Store` (records), `Connection` (log-in, requests), `Identity` (accounts, chains, feed), `Chats`, `Outbox`.
import CryptoInterface
import MLS
import TLSCodec

/// What a host tells the engine.
public indirect enum Input: Sendable {
  /// The transport is up. Nothing has been said on it.
  case connected
  case disconnected
  /// A binary message of the server.
  case frame([UInt8])
  /// The answer to `Effect.load`: for each key or range the sealed records, as the store has them.
  case loaded([StoredRecord])
  /// A person, or a program, wants something. The token comes back in `Event.completed`.
  case command(token: UInt32, Command)
  /// The time that `Effect.wake` asked for has come.
  case tick
}

/// What a host does for the engine, in the order given. Where a write fails, the host throws the engine away and starts a new one from the store: then
/// nothing that follows the write has left the house, and nothing is lost.
public indirect enum Effect: Sendable {
  /// One transaction: all or nothing, durable before any later effect.
  case write([StoreChange])
  case send([UInt8])
  case event(Event)
  /// The engine waits for these records; until `Input.loaded` it only queues what it is given.
  case load(LoadRequest)
  /// Give `Input.tick` at this time, milliseconds since 1970; replaces an earlier one.
  case wake(UInt64)
  /// Close the connection; open a new one unless the engine says it has no use for one.
  case disconnect
}

/// A messenger client: one device of one account.
///
/// Give `handle` one input at a time; it never blocks. Each input is one step: either everything of it happens, its writes in one transaction, or nothing.
public struct Messenger<Crypto: CryptoProvider>: Sendable {
  var core: Core<Crypto>
  private var queue: [Input] = []
  private var head = 0
  private var waiting: LoadRequest?
  private var lastWake: UInt64?

  /// - Parameters:
  ///   - storeKey: 32 bytes that seal every record; the host keeps them wrapped.
  ///   - suite: of groups made by this client.
  public init(storeKey: Secret, crypto: Crypto, settings: EngineSettings = EngineSettings()) {
    core = Core(vault: Vault(storeKey: storeKey, crypto), crypto: crypto, settings: settings)
  }

  /// What to load first. Give the records to `start`.
  public static var startRequest: LoadRequest { Core<Crypto>.startRequest }

  /// Reads the records that `startRequest` names. Call it once, before the first `handle`.
  /// - Throws: `.corruptStore` where they do not open or do not belong together.
  public mutating func start(_ records: [StoredRecord], at now: UInt64) throws(MessengerError) {
    core.now = now
    try core.restore(records)
  }

  /// - Parameter now: milliseconds since 1970.
  public mutating func handle(_ input: Input, at now: UInt64) -> [Effect] {
    var effects: [Effect] = []
    if case .loaded(let records) = input {
      guard let request = waiting else { return [] }
      waiting = nil
      core.cache.add(records, answering: request)
    } else {
      queue.append(input)
    }
    while waiting == nil, core.hasMore || head < queue.count {
      var attempt = core
      attempt.now = now
      // What the last step has left goes before the next input.
      let input = attempt.hasMore ? nil : queue[head]
      attempt.hasMore = false
      do throws(Stop) {
        if let input { try attempt.process(input) }
        try attempt.drive()
        attempt.cache = LoadedRecords()
        core = attempt
        if input != nil { head += 1 }
        effects += core.takeEffects()
      } catch {
        switch error {
        case .load(let request):
          waiting = request
          effects.append(.load(request))
        case .failed(let problem):
          // The step is undone. An input that cannot be processed must not stop those after it.
          if input != nil { head += 1 }
          core.hasMore = false
          core.now = now
          core.cache = LoadedRecords()
          if case .command(let token, _) = input { effects.append(.event(.completed(token: token, .failed(problem)))) }
          effects.append(.event(.trouble(problem)))
        }
      }
    }
    if head == queue.count {
      queue.removeAll(keepingCapacity: true)
      head = 0
    }
    if waiting == nil, let wake = core.nextWake, wake != lastWake {
      lastWake = wake
      effects.append(.wake(wake))
    }
    return effects
  }

  /// What the engine knows, for screens: read it after `handle`.
  public var view: EngineView { core.view }
}

/// Why a step does not go on.
enum Stop: Error {
  /// Records are needed first; the step is done again when they are there.
  case load(LoadRequest)
  case failed(MessengerError)
}

/// What a host may set.
public struct EngineSettings: Sendable {
  /// Of new groups and key packages. Hybrid post-quantum; members of classical groups keep theirs.
  public var suite = CipherSuite.standard
  /// How long to wait for an answer before the connection is given up, milliseconds.
  public var answerTimeout: UInt64 = 30_000
  /// Application messages of one chat under way at a time.
  public var sendWindow = 8
  /// Delay before an elected member commits waiting proposals, milliseconds; multiplied by its rank.
  public var electionDelay: UInt64 = 1_500
  /// Whether this client answers messages with delivery reports and keeps read marks: off for bots that must not.
  public var reports = true
  /// The person lets others see what was read, where the policy leaves it to them.
  public var sendsReadReports = false
  /// Spread of the first self-update after joining, milliseconds. A client that runs for a moment only never gets there; its commits update its leaf too.
  public var updateSpread: UInt64 = 86_400_000
  public init() {}
}

/// Every failure that a host or a person hears of.
public enum MessengerError: Error, Sendable, Equatable {
  /// The store's records do not open with this key, or contradict each other.
  case corruptStore
  /// The server says no.
  case refused(UInt16)
  /// The link or code was mistyped.
  case mistyped
  /// The house behind the link is not the house that answers.
  case wrongHouse
  /// Not yet a member of a house, or already one.
  case notEnrolled, alreadyEnrolled
  case noSuchChat, noSuchPerson, noSuchMessage, noSuchDevice
  /// The person may not do this here (not an administrator).
  case notPermitted
  /// The house's policy forbids it.
  case forbiddenByPolicy
  /// The text is too long or empty, or a name is.
  case unsuitableText
  /// The other side's identity changed since it was verified: confirm first.
  case confirmationNeeded
  /// The chat was left, or this device was removed from it.
  case chatEnded
  /// The server shows what cannot be true.
  case serverMisbehaves
  /// The connection is needed for this.
  case offline
  /// This device's store is older than what the server knows of it, or it is a copy.
  case staleStore
  case revoked
  /// A bug; the name says where.
  case internalError(StaticName)

  public static func == (a: MessengerError, b: MessengerError) -> Bool {
    switch (a, b) {
    case (.refused(let x), .refused(let y)): return x == y
    case (.internalError, .internalError): return true
    default: return a.code.description == b.code.description
    }
  }

  /// Stable, for scripts and catalogues of messages.
  public var code: StaticName {
    switch self {
    case .corruptStore: "corrupt-store"
    case .refused: "refused"
    case .mistyped: "mistyped"
    case .wrongHouse: "wrong-house"
    case .notEnrolled: "not-enrolled"
    case .alreadyEnrolled: "already-enrolled"
    case .noSuchChat: "no-such-chat"
    case .noSuchPerson: "no-such-person"
    case .noSuchMessage: "no-such-message"
    case .noSuchDevice: "no-such-device"
    case .notPermitted: "not-permitted"
    case .forbiddenByPolicy: "forbidden-by-policy"
    case .unsuitableText: "unsuitable-text"
    case .confirmationNeeded: "confirmation-needed"
    case .chatEnded: "chat-ended"
    case .serverMisbehaves: "server-misbehaves"
    case .offline: "offline"
    case .staleStore: "stale-store"
    case .revoked: "revoked"
    case .internalError: "internal-error"
    }
  }
}
