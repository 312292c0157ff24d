// Application messages and ephemerals: the roster is enough to deliver them.
import CryptoInterface
import MLS
import TLSCodec
import Wire

extension DeliveryCore {
  mutating func send(_ request: SendRequest, session: Session, at now: UInt64, in transaction: any DeliveryTransaction) throws -> Outcome {
    let member = try session.required()
    return try once(request.requestID, by: member.device, type: Request.send(request).type, at: now, in: transaction) { core in
      guard case .privateMessage(let message) = try decoded(MLSMessage.self, request.message, "message"), message.contentType == .application else {
        throw Refusal(.malformed, detail: "not a private application message")
      }
      var group = try core.open(message.groupID, key: request.key, by: member, in: transaction)
      if group.isPrevious { throw Refusal(.stale) }
      if group.record.isFrozen { throw Refusal(.frozen) }
      // The window: present and previous epoch, and not across a removal.
      guard message.epoch >= group.roster.oldestEpoch, message.epoch <= group.epoch else { throw Refusal(.stale) }
      let time = core.accept(at: now)
      var outcome = Outcome(.accepted(Accepted(time: time)))
      // The sender cannot decrypt its own message; the answer tells it the time.
      let others = group.roster.entries.filter { $0.device != member.device }
      try core.deliver(.message(request.message), to: Self.mailboxes(others), time: time, outcome: &outcome, in: transaction)
      try core.proposeRemovals(in: &group, at: now, outcome: &outcome, in: transaction)
      return outcome
    }
  }

  mutating func ephemeral(
    _ request: EphemeralRequest, session: Session, at now: UInt64, in transaction: any DeliveryTransaction
  ) throws -> Outcome {
    let member = try session.required()
    let group = try open(request.group, key: request.key, by: member, in: transaction)
    if group.isPrevious { throw Refusal(.stale) }
    var outcome = Outcome(.done)
    let push = Push.ephemeral(EphemeralPush(group: request.group, payload: request.payload))
    for entry in group.roster.entries where entry.device != member.device { outcome.pushes.append((.device(entry.device), push)) }
    return outcome
  }
}
