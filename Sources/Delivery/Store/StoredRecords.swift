// The rows that a delivery store keeps, as the decisions see them. What each column is for stands in docs/stored-fields.md.

/// Whole days since 1970: the only time that stands in clear beside what people send.
public typealias Day = UInt32

/// The one row about the house itself.
public struct HouseRecord: Equatable, Sendable {
  /// SignedHouse; nil until the house is set up.
  public var certificate: [UInt8]?
  /// SignedPolicy.
  public var policy: [UInt8]?
  /// Rises with each restore from a backup.
  public var incarnation: UInt32
  /// Devices revoked so far: a group that was looked through at this count need not be again.
  public var revocations: UInt64
  public var feedSize: UInt64
  public var feedHash: [UInt8]
  public init(
    certificate: [UInt8]? = nil, policy: [UInt8]? = nil, incarnation: UInt32 = 1, revocations: UInt64 = 0, feedSize: UInt64 = 0,
    feedHash: [UInt8] = [UInt8](repeating: 0, count: 32)
  ) {
    self.certificate = certificate
    self.policy = policy
    self.incarnation = incarnation
    self.revocations = revocations
    self.feedSize = feedSize
    self.feedHash = feedHash
  }
}

/// An account as the directory knows it; its chain proves it.
public struct AccountRecord: Equatable, Sendable {
  public var account: [UInt8]
  public var kind: UInt8
  public var name: [UInt8]
  /// Unique in the house.
  public var localPart: [UInt8]
  public var function: [UInt8]
  /// Name and address in the form in which they are searched.
  public var folded: [UInt8]
  /// Whether it has a device that is not revoked; others are not shown.
  public var isActive: Bool
  /// Statements of its chain.
  public var length: UInt32
  public init(
    account: [UInt8], kind: UInt8, name: [UInt8], localPart: [UInt8], function: [UInt8], folded: [UInt8], isActive: Bool, length: UInt32
  ) {
    self.account = account
    self.kind = kind
    self.name = name
    self.localPart = localPart
    self.function = function
    self.folded = folded
    self.isActive = isActive
    self.length = length
  }
}

/// A device; its id is unique in the house and is never given again.
public struct DeviceRecord: Equatable, Sendable {
  public var device: [UInt8]
  public var account: [UInt8]
  public var mailbox: [UInt8]
  public var signatureKey: [UInt8]
  public var isRevoked: Bool
  /// Of the store that has logged in; nil before the first log-in.
  public var instance: [UInt8]?
  /// The count of the last log-in.
  public var session: UInt64
  public init(
    device: [UInt8], account: [UInt8], mailbox: [UInt8], signatureKey: [UInt8], isRevoked: Bool = false, instance: [UInt8]? = nil, session: UInt64 = 0
  ) {
    self.device = device
    self.account = account
    self.mailbox = mailbox
    self.signatureKey = signatureKey
    self.isRevoked = isRevoked
    self.instance = instance
    self.session = session
  }
}

/// An invitation. A used or withdrawn one is remembered by its key until it would have expired, so that it cannot be handed in again.
public struct InvitationRecord: Equatable, Sendable {
  public var key: [UInt8]
  /// SignedInvitation; empty when it is used up.
  public var invitation: [UInt8]
  public var houseTag: [UInt8]
  /// Seconds since 1970.
  public var notAfter: UInt64
  public var isOpen: Bool
  public init(key: [UInt8], invitation: [UInt8], houseTag: [UInt8], notAfter: UInt64, isOpen: Bool = true) {
    self.key = key
    self.invitation = invitation
    self.houseTag = houseTag
    self.notAfter = notAfter
    self.isOpen = isOpen
  }
}

/// A key package in the pool of a device, or its last resort.
public struct KeyPackageRecord: Equatable, Sendable {
  public var keyPackage: [UInt8]
  /// Of its lifetime, seconds since 1970.
  public var notAfter: UInt64
  public init(keyPackage: [UInt8], notAfter: UInt64) {
    self.keyPackage = keyPackage
    self.notAfter = notAfter
  }
}

/// A group, without its tree: to deliver a message the roster is enough, and trees are large.
public struct GroupRecord: Equatable, Sendable {
  /// What the roster is sealed for.
  public struct Generation: Equatable, Sendable {
    public var epoch: UInt64
    public var roster: [UInt8]
    public init(epoch: UInt64, roster: [UInt8]) {
      self.epoch = epoch
      self.roster = roster
    }
  }
  public var group: [UInt8]
  public var present: Generation
  /// Of the present sealed tree: 16 random bytes, others for each.
  public var treeID: [UInt8]
  /// Under the key before the last removal, until a second device has opened the present one.
  public var previous: Generation?
  /// Refuses commits and messages: a member has reported that it cannot go on.
  public var isFrozen: Bool
  public init(group: [UInt8], present: Generation, treeID: [UInt8], previous: Generation? = nil, isFrozen: Bool = false) {
    self.group = group
    self.present = present
    self.treeID = treeID
    self.previous = previous
    self.isFrozen = isFrozen
  }
}

/// A tree as it is stored.
public struct SealedTree: Equatable, Sendable {
  /// 16 random bytes.
  public var id: [UInt8]
  public var sealed: [UInt8]
  public init(id: [UInt8], sealed: [UInt8]) {
    self.id = id
    self.sealed = sealed
  }
}

/// Where a mailbox stands.
public struct MailboxRecord: Equatable, Sendable {
  /// The number that the next row gets; the first is 1.
  public var next: UInt64
  /// The key of that row. Keys of earlier rows are erased.
  public var nextKey: [UInt8]
  /// The number of the oldest row; `next` where there is none.
  public var lowest: UInt64
  public init(next: UInt64, nextKey: [UInt8], lowest: UInt64) {
    self.next = next
    self.nextKey = nextKey
    self.lowest = lowest
  }
}

/// A body that several mailboxes point at.
public struct BodyRecord: Equatable, Sendable {
  /// How many point at it, sealed under the body's key.
  public var sealedCount: [UInt8]
  public var sealed: [UInt8]
  public init(sealedCount: [UInt8], sealed: [UInt8]) {
    self.sealedCount = sealedCount
    self.sealed = sealed
  }
}
