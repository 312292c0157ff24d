import CBOR

/// draft-mahy-mimi-message-status-01: what became of messages, several in one report.
///
///     [ * [ MessageId, status: uint .size 1 ] ]
public struct StatusReport: Equatable, Sendable {
  public var statuses: [Entry]

  public struct Entry: Equatable, Sendable {
    public var message: MessageID
    public var status: MessageStatus
    public init(_ message: MessageID, _ status: MessageStatus) {
      self.message = message
      self.status = status
    }
  }

  public static let mediaType: UTF8Text = "application/mimi-message-status"

  public init(_ statuses: [Entry]) { self.statuses = statuses }

  /// Decodes exactly one report.
  public init(decoding bytes: [UInt8]) throws(ContentError) {
    var reader = try reading { () throws(CBORError) in try CBORReader(bytes, atMost: ContentLimits.message) }
    let count = try reading { () throws(CBORError) in try reader.array(atMost: ContentLimits.statuses) }
    statuses = []
    for _ in 0..<count {
      guard try reading({ () throws(CBORError) in try reader.array() }) == 2 else { throw .wrongCount }
      statuses.append(
        try reading { () throws(CBORError) in
          Entry(try MessageID(from: &reader), MessageStatus(UInt8(truncatingIfNeeded: try reader.unsigned(atMost: 255))))
        })
    }
    try reading { () throws(CBORError) in try reader.finish() }
  }

  /// - Throws: `.tooLarge` for more entries than `ContentLimits.statuses`.
  public func encoded() throws(ContentError) -> [UInt8] {
    guard statuses.count <= ContentLimits.statuses else { throw .tooLarge }
    var writer = CBORWriter()
    writer.array(statuses.count)
    for entry in statuses {
      writer.array(2)
      writer.bytes(entry.message.bytes)
      writer.unsigned(UInt64(entry.status.number))
    }
    return writer.bytes
  }
}

/// What became of a message. Unknown numbers are kept.
public struct MessageStatus: Hashable, Sendable {
  public let number: UInt8
  public init(_ number: UInt8) { self.number = number }

  public static let unread = MessageStatus(0)
  public static let delivered = MessageStatus(1)
  public static let read = MessageStatus(2)
  public static let expired = MessageStatus(3)
  public static let deleted = MessageStatus(4)
  public static let hidden = MessageStatus(5)
  public static let error = MessageStatus(6)
}
