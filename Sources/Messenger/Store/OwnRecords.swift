// Records about this device: who it is, its log-ins, its mailbox. Each begins with a version.
import CryptoInterface
import Identity
import MLS
import TLSCodec

/// Who this device is. Written once.
struct OwnDevice: Sendable {
  var account: AccountID
  var device: DeviceID
  var signatureKeyPair: SignatureKeyPair
  var mailbox: MailboxAddress
  /// Only in the client of the house's administrator.
  var administratorKeyPair: SignatureKeyPair?
  var serverKey: [UInt8]
  var domain: String

  func encoded() -> [UInt8] {
    var w = Writer()
    w.uint16(1)
    account.encode(to: &w)
    device.encode(to: &w)
    w.opaque(signatureKeyPair.privateKey.secret.exposed)
    signatureKeyPair.publicKey.encode(to: &w)
    mailbox.encode(to: &w)
    w.uint8(administratorKeyPair == nil ? 0 : 1)
    if let administratorKeyPair {
      w.opaque(administratorKeyPair.privateKey.secret.exposed)
      administratorKeyPair.publicKey.encode(to: &w)
    }
    w.opaque(serverKey)
    w.opaque(Array(domain.utf8))
    return w.bytes
  }

  init(
    account: AccountID, device: DeviceID, signatureKeyPair: SignatureKeyPair, mailbox: MailboxAddress,
    administratorKeyPair: SignatureKeyPair?, serverKey: [UInt8], domain: String
  ) {
    self.account = account
    self.device = device
    self.signatureKeyPair = signatureKeyPair
    self.mailbox = mailbox
    self.administratorKeyPair = administratorKeyPair
    self.serverKey = serverKey
    self.domain = domain
  }

  init(decoding bytes: [UInt8]) throws(DecodingError) {
    var r = Reader(bytes)
    try r.version(1)
    account = try AccountID(from: &r)
    device = try DeviceID(from: &r)
    let key = SignaturePrivateKey(Secret(try r.opaque()))
    signatureKeyPair = SignatureKeyPair(privateKey: key, publicKey: try SignaturePublicKey(from: &r))
    mailbox = try MailboxAddress(from: &r)
    if try r.presence() {
      let key = SignaturePrivateKey(Secret(try r.opaque()))
      administratorKeyPair = SignatureKeyPair(privateKey: key, publicKey: try SignaturePublicKey(from: &r))
    }
    serverKey = try r.opaque()
    domain = String(decoding: try r.opaque(), as: UTF8.self)
    try r.finish()
  }
}

/// What proves to the server that this store is neither a copy nor a backup.
struct SessionRecord: Sendable {
  var instance: [UInt8] = []
  /// Raised and stored before each log-in.
  var count: UInt64 = 0
  /// The store is older than the server's memory of it: the next log-in gives up all group state.
  var afresh = false

  init() {}
  func encoded() -> [UInt8] {
    var w = Writer()
    w.uint16(1)
    w.opaque(instance)
    w.uint64(count)
    w.uint8(afresh ? 1 : 0)
    return w.bytes
  }
  init(decoding bytes: [UInt8]) throws(DecodingError) {
    var r = Reader(bytes)
    try r.version(1)
    instance = try r.opaque()
    count = try r.uint64()
    afresh = try r.presence()
    try r.finish()
  }
}

/// Where this device stands in its mailbox. The key opens the row `confirmed` and, by hashing on, those after it.
struct MailboxRecord: Sendable {
  /// The oldest row that the server may still have.
  var confirmed: UInt64
  var key: Secret
  /// The first row that is not stored here.
  var next: UInt64

  init(key: Secret) {
    confirmed = 1
    self.key = key
    next = 1
  }
  /// Rows below `number` are gone from the server.
  mutating func confirm(upTo number: UInt64, _ crypto: some CryptoProvider) {
    while confirmed < number {
      key = crypto.hkdfExpand(.sha256, prk: key, info: Array("next".utf8), length: 32)
      confirmed += 1
    }
  }
  func encoded() -> [UInt8] {
    var w = Writer()
    w.uint16(1)
    w.uint64(confirmed)
    w.opaque(key.exposed)
    w.uint64(next)
    return w.bytes
  }
  init(decoding bytes: [UInt8]) throws(DecodingError) {
    var r = Reader(bytes)
    try r.version(1)
    confirmed = try r.uint64()
    key = Secret(try r.opaque())
    next = try r.uint64()
    try r.finish()
  }
}

/// A key package of this device that somebody may use, with its private keys.
struct KeyPackageRecord: Sendable {
  var bundle: KeyPackageBundle
  var isLastResort: Bool
  /// Whether the server has confirmed it.
  var published: Bool
  var notAfter: UInt64

  func encoded() -> [UInt8] {
    var w = Writer()
    w.uint16(1)
    w.uint8(isLastResort ? 1 : 0)
    w.uint8(published ? 1 : 0)
    w.uint64(notAfter)
    w.opaque(bundle.serialized())
    return w.bytes
  }
  init(bundle: KeyPackageBundle, isLastResort: Bool, notAfter: UInt64) {
    self.bundle = bundle
    self.isLastResort = isLastResort
    published = false
    self.notAfter = notAfter
  }
  init(decoding bytes: [UInt8]) throws(DecodingError) {
    var r = Reader(bytes)
    try r.version(1)
    isLastResort = try r.presence()
    published = try r.presence()
    notAfter = try r.uint64()
    let serialized = try r.opaque()
    guard let bundle = try? KeyPackageBundle(serialized: serialized) else { throw .invalidValue("key package record") }
    self.bundle = bundle
    try r.finish()
  }
}

/// What this person knows of another beyond the chain.
struct Contact: Sendable {
  var account: AccountID
  /// What was compared, hash of genesis and reset count; nil: never.
  var verified: [UInt8]?
  /// Resets that the person has taken note of.
  var acknowledgedResets: UInt32 = 0

  init(account: AccountID) { self.account = account }
  func encoded() -> [UInt8] {
    var w = Writer()
    w.uint16(1)
    account.encode(to: &w)
    w.uint8(verified == nil ? 0 : 1)
    if let verified { w.opaque(verified) }
    w.uint32(acknowledgedResets)
    return w.bytes
  }
  init(decoding bytes: [UInt8]) throws(DecodingError) {
    var r = Reader(bytes)
    try r.version(1)
    account = try AccountID(from: &r)
    verified = try r.presence() ? try r.opaque() : nil
    acknowledgedResets = try r.uint32()
    try r.finish()
  }
}

extension Reader {
  /// The version of a stored record.
  mutating func version(_ expected: UInt16) throws(DecodingError) {
    guard try uint16() == expected else { throw .invalidValue("record version") }
  }
  mutating func text() throws(DecodingError) -> String { String(decoding: try opaque(), as: UTF8.self) }
}

extension Writer {
  mutating func text(_ string: String) { opaque(Array(string.utf8)) }
}
