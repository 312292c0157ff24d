// What own devices tell each other in a group of their own: what was read, who was verified, and for a new one what was said before it came.
import Identity
import TLSCodec

extension Core {
  mutating func takeReadMark(_ body: [UInt8]) throws(Stop) {
    guard let mark = try? ReadMark(decoding: body), let room = chats.values.first(where: { $0.roomURI == mark.roomURI }),
      var chat = chats[room.conversation], mark.time > chat.readTime
    else { return }
    chat.readTime = mark.time
    if chat.lastTime <= mark.time { chat.unread = 0 }
    save(chat)
  }

  mutating func takeContact(_ body: [UInt8]) {
    guard let contact = try? Contact(decoding: body) else { return }
    save(contact)
  }

  // MARK: History

  /// Messages of one batch at most; with their sizes it stays below 64 kB.
  static var historyMessages: Int { 60 }
  static var historyBytes: Int { 48_000 }

  /// The batch of a round: newest messages of each conversation first, then older ones. Nil: all was sent.
  ///
  ///     struct {
  ///         DeviceID device;                   // who needs it
  ///         struct {
  ///             opaque room_uri<V>; uint8 kind; opaque title<V>; uint8 color; AccountID members<V>; uint64 read_time;
  ///             StoredMessage messages<V>;
  ///         } chat;
  ///     } History;
  mutating func historyBatch(for device: DeviceID, round: UInt32, in room: Chat) throws(Stop) -> [UInt8]? {
    let conversations = chats.values.filter { $0.kind != .ownDevices && $0.conversation == $0.number }.sorted { $0.lastTime > $1.lastTime }
    if conversations.isEmpty { return nil }
    var cursors = historyCursors[device] ?? [:]
    if round == 0 { cursors = [:] }
    // Round by round through the chats, so that every chat has its newest lines soon.
    var order: [Chat] = []
    for chat in conversations {
      if let cursor = cursors[chat.number], cursor.isEmpty { continue }
      order.append(chat)
    }
    guard !order.isEmpty else {
      historyCursors[device] = nil
      return nil
    }
    let rank = order.map { UInt32(truncatingIfNeeded: historyRounds[device]?[$0.number] ?? 0) }
    guard let lowest = rank.min(), let index = rank.firstIndex(of: lowest) else { return nil }
    let chat = order[index]
    let prefix = key(.message, [UInt8](bigEndian: chat.number))
    let from = cursors[chat.number].map { prefix + $0 }
    let records = try range(.range(prefix: prefix, from: from, limit: Self.historyMessages, newestFirst: true))
    var w = Writer()
    device.encode(to: &w)
    w.opaque(chat.roomURI)
    w.uint8(chat.kind.rawValue)
    w.text(chat.title)
    w.uint8(chat.color)
    w.vector(chat.members)
    w.uint64(chat.readTime)
    var last: [UInt8] = []
    var size = 0
    var count = 0
    w.vector { (w: inout Writer) in
      for record in records {
        if count > 0, size + record.value.count > Self.historyBytes { break }
        size += record.value.count
        count += 1
        last = Array(record.key[prefix.count...])
        if let message = try? StoredMessage(decoding: record.value), message.state != .pending { w.opaque(record.value) }
      }
    }
    cursors[chat.number] = count < records.count || records.count == Self.historyMessages ? last : []
    historyCursors[device] = cursors
    historyRounds[device, default: [:]][chat.number, default: 0] += 1
    return w.bytes
  }

  mutating func takeHistory(_ body: [UInt8]) throws(Stop) {
    var r = Reader(body)
    guard let device = try? DeviceID(from: &r), device == own?.device, let roomURI = try? r.opaque(), let kindNumber = try? r.uint8(),
      let kind = ChatKind(rawValue: kindNumber), let title = try? r.text(), let color = try? r.uint8(),
      let members: [AccountID] = try? r.vector(atMost: 100_000), let readTime = try? r.uint64(), var list = try? r.nested()
    else { return }
    var received: [StoredMessage] = []
    while !list.isAtEnd {
      guard let bytes = try? list.opaque(), let message = try? StoredMessage(decoding: bytes) else { return }
      received.append(message)
    }
    var chat: Chat
    if let known = chats.values.first(where: { $0.roomURI == roomURI }) {
      chat = chats[known.conversation] ?? known
    } else {
      // A chat that ended before this device came: for reading. Its group, should the device be added yet, finds it by the room.
      chat = Chat(number: nextChat, conversation: nextChat, roomURI: roomURI, kind: kind, group: [], state: .left, groupKey: [])
      nextChat += 1
      chat.title = title
      chat.color = color
      chat.members = members
      save(chat)
    }
    _ = try records(received.map { messageIndexKey($0.id) })
    var newest: StoredMessage?
    for var message in received {
      if try record(messageIndexKey(message.id)) != nil { continue }
      message.conversation = chat.conversation
      save(message)
      if message.kind == .message, message.time > (newest?.time ?? 0) { newest = message }
      emit(.line(view(message)))
      if chains[message.sender] == nil { wantedChains.insert(message.sender) }
    }
    if let newest { noteLast(newest, in: chat.conversation, counts: false) }
    if var chat = chats[chat.conversation], readTime > chat.readTime {
      chat.readTime = readTime
      save(chat)
    }
  }
}
