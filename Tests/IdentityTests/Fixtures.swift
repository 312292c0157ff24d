// A house with accounts and devices for the tests of this folder.
import CryptoInterface
import Identity
import MLS
import SwiftCryptoProvider
import TLSCodec
import Testing

let crypto = SwiftCryptoProvider()
/// Some Wednesday at noon.
let noon: UInt64 = 1_790_769_600

/// A generator with a seed, so that a failure can be replayed.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// A house with all its keys.
struct TestHouse {
  let administrator: SignatureKeyPair
  let server: SignatureKeyPair
  let signed: SignedHouse
  var house: House { signed.house }
  var id: HouseID { house.id(using: crypto) }

  init(domain: String = "chat.example") throws {
    administrator = try Signing.makeKeyPair(using: crypto)
    server = try Signing.makeKeyPair(using: crypto)
    let house = House(
      domain: domain, name: "Haus am See", administratorKey: administrator.publicKey, serverKey: server.publicKey, time: noon)
    signed = try SignedHouse(signing: house, with: administrator.privateKey, using: crypto)
  }

  func invite(_ kind: AccountKind = .person, notAfter: UInt64 = noon + 86_400) throws -> (invitation: SignedInvitation, secret: LinkSecret) {
    let secret = LinkSecret.make(using: crypto)
    let invitation = Invitation(
      house: id, key: try secret.invitationKey(using: crypto).publicKey, kind: kind, name: "Anna", function: "Ward 3", notAfter: notAfter,
      using: crypto)
    return (try SignedInvitation(signing: invitation, with: administrator.privateKey, using: crypto), secret)
  }

  func enrol(_ name: String = "Anna") throws -> TestAccount {
    let (invitation, secret) = try invite()
    let key = try Signing.makeKeyPair(using: crypto)
    let device = Device.make(key.publicKey, name: name + "'s phone", using: crypto)
    let genesis = try Genesis.make(
      account: crypto.randomBytes(), kind: .person, name: name, localPart: name.lowercased(), device: device, key: key, house: house,
      admission: .invitation(invitation, key: try secret.invitationKey(using: crypto).privateKey), at: noon, using: crypto)
    return TestAccount(chain: try Chain(genesis: genesis, house: house, using: crypto), devices: [TestDevice(device: device, key: key)])
  }
}

struct TestDevice {
  var device: Device
  var key: SignatureKeyPair
  static func make(_ name: String = "laptop") throws -> TestDevice {
    let key = try Signing.makeKeyPair(using: crypto)
    return TestDevice(device: Device.make(key.publicKey, name: name, using: crypto), key: key)
  }
  /// The proof for the next place in a chain.
  func possession(_ chain: Chain) throws -> [UInt8] { try chain.possession(of: device.id).sign(with: key.privateKey, using: crypto) }
}

/// An account with the keys of all devices that it ever had.
struct TestAccount {
  var chain: Chain
  var devices: [TestDevice]
  var recoveryKeys: [SignatureKeyPair] = []
  var id: AccountID { chain.account }

  init(chain: Chain, devices: [TestDevice]) {
    self.chain = chain
    self.devices = devices
  }

  mutating func add(by i: Int = 0) throws {
    let new = try TestDevice.make()
    let statement = try SignedStatement.addDevice(
      new.device, possession: new.possession(chain), to: chain, by: devices[i].key, at: noon, using: crypto)
    try chain.append(statement, using: crypto)
    devices.append(new)
  }

  mutating func revoke(_ i: Int, by j: Int = 0, cutOff: UInt32? = nil) throws {
    let statement = try SignedStatement.revokeDevice(
      devices[i].device.id, cutOff: cutOff ?? chain.length, in: chain, by: devices[j].key, at: noon, using: crypto)
    try chain.append(statement, using: crypto)
  }

  mutating func rotate(_ i: Int) throws {
    let new = try Signing.makeKeyPair(using: crypto)
    let statement = try SignedStatement.rotateKey(
      of: devices[i].device.id, from: devices[i].key, to: new, in: chain, at: noon, using: crypto)
    try chain.append(statement, using: crypto)
    devices[i].key = new
    devices[i].device.signatureKey = new.publicKey
  }

  mutating func addRecoveryKey(by i: Int = 0) throws {
    let key = try Signing.makeKeyPair(using: crypto)
    try chain.append(try SignedStatement.addRecoveryKey(key.publicKey, to: chain, by: devices[i].key, at: noon, using: crypto), using: crypto)
    recoveryKeys.append(key)
  }

  mutating func recover(_ i: Int = 0) throws {
    let new = try TestDevice.make()
    let statement = try SignedStatement.recover(
      chain, to: new.device, key: new.key, recovery: recoveryKeys[i], at: noon, using: crypto)
    try chain.append(statement, using: crypto)
    devices.append(new)
  }

  mutating func reset(_ house: TestHouse) throws {
    let new = try TestDevice.make()
    let statement = try SignedStatement.houseReset(
      chain, to: new.device, possession: new.possession(chain), administrator: house.administrator, at: noon, using: crypto)
    try chain.append(statement, using: crypto)
    devices.append(new)
  }

  func isActive(_ i: Int) -> Bool { chain.state.device(devices[i].device.id) != nil }

  /// As MLS knows a device.
  func identity(_ i: Int = 0) -> ClientIdentity {
    HouseCapabilities.identity(account: id, device: devices[i].device, key: devices[i].key, chainHead: ChainHead(chain))
  }
}

/// A statement for the end of a chain, signed whatever it says.
func sign(
  _ body: StatementBody, _ chain: Chain, as kind: SignerKind = .device, by key: SignatureKeyPair, change: (inout Statement) -> Void = { _ in }
) throws -> SignedStatement {
  var statement = Statement(account: chain.account, position: chain.length, previous: chain.head, time: noon, body: body)
  change(&statement)
  return try SignedStatement(signing: statement, as: kind, with: key, using: crypto)
}

/// That a chain takes a statement.
func expectAccepted(_ chain: Chain, _ signed: SignedStatement, sourceLocation: SourceLocation = #_sourceLocation) {
  var copy = chain
  #expect(throws: Never.self, sourceLocation: sourceLocation) { try copy.append(received: signed.encoded(), using: crypto) }
  #expect(copy.length == chain.length + 1, sourceLocation: sourceLocation)
}

/// That a chain refuses a statement for a reason, and stays as it was.
func expectRefused(_ error: IdentityError, _ chain: Chain, _ signed: SignedStatement, sourceLocation: SourceLocation = #_sourceLocation) {
  var copy = chain
  #expect(throws: error, sourceLocation: sourceLocation) { try copy.append(received: signed.encoded(), using: crypto) }
  #expect(copy == chain, sourceLocation: sourceLocation)
}
