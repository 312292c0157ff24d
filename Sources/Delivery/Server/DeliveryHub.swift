// All connections of a server: frames in, frames out, many requests in one transaction. Synchronous; `DeliveryServer` is its actor, the simulator its clock.
import CryptoInterface
import TLSCodec
import Wire

/// Takes encoded `ServerFrame`s of one connection in order; empty: close the connection.
public typealias FrameOutput = @Sendable ([UInt8]) -> Void

/// The connections and the core.
public struct DeliveryHub<Store: DeliveryStore, Crypto: CryptoProvider> {
  private struct Connection {
    var session: Session
    let output: FrameOutput
  }
  private struct Work {
    let connection: ConnectionID
    let number: UInt32
    let request: Request
  }

  public let store: Store
  private var core: DeliveryCore<Crypto>
  private var connections: [ConnectionID: Connection] = [:]
  private var byDevice: [[UInt8]: ConnectionID] = [:]
  private var byMailbox: [[UInt8]: ConnectionID] = [:]

  public init(store: Store, core: DeliveryCore<Crypto>) {
    self.store = store
    self.core = core
  }

  public var connectionCount: Int { connections.count }
  /// Connections on which a device has logged in.
  public var deviceCount: Int { byDevice.count }

  public mutating func open(_ connection: ConnectionID, address: AddressTag, output: @escaping FrameOutput) {
    connections[connection] = Connection(session: Session(connection: connection, address: address), output: output)
  }

  public mutating func close(_ connection: ConnectionID) {
    guard let closed = connections.removeValue(forKey: connection), let member = closed.session.member else { return }
    if byDevice[member.device] == connection { byDevice[member.device] = nil }
    if byMailbox[member.mailbox] == connection { byMailbox[member.mailbox] = nil }
  }

  /// Handles frames in order, in one transaction; each is all or nothing by itself. Answers leave when the transaction is on disk.
  /// - Parameter now: milliseconds since 1970.
  public mutating func receive(_ frames: [(connection: ConnectionID, frame: [UInt8])], at now: UInt64) {
    let work = frames.compactMap { decode($0.frame, on: $0.connection) }
    guard !work.isEmpty else { return }
    var sessions: [ConnectionID: Session] = [:]
    for item in work { sessions[item.connection] = connections[item.connection]?.session }
    var outcomes: [Outcome] = []
    do {
      outcomes = try store.write { transaction in
        try work.map { item in
          guard var session = sessions[item.connection] else { return Outcome(.refused(Refusal(.notLoggedIn))) }
          do {
            let outcome = try transaction.savepoint { try core.handle(item.request, session: &session, at: now, in: transaction) }
            sessions[item.connection] = session
            return outcome
          } catch let refusal as Refusal {
            return Outcome(.refused(refusal))
          }
        }
      }
    } catch {
      // Nothing was kept; the sessions are as they were.
      for item in work { send(.answer(number: item.number, .refused(Refusal(.unavailable, retryAfter: 5))), to: item.connection) }
      return
    }
    for (connection, session) in sessions { connections[connection]?.session = session }
    var filled: Set<[UInt8]> = []
    for (item, outcome) in zip(work, outcomes) {
      send(.answer(number: item.number, outcome.answer), to: item.connection)
      if let device = outcome.loggedIn { register(device, item.connection) }
      for (to, push) in outcome.pushes { send(push, to: to) }
      for (to, code) in outcome.goodbyes { for connection in found(to) { end(connection, code) } }
      filled.formUnion(outcome.filled)
    }
    pump(filled)
  }

  /// Deletes what has lain long enough.
  public mutating func expire(at now: UInt64) throws { try store.write { try core.expire(at: now, in: $0) } }

  /// Ends all connections.
  public mutating func goDown() {
    for connection in Array(connections.keys) { end(connection, .goingDown) }
  }

  // MARK: Frames

  private mutating func decode(_ frame: [UInt8], on connection: ConnectionID) -> Work? {
    guard connections[connection] != nil else { return nil }
    guard frame.count <= WireLimits.frameBytes else {
      end(connection, .tooLarge)
      return nil
    }
    do {
      let decoded = try ClientFrame(decoding: frame)
      return Work(connection: connection, number: decoded.number, request: decoded.request)
    } catch {
      var reader = Reader(frame)
      if let number = try? reader.uint32(), number != 0 {
        send(.answer(number: number, .refused(Refusal(.malformed))), to: connection)
      } else {
        end(connection, .malformed)
      }
      return nil
    }
  }

  private func send(_ content: ServerFrame.Content, to connection: ConnectionID) {
    connections[connection]?.output(ServerFrame(content).encoded())
  }

  private func send(_ push: Push, to recipient: Recipient) {
    let connections = found(recipient)
    guard !connections.isEmpty else { return }
    let frame = ServerFrame(.push(push)).encoded()
    for connection in connections { self.connections[connection]?.output(frame) }
  }

  private func found(_ recipient: Recipient) -> [ConnectionID] {
    switch recipient {
    case .device(let device): byDevice[device].map { [$0] } ?? []
    case .connection(let connection): connections[connection] == nil ? [] : [connection]
    case .everybody: Array(byDevice.values)
    }
  }

  /// Says goodbye and lets the host close.
  private mutating func end(_ connection: ConnectionID, _ code: RefusalCode) {
    send(.push(.goodbye(code)), to: connection)
    connections[connection]?.output([])
    close(connection)
  }

  /// A device is served on one connection: the newest.
  private mutating func register(_ device: [UInt8], _ connection: ConnectionID) {
    guard let session = connections[connection]?.session, let member = session.member, member.device == device else { return }
    if let old = byDevice[device], old != connection { end(old, .replaced) }
    byDevice[device] = connection
    byMailbox[member.mailbox] = connection
  }

  /// Gives mailboxes that have got rows, or room for more in flight, to their devices.
  private mutating func pump(_ mailboxes: Set<[UInt8]>) {
    for mailbox in mailboxes {
      guard let connection = byMailbox[mailbox], var session = connections[connection]?.session else { continue }
      do {
        let pushes = try store.read { try core.deliveries(&session, in: $0) }
        connections[connection]?.session = session
        for push in pushes { send(.push(push), to: connection) }
      } catch {
        // The device connects again and asks again.
        end(connection, .unavailable)
      }
    }
  }
}
