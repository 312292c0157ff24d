// Groups: one accepted commit per epoch, messages to the roster.
import TLSCodec

/// Registers a group of one in epoch 0.
public struct CreateGroup: Sendable, Equatable, TLSCodable {
  /// Random; the same request asked again, after a crash or a lost answer, has the same id and gets the first answer.
  public var requestID: [UInt8]
  /// K: opens roster and tree; held in memory only.
  public var key: [UInt8]
  /// GroupInfo of epoch 0, with `external_pub`.
  public var groupInfo: [UInt8]
  /// Its ratchet tree.
  public var tree: [UInt8]
  public init(requestID: [UInt8], key: [UInt8], groupInfo: [UInt8], tree: [UInt8]) {
    self.requestID = requestID
    self.key = key
    self.groupInfo = groupInfo
    self.tree = tree
  }
  public init(from r: inout Reader) throws(DecodingError) {
    requestID = try r.fixed(16)
    key = try r.fixed(32)
    groupInfo = try r.opaque(atMost: WireLimits.commitBytes)
    tree = try r.opaque(atMost: WireLimits.commitBytes)
  }
  public func encode(to w: inout Writer) {
    w.fixed(requestID)
    w.fixed(key)
    w.opaque(groupInfo)
    w.opaque(tree)
  }
}

/// A Welcome for one device.
public struct WelcomeSlice: Sendable, Equatable, TLSCodable {
  public var device: [UInt8]
  /// MLSMessage with a Welcome of one entry.
  public var welcome: [UInt8]
  public init(device: [UInt8], welcome: [UInt8]) {
    self.device = device
    self.welcome = welcome
  }
  public init(from r: inout Reader) throws(DecodingError) {
    device = try r.fixed(16)
    welcome = try r.opaque(atMost: WireLimits.statementBytes)
  }
  public func encode(to w: inout Writer) {
    w.fixed(device)
    w.opaque(welcome)
  }
}

/// A commit, its Welcomes and its GroupInfo, all or nothing.
public struct CommitRequest: Sendable, Equatable, TLSCodable {
  /// Random; the same request asked again, after a crash or a lost answer, has the same id and gets the first answer.
  public var requestID: [UInt8]
  /// K: opens roster and tree; held in memory only.
  public var key: [UInt8]
  /// K from the new epoch on; given by commits that remove.
  public var nextKey: [UInt8]?
  /// MLSMessage, PublicMessage.
  public var commit: [UInt8]
  /// GroupInfo of the new epoch, with `external_pub`, without tree.
  public var groupInfo: [UInt8]
  public var welcomes: [WelcomeSlice]
  public init(requestID: [UInt8], key: [UInt8], nextKey: [UInt8]?, commit: [UInt8], groupInfo: [UInt8], welcomes: [WelcomeSlice]) {
    self.requestID = requestID
    self.key = key
    self.nextKey = nextKey
    self.commit = commit
    self.groupInfo = groupInfo
    self.welcomes = welcomes
  }
  public init(from r: inout Reader) throws(DecodingError) {
    requestID = try r.fixed(16)
    key = try r.fixed(32)
    nextKey = try r.presence() ? try r.fixed(32) : nil
    commit = try r.opaque(atMost: WireLimits.commitBytes)
    groupInfo = try r.opaque(atMost: WireLimits.commitBytes)
    welcomes = try r.vector(atMost: WireLimits.members)
  }
  public func encode(to w: inout Writer) {
    w.fixed(requestID)
    w.fixed(key)
    w.optionalFixed(nextKey)
    w.opaque(commit)
    w.opaque(groupInfo)
    w.vector(welcomes)
  }
}

/// An application message for the roster.
public struct SendRequest: Sendable, Equatable, TLSCodable {
  /// Random; the same request asked again, after a crash or a lost answer, has the same id and gets the first answer.
  public var requestID: [UInt8]
  /// K: opens roster and tree; held in memory only.
  public var key: [UInt8]
  /// MLSMessage, PrivateMessage.
  public var message: [UInt8]
  public init(requestID: [UInt8], key: [UInt8], message: [UInt8]) {
    self.requestID = requestID
    self.key = key
    self.message = message
  }
  public init(from r: inout Reader) throws(DecodingError) {
    requestID = try r.fixed(16)
    key = try r.fixed(32)
    message = try r.opaque(atMost: WireLimits.messageBytes)
  }
  public func encode(to w: inout Writer) {
    w.fixed(requestID)
    w.fixed(key)
    w.opaque(message)
  }
}

/// A proposal for the group: SelfRemove.
public struct ProposeRequest: Sendable, Equatable, TLSCodable {
  /// Random; the same request asked again, after a crash or a lost answer, has the same id and gets the first answer.
  public var requestID: [UInt8]
  /// K: opens roster and tree; held in memory only.
  public var key: [UInt8]
  /// MLSMessage, PublicMessage.
  public var message: [UInt8]
  public init(requestID: [UInt8], key: [UInt8], message: [UInt8]) {
    self.requestID = requestID
    self.key = key
    self.message = message
  }
  public init(from r: inout Reader) throws(DecodingError) {
    requestID = try r.fixed(16)
    key = try r.fixed(32)
    message = try r.opaque(atMost: WireLimits.messageBytes)
  }
  public func encode(to w: inout Writer) {
    w.fixed(requestID)
    w.fixed(key)
    w.opaque(message)
  }
}

/// Stored on disk for everybody it is for.
public struct Accepted: Sendable, Equatable, TLSCodable {
  /// Milliseconds since 1970: the hub's accepted timestamp, which orders messages.
  public var time: UInt64
  public init(time: UInt64) {
    self.time = time
  }
  public init(from r: inout Reader) throws(DecodingError) {
    time = try r.uint64()
  }
  public func encode(to w: inout Writer) {
    w.uint64(time)
  }
}

/// For members that are connected now; not stored.
public struct EphemeralRequest: Sendable, Equatable, TLSCodable {
  /// The MLS group id.
  public var group: [UInt8]
  /// K: opens roster and tree; held in memory only.
  public var key: [UInt8]
  /// Sealed by the sender.
  public var payload: [UInt8]
  public init(group: [UInt8], key: [UInt8], payload: [UInt8]) {
    self.group = group
    self.key = key
    self.payload = payload
  }
  public init(from r: inout Reader) throws(DecodingError) {
    group = try r.opaque(atMost: WireLimits.queryBytes)
    key = try r.fixed(32)
    payload = try r.opaque(atMost: WireLimits.ephemeralBytes)
  }
  public func encode(to w: inout Writer) {
    w.opaque(group)
    w.fixed(key)
    w.opaque(payload)
  }
}

/// An ephemeral of a group.
public struct EphemeralPush: Sendable, Equatable, TLSCodable {
  /// The MLS group id.
  public var group: [UInt8]
  public var payload: [UInt8]
  public init(group: [UInt8], payload: [UInt8]) {
    self.group = group
    self.payload = payload
  }
  public init(from r: inout Reader) throws(DecodingError) {
    group = try r.opaque(atMost: WireLimits.queryBytes)
    payload = try r.opaque(atMost: WireLimits.ephemeralBytes)
  }
  public func encode(to w: inout Writer) {
    w.opaque(group)
    w.opaque(payload)
  }
}

/// For resync: the present GroupInfo, tree and waiting proposals.
public struct GroupInfoRequest: Sendable, Equatable, TLSCodable {
  /// The MLS group id.
  public var group: [UInt8]
  /// K: opens roster and tree; held in memory only.
  public var key: [UInt8]
  public init(group: [UInt8], key: [UInt8]) {
    self.group = group
    self.key = key
  }
  public init(from r: inout Reader) throws(DecodingError) {
    group = try r.opaque(atMost: WireLimits.queryBytes)
    key = try r.fixed(32)
  }
  public func encode(to w: inout Writer) {
    w.opaque(group)
    w.fixed(key)
  }
}

/// What an external joiner needs.
public struct GroupInfoAnswer: Sendable, Equatable, TLSCodable {
  public var groupInfo: [UInt8]
  public var tree: [UInt8]
  /// MLSMessages of this epoch.
  public var proposals: [[UInt8]]
  public var frozen: Bool
  public init(groupInfo: [UInt8], tree: [UInt8], proposals: [[UInt8]], frozen: Bool) {
    self.groupInfo = groupInfo
    self.tree = tree
    self.proposals = proposals
    self.frozen = frozen
  }
  public init(from r: inout Reader) throws(DecodingError) {
    groupInfo = try r.opaque(atMost: WireLimits.commitBytes)
    tree = try r.opaque(atMost: WireLimits.commitBytes)
    proposals = try r.opaques(atMost: 1_024, each: WireLimits.messageBytes)
    frozen = try r.presence()
  }
  public func encode(to w: inout Writer) {
    w.opaque(groupInfo)
    w.opaque(tree)
    w.opaques(proposals)
    w.uint8(frozen ? 1 : 0)
  }
}

/// For a joiner: the tree of the epoch that its Welcome leads to.
public struct TreeRequest: Sendable, Equatable, TLSCodable {
  /// The MLS group id.
  public var group: [UInt8]
  /// K: opens roster and tree; held in memory only.
  public var key: [UInt8]
  public var epoch: UInt64
  public init(group: [UInt8], key: [UInt8], epoch: UInt64) {
    self.group = group
    self.key = key
    self.epoch = epoch
  }
  public init(from r: inout Reader) throws(DecodingError) {
    group = try r.opaque(atMost: WireLimits.queryBytes)
    key = try r.fixed(32)
    epoch = try r.uint64()
  }
  public func encode(to w: inout Writer) {
    w.opaque(group)
    w.fixed(key)
    w.uint64(epoch)
  }
}

/// A ratchet tree (RFC 9420 §12.4.3.3).
public struct TreeAnswer: Sendable, Equatable, TLSCodable {
  public var tree: [UInt8]
  public init(tree: [UInt8]) {
    self.tree = tree
  }
  public init(from r: inout Reader) throws(DecodingError) {
    tree = try r.opaque(atMost: WireLimits.commitBytes)
  }
  public func encode(to w: inout Writer) {
    w.opaque(tree)
  }
}

/// An accepted commit that this member cannot apply. Freezes the group.
public struct ReportRequest: Sendable, Equatable, TLSCodable {
  /// Random; the same request asked again, after a crash or a lost answer, has the same id and gets the first answer.
  public var requestID: [UInt8]
  /// The MLS group id.
  public var group: [UInt8]
  /// K: opens roster and tree; held in memory only.
  public var key: [UInt8]
  /// Before the commit.
  public var epoch: UInt64
  /// SHA-256 of the MLSMessage.
  public var commitHash: [UInt8]
  /// With the device's key, label "Report", over group ‖ epoch ‖ hash.
  public var signature: [UInt8]
  public init(requestID: [UInt8], group: [UInt8], key: [UInt8], epoch: UInt64, commitHash: [UInt8], signature: [UInt8]) {
    self.requestID = requestID
    self.group = group
    self.key = key
    self.epoch = epoch
    self.commitHash = commitHash
    self.signature = signature
  }
  public init(from r: inout Reader) throws(DecodingError) {
    requestID = try r.fixed(16)
    group = try r.opaque(atMost: WireLimits.queryBytes)
    key = try r.fixed(32)
    epoch = try r.uint64()
    commitHash = try r.fixed(32)
    signature = try r.opaque(atMost: WireLimits.statementBytes)
  }
  public func encode(to w: inout Writer) {
    w.fixed(requestID)
    w.opaque(group)
    w.fixed(key)
    w.uint64(epoch)
    w.fixed(commitHash)
    w.opaque(signature)
  }
}
