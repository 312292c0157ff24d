// Where the server listens, and which addresses are this machine's own.
import NIOCore

/// `HOST:PORT`, with an IPv6 address in brackets.
public struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
  public var host: String
  public var port: Int

  public init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// - Returns: nil where the text is not `HOST:PORT`.
  public init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
    self.init(host: String(host), port: Int(port))
  }

  /// Whether only this machine can reach it. A name that is not `localhost` counts as reachable: what it resolves to can change.
  public var isLoopback: Bool {
    if host == "localhost" { return true }
    guard let address = try? SocketAddress(ipAddress: host, port: port) else { return false }
    return address.isLoopback
  }

  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

extension SocketAddress {
  /// The address's bytes without the port: 4 or 16; an IPv4 address in IPv6 clothes is 4. Empty for what is no internet address.
  var addressBytes: [UInt8] {
    switch self {
    // struct sockaddr_in: family, port, address. struct sockaddr_in6: family, port, flow, address.
    case .v4(let address): return withUnsafeBytes(of: address.address) { Array($0[4..<8]) }
    case .v6(let address):
      let bytes = withUnsafeBytes(of: address.address) { Array($0[8..<24]) }
      let mapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
      return mapped ? Array(bytes[12...]) : bytes
    case .unixDomainSocket: return []
    }
  }

  /// 127.0.0.0/8, ::1, or a socket in the file system.
  var isLoopback: Bool {
    let bytes = addressBytes
    switch bytes.count {
    case 0: return true
    case 4: return bytes[0] == 127
    default: return bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1
    }
  }
}
