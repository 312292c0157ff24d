// Joining a group by its Welcome: read what it says of the group, fetch the tree, verify everybody in it, then adopt.
import CryptoInterface
import Identity
import MLS
import TLSCodec
import Wire

extension Core {
  mutating func join(_ welcome: Welcome, time: UInt64) throws(Problem) {
    guard let entry = welcome.secrets.first(where: { keyPackages[$0.newMember.bytes] != nil }), let package = keyPackages[entry.newMember.bytes] else {
      throw .invalid(.internalError("welcome for an unknown key package"))
    }
    let ref = entry.newMember.bytes
    let info: GroupInfo
    let secrets: RoomSecrets
    let contents: RoomContents
    do { info = try Group.groupInfo(of: welcome, with: package.bundle, using: crypto) } catch { throw .invalid(.internalError("welcome cannot be opened")) }
    guard let data = info.extensions[RoomSecrets.type] else { throw .invalid(.internalError("welcome without the room's keys")) }
    do { secrets = try RoomSecrets(decoding: data) } catch { throw .invalid(.internalError("welcome with damaged keys")) }
    do { contents = try RoomContents(info.groupContext.extensions) } catch { throw .invalid(.internalError("welcome to no room")) }
    guard contents.room.domain == own?.domain else { throw .invalid(.serverMisbehaves) }
    let name = TreeName(group: info.groupContext.groupID, epoch: info.groupContext.epoch)
    guard let fetched = connection.trees[name] else { throw .needs(.tree(name, groupKey: secrets.groupKey)) }
    guard let treeBytes = fetched, let tree = try? RatchetTree(decoding: treeBytes) else { throw .invalid(.internalError("no tree for a welcome")) }
    let known = chat(ofGroup: name.group)
    // In this group already, and well: a Welcome of somebody who did not know. Removed, frozen or lost before: back again.
    let isActive = known.map { $0.state == .active && !$0.needsResync } ?? false
    let collector = LeafCollector()
    let group: Group
    do {
      group = try Group.join(
        welcome, with: package.bundle, JoiningContext(tree: tree, isKnownGroup: { _ in isActive }),
        application: HouseRules(collecting: collector), using: crypto)
    } catch { throw .invalid(.internalError("welcome breaks a rule")) }
    try check(collector.claims)
    try checkRoom(contents, group)
    var old: Group?
    if let known {
      do throws(Stop) { old = try self.group(known.group) } catch { throw Problem(error) }
      // Back into a group: the same room, later than what was seen of it (a Welcome said again would use keys twice), by somebody who is in it.
      guard known.roomURI == Array(contents.room.uri.utf8), info.groupContext.epoch > old?.epoch ?? 0,
        let maker = tree[info.signer].flatMap({ try? LeafClaim($0) })?.account, known.members.contains(maker)
      else { throw .invalid(.serverMisbehaves) }
    }
    connection.trees[name] = nil
    connection.treesAsked.remove(name)
    usedKeyPackage(ref)
    guard known != nil || maySucceed(tree, info.signer, contents, group.groupID) else { throw .invalid(.serverMisbehaves) }
    keep(group, replacing: old)
    try enter(group, contents, secrets, time: time)
  }

  /// What a room must be, whoever made it: the house's server removes, the house's people are in it.
  private func checkRoom(_ contents: RoomContents, _ group: Group) throws(Problem) {
    guard let house, let own else { throw .invalid(.notEnrolled) }
    guard (try? RoomContents(group.context.extensions, house: house.house)) != nil else { throw .invalid(.serverMisbehaves) }
    // A direct room with a third in it would be shown as a conversation with one of the two.
    guard HouseRules.permitsMembers(of: group.tree, in: group.context) else { throw .invalid(.serverMisbehaves) }
    if contents.room.kind == .ownDevices {
      for leaf in leaves(of: group.tree) where leaf.claim.account != own.account { throw .invalid(.serverMisbehaves) }
    }
  }

  /// Whether a group may take a room over in which this device has another: made by somebody who may do anything there. Of two that were made at the same
  /// time all members take the one with the lower id.
  private func maySucceed(_ tree: RatchetTree, _ signer: LeafIndex, _ contents: RoomContents, _ groupID: [UInt8]) -> Bool {
    let uri = Array(contents.room.uri.utf8)
    guard let chat = chats.values.first(where: { $0.roomURI == uri }), let maker = tree[signer].flatMap({ try? LeafClaim($0) })?.account else { return true }
    // Known from an own device's history alone.
    if chat.group.isEmpty { return chat.members.contains(maker) || maker == own?.account }
    guard chat.kind.rawValue == contents.room.kind.rawValue else { return false }
    switch chat.kind {
    case .ownDevices: break
    case .direct: guard maker == own?.account || maker == peer(of: chat) else { return false }
    case .group:
      let present = chat.administrators.filter { chat.members.contains($0) }
      guard present.isEmpty ? chat.members.contains(maker) : present.contains(maker) else { return false }
    }
    return !chat.isOpen || groupID.lexicographicallyPrecedes(chat.group)
  }

  /// The group is this device's: its room gets a chat, or a new group where it has one.
  private mutating func enter(_ group: Group, _ contents: RoomContents, _ secrets: RoomSecrets, time: UInt64) throws(Problem) {
    let uri = Array(contents.room.uri.utf8)
    let kind = ChatKind(rawValue: contents.room.kind.rawValue) ?? .group
    var chat: Chat
    var isNew = false
    var comesBack = false
    if let known = chats.values.first(where: { $0.roomURI == uri }) {
      chat = known
      comesBack = !known.group.isEmpty && (known.state == .left || known.state == .removed)
      if known.group != group.groupID, !known.group.isEmpty {
        // The room's group was made anew: the old one ends here.
        do throws(Stop) { forget(try self.group(known.group)) } catch { throw Problem(error) }
        chat.oldGroupKeys = []
        restartIntents(of: known.number)
      }
      chat.group = group.groupID
    } else {
      isNew = true
      chat = Chat(number: nextChat, conversation: nextChat, roomURI: uri, kind: kind, group: group.groupID, state: .active, groupKey: secrets.groupKey)
      nextChat += 1
      chat.lastTime = time
    }
    chat.state = .active
    chat.groupKey = secrets.groupKey
    chat.roomKey = secrets.roomKey
    chat.needsResync = false
    chat.isStale = false
    chat.resyncs = 0
    chat.resyncDue = 0
    chat.updateDue = now + spread(settings.updateSpread)
    reflect(group, in: &chat)
    readProfile(group.context, into: &chat)
    if isNew, let peer = peer(of: chat),
      let other = chats.values.first(where: { $0.kind == .direct && $0.number != chat.number && self.peer(of: $0) == peer })
    {
      // Both have opened a conversation at the same moment: it is one to both.
      chat.conversation = other.conversation
    }
    save(chat)
    if isNew || comesBack, kind == .group, let own { addLine(.joined, chat: chat.number, subject: own.account, time: time) }
  }

  /// A random share of a span.
  func spread(_ span: UInt64) -> UInt64 {
    let bytes = crypto.random(4)
    let value = UInt64(bytes[0]) << 24 | UInt64(bytes[1]) << 16 | UInt64(bytes[2]) << 8 | UInt64(bytes[3])
    return span / 8 + ((span - span / 8) * value) >> 32
  }

  /// What was prepared for another group or epoch is prepared anew.
  mutating func restartIntents(of number: UInt32) {
    for i in outbox.indices where outbox[i].chat == number {
      outbox[i].prepared = nil
      outbox[i].underWay = nil
      save(outbox[i])
    }
  }
}
