// The first handler of every connection: nobody holds one open by being slow, and it knows how long the other side has been silent.
import NIOCore

/// Ends connections that take too long to become something, and measures silence for those that are WebSockets.
final class ConnectionGuard: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private enum Phase { case request, page, socket }

  private let limits: TransportLimits
  private var phase = Phase.request
  private var received = 0
  private var deadline: Scheduled<Void>?
  /// Set while bytes are asked for: silence that we cause ourselves by not reading does not count.
  private var waitingSince: NIODeadline?
  private var context: ChannelHandlerContext?

  init(limits: TransportLimits) { self.limits = limits }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    end(after: limits.requestTime)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    deadline?.cancel()
    self.context = nil
  }

  /// The request was not for a WebSocket.
  func becamePage() {
    phase = .page
    end(after: limits.pageConnectionTime)
  }

  func becameSocket() {
    phase = .socket
    deadline?.cancel()
    deadline = nil
  }

  /// How long bytes have been waited for in vain.
  var silence: TimeAmount { waitingSince.map { .now() - $0 } ?? .zero }

  private func end(after time: TimeAmount) {
    deadline?.cancel()
    deadline = context?.eventLoop.assumeIsolated().scheduleTask(in: time) { self.context?.close(promise: nil) }
  }

  func read(context: ChannelHandlerContext) {
    if waitingSince == nil { waitingSince = .now() }
    context.read()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    waitingSince = nil
    if phase != .socket {
      received += Self.unwrapInboundIn(data).readableBytes
      guard received <= limits.requestBytes else { return context.close(promise: nil) }
    }
    context.fireChannelRead(data)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // Nothing has been asked yet, so nothing is lost.
    if event is ChannelShouldQuiesceEvent, phase == .request { return context.close(promise: nil) }
    context.fireUserInboundEventTriggered(event)
  }
}
