// A group is kept as small records, so that a received message rewrites some hundred bytes and not the group.
import TLSCodec

/// The name of a record within a group. Hosts prefix it with what identifies the group.
public enum RecordKey: Hashable, Sendable, TLSEncodable, TLSDecodable {
  /// Status, place, signature key, sizes.
  case header
  /// The private keys of the own leaf and path.
  case privateKeys
  /// A node of the tree with its tree hash.
  case node(UInt32)
  /// Context and secrets of an epoch.
  case epoch(UInt64)
  /// An unexpanded secret of an epoch's secret tree.
  case secretNode(epoch: UInt64, node: UInt32)
  /// The two ratchets of a sender in an epoch.
  case ratchet(epoch: UInt64, leaf: UInt32)
  /// A leaf as it was in an epoch, where the commit that ended the epoch changed it.
  case formerLeaf(epoch: UInt64, leaf: UInt32)
  case proposal(ProposalRef)
  case ownUpdate(ProposalRef)
  case pendingCommit
  /// An own commit that was discarded, by its place among them.
  case abandonedCommit(UInt32)

  /// Keys sort by kind, then by epoch and position.
  public func encode(to w: inout Writer) {
    switch self {
    case .header: w.uint8(1)
    case .privateKeys: w.uint8(2)
    case .node(let node):
      w.uint8(3)
      w.uint32(node)
    case .epoch(let epoch):
      w.uint8(4)
      w.uint64(epoch)
    case .secretNode(let epoch, let node):
      w.uint8(5)
      w.uint64(epoch)
      w.uint32(node)
    case .ratchet(let epoch, let leaf):
      w.uint8(6)
      w.uint64(epoch)
      w.uint32(leaf)
    case .formerLeaf(let epoch, let leaf):
      w.uint8(7)
      w.uint64(epoch)
      w.uint32(leaf)
    case .proposal(let ref):
      w.uint8(8)
      ref.encode(to: &w)
    case .ownUpdate(let ref):
      w.uint8(9)
      ref.encode(to: &w)
    case .pendingCommit: w.uint8(10)
    case .abandonedCommit(let i):
      w.uint8(11)
      w.uint32(i)
    }
  }

  public init(from r: inout Reader) throws(DecodingError) {
    switch try r.uint8() {
    case 1: self = .header
    case 2: self = .privateKeys
    case 3: self = .node(try r.uint32())
    case 4: self = .epoch(try r.uint64())
    case 5: self = .secretNode(epoch: try r.uint64(), node: try r.uint32())
    case 6: self = .ratchet(epoch: try r.uint64(), leaf: try r.uint32())
    case 7: self = .formerLeaf(epoch: try r.uint64(), leaf: try r.uint32())
    case 8: self = .proposal(try ProposalRef(from: &r))
    case 9: self = .ownUpdate(try ProposalRef(from: &r))
    case 10: self = .pendingCommit
    case 11: self = .abandonedCommit(try r.uint32())
    case let other: throw .unknownValue(type: "RecordKey", value: UInt64(other))
    }
  }
}

/// A record to write, or with `value == nil` to delete. Values hold secrets: hosts store them encrypted.
public struct RecordChange: Sendable {
  public let key: RecordKey
  public let value: [UInt8]?
  public init(_ key: RecordKey, _ value: [UInt8]?) {
    self.key = key
    self.value = value
  }
}
