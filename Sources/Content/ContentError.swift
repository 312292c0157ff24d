// Content: what people say to each other inside MLS application messages, as draft-ietf-mimi-content-08 and draft-mahy-mimi-message-status-01 write it.
import CBOR

/// Why bytes are not a message's content, or a content cannot be sent. No error carries content.
public enum ContentError: Error, Equatable, Sendable {
  /// Not deterministic CBOR, or not the structure of the draft.
  case encoding(CBORError)
  /// An array with another number of elements than its structure has.
  case wrongCount
  /// A cardinality other than 0 to 3 (§4.4).
  case unknownCardinality
  /// Part semantics other than 0 to 2 (§4.4).
  case unknownSemantics
  /// A multipart with fewer than two parts (§4.4).
  case tooFewParts
  /// Parts nested more than four levels deep, or more parts than `ContentLimits.parts` (§6.3).
  case tooManyParts
  /// An extension key that is empty, too long or a byte string, or an extension value that is too large or too deep (§4.3, §6.2, §6.3).
  case forbiddenExtension
  /// The sender's or the room's URI is longer than 65,535 bytes and has no message id (§3.3).
  case uriTooLong
  /// A salt that is not 16 bytes (§4.1).
  case saltSize
  /// More bytes than `ContentLimits.message`.
  case tooLarge
}

/// Bounds on what others send.
public enum ContentLimits {
  /// Bytes of an encoded content: what the delivery service takes as one message; larger things are external parts.
  public static let message = 65_536
  /// §6.3: levels of nested parts, the body itself being the first.
  public static let partLevels = 4
  /// Parts of one message, at all levels: each is an item to draw, and 64 kB hold sixteen thousand empty ones.
  public static let parts = 256
  /// §6.3: levels of tags, maps and arrays in the extensions, the map of extensions being the first.
  public static let extensionLevels = 4
  /// §4.3: bytes of an extension's value.
  public static let extensionValue = 4_095
  /// §4.3: bytes of an extension's name.
  public static let extensionName = 255
  /// Entries of one status report: as many as fit into a message.
  public static let statuses = 1_800
}

/// Runs a reading of CBOR and gives its failures as ours.
func reading<R>(_ body: () throws(CBORError) -> R) throws(ContentError) -> R {
  do { return try body() } catch { throw error == .tooLarge ? .tooLarge : .encoding(error) }
}
