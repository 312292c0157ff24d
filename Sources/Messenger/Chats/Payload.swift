// What stands inside an MLS application message.
import Content
import Identity
import TLSCodec

/// What a payload is.
enum PayloadType {
  /// MIMI content (draft-ietf-mimi-content-08).
  static let content: UInt8 = 1
  /// Message status report (draft-mahy-mimi-message-status-01).
  static let status: UInt8 = 2
  /// Among own devices: a chat is read up to a time.
  static let readMark: UInt8 = 3
  /// Among own devices: stored messages for a new one.
  static let history: UInt8 = 4
  /// Among own devices: a person was verified.
  static let contact: UInt8 = 5
}

///     struct {
///         uint8 version = 1;
///         opaque feed_head<V>;    // SignedFeedHead: how far the sender has seen the house's feed; empty where it has seen nothing
///         uint32 counter;         // of the sender, increasing
///         uint8 type;
///         opaque body<V>;
///     } Payload;
///
/// Unknown types are passed over, so that later versions can add some.
struct Payload: Sendable {
  /// Signed by the server, so that a member cannot make others believe in a fork.
  var feedHead: [UInt8]
  var counter: UInt32
  var type: UInt8
  var body: [UInt8]

  func encoded() -> [UInt8] {
    var w = Writer(capacity: body.count + 64)
    w.uint8(1)
    w.opaque(feedHead)
    w.uint32(counter)
    w.uint8(type)
    w.opaque(body)
    return w.bytes
  }

  init(feedHead: [UInt8], counter: UInt32, type: UInt8, body: [UInt8]) {
    self.feedHead = feedHead
    self.counter = counter
    self.type = type
    self.body = body
  }

  init(decoding bytes: [UInt8]) throws(DecodingError) {
    var r = Reader(bytes)
    guard try r.uint8() == 1 else { throw .invalidValue("payload version") }
    feedHead = try r.opaque()
    counter = try r.uint32()
    type = try r.uint8()
    body = try r.opaque()
    try r.finish()
  }
}

///     struct {
///         opaque room_uri<V>;
///         uint64 time;            // milliseconds
///     } ReadMark;
struct ReadMark: Sendable {
  var roomURI: [UInt8]
  var time: UInt64

  func encoded() -> [UInt8] {
    var w = Writer()
    w.opaque(roomURI)
    w.uint64(time)
    return w.bytes
  }
  init(roomURI: [UInt8], time: UInt64) {
    self.roomURI = roomURI
    self.time = time
  }
  init(decoding bytes: [UInt8]) throws(DecodingError) {
    var r = Reader(bytes)
    roomURI = try r.opaque()
    time = try r.uint64()
    try r.finish()
  }
}
