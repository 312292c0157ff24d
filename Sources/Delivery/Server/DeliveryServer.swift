// The hub as an actor: what the WebSocket server holds.
import CryptoInterface
import Wire

/// A delivery server on a store. Frames that arrive while a transaction is written to disk share the next one.
public actor DeliveryServer<Store: DeliveryStore, Crypto: CryptoProvider>: DeliveryFrontEnd {
  private struct Waiting {
    let connection: ConnectionID
    let frame: [UInt8]
    let done: CheckedContinuation<Void, Never>
  }
  /// Frames in one transaction: bounds how long the first of them waits for the last.
  private static var batch: Int { 256 }

  private var hub: DeliveryHub<Store, Crypto>
  private let clock: @Sendable () -> UInt64
  private var queue: [Waiting] = []
  private var isScheduled = false

  /// - Parameter clock: milliseconds since 1970.
  public init(store: Store, configuration: DeliveryConfiguration, crypto: Crypto, clock: @escaping @Sendable () -> UInt64) {
    hub = DeliveryHub(store: store, core: DeliveryCore(configuration, crypto: crypto))
    self.clock = clock
  }

  public func open(_ connection: ConnectionID, address: AddressTag, output: @escaping FrameOutput) {
    hub.open(connection, address: address, output: output)
  }

  public func receive(_ frame: [UInt8], on connection: ConnectionID) async {
    await withCheckedContinuation { done in
      queue.append(Waiting(connection: connection, frame: frame, done: done))
      schedule()
    }
  }

  public func close(_ connection: ConnectionID) { hub.close(connection) }

  /// Deletes what has lain long enough: call it every hour or so.
  public func expire() throws { try hub.expire(at: clock()) }

  /// Says goodbye to all connections.
  public func goDown() { hub.goDown() }

  public var connectionCount: Int { hub.connectionCount }
  public var deviceCount: Int { hub.deviceCount }

  private func schedule() {
    guard !isScheduled, !queue.isEmpty else { return }
    isScheduled = true
    // In its own turn: what else has arrived by then comes along.
    Task { work() }
  }

  private func work() {
    isScheduled = false
    let batch = queue.prefix(Self.batch)
    queue.removeFirst(batch.count)
    hub.receive(batch.map { ($0.connection, $0.frame) }, at: clock())
    for waiting in batch { waiting.done.resume() }
    schedule()
  }
}
