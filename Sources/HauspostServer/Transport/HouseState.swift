// What all connections share: limits, counters, certificates, and who is behind an address.
import Delivery
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

enum AdmissionError: Error {
  case tooManyConnections
}

/// One per server. Everything in it is safe to use from any event loop.
final class HouseState: Sendable {
  let settings: ServerSettings
  let limits: TransportLimits
  let metrics: Metrics
  let log: Logger
  let certificates: Certificates?
  private let tagger = AddressTagger()
  private let counter: ConnectionCounter
  private let connections = Atomic<UInt64>(0)
  private let origins = Mutex<Set<String>>([])

  init(settings: ServerSettings, certificates: Certificates?, connections: Int, metrics: Metrics, log: Logger) {
    self.settings = settings
    limits = settings.limits
    self.certificates = certificates
    self.metrics = metrics
    self.log = log
    counter = ConnectionCounter(limit: connections, limitPerAddress: limits.connectionsPerAddress)
  }

  /// Known only when the system has given the port.
  func listens(on port: Int) { origins.withLock { $0 = settings.allowedOrigins(port: port) } }
  var allowedOrigins: Set<String> { origins.withLock { $0 } }

  func nextConnection() -> ConnectionID { ConnectionID(connections.wrappingAdd(1, ordering: .relaxed).newValue) }

  /// Who connects, as far as it is known: behind the proxy its word counts, from anybody else `X-Forwarded-For` is what anybody can write.
  struct Client {
    var tag: AddressTag
    /// On this machine, and not on somebody else's behalf.
    var isLocal: Bool
  }

  /// - Parameter forwarded: every `X-Forwarded-For` field. The last entry is the one that our proxy wrote.
  func clientAddress(peer: SocketAddress?, forwarded: [String]) -> Client {
    let peerIsLocal = peer?.isLoopback ?? false
    if settings.behindProxy, peerIsLocal, let last = forwarded.last {
      let entry = last.split(separator: ",").last.map { $0.filter { $0 != " " } } ?? ""
      if let address = try? SocketAddress(ipAddress: entry, port: 0) { return Client(tag: tagger.tag(address), isLocal: false) }
    }
    return Client(tag: tagger.tag(peer), isLocal: peerIsLocal && forwarded.isEmpty)
  }

  /// Counts a connection until it closes. Behind a proxy all come from one address; there they are counted when they become WebSockets.
  func admit(_ channel: any Channel) throws(AdmissionError) {
    guard counter.enter() else {
      metrics.turnedAway()
      throw .tooManyConnections
    }
    let tag = settings.behindProxy ? nil : tagger.tag(channel.remoteAddress)
    if let tag, !counter.enter(tag) {
      counter.leave()
      metrics.turnedAway()
      throw .tooManyConnections
    }
    channel.closeFuture.whenComplete { [counter] _ in
      counter.leave()
      if let tag { counter.leave(tag) }
    }
  }

  /// Whether this request becomes a WebSocket; the connection is counted then.
  func mayUpgrade(_ head: HTTPRequestHead, _ channel: any Channel) -> Bool {
    guard UpgradeRequest.path(of: head.uri) == UpgradeRequest.path, head.method == .GET else { return false }
    let request = UpgradeRequest(
      isWebSocket: true, origins: head.headers["origin"], subprotocols: head.headers["sec-websocket-protocol"])
    guard request.refusal(allowed: allowedOrigins) == nil else { return false }
    guard settings.behindProxy else { return true }
    let tag = clientAddress(peer: channel.remoteAddress, forwarded: head.headers["x-forwarded-for"]).tag
    guard counter.enter(tag) else {
      metrics.turnedAway()
      return false
    }
    channel.closeFuture.whenComplete { [counter] _ in counter.leave(tag) }
    return true
  }
}
