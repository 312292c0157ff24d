// A chat as it is kept: one record each, so that the list of chats needs nothing else.
import Identity
import TLSCodec

/// What kind of conversation a room is.
public enum ChatKind: UInt8, Sendable, Hashable {
  case direct = 1
  case group = 2
  /// This account's own devices: read marks, history, settings.
  case ownDevices = 3
}

enum ChatState: UInt8, Sendable {
  /// Made here, the server does not know it yet.
  case creating = 1
  case active
  /// This person has left; kept for reading.
  case left
  /// Somebody removed this device.
  case removed
  /// A member has reported a commit that cannot be applied: waits to be rebuilt.
  case frozen
}

/// A room and its group. Chats of one conversation (two direct rooms that two people opened at the same moment) share the number of the first.
struct Chat: Sendable {
  var number: UInt32
  /// Under which messages are kept and shown.
  var conversation: UInt32
  /// `mimi://DOMAIN/r/…`: stays when the group is replaced; message ids hash it.
  var roomURI: [UInt8]
  var kind: ChatKind
  var group: [UInt8]
  var state: ChatState
  /// K: opens the group's roster and tree at the server.
  var groupKey: [UInt8]
  /// Earlier ones, newest first, for servers that were restored.
  var oldGroupKeys: [[UInt8]] = []
  /// Seals name and colour in the GroupContext.
  var roomKey: [UInt8] = []
  var title = ""
  var color: UInt8 = 0
  /// Accounts with a device in the group, sorted; with this one.
  var members: [AccountID] = []
  var administrators: [AccountID] = []
  var deviceCount: UInt32 = 0
  /// Own devices in the group.
  var ownDevices: [DeviceID] = []
  var lastTime: UInt64 = 0
  var lastSender: AccountID?
  var lastText = ""
  var unread: UInt32 = 0
  /// Messages up to this time are read.
  var readTime: UInt64 = 0
  /// When this member should commit proposals that wait, 0: none.
  var commitDue: UInt64 = 0
  /// When the leaf should get its first own key, 0: done.
  var updateDue: UInt64 = 0
  /// Resyncs since the last success, and when the next may be tried.
  var resyncs: UInt32 = 0
  var resyncDue: UInt64 = 0
  /// Set when a repair is needed, once the mailbox is read.
  var needsResync = false
  /// The group's state is old or a copy: nothing of it may be used to send, even if it is of the present epoch.
  var isStale = false
  /// The last line is an own message that the server has not dated.
  var lastIsPending = false

  init(number: UInt32, conversation: UInt32, roomURI: [UInt8], kind: ChatKind, group: [UInt8], state: ChatState, groupKey: [UInt8]) {
    self.number = number
    self.conversation = conversation
    self.roomURI = roomURI
    self.kind = kind
    self.group = group
    self.state = state
    self.groupKey = groupKey
  }

  func encoded() -> [UInt8] {
    var w = Writer()
    w.uint16(1)
    w.uint32(number)
    w.uint32(conversation)
    w.opaque(roomURI)
    w.uint8(kind.rawValue)
    w.opaque(group)
    w.uint8(state.rawValue)
    w.opaque(groupKey)
    w.vector { (w: inout Writer) in for key in oldGroupKeys { w.opaque(key) } }
    w.opaque(roomKey)
    w.text(title)
    w.uint8(color)
    w.vector(members)
    w.vector(administrators)
    w.uint32(deviceCount)
    w.vector(ownDevices)
    w.uint64(lastTime)
    w.optional(lastSender)
    w.text(lastText)
    w.uint32(unread)
    w.uint64(readTime)
    w.uint64(commitDue)
    w.uint64(updateDue)
    w.uint32(resyncs)
    w.uint64(resyncDue)
    w.uint8(needsResync ? 1 : 0)
    w.uint8(isStale ? 1 : 0)
    w.uint8(lastIsPending ? 1 : 0)
    return w.bytes
  }

  init(decoding bytes: [UInt8]) throws(DecodingError) {
    var r = Reader(bytes)
    try r.version(1)
    number = try r.uint32()
    conversation = try r.uint32()
    roomURI = try r.opaque()
    guard let kind = ChatKind(rawValue: try r.uint8()) else { throw .invalidValue("chat kind") }
    self.kind = kind
    group = try r.opaque()
    guard let state = ChatState(rawValue: try r.uint8()) else { throw .invalidValue("chat state") }
    self.state = state
    groupKey = try r.opaque()
    var keys = try r.nested()
    while !keys.isAtEnd { oldGroupKeys.append(try keys.opaque()) }
    roomKey = try r.opaque()
    title = try r.text()
    color = try r.uint8()
    members = try r.vector(atMost: 100_000)
    administrators = try r.vector(atMost: 100_000)
    deviceCount = try r.uint32()
    ownDevices = try r.vector(atMost: 10_000)
    lastTime = try r.uint64()
    lastSender = try r.optional()
    lastText = try r.text()
    unread = try r.uint32()
    readTime = try r.uint64()
    commitDue = try r.uint64()
    updateDue = try r.uint64()
    resyncs = try r.uint32()
    resyncDue = try r.uint64()
    needsResync = try r.presence()
    isStale = try r.presence()
    lastIsPending = try r.presence()
    try r.finish()
  }

  /// Whether messages can be sent.
  var isOpen: Bool { state == .active || state == .creating }
}
