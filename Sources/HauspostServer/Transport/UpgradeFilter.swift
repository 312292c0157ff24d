// Decides about an upgrade before NIO's upgrade handler sees the request: one that it starts on and is then refused loses its head, and no page can answer.
import NIOCore
import NIOHTTP1

/// Takes the wish to upgrade out of the first request where it will not be granted.
final class UpgradeFilter: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart

  private let mayUpgrade: (HTTPRequestHead, any Channel) -> Bool
  /// After the first head anything passes: parts of a request, or the bytes of a WebSocket.
  private var isDecided = false

  init(mayUpgrade: @escaping (HTTPRequestHead, any Channel) -> Bool) { self.mayUpgrade = mayUpgrade }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isDecided else { return context.fireChannelRead(data) }
    isDecided = true
    guard case .head(var head) = Self.unwrapInboundIn(data), head.headers.contains(name: "upgrade") else { return context.fireChannelRead(data) }
    // RFC 6455 §4.2.1.
    let isWebSocket =
      head.headers[canonicalForm: "upgrade"].map { $0.lowercased() } == ["websocket"] && head.headers["sec-websocket-version"] == ["13"]
      && head.headers["sec-websocket-key"].count == 1
    if !(isWebSocket && mayUpgrade(head, context.channel)) { head.headers.remove(name: "upgrade") }
    context.fireChannelRead(Self.wrapInboundOut(.head(head)))
  }
}
