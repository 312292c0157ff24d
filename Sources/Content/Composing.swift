// What a person can do, as contents: say, answer, edit, delete, react. The salt is 16 fresh random bytes each time.
import CBOR

extension MIMIContent {
  /// A text message.
  /// - Parameters:
  ///   - inReplyTo: the version of the message that it answers.
  ///   - format: `MediaType.markdown` or `MediaType.plainText`.
  ///   - language: language tags, or empty.
  public static func text(
    _ text: String, inReplyTo: MessageID? = nil, salt: [UInt8], format: UTF8Text = MediaType.markdown, language: UTF8Text = ""
  ) -> MIMIContent {
    MIMIContent(
      salt: salt, inReplyTo: inReplyTo, nestedPart: NestedPart(.single(contentType: format, content: Array(text.utf8)), language: language))
  }

  /// A new version of a message.
  /// - Parameters:
  ///   - message: its first version, however often it was edited.
  ///   - inReplyTo: what the message answers; an edit says it again (example "Edit").
  public static func edit(
    of message: MessageID, to text: String, inReplyTo: MessageID? = nil, salt: [UInt8], format: UTF8Text = MediaType.markdown,
    language: UTF8Text = ""
  ) -> MIMIContent {
    var content = MIMIContent.text(text, inReplyTo: inReplyTo, salt: salt, format: format, language: language)
    content.replaces = message
    return content
  }

  /// Takes a message back.
  /// - Parameter message: its first version.
  public static func deletion(of message: MessageID, inReplyTo: MessageID? = nil, salt: [UInt8]) -> MIMIContent {
    MIMIContent(salt: salt, replaces: message, inReplyTo: inReplyTo, nestedPart: NestedPart(.null))
  }

  /// A reaction, or another one in place of `previous`.
  public static func reaction(_ emoji: String, to message: MessageID, replacing previous: MessageID? = nil, salt: [UInt8]) -> MIMIContent {
    MIMIContent(
      salt: salt, replaces: previous, inReplyTo: message,
      nestedPart: NestedPart(.single(contentType: MediaType.plainText, content: Array(emoji.utf8)), disposition: .reaction))
  }

  /// Takes a reaction back.
  public static func withdrawal(ofReaction reaction: MessageID, to message: MessageID, salt: [UInt8]) -> MIMIContent {
    MIMIContent(salt: salt, replaces: reaction, inReplyTo: message, nestedPart: NestedPart(.null, disposition: .reaction))
  }

  /// A file, with a text beside it where there is one.
  public static func attachment(_ file: ExternalPart, text: String? = nil, inReplyTo: MessageID? = nil, salt: [UInt8]) -> MIMIContent {
    let part = NestedPart(.external(file), disposition: .attachment)
    guard let text else { return MIMIContent(salt: salt, inReplyTo: inReplyTo, nestedPart: part) }
    let said = NestedPart(.single(contentType: MediaType.markdown, content: Array(text.utf8)))
    return MIMIContent(salt: salt, inReplyTo: inReplyTo, nestedPart: NestedPart(.multi(.processAll, [said, part])))
  }
}
