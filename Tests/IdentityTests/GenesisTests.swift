// Who gets into a house.
import CryptoInterface
import Identity
import TLSCodec
import Testing

@Suite struct GenesisTests {
  let house: TestHouse
  init() throws { house = try TestHouse() }

  struct Attempt {
    var statement: Statement
    var genesis: Genesis
    var key: SignatureKeyPair
    var admitting: SignaturePrivateKey
    var kind = SignerKind.device
    /// Signs everything anew.
    func signed(admit: Bool = true) throws -> SignedStatement {
      var genesis = genesis
      if admit {
        var w = Writer()
        statement.account.encode(to: &w)
        genesis.device.signatureKey.encode(to: &w)
        w.opaque(Array(genesis.name.utf8))
        w.opaque(Array(genesis.localPart.utf8))
        genesis.admissionSignature = try Signing.sign(.admission, w.bytes, with: admitting, using: crypto)
      }
      var statement = statement
      statement.body = .genesis(genesis)
      return try SignedStatement(signing: statement, as: kind, with: key, using: crypto)
    }
  }

  func attempt(_ kind: AccountKind = .person) throws -> Attempt {
    let (invitation, secret) = try house.invite(kind)
    let new = try TestDevice.make()
    let signed = try Genesis.make(
      account: crypto.randomBytes(), kind: kind, name: "Anna", localPart: "anna", device: new.device, key: new.key, house: house.house,
      admission: .invitation(invitation, key: try secret.invitationKey(using: crypto).privateKey), at: noon, using: crypto)
    guard case .genesis(let genesis) = signed.statement.body else { throw IdentityError.genesis }
    return Attempt(
      statement: signed.statement, genesis: genesis, key: new.key, admitting: try secret.invitationKey(using: crypto).privateKey)
  }

  func expectRefused(_ error: IdentityError, admit: Bool = true, sourceLocation: SourceLocation = #_sourceLocation, _ change: (inout Attempt) throws -> Void)
    throws
  {
    var attempt = try attempt()
    #expect(throws: Never.self, sourceLocation: sourceLocation) { try Chain(genesis: try attempt.signed(), house: house.house, using: crypto) }
    try change(&attempt)
    let signed = try attempt.signed(admit: admit)
    #expect(throws: error, sourceLocation: sourceLocation) { try Chain(genesis: signed, house: house.house, using: crypto) }
    #expect(throws: error, sourceLocation: sourceLocation) { try Chain([signed.encoded()], house: house.house, using: crypto) }
  }

  @Test func theStatementItself() throws {
    try expectRefused(.version) { $0.statement.version = 2 }
    try expectRefused(.gap) { $0.statement.position = 1 }
    try expectRefused(.previousHash) { $0.statement.previous = crypto.randomBytes() }
    try expectRefused(.timeGranularity) { $0.statement.time += 59 }
    try expectRefused(.signerNotAllowed) { $0.kind = .house }
    try expectRefused(.signerNotActive) { $0.key = try Signing.makeKeyPair(using: crypto) }
    var forged = try attempt().signed()
    forged.signature.signature[0] ^= 1
    #expect(throws: IdentityError.statementSignature) { try Chain(genesis: forged, house: house.house, using: crypto) }
    #expect(throws: IdentityError.genesis) { try Chain([], house: house.house, using: crypto) }
  }

  @Test func chainsBeginWithGenesisOnly() throws {
    var anna = try house.enrol()
    try anna.add()
    #expect(throws: IdentityError.genesis) { try Chain([anna.chain.statements[1]], house: house.house, using: crypto) }
    let again = try attempt()
    let late = try sign(.genesis(again.genesis), anna.chain, by: anna.devices[0].key)
    IdentityTests.expectRefused(.genesis, anna.chain, late)
    #expect(throws: Never.self) { try Chain(anna.chain.statements, house: house.house, using: crypto) }
  }

  @Test func theHouseAdmits() throws {
    try expectRefused(.wrongDomain) { $0.genesis.domain = "elsewhere.example" }
    try expectRefused(.invitationKind) { $0.genesis.kind = .guest }
    try expectRefused(.invitationSignature) { $0.genesis.invitation?.signature[3] ^= 1 }
    try expectRefused(.invitationSignature) { $0.genesis.invitation?.invitation.kind = .archive }
    try expectRefused(.invitationHouse) { $0.genesis.invitation = try TestHouse().invite().invitation }
    try expectRefused(.version) { $0.genesis.invitation?.invitation.version = 9 }
    try expectRefused(.admissionSignature) { $0.admitting = try Signing.makeKeyPair(using: crypto).privateKey }
    // Another invitation of the house, whose secret the person does not have.
    try expectRefused(.admissionSignature) { $0.genesis.invitation = try house.invite().invitation }
    // Without invitation the administrator must have signed.
    try expectRefused(.admissionSignature) { $0.genesis.invitation = nil }
    // What the admission covers.
    try expectRefused(.admissionSignature, admit: false) { $0.genesis.name = "Berta" }
    try expectRefused(.admissionSignature, admit: false) { $0.genesis.localPart = "berta" }
    try expectRefused(.admissionSignature, admit: false) { $0.statement.account = crypto.randomBytes() }
    try expectRefused(.admissionSignature, admit: false) {
      $0.key = try Signing.makeKeyPair(using: crypto)
      $0.genesis.device.signatureKey = $0.key.publicKey
    }
    // The name is the person's to correct.
    var other = try attempt()
    other.genesis.name = "Anna Maria"
    #expect(try Chain(genesis: other.signed(), house: house.house, using: crypto).state.name == "Anna Maria")
  }

  @Test func administratorAdmitsTheFirst() throws {
    var first = try attempt()
    first.genesis.invitation = nil
    first.admitting = house.administrator.privateKey
    #expect(throws: Never.self) { try Chain(genesis: try first.signed(), house: house.house, using: crypto) }
    let new = try TestDevice.make()
    let made = try Genesis.make(
      account: crypto.randomBytes(), kind: .person, name: "Ida", localPart: "ida", device: new.device, key: new.key, house: house.house,
      admission: .administrator(house.administrator.privateKey), at: noon + 1_234, using: crypto)
    #expect(made.statement.time == noon)
    #expect(try Chain(genesis: made, house: house.house, using: crypto).state.address == "ida@chat.example")
    #expect(throws: IdentityError.admissionSignature) {
      try Genesis.make(
        account: crypto.randomBytes(), kind: .person, name: "Ida", localPart: "ida", device: new.device, key: new.key, house: house.house,
        admission: .administrator(house.server.privateKey), at: noon, using: crypto)
    }
  }

  @Test func invitationsExpireAtTheDoorOnly() throws {
    let (invitation, _) = try house.invite(notAfter: noon)
    let verified = try invitation.verified(for: house.house, using: crypto)
    #expect(throws: Never.self) { try verified.checkEnrolment(at: noon) }
    #expect(throws: IdentityError.invitationExpired) { try verified.checkEnrolment(at: noon + 1) }
  }

  @Test(arguments: ["", "a\u{1B}[2J", "line\nbreak", "\u{9B}31m", "del\u{7F}", String(repeating: "ä", count: 101)]) func namesAreClean(_ name: String) throws {
    func make(_ name: String, _ localPart: String) throws -> SignedStatement {
      let new = try TestDevice.make()
      return try Genesis.make(
        account: crypto.randomBytes(), kind: .person, name: name, localPart: localPart, device: new.device, key: new.key, house: house.house,
        admission: .administrator(house.administrator.privateKey), at: noon, using: crypto)
    }
    #expect(throws: IdentityError.name) { try make(name, "anna") }
    #expect(throws: IdentityError.name) { try make("Anna", name) }
    #expect(throws: Never.self) { try make(String(repeating: "ä", count: 100), "anna.b_c-d9") }
    // A peer's statement with such a name does not even decode.
    var bad = try attempt()
    bad.genesis.name = name
    let bytes = try bad.signed().encoded()
    #expect(throws: IdentityError.decoding(.invalidValue("account name"))) { try SignedStatement(received: bytes) }
  }

  @Test(arguments: ["Anna", "an na", "änna", "a@b", "a/b", String(repeating: "a", count: 65)]) func localPartsAreNarrow(_ text: String) {
    #expect(!Naming.isLocalPart(text))
    #expect(Naming.isLocalPart(String(repeating: "a", count: 64)))
  }

  @Test func textIsUTF8() throws {
    var w = Writer()
    w.fixed([UInt8](repeating: 1, count: 16))
    w.opaque([UInt8](repeating: 2, count: 32))
    w.fixed([UInt8](repeating: 3, count: 16))
    let good = w.bytes + [2, 0xC3, 0xA4]
    let bad = w.bytes + [2, 0xC3, 0x28]
    #expect(try Device(decoding: good).name == "ä")
    #expect(throws: DecodingError.invalidValue("")) { try Device(decoding: bad) }
  }
}
