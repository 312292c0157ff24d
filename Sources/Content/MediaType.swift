import CBOR

/// The media types of §7.1, and how to recognise them.
public enum MediaType {
  public static let markdown: UTF8Text = "text/markdown;variant=GFM-MIMI"
  public static let plainText: UTF8Text = "text/plain;charset=utf-8"

  /// Whether the content is a text that can be shown as it stands: `text/plain` or `text/markdown` in UTF-8 or US-ASCII.
  /// §7.1: Markdown may be shown as plain text.
  static func isReadable(_ type: UTF8Text) -> Bool {
    var fields = type.utf8.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).map(lowered)[...]
    guard let essence = fields.popFirst(), essence == Array("text/plain".utf8) || essence == Array("text/markdown".utf8) else { return false }
    let charset = Array("charset=".utf8)
    for field in fields where field.starts(with: charset) {
      let value = field.dropFirst(charset.count).filter { $0 != UInt8(ascii: "\"") }
      guard value == Array("utf-8".utf8) || value == Array("us-ascii".utf8) else { return false }
    }
    return true
  }

  /// Without blanks around it, ASCII letters small: RFC 2045 §5.1 compares so.
  private static func lowered(_ field: ArraySlice<UInt8>) -> [UInt8] {
    var field = field
    while let first = field.first, first == 0x20 || first == 0x09 { field.removeFirst() }
    while let last = field.last, last == 0x20 || last == 0x09 { field.removeLast() }
    return field.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
  }
}
