// From an address to an upgraded WebSocket, or to the reason why not.
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import Synchronization
import Wire

struct ConnectionAttempt: Sendable {
  /// A connection after the upgrade.
  struct Socket: Sendable {
    var messages: NIOAsyncChannel<ByteBuffer, Never>
    var session: NIOLoopBound<ConnectionSession>
    var end: EventLoopFuture<ConnectionEnd>
  }

  private enum Negotiated: Sendable {
    case socket(Socket)
    /// An HTTP answer instead.
    case refused(EventLoopFuture<Int>)
  }

  /// One TCP connection; a name with several addresses begins several.
  private struct Begun: Sendable {
    var negotiated: EventLoopFuture<Negotiated>
    var errors: ConnectionErrors.Seen
  }

  let endpoint: ConnectionEndpoint
  let trust: ConnectionTrust
  let settings: ConnectionSettings
  let group: any EventLoopGroup

  func run() async throws(ConnectionError) -> Socket {
    let tls = endpoint.isSecure ? try tlsContext() : nil
    let begun: Begun
    do {
      begun = try await ClientBootstrap(group: group).connectTimeout(.milliseconds(settings.connectMilliseconds))
        .connect(host: endpoint.host, port: endpoint.port) { channel in
          channel.eventLoop.makeCompletedFuture { try initialize(channel, tls: tls) }
        }
    } catch is ChannelError { throw .timedOut } catch { throw .unreachable }
    do {
      switch try await begun.negotiated.get() {
      case .socket(let socket): return socket
      case .refused(let status): throw ConnectionError.refused(status: try await status.get())
      }
    } catch let error as ConnectionError { throw error } catch {
      // The same error, or what followed from it: whichever is seen first, on this thread or the event loop's.
      throw begun.errors.reason(unlessSeen: error)
    }
  }

  private func tlsContext() throws(ConnectionError) -> NIOSSLContext {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = ["http/1.1"]
    configuration.shutdownTimeout = .seconds(1)
    do {
      if case .authorities(let file) = trust { configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(file)) }
      return try NIOSSLContext(configuration: configuration)
    } catch { throw .trustFile }
  }

  private func initialize(_ channel: any Channel, tls: NIOSSLContext?) throws -> Begun {
    let errors = ConnectionErrors.Seen()
    let pipeline = channel.pipeline.syncOperations
    let activity = NIOLoopBound(ConnectionActivity(), eventLoop: channel.eventLoop)
    try pipeline.addHandler(activity.value)
    if let tls {
      // An address is no name (RFC 6066 §3); it is compared with the certificate's addresses.
      let isAddress = (try? SocketAddress(ipAddress: endpoint.host, port: endpoint.port)) != nil
      try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : endpoint.host))
    }
    let head = HTTPRequestHead(
      version: .http1_1, method: .GET, uri: ConnectionEndpoint.path,
      headers: ["Host": endpoint.authority, "Sec-WebSocket-Protocol": WireVersion.subprotocol])
    let errorHandler = NIOLoopBound(ConnectionErrors(seen: errors), eventLoop: channel.eventLoop)
    let upgrader = NIOTypedWebSocketClientUpgrader<Negotiated>(maxFrameSize: settings.frameBytes, enableAutomaticErrorHandling: false) { channel, answer in
      channel.eventLoop.makeCompletedFuture {
        guard answer.headers["sec-websocket-protocol"] == [WireVersion.subprotocol] else { throw ConnectionError.notAHouse }
        return .socket(try becomeSocket(channel, activity.value, errorHandler.value))
      }
    }
    var configuration = NIOUpgradableHTTPClientPipelineConfiguration<Negotiated>(
      upgradeConfiguration: .init(upgradeRequestHead: head, upgraders: [upgrader]) { channel in
        channel.eventLoop.makeCompletedFuture {
          let reader = ConnectionStatusReader(promise: channel.eventLoop.makePromise(of: Int.self))
          try channel.pipeline.syncOperations.addHandler(reader, position: .before(errorHandler.value))
          return .refused(reader.promise.futureResult)
        }
      })
    // The server may speak in the same packet as its 101.
    configuration.leftOverBytesStrategy = .forwardBytes
    let negotiated = try pipeline.configureUpgradableHTTPClientPipeline(configuration: configuration)
    try pipeline.addHandler(errorHandler.value)
    let deadline = channel.eventLoop.scheduleTask(in: .milliseconds(settings.connectMilliseconds)) {
      errors.add(ConnectionError.timedOut)
      channel.close(promise: nil)
    }
    negotiated.whenComplete { result in
      deadline.cancel()
      if case .failure = result { channel.close(promise: nil) }
    }
    return Begun(negotiated: negotiated, errors: errors)
  }

  private func becomeSocket(_ channel: any Channel, _ activity: ConnectionActivity, _ errors: ConnectionErrors) throws -> Socket {
    let pipeline = channel.pipeline.syncOperations
    pipeline.removeHandler(errors, promise: nil)
    let end = channel.eventLoop.makePromise(of: ConnectionEnd.self)
    let session = ConnectionSession(settings: settings, activity: activity) { end.succeed($0) }
    try pipeline.addHandler(
      NIOWebSocketFrameAggregator(minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 1_024, maxAccumulatedFrameSize: settings.frameBytes))
    try pipeline.addHandler(session)
    let messages = try NIOAsyncChannel<ByteBuffer, Never>(
      wrappingChannelSynchronously: channel, configuration: .init(backPressureStrategy: .init(lowWatermark: 1, highWatermark: 4)))
    return Socket(messages: messages, session: NIOLoopBound(session, eventLoop: channel.eventLoop), end: end.futureResult)
  }
}

/// Remembers why an attempt failed: the upgrade itself only knows that the connection is gone.
final class ConnectionErrors: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPClientResponsePart

  final class Seen: Sendable {
    private let first = Mutex<ConnectionError?>(nil)
    func add(_ error: any Error) { _ = reason(unlessSeen: error) }

    /// The reason that was seen first; where none was, what this error means.
    func reason(unlessSeen error: any Error) -> ConnectionError {
      let reason: ConnectionError =
        switch error {
        case let error as ConnectionError: error
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: .certificate
        case is IOError, is ChannelError: .unreachable
        default: .notAHouse
        }
      return first.withLock { seen in
        if seen == nil { seen = reason }
        return seen ?? reason
      }
    }
  }

  private let seen: Seen
  init(seen: Seen) { self.seen = seen }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    seen.add(error)
    context.close(promise: nil)
  }
}

/// Reads the status of an answer that is no upgrade.
final class ConnectionStatusReader: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart
  let promise: EventLoopPromise<Int>
  init(promise: EventLoopPromise<Int>) { self.promise = promise }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .head(let head) = Self.unwrapInboundIn(data) else { return }
    promise.succeed(Int(head.status.code))
    context.close(promise: nil)
  }

  func handlerRemoved(context: ChannelHandlerContext) { promise.fail(ConnectionError.notAHouse) }
}
