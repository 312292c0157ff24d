// The WebSocket's rules on the client's side: masking, pings, silence, and the closing handshake (RFC 6455 §5, §7).
import NIOCore
import NIOWebSocket

/// The first handler: when did the last byte come?
final class ConnectionActivity: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  private(set) var last = NIODeadline.now()

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    last = .now()
    context.fireChannelRead(data)
  }
}

/// The last of our handlers: whole binary messages inwards and outwards.
final class ConnectionSession: ChannelInboundHandler {
  typealias InboundIn = WebSocketFrame
  typealias InboundOut = ByteBuffer
  typealias OutboundOut = WebSocketFrame

  private enum State { case open, closing, closed }

  private let settings: ConnectionSettings
  private let activity: ConnectionActivity
  private let onEnd: (ConnectionEnd) -> Void
  private var state = State.open
  private var context: ChannelHandlerContext?
  private var tick: Scheduled<Void>?
  private var closing: Scheduled<Void>?

  /// - Parameter onEnd: called once, on the event loop.
  init(settings: ConnectionSettings, activity: ConnectionActivity, onEnd: @escaping (ConnectionEnd) -> Void) {
    self.settings = settings
    self.activity = activity
    self.onEnd = onEnd
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    scheduleTick(context)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    end(.lost)
    closing?.cancel()
    self.context = nil
  }

  private func scheduleTick(_ context: ChannelHandlerContext) {
    // Often enough that neither limit is missed by more than half of it.
    let pause = min(settings.pingMilliseconds, settings.idleMilliseconds) / 2
    tick = context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(max(1, pause))) { self.look() }
  }

  private func look() {
    guard state == .open, let context else { return }
    let silence = NIODeadline.now() - activity.last
    if silence >= .milliseconds(settings.idleMilliseconds) {
      end(.idle)
      return context.close(promise: nil)
    }
    if silence >= .milliseconds(settings.pingMilliseconds) { write(.ping, ByteBuffer(), context, promise: nil) }
    scheduleTick(context)
  }

  private func end(_ reason: ConnectionEnd) {
    guard state != .closed else { return }
    if state == .open { onEnd(reason) }
    state = .closed
    tick?.cancel()
  }

  /// RFC 6455 §5.1: a client masks every frame, with a fresh key.
  private func write(_ opcode: WebSocketOpcode, _ data: ByteBuffer, _ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
    context.writeAndFlush(Self.wrapOutboundOut(WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data)), promise: promise)
  }

  /// Sends one message; on the event loop. The promise is kept when the operating system has taken it.
  func send(_ bytes: [UInt8], promise: EventLoopPromise<Void>) {
    guard state == .open, let context else { return promise.fail(ChannelError.ioOnClosedChannel) }
    write(.binary, ByteBuffer(bytes: bytes), context, promise: promise)
  }

  /// Sends a close frame and waits a little for the answer; on the event loop.
  func close(_ code: WebSocketErrorCode = .normalClosure, _ reason: ConnectionEnd = .ended) {
    guard state == .open, let context else { return }
    onEnd(reason)
    state = .closing
    tick?.cancel()
    var data = ByteBuffer()
    data.write(webSocketErrorCode: code)
    write(.connectionClose, data, context, promise: nil)
    closing = context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(settings.closeMilliseconds)) { self.context?.close(promise: nil) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let frame = Self.unwrapInboundIn(data)
    // RFC 6455 §5.1: a client MUST close a connection if it detects a masked frame; §5.2 for the reserved bits.
    guard frame.maskKey == nil, !frame.rsv1, !frame.rsv2, !frame.rsv3 else { return close(.protocolError, .protocolError) }
    if frame.opcode == .connectionClose {
      guard state == .open else { return context.close(promise: nil) }
      var payload = frame.data
      let code: UInt16? = payload.readInteger()
      end(.closed(code: code))
      let done = context.eventLoop.makePromise(of: Void.self)
      done.futureResult.assumeIsolated().whenComplete { _ in self.context?.close(promise: nil) }
      return write(.connectionClose, code.map { ByteBuffer(integer: $0) } ?? ByteBuffer(), context, promise: done)
    }
    guard state == .open else { return }
    switch frame.opcode {
    case .binary: context.fireChannelRead(Self.wrapInboundOut(frame.data))
    case .ping: write(.pong, frame.data, context, promise: nil)
    case .pong: break
    case .text: close(.unacceptableData, .protocolError)
    default: close(.protocolError, .protocolError)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    case NIOWebSocketError.invalidFrameLength, NIOWebSocketFrameAggregator.Error.accumulatedFrameSizeIsTooLarge: close(.messageTooLarge, .protocolError)
    case is NIOWebSocketError, is NIOWebSocketFrameAggregator.Error: close(.protocolError, .protocolError)
    default:
      end(.lost)
      context.close(promise: nil)
    }
  }
}
