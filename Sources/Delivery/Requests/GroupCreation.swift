// A new group: one device, epoch 0. Others are added by commits.
import CryptoInterface
import Identity
import MLS
import TLSCodec
import Wire

extension DeliveryCore {
  mutating func createGroup(
    _ request: CreateGroup, session: Session, at now: UInt64, in transaction: any DeliveryTransaction
  ) throws -> Outcome {
    let member = try session.required()
    return try once(request.requestID, by: member.device, type: Request.createGroup(request).type, at: now, in: transaction) { core in
      try core.budgets.spend(of: .groups, core.limits.groups, by: member.device, at: now)
      let house = try core.house(in: transaction)
      let invalid = Refusal(.invalidCommit, detail: "group")
      let info = try decoded(GroupInfo.self, request.groupInfo, "group info")
      let tree = try decoded(RatchetTree.self, request.tree, "tree")
      let context = info.groupContext
      guard DeliveryLimits.groupIDBytes.contains(context.groupID.count), context.epoch == 0, tree.memberCount == 1,
        info.extensions[.externalPub] != nil, info.extensions[.ratchetTree] == nil
      else { throw invalid }
      let publicGroup: PublicGroup
      do {
        publicGroup = try PublicGroup(groupInfo: info, tree: tree, application: core.rules, using: core.crypto)
        _ = try RoomContents(context.extensions, house: house)
      } catch { throw invalid }
      let leaves = tree.leaves
      guard let leaf = leaves.first, try core.check(leaf.node, in: transaction, else: invalid).device == member.device else {
        throw Refusal(.forbidden, detail: "not this device's leaf")
      }
      let seal = GroupSeal(key: request.key, group: context.groupID, crypto: core.crypto)
      let roster = Roster(oldestEpoch: 0, entries: try Self.entries(of: tree))
      let parsed = GroupTree(publicGroup: publicGroup, groupInfo: request.groupInfo, proposals: [])
      let generation = GroupRecord.Generation(epoch: 0, roster: try seal.seal(.roster, epoch: 0, roster.encoded()))
      guard try transaction.insert(group: context.groupID, generation, tree: try core.sealed(parsed, epoch: 0, under: seal)) else {
        throw Refusal(.taken, detail: "group id")
      }
      return Outcome(.accepted(Accepted(time: core.accept(at: now))))
    }
  }
}

extension DeliveryLimits {
  /// Bytes of a group's id: random, so that nobody meets another's by chance, and short.
  static let groupIDBytes = 16...64
}
