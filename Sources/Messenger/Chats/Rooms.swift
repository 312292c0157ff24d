// Rooms: making one, loading its group, and keeping the chat's record true to the group.
import CryptoInterface
import Identity
import MLS
import TLSCodec

extension Core {
  var suite: CipherSuite { settings.suite }

  /// 32 bytes of the exporter; who shares the epoch has it.
  func exported(_ label: StaticString, of group: Group) throws(Stop) -> [UInt8] {
    do {
      return try group.export(label: label.withUTF8Buffer { Array($0) }, context: group.groupID, length: 32, using: crypto).exposed
    } catch { throw .failed(.internalError("export")) }
  }

  /// What stands in every commit: a hash of the key under which the server seals the group from then on.
  func groupKeyHash(_ groupKey: [UInt8]) -> [UInt8] { crypto.hash(.sha256, Array("group key hash".utf8) + groupKey) }

  /// The key that a commit that removes brings, out of its path.
  func nextGroupKey(_ path: PathExport) -> [UInt8] {
    crypto.hkdfExpand(.sha256, prk: path.secret, info: Array("group key".utf8), length: 32).exposed
  }

  // MARK: Making

  /// A new room with a group of one. The server hears of it by the intent `register`.
  mutating func makeRoom(_ kind: ChatKind, administrators: [AccountID]) throws(Stop) -> UInt32 {
    guard let own, let house, let roomKind = RoomKind(rawValue: kind.rawValue) else { throw .failed(.notEnrolled) }
    let room: Room
    do { room = try Room.make(roomKind, domain: own.domain, using: crypto) } catch { throw .failed(.internalError("room")) }
    let group = try makeGroup(room, administrators: administrators, serverKey: house.house.serverKey)
    var chat = Chat(
      number: nextChat, conversation: nextChat, roomURI: Array(room.uri.utf8), kind: kind, group: group.groupID, state: .creating,
      groupKey: try exported("group key", of: group))
    nextChat += 1
    chat.roomKey = crypto.random(32)
    chat.lastTime = now
    reflect(group, in: &chat)
    save(chat)
    keep(group, replacing: nil)
    want(.register, in: chat.number)
    return chat.number
  }

  func makeGroup(_ room: Room, administrators: [AccountID], serverKey: SignaturePublicKey) throws(Stop) -> Group {
    let identity = try identity()
    do {
      return try Group.create(
        groupID: crypto.random(32), suite: suite, identity: identity,
        extensions: HouseRules.groupExtensions(room: room, roles: Roles(administrators: administrators), profile: nil, serverKey: serverKey),
        application: HouseRules(), using: crypto)
    } catch { throw .failed(.internalError("create group")) }
  }

  /// The room in which this account's devices talk among themselves.
  mutating func makeOwnDevicesRoom() throws(Stop) {
    guard let own, ownDevicesRoom == nil else { return }
    _ = try makeRoom(.ownDevices, administrators: [own.account])
  }

  var ownDevicesRoom: UInt32? {
    chats.values.filter { $0.kind == .ownDevices && $0.isOpen }.map { $0.number }.min()
  }

  // MARK: Groups in memory and store

  private func groupPrefix(_ groupID: [UInt8]) -> [UInt8] { key(.group, groupID) }

  /// The chat's group; loaded where it is not in memory.
  func group(_ groupID: [UInt8]) throws(Stop) -> Group {
    if let group = groups[groupID] { return group }
    let prefix = groupPrefix(groupID)
    var records: [RecordChange] = []
    for record in try range(.range(prefix: prefix, from: nil, limit: .max, newestFirst: false)) {
      guard let name = try? RecordKey(decoding: Array(record.key[prefix.count...])) else { throw .failed(.corruptStore) }
      records.append(RecordChange(name, record.value))
    }
    do {
      var group = try Group(records: records, using: crypto)
      group.acceptsPrivateHandshakes = false
      return group
    } catch { throw .failed(.corruptStore) }
  }

  func hasGroup(_ chat: Chat) -> Bool { !chat.group.isEmpty }

  /// Writes what changed in a group, in this step's transaction.
  mutating func keep(_ changed: Group, replacing old: Group?) {
    var group = changed
    group.acceptsPrivateHandshakes = false
    let prefix = groupPrefix(group.groupID)
    let changes = old.map { group.takeChanges(replacing: $0) } ?? group.takeChanges()
    for change in changes { put(prefix + change.key.encoded(), change.value) }
    groups[group.groupID] = group
  }

  /// Deletes a group's records.
  mutating func forget(_ group: Group) {
    let prefix = groupPrefix(group.groupID)
    for record in group.records() { put(prefix + record.key.encoded(), nil) }
    groups[group.groupID] = nil
  }

  // MARK: The chat's record

  mutating func save(_ chat: Chat) {
    chats[chat.number] = chat
    put(key(.chat, [UInt8](bigEndian: chat.number)), chat.encoded())
    emit(.chatChanged(chat.conversation))
  }

  /// Members, devices and roles as the group has them.
  func reflect(_ group: Group, in chat: inout Chat) {
    var members: Set<AccountID> = []
    var ownDevices: [DeviceID] = []
    var devices: UInt32 = 0
    for claim in leaves(of: group.tree) {
      members.insert(claim.claim.account)
      devices += 1
      if claim.claim.account == own?.account { ownDevices.append(claim.claim.device) }
    }
    chat.members = members.sorted()
    chat.ownDevices = ownDevices.sorted()
    chat.deviceCount = devices
    if let contents = try? RoomContents(group.context.extensions) { chat.administrators = contents.roles.administrators }
  }

  /// The leaves with what they claim.
  func leaves(of tree: RatchetTree) -> [(index: LeafIndex, claim: LeafClaim)] {
    var result: [(index: LeafIndex, claim: LeafClaim)] = []
    for i in 0..<tree.leafCount {
      let index = LeafIndex(i)
      if let leaf = tree[index], let claim = try? LeafClaim(leaf) { result.append((index: index, claim: claim)) }
    }
    return result
  }

  func chat(ofGroup groupID: [UInt8]) -> Chat? { chats.values.first { $0.group == groupID } }

  func chat(_ number: UInt32) throws(Stop) -> Chat {
    guard let chat = chats[number] else { throw .failed(.noSuchChat) }
    return chat
  }

  /// The room through which a conversation's messages go: of two direct rooms the one that both sides pick, the lowest open URI.
  func sendingRoom(of conversation: UInt32) throws(Stop) -> Chat {
    var best: Chat?
    for chat in chats.values where chat.conversation == conversation && chat.isOpen && chat.state != .frozen {
      if let known = best, !chat.roomURI.lexicographicallyPrecedes(known.roomURI) { continue }
      best = chat
    }
    guard let best else {
      guard chats[conversation] != nil else { throw .failed(.noSuchChat) }
      if let frozen = chats.values.first(where: { $0.conversation == conversation && $0.state == .frozen }) { return frozen }
      throw .failed(.chatEnded)
    }
    return best
  }

  /// The other account of a direct room.
  func peer(of chat: Chat) -> AccountID? {
    guard chat.kind == .direct, let own else { return nil }
    return chat.members.first { $0 != own.account } ?? chat.administrators.first { $0 != own.account }
  }

  func isAdministrator(of chat: Chat) -> Bool {
    guard let own else { return false }
    if chat.kind != .group { return true }
    let present = chat.administrators.filter { chat.members.contains($0) }
    return present.isEmpty || present.contains(own.account)
  }

  // MARK: Name and colour

  /// Sealed under the room key, so that the server does not know them.
  func sealProfile(title: String, color: UInt8, under roomKey: [UInt8]) throws(Stop) -> [UInt8] {
    var w = Writer()
    w.text(title)
    w.uint8(color)
    var plaintext = w.bytes
    plaintext += [UInt8](repeating: 0, count: Padding.size(plaintext.count) - plaintext.count)
    let nonce = crypto.random(12)
    do {
      let sealed = try crypto.aeadSeal(.chaCha20Poly1305, key: Secret(roomKey), nonce: nonce, aad: Array("profile".utf8), plaintext)
      return SealedProfile(nonce: nonce, sealed: sealed).encoded()
    } catch { throw .failed(.internalError("profile")) }
  }

  /// Takes over the profile that stands in the group, where the room key opens it.
  func readProfile(_ group: GroupContext, into chat: inout Chat) {
    guard let contents = try? RoomContents(group.extensions), let profile = contents.profile,
      let plaintext = try? crypto.aeadOpen(
        .chaCha20Poly1305, key: Secret(chat.roomKey), nonce: profile.nonce, aad: Array("profile".utf8), profile.sealed)
    else { return }
    var r = Reader(plaintext)
    guard let title = try? r.text(), let color = try? r.uint8() else { return }
    chat.title = title
    chat.color = color
  }

  // MARK: Lines

  /// A grey line: something happened in the chat.
  mutating func addLine(_ kind: LineKind, chat number: UInt32, subject: AccountID, time: UInt64, text: String = "") {
    guard let chat = chats[number], chat.kind != .ownDevices else { return }
    let line = StoredMessage(
      id: crypto.random(32), conversation: chat.conversation, roomURI: chat.roomURI, kind: kind, sender: subject, time: time, counter: 0,
      content: Array(text.utf8), state: .received)
    save(line)
    emit(.line(view(line)))
  }
}

/// What a joiner is told in the Welcome's GroupInfo alone: the keys of the room.
///
///     struct {
///         opaque group_key[32];
///         opaque room_key[32];
///     } RoomSecrets;
struct RoomSecrets: TLSEncodable, TLSDecodable {
  static let type = ExtensionType(0xF0A3)
  var groupKey: [UInt8]
  var roomKey: [UInt8]
  init(groupKey: [UInt8], roomKey: [UInt8]) {
    self.groupKey = groupKey
    self.roomKey = roomKey
  }
  init(from r: inout Reader) throws(DecodingError) {
    groupKey = try r.fixed(32)
    roomKey = try r.fixed(32)
  }
  func encode(to w: inout Writer) {
    w.fixed(groupKey)
    w.fixed(roomKey)
  }
}
