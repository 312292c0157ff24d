// What RFC 6455 forbids a client and NIO's decoder lets through.
import NIOCore
import NIOWebSocket

enum FrameError: Error {
  /// RFC 6455 §5.1: a server MUST close upon receiving a frame that is not masked.
  case notMasked
  /// RFC 6455 §5.2: no extension is negotiated, so RSV1 to RSV3 MUST be 0.
  case reservedBits
}

final class FrameRules: ChannelInboundHandler {
  typealias InboundIn = WebSocketFrame
  typealias InboundOut = WebSocketFrame

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let frame = Self.unwrapInboundIn(data)
    guard frame.maskKey != nil else { return context.fireErrorCaught(FrameError.notMasked) }
    guard !frame.rsv1, !frame.rsv2, !frame.rsv3 else { return context.fireErrorCaught(FrameError.reservedBits) }
    context.fireChannelRead(data)
  }
}
