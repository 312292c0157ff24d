// An invitation: the house lets in whoever holds the secret of a link.
import CryptoInterface
import TLSCodec

///     struct {
///         uint16 version = 1;
///         opaque house[32];
///         opaque key<V>;                /* Ed25519 public key of the secret in the link */
///         AccountKind kind;
///         opaque name<V>;               /* UTF-8, at most 200 bytes: proposed to the person */
///         opaque function<V>;           /* UTF-8, at most 200 bytes: such as "Ward 3"; may be empty */
///         uint8 grants_administrator;
///         uint64 not_after;             /* seconds since 1970 */
///         opaque nonce[16];
///     } Invitation;
public struct Invitation: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public static let currentVersion: UInt16 = 1
  public var version: UInt16
  public var house: HouseID
  public var key: SignaturePublicKey
  public var kind: AccountKind
  public var name: String
  public var function: String
  public var grantsAdministrator: Bool
  public var notAfter: UInt64
  /// 16 random bytes.
  public var nonce: [UInt8]

  /// - Parameter key: the public half of `LinkSecret.invitationKey`.
  public init(
    house: HouseID, key: SignaturePublicKey, kind: AccountKind, name: String, function: String = "", grantsAdministrator: Bool = false,
    notAfter: UInt64, using crypto: some CryptoProvider
  ) {
    version = Self.currentVersion
    self.house = house
    self.key = key
    self.kind = kind
    self.name = name
    self.function = function
    self.grantsAdministrator = grantsAdministrator
    self.notAfter = notAfter
    nonce = crypto.random(Self.nonceSize)
  }

  static let nonceSize = 16
  private static func isProposed(_ text: String) -> Bool { text.isEmpty || Naming.isName(text) }

  public init(from reader: inout Reader) throws(DecodingError) {
    version = try reader.uint16()
    house = try HouseID(from: &reader)
    key = try reader.signatureKey()
    kind = try AccountKind(from: &reader)
    name = try reader.text("invitation name", Self.isProposed)
    function = try reader.text("invitation function", Self.isProposed)
    grantsAdministrator = try reader.presence()
    notAfter = try reader.uint64()
    nonce = try reader.fixed(Self.nonceSize)
  }

  public func encode(to writer: inout Writer) {
    writer.uint16(version)
    house.encode(to: &writer)
    key.encode(to: &writer)
    kind.encode(to: &writer)
    writer.text(name)
    writer.text(function)
    writer.uint8(grantsAdministrator ? 1 : 0)
    writer.uint64(notAfter)
    writer.fixed(nonce)
  }

  /// Whether it can still be used: asked by the server when somebody enrols, not of chains that began long ago.
  /// - Parameter now: seconds since 1970.
  /// - Throws: `.invitationExpired`.
  public func checkEnrolment(at now: UInt64) throws(IdentityError) {
    guard now <= notAfter else { throw .invitationExpired }
  }

  func validate() throws(IdentityError) {
    guard Self.isProposed(name), Self.isProposed(function) else { throw .name }
    guard key.bytes.count == Signing.publicKeySize, nonce.count == Self.nonceSize else { throw .crypto(.invalidKey) }
  }
}

///     struct {
///         Invitation invitation;
///         opaque signature<V>;   /* label "Invitation", by the house's administrator_key */
///     } SignedInvitation;
public struct SignedInvitation: Hashable, Sendable, TLSEncodable, TLSDecodable {
  /// Not to be relied on before `verified`.
  public var invitation: Invitation
  public var signature: [UInt8]

  /// - Throws: `.name`, `.crypto`.
  public init(signing invitation: Invitation, with administrator: SignaturePrivateKey, using crypto: some CryptoProvider)
    throws(IdentityError)
  {
    try invitation.validate()
    self.invitation = invitation
    signature = try Signing.sign(.invitation, invitation.encoded(), with: administrator, using: crypto)
  }
  public init(from reader: inout Reader) throws(DecodingError) {
    invitation = try Invitation(from: &reader)
    signature = try reader.opaque()
  }
  public func encode(to writer: inout Writer) {
    invitation.encode(to: &writer)
    writer.opaque(signature)
  }

  /// - Throws: `.decoding`, `.limit(.statementBytes)`.
  public init(received bytes: [UInt8]) throws(IdentityError) {
    guard bytes.count <= IdentityLimits.statementBytes else { throw .limit(.statementBytes) }
    self = try decode(SignedInvitation.self, bytes)
  }

  /// The invitation where this house made it.
  /// - Throws: `.version`, `.invitationHouse`, `.invitationSignature`.
  public func verified(for house: House, using crypto: some CryptoProvider) throws(IdentityError) -> Invitation {
    guard invitation.version == Invitation.currentVersion else { throw .version }
    guard invitation.house == house.id(using: crypto) else { throw .invitationHouse }
    guard Signing.isValid(signature, .invitation, invitation.encoded(), by: house.administratorKey, using: crypto) else {
      throw .invitationSignature
    }
    return invitation
  }
}
