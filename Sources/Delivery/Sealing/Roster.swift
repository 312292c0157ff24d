// Who stands in a group, as the server must know it to deliver. Stored sealed; in memory while a request is answered.
import CryptoInterface
import TLSCodec

///     struct {
///         uint32 leaf;
///         opaque device[16];
///         opaque mailbox[16];
///     } RosterEntry;
struct RosterEntry: Equatable, TLSCodable {
  var leaf: UInt32
  var device: [UInt8]
  var mailbox: [UInt8]

  init(leaf: UInt32, device: [UInt8], mailbox: [UInt8]) {
    self.leaf = leaf
    self.device = device
    self.mailbox = mailbox
  }
  init(from r: inout Reader) throws(DecodingError) {
    leaf = try r.uint32()
    device = try r.fixed(16)
    mailbox = try r.fixed(16)
  }
  func encode(to w: inout Writer) {
    w.uint32(leaf)
    w.fixed(device)
    w.fixed(mailbox)
  }
}

///     struct {
///         uint16 version = 1;
///         uint64 oldest_epoch;               // application messages of earlier epochs are stale
///         optional<uint64> settled;          // the house's revocation count at which nothing was left to propose
///         optional<opaque[32]> opener;       // while a previous generation is kept: who made the present one
///         RosterEntry entries<V>;
///     } Roster;
struct Roster: Equatable, TLSCodable {
  static let version: UInt16 = 1
  /// Of the epoch window: the previous epoch, or the present one where it began with a removal.
  var oldestEpoch: UInt64
  var settled: UInt64?
  var opener: [UInt8]?
  var entries: [RosterEntry]

  init(oldestEpoch: UInt64, settled: UInt64? = nil, opener: [UInt8]? = nil, entries: [RosterEntry]) {
    self.oldestEpoch = oldestEpoch
    self.settled = settled
    self.opener = opener
    self.entries = entries
  }
  init(from r: inout Reader) throws(DecodingError) {
    guard try r.uint16() == Self.version else { throw .invalidValue("roster: version") }
    oldestEpoch = try r.uint64()
    settled = try r.presence() ? try r.uint64() : nil
    opener = try r.presence() ? try r.fixed(16) : nil
    entries = try r.vector()
  }
  func encode(to w: inout Writer) {
    w.uint16(Self.version)
    w.uint64(oldestEpoch)
    w.uint8(settled == nil ? 0 : 1)
    if let settled { w.uint64(settled) }
    w.uint8(opener == nil ? 0 : 1)
    if let opener { w.fixed(opener) }
    w.vector(entries)
  }

  func contains(_ device: [UInt8]) -> Bool { entries.contains { $0.device == device } }
}

///     struct {
///         opaque public_group<V>;            // PublicGroup.serialized()
///         opaque group_info<V>;
///         opaque proposals<V><V>;            // the epoch's proposals as they were received, MLSMessage each
///     } StoredTree;
struct StoredTree: TLSCodable {
  var publicGroup: [UInt8]
  var groupInfo: [UInt8]
  var proposals: [[UInt8]]

  init(publicGroup: [UInt8], groupInfo: [UInt8], proposals: [[UInt8]]) {
    self.publicGroup = publicGroup
    self.groupInfo = groupInfo
    self.proposals = proposals
  }
  init(from r: inout Reader) throws(DecodingError) {
    publicGroup = try r.opaque()
    groupInfo = try r.opaque()
    var list = try r.nested()
    proposals = []
    while !list.isAtEnd { proposals.append(try list.opaque()) }
  }
  func encode(to w: inout Writer) {
    w.opaque(publicGroup)
    w.opaque(groupInfo)
    w.vector { (w: inout Writer) in for proposal in proposals { w.opaque(proposal) } }
  }
}

///     struct {
///         opaque device[16]<V>;              // joiners that have not fetched it
///         opaque tree<V>;                    // ratchet_tree
///     } KeptTree;
struct KeptTree: TLSCodable {
  var waiting: [[UInt8]]
  /// Those that have fetched it: they may ask again, should they have crashed before storing it.
  var served: [[UInt8]]
  var tree: [UInt8]

  init(waiting: [[UInt8]], served: [[UInt8]] = [], tree: [UInt8]) {
    self.waiting = waiting
    self.served = served
    self.tree = tree
  }
  init(from r: inout Reader) throws(DecodingError) {
    func devices() throws(DecodingError) -> [[UInt8]] {
      var list = try r.nested()
      var result: [[UInt8]] = []
      while !list.isAtEnd { result.append(try list.fixed(16)) }
      return result
    }
    waiting = try devices()
    served = try devices()
    tree = try r.opaque()
  }
  func encode(to w: inout Writer) {
    for devices in [waiting, served] {
      w.vector { (w: inout Writer) in for device in devices { w.fixed(device) } }
    }
    w.opaque(tree)
  }
}
