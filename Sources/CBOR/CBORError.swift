// CBOR: the part of RFC 8949 that messages need, in its deterministic form. Every message's content enters through `CBORReader`.

/// The kind of a data item (RFC 8949 §3.1, §3.3).
public enum CBORType: UInt8, Equatable, Sendable {
  case unsigned, negative, bytes, text, array, map, tag, boolean, null
  /// A floating-point number or an unassigned simple value: only skipped over, never read.
  case other
}

/// Why bytes are not what the caller reads. No error carries content.
public enum CBORError: Error, Equatable, Sendable {
  /// The input ended inside a data item.
  case truncated
  /// Bytes remained after the outermost data item.
  case trailingBytes
  /// A data item of another kind stands here.
  case unexpected(CBORType)
  /// A number above or below what the caller can take.
  case outOfRange
  /// RFC 8949 §4.2.1: an integer, a length or a floating-point number that was not encoded in the fewest bytes.
  case notShortest
  /// RFC 8949 §4.2.1: a string, array or map of indefinite length, or a break outside of one.
  case indefiniteLength
  /// An encoding that RFC 8949 does not allow (§3, additional information 28 to 30; §3.3, two-byte simple values below 32).
  case malformed
  /// RFC 8949 §4.2.1: a map whose keys are not in the bytewise order of their encodings.
  case unsortedKeys
  /// RFC 8949 §5.6: a map with the same key twice.
  case duplicateKey
  /// A map key that is neither an integer below 2^53 in magnitude, nor a text, nor a byte string.
  case forbiddenKey
  /// A text that is not valid UTF-8.
  case invalidUTF8
  /// More levels of arrays, maps and tags than the caller allows.
  case tooDeep
  /// More bytes or elements than the caller allows.
  case tooLarge
}
