// Runs the engine on Linux: carries its effects out in order, keeps it connected, and gives commands and events an asynchronous face.
import CryptoInterface
import Messenger
import MessengerStore
import SwiftCryptoProvider
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// Where the engine's time comes from. Tests give their own.
public struct EngineClock: Sendable {
  /// Milliseconds since 1970.
  public var now: @Sendable () -> UInt64
  public init(now: @escaping @Sendable () -> UInt64) { self.now = now }
  public static let system = EngineClock {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(time.tv_sec) * 1_000 + UInt64(time.tv_nsec) / 1_000_000
  }
}

/// A client of a house. One engine, one store, one connection; everything of it happens on this actor, so a step is never disturbed.
public actor EngineHost {
  private var messenger: Messenger<SwiftCryptoProvider>
  private let store: any RecordStore
  private let clock: EngineClock
  private var outgoing: AsyncStream<[UInt8]>.Continuation?
  private var closeConnection: (@Sendable () -> Void)?
  private var waiting: [UInt32: CheckedContinuation<CommandResult, any Error>] = [:]
  private var nextToken: UInt32 = 1
  private var listeners: [UInt64: AsyncStream<Event>.Continuation] = [:]
  private var nextListener: UInt64 = 1
  private var timer: Task<Void, Never>?
  /// Why the store cannot be written; then the engine does nothing any more.
  private(set) public var failure: StoreError?
  private var isFinal = false
  /// A connection that holds long enough makes earlier failures forgotten, see `Reconnect`.
  private var connectedSince: UInt64?

  /// Opens what the store holds.
  /// - Throws: `StoreError`, `MessengerError.corruptStore`.
  public init(store: any RecordStore, storeKey: Secret, settings: EngineSettings = EngineSettings(), clock: EngineClock = .system) throws {
    self.store = store
    self.clock = clock
    messenger = Messenger(storeKey: storeKey, crypto: SwiftCryptoProvider(), settings: settings)
    try messenger.start(try Self.load(Messenger<SwiftCryptoProvider>.startRequest, from: store), at: clock.now())
  }

  public var view: EngineView { messenger.view }

  /// What happens from now on.
  public func events() -> AsyncStream<Event> {
    let id = nextListener
    nextListener += 1
    return AsyncStream { continuation in
      listeners[id] = continuation
      continuation.onTermination = { [weak self] _ in Task { await self?.stopListening(id) } }
    }
  }

  private func stopListening(_ id: UInt64) { listeners[id] = nil }

  /// Carries a command out.
  /// - Throws: `MessengerError`; `StoreError` where the store fails.
  public func perform(_ command: Command) async throws -> CommandResult {
    if let failure { throw failure }
    let token = nextToken
    nextToken += 1
    let result = try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<CommandResult, any Error>) in
      waiting[token] = continuation
      give(.command(token: token, command))
    }
    if case .failed(let error) = result { throw error }
    return result
  }

  // MARK: Steps

  private func give(_ input: Input) {
    if failure != nil { return }
    carry(out: messenger.handle(input, at: clock.now()))
  }

  /// In order: a write that fails stops everything behind it, so nothing leaves that is not stored.
  private func carry(out effects: [Effect]) {
    for effect in effects {
      switch effect {
      case .write(let changes):
        do throws(StoreError) { try store.write(changes.map { (key: $0.key, value: $0.value) }) } catch { return stop(error) }
      case .send(let frame): outgoing?.yield(frame)
      case .event(let event): deliver(event)
      case .load(let request):
        do throws(StoreError) {
          let records = try Self.load(request, from: store)
          carry(out: messenger.handle(.loaded(records), at: clock.now()))
        } catch { return stop(error) }
      case .wake(let time): wake(at: time)
      case .disconnect: closeConnection?()
      }
      if failure != nil { return }
    }
  }

  private func deliver(_ event: Event) {
    if case .completed(let token, let result) = event, let continuation = waiting.removeValue(forKey: token) { continuation.resume(returning: result) }
    if case .alarm(let alarm) = event, alarm == .revoked || alarm == .staleStore { isFinal = true }
    for listener in listeners.values { listener.yield(event) }
  }

  private func stop(_ error: StoreError) {
    failure = error
    for continuation in waiting.values { continuation.resume(throwing: error) }
    waiting = [:]
    for listener in listeners.values { listener.finish() }
    closeConnection?()
  }

  private func wake(at time: UInt64) {
    timer?.cancel()
    let now = clock.now()
    timer = Task { [weak self] in
      try? await Task.sleep(for: .milliseconds(time > now ? Int64(clamping: time - now) : 0))
      if !Task.isCancelled { await self?.tick() }
    }
  }

  private func tick() { give(.tick) }

  private static func load(_ request: LoadRequest, from store: any RecordStore) throws(StoreError) -> [StoredRecord] {
    switch request {
    case .keys(let keys): return zip(keys, try store.get(keys)).map { StoredRecord(key: $0, value: $1) }
    case .range(let prefix, let from, let limit, let newestFirst):
      return try store.scan(prefix: prefix, from: from, limit: limit, newestFirst: newestFirst).map { StoredRecord(key: $0.key, value: $0.value) }
    case .ranges(let prefixes):
      var records: [StoredRecord] = []
      for prefix in prefixes {
        for entry in try store.scan(prefix: prefix, from: nil, limit: .max, newestFirst: false) {
          records.append(StoredRecord(key: entry.key, value: entry.value))
        }
      }
      return records
    }
  }

  // MARK: Connection

  /// Connects, and again whenever the connection ends, until the task is cancelled or there is no use in it.
  /// - Throws: `StoreError` where the store fails; `CancellationError`.
  public func run(_ endpoint: ConnectionEndpoint, trust: ConnectionTrust = .system, settings: ConnectionSettings = ConnectionSettings()) async throws {
    var reconnect = Reconnect()
    while true {
      try Task.checkCancellation()
      if let failure { throw failure }
      if isFinal { return }
      do {
        try await WebSocketConnection.with(endpoint, trust: trust, settings: settings) { connection in
          try await self.converse(connection)
        }
      } catch is CancellationError { throw CancellationError() } catch { lastConnectionError = error as? ConnectionError }
      if let since = connectedSince { reconnect.connected(at: since) }
      connectedSince = nil
      disconnected()
      if let failure { throw failure }
      if isFinal { return }
      let now = clock.now()
      var generator = SystemRandomNumberGenerator()
      switch reconnect.ended(.lost, at: now, random: generator.next()) {
      case .connect: continue
      case .giveUp: return
      case .wait(let until): try await Task.sleep(for: .milliseconds(until > now ? Int64(clamping: until - now) : 0))
      }
    }
  }

  /// Why the last attempt has failed, for people.
  public private(set) var lastConnectionError: ConnectionError?

  private func converse(_ connection: WebSocketConnection) async throws {
    let (frames, continuation) = AsyncStream<[UInt8]>.makeStream()
    outgoing = continuation
    connectedSince = clock.now()
    closeConnection = { connection.close() }
    lastConnectionError = nil
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { for await frame in frames { try await connection.send(frame) } }
      group.addTask {
        await self.give(.connected)
        for await frame in connection.frames { await self.give(.frame(frame)) }
        continuation.finish()
      }
      try await withTaskCancellationHandler {
        try await group.waitForAll()
      } onCancel: {
        connection.close()
      }
    }
  }

  private func disconnected() {
    outgoing?.finish()
    outgoing = nil
    closeConnection = nil
    give(.disconnected)
  }

  // MARK: Waiting

  /// Waits until the engine's state satisfies a condition.
  /// - Returns: whether it did within the time.
  public func wait(upTo milliseconds: Int64, until condition: @escaping @Sendable (EngineView) -> Bool) async -> Bool {
    if condition(view) { return true }
    let stream = events()
    return await withTaskGroup(of: Bool.self) { group in
      group.addTask {
        for await _ in stream where await condition(self.view) { return true }
        return false
      }
      group.addTask {
        try? await Task.sleep(for: .milliseconds(milliseconds))
        return false
      }
      let result = await group.next() ?? false
      group.cancelAll()
      if result { return true }
      return condition(view)
    }
  }
}
