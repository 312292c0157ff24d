// Where a house is reached, and whom a client believes.
import Wire

/// An origin such as `https://haus.example`, as it stands in links.
public struct ConnectionEndpoint: Sendable, Equatable {
  public var isSecure: Bool
  /// A name or an address, without brackets.
  public var host: String
  public var port: Int

  static let path = "/connect"

  /// - Throws: `.invalidAddress`; `.notSecure` for plain HTTP to anywhere but this machine.
  public init(origin: String) throws(ConnectionError) {
    let rest: Substring
    if origin.hasPrefix("https://") {
      isSecure = true
      rest = origin.dropFirst(8)
    } else if origin.hasPrefix("http://") {
      isSecure = false
      rest = origin.dropFirst(7)
    } else {
      throw .invalidAddress
    }
    let authority = rest.hasSuffix("/") ? rest.dropLast() : rest
    guard !authority.isEmpty, authority.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !Self.forbidden.contains($0) }) else { throw .invalidAddress }
    var name = authority
    port = isSecure ? 443 : 80
    if let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") {
      guard let number = UInt16(authority[authority.index(after: colon)...]), number > 0 else { throw .invalidAddress }
      port = Int(number)
      name = authority[..<colon]
    }
    if name.hasPrefix("["), name.hasSuffix("]") { name = name.dropFirst().dropLast() } else if name.contains(":") { throw .invalidAddress }
    guard !name.isEmpty else { throw .invalidAddress }
    host = name.lowercased()
    guard isSecure || isThisMachine else { throw .notSecure }
  }

  /// `/ ? # @` and the backslash: an origin has no path, no query, no user.
  private static let forbidden: Set<UInt8> = [0x2F, 0x3F, 0x23, 0x40, 0x5C]

  private var isThisMachine: Bool {
    if host == "localhost" || host == "::1" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }

  /// The `Host` field.
  var authority: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
  }

  public var origin: String { (isSecure ? "https://" : "http://") + authority }
}

/// Who may vouch for the server's certificate.
public enum ConnectionTrust: Sendable, Equatable {
  /// The authorities that this system trusts.
  case system
  /// Only those in this PEM file: for houses with an authority of their own.
  case authorities(file: String)
}

/// Times and sizes of a connection; the defaults are for everyday use.
public struct ConnectionSettings: Sendable {
  /// From the first packet to the finished upgrade, in milliseconds.
  public var connectMilliseconds: Int64 = 15_000
  /// After this time without a byte a ping is sent. The server pings more often, so it happens only on a bad line.
  public var pingMilliseconds: Int64 = 45_000
  /// After this time without a byte the line is dead.
  public var idleMilliseconds: Int64 = 90_000
  /// How long the server's close frame is waited for.
  public var closeMilliseconds: Int64 = 2_000
  public var frameBytes = WireLimits.frameBytes
  public init() {}
}

/// Why there is no connection.
public enum ConnectionError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Not `https://HOST` or `https://HOST:PORT`.
  case invalidAddress
  /// Plain HTTP to another machine.
  case notSecure
  /// The file of authorities cannot be read.
  case trustFile
  /// The name is unknown, nobody listens there, or the network is down.
  case unreachable
  case timedOut
  /// The server's certificate is not valid for this name, or nobody whom we trust vouches for it.
  case certificate
  /// The server answers, but lets us not in: an HTTP status.
  case refused(status: Int)
  /// Something answers that does not speak `WireVersion.subprotocol`.
  case notAHouse
  /// The connection has ended.
  case closed

  public var description: String {
    switch self {
    case .invalidAddress: "That is no address of a house; it should look like https://haus.example."
    case .notSecure: "Only https:// is possible to other machines."
    case .trustFile: "The file with certificate authorities cannot be read."
    case .unreachable: "The house cannot be reached. Is the name right, and is there a network?"
    case .timedOut: "The house does not answer."
    case .certificate: "The house's certificate is not trusted; somebody may be in between."
    case .refused(let status): "The house refuses the connection (\(status))."
    case .notAHouse: "What answers there is no house."
    case .closed: "The connection has ended."
    }
  }
}

/// How a connection ended.
public enum ConnectionEnd: Sendable, Equatable {
  /// The server closed with this code (RFC 6455 §7.4), or without one.
  case closed(code: UInt16?)
  /// Without a word: network, crash, sleep.
  case lost
  /// Nothing came for too long.
  case idle
  /// The server broke the protocol.
  case protocolError
  /// By this side.
  case ended
}
