// One WebSocket: whole binary messages inwards; outwards a bounded queue, pings, and the closing handshake (RFC 6455 §5.5, §7).
import NIOCore
import NIOWebSocket
import TLSCodec
import Wire

/// Why a WebSocket ended; for counting.
enum SessionEnd: String, Sendable, CaseIterable {
  case peer, idle, slow, protocolError, unacceptable, tooLarge, frontEnd, goingDown
}

/// The last of our handlers; behind it stands the asynchronous channel that takes messages one after the other.
final class WebSocketSession: ChannelInboundHandler {
  typealias InboundIn = WebSocketFrame
  typealias InboundOut = ByteBuffer
  typealias OutboundOut = WebSocketFrame

  private enum State {
    case open
    /// Our close frame is sent; theirs is waited for.
    case closing
    case closed
  }

  private let limits: TransportLimits
  private let connectionGuard: ConnectionGuard
  private let onEnd: (SessionEnd) -> Void
  private var state = State.open
  private var context: ChannelHandlerContext?
  private var pings: Scheduled<Void>?
  private var closing: Scheduled<Void>?
  /// Bytes that are written and not yet taken by the operating system.
  private var unsent = 0
  private var flushes = false
  /// The last push was a goodbye because the server goes down.
  private var saidGoingDown = false

  /// So that empty frames count too.
  private static let frameOverhead = 16
  static let goingDown = ServerFrame(.push(.goodbye(.goingDown))).encoded()

  /// - Parameter onEnd: called once, on the event loop.
  init(limits: TransportLimits, connectionGuard: ConnectionGuard, onEnd: @escaping (SessionEnd) -> Void) {
    self.limits = limits
    self.connectionGuard = connectionGuard
    self.onEnd = onEnd
  }

  // MARK: Life

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    scheduleTick(context)
  }

  private func scheduleTick(_ context: ChannelHandlerContext) {
    pings = context.eventLoop.assumeIsolated().scheduleTask(in: limits.pingInterval) { self.tick() }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    end(.peer)
    closing?.cancel()
    self.context = nil
  }

  private func tick() {
    guard state == .open, let context else { return }
    // Half an interval of grace: timers and networks are not exact.
    if connectionGuard.silence + .nanoseconds(limits.pingInterval.nanoseconds / 2) > limits.idleTime {
      end(.idle)
      return context.close(promise: nil)
    }
    context.writeAndFlush(Self.wrapOutboundOut(WebSocketFrame(fin: true, opcode: .ping, data: ByteBuffer())), promise: nil)
    scheduleTick(context)
  }

  private func end(_ reason: SessionEnd) {
    guard state != .closed else { return }
    if state == .open { onEnd(reason) }
    state = .closed
    pings?.cancel()
  }

  /// Sends a close frame and waits a little for the answer.
  private func close(_ code: WebSocketErrorCode, _ reason: SessionEnd) {
    guard state == .open, let context else { return }
    onEnd(reason)
    state = .closing
    pings?.cancel()
    var data = ByteBuffer()
    data.write(webSocketErrorCode: code)
    context.writeAndFlush(Self.wrapOutboundOut(WebSocketFrame(fin: true, opcode: .connectionClose, data: data)), promise: nil)
    closing = context.eventLoop.assumeIsolated().scheduleTask(in: limits.closeTime) { self.drop() }
  }

  private func drop() {
    state = .closed
    context?.close(promise: nil)
  }

  // MARK: Outwards

  /// Queues one message; on the event loop. Without bytes: the front end ends the connection.
  func send(_ bytes: [UInt8]) {
    guard state == .open, let context else { return }
    if bytes.isEmpty {
      return saidGoingDown ? close(.goingAway, .goingDown) : close(.policyViolation, .frontEnd)
    }
    saidGoingDown = bytes == Self.goingDown
    write(WebSocketFrame(fin: true, opcode: .binary, data: ByteBuffer(bytes: bytes)), context)
  }

  private func write(_ frame: WebSocketFrame, _ context: ChannelHandlerContext) {
    guard unsent <= limits.unsentBytes else {
      // No close frame: it would stand behind what the client does not read.
      end(.slow)
      return context.close(promise: nil)
    }
    let size = frame.length + Self.frameOverhead
    unsent += size
    let promise = context.eventLoop.makePromise(of: Void.self)
    promise.futureResult.assumeIsolated().whenComplete { _ in self.unsent -= size }
    context.write(Self.wrapOutboundOut(frame), promise: promise)
    flushSoon(context)
  }

  /// One system call for what is queued in one turn of the event loop.
  private func flushSoon(_ context: ChannelHandlerContext) {
    guard !flushes else { return }
    flushes = true
    context.eventLoop.assumeIsolated().execute {
      self.flushes = false
      self.context?.flush()
    }
  }

  // MARK: Inwards

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let frame = Self.unwrapInboundIn(data)
    if frame.opcode == .connectionClose { return peerCloses(context, frame) }
    guard state == .open else { return }
    switch frame.opcode {
    case .binary: context.fireChannelRead(Self.wrapInboundOut(frame.unmaskedData))
    case .ping: write(WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData), context)
    case .pong: break
    case .text: close(.unacceptableData, .unacceptable)
    default: close(.protocolError, .protocolError)
    }
  }

  private func peerCloses(_ context: ChannelHandlerContext, _ frame: WebSocketFrame) {
    guard state == .open else { return drop() }
    end(.peer)
    // RFC 6455 §5.5.1: the answer typically echoes the code; what may not be sent (§7.4.1) is a protocol error.
    var data = frame.unmaskedData
    let code: UInt16? = data.readInteger()
    var answer = ByteBuffer()
    if let code {
      let valid = (1000...1014).contains(code) && ![1004, 1005, 1006].contains(code) || (3000...4999).contains(code)
      answer.writeInteger(valid ? code : 1002)
    }
    context.writeAndFlush(Self.wrapOutboundOut(WebSocketFrame(fin: true, opcode: .connectionClose, data: answer))).assumeIsolated().whenComplete { _ in
      self.context?.close(promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    case NIOWebSocketError.invalidFrameLength, NIOWebSocketFrameAggregator.Error.accumulatedFrameSizeIsTooLarge: close(.messageTooLarge, .tooLarge)
    case is NIOWebSocketError, is NIOWebSocketFrameAggregator.Error, is FrameError: close(.protocolError, .protocolError)
    default:
      end(.peer)
      context.close(promise: nil)
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case is ChannelShouldQuiesceEvent:
      guard state == .open else { return }
      send(Self.goingDown)
      close(.goingAway, .goingDown)
    case ChannelEvent.inputClosed:
      end(.peer)
      context.close(promise: nil)
    default: context.fireUserInboundEventTriggered(event)
    }
  }
}
