// Answers a request head that is no HTTP, as long as nobody else stands behind the parser.
import NIOCore
import NIOHTTP1
import NIOWebSocket

/// The last handler until it is known whether a connection becomes a WebSocket.
final class RequestErrors: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // A refused upgrade is answered by a page.
    if error is NIOWebSocketUpgradeError { return }
    if error is HTTPParserError {
      let head = HTTPResponseHead(version: .http1_1, status: .badRequest, headers: ["connection": "close", "content-length": "0"])
      context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
      context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
    }
    context.close(promise: nil)
  }
}
