// What stands in a room's context.
import CryptoInterface
import Identity
import MLS
import SwiftCryptoProvider
import TLSCodec
import Testing

@Suite struct RoomContentsTests {
  let house: TestHouse
  init() throws { house = try TestHouse() }

  @Test func rooms() throws {
    for kind in RoomKind.allCases {
      let room = try Room.make(kind, domain: "chat.example:8443", using: crypto)
      #expect(try Room(decoding: room.encoded()) == room)
      #expect(room.uri.hasPrefix("mimi://chat.example:8443/r/"))
      #expect(room.uri.utf8.count == 27 + 22)
    }
    #expect(throws: IdentityError.room) { try Room.make(.group, domain: "Not A Domain", using: crypto) }
    #expect(throws: IdentityError.room) { try Room(domain: "chat.example", id: [1], kind: .group) }
    func encoded(_ uri: String, _ kind: UInt8 = 2) -> [UInt8] {
      var w = Writer()
      w.opaque(Array(uri.utf8))
      w.uint8(kind)
      return w.bytes
    }
    #expect(throws: Never.self) { try Room(decoding: encoded("mimi://chat.example/r/AAAAAAAAAAAAAAAAAAAAAA")) }
    for bad in [
      "", "mimi://", "mimi://chat.example", "mimi://chat.example/r/", "mimi:///r/AAAAAAAAAAAAAAAAAAAAAA", "mimi://chat.example/x/AAAAAAAAAAAAAAAAAAAAAA",
      "mimi://chat.example/r/AAAAAAAAAAAAAAAAAAAAAB", "mimi://chat.example/r/AAAAAAAAAAAAAAAAAAAAA", "mimi://chat.example/r/AAAAAAAAAAAAAAAAAAAAAAA",
      "mimi://chat.example/r/AAAAAAAAAAAAAAAAAAAAA=", "https://chat.example/r/AAAAAAAAAAAAAAAAAAAAAA",
    ] { #expect(throws: DecodingError.invalidValue("")) { try Room(decoding: encoded(bad)) } }
    #expect(throws: DecodingError.unknownValue(type: "", value: 0)) { try Room(decoding: encoded("mimi://chat.example/r/AAAAAAAAAAAAAAAAAAAAAA", 4)) }
  }

  @Test func roles() throws {
    let accounts: [AccountID] = (0..<6).map { _ in crypto.randomBytes() }
    let roles = Roles(administrators: accounts + accounts)
    #expect(roles.administrators == accounts.sorted())
    #expect(try Roles(decoding: roles.encoded()) == roles)
    #expect(try Roles(decoding: Roles().encoded()).administrators.isEmpty)
    func encoded(_ accounts: [AccountID], role: UInt8 = 1) -> [UInt8] {
      var w = Writer()
      w.vector { (w: inout Writer) in
        for account in accounts {
          account.encode(to: &w)
          w.uint8(role)
        }
      }
      return w.bytes
    }
    let sorted = accounts.sorted()
    #expect(try Roles(decoding: encoded(sorted)) == roles)
    #expect(throws: DecodingError.invalidValue("")) { try Roles(decoding: encoded(sorted.reversed())) }
    #expect(throws: DecodingError.invalidValue("")) { try Roles(decoding: encoded([sorted[0], sorted[0]])) }
    #expect(throws: DecodingError.unknownValue(type: "", value: 0)) { try Roles(decoding: encoded(sorted, role: 2)) }
  }

  @Test func contents() throws {
    let room = try Room.make(.group, domain: house.house.domain, using: crypto)
    let roles = Roles(administrators: [crypto.randomBytes()])
    let profile = SealedProfile(nonce: crypto.random(12), sealed: [1, 2, 3])
    let extensions = HouseRules.groupExtensions(room: room, roles: roles, profile: profile, serverKey: house.server.publicKey)
    let contents = try RoomContents(extensions, house: house.house)
    #expect(contents.room == room)
    #expect(contents.roles == roles)
    #expect(contents.profile == profile)
    #expect(try RoomContents(HouseRules.groupExtensions(room: room, roles: roles, profile: nil, serverKey: house.server.publicKey)).profile == nil)
    func check(_ error: IdentityError, sourceLocation: SourceLocation = #_sourceLocation, _ change: (inout Extensions) throws -> Void) throws {
      var changed = extensions
      try change(&changed)
      #expect(throws: error, sourceLocation: sourceLocation) { try RoomContents(changed, house: house.house) }
    }
    func dictionary(_ change: (inout AppDataDictionary) -> Void) throws -> [UInt8] {
      var dictionary = try AppDataDictionary(decoding: extensions[.appDataDictionary] ?? [])
      change(&dictionary)
      return dictionary.encoded()
    }
    try check(.room) { $0[.appDataDictionary] = nil }
    try check(.room) { $0[.appDataDictionary] = try dictionary { $0[.room] = nil } }
    try check(.room) { $0[.appDataDictionary] = try dictionary { $0[.room] = [1] } }
    try check(.room) { $0[.appDataDictionary] = try dictionary { $0[.roles] = nil } }
    try check(.room) { $0[.appDataDictionary] = try dictionary { $0[.roles] = [7] } }
    try check(.room) { $0[.appDataDictionary] = try dictionary { $0[.profile] = [7] } }
    try check(.room) { $0[.requiredCapabilities] = nil }
    try check(.room) { $0[.requiredCapabilities] = RequiredCapabilities().encoded() }
    try check(.room) { $0[.externalSenders] = nil }
    try check(.room) {
      let key = house.administrator.publicKey
      $0[.externalSenders] = ExternalSenders([ExternalSender(signatureKey: key, credential: .basic(identity: key.bytes))]).encoded()
    }
    try check(.room) { $0[ExtensionType(0xF0FF)] = [] }
    let elsewhere = try Room.make(.group, domain: "elsewhere.example", using: crypto)
    #expect(throws: IdentityError.wrongDomain) {
      try RoomContents(HouseRules.groupExtensions(room: elsewhere, roles: roles, profile: nil, serverKey: house.server.publicKey), house: house.house)
    }
    // Damage never traps, and what still parses is encoded as it was.
    let bytes = extensions[.appDataDictionary] ?? []
    for i in bytes.indices {
      for bit in 0..<8 as Range<UInt8> {
        var changed = bytes
        changed[i] ^= 1 << bit
        var list = extensions
        list[.appDataDictionary] = changed
        if let contents = try? RoomContents(list), let dictionary = try? AppDataDictionary(decoding: changed) {
          #expect(contents.room.encoded() == dictionary[.room])
          #expect(contents.roles.encoded() == dictionary[.roles])
          #expect(contents.profile?.encoded() == dictionary[.profile])
        }
      }
    }
  }

  @Test func updatesReplace() throws {
    let rules = HouseRules()
    let roles = Roles(administrators: [crypto.randomBytes()]).encoded()
    let profile = SealedProfile(nonce: crypto.random(12), sealed: []).encoded()
    #expect(rules.apply([Roles().encoded(), roles], to: nil, of: .roles) == roles)
    #expect(rules.apply([profile], to: [1], of: .profile) == profile)
    #expect(rules.apply([[1, 2]], to: nil, of: .roles) == nil)
    #expect(rules.apply([[1, 2]], to: nil, of: .profile) == nil)
    #expect(rules.apply([], to: nil, of: .profile) == nil)
    #expect(rules.apply([try Room.make(.group, domain: "a", using: crypto).encoded()], to: nil, of: .room) == nil)
    #expect(rules.apply([profile], to: nil, of: ComponentID(0x8A04)) == nil)
    let large = SealedProfile(nonce: crypto.random(12), sealed: [UInt8](repeating: 0, count: IdentityLimits.profileBytes + 1)).encoded()
    #expect(rules.apply([large], to: nil, of: .profile) == nil)
  }
}
