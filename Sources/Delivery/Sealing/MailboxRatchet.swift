// Mailbox rows at rest: each under a key of its own, which the server erases when it has used it. The device derives the same keys from its first one.
import CryptoInterface
import TLSCodec
import Wire

/// What a mailbox row points at. 64 bytes whatever it is, so that rows do not differ in size.
struct MailReference: Equatable {
  static let size = 64
  var body: [UInt8]
  var key: [UInt8]
  /// Milliseconds since 1970, the accepted timestamp.
  var time: UInt64

  init(body: [UInt8], key: [UInt8], time: UInt64) {
    self.body = body
    self.key = key
    self.time = time
  }

  init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.size else { return nil }
    var r = Reader(bytes)
    guard let body = try? r.fixed(16), let key = try? r.fixed(32), let time = try? r.uint64() else { return nil }
    self.init(body: body, key: key, time: time)
  }

  var padded: [UInt8] {
    var w = Writer(capacity: Self.size)
    w.fixed(body)
    w.fixed(key)
    w.uint64(time)
    w.fixed([UInt8](repeating: 0, count: Self.size - w.bytes.count))
    return w.bytes
  }
}

/// The chain of a mailbox's keys: k(n+1) = HKDF-Expand(k(n), "next"); row n is sealed once under HKDF-Expand(k(n), "row") with a zero nonce and additional
/// data `mailbox ‖ uint64 number`.
struct MailboxRatchet<Crypto: CryptoProvider> {
  let mailbox: [UInt8]
  private(set) var number: UInt64
  private(set) var key: Secret
  let crypto: Crypto

  init(mailbox: [UInt8], number: UInt64, key: [UInt8], crypto: Crypto) {
    self.mailbox = mailbox
    self.number = number
    self.key = Secret(key)
    self.crypto = crypto
  }

  mutating func step() {
    key = crypto.expand(key, DeliveryLabel.mailboxNext)
    number += 1
  }

  /// The row `number`.
  func seal(_ reference: MailReference) throws -> [UInt8] {
    try crypto.aeadSeal(.chaCha20Poly1305, key: rowKey, nonce: Self.nonce, aad: aad, reference.padded)
  }

  /// Nil where the key does not fit the row `number`.
  func open(_ sealed: [UInt8]) -> MailReference? {
    guard let bytes = try? crypto.aeadOpen(.chaCha20Poly1305, key: rowKey, nonce: Self.nonce, aad: aad, sealed) else { return nil }
    return MailReference(bytes)
  }

  private var rowKey: Secret { crypto.expand(key, DeliveryLabel.mailboxRow) }
  private var aad: [UInt8] {
    var w = Writer(capacity: 24)
    w.fixed(mailbox)
    w.uint64(number)
    return w.bytes
  }
  private static var nonce: [UInt8] { [UInt8](repeating: 0, count: AEADAlgorithm.chaCha20Poly1305.nonceSize) }
}

/// A body and how many rows point at it, both under the body's key.
struct BodySeal<Crypto: CryptoProvider> {
  let id: [UInt8]
  let key: Secret
  let crypto: Crypto

  init(id: [UInt8], key: [UInt8], crypto: Crypto) {
    self.id = id
    self.key = Secret(key)
    self.crypto = crypto
  }

  func seal(_ body: DeliveryBody, count: UInt32) throws -> BodyRecord {
    BodyRecord(sealedCount: try seal(count: count), sealed: try crypto.sealed(under: crypto.expand(key, "body"), aad: id, body.encoded()))
  }

  func open(_ record: BodyRecord) -> DeliveryBody? {
    guard let bytes = crypto.opened(under: crypto.expand(key, "body"), aad: id, record.sealed) else { return nil }
    return try? DeliveryBody(decoding: bytes)
  }

  func seal(count: UInt32) throws -> [UInt8] { try crypto.sealed(under: crypto.expand(key, "count"), aad: id, count.encoded()) }

  func count(_ record: BodyRecord) -> UInt32? {
    guard let bytes = crypto.opened(under: crypto.expand(key, "count"), aad: id, record.sealedCount) else { return nil }
    return try? UInt32(decoding: bytes)
  }
}
