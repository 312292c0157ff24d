// A device's mailbox: numbered without gaps, deleted when acknowledged.
import TLSCodec

/// Gives everything from a number on, and from then on whatever comes. Rows from `lowest` up to `from` are acknowledged with it.
public struct Drain: Sendable, Equatable, TLSCodable {
  /// Where the client's key stands: at most the lowest row that is there.
  public var lowest: UInt64
  /// k of the row `lowest`.
  public var key: [UInt8]
  /// The first number that the client has not stored.
  public var from: UInt64
  public init(lowest: UInt64, key: [UInt8], from: UInt64) {
    self.lowest = lowest
    self.key = key
    self.from = from
  }
  public init(from r: inout Reader) throws(DecodingError) {
    lowest = try r.uint64()
    key = try r.fixed(32)
    from = try r.uint64()
  }
  public func encode(to w: inout Writer) {
    w.uint64(lowest)
    w.fixed(key)
    w.uint64(from)
  }
}

/// Everything up to this number is stored by the client: it is deleted here.
public struct Acknowledge: Sendable, Equatable, TLSCodable {
  public var number: UInt64
  public init(number: UInt64) {
    self.number = number
  }
  public init(from r: inout Reader) throws(DecodingError) {
    number = try r.uint64()
  }
  public func encode(to w: inout Writer) {
    w.uint64(number)
  }
}

/// One message of the mailbox.
public struct Delivered: Sendable, Equatable, TLSCodable {
  public var number: UInt64
  /// Milliseconds since 1970, the accepted timestamp.
  public var time: UInt64
  public var body: DeliveryBody
  public init(number: UInt64, time: UInt64, body: DeliveryBody) {
    self.number = number
    self.time = time
    self.body = body
  }
  public init(from r: inout Reader) throws(DecodingError) {
    number = try r.uint64()
    time = try r.uint64()
    body = try DeliveryBody(from: &r)
  }
  public func encode(to w: inout Writer) {
    w.uint64(number)
    w.uint64(time)
    body.encode(to: &w)
  }
}

/// What a mailbox holds.
public indirect enum DeliveryBody: Sendable, Equatable, TLSCodable {
  /// An application message: MLSMessage with a PrivateMessage.
  case message([UInt8])
  /// A commit or proposal: MLSMessage with a PublicMessage.
  case handshake([UInt8])
  /// MLSMessage with a Welcome for this device.
  case welcome([UInt8])
  /// A member could not apply the commit that ended this epoch: the group is frozen. The ReportRequest's proof follows.
  case frozen(group: [UInt8], epoch: UInt64, reporter: [UInt8], signature: [UInt8])

  public init(from r: inout Reader) throws(DecodingError) {
    switch try r.uint8() {
    case 1: self = .message(try r.opaque(atMost: WireLimits.messageBytes))
    case 2: self = .handshake(try r.opaque(atMost: WireLimits.commitBytes))
    case 3: self = .welcome(try r.opaque(atMost: WireLimits.statementBytes))
    case 4:
      self = .frozen(
        group: try r.opaque(atMost: WireLimits.queryBytes), epoch: try r.uint64(), reporter: try r.fixed(16),
        signature: try r.opaque(atMost: WireLimits.statementBytes))
    case let other: throw .unknownValue(type: "DeliveryBody", value: UInt64(other))
    }
  }

  public func encode(to w: inout Writer) {
    switch self {
    case .message(let bytes):
      w.uint8(1)
      w.opaque(bytes)
    case .handshake(let bytes):
      w.uint8(2)
      w.opaque(bytes)
    case .welcome(let bytes):
      w.uint8(3)
      w.opaque(bytes)
    case .frozen(let group, let epoch, let reporter, let signature):
      w.uint8(4)
      w.opaque(group)
      w.uint64(epoch)
      w.fixed(reporter)
      w.opaque(signature)
    }
  }
}

extension Writer {
  mutating func optionalFixed(_ bytes: [UInt8]?) {
    uint8(bytes == nil ? 0 : 1)
    if let bytes { fixed(bytes) }
  }
  mutating func optionalOpaque(_ bytes: [UInt8]?) {
    uint8(bytes == nil ? 0 : 1)
    if let bytes { opaque(bytes) }
  }
  mutating func opaques(_ list: [[UInt8]]) {
    vector { (w: inout Writer) in for bytes in list { w.opaque(bytes) } }
  }
  mutating func fixeds(_ list: [[UInt8]]) {
    vector { (w: inout Writer) in for bytes in list { w.fixed(bytes) } }
  }
}

extension Reader {
  mutating func opaques(atMost count: Int, each limit: Int) throws(DecodingError) -> [[UInt8]] {
    var list = try nested()
    var result: [[UInt8]] = []
    while !list.isAtEnd {
      guard result.count < count else { throw .limitExceeded("wire list") }
      result.append(try list.opaque(atMost: limit))
    }
    return result
  }
  mutating func fixeds(_ size: Int, atMost count: Int) throws(DecodingError) -> [[UInt8]] {
    var list = try nested()
    var result: [[UInt8]] = []
    while !list.isAtEnd {
      guard result.count < count else { throw .limitExceeded("wire list") }
      result.append(try list.fixed(size))
    }
    return result
  }
}
