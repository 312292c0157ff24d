// Every connection's pipeline: TLS, HTTP/1.1, and for `/connect` the WebSocket, on one port. Called by Hummingbird's server for each connection.
import Delivery
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOWebSocket
import Synchronization
import Wire

/// Hands WebSockets to the front end and everything else to Hummingbird's responder.
struct HouseChannel<FrontEnd: DeliveryFrontEnd>: HTTPChannelHandler {
  typealias Pages = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

  /// A connection that has become a WebSocket.
  struct Socket: Sendable {
    var messages: NIOAsyncChannel<ByteBuffer, Never>
    var session: NIOLoopBound<WebSocketSession>
    var address: AddressTag
  }

  enum Negotiated: Sendable {
    case pages(Pages)
    case socket(Socket)
  }

  struct Value: ServerChildChannelValue {
    /// What the connection becomes; known when the first request head is there.
    let negotiated: EventLoopFuture<Negotiated>
    let channel: any Channel
  }

  let responder: HTTPChannelHandler.Responder
  let frontEnd: FrontEnd
  let house: HouseState

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    channel.eventLoop.makeCompletedFuture {
      do { try house.admit(channel) } catch {
        // A set-up that fails leaves the connection open.
        channel.close(promise: nil)
        throw error
      }
      let pipeline = channel.pipeline.syncOperations
      let connectionGuard = ConnectionGuard(limits: house.limits)
      try pipeline.addHandler(connectionGuard)
      if let certificates = house.certificates { try pipeline.addHandler(certificates.makeHandler()) }
      let bound = NIOLoopBound(connectionGuard, eventLoop: channel.eventLoop)
      let requestErrors = NIOLoopBound(RequestErrors(), eventLoop: channel.eventLoop)
      var configuration = NIOUpgradableHTTPServerPipelineConfiguration<Negotiated>(
        upgradeConfiguration: .init(upgraders: [upgrader(bound, requestErrors)]) { channel in
          channel.eventLoop.makeCompletedFuture { .pages(try becomePages(channel, bound, requestErrors, logger)) }
        })
      // The asynchronous channel takes requests one after the other, `RequestErrors` and Hummingbird answer errors, HTTPTypes checks fields.
      configuration.enablePipelining = false
      configuration.enableErrorHandling = false
      configuration.enableResponseHeaderValidation = false
      configuration.decoderConfiguration.maxHeaderListSize = house.limits.requestBytes
      configuration.decoderConfiguration.maxHeaderFieldSize = house.limits.requestBytes
      let negotiated = try pipeline.configureUpgradableHTTPServerPipeline(configuration: configuration)
      try pipeline.addHandler(
        UpgradeFilter { [house] in house.mayUpgrade($0, $1) },
        position: .before(try pipeline.handler(type: NIOTypedHTTPServerUpgradeHandler<Negotiated>.self)))
      try pipeline.addHandler(requestErrors.value)
      return Value(negotiated: negotiated, channel: channel)
    }
  }

  private func becomePages(
    _ channel: any Channel, _ connectionGuard: NIOLoopBound<ConnectionGuard>, _ requestErrors: NIOLoopBound<RequestErrors>, _ logger: Logger
  ) throws -> Pages {
    let pipeline = channel.pipeline.syncOperations
    connectionGuard.value.becamePage()
    pipeline.removeHandler(requestErrors.value, promise: nil)
    try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: house.certificates != nil))
    try pipeline.addHandler(HTTPConnectionStateHandler(idleTimeout: .nanoseconds(house.limits.requestTime.nanoseconds), logger: logger))
    return try Pages(wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
  }

  private func upgrader(
    _ connectionGuard: NIOLoopBound<ConnectionGuard>, _ requestErrors: NIOLoopBound<RequestErrors>
  ) -> NIOTypedWebSocketServerUpgrader<Negotiated> {
    NIOTypedWebSocketServerUpgrader<Negotiated>(
      maxFrameSize: house.limits.frameBytes, enableAutomaticErrorHandling: false,
      // `UpgradeFilter` has decided.
      shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture(["Sec-WebSocket-Protocol": WireVersion.subprotocol]) },
      upgradePipelineHandler: { channel, head in
        channel.eventLoop.makeCompletedFuture { .socket(try becomeSocket(channel, head, connectionGuard, requestErrors)) }
      })
  }

  private func becomeSocket(
    _ channel: any Channel, _ head: HTTPRequestHead, _ connectionGuard: NIOLoopBound<ConnectionGuard>, _ requestErrors: NIOLoopBound<RequestErrors>
  ) throws -> Socket {
    let pipeline = channel.pipeline.syncOperations
    connectionGuard.value.becameSocket()
    pipeline.removeHandler(requestErrors.value, promise: nil)
    let session = WebSocketSession(limits: house.limits, connectionGuard: connectionGuard.value) { [metrics = house.metrics] in metrics.ended($0) }
    try pipeline.addHandler(FrameRules())
    try pipeline.addHandler(
      NIOWebSocketFrameAggregator(
        minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: house.limits.fragments, maxAccumulatedFrameSize: house.limits.frameBytes))
    try pipeline.addHandler(session)
    // One message waits while one is handled; further ones stay in the socket, where TCP makes the client wait.
    let messages = try NIOAsyncChannel<ByteBuffer, Never>(
      wrappingChannelSynchronously: channel, configuration: .init(backPressureStrategy: .init(lowWatermark: 1, highWatermark: 2)))
    return Socket(
      messages: messages, session: NIOLoopBound(session, eventLoop: channel.eventLoop),
      address: house.clientAddress(peer: channel.remoteAddress, forwarded: head.headers["x-forwarded-for"]).tag)
  }

  func handle(value: Value, logger: Logger) async {
    switch try? await value.negotiated.get() {
    case .pages(let pages): await handleHTTP(asyncChannel: pages, logger: logger)
    case .socket(let socket): await serve(socket)
    case nil: value.channel.close(promise: nil)
    }
  }

  /// One connection from open to close: its messages go to the front end one after the other.
  private func serve(_ socket: Socket) async {
    let id = house.nextConnection()
    let metrics = house.metrics
    metrics.opened()
    house.log.debug("connection opened", metadata: ["connection": "\(id.rawValue)"])
    let session = socket.session
    let eventLoop = socket.messages.channel.eventLoop
    await frontEnd.open(id, address: socket.address) { bytes in
      metrics.sent(bytes)
      eventLoop.execute { session.value.send(bytes) }
    }
    // How it ended is the session's to count; here only that it did.
    try? await socket.messages.executeThenClose { inbound in
      for try await message in inbound {
        let begun = ContinuousClock.now
        let bytes = Array(message.readableBytesView)
        await frontEnd.receive(bytes, on: id)
        metrics.received(bytes, took: ContinuousClock.now - begun)
      }
    }
    await frontEnd.close(id)
    metrics.closed()
    house.log.debug("connection closed", metadata: ["connection": "\(id.rawValue)"])
  }
}
