// Invitations, policy, and linking a further device.
import TLSCodec

/// An invitation to keep until it is used.
public struct NewInvitation: Sendable, Equatable, TLSCodable {
  /// SignedInvitation, by the administrator key.
  public var invitation: [UInt8]
  public var houseTag: [UInt8]
  public init(invitation: [UInt8], houseTag: [UInt8]) {
    self.invitation = invitation
    self.houseTag = houseTag
  }
  public init(from r: inout Reader) throws(DecodingError) {
    invitation = try r.opaque(atMost: WireLimits.statementBytes)
    houseTag = try r.fixed(32)
  }
  public func encode(to w: inout Writer) {
    w.opaque(invitation)
    w.fixed(houseTag)
  }
}

/// All or none.
public struct CreateInvitations: Sendable, Equatable, TLSCodable {
  /// Random; the same request asked again, after a crash or a lost answer, has the same id and gets the first answer.
  public var requestID: [UInt8]
  public var invitations: [NewInvitation]
  public init(requestID: [UInt8], invitations: [NewInvitation]) {
    self.requestID = requestID
    self.invitations = invitations
  }
  public init(from r: inout Reader) throws(DecodingError) {
    requestID = try r.fixed(16)
    invitations = try r.vector(atMost: WireLimits.invitations)
  }
  public func encode(to w: inout Writer) {
    w.fixed(requestID)
    w.vector(invitations)
  }
}

/// Invitations that can still be used.
public struct InvitationsAnswer: Sendable, Equatable, TLSCodable {
  /// SignedInvitation each.
  public var invitations: [[UInt8]]
  public init(invitations: [[UInt8]]) {
    self.invitations = invitations
  }
  public init(from r: inout Reader) throws(DecodingError) {
    invitations = try r.opaques(atMost: 10_000, each: WireLimits.statementBytes)
  }
  public func encode(to w: inout Writer) {
    w.opaques(invitations)
  }
}

/// By the house's administrator.
public struct WithdrawInvitation: Sendable, Equatable, TLSCodable {
  /// The invitation's public key.
  public var key: [UInt8]
  /// By the administrator key, label "Withdraw", over the public key.
  public var signature: [UInt8]
  public init(key: [UInt8], signature: [UInt8]) {
    self.key = key
    self.signature = signature
  }
  public init(from r: inout Reader) throws(DecodingError) {
    key = try r.fixed(32)
    signature = try r.opaque(atMost: WireLimits.statementBytes)
  }
  public func encode(to w: inout Writer) {
    w.fixed(key)
    w.opaque(signature)
  }
}

/// A policy of a higher serial.
public struct SetPolicy: Sendable, Equatable, TLSCodable {
  /// SignedPolicy.
  public var policy: [UInt8]
  public init(policy: [UInt8]) {
    self.policy = policy
  }
  public init(from r: inout Reader) throws(DecodingError) {
    policy = try r.opaque(atMost: WireLimits.statementBytes)
  }
  public func encode(to w: inout Writer) {
    w.opaque(policy)
  }
}

/// This device waits for a new one of the same account.
public struct OpenLink: Sendable, Equatable, TLSCodable {
  /// From the link's secret.
  public var slot: [UInt8]
  public init(slot: [UInt8]) {
    self.slot = slot
  }
  public init(from r: inout Reader) throws(DecodingError) {
    slot = try r.fixed(16)
  }
  public func encode(to w: inout Writer) {
    w.fixed(slot)
  }
}

/// The new device hands in its key, sealed under the link's secret.
public struct OfferLink: Sendable, Equatable, TLSCodable {
  public var slot: [UInt8]
  public var sealed: [UInt8]
  public init(slot: [UInt8], sealed: [UInt8]) {
    self.slot = slot
    self.sealed = sealed
  }
  public init(from r: inout Reader) throws(DecodingError) {
    slot = try r.fixed(16)
    sealed = try r.opaque(atMost: WireLimits.linkBytes)
  }
  public func encode(to w: inout Writer) {
    w.fixed(slot)
    w.opaque(sealed)
  }
}

/// What lies in a slot.
public struct LinkOffered: Sendable, Equatable, TLSCodable {
  public var slot: [UInt8]
  public var sealed: [UInt8]
  public init(slot: [UInt8], sealed: [UInt8]) {
    self.slot = slot
    self.sealed = sealed
  }
  public init(from r: inout Reader) throws(DecodingError) {
    slot = try r.fixed(16)
    sealed = try r.opaque(atMost: WireLimits.linkBytes)
  }
  public func encode(to w: inout Writer) {
    w.fixed(slot)
    w.opaque(sealed)
  }
}

/// The first device answers: chain and house, sealed.
public struct AnswerLink: Sendable, Equatable, TLSCodable {
  public var slot: [UInt8]
  public var sealed: [UInt8]
  public init(slot: [UInt8], sealed: [UInt8]) {
    self.slot = slot
    self.sealed = sealed
  }
  public init(from r: inout Reader) throws(DecodingError) {
    slot = try r.fixed(16)
    sealed = try r.opaque(atMost: WireLimits.linkBytes)
  }
  public func encode(to w: inout Writer) {
    w.fixed(slot)
    w.opaque(sealed)
  }
}

/// The new device asks again for the answer, should the connection have broken.
public struct TakeLink: Sendable, Equatable, TLSCodable {
  public var slot: [UInt8]
  public init(slot: [UInt8]) {
    self.slot = slot
  }
  public init(from r: inout Reader) throws(DecodingError) {
    slot = try r.fixed(16)
  }
  public func encode(to w: inout Writer) {
    w.fixed(slot)
  }
}

/// Nil: not there yet.
public struct LinkAnswer: Sendable, Equatable, TLSCodable {
  public var sealed: [UInt8]?
  public init(sealed: [UInt8]?) {
    self.sealed = sealed
  }
  public init(from r: inout Reader) throws(DecodingError) {
    sealed = try r.presence() ? try r.opaque(atMost: WireLimits.linkBytes) : nil
  }
  public func encode(to w: inout Writer) {
    w.optionalOpaque(sealed)
  }
}
