// Mailboxes: putting messages in, giving them to their device in order, deleting what it has stored.
import CryptoInterface
import Wire

extension DeliveryCore {
  /// Stores a body once and puts a row that points at it into each mailbox that is open.
  /// - Parameter time: milliseconds, the accepted timestamp.
  func deliver(_ body: DeliveryBody, to mailboxes: [[UInt8]], time: UInt64, outcome: inout Outcome, in transaction: any DeliveryTransaction) throws {
    var open: [([UInt8], MailboxRecord)] = []
    for mailbox in mailboxes {
      if let record = try transaction.mailbox(mailbox) { open.append((mailbox, record)) }
    }
    guard !open.isEmpty else { return }
    let day = Day(clamping: time / 86_400_000)
    let reference = MailReference(body: crypto.random(16), key: crypto.random(32), time: time)
    let seal = BodySeal(id: reference.body, key: reference.key, crypto: crypto)
    try transaction.insertBody(try seal.seal(body, count: UInt32(open.count)), id: reference.body, day: day)
    for (mailbox, record) in open {
      var ratchet = MailboxRatchet(mailbox: mailbox, number: record.next, key: record.nextKey, crypto: crypto)
      let sealed = try ratchet.seal(reference)
      ratchet.step()
      guard try transaction.enqueue(sealed, mailbox: mailbox, number: record.next, nextKey: ratchet.key.exposed, day: day) else {
        throw StoreError.corrupt("mailbox number")
      }
      outcome.filled.insert(mailbox)
    }
  }

  mutating func drain(_ request: Drain, session: inout Session, at now: UInt64, in transaction: any DeliveryTransaction) throws -> Outcome {
    let member = try session.required()
    guard let record = try transaction.mailbox(member.mailbox) else { throw Refusal(.wrongMailbox, detail: "closed") }
    guard request.lowest >= 1, request.lowest <= record.lowest, request.from >= request.lowest, request.from <= record.next else {
      throw Refusal(.wrongMailbox, detail: "number")
    }
    let steps = record.next - request.lowest
    guard steps <= limits.ratchetSteps else { throw Refusal(.wrongMailbox, detail: "key too old") }
    try budgets.spend(Double(steps), of: .ratchet, limits.ratchet, by: member.device, at: now)
    // The key is right where its chain leads to the key that is stored.
    var check = MailboxRatchet(mailbox: member.mailbox, number: request.lowest, key: request.key, crypto: crypto)
    var ratchet = check
    let from = max(request.from, record.lowest)
    while check.number < record.next {
      if check.number == from { ratchet = check }
      check.step()
    }
    if from == record.next { ratchet = check }
    guard constantTimeEqual(check.key.exposed, record.nextKey) else { throw Refusal(.wrongMailbox, detail: "key") }
    if from > record.lowest {
      var old = MailboxRatchet(mailbox: member.mailbox, number: request.lowest, key: request.key, crypto: crypto)
      var references: [Session.Delivering.InFlight] = []
      for row in try transaction.rows(of: member.mailbox, from: record.lowest, limit: Int(from - record.lowest)) where row.number < from {
        while old.number < row.number { old.step() }
        guard let reference = old.open(row.sealed) else { throw Refusal(.wrongMailbox, detail: "row") }
        references.append(.init(number: row.number, body: reference.body, key: reference.key))
      }
      try delete(references, through: from - 1, mailbox: member.mailbox, in: transaction)
    }
    session.delivering = .init(next: from, key: ratchet.key, acknowledged: from - 1)
    var outcome = Outcome(.done)
    outcome.filled.insert(member.mailbox)
    return outcome
  }

  func acknowledge(_ request: Acknowledge, session: inout Session, in transaction: any DeliveryTransaction) throws -> Outcome {
    let member = try session.required()
    guard var delivering = session.delivering, request.number < delivering.next else {
      throw Refusal(.wrongMailbox, detail: "not delivered on this connection")
    }
    var outcome = Outcome(.done)
    guard request.number > delivering.acknowledged else { return outcome }
    let done = delivering.inFlight.prefix { $0.number <= request.number }
    // Another connection of the device may have acknowledged some of them: their bodies are let go of once.
    let lowest = try transaction.mailbox(member.mailbox)?.lowest ?? 0
    try delete(done.filter { $0.number >= lowest }, through: request.number, mailbox: member.mailbox, in: transaction)
    delivering.inFlight.removeFirst(done.count)
    delivering.acknowledged = request.number
    session.delivering = delivering
    outcome.filled.insert(member.mailbox)
    return outcome
  }

  /// Deletes rows and lets go of their bodies.
  private func delete(
    _ references: [Session.Delivering.InFlight], through number: UInt64, mailbox: [UInt8], in transaction: any DeliveryTransaction
  ) throws {
    for reference in references {
      // Expired in the meantime, or a copy restored: then there is nothing to let go of.
      guard let record = try transaction.body(reference.body) else { continue }
      let seal = BodySeal(id: reference.body, key: reference.key, crypto: crypto)
      guard let count = seal.count(record) else { throw StoreError.corrupt("body count") }
      if count <= 1 {
        try transaction.deleteBody(reference.body)
      } else {
        try transaction.setCount(try seal.seal(count: count - 1), body: reference.body)
      }
    }
    try transaction.deleteRows(of: mailbox, through: number)
  }

  /// What the mailbox holds for a connection that drains it, as far as its window is open.
  public func deliveries(_ session: inout Session, in transaction: any DeliveryTransaction) throws -> [Push] {
    guard let member = session.member, var delivering = session.delivering else { return [] }
    let room = limits.inFlight - delivering.inFlight.count
    guard room > 0 else { return [] }
    var pushes: [Push] = []
    var bytes = 0
    var ratchet = MailboxRatchet(mailbox: member.mailbox, number: delivering.next, key: delivering.key.exposed, crypto: crypto)
    for row in try transaction.rows(of: member.mailbox, from: delivering.next, limit: room) {
      // The rest comes when some of it is acknowledged.
      guard bytes < limits.deliveryBytes else { break }
      while ratchet.number < row.number { ratchet.step() }
      guard let reference = ratchet.open(row.sealed) else { throw StoreError.corrupt("mailbox row") }
      ratchet.step()
      delivering.inFlight.append(.init(number: row.number, body: reference.body, key: reference.key))
      delivering.next = row.number + 1
      delivering.key = ratchet.key
      guard let record = try transaction.body(reference.body) else { continue }
      guard let body = BodySeal(id: reference.body, key: reference.key, crypto: crypto).open(record) else { throw StoreError.corrupt("body") }
      bytes += record.sealed.count
      pushes.append(.delivery(Delivered(number: row.number, time: reference.time, body: body)))
    }
    session.delivering = delivering
    return pushes
  }
}
