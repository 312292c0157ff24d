import CBOR

/// §4.1: one message.
///
///     mimiContent = [
///       salt: bstr .size 16,
///       replaces: null / MessageId,
///       topicId: bstr,
///       expires: null / Expiration,
///       inReplyTo: null / MessageId,
///       mimiExtensions: extensions,
///       nestedPart: NestedPart
///     ]
///
/// The encoding is deterministic and unknown values are kept, so a decoded content encodes to the bytes it came from, and its message id stays the same.
public struct MIMIContent: Equatable, Sendable {
  /// 16 bytes from a cryptographic generator, fresh for every message.
  public var salt: [UInt8]
  /// The first version of the message that this one edits or deletes, or the reaction it changes.
  public var replaces: MessageID?
  /// Messages of one thread have the same; empty: none.
  public var topicID: [UInt8]
  public var expires: Expiration?
  /// The version of the message that this one answers or reacts to.
  public var inReplyTo: MessageID?
  public var extensions: Extensions
  /// The body.
  public var nestedPart: NestedPart

  public static let saltSize = 16
  /// §8.1
  public static let mediaType: UTF8Text = "application/mimi-content"
  private static let fields = 7

  public init(
    salt: [UInt8], replaces: MessageID? = nil, topicID: [UInt8] = [], expires: Expiration? = nil, inReplyTo: MessageID? = nil,
    extensions: Extensions = Extensions(), nestedPart: NestedPart
  ) {
    self.salt = salt
    self.replaces = replaces
    self.topicID = topicID
    self.expires = expires
    self.inReplyTo = inReplyTo
    self.extensions = extensions
    self.nestedPart = nestedPart
  }

  /// Decodes exactly one content.
  public init(decoding bytes: [UInt8]) throws(ContentError) {
    var reader = try reading { () throws(CBORError) in try CBORReader(bytes, atMost: ContentLimits.message) }
    guard try reading({ () throws(CBORError) in try reader.array() }) == MIMIContent.fields else { throw .wrongCount }
    (salt, replaces, topicID) = try reading { () throws(CBORError) in
      (try reader.bytes(count: MIMIContent.saltSize), try MessageID.optional(from: &reader), try reader.bytes())
    }
    expires = try Expiration.optional(from: &reader)
    inReplyTo = try reading { () throws(CBORError) in try MessageID.optional(from: &reader) }
    extensions = try Extensions(from: &reader)
    var parts = 0
    nestedPart = try NestedPart(from: &reader, level: 1, counting: &parts)
    try reading { () throws(CBORError) in try reader.finish() }
  }

  /// The encoding: the plaintext of an MLS application message of this media type, and what the message id is computed of.
  /// - Throws: where this content is none that others accept: `.saltSize`, `.tooFewParts`, `.tooManyParts`, `.tooLarge`.
  public func encoded() throws(ContentError) -> [UInt8] {
    guard salt.count == MIMIContent.saltSize else { throw .saltSize }
    var parts = 0
    try nestedPart.check(level: 1, counting: &parts)
    var writer = CBORWriter()
    writer.array(MIMIContent.fields)
    writer.bytes(salt)
    MessageID.write(replaces, to: &writer)
    writer.bytes(topicID)
    if let expires { expires.encode(to: &writer) } else { writer.null() }
    MessageID.write(inReplyTo, to: &writer)
    extensions.encode(to: &writer)
    nestedPart.encode(to: &writer)
    guard writer.bytes.count <= ContentLimits.message else { throw .tooLarge }
    return writer.bytes
  }
}

/// §4.1: a hint when to delete the message.
public enum Expiration: Equatable, Sendable {
  /// Seconds since the start of 1970.
  case at(UInt32)
  /// Seconds after the receiver has read it.
  case afterReading(UInt32)

  static func optional(from reader: inout CBORReader) throws(ContentError) -> Expiration? {
    if try reading({ () throws(CBORError) in try reader.null() }) { return nil }
    guard try reading({ () throws(CBORError) in try reader.array() }) == 2 else { throw .wrongCount }
    return try reading { () throws(CBORError) in
      let relative = try reader.boolean()
      let time = UInt32(truncatingIfNeeded: try reader.unsigned(atMost: UInt64(UInt32.max)))
      return relative ? .afterReading(time) : .at(time)
    }
  }

  func encode(to writer: inout CBORWriter) {
    writer.array(2)
    switch self {
    case .at(let time):
      writer.boolean(false)
      writer.unsigned(UInt64(time))
    case .afterReading(let time):
      writer.boolean(true)
      writer.unsigned(UInt64(time))
    }
  }
}
