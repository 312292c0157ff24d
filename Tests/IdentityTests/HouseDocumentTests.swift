// House, invitation, policy: what the administrator signs.
import CryptoInterface
import Identity
import TLSCodec
import Testing

@Suite struct HouseDocumentTests {
  let house: TestHouse
  init() throws { house = try TestHouse() }

  @Test func houses() throws {
    let bytes = house.signed.encoded()
    #expect(try SignedHouse(received: bytes).verified(using: crypto) == house.house)
    #expect(try SignedHouse(received: bytes).house.id(using: crypto) == house.id)
    #expect(house.id != (try TestHouse().id))
    for i in bytes.indices {
      var changed = bytes
      changed[i] ^= 0x10
      #expect(throws: IdentityError.self) { try SignedHouse(received: changed).verified(using: crypto) }
    }
    for count in bytes.indices { #expect(throws: IdentityError.self) { try SignedHouse(received: Array(bytes.prefix(count))) } }
    var other = house.house
    other.version = 2
    let newer = try SignedHouse(signing: other, with: house.administrator.privateKey, using: crypto)
    #expect(throws: IdentityError.version) { try newer.verified(using: crypto) }
    let forged = try SignedHouse(signing: house.house, with: house.server.privateKey, using: crypto)
    #expect(throws: IdentityError.houseSignature) { try forged.verified(using: crypto) }
    other = house.house
    other.domain = "Chat Example"
    #expect(throws: IdentityError.name) { try SignedHouse(signing: other, with: house.administrator.privateKey, using: crypto) }
    #expect(throws: IdentityError.limit(.statementBytes)) { try SignedHouse(received: [UInt8](repeating: 0, count: IdentityLimits.statementBytes + 1)) }
  }

  @Test func invitations() throws {
    let bytes = try house.invite().invitation.encoded()
    #expect(try SignedInvitation(received: bytes).verified(for: house.house, using: crypto).function == "Ward 3")
    for i in bytes.indices {
      var changed = bytes
      changed[i] ^= 0x01
      #expect(throws: IdentityError.self) { try SignedInvitation(received: changed).verified(for: house.house, using: crypto) }
    }
    for count in bytes.indices { #expect(throws: IdentityError.self) { try SignedInvitation(received: Array(bytes.prefix(count))) } }
    let elsewhere = try TestHouse()
    #expect(throws: IdentityError.invitationHouse) {
      try SignedInvitation(received: bytes).verified(for: elsewhere.house, using: crypto)
    }
    let (genuine, _) = try house.invite()
    let forged = try SignedInvitation(signing: genuine.invitation, with: house.server.privateKey, using: crypto)
    #expect(throws: IdentityError.invitationSignature) { try forged.verified(for: house.house, using: crypto) }
  }

  func policy(_ serial: UInt32, by administrator: SignatureKeyPair? = nil, _ change: (inout Policy) -> Void = { _ in }) throws -> SignedPolicy {
    var policy = Policy(house: house.id, serial: serial, time: noon)
    change(&policy)
    return try SignedPolicy(signing: policy, with: (administrator ?? house.administrator).privateKey, using: crypto)
  }

  @Test func policiesReplaceEachOther() throws {
    let present = try policy(5).verified(for: house.house, replacing: nil, using: crypto)
    #expect(try policy(6).verified(for: house.house, replacing: present, using: crypto).serial == 6)
    #expect(throws: IdentityError.policySerial) { try policy(5).verified(for: house.house, replacing: present, using: crypto) }
    #expect(throws: IdentityError.policySerial) { try policy(4).verified(for: house.house, replacing: present, using: crypto) }
    #expect(throws: IdentityError.policySignature) {
      try policy(6, by: house.server).verified(for: house.house, replacing: present, using: crypto)
    }
    #expect(throws: IdentityError.policyHouse) {
      try policy(6) { $0.house = crypto.randomBytes() }.verified(for: house.house, replacing: present, using: crypto)
    }
    #expect(throws: IdentityError.version) { try policy(6) { $0.version = 2 }.verified(for: house.house, replacing: present, using: crypto) }
    let bytes = try policy(6) { $0.set(.typing, .on) }.encoded()
    for i in bytes.indices {
      var changed = bytes
      changed[i] ^= 0x04
      #expect(throws: IdentityError.self) { try SignedPolicy(received: changed).verified(for: house.house, replacing: present, using: crypto) }
    }
  }

  @Test func settings() throws {
    var policy = Policy(house: house.id, serial: 1, time: noon)
    #expect(policy.setting(.readReceipts) == .off)
    #expect(policy.isLocked(.readReceipts))
    #expect(policy.setting(.deliveryReceipts) == .on)
    #expect(policy.setting(.typing) == .personDecides)
    #expect(!policy.isLocked(.typing))
    #expect(policy.setting(.presence) == .off)
    #expect(policy.setting(.appLock) == .off)
    policy.set(.readReceipts, .personDecides)
    policy.set(.appLock, .on)
    policy[PolicyKey(4_711)] = [1, 2, 3, 4]
    #expect(!policy.isLocked(.readReceipts))
    let again = try Policy(decoding: policy.encoded())
    #expect(again == policy)
    #expect(again[PolicyKey(4_711)] == [1, 2, 3, 4])
    #expect(again.entries.map { $0.key } == [.readReceipts, .appLock, PolicyKey(4_711)])
    // A value of a later version is not guessed at.
    policy[.typing] = [9]
    #expect(policy.setting(.typing) == .personDecides)
    policy[.typing] = nil
    #expect(policy[.typing] == nil)
  }

  @Test func policyEntriesAreInOrder() throws {
    func encoded(_ keys: [UInt16]) -> [UInt8] {
      var w = Writer()
      w.uint16(1)
      w.fixed(house.id.bytes)
      w.uint32(1)
      w.vector(keys.map { PolicyEntry(PolicyKey($0), [1]) })
      w.uint64(noon)
      return w.bytes
    }
    #expect(try Policy(decoding: encoded([1, 2])).entries.count == 2)
    #expect(throws: DecodingError.invalidValue("")) { try Policy(decoding: encoded([2, 1])) }
    #expect(throws: DecodingError.invalidValue("")) { try Policy(decoding: encoded([1, 1])) }
    #expect(try Policy(decoding: encoded(Array(0..<256))).entries.count == 256)
    #expect(throws: DecodingError.limitExceeded("")) { try Policy(decoding: encoded(Array(0..<257))) }
  }
}
