// What leaves claim, and whether the chain says so.
import CryptoInterface
import Identity
import MLS
import TLSCodec
import Testing

@Suite struct LeafTests {
  let house: TestHouse
  let anna: TestAccount
  init() throws {
    house = try TestHouse()
    var account = try house.enrol()
    try account.add()
    anna = account
  }

  func leaf(_ identity: ClientIdentity) throws -> LeafNode {
    try KeyPackageBundle.create(identity, suite: CipherSuite(1), lifetime: .always, using: crypto).keyPackage.leafNode
  }

  @Test func claimsAreRead() throws {
    let leaf = try leaf(anna.identity(1))
    let claim = try LeafClaim(leaf)
    #expect(claim.account == anna.id)
    #expect(claim.device == anna.devices[1].device.id)
    #expect(claim.signatureKey == anna.devices[1].key.publicKey)
    #expect(claim.mailbox == anna.devices[1].device.mailbox)
    #expect(claim.chainHead == ChainHead(length: 2, head: anna.chain.head))
    #expect(throws: Never.self) { try claim.check(against: anna.chain) }
    #expect(HouseRules().validate(leaf, in: nil))
  }

  @Test func claimsAreTrueOrNot() throws {
    func check(_ error: IdentityError?, _ chain: Chain, sourceLocation: SourceLocation = #_sourceLocation, _ change: (inout ClientIdentity) throws -> Void = { _ in }) throws {
      var identity = anna.identity(1)
      try change(&identity)
      let claim = try LeafClaim(try leaf(identity))
      if let error {
        #expect(throws: error, sourceLocation: sourceLocation) { try claim.check(against: chain) }
      } else {
        #expect(throws: Never.self, sourceLocation: sourceLocation) { try claim.check(against: chain) }
      }
    }
    let chain = anna.chain
    try check(nil, chain)
    try check(.wrongAccount, try house.enrol().chain)
    try check(.chainTooShort, try Chain([chain.statements[0]], house: house.house, using: crypto))
    try check(.fork, chain) { $0.extensions[.chainHead] = ChainHead(length: 2, head: crypto.randomBytes()).encoded() }
    // Before the second device was added.
    try check(.deviceNotActive, chain) { $0.extensions[.chainHead] = ChainHead(length: 1, head: chain.head(at: 1) ?? .zero).encoded() }
    try check(.deviceNotActive, chain) {
      $0.credential = DeviceCredential(account: anna.id, device: crypto.randomBytes()).credential
    }
    try check(.deviceKey, chain) { $0.signatureKeyPair = anna.devices[0].key }
    try check(.deviceMailbox, chain) { $0.extensions[.mailboxAddress] = anna.devices[0].device.mailbox.encoded() }
    // A claim of before a later statement stays true of its time, and says nothing of now.
    var later = anna
    try later.revoke(1)
    try check(nil, later.chain)
    #expect(later.chain.state.device(anna.devices[1].device.id) == nil)
  }

  @Test func claimsHoldNowOrNot() throws {
    let claim = try LeafClaim(try leaf(anna.identity(1)))
    #expect(throws: Never.self) { try claim.checkCurrent(in: anna.chain) }
    var later = anna
    try later.add()
    #expect(throws: Never.self) { try claim.checkCurrent(in: later.chain) }
    var rotated = anna
    try rotated.rotate(1)
    #expect(throws: IdentityError.deviceKey) { try claim.checkCurrent(in: rotated.chain) }
    #expect(throws: Never.self) { try LeafClaim(try leaf(rotated.identity(1))).checkCurrent(in: rotated.chain) }
    try later.revoke(1)
    #expect(throws: IdentityError.deviceNotActive) { try claim.checkCurrent(in: later.chain) }
    let stranger = try house.enrol().chain
    #expect(throws: IdentityError.wrongAccount) { try claim.checkCurrent(in: stranger) }
    var moved = anna.identity(1)
    moved.extensions[.mailboxAddress] = anna.devices[0].device.mailbox.encoded()
    let elsewhere = try LeafClaim(try leaf(moved))
    #expect(throws: IdentityError.deviceMailbox) { try elsewhere.checkCurrent(in: anna.chain) }
  }

  @Test func otherLeavesAreRefused() throws {
    func check(_ error: IdentityError?, sourceLocation: SourceLocation = #_sourceLocation, _ change: (inout ClientIdentity) throws -> Void) throws {
      var identity = anna.identity()
      try change(&identity)
      let leaf = try leaf(identity)
      #expect(!HouseRules().validate(leaf, in: nil), sourceLocation: sourceLocation)
      if let error { #expect(throws: error, sourceLocation: sourceLocation) { try LeafClaim(leaf) } }
    }
    try check(.credential) { $0.credential = .basic(identity: []) }
    try check(.credential) { $0.credential = .basic(identity: [UInt8](repeating: 1, count: 49)) }
    try check(.credential) { $0.credential = .x509(certificates: [[1]]) }
    try check(.leafExtension) { $0.extensions[.chainHead] = nil }
    try check(.leafExtension) { $0.extensions[.chainHead] = ChainHead(length: 0, head: .zero).encoded() }
    try check(.leafExtension) { $0.extensions[.chainHead] = [1, 2] }
    try check(.leafExtension) { $0.extensions[.mailboxAddress] = nil }
    try check(.leafExtension) { $0.extensions[.mailboxAddress] = [UInt8](repeating: 1, count: 17) }
    // One member who does not know a component would keep everybody from changing it.
    try check(nil) { $0.extensions[.appDataDictionary] = nil }
    try check(nil) {
      var dictionary = AppDataDictionary()
      dictionary[.appComponents] = ComponentsList([.room, .roles]).encoded()
      $0.extensions[.appDataDictionary] = dictionary.encoded()
    }
    #expect(HouseRules().validate(try leaf(anna.identity()), in: nil))
  }

  @Test func successorsAreTheSameDevice() throws {
    let rules = HouseRules()
    let old = try leaf(anna.identity(1))
    var later = anna
    try later.rotate(1)
    #expect(rules.validateSuccession(from: old, to: try leaf(anna.identity(1))))
    #expect(rules.validateSuccession(from: old, to: try leaf(later.identity(1))))
    #expect(!rules.validateSuccession(from: try leaf(later.identity(1)), to: old))
    #expect(!rules.validateSuccession(from: old, to: try leaf(later.identity(0))))
    var forked = anna.identity(1)
    forked.extensions[.chainHead] = ChainHead(length: 2, head: crypto.randomBytes()).encoded()
    #expect(!rules.validateSuccession(from: old, to: try leaf(forked)))
    var stranger = anna.identity(1)
    stranger.credential = DeviceCredential(account: crypto.randomBytes(), device: anna.devices[1].device.id).credential
    #expect(!rules.validateSuccession(from: old, to: try leaf(stranger)))
    #expect(!rules.representSameClient(old, try leaf(stranger)))
    #expect(rules.representSameClient(old, try leaf(later.identity(1))))
  }

  @Test func claimsAreCollected() throws {
    let collector = LeafCollector()
    let rules = HouseRules(collecting: collector)
    _ = rules.validate(try leaf(anna.identity(0)), in: nil)
    _ = rules.validate(try leaf(anna.identity(1)), in: nil)
    var bad = anna.identity(0)
    bad.credential = .basic(identity: [])
    _ = rules.validate(try leaf(bad), in: nil)
    #expect(collector.claims.map { $0.device } == anna.devices.map { $0.device.id })
  }

  @Test func serverNamesItselfByItsKey() throws {
    let key = house.server.publicKey
    #expect(HouseRules().validate(externalSender: ExternalSender(signatureKey: key, credential: .basic(identity: key.bytes))))
    #expect(!HouseRules().validate(externalSender: ExternalSender(signatureKey: key, credential: .basic(identity: []))))
    #expect(!HouseRules().validate(externalSender: ExternalSender(signatureKey: SignaturePublicKey([1]), credential: .basic(identity: [1]))))
  }
}
