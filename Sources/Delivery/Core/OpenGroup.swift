// A group for as long as a request is answered: its row opened with the key that the request shows.
import CryptoInterface
import Identity
import MLS
import TLSCodec
import Wire

/// What is stored of a group's tree, parsed.
struct GroupTree: Sendable {
  var publicGroup: PublicGroup
  var groupInfo: [UInt8]
  /// As received, in order.
  var proposals: [[UInt8]]
}

/// A group whose roster the request's key has opened, asked by a device that stands in it.
struct OpenGroup<Crypto: CryptoProvider> {
  var record: GroupRecord
  var roster: Roster
  let seal: GroupSeal<Crypto>
  /// The key is that of the generation before the last removal: good for hearing that one is late, and for reporting.
  let isPrevious: Bool

  var epoch: UInt64 { record.present.epoch }
}

extension DeliveryCore {
  /// Opens a group.
  /// - Throws: `.notFound`, `.wrongGroupKey`, `.notMember`.
  mutating func open(
    _ group: [UInt8], key: [UInt8], by member: Session.Member, in transaction: any DeliveryTransaction
  ) throws -> OpenGroup<Crypto> {
    guard var record = try transaction.group(group) else { throw Refusal(.notFound, detail: "group") }
    let seal = GroupSeal(key: key, group: group, crypto: crypto)
    if let bytes = seal.open(.roster, epoch: record.present.epoch, record.present.roster) {
      var roster = try Self.roster(bytes)
      guard roster.contains(member.device) else { throw Refusal(.notMember) }
      if let opener = roster.opener, opener != member.device, record.previous != nil {
        // A second device has the new key: the old generation has no use any more.
        roster.opener = nil
        record.previous = nil
        try transaction.dropPrevious(group: group)
        var open = OpenGroup(record: record, roster: roster, seal: seal, isPrevious: false)
        try store(&open, in: transaction)
        return open
      }
      return OpenGroup(record: record, roster: roster, seal: seal, isPrevious: false)
    }
    if let previous = record.previous, let bytes = seal.open(.roster, epoch: previous.epoch, previous.roster) {
      let roster = try Self.roster(bytes)
      guard roster.contains(member.device) else { throw Refusal(.notMember) }
      return OpenGroup(record: record, roster: roster, seal: seal, isPrevious: true)
    }
    throw Refusal(.wrongGroupKey)
  }

  private static func roster(_ bytes: [UInt8]) throws -> Roster {
    do { return try Roster(decoding: bytes) } catch { throw StoreError.corrupt("roster") }
  }

  /// Stores the roster of an open group anew, and where one is given the tree, in the same epoch.
  mutating func store(_ group: inout OpenGroup<Crypto>, tree: GroupTree? = nil, in transaction: any DeliveryTransaction) throws {
    group.record.present.roster = try group.seal.seal(.roster, epoch: group.epoch, group.roster.encoded())
    let sealed = try tree.map { try self.sealed($0, epoch: group.epoch, under: group.seal) }
    if let sealed { group.record.treeID = sealed.id }
    guard
      try transaction.replace(group: group.record.group, atEpoch: group.epoch, group.record.present, tree: sealed, keepsPrevious: false)
    else { throw StoreError.corrupt("group epoch") }
  }

  /// The tree of an open group.
  mutating func tree(of group: OpenGroup<Crypto>, in transaction: any DeliveryTransaction) throws -> GroupTree {
    if let known = trees.value(for: group.record.treeID) { return known }
    guard let sealed = try transaction.tree(group: group.record.group), let bytes = group.seal.open(.tree, epoch: group.epoch, sealed),
      let stored = try? StoredTree(decoding: bytes), let publicGroup = try? PublicGroup(serialized: stored.publicGroup, using: crypto)
    else { throw StoreError.corrupt("tree") }
    let tree = GroupTree(publicGroup: publicGroup, groupInfo: stored.groupInfo, proposals: stored.proposals)
    trees.keep(tree, for: group.record.treeID)
    return tree
  }

  /// Seals a tree under a new name, and remembers it parsed.
  mutating func sealed(_ tree: GroupTree, epoch: UInt64, under seal: GroupSeal<Crypto>) throws -> SealedTree {
    let stored = StoredTree(publicGroup: tree.publicGroup.serialized(), groupInfo: tree.groupInfo, proposals: tree.proposals)
    let sealed = SealedTree(id: crypto.random(16), sealed: try seal.seal(.tree, epoch: epoch, stored.encoded()))
    trees.keep(tree, for: sealed.id)
    return sealed
  }

  /// The roster of a tree.
  /// - Throws: `.invalidCommit` for a leaf that names no device.
  static func entries(of tree: RatchetTree) throws -> [RosterEntry] {
    try tree.leaves.map { leaf in
      guard let claim = try? LeafClaim(leaf.node) else { throw Refusal(.invalidCommit, detail: "leaf") }
      return RosterEntry(leaf: leaf.index.value, device: claim.device.bytes, mailbox: claim.mailbox.bytes)
    }
  }

  /// SHA-256 of a label and K: what each commit carries as authenticated data.
  func hash(ofKey key: [UInt8]) -> [UInt8] { crypto.hash(.sha256, DeliveryLabel.groupKeyHash.labelBytes + key) }
}
