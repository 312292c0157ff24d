import CBOR
import CryptoInterface

/// §3.3: what replies, edits and reactions refer to. It follows from the message, so nobody can give two messages one id.
public struct MessageID: Hashable, Sendable {
  /// The hash function's number (1: SHA-256), then the first 31 bytes of the hash.
  public let bytes: [UInt8]

  public static let size = 32
  static let sha256: UInt8 = 1

  /// An id somebody refers to; ids of other hash functions are kept.
  /// - Returns: nil unless there are 32 bytes.
  public init?(_ bytes: [UInt8]) {
    guard bytes.count == MessageID.size else { return nil }
    self.bytes = bytes
  }

  /// §3.3
  ///
  ///     hash_output = hash(senderUriLength || senderUri || roomUriLength || roomUri || message || salt)
  ///     messageId   = hashAlg || hash_output[0..30]
  ///
  /// - Parameters:
  ///   - message: the encoded `MIMIContent`.
  ///   - salt: the content's salt, 16 bytes.
  ///   - sender: the sender's URI as the group knows it, not as the message says.
  ///   - room: the room's URI as the group knows it.
  /// - Throws: `.uriTooLong`, `.saltSize`.
  public init<Crypto: CryptoProvider>(
    of message: [UInt8], salt: [UInt8], sender: UTF8Text, room: UTF8Text, using crypto: Crypto
  ) throws(ContentError) {
    guard salt.count == MIMIContent.saltSize else { throw .saltSize }
    var input: [UInt8] = []
    input.reserveCapacity(message.count + sender.utf8.count + room.utf8.count + 20)
    for uri in [sender.utf8, room.utf8] {
      guard let length = UInt16(exactly: uri.count) else { throw .uriTooLong }
      input.append(UInt8(truncatingIfNeeded: length >> 8))
      input.append(UInt8(truncatingIfNeeded: length))
      input.append(contentsOf: uri)
    }
    input.append(contentsOf: message)
    input.append(contentsOf: salt)
    bytes = [MessageID.sha256] + crypto.hash(.sha256, input)[0..<31]
  }

  init(from reader: inout CBORReader) throws(CBORError) {
    bytes = try reader.bytes(count: MessageID.size)
  }

  /// `null / MessageId`
  static func optional(from reader: inout CBORReader) throws(CBORError) -> MessageID? {
    if try reader.null() { return nil }
    return try MessageID(from: &reader)
  }

  static func write(_ id: MessageID?, to writer: inout CBORWriter) {
    if let id { writer.bytes(id.bytes) } else { writer.null() }
  }
}
