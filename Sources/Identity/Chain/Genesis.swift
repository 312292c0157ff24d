import CryptoInterface
import TLSCodec

/// The first statement: who this is, and why the house let this account in.
///
///     struct {
///         AccountKind kind;
///         opaque name<V>;                          /* UTF-8, 1..200 bytes */
///         opaque local_part<V>;                    /* 1..64 of [a-z0-9._-] */
///         opaque domain<V>;
///         Device device;
///         optional<SignedInvitation> invitation;
///         opaque admission_signature<V>;
///     } Genesis;
///
/// `admission_signature` is by the invitation's key over label "Admission"; without invitation (the house's first account) by the house's
/// administrator key.
public struct Genesis: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var kind: AccountKind
  public var name: String
  public var localPart: String
  public var domain: String
  public var device: Device
  public var invitation: SignedInvitation?
  public var admissionSignature: [UInt8]

  public init(
    kind: AccountKind, name: String, localPart: String, domain: String, device: Device, invitation: SignedInvitation?, admissionSignature: [UInt8]
  ) {
    self.kind = kind
    self.name = name
    self.localPart = localPart
    self.domain = domain
    self.device = device
    self.invitation = invitation
    self.admissionSignature = admissionSignature
  }

  public init(from reader: inout Reader) throws(DecodingError) {
    kind = try AccountKind(from: &reader)
    name = try reader.text("account name", Naming.isName)
    localPart = try reader.text("local part", Naming.isLocalPart)
    domain = try reader.text("domain", Naming.isDomain)
    device = try Device(from: &reader)
    invitation = try reader.optional()
    admissionSignature = try reader.opaque()
  }

  public func encode(to writer: inout Writer) {
    kind.encode(to: &writer)
    writer.text(name)
    writer.text(localPart)
    writer.text(domain)
    device.encode(to: &writer)
    writer.optional(invitation)
    writer.opaque(admissionSignature)
  }

  /// What the admitting key signs.
  ///
  ///     struct {
  ///         AccountID account;
  ///         opaque device_key<V>;
  ///         opaque name<V>;
  ///         opaque local_part<V>;
  ///     } Admission;
  func admission(of account: AccountID) -> [UInt8] {
    var w = Writer()
    account.encode(to: &w)
    device.signatureKey.encode(to: &w)
    w.text(name)
    w.text(localPart)
    return w.bytes
  }

  /// What a house demands of an account. The name is the person's to confirm or correct; the kind is not. An expired invitation is no reason
  /// here, for the chain outlives it: only who enrols asks `Invitation.checkEnrolment`.
  /// - Throws: `.wrongDomain`, `.invitationSignature`, `.invitationHouse`, `.invitationKind`, `.admissionSignature`.
  func check(account: AccountID, house: House, using crypto: some CryptoProvider) throws(IdentityError) {
    guard domain == house.domain else { throw .wrongDomain }
    let admitting: SignaturePublicKey
    if let invitation {
      let invitation = try invitation.verified(for: house, using: crypto)
      guard invitation.kind == kind else { throw .invitationKind }
      admitting = invitation.key
    } else {
      admitting = house.administratorKey
    }
    guard Signing.isValid(admissionSignature, .admission, admission(of: account), by: admitting, using: crypto) else {
      throw .admissionSignature
    }
  }
}

/// What lets an account into the house.
public enum Admission: Sendable {
  /// An invitation and the key of the secret in its link (`LinkSecret.invitationKey`).
  case invitation(SignedInvitation, key: SignaturePrivateKey)
  /// The house's administrator key: for its first account.
  case administrator(SignaturePrivateKey)
}

extension Genesis {
  /// The first statement of a new account.
  /// - Parameters:
  ///   - key: of `device`.
  ///   - time: seconds since 1970.
  /// - Throws: `.name`, `.wrongDomain`, what `check` throws, `.crypto`.
  public static func make(
    account: AccountID, kind: AccountKind, name: String, localPart: String, device: Device, key: SignatureKeyPair, house: House,
    admission: Admission, at time: UInt64, using crypto: some CryptoProvider
  ) throws(IdentityError) -> SignedStatement {
    guard Naming.isName(name), Naming.isLocalPart(localPart) else { throw .name }
    try device.validate()
    var genesis = Genesis(
      kind: kind, name: name, localPart: localPart, domain: house.domain, device: device, invitation: nil, admissionSignature: [])
    let admitting: SignaturePrivateKey
    switch admission {
    case .invitation(let invitation, let key):
      genesis.invitation = invitation
      admitting = key
    case .administrator(let key):
      admitting = key
    }
    genesis.admissionSignature = try Signing.sign(.admission, genesis.admission(of: account), with: admitting, using: crypto)
    try genesis.check(account: account, house: house, using: crypto)
    let statement = Statement(account: account, position: 0, previous: .zero, time: time, body: .genesis(genesis))
    return try SignedStatement(signing: statement, as: .device, with: key, using: crypto)
  }
}
