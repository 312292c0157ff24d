// A message as it is kept, and the name under which it is found: in the order in which it is shown.
import Content
import Identity
import TLSCodec

/// How far an own message is.
public enum MessageState: UInt8, Sendable {
  /// Waits for the server.
  case pending = 1
  /// On the server's disk for everybody.
  case accepted
  /// Of somebody else.
  case received
  /// It can never be sent (the chat ended).
  case failed
}

/// What is shown as a line: a message, or something that happened.
public enum LineKind: UInt8, Sendable {
  case message = 1
  case joined
  case left
  case removed
  case renamed
  case roles
  /// The house has reset an account's devices.
  case reset
  /// Messages were lost and nobody could give them again.
  case gap
  /// The group was made anew after a fault.
  case rebuilt
}

struct StoredMessage: Sendable {
  var id: [UInt8]
  var conversation: UInt32
  var roomURI: [UInt8]
  var kind: LineKind
  var sender: AccountID
  /// Milliseconds; the hub's accepted timestamp, for pending ones above all others.
  var time: UInt64
  /// The sender's own count: orders messages of one millisecond.
  var counter: UInt32
  /// MIMI content for a message, else the subject's account or text.
  var content: [UInt8]
  var state: MessageState
  var deliveredTo: [AccountID] = []
  var readBy: [AccountID] = []

  /// Above every accepted time: own messages that wait stand at the end.
  static let pendingTime: UInt64 = 1 << 62

  /// What follows the chat's name in the key: sorts as shown.
  var suffix: [UInt8] { [UInt8](bigEndian: time) + [UInt8](bigEndian: counter) + id.prefix(8) }

  func encoded() -> [UInt8] {
    var w = Writer()
    w.uint16(1)
    w.opaque(id)
    w.uint32(conversation)
    w.opaque(roomURI)
    w.uint8(kind.rawValue)
    sender.encode(to: &w)
    w.uint64(time)
    w.uint32(counter)
    w.opaque(content)
    w.uint8(state.rawValue)
    w.vector(deliveredTo)
    w.vector(readBy)
    return w.bytes
  }

  init(
    id: [UInt8], conversation: UInt32, roomURI: [UInt8], kind: LineKind, sender: AccountID, time: UInt64, counter: UInt32, content: [UInt8],
    state: MessageState
  ) {
    self.id = id
    self.conversation = conversation
    self.roomURI = roomURI
    self.kind = kind
    self.sender = sender
    self.time = time
    self.counter = counter
    self.content = content
    self.state = state
  }

  init(decoding bytes: [UInt8]) throws(DecodingError) {
    var r = Reader(bytes)
    try r.version(1)
    try self.init(from: &r)
    try r.finish()
  }

  init(from r: inout Reader) throws(DecodingError) {
    id = try r.opaque()
    conversation = try r.uint32()
    roomURI = try r.opaque()
    guard let kind = LineKind(rawValue: try r.uint8()) else { throw .invalidValue("line kind") }
    self.kind = kind
    sender = try AccountID(from: &r)
    time = try r.uint64()
    counter = try r.uint32()
    content = try r.opaque()
    guard let state = MessageState(rawValue: try r.uint8()) else { throw .invalidValue("message state") }
    self.state = state
    deliveredTo = try r.vector(atMost: 100_000)
    readBy = try r.vector(atMost: 100_000)
  }
}

extension Core {
  func messageKey(_ message: StoredMessage) -> [UInt8] { messageKey(conversation: message.conversation, suffix: message.suffix) }
  func messageKey(conversation: UInt32, suffix: [UInt8]) -> [UInt8] {
    key(.message, [UInt8](bigEndian: conversation), suffix: suffix)
  }
  func messageIndexKey(_ id: [UInt8]) -> [UInt8] { key(.messageIndex, id) }

  /// The message of an id, nil where it is not known.
  func message(_ id: [UInt8]) throws(Stop) -> StoredMessage? {
    guard let place = try record(messageIndexKey(id)) else { return nil }
    guard let bytes = try record(place) else { return nil }
    do { return try StoredMessage(decoding: bytes) } catch { throw .failed(.corruptStore) }
  }

  mutating func save(_ message: StoredMessage, replacing old: StoredMessage? = nil) {
    let place = messageKey(message)
    if let old {
      let former = messageKey(old)
      if former != place { put(former, nil) }
    }
    put(place, message.encoded())
    put(messageIndexKey(message.id), place)
  }
}
