// Proposals: members who leave, and the server's own for devices that were revoked.
import CryptoInterface
import Identity
import MLS
import TLSCodec
import Wire

extension DeliveryCore {
  mutating func propose(_ request: ProposeRequest, session: Session, at now: UInt64, in transaction: any DeliveryTransaction) throws -> Outcome {
    let member = try session.required()
    return try once(request.requestID, by: member.device, type: Request.propose(request).type, at: now, in: transaction) { core in
      guard case .publicMessage(let message) = try decoded(MLSMessage.self, request.message, "proposal"),
        case .proposal(let proposal) = message.content.content
      else { throw Refusal(.malformed, detail: "not a public proposal") }
      // Everything else is committed by who wants it.
      guard proposal == .selfRemove, case .member(let sender) = message.content.sender else { throw Refusal(.forbidden, detail: "proposal") }
      var group = try core.open(message.content.groupID, key: request.key, by: member, in: transaction)
      if message.content.epoch < group.epoch || group.isPrevious { throw Refusal(.stale) }
      if group.record.isFrozen { throw Refusal(.frozen) }
      guard group.roster.entries.contains(where: { $0.leaf == sender.value && $0.device == member.device }) else { throw Refusal(.notMember) }
      var tree = try core.tree(of: group, in: transaction)
      let count = tree.publicGroup.proposals.count
      do { try tree.publicGroup.receive(proposal: message, application: core.rules, using: core.crypto) } catch {
        throw Refusal(.invalidCommit, detail: "proposal")
      }
      let time = core.accept(at: now)
      var outcome = Outcome(.accepted(Accepted(time: time)))
      guard tree.publicGroup.proposals.count > count else { return outcome }
      tree.proposals.append(request.message)
      try core.store(&group, tree: tree, in: transaction)
      try core.deliver(
        .handshake(request.message), to: Self.mailboxes(group.roster.entries), time: time, outcome: &outcome, in: transaction)
      try core.proposeRemovals(in: &group, at: now, outcome: &outcome, in: transaction)
      return outcome
    }
  }

  /// Proposes to remove the devices of the roster that were revoked: once in each epoch, to everybody who is left. The server learns which groups a
  /// device is in only when one of them is opened.
  mutating func proposeRemovals(
    in group: inout OpenGroup<Crypto>, at now: UInt64, outcome: inout Outcome, in transaction: any DeliveryTransaction
  ) throws {
    if group.isPrevious || group.record.isFrozen { return }
    let revocations = try transaction.house().revocations
    if group.roster.settled == revocations { return }
    var revoked: [RosterEntry] = []
    // A device that is unknown came after the backup that was restored: its account will bring its chain again.
    for entry in group.roster.entries where try transaction.device(entry.device)?.isRevoked == true { revoked.append(entry) }
    var messages: [[UInt8]] = []
    var changed: GroupTree?
    if !revoked.isEmpty {
      var tree = try self.tree(of: group, in: transaction)
      for entry in revoked {
        let removal = Proposal.remove(LeafIndex(entry.leaf))
        if tree.publicGroup.proposals.contains(where: { $0.proposal == removal && $0.sender == .external(0) }) { continue }
        do {
          let message = try ExternalProposal.make(
            removal, groupID: group.record.group, epoch: group.epoch, suite: tree.publicGroup.context.cipherSuite, senderIndex: 0,
            signatureKey: configuration.serverKey.privateKey, using: crypto)
          try tree.publicGroup.receive(proposal: message, application: rules, using: crypto)
          messages.append(MLSMessage.publicMessage(message).encoded())
        } catch {
          // A group that ended by ReInit takes none; its members have left it for another.
          continue
        }
      }
      tree.proposals += messages
      if !messages.isEmpty { changed = tree }
    }
    group.roster.settled = revocations
    try store(&group, tree: changed, in: transaction)
    for message in messages {
      try deliver(.handshake(message), to: Self.mailboxes(group.roster.entries), time: accept(at: now), outcome: &outcome, in: transaction)
    }
  }
}
