// Coming back: resync by external commit, making a frozen group anew, committing what waits. Only when the mailbox is read to its end; bounded, and with
// growing pauses. Nothing of it is shown as alarming.
import CryptoInterface
import Identity
import MLS
import TLSCodec
import Wire

extension Core {
  /// Resyncs of one chat after another before it is left to people.
  static var resyncLimit: UInt32 { 8 }

  mutating func repair() throws(Stop) {
    for number in chats.keys.sorted() {
      guard let chat = chats[number] else { continue }
      if chat.state == .frozen, chat.resyncDue > 0, isAdministrator(of: chat) {
        if chat.resyncDue > now {
          wake(at: chat.resyncDue)
        } else {
          try rebuild(chat)
        }
        continue
      }
      if chat.state == .frozen, connection.frozenAsked.insert(number).inserted {
        // Whether the server knows: the report may have been lost.
        ask(.groupInfo(GroupInfoRequest(group: chat.group, key: chat.groupKey)), .groupInfo(chat: number))
        continue
      }
      guard chat.needsResync, chat.isOpen, chat.state == .active, chat.resyncs < Self.resyncLimit else { continue }
      if chat.resyncDue > now {
        wake(at: chat.resyncDue)
        continue
      }
      if connection.groupInfosAsked.insert(number).inserted {
        ask(.groupInfo(GroupInfoRequest(group: chat.group, key: chat.groupKey)), .groupInfo(chat: number))
      }
    }
  }

  mutating func receivedGroupInfo(_ answer: Answer, chat number: UInt32) throws(Stop) {
    // One resync at a time: the answer to a commit says nothing of which it was.
    guard var chat = chats[number], chat.needsResync || chat.state == .frozen, externalCommits[number] == nil else { return }
    if chat.state == .frozen {
      guard case .groupInfo(let given) = answer else { return }
      if given.frozen { return scheduleRebuild(&chat, try group(chat.group)) }
      chat.state = .active
      save(chat)
      return markForResync(number)
    }
    switch answer {
    case .groupInfo(let given):
      if given.frozen {
        connection.groupInfosAsked.remove(number)
        chat.state = .frozen
        chat.needsResync = false
        return scheduleRebuild(&chat, try group(chat.group))
      }
      try resync(chat, with: given)
    case .refused(let refusal):
      connection.groupInfosAsked.remove(number)
      chat.resyncs += 1
      chat.resyncDue = now + backOff(chat.resyncs)
      if refusal.code == .wrongGroupKey, let older = chat.oldGroupKeys.first, chat.resyncs < Self.resyncLimit {
        // A restored server may still seal under an earlier key.
        chat.oldGroupKeys = Array(chat.oldGroupKeys.dropFirst()) + [chat.groupKey]
        chat.groupKey = older
      }
      if refusal.code == .notMember {
        // Out of the group, and the message that said so is lost.
        chat.state = .removed
        chat.needsResync = false
        save(chat)
        if let own { addLine(.removed, chat: number, subject: own.account, time: now) }
        return try dropIntents(of: number)
      }
      save(chat)
      wake(at: chat.resyncDue)
    default: unexpected()
    }
  }

  private mutating func resync(_ chat: Chat, with given: GroupInfoAnswer) throws(Stop) {
    guard let own, let info = try? GroupInfo(decoding: given.groupInfo), let tree = try? RatchetTree(decoding: given.tree),
      info.groupContext.groupID == chat.group
    else { return unexpected() }
    let old = try group(chat.group)
    if !chat.isStale, old.epoch == info.groupContext.epoch, (try? old.confirms(info, using: crypto)) == true {
      // Nothing is lost: this is the epoch that the device is in.
      var well = chat
      well.needsResync = false
      connection.groupInfosAsked.remove(chat.number)
      save(well)
      return
    }
    // The group that this device was in, not before what it has seen, shown by one of its members whose device still is one: a server, and whom it has
    // won over, could else lead it into another.
    guard info.groupContext.epoch >= old.epoch, let house,
      let contents = try? RoomContents(info.groupContext.extensions, house: house.house), Array(contents.room.uri.utf8) == chat.roomURI,
      contents.room.kind.rawValue == chat.kind.rawValue, HouseRules.permitsMembers(of: tree, in: info.groupContext),
      let signer = tree[info.signer].flatMap({ try? LeafClaim($0) }), chat.members.contains(signer.account)
    else {
      connection.groupInfosAsked.remove(chat.number)
      raise(.strangerInGroup)
      return delayResync(chat.number)
    }
    if let chain = chains[signer.account], (try? signer.checkCurrent(in: chain)) == nil {
      connection.groupInfosAsked.remove(chat.number)
      return delayResync(chat.number)
    }
    let mine = leaves(of: tree).first { $0.claim.account == own.account && $0.claim.device == own.device }
    var proposals: [PublicMessage] = []
    for bytes in given.proposals {
      if case .publicMessage(let message)? = try? MLSMessage(decoding: bytes) { proposals.append(message) }
    }
    let collector = LeafCollector()
    let identity = try identity()
    let joined: PendingExternalCommit
    do {
      joined = try Group.joinExternally(
        info, tree: tree, identity: identity, replacing: mine?.index, selfRemoves: proposals, authenticatedData: groupKeyHash(chat.groupKey),
        application: HouseRules(collecting: collector), using: crypto)
    } catch {
      connection.groupInfosAsked.remove(chat.number)
      return delayResync(chat.number)
    }
    do throws(Problem) { try check(collector.claims) } catch {
      switch error {
      case .load(let request): throw .load(request)
      case .needs(.chains(let accounts)):
        for account in accounts { wantedChains.insert(account) }
        // Asked again when they are there.
        connection.groupInfosAsked.remove(chat.number)
        return delayResync(chat.number, counts: false)
      default:
        raise(.strangerInGroup)
        return delayResync(chat.number)
      }
    }
    // Apart from the old group's records until it is accepted; should this device fall before, it begins again.
    externalCommits[chat.number] = joined.group
    ask(
      .commit(
        CommitRequest(
          requestID: newRequestID(), key: chat.groupKey, nextKey: nil, commit: joined.message.encoded(), groupInfo: joined.groupInfo.encoded(),
          welcomes: [])), .resync(chat: chat.number))
  }

  private mutating func delayResync(_ number: UInt32, counts: Bool = true) {
    guard var chat = chats[number] else { return }
    if counts { chat.resyncs += 1 }
    chat.resyncDue = now + (counts ? backOff(chat.resyncs) : 200)
    save(chat)
    wake(at: chat.resyncDue)
  }

  mutating func resynced(_ answer: Answer, chat number: UInt32) throws(Stop) {
    connection.groupInfosAsked.remove(number)
    guard var chat = chats[number], let group = externalCommits.removeValue(forKey: number) else { return }
    guard case .accepted = answer else {
      if case .refused(.init(.frozen)) = answer { chat.state = .frozen }
      save(chat)
      return delayResync(number)
    }
    let old = try self.group(chat.group)
    keep(group, replacing: old)
    chat.needsResync = false
    chat.isStale = false
    chat.updateDue = 0
    chat.commitDue = 0
    // Who has come and gone meanwhile is said, as with any commit.
    advanced(&chat, group: group, before: Set(leaves(of: old.tree).map { $0.claim }), leavers: [], profileChanged: true, time: now)
    reconciled.remove(number)
    restartIntents(of: number)
    if let own { addLine(.gap, chat: number, subject: own.account, time: now) }
  }

  /// A frozen group is made anew by an administrator's device: the first in the order of leaves, the others should it not happen.
  mutating func scheduleRebuild(_ chat: inout Chat, _ group: Group) {
    if isAdministrator(of: chat), chat.resyncDue <= now { chat.resyncDue = now + 1 + electionDelay(group) * 4 }
    save(chat)
    if chat.resyncDue > now { wake(at: chat.resyncDue) }
  }

  /// The same room in a new group, with the same people and what waits.
  private mutating func rebuild(_ chat: Chat) throws(Stop) {
    guard let own, let house else { return }
    let old = try group(chat.group)
    guard let contents = try? RoomContents(old.context.extensions) else { throw .failed(.internalError("rebuild")) }
    let people = chat.members.filter { $0 != own.account }
    let group = try makeGroup(contents.room, administrators: chat.administrators, serverKey: house.house.serverKey)
    forget(old)
    var renewed = chat
    renewed.group = group.groupID
    renewed.groupKey = try exported("group key", of: group)
    renewed.oldGroupKeys = []
    renewed.state = .creating
    renewed.resyncDue = 0
    reflect(group, in: &renewed)
    save(renewed)
    keep(group, replacing: nil)
    let waiting = outbox.filter { $0.chat == chat.number }
    for entry in waiting { finish(entry.sequence) }
    want(.register, in: chat.number)
    if !people.isEmpty { want(.add(people), in: chat.number) } else if !chat.title.isEmpty { want(.profile(title: chat.title, color: chat.color), in: chat.number) }
    want(.addOwnDevices, in: chat.number)
    for entry in waiting {
      switch entry.intent {
      case .register, .update, .commitProposals, .addOwnDevices: break
      default: want(entry.intent, in: chat.number)
      }
    }
    addLine(.rebuilt, chat: chat.number, subject: own.account, time: now)
  }

  // MARK: What waits for somebody

  /// Waiting proposals are committed when nobody sends; a new member's leaf gets its first own key.
  mutating func electCommitters() throws(Stop) {
    for number in chats.keys.sorted() {
      guard let chat = chats[number], chat.state == .active, !chat.needsResync else { continue }
      if chat.commitDue > 0 {
        if chat.commitDue <= now {
          var due = chat
          due.commitDue = 0
          save(due)
          want(.commitProposals, in: number)
        } else {
          wake(at: chat.commitDue)
        }
      }
      if chat.updateDue > 0 {
        if chat.updateDue <= now {
          var due = chat
          due.updateDue = 0
          save(due)
          want(.update, in: number)
        } else {
          wake(at: chat.updateDue)
        }
      }
    }
  }

  /// Own devices are in every group that this one is in, and those that were revoked in none.
  mutating func reconcile() throws(Stop) {
    guard let own, let chain = chains[own.account], !connection.chainsAsked.contains(own.account) else { return }
    let devices = chain.state.devices.map { $0.id }
    // A device that was linked is let into the room of the others; only where there are none it makes one.
    if ownDevicesRoom == nil, devices.count == 1 { try makeOwnDevicesRoom() }
    for number in chats.keys.sorted() {
      guard let chat = chats[number], chat.state == .active, !chat.needsResync, !reconciled.contains(number) else { continue }
      reconciled.insert(number)
      if devices.contains(where: { !chat.ownDevices.contains($0) }) { want(.addOwnDevices, in: number) }
      if chat.ownDevices.contains(where: { !devices.contains($0) }) { want(.expelRevoked, in: number) }
    }
  }

  /// The own chain has grown: look at all chats again, and let key packages say so.
  mutating func leafIsOutdated() throws(Stop) { reconciled = [] }
}
