// A house: its domain, its administrator's key, its server's key. Whoever has its id knows what the house may say.
import CryptoInterface
import TLSCodec

/// The house's certificate.
///
///     struct {
///         uint16 version = 1;
///         opaque domain<V>;
///         opaque name<V>;               /* UTF-8, 1..200 bytes */
///         opaque administrator_key<V>;  /* Ed25519: admits accounts, sets policy, resets */
///         opaque server_key<V>;         /* Ed25519: signs the feed, stands in external_senders */
///         uint64 time;                  /* seconds since 1970 */
///     } House;
public struct House: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public static let currentVersion: UInt16 = 1
  public var version: UInt16
  public var domain: String
  public var name: String
  public var administratorKey: SignaturePublicKey
  public var serverKey: SignaturePublicKey
  public var time: UInt64

  public init(
    domain: String, name: String, administratorKey: SignaturePublicKey, serverKey: SignaturePublicKey, time: UInt64,
    version: UInt16 = currentVersion
  ) {
    self.version = version
    self.domain = domain
    self.name = name
    self.administratorKey = administratorKey
    self.serverKey = serverKey
    self.time = time
  }

  public init(from reader: inout Reader) throws(DecodingError) {
    version = try reader.uint16()
    domain = try reader.text("domain", Naming.isDomain)
    name = try reader.text("house name", Naming.isName)
    administratorKey = try reader.signatureKey()
    serverKey = try reader.signatureKey()
    time = try reader.uint64()
  }

  public func encode(to writer: inout Writer) {
    writer.uint16(version)
    writer.text(domain)
    writer.text(name)
    administratorKey.encode(to: &writer)
    serverKey.encode(to: &writer)
    writer.uint64(time)
  }

  /// SHA-256 of the certificate.
  public func id(using crypto: some CryptoProvider) -> HouseID { HouseID(crypto.digest(encoded())) }
}

///     struct {
///         House house;
///         opaque signature<V>;   /* label "House", by administrator_key */
///     } SignedHouse;
public struct SignedHouse: Hashable, Sendable, TLSEncodable, TLSDecodable {
  /// Not to be relied on before `verified`.
  public var house: House
  public var signature: [UInt8]

  /// - Throws: `.name`, `.crypto`.
  public init(signing house: House, with administrator: SignaturePrivateKey, using crypto: some CryptoProvider) throws(IdentityError) {
    guard Naming.isDomain(house.domain), Naming.isName(house.name) else { throw .name }
    self.house = house
    signature = try Signing.sign(.house, house.encoded(), with: administrator, using: crypto)
  }
  public init(from reader: inout Reader) throws(DecodingError) {
    house = try House(from: &reader)
    signature = try reader.opaque()
  }
  public func encode(to writer: inout Writer) {
    house.encode(to: &writer)
    writer.opaque(signature)
  }

  /// - Throws: `.decoding`, `.limit(.statementBytes)`.
  public init(received bytes: [UInt8]) throws(IdentityError) {
    guard bytes.count <= IdentityLimits.statementBytes else { throw .limit(.statementBytes) }
    self = try decode(SignedHouse.self, bytes)
  }

  /// The house where it is signed by its own administrator. Whether it is the right one, its id says: compare with what is stored, or with the
  /// house tag of a link.
  /// - Throws: `.version`, `.houseSignature`.
  public func verified(using crypto: some CryptoProvider) throws(IdentityError) -> House {
    guard house.version == House.currentVersion else { throw .version }
    guard Signing.isValid(signature, .house, house.encoded(), by: house.administratorKey, using: crypto) else { throw .houseSignature }
    return house
  }
}
