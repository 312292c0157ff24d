// Greeting, log-in, and what a connection may do before it.
import TLSCodec

/// The first request of every connection.
public struct Hello: Sendable, Equatable, TLSCodable {
  /// `WireVersion.current`.
  public var version: UInt16
  public init(version: UInt16) {
    self.version = version
  }
  public init(from r: inout Reader) throws(DecodingError) {
    version = try r.uint16()
  }
  public func encode(to w: inout Writer) {
    w.uint16(version)
  }
}

/// What anybody may know of the house.
public struct Greeting: Sendable, Equatable, TLSCodable {
  public var version: UInt16
  /// Random; `LogIn` signs it.
  public var challenge: [UInt8]
  /// Rises when the server was restored from a backup.
  public var incarnation: UInt32
  /// Seconds since 1970, so that a client notices that its clock is wrong.
  public var now: UInt64
  /// Ed25519: signs the feed, and stands in `external_senders`.
  public var serverKey: [UInt8]
  /// As configured; ASCII.
  public var domain: [UInt8]
  /// The SignedHouse; nil until an administrator has set it up.
  public var house: [UInt8]?
  /// The SignedPolicy.
  public var policy: [UInt8]?
  public init(
    version: UInt16, challenge: [UInt8], incarnation: UInt32, now: UInt64, serverKey: [UInt8], domain: [UInt8], house: [UInt8]?, policy: [UInt8]?
  ) {
    self.version = version
    self.challenge = challenge
    self.incarnation = incarnation
    self.now = now
    self.serverKey = serverKey
    self.domain = domain
    self.house = house
    self.policy = policy
  }
  public init(from r: inout Reader) throws(DecodingError) {
    version = try r.uint16()
    challenge = try r.fixed(32)
    incarnation = try r.uint32()
    now = try r.uint64()
    serverKey = try r.fixed(32)
    domain = try r.opaque(atMost: WireLimits.queryBytes)
    house = try r.presence() ? try r.opaque(atMost: WireLimits.statementBytes) : nil
    policy = try r.presence() ? try r.opaque(atMost: WireLimits.statementBytes) : nil
  }
  public func encode(to w: inout Writer) {
    w.uint16(version)
    w.fixed(challenge)
    w.uint32(incarnation)
    w.uint64(now)
    w.fixed(serverKey)
    w.opaque(domain)
    w.optionalOpaque(house)
    w.optionalOpaque(policy)
  }
}

/// The first person makes the house: its certificate with the administrator key, and the first account.
public struct SetUp: Sendable, Equatable, TLSCodable {
  /// Random; the same request asked again, after a crash or a lost answer, has the same id and gets the first answer.
  public var requestID: [UInt8]
  /// SignedHouse.
  public var house: [UInt8]
  /// SignedStatement of the first account.
  public var genesis: [UInt8]
  /// k_1 of the first device's mailbox.
  public var mailboxKey: [UInt8]
  /// Signature with the set-up link's key, label "SetUp", over SignedHouse ‖ SignedStatement.
  public var proof: [UInt8]
  public init(requestID: [UInt8], house: [UInt8], genesis: [UInt8], mailboxKey: [UInt8], proof: [UInt8]) {
    self.requestID = requestID
    self.house = house
    self.genesis = genesis
    self.mailboxKey = mailboxKey
    self.proof = proof
  }
  public init(from r: inout Reader) throws(DecodingError) {
    requestID = try r.fixed(16)
    house = try r.opaque(atMost: WireLimits.statementBytes)
    genesis = try r.opaque(atMost: WireLimits.statementBytes)
    mailboxKey = try r.fixed(32)
    proof = try r.opaque(atMost: WireLimits.statementBytes)
  }
  public func encode(to w: inout Writer) {
    w.fixed(requestID)
    w.opaque(house)
    w.opaque(genesis)
    w.fixed(mailboxKey)
    w.opaque(proof)
  }
}

/// What stands behind a link or code. Uses nothing up: mail scanners open links.
public struct LookUpInvitation: Sendable, Equatable, TLSCodable {
  /// The public key of the secret in the link.
  public var key: [UInt8]
  public init(key: [UInt8]) {
    self.key = key
  }
  public init(from r: inout Reader) throws(DecodingError) {
    key = try r.fixed(32)
  }
  public func encode(to w: inout Writer) {
    w.fixed(key)
  }
}

/// An invitation that can be used.
public struct InvitationAnswer: Sendable, Equatable, TLSCodable {
  /// SignedInvitation.
  public var invitation: [UInt8]
  /// With which the holder of the secret authenticates the house.
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

/// An invited person makes the account. Uses the invitation up.
public struct Enrol: Sendable, Equatable, TLSCodable {
  /// Random; the same request asked again, after a crash or a lost answer, has the same id and gets the first answer.
  public var requestID: [UInt8]
  /// SignedStatement; holds the invitation and the signature by its key.
  public var genesis: [UInt8]
  /// k_1 of the first device's mailbox.
  public var mailboxKey: [UInt8]
  public init(requestID: [UInt8], genesis: [UInt8], mailboxKey: [UInt8]) {
    self.requestID = requestID
    self.genesis = genesis
    self.mailboxKey = mailboxKey
  }
  public init(from r: inout Reader) throws(DecodingError) {
    requestID = try r.fixed(16)
    genesis = try r.opaque(atMost: WireLimits.statementBytes)
    mailboxKey = try r.fixed(32)
  }
  public func encode(to w: inout Writer) {
    w.fixed(requestID)
    w.opaque(genesis)
    w.fixed(mailboxKey)
  }
}

/// A device proves that it holds its key.
public struct LogIn: Sendable, Equatable, TLSCodable {
  public var account: [UInt8]
  public var device: [UInt8]
  /// Random, made with the store. A second one for the same device is refused.
  public var instance: [UInt8]
  /// Counts log-ins, stored before each: a number that was seen before comes from a copied or restored store.
  public var session: UInt64
  /// The device gives up all group state and will join its groups afresh: takes a new instance, and its count starts again.
  public var afresh: Bool
  /// With the device's key, label "LogIn", over the greeting's challenge ‖ hash of the house ‖ incarnation ‖ this structure without signature.
  public var signature: [UInt8]
  public init(account: [UInt8], device: [UInt8], instance: [UInt8], session: UInt64, afresh: Bool, signature: [UInt8]) {
    self.account = account
    self.device = device
    self.instance = instance
    self.session = session
    self.afresh = afresh
    self.signature = signature
  }
  public init(from r: inout Reader) throws(DecodingError) {
    account = try r.fixed(32)
    device = try r.fixed(16)
    instance = try r.fixed(16)
    session = try r.uint64()
    afresh = try r.presence()
    signature = try r.opaque(atMost: WireLimits.statementBytes)
  }
  public func encode(to w: inout Writer) {
    w.fixed(account)
    w.fixed(device)
    w.fixed(instance)
    w.uint64(session)
    w.uint8(afresh ? 1 : 0)
    w.opaque(signature)
  }
}

/// What the server keeps for this device.
public struct LoggedIn: Sendable, Equatable, TLSCodable {
  /// The number of the oldest message in the mailbox; `next` where it is empty.
  public var lowest: UInt64
  /// The number that the next message will get.
  public var next: UInt64
  /// Unclaimed, without the last resort.
  public var keyPackages: UInt32
  /// SignedFeedHead.
  public var feedHead: [UInt8]
  /// Statements that the server has of this account.
  public var chainLength: UInt32
  public init(lowest: UInt64, next: UInt64, keyPackages: UInt32, feedHead: [UInt8], chainLength: UInt32) {
    self.lowest = lowest
    self.next = next
    self.keyPackages = keyPackages
    self.feedHead = feedHead
    self.chainLength = chainLength
  }
  public init(from r: inout Reader) throws(DecodingError) {
    lowest = try r.uint64()
    next = try r.uint64()
    keyPackages = try r.uint32()
    feedHead = try r.opaque(atMost: WireLimits.statementBytes)
    chainLength = try r.uint32()
  }
  public func encode(to w: inout Writer) {
    w.uint64(lowest)
    w.uint64(next)
    w.uint32(keyPackages)
    w.opaque(feedHead)
    w.uint32(chainLength)
  }
}
