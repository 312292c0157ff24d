// What one connection may cost, and how long it may take. Tests shorten the times; no option changes them.
import NIOCore
import Wire

/// Bounds of the network side, each with its reason.
public struct TransportLimits: Sendable {
  /// From the accepted connection to a complete request head, TLS handshake included. Slower clients exist, slower honest ones hardly.
  public var requestTime: TimeAmount = .seconds(15)
  /// A connection that is not a WebSocket ends after this time, however busy it is: pages here are small and nobody uploads.
  public var pageConnectionTime: TimeAmount = .seconds(60)
  /// What a client may send before it is a WebSocket: a request head and a TLS handshake; there are no bodies.
  public var requestBytes = 64 << 10
  /// How often a WebSocket is pinged: proxies and home routers forget connections that are silent for a minute.
  public var pingInterval: TimeAmount = .seconds(30)
  /// Three pings without a single byte in return: the client is gone.
  public var idleTime: TimeAmount = .seconds(90)
  /// How long the other side's close frame is waited for. It also bounds how long a stop takes.
  public var closeTime: TimeAmount = .seconds(2)
  /// A client that has more than this unsent, and is sent more, is closed; its mailbox keeps everything. A page of a mailbox is below it.
  public var unsentBytes = 4 << 20
  /// One message; larger ones are refused before they are read.
  public var frameBytes = WireLimits.frameBytes
  /// Fragments of one message: 8 MB in pieces of 8 kB. Browsers and proxies cut coarser.
  public var fragments = 1_024
  /// Open connections from one address. A whole house may stand behind one address, so this only stops a single host from taking all.
  public var connectionsPerAddress = 1_000
  /// Open connections in all; the process's limit of open files lowers it.
  public var connections = 20_000
  /// Open files that the store, logs and certificates need beside the connections.
  public var reservedFiles = 128

  public init() {}
}
