// What stands in the clear in a group's context (app_data_dictionary), for server and members alike to decide by.
import CryptoInterface
import MLS
import TLSCodec

extension ComponentID {
  /// What the room is; never changes.
  public static let room = ComponentID(0x8A01)
  /// Who administers it.
  public static let roles = ComponentID(0x8A02)
  /// Its name and picture, sealed.
  public static let profile = ComponentID(0x8A03)
}

///     enum { direct(1), group(2), own_devices(3), (255) } RoomKind;
public enum RoomKind: UInt8, Sendable, Hashable, CaseIterable {
  /// Two accounts.
  case direct = 1
  case group = 2
  /// The devices of one account, among themselves.
  case ownDevices = 3
}

///     struct {
///         opaque room_uri<V>;   /* mimi://DOMAIN/r/<base64url of 16 random bytes> */
///         RoomKind kind;
///     } Room;
public struct Room: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public let domain: String
  /// 16 random bytes.
  public let id: [UInt8]
  public let kind: RoomKind
  static let idSize = 16

  /// - Throws: `.room` where the domain has a form that is not allowed or the id another size.
  public init(domain: String, id: [UInt8], kind: RoomKind) throws(IdentityError) {
    guard Naming.isDomain(domain), id.count == Self.idSize else { throw .room }
    self.domain = domain
    self.id = id
    self.kind = kind
  }

  /// A new room.
  /// - Throws: `.room` for a domain of a form that is not allowed.
  public static func make(_ kind: RoomKind, domain: String, using crypto: some CryptoProvider) throws(IdentityError) -> Room {
    try Room(domain: domain, id: crypto.random(idSize), kind: kind)
  }

  /// draft-ietf-mimi-protocol names rooms by such URIs.
  public var uri: String { Self.scheme + domain + Self.path + Base64URL.encode(id) }
  private static let scheme = "mimi://"
  private static let path = "/r/"

  public init(from reader: inout Reader) throws(DecodingError) {
    let uri = try reader.opaque()
    let raw = try reader.uint8()
    let scheme = Array(Self.scheme.utf8)
    let path = Array(Self.path.utf8)
    guard uri.starts(with: scheme) else { throw .invalidValue("room uri") }
    let rest = Array(uri.dropFirst(scheme.count))
    guard let slash = rest.firstIndex(of: 0x2F), rest[slash...].starts(with: path) else { throw .invalidValue("room uri") }
    let domain = String(decoding: rest[..<slash], as: UTF8.self)
    guard Naming.isDomain(domain), let id = Base64URL.decode(Array(rest[(slash + path.count)...])), id.count == Self.idSize else {
      throw .invalidValue("room uri")
    }
    guard let kind = RoomKind(rawValue: raw) else { throw .unknownValue(type: "RoomKind", value: UInt64(raw)) }
    self.domain = domain
    self.id = id
    self.kind = kind
  }

  public func encode(to writer: inout Writer) {
    writer.text(uri)
    writer.uint8(kind.rawValue)
  }
}

///     enum { administrator(1), (255) } Role;
public enum Role: UInt8, Sendable, Hashable {
  case administrator = 1
}

///     struct {
///         AccountID account;
///         Role role;
///     } RoleEntry;
///
///     struct {
///         RoleEntry entries<V>;   /* increasing by account */
///     } Roles;
///
/// Who is not listed is an ordinary member.
public struct Roles: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public private(set) var administrators: [AccountID]

  public init(administrators: [AccountID] = []) {
    self.administrators = Set(administrators).sorted()
  }

  public func isAdministrator(_ account: AccountID) -> Bool { administrators.contains(account) }

  public init(from reader: inout Reader) throws(DecodingError) {
    var list = try reader.nested()
    administrators = []
    while !list.isAtEnd {
      guard administrators.count < IdentityLimits.administrators else { throw .limitExceeded("administrators") }
      let account = try AccountID(from: &list)
      let raw = try list.uint8()
      guard Role(rawValue: raw) != nil else { throw .unknownValue(type: "Role", value: UInt64(raw)) }
      if let last = administrators.last, last >= account { throw .invalidValue("roles: not in increasing order") }
      administrators.append(account)
    }
  }

  public func encode(to writer: inout Writer) {
    writer.vector { (w: inout Writer) in
      for account in administrators {
        account.encode(to: &w)
        w.uint8(Role.administrator.rawValue)
      }
    }
  }
}

///     struct {
///         opaque nonce[12];
///         opaque sealed<V>;   /* under a key that members have */
///     } SealedProfile;
public struct SealedProfile: Hashable, Sendable, TLSEncodable, TLSDecodable {
  /// 12 bytes.
  public var nonce: [UInt8]
  public var sealed: [UInt8]
  static let nonceSize = 12

  public init(nonce: [UInt8], sealed: [UInt8]) {
    self.nonce = nonce
    self.sealed = sealed
  }
  public init(from reader: inout Reader) throws(DecodingError) {
    nonce = try reader.fixed(Self.nonceSize)
    sealed = try reader.opaque()
    guard sealed.count <= IdentityLimits.profileBytes else { throw .limitExceeded("profileBytes") }
  }
  public func encode(to writer: inout Writer) {
    writer.fixed(nonce)
    writer.opaque(sealed)
  }
}

/// A room as its group's context describes it.
public struct RoomContents: Hashable, Sendable {
  public let room: Room
  public let roles: Roles
  /// Nil before somebody named the room.
  public let profile: SealedProfile?

  /// - Throws: `.room` where the dictionary lacks room or roles, or they do not parse.
  public init(_ extensions: Extensions) throws(IdentityError) {
    guard let data = extensions[.appDataDictionary], let dictionary = try? AppDataDictionary(decoding: data),
      let roomData = dictionary[.room], let room = try? Room(decoding: roomData), let rolesData = dictionary[.roles],
      let roles = try? Roles(decoding: rolesData)
    else { throw .room }
    self.room = room
    self.roles = roles
    if let data = dictionary[.profile] {
      guard let profile = try? SealedProfile(decoding: data) else { throw .room }
      self.profile = profile
    } else {
      profile = nil
    }
  }

  /// The context's contents, and that the rest of the context is as every room of the house has it: required capabilities, and the house's server
  /// as the one external sender. Asked by the server when a group is created, by a client when it joins.
  /// - Throws: `.room`, `.wrongDomain`.
  public init(_ extensions: Extensions, house: House) throws(IdentityError) {
    try self.init(extensions)
    guard room.domain == house.domain else { throw .wrongDomain }
    guard let required = extensions[.requiredCapabilities], required == HouseCapabilities.required.encoded(),
      let senders = extensions[.externalSenders], senders == HouseRules.externalSenders(house.serverKey).encoded()
    else { throw .room }
    for entry in extensions.entries
    where entry.type != .requiredCapabilities && entry.type != .externalSenders && entry.type != .appDataDictionary { throw .room }
  }
}
