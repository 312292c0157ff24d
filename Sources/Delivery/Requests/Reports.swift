// A member cannot apply the commit that was accepted last: the group is frozen, and everybody hears who says so.
import CryptoInterface
import Identity
import TLSCodec
import Wire

extension DeliveryCore {
  mutating func report(_ request: ReportRequest, session: Session, at now: UInt64, in transaction: any DeliveryTransaction) throws -> Outcome {
    let member = try session.required()
    return try once(request.requestID, by: member.device, type: Request.report(request).type, at: now, in: transaction) { core in
      // The key may be the one before the commit: who cannot apply it cannot have the next one.
      let group = try core.open(request.group, key: request.key, by: member, in: transaction)
      let known = AnsweredRequest(commit: request.commitHash, group: request.group, epoch: request.epoch, crypto: core.crypto)
      guard group.epoch > 0, request.epoch == group.epoch - 1, try known.answer(in: transaction) != nil else {
        throw Refusal(.notFound, detail: "not the last accepted commit")
      }
      guard let device = try transaction.device(member.device),
        Signing.isValid(
          request.signature, .report, request.signedContent, by: SignaturePublicKey(device.signatureKey),
          using: core.crypto)
      else { throw Refusal(.invalid, detail: "signature") }
      let time = core.accept(at: now)
      var outcome = Outcome(.accepted(Accepted(time: time)))
      // The first report freezes; further ones add nothing.
      guard !group.record.isFrozen else { return outcome }
      try transaction.freeze(group: request.group)
      try core.deliver(
        .frozen(group: request.group, epoch: request.epoch, reporter: member.device, signature: request.signature),
        to: Self.mailboxes(group.roster.entries), time: time, outcome: &outcome, in: transaction)
      return outcome
    }
  }
}
