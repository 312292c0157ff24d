// What members and joiners fetch of a group.
import CryptoInterface
import MLS
import TLSCodec
import Wire

extension DeliveryCore {
  mutating func groupInfo(
    _ request: GroupInfoRequest, session: Session, at now: UInt64, in transaction: any DeliveryTransaction
  ) throws -> Outcome {
    let member = try session.required()
    var group = try open(request.group, key: request.key, by: member, in: transaction)
    guard !group.isPrevious else { throw Refusal(.wrongGroupKey) }
    var outcome = Outcome(.done)
    try proposeRemovals(in: &group, at: now, outcome: &outcome, in: transaction)
    let tree = try tree(of: group, in: transaction)
    outcome.answer = .groupInfo(
      GroupInfoAnswer(
        groupInfo: tree.groupInfo, tree: tree.publicGroup.tree.encoded(), proposals: tree.proposals, frozen: group.record.isFrozen))
    return outcome
  }

  /// The tree of an epoch: for joiners the one that their Welcome leads to, for members the present one.
  mutating func tree(_ request: TreeRequest, session: Session, at now: UInt64, in transaction: any DeliveryTransaction) throws -> Outcome {
    let member = try session.required()
    let seal = GroupSeal(key: request.key, group: request.group, crypto: crypto)
    if let row = try transaction.keptTree(group: request.group, epoch: request.epoch),
      let bytes = seal.open(.tree, epoch: request.epoch, row.sealed)
    {
      guard var kept = try? KeptTree(decoding: bytes) else { throw StoreError.corrupt("kept tree") }
      if let index = kept.waiting.firstIndex(of: member.device) {
        kept.served.append(kept.waiting.remove(at: index))
        // When the last has it, it stays for another day: somebody may crash before having stored it.
        let tomorrow = Day(clamping: now / 86_400_000) + 1
        try transaction.keepTree(
          try seal.seal(.tree, epoch: request.epoch, kept.encoded()), group: request.group, epoch: request.epoch,
          until: kept.waiting.isEmpty ? min(row.until, tomorrow) : row.until)
        return Outcome(.tree(TreeAnswer(tree: kept.tree)))
      }
      if kept.served.contains(member.device) { return Outcome(.tree(TreeAnswer(tree: kept.tree))) }
    }
    let group = try open(request.group, key: request.key, by: member, in: transaction)
    guard !group.isPrevious else { throw Refusal(.wrongGroupKey) }
    guard group.epoch == request.epoch else { throw Refusal(.notFound, detail: "epoch") }
    return Outcome(.tree(TreeAnswer(tree: try tree(of: group, in: transaction).publicGroup.tree.encoded())))
  }
}
