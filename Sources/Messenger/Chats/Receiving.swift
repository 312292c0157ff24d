// What the mailbox brings, one message at a time, in its order. Each is one step: undone as a whole where it needs something first, passed over where it
// is no message for this device.
import CBOR
import Content
import CryptoInterface
import Identity
import MLS
import TLSCodec
import Wire

extension Core {
  mutating func receive(_ delivered: Delivered) throws(Problem) {
    switch delivered.body {
    case .message(let bytes):
      guard case .privateMessage(let message)? = try? MLSMessage(decoding: bytes) else { throw .invalid(.serverMisbehaves) }
      try receiveMessage(.privateMessage(message), group: message.groupID, epoch: message.epoch, time: delivered.time)
    case .handshake(let bytes):
      guard case .publicMessage(let message)? = try? MLSMessage(decoding: bytes) else { throw .invalid(.serverMisbehaves) }
      try receiveHandshake(message, bytes: bytes, time: delivered.time)
    case .welcome(let bytes):
      guard case .welcome(let welcome)? = try? MLSMessage(decoding: bytes) else { throw .invalid(.serverMisbehaves) }
      try join(welcome, time: delivered.time)
    case .frozen(let group, let epoch, let reporter, _):
      try wasFrozen(group, epoch: epoch, reporter: reporter)
    }
  }

  /// The chat and group that a message is for; nil where this device is in no such group, or has lost it.
  private func place(_ groupID: [UInt8]) throws(Problem) -> (chat: Chat, group: Group)? {
    guard let chat = chat(ofGroup: groupID) else { return nil }
    do { return (chat: chat, group: try group(groupID)) } catch { throw Problem(error) }
  }

  // MARK: Application messages

  private mutating func receiveMessage(_ message: MLSMessage, group groupID: [UInt8], epoch: UInt64, time: UInt64) throws(Problem) {
    // Who has left reads nothing more, even while nobody has committed it.
    guard let found = try place(groupID), found.chat.state != .left else { return }
    let chat = found.chat
    var group = found.group
    if epoch > group.epoch {
      // A message of an epoch that this device has not reached, though the mailbox is in order: it has lost a commit.
      markForResync(chat.number)
      return
    }
    let received: Received
    do throws(MLSError) { received = try group.receive(message, application: HouseRules(), using: crypto) } catch {
      switch error {
      // Used before: a duplicate. Of an own device that was restored: its message cannot be read, and it will join afresh.
      case .generationUsed: return
      default:
        emit(.trouble(.internalError("message cannot be read")))
        return
      }
    }
    guard case .application(let application) = received else { return }
    keep(group, replacing: nil)
    if chat.resyncs > 0, !chat.needsResync, application.epoch == group.epoch {
      var well = chat
      well.resyncs = 0
      save(well)
    }
    guard let claim = try? LeafClaim(application.senderLeaf), let payload = try? Payload(decoding: application.data) else { return }
    compare(received: payload.feedHead)
    try take(payload, from: claim, chat: chat, time: time)
  }

  private mutating func take(_ payload: Payload, from claim: LeafClaim, chat: Chat, time: UInt64) throws(Problem) {
    do throws(Stop) {
      switch payload.type {
      case PayloadType.content: try takeContent(payload, from: claim.account, chat: chat, time: time)
      case PayloadType.status: try takeStatus(payload.body, from: claim.account, chat: chat)
      case PayloadType.readMark where chat.kind == .ownDevices: try takeReadMark(payload.body)
      case PayloadType.history where chat.kind == .ownDevices: try takeHistory(payload.body)
      case PayloadType.contact where chat.kind == .ownDevices: takeContact(payload.body)
      default: break
      }
    } catch { throw Problem(error) }
  }

  func senderURI(_ account: AccountID) -> [UInt8] {
    guard let state = chains[account]?.state else { return [] }
    return Array(("mimi://" + state.domain + "/u/" + state.localPart).utf8)
  }

  func messageID(_ content: [UInt8], salt: [UInt8], sender: AccountID, room: [UInt8]) -> MessageID? {
    guard let sender = UTF8Text(utf8: senderURI(sender)), let room = UTF8Text(utf8: room) else { return nil }
    return try? MessageID(of: content, salt: salt, sender: sender, room: room, using: crypto)
  }

  private mutating func takeContent(_ payload: Payload, from account: AccountID, chat: Chat, time: UInt64) throws(Stop) {
    guard chat.kind != .ownDevices, let content = try? MIMIContent(decoding: payload.body),
      let id = messageID(payload.body, salt: content.salt, sender: account, room: chat.roomURI)
    else { return }
    // The same message again, encrypted anew after a refusal whose answer was lost.
    if try message(id.bytes) != nil { return }
    let isOwn = account == own?.account
    let message = StoredMessage(
      id: id.bytes, conversation: chat.conversation, roomURI: chat.roomURI, kind: .message, sender: account, time: time, counter: payload.counter,
      content: payload.body, state: isOwn ? .accepted : .received)
    save(message)
    noteLast(message, in: chat.conversation, counts: !isOwn)
    emit(.line(view(message)))
    typing.removeAll { $0.chat == chat.conversation && $0.account == account }
    if !isOwn, settings.reports, chat.deviceCount <= Self.reportingDevices, setting(.deliveryReceipts) != .off {
      want(.report(status: MessageStatus.delivered.number, ids: [id.bytes]), in: chat.number)
    }
  }

  /// No reports of single members in groups of more devices: each message would bring as many again.
  static var reportingDevices: UInt32 { 50 }

  /// The conversation's last line and unread count.
  mutating func noteLast(_ message: StoredMessage, in conversation: UInt32, counts: Bool) {
    guard var chat = chats[conversation] else { return }
    let isPending = message.time >= StoredMessage.pendingTime
    // Until the server dates an own message this device's clock does, which may be wrong.
    if isPending || message.time >= chat.lastTime || chat.lastIsPending {
      chat.lastTime = isPending ? max(now, chat.lastTime) : message.time
      chat.lastIsPending = isPending
      chat.lastSender = message.sender
      chat.lastText = text(of: message)
    }
    if counts, message.time > chat.readTime { chat.unread += 1 }
    save(chat)
  }

  func text(of message: StoredMessage) -> String {
    if message.kind != .message { return String(decoding: message.content, as: UTF8.self) }
    guard let content = try? MIMIContent(decoding: message.content) else { return "" }
    return content.plainText ?? ""
  }

  private mutating func takeStatus(_ body: [UInt8], from account: AccountID, chat: Chat) throws(Stop) {
    guard let report = try? StatusReport(decoding: body) else { return }
    var places: [[UInt8]] = []
    for entry in report.statuses { places.append(messageIndexKey(entry.message.bytes)) }
    _ = try records(places)
    for entry in report.statuses {
      // Only for messages of this account, in this conversation; of oneself they say nothing.
      guard var message = try message(entry.message.bytes), message.conversation == chat.conversation, message.sender == own?.account,
        account != own?.account
      else { continue }
      switch entry.status {
      case .delivered where !message.deliveredTo.contains(account): message.deliveredTo.append(account)
      case .read where !message.readBy.contains(account):
        message.readBy.append(account)
        if !message.deliveredTo.contains(account) { message.deliveredTo.append(account) }
      default: continue
      }
      save(message)
      emit(.line(view(message)))
    }
  }

  // MARK: Handshakes

  private mutating func receiveHandshake(_ message: PublicMessage, bytes: [UInt8], time: UInt64) throws(Problem) {
    guard let found = try place(message.content.groupID) else { return }
    var chat = found.chat
    var group = found.group
    // Of an epoch that has passed: a proposal that came too late, or the own commit, adopted when the server accepted it.
    if message.content.epoch < group.epoch { return }
    if message.content.epoch > group.epoch {
      markForResync(chat.number)
      return
    }
    let collector = LeafCollector()
    let received: Received
    do throws(MLSError) {
      received = try group.receive(.publicMessage(message), application: HouseRules(collecting: collector), using: crypto)
    } catch {
      if group.status != .active { return }
      if error == .ownCommitUnknown {
        markForResync(chat.number)
        return
      }
      if case .commit = message.content.content {
        // Accepted by the server, not applicable here.
        try cannotApply(chat, group, epoch: message.content.epoch, bytes: bytes)
        return
      }
      throw .invalid(.internalError("proposal"))
    }
    switch received {
    case .application: break
    case .proposal:
      try check(collector.claims)
      keep(group, replacing: nil)
      chat.commitDue = now + electionDelay(group)
      save(chat)
    case .ownCommit:
      do throws(Stop) { try adoptOwnCommit(chat, group, time: time) } catch { throw Problem(error) }
    case .commit(let staged):
      if staged.isExternal, staged.removesThisMember {
        // Nobody else may put himself in this device's place: its own resync, whose answer was lost.
        markForResync(chat.number)
        return
      }
      try check(collector.claims)
      try adopt(staged, chat, group, bytes: bytes, time: time)
    }
  }

  /// Adopts another member's commit.
  private mutating func adopt(_ staged: StagedCommit, _ chat: Chat, _ old: Group, bytes: [UInt8], time: UInt64) throws(Problem) {
    var chat = chat
    var group = old
    let isRemoval = !staged.removed.isEmpty && !staged.isExternal
    var nextKey = chat.groupKey
    let committer = (old.tree[staged.committer]).flatMap { try? LeafClaim($0) }?.account
    let leavers = leavers(in: old)
    if !staged.removesThisMember {
      if isRemoval {
        guard let export = staged.pathExport else { return try cannotApply(chat, old, epoch: old.epoch, bytes: bytes) }
        nextKey = nextGroupKey(export)
      }
      // A hash of another key: the server would seal the group under one that members do not know.
      guard staged.authenticatedData == groupKeyHash(nextKey) else { return try cannotApply(chat, old, epoch: old.epoch, bytes: bytes) }
    }
    let profileBefore = (try? RoomContents(old.context.extensions))?.profile
    let profileAfter = (try? RoomContents(staged.context.extensions))?.profile
    if profileAfter != profileBefore {
      do throws(Stop) { chat.roomKey = try exported("room key", of: old) } catch { throw Problem(error) }
    }
    let before = Set(leaves(of: old.tree).map { $0.claim })
    do { try group.adopt(staged, at: seconds) } catch { throw .invalid(.internalError("adopt")) }
    keep(group, replacing: nil)
    if staged.removesThisMember {
      chat.commitDue = 0
      // Who has left, on this device or another, was not removed.
      let hasLeft = chat.state == .left || committer == own?.account
      if let own, chat.state != .left { addLine(hasLeft ? .left : .removed, chat: chat.number, subject: own.account, time: time) }
      chat.state = hasLeft ? .left : .removed
      save(chat)
      do throws(Stop) { try dropIntents(of: chat.number) } catch { throw Problem(error) }
      return
    }
    if nextKey != chat.groupKey {
      chat.oldGroupKeys = Array(([chat.groupKey] + chat.oldGroupKeys).prefix(8))
      chat.groupKey = nextKey
    }
    // A commit that did not know of the leaving: it is said again.
    if chat.state == .left { want(.leave, in: chat.number) }
    advanced(&chat, group: group, before: before, leavers: leavers, profileChanged: profileAfter != profileBefore, time: time)
    if staged.isExternal { tellProfile(chat, group, newcomer: staged.committer) }
  }

  /// Accounts whose leaving waits to be committed.
  func leavers(in group: Group) -> Set<AccountID> {
    var result: Set<AccountID> = []
    for entry in group.proposals {
      guard entry.proposal == .selfRemove, case .member(let index) = entry.sender, let leaf = group.tree[index], let claim = try? LeafClaim(leaf)
      else { continue }
      result.insert(claim.account)
    }
    return result
  }

  /// A device that came back may lack the key of the name: the first administrator's device seals it anew, under a key that the newcomer has.
  private mutating func tellProfile(_ chat: Chat, _ group: Group, newcomer: LeafIndex) {
    guard chat.kind == .group, chat.state == .active, !chat.title.isEmpty else { return }
    let first = leaves(of: group.tree).first { $0.index != newcomer && chat.administrators.contains($0.claim.account) }
    if first?.index == group.leafIndex { want(.profile(title: chat.title, color: chat.color), in: chat.number) }
  }

  /// What a new epoch changes in the chat: members, name, lines. The chat is saved.
  mutating func advanced(
    _ chat: inout Chat, group: Group, before: Set<LeafClaim>, leavers: Set<AccountID>, profileChanged: Bool, time: UInt64
  ) {
    chat.commitDue = 0
    chat.resyncs = 0
    let membersBefore = chat.members
    let administratorsBefore = chat.administrators
    let titleBefore = chat.title
    reflect(group, in: &chat)
    if profileChanged { readProfile(group.context, into: &chat) }
    save(chat)
    if chat.kind == .group {
      for account in chat.members where !membersBefore.contains(account) { addLine(.joined, chat: chat.number, subject: account, time: time) }
      for account in membersBefore where !chat.members.contains(account) { 
        takenOut[account, default: []].insert(chat.number)
        addLine(leavers.contains(account) ? .left : .removed, chat: chat.number, subject: account, time: time)
      }
      if profileChanged, !titleBefore.isEmpty, chat.title != titleBefore, let own {
        addLine(.renamed, chat: chat.number, subject: own.account, time: time, text: chat.title)
      }
      if chat.administrators != administratorsBefore {
        for account in chat.administrators where !administratorsBefore.contains(account) {
          addLine(.roles, chat: chat.number, subject: account, time: time, text: "administrator")
        }
      }
    }
    // Revoked devices that are still in: also those that a slow member has added meanwhile.
    for leaf in leaves(of: group.tree) {
      if let chain = chains[leaf.claim.account], chain.length > leaf.claim.chainHead.length, chain.state.device(leaf.claim.device) == nil {
        want(.expelRevoked, in: chat.number)
        break
      }
    }
  }

  /// The rank among the members decides who commits first; jitter keeps devices of equal thought apart.
  func electionDelay(_ group: Group) -> UInt64 {
    var rank: UInt64 = 0
    for leaf in leaves(of: group.tree) where leaf.index.value < group.leafIndex.value { rank += 1 }
    let jitter = UInt64(crypto.random(1)[0]) * settings.electionDelay / 512
    return min(rank, 20) * settings.electionDelay + jitter
  }

  // MARK: Trouble

  /// The server has accepted a commit that this member cannot apply: it says so, signed, and the group rests until it is made anew. Where this
  /// device's own state is at fault the report is wrong, so a device reports once and then comes back by itself.
  private mutating func cannotApply(_ chat: Chat, _ group: Group, epoch: UInt64, bytes: [UInt8]) throws(Problem) {
    guard let own else { return }
    emit(.trouble(.internalError("commit cannot be applied")))
    var request = ReportRequest(
      requestID: newRequestID(), group: chat.group, key: chat.groupKey, epoch: epoch, commitHash: crypto.hash(.sha256, bytes), signature: [])
    guard let signature = try? Signing.sign(SigningLabel("Report"), request.signedContent, with: own.signatureKeyPair.privateKey, using: crypto) else {
      throw .invalid(.internalError("sign report"))
    }
    request.signature = signature
    ask(.report(request), .report(chat: chat.number))
    connection.frozenAsked.insert(chat.number)
    var frozen = chat
    frozen.state = .frozen
    save(frozen)
  }

  /// The server has taken the report, and tells everybody. Or the commit is not the last any more: the others live with it, so this device comes back.
  mutating func reported(_ answer: Answer, chat number: UInt32) {
    guard case .refused(let refusal) = answer, !refusal.code.isPassing, var chat = chats[number], chat.state == .frozen else { return }
    chat.state = .active
    save(chat)
    markForResync(number)
  }

  private mutating func wasFrozen(_ groupID: [UInt8], epoch: UInt64, reporter: [UInt8]) throws(Problem) {
    guard let found = try place(groupID), found.chat.isOpen || found.chat.state == .frozen else { return }
    var chat = found.chat
    chat.state = .frozen
    chat.needsResync = false
    connection.frozenAsked.insert(chat.number)
    scheduleRebuild(&chat, found.group)
  }

  /// A repair is due once the mailbox is read to its end.
  mutating func markForResync(_ number: UInt32) {
    guard var chat = chats[number], chat.isOpen, !chat.needsResync else { return }
    chat.needsResync = true
    save(chat)
  }

  mutating func dropIntents(of number: UInt32) throws(Stop) {
    for entry in outbox where entry.chat == number {
      if case .message(let id) = entry.intent, var failed = try message(id) {
        failed.state = .failed
        save(failed)
        emit(.line(view(failed)))
      }
      finish(entry.sequence)
    }
  }
}
