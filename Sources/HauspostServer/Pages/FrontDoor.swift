// The few pages of the house: what it is, whether it is well, and what it counts.
import Delivery
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// What Hummingbird makes for each request.
struct RequestOrigin: InitializableFromSource {
  let peer: SocketAddress?
  init(source: ApplicationRequestContextSource) { peer = source.channel.remoteAddress }
}

struct FrontDoor: HTTPResponder {
  typealias Context = RequestOrigin

  let house: HouseState
  let health: HealthCheck

  func respond(to request: Request, context: RequestOrigin) async throws -> Response {
    var response = await page(request, context)
    for field in SecurityHeaders.fields(secure: house.settings.tls != nil || house.settings.behindProxy) where response.headers[field.name] == nil {
      response.headers[field.name] = field.value
    }
    return request.method == .head ? response.createHeadResponse() : response
  }

  private func page(_ request: Request, _ context: RequestOrigin) async -> Response {
    guard request.method == .get || request.method == .head else {
      return Self.text(.methodNotAllowed, "Only GET and HEAD.\n", [.allow: "GET, HEAD", .connection: "close"])
    }
    switch UpgradeRequest.path(of: request.head.path ?? "/") {
    case "/": return WelcomePage.response(languages: request.headers[.acceptLanguage], name: house.settings.name)
    case WelcomePage.stylePath: return WelcomePage.style
    case "/healthz": return await healthPage()
    case "/metrics": return metricsPage(request, context)
    case let path where path == UpgradeRequest.path: return refusedUpgrade(request)
    default: return Self.text(.notFound, "There is nothing here.\n")
    }
  }

  private func healthPage() async -> Response {
    let report = await health.report()
    return Self.text(
      report.isWell ? .ok : .serviceUnavailable, "{\"status\":\"\(report.isWell ? "ok" : "store not writable")\",\"time\":\(report.time)}\n",
      [.contentType: "application/json"])
  }

  private func metricsPage(_ request: Request, _ context: RequestOrigin) -> Response {
    guard house.settings.metricsPublic || isLocal(request, context) else {
      return Self.text(.forbidden, "Only from this machine; --metrics-public opens it.\n")
    }
    return Self.text(.ok, house.metrics.exposition(), [.contentType: "text/plain; version=0.0.4; charset=utf-8"])
  }

  /// A proxy that says so makes a request of its own machine somebody else's, whether it is trusted or not.
  private func isLocal(_ request: Request, _ context: RequestOrigin) -> Bool {
    for name in ["X-Forwarded-For", "X-Real-IP", "Forwarded"] {
      if let name = HTTPField.Name(name), request.headers[name] != nil { return false }
    }
    return house.clientAddress(peer: context.peer, forwarded: []).isLocal
  }

  /// Requests that come here have been refused the upgrade, and `UpgradeFilter` has taken the wish from them, or did not ask for it.
  private func refusedUpgrade(_ request: Request) -> Response {
    let upgrade = UpgradeRequest(
      isWebSocket: request.headers[.secWebSocketKey] != nil, origins: request.headers[values: .origin],
      subprotocols: request.headers[values: .secWebSocketProtocol])
    let refusal = upgrade.refusal(allowed: house.allowedOrigins) ?? .tooManyConnections
    var headers: HTTPFields = [.connection: "close"]
    if refusal == .notAWebSocket { headers[.upgrade] = "websocket" }
    if refusal == .tooManyConnections { headers[.retryAfter] = "60" }
    return Self.text(.init(code: refusal.status), refusal.text, headers)
  }

  static func text(_ status: HTTPResponse.Status, _ text: String, _ headers: HTTPFields = [:]) -> Response {
    var headers = headers
    if headers[.contentType] == nil { headers[.contentType] = "text/plain; charset=utf-8" }
    return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }
}
