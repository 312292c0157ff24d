// Linking a device: a slot in memory where old and new device exchange two sealed messages. What they say only the link's secret opens.
import Wire

/// The open slots. Forgotten when the server stops: then the person shows the link again.
struct LinkSlots {
  struct Slot {
    let device: [UInt8]
    var opener: ConnectionID
    let opened: UInt64
    var offer: [UInt8]?
    var offerer: ConnectionID?
    var answer: [UInt8]?
  }
  var slots: [[UInt8]: Slot] = [:]

  mutating func expire(minutes: UInt64, at now: UInt64) { slots = slots.filter { $0.value.opened + minutes * 60_000 > now } }
}

extension DeliveryCore {
  mutating func open(_ request: OpenLink, session: inout Session, at now: UInt64) throws -> Outcome {
    let member = try session.required()
    slots.expire(minutes: limits.linkMinutes, at: now)
    var outcome = Outcome(.done)
    if var slot = slots.slots[request.slot] {
      guard slot.device == member.device else { throw Refusal(.taken, detail: "slot") }
      // The connection broke: what came meanwhile is said again.
      slot.opener = session.connection
      slots.slots[request.slot] = slot
      if let offer = slot.offer {
        outcome.pushes.append((.connection(session.connection), .linkOffered(LinkOffered(slot: request.slot, sealed: offer))))
      }
      return outcome
    }
    guard slots.slots.count < limits.linkSlots, slots.slots.values.count(where: { $0.device == member.device }) < limits.linkSlotsPerDevice else {
      throw Refusal(.tooMany, retryAfter: UInt32(clamping: limits.linkMinutes * 60), detail: "link slots")
    }
    slots.slots[request.slot] = .init(device: member.device, opener: session.connection, opened: now)
    return outcome
  }

  mutating func offer(_ request: OfferLink, session: Session, at now: UInt64) throws -> Outcome {
    slots.expire(minutes: limits.linkMinutes, at: now)
    guard var slot = slots.slots[request.slot] else { throw Refusal(.notFound, detail: "slot") }
    // One device: whoever else has seen the link comes too late, and is noticed. It speaks twice, to offer itself and to prove its key.
    guard slot.offer == nil || slot.offer == request.sealed || slot.offerer == session.connection else { throw Refusal(.usedUp, detail: "slot") }
    slot.offer = request.sealed
    slot.offerer = session.connection
    slots.slots[request.slot] = slot
    var outcome = Outcome(.done)
    outcome.pushes.append((.connection(slot.opener), .linkOffered(LinkOffered(slot: request.slot, sealed: request.sealed))))
    return outcome
  }

  mutating func answer(_ request: AnswerLink, session: Session, at now: UInt64) throws -> Outcome {
    let member = try session.required()
    slots.expire(minutes: limits.linkMinutes, at: now)
    guard var slot = slots.slots[request.slot], slot.device == member.device else { throw Refusal(.notFound, detail: "slot") }
    guard slot.offer != nil, let offerer = slot.offerer else { throw Refusal(.notNow, detail: "no offer") }
    // Twice as well: the account, then that the device is of it. The newest answer stands.
    slot.answer = request.sealed
    slots.slots[request.slot] = slot
    var outcome = Outcome(.done)
    outcome.pushes.append((.connection(offerer), .linkAnswered(LinkOffered(slot: request.slot, sealed: request.sealed))))
    return outcome
  }

  /// Takes nothing away: the new device asks until it has stored the answer.
  mutating func take(_ request: TakeLink, at now: UInt64) throws -> Outcome {
    slots.expire(minutes: limits.linkMinutes, at: now)
    guard let slot = slots.slots[request.slot] else { throw Refusal(.notFound, detail: "slot") }
    return Outcome(.link(LinkAnswer(sealed: slot.answer)))
  }
}
