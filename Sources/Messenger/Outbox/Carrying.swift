// Carrying intents out: for each chat in order, the request made and stored before it leaves, sent again unchanged until it is answered.
import Content
import CryptoInterface
import Identity
import MLS
import TLSCodec
import Wire

/// What became of the attempt to make an intent's request.
indirect enum Preparation {
  case ready(Request)
  /// Nothing is left to do.
  case finished
  /// Something is asked for, or another intent must come first.
  case waiting
  /// Never.
  case failed(MessengerError)
}

extension Core {
  mutating func sendOutbox() throws(Stop) {
    if outbox.isEmpty { return }
    if alarm != nil { return }
    var blocked: Set<UInt32> = []
    var underWay: [UInt32: Int] = [:]
    for entry in outbox {
      if blocked.contains(entry.chat) { continue }
      if entry.underWay != nil {
        // Messages of a chat follow each other; a commit ends what can go before its answer.
        underWay[entry.chat, default: 0] += 1
        if !entry.carriesMessage || underWay[entry.chat, default: 0] >= settings.sendWindow { blocked.insert(entry.chat) }
        continue
      }
      if entry.notBefore > now {
        if !mayBeOvertaken(entry) { blocked.insert(entry.chat) }
        wake(at: entry.notBefore)
        continue
      }
      if !entry.carriesMessage, underWay[entry.chat, default: 0] > 0 {
        blocked.insert(entry.chat)
        continue
      }
      try carry(entry.sequence)
      if let now = outbox.first(where: { $0.sequence == entry.sequence }) {
        if now.underWay != nil, now.carriesMessage {
          underWay[entry.chat, default: 0] += 1
          if underWay[entry.chat, default: 0] >= settings.sendWindow { blocked.insert(entry.chat) }
        } else if now.underWay != nil || now.notBefore <= self.now || !mayBeOvertaken(now) {
          blocked.insert(entry.chat)
        }
      }
    }
  }

  /// Whether later intents of the chat go before one that waits: a device that has not come up yet must not keep others from talking.
  private func mayBeOvertaken(_ entry: OutboxEntry) -> Bool {
    guard entry.prepared == nil, let chat = chats[entry.chat] else { return false }
    switch entry.intent {
    case .addOwnDevices, .history, .expelRevoked: return true
    // Alone in the room nobody would read what goes before.
    case .add: return chat.members.count > 1 && entry.attempts > 1
    default: return false
    }
  }

  private mutating func carry(_ sequence: UInt64) throws(Stop) {
    guard let i = outbox.firstIndex(where: { $0.sequence == sequence }) else { return }
    let entry = outbox[i]
    if let prepared = entry.prepared {
      guard let request = try? Request(decoding: prepared) else { throw .failed(.corruptStore) }
      outbox[i].underWay = ask(request, .outbox(sequence: sequence))
      return
    }
    switch try prepare(entry) {
    case .ready(let request):
      guard let i = outbox.firstIndex(where: { $0.sequence == sequence }) else { return }
      outbox[i].prepared = request.encoded()
      save(outbox[i])
      outbox[i].underWay = ask(request, .outbox(sequence: sequence))
    case .finished: finish(sequence)
    case .waiting: break
    case .failed(let error):
      if case .message(let id) = entry.intent { try markFailed(id) }
      finish(sequence)
      emit(.trouble(error))
    }
  }

  private mutating func markFailed(_ id: [UInt8]) throws(Stop) {
    guard var message = try message(id) else { return }
    message.state = .failed
    save(message)
    emit(.line(view(message)))
  }

  // MARK: Making the request

  private mutating func prepare(_ entry: OutboxEntry) throws(Stop) -> Preparation {
    guard let chat = chats[entry.chat] else { return .finished }
    if chat.state == .frozen { return .waiting }
    var isLeaving = false
    if case .leave = entry.intent { isLeaving = chat.state == .left }
    guard chat.isOpen || isLeaving else { return .failed(.chatEnded) }
    if chat.needsResync { return .waiting }
    if case .register = entry.intent { return try prepareRegistration(chat) }
    if chat.state == .creating { return .waiting }
    if let peer = peer(of: chat), needsConfirmation(peer), entry.intent.isMessage { return .waiting }
    var group = try group(chat.group)
    guard group.status == .active else { return isLeaving ? .finished : .failed(.chatEnded) }
    switch entry.intent {
    case .register: return .waiting
    case .message, .report, .ownDevices, .history:
      // RFC 9420 §12.4: whoever wants to send commits valid proposals first.
      // Where the server refuses that again and again, they are left out, and void in the new epoch.
      if !group.proposals.isEmpty { return try prepareCommit(chat, group, [], coversPending: entry.attempts < 3) }
      if case .message = entry.intent, let peer = peer(of: chat), !chat.members.contains(peer) {
        // The other has only new devices (after a reset), or is still to be added: alone in the room it would be said to nobody.
        switch try prepareAdd(entry, chat, group, accounts: [peer]) {
        case .finished: return .failed(.noSuchDevice)
        case let other: return other
        }
      }
      return try prepareMessage(entry, chat, &group)
    case .add(let accounts): return try prepareAdd(entry, chat, group, accounts: accounts)
    case .addOwnDevices:
      guard let own else { return .finished }
      return try prepareAdd(entry, chat, group, accounts: [own.account])
    case .remove(let accounts):
      let indices = leaves(of: group.tree).filter { accounts.contains($0.claim.account) && $0.index != group.leafIndex }.map { $0.index }
      if indices.isEmpty { return .finished }
      return try prepareCommit(chat, group, indices.map { .remove($0) })
    case .expelRevoked: return try prepareExpulsion(chat, group)
    case .profile(let title, let color):
      let roomKey = try exported("room key", of: group)
      let profile = try sealProfile(title: title, color: color, under: roomKey)
      return try prepareCommit(chat, group, [.appDataUpdate(AppDataUpdate(.profile, .update(profile)))], roomKey: roomKey)
    case .role(let account, let isAdministrator):
      var administrators = chat.administrators.filter { $0 != account }
      if isAdministrator { administrators.append(account) }
      if administrators.sorted() == chat.administrators { return .finished }
      let roles = Roles(administrators: administrators)
      return try prepareCommit(chat, group, [.appDataUpdate(AppDataUpdate(.roles, .update(roles.encoded())))])
    case .leave: return try prepareLeaving(chat, group)
    case .update: return try prepareCommit(chat, group, [])
    case .commitProposals:
      // Another was faster.
      if group.proposals.isEmpty { return .finished }
      return try prepareCommit(chat, group, [], coversPending: entry.attempts < 3)
    }
  }

  private mutating func prepareRegistration(_ chat: Chat) throws(Stop) -> Preparation {
    let group = try group(chat.group)
    guard chat.state == .creating else { return .finished }
    do {
      let info = try group.groupInfo(withTree: false, withExternalPub: true, using: crypto)
      return .ready(
        .createGroup(
          CreateGroup(requestID: newRequestID(), key: chat.groupKey, groupInfo: info.encoded(), tree: group.tree.encoded())))
    } catch { return .failed(.internalError("register")) }
  }

  /// Draws the sender's next count: stored with the message that carries it, so it is never given twice for two messages of one millisecond.
  private mutating func nextCounter() -> UInt32 {
    messageCounter &+= 1
    return messageCounter
  }

  private mutating func prepareMessage(_ entry: OutboxEntry, _ chat: Chat, _ group: inout Group) throws(Stop) -> Preparation {
    let type: UInt8
    let body: [UInt8]
    var counter: UInt32 = 0
    switch entry.intent {
    case .message(let id):
      guard let message = try message(id) else { return .finished }
      type = PayloadType.content
      body = message.content
      counter = message.counter
    case .report(let status, let ids):
      type = PayloadType.status
      var entries: [StatusReport.Entry] = []
      for id in ids { if let id = MessageID(id) { entries.append(StatusReport.Entry(id, MessageStatus(status))) } }
      guard let encoded = try? StatusReport(entries).encoded() else { return .finished }
      body = encoded
    case .ownDevices(let wanted, let bytes):
      type = wanted
      body = bytes
    case .history(let device, let round):
      if !chat.ownDevices.contains(device) {
        // It comes in as soon as it has published key packages.
        guard let own, chains[own.account]?.state.device(device) != nil, let i = outbox.firstIndex(where: { $0.sequence == entry.sequence }),
          entry.attempts < 60
        else { return .finished }
        outbox[i].attempts += 1
        outbox[i].notBefore = now + max(500, backOff(entry.attempts))
        save(outbox[i])
        wake(at: outbox[i].notBefore)
        return .waiting
      }
      guard let batch = try historyBatch(for: device, round: round, in: chat) else { return .finished }
      type = PayloadType.history
      body = batch
    default: return .finished
    }
    // Alone in the room: nobody to read it, but it counts as said.
    let payload = Payload(feedHead: feed?.head?.encoded() ?? [], counter: counter, type: type, body: body).encoded()
    do throws(MLSError) {
      let message = try group.encrypt(payload, padding: Padding.size(payload.count) - payload.count, using: crypto)
      keep(group, replacing: nil)
      return .ready(.send(SendRequest(requestID: newRequestID(), key: chat.groupKey, message: message.encoded())))
    } catch { return .failed(.internalError("encrypt")) }
  }

  private mutating func prepareLeaving(_ chat: Chat, _ group: Group) throws(Stop) -> Preparation {
    var group = group
    if chat.deviceCount <= 1 {
      // The last one: nobody is left to commit the leaving.
      var left = chat
      left.state = .left
      save(left)
      if let own, chat.state != .left { addLine(.left, chat: chat.number, subject: own.account, time: now) }
      return .finished
    }
    // Own other devices are taken out by this one, which then leaves itself.
    let others = leaves(of: group.tree).filter { $0.claim.account == own?.account && $0.index != group.leafIndex }.map { $0.index }
    if !others.isEmpty { return try prepareCommit(chat, group, others.map { .remove($0) }) }
    do throws(MLSError) {
      let message = try group.propose(.selfRemove, application: HouseRules(), using: crypto)
      keep(group, replacing: nil)
      return .ready(.propose(ProposeRequest(requestID: newRequestID(), key: chat.groupKey, message: message.encoded())))
    } catch {
      // Proposed already: the others commit it.
      return .finished
    }
  }

  // MARK: Answers

  mutating func outboxAnswered(_ answer: Answer, sequence: UInt64) throws(Stop) {
    guard let i = outbox.firstIndex(where: { $0.sequence == sequence }) else { return }
    outbox[i].underWay = nil
    let entry = outbox[i]
    guard let prepared = entry.prepared, let request = try? Request(decoding: prepared) else { return }
    switch answer {
    case .accepted(let accepted): try carried(entry, request, time: accepted.time)
    case .done: try carried(entry, request, time: now)
    case .refused(let refusal): try refused(entry, request, refusal)
    default: unexpected()
    }
  }

  private mutating func carried(_ entry: OutboxEntry, _ request: Request, time: UInt64) throws(Stop) {
    guard var chat = chats[entry.chat] else { return finish(entry.sequence) }
    switch request {
    case .createGroup:
      chat.state = .active
      save(chat)
      finish(entry.sequence)
    case .commit(let request):
      try adoptAccepted(request, chat, time: time)
      try committed(entry.sequence)
    case .send:
      switch entry.intent {
      case .message(let id):
        if let old = try message(id), old.state == .pending {
          var sent = old
          sent.state = .accepted
          sent.time = time
          save(sent, replacing: old)
          noteLast(sent, in: sent.conversation, counts: false)
          emit(.line(view(sent)))
        }
        finish(entry.sequence)
      case .history(let device, let round):
        guard let i = outbox.firstIndex(where: { $0.sequence == entry.sequence }) else { return }
        outbox[i].intent = .history(device: device, round: round + 1)
        outbox[i].prepared = nil
        save(outbox[i])
      default: finish(entry.sequence)
      }
    case .propose:
      finish(entry.sequence)
      // Committed before the answer came, or said again after it was lost.
      guard chat.isOpen else { return }
      chat.state = .left
      save(chat)
      if let own { addLine(.left, chat: chat.number, subject: own.account, time: time) }
      try dropIntents(of: chat.number)
    default: finish(entry.sequence)
    }
  }

  /// A commit of this device is in force. The mailbox may have said so before.
  private mutating func adoptAccepted(_ request: CommitRequest, _ chat: Chat, time: UInt64) throws(Stop) {
    guard let message = try? MLSMessage(decoding: request.commit), case .publicMessage(let commit) = message, commit.content.groupID == chat.group else {
      return
    }
    var group = try group(chat.group)
    guard group.status == .active, group.epoch == commit.content.epoch else { return }
    // Which of the own commits it is: another may have been prepared since.
    guard case .ownCommit? = try? group.receive(message, application: HouseRules(), using: crypto) else { return markForResync(chat.number) }
    try adoptOwnCommit(chat, group, time: time)
  }

  private mutating func refused(_ entry: OutboxEntry, _ request: Request, _ refusal: Refusal) throws(Stop) {
    guard let i = outbox.firstIndex(where: { $0.sequence == entry.sequence }), let chat = chats[entry.chat] else { return }
    switch refusal.code {
    case let code where code.isPassing:
      // The same request again, later.
      outbox[i].attempts += 1
      outbox[i].notBefore = now + max(UInt64(refusal.retryAfter) * 1_000, backOff(outbox[i].attempts))
    case .epochTaken, .stale:
      // Another commit has won; the mailbox brings it, and the intent is carried out anew in its epoch.
      try forgetAttempt(of: chat)
      outbox[i].prepared = nil
      outbox[i].attempts += 1
      outbox[i].notBefore = now + (entry.intent.isMessage ? 0 : spread(backOff(outbox[i].attempts)))
      // Nothing has come yet that explains it: look again when it has, at the latest soon.
      if outbox[i].notBefore == now { outbox[i].notBefore = now + 50 * UInt64(min(outbox[i].attempts, 20)) }
      if outbox[i].attempts > 20 { markForResync(chat.number) }
    case .wrongGroupKey, .notMember:
      try forgetAttempt(of: chat)
      outbox[i].prepared = nil
      outbox[i].attempts += 1
      outbox[i].notBefore = now + backOff(outbox[i].attempts)
      if refusal.code == .wrongGroupKey, outbox[i].attempts > 2 { markForResync(chat.number) }
      if refusal.code == .notMember, outbox[i].attempts > 2 {
        // The mailbox was read to its end and says nothing of a removal: back in, or out for good.
        markForResync(chat.number)
      }
    case .frozen:
      try forgetAttempt(of: chat)
      outbox[i].prepared = nil
      var frozen = chat
      frozen.state = .frozen
      save(frozen)
    case .invalidCommit, .invalidKeyPackage, .usedUp:
      try forgetAttempt(of: chat)
      outbox[i].prepared = nil
      outbox[i].claimID = nil
      connection.claims[entry.sequence] = nil
      outbox[i].attempts += 1
      outbox[i].notBefore = now + backOff(outbox[i].attempts)
      if outbox[i].attempts >= 6 {
        emit(.trouble(.refused(refusal.code.rawValue)))
        if case .message(let id) = entry.intent { try markFailed(id) }
        finish(entry.sequence)
        return
      }
    case .revoked:
      try wasRevoked()
      return
    default:
      try forgetAttempt(of: chat)
      emit(.trouble(.refused(refusal.code.rawValue)))
      if case .message(let id) = entry.intent { try markFailed(id) }
      finish(entry.sequence)
      return
    }
    save(outbox[i])
    if outbox[i].notBefore > now { wake(at: outbox[i].notBefore) }
  }

  /// A commit that was not accepted is put aside; should it have won all the same, the group still knows it.
  private mutating func forgetAttempt(of chat: Chat) throws(Stop) {
    guard chat.isOpen else { return }
    var group = try group(chat.group)
    guard group.status == .active, group.pendingCommit != nil else { return }
    group.discardPendingCommit()
    keep(group, replacing: nil)
  }

  /// 200 ms doubled each time, a minute at most.
  func backOff(_ attempts: UInt32) -> UInt64 { min(60_000, 100 << UInt64(min(attempts, 10))) }
}
