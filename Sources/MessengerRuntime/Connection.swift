// One connection to a house: TLS, the upgrade to a WebSocket, and then whole frames in both directions.
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import Synchronization
import Wire

/// An open WebSocket. It lives as long as the closure that it is given to.
public final class WebSocketConnection: Sendable {
  private let channel: any Channel
  private let session: NIOLoopBound<ConnectionSession>
  private let outcome: Mutex<ConnectionEnd?>

  /// What the server sends, one element for each binary message. It ends with the connection; `end` says why. Only one may read it.
  /// Where it is not read, the server is made to wait.
  public let frames: Frames

  /// How the connection ended; nil while it is open.
  public var end: ConnectionEnd? { outcome.withLock { $0 } }

  private init(channel: any Channel, session: NIOLoopBound<ConnectionSession>, frames: Frames) {
    self.channel = channel
    self.session = session
    self.frames = frames
    outcome = Mutex(nil)
  }

  /// Messages of the server.
  public struct Frames: AsyncSequence, Sendable {
    public typealias Element = [UInt8]
    public typealias Failure = Never
    let messages: NIOAsyncChannelInboundStream<ByteBuffer>

    public struct AsyncIterator: AsyncIteratorProtocol {
      var messages: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
      public mutating func next() async -> [UInt8]? {
        guard let message = try? await messages.next() else { return nil }
        return Array(message.readableBytesView)
      }
      public mutating func next(isolation actor: isolated (any Actor)?) async -> [UInt8]? {
        guard let message = try? await messages.next(isolation: actor) else { return nil }
        return Array(message.readableBytesView)
      }
    }
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(messages: messages.makeAsyncIterator()) }
  }

  /// Sends one binary message. Returns when the operating system has taken it, so whoever waits sends no faster than the line allows. Messages of
  /// one task keep their order.
  public func send(_ frame: [UInt8]) async throws(ConnectionError) {
    do {
      try await channel.eventLoop.flatSubmit { [channel, session] in
        let promise = channel.eventLoop.makePromise(of: Void.self)
        session.value.send(frame, promise: promise)
        return promise.futureResult
      }.get()
    } catch { throw .closed }
  }

  /// Says goodbye and ends `frames`.
  public func close() { channel.eventLoop.execute { [session] in session.value.close() } }

  /// Connects, runs `body` with the connection, and closes it.
  /// - Throws: `ConnectionError` where there is no connection; else what `body` throws.
  public static func with<Result: Sendable>(
    _ endpoint: ConnectionEndpoint, trust: ConnectionTrust = .system, settings: ConnectionSettings = ConnectionSettings(),
    group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton, _ body: @Sendable (WebSocketConnection) async throws -> Result
  ) async throws -> Result {
    let socket = try await ConnectionAttempt(endpoint: endpoint, trust: trust, settings: settings, group: group).run()
    return try await socket.messages.executeThenClose { inbound in
      let connection = WebSocketConnection(channel: socket.messages.channel, session: socket.session, frames: Frames(messages: inbound))
      socket.end.whenSuccess { end in connection.outcome.withLock { $0 = end } }
      do {
        let result = try await body(connection)
        await connection.finish()
        return result
      } catch {
        await connection.finish()
        throw error
      }
    }
  }

  /// Waits for the end of the closing handshake, which is bounded in time.
  private func finish() async {
    close()
    try? await channel.closeFuture.get()
  }
}
