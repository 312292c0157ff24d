// Whether a request may become a WebSocket (RFC 6455 §4.2). Asked twice for a refused request: once for the upgrade, once for the page that says why.
import Wire

/// Why a request does not become a WebSocket; the page at `/connect` answers with it.
enum UpgradeRefusal: Equatable {
  /// Not asked for.
  case notAWebSocket
  /// A page of another house, or of nobody's, tries to use a visitor's browser.
  case origin
  /// None of the offered subprotocols is spoken here.
  case subprotocol
  case tooManyConnections

  var status: Int {
    switch self {
    case .notAWebSocket: 426
    case .origin: 403
    case .subprotocol: 400
    case .tooManyConnections: 429
    }
  }

  var text: String {
    switch self {
    case .notAWebSocket: "This is where clients connect by WebSocket.\n"
    case .origin: "Pages of other origins may not connect.\n"
    case .subprotocol: "The subprotocol must be \(WireVersion.subprotocol).\n"
    case .tooManyConnections: "Too many connections from this address. Try later.\n"
    }
  }
}

/// What of a request matters here.
struct UpgradeRequest {
  static let path = "/connect"

  var isWebSocket: Bool
  /// Every `Origin` field. Programs that are no browsers send none.
  var origins: [String]
  /// Every `Sec-WebSocket-Protocol` field.
  var subprotocols: [String]

  /// - Parameter allowed: the house's own origins.
  /// - Returns: nil where nothing speaks against it.
  func refusal(allowed: Set<String>) -> UpgradeRefusal? {
    guard isWebSocket else { return .notAWebSocket }
    guard origins.isEmpty || (origins.count == 1 && allowed.contains(origins[0])) else { return .origin }
    let offered: [Substring] = subprotocols.flatMap { $0.split { $0 == "," || $0 == " " || $0 == "\t" } }
    guard offered.contains(where: { $0 == WireVersion.subprotocol }) else { return .subprotocol }
    return nil
  }

  /// The path of a request's target, without the query.
  static func path(of target: String) -> Substring { target.prefix { $0 != "?" } }
}
