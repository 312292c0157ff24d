import CryptoInterface
import TLSCodec

/// A device as a chain names it.
///
///     struct {
///         DeviceID id;
///         opaque signature_key<V>;   /* Ed25519 public key, 32 bytes */
///         opaque mailbox[16];
///         opaque name<V>;            /* UTF-8, at most 64 bytes */
///     } Device;
public struct Device: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var id: DeviceID
  public var signatureKey: SignaturePublicKey
  public var mailbox: MailboxAddress
  /// Such as "Anna's phone".
  public var name: String

  public init(id: DeviceID, signatureKey: SignaturePublicKey, mailbox: MailboxAddress, name: String) {
    self.id = id
    self.signatureKey = signatureKey
    self.mailbox = mailbox
    self.name = name
  }

  /// A device with random id and mailbox.
  public static func make(_ key: SignaturePublicKey, name: String, using crypto: some CryptoProvider) -> Device {
    Device(id: crypto.randomBytes(), signatureKey: key, mailbox: crypto.randomBytes(), name: name)
  }

  public init(from reader: inout Reader) throws(DecodingError) {
    id = try DeviceID(from: &reader)
    signatureKey = try reader.signatureKey()
    mailbox = try MailboxAddress(from: &reader)
    name = try reader.text("device name", Naming.isDeviceName)
  }

  public func encode(to writer: inout Writer) {
    id.encode(to: &writer)
    signatureKey.encode(to: &writer)
    mailbox.encode(to: &writer)
    writer.text(name)
  }

  /// - Throws: `.name`, `.crypto(.invalidKey)` where it would not decode.
  func validate() throws(IdentityError) {
    guard Naming.isDeviceName(name) else { throw .name }
    guard signatureKey.bytes.count == Signing.publicKeySize else { throw .crypto(.invalidKey) }
  }
}

/// The proof that a new key's holder wants it in this chain at this place: signed by the new key, label "DevicePossession". Without it, one could
/// claim another's key for a device of one's own.
///
///     struct {
///         AccountID account;
///         DeviceID device;
///         opaque previous[32];   /* hash of the statement before the one that brings the key */
///     } DevicePossession;
public struct DevicePossession: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var account: AccountID
  public var device: DeviceID
  public var previous: Digest

  public init(account: AccountID, device: DeviceID, previous: Digest) {
    self.account = account
    self.device = device
    self.previous = previous
  }
  public init(from reader: inout Reader) throws(DecodingError) {
    account = try AccountID(from: &reader)
    device = try DeviceID(from: &reader)
    previous = try Digest(from: &reader)
  }
  public func encode(to writer: inout Writer) {
    account.encode(to: &writer)
    device.encode(to: &writer)
    previous.encode(to: &writer)
  }

  /// - Throws: `.crypto`.
  public func sign(with key: SignaturePrivateKey, using crypto: some CryptoProvider) throws(IdentityError) -> [UInt8] {
    try Signing.sign(.devicePossession, encoded(), with: key, using: crypto)
  }
  public func isSigned(_ signature: [UInt8], by key: SignaturePublicKey, using crypto: some CryptoProvider) -> Bool {
    Signing.isValid(signature, .devicePossession, encoded(), by: key, using: crypto)
  }
}
