// Invitations and policy. What the administrator key has signed, any device may bring: the key lives in clients, not in an account.
import CryptoInterface
import Identity
import TLSCodec
import Wire

extension DeliveryCore {
  mutating func createInvitations(
    _ request: CreateInvitations, session: Session, at now: UInt64, in transaction: any DeliveryTransaction
  ) throws -> Outcome {
    let member = try session.required()
    return try once(
      request.requestID, by: member.device, type: Request.createInvitations(request).type, at: now, in: transaction
    ) { core in
      let house = try core.house(in: transaction)
      for new in request.invitations {
        let invitation: Invitation
        do { invitation = try SignedInvitation(received: new.invitation).verified(for: house, using: core.crypto) } catch {
          throw Refusal(.invalid, detail: "invitation")
        }
        guard now / 1_000 <= invitation.notAfter else { throw Refusal(.usedUp, detail: "expired") }
        let record = InvitationRecord(
          key: invitation.key.bytes, invitation: new.invitation, houseTag: new.houseTag, notAfter: invitation.notAfter)
        guard try transaction.insert(record) else { throw Refusal(.taken, detail: "invitation") }
      }
      return Outcome(.done)
    }
  }

  func listInvitations(at now: UInt64, in transaction: any DeliveryTransaction) throws -> Outcome {
    let open = try transaction.openInvitations(limit: 10_000).filter { $0.notAfter >= now / 1_000 }
    return Outcome(.invitations(InvitationsAnswer(invitations: open.map(\.invitation))))
  }

  mutating func withdraw(_ request: WithdrawInvitation, in transaction: any DeliveryTransaction) throws -> Outcome {
    let house = try house(in: transaction)
    guard
      Signing.isValid(request.signature, .withdraw, request.key, by: house.administratorKey, using: crypto)
    else { throw Refusal(.invalid, detail: "signature") }
    guard let record = try transaction.invitation(request.key) else { throw Refusal(.notFound, detail: "invitation") }
    // Withdrawn twice is withdrawn.
    if record.isOpen { _ = try transaction.closeInvitation(request.key) }
    return Outcome(.done)
  }

  mutating func setPolicy(_ request: SetPolicy, in transaction: any DeliveryTransaction) throws -> Outcome {
    let house = try house(in: transaction)
    let stored = try transaction.house().policy
    if stored == request.policy { return Outcome(.done) }
    let present = try stored.map { bytes in
      guard let signed = try? SignedPolicy(received: bytes) else { throw StoreError.corrupt("policy") }
      return signed.policy
    }
    do { _ = try SignedPolicy(received: request.policy).verified(for: house, replacing: present, using: crypto) } catch {
      throw Refusal(.invalid, detail: "policy")
    }
    try transaction.setPolicy(request.policy)
    var outcome = Outcome(.done)
    outcome.pushes.append((.everybody, .policy(request.policy)))
    return outcome
  }
}
