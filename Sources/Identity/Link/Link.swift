// Links that people get by mail, on paper or as a QR code. The secret stands behind the #, which no browser sends to a server.

/// `https://DOMAIN/#i=CODE`, with `i` for an invitation, `d` for a further device, `s` for the set-up of a house.
public struct Link: Sendable, Equatable {
  public enum Kind: Sendable, Equatable, CaseIterable {
    case invitation, device, setUp
    var letter: UInt8 {
      switch self {
      case .invitation: 0x69
      case .device: 0x64
      case .setUp: 0x73
      }
    }
  }
  public let kind: Kind
  /// Scheme, host and port in lower case, without a slash at the end.
  public let origin: String
  public let secret: LinkSecret

  /// Host and port: what `House.domain` must be.
  public var domain: String {
    let bytes = Array(origin.utf8)
    guard let colon = bytes.firstIndex(of: 0x3A), colon + 3 <= bytes.count else { return "" }
    return String(decoding: bytes[(colon + 3)...], as: UTF8.self)
  }

  /// - Throws: `.link` where the origin is neither https nor, on this machine, http.
  public init(_ kind: Kind, origin: String, secret: LinkSecret) throws(IdentityError) {
    self.kind = kind
    self.origin = try Link.checkedOrigin(Array(origin.utf8))
    self.secret = secret
  }

  public var text: String {
    origin + "/#" + String(decoding: [kind.letter, 0x3D], as: UTF8.self) + secret.text
  }

  /// Reads a link as somebody pasted or typed it.
  /// - Throws: `.link`, `.mistyped` for the code in it.
  public static func parse(_ text: String) throws(IdentityError) -> Link {
    var bytes = Array(text.utf8)
    while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
    if let start = bytes.firstIndex(where: { $0 > 0x20 }) { bytes.removeFirst(start) }
    guard let hash = bytes.firstIndex(of: 0x23), bytes.count - hash > 3, bytes[hash + 2] == 0x3D else { throw .link }
    let letter = bytes[hash + 1] | 0x20
    guard let kind = Kind.allCases.first(where: { $0.letter == letter }) else { throw .link }
    let secret = try LinkSecret(text: String(decoding: bytes[(hash + 3)...], as: UTF8.self))
    var origin = Array(bytes[..<hash])
    if origin.last == 0x2F { origin.removeLast() }
    return try Link(kind, origin: String(decoding: origin, as: UTF8.self), secret: secret)
  }

  /// https anywhere, http only where nobody can listen: the loopback addresses.
  private static func checkedOrigin(_ bytes: [UInt8]) throws(IdentityError) -> String {
    var lower = bytes
    for i in lower.indices where lower[i] >= 0x41 && lower[i] <= 0x5A { lower[i] += 0x20 }
    let text = String(decoding: lower, as: UTF8.self)
    let secure = Array("https://".utf8)
    let plain = Array("http://".utf8)
    if lower.starts(with: secure) {
      guard Naming.isDomain(String(decoding: lower[secure.count...], as: UTF8.self)) else { throw .link }
      return text
    }
    guard lower.starts(with: plain) else { throw .link }
    let host = Array(lower[plain.count...])
    guard Naming.isDomain(String(decoding: host, as: UTF8.self)) else { throw .link }
    for loopback in ["127.0.0.1", "[::1]", "localhost"] {
      let name = Array(loopback.utf8)
      if host == name { return text }
      let port = host.dropFirst(name.count + 1)
      if host.starts(with: name), host.count > name.count + 1, host[name.count] == 0x3A, port.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) { return text }
    }
    throw .link
  }
}
