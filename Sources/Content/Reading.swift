// What a received content means. Whether its sender may do that is for the caller to decide (§9.3).
import CBOR

/// What a content does to the conversation.
public enum Purpose: Equatable, Sendable {
  case message
  case edit(of: MessageID)
  case deletion(of: MessageID)
  case reaction(to: MessageID, replacing: MessageID?)
  case withdrawal(ofReaction: MessageID)
}

extension MIMIContent {
  public var purpose: Purpose {
    let isReaction = nestedPart.disposition == .reaction
    if let replaces {
      if nestedPart.body == .null { return isReaction ? .withdrawal(ofReaction: replaces) : .deletion(of: replaces) }
      if isReaction, let inReplyTo { return .reaction(to: inReplyTo, replacing: replaces) }
      return .edit(of: replaces)
    }
    if isReaction, let inReplyTo { return .reaction(to: inReplyTo, replacing: nil) }
    // A reaction to nothing is shown as what it says.
    return .message
  }

  /// The text to show, lines between the texts of several parts; nil where there is none that this client can show.
  public var plainText: String? { nestedPart.plainText }

  /// Several reactions in one message are one element each (appendix B.2).
  public var reactions: [String] {
    guard nestedPart.disposition == .reaction else { return [] }
    if case .multi(.processAll, let parts) = nestedPart.body {
      var all: [String] = []
      for part in parts where part.disposition == .reaction { if let text = part.plainText { all.append(text) } }
      return all
    }
    return nestedPart.plainText.map { [$0] } ?? []
  }

  /// All external parts, at any level.
  public var attachments: [ExternalPart] {
    var found: [ExternalPart] = []
    for part in nestedPart.leaves { if case .external(let file) = part.body { found.append(file) } }
    return found
  }
}

extension NestedPart {
  /// The text of this part, or of those of its parts that are texts.
  public var plainText: String? {
    switch body {
    case .null, .external: return nil
    case .single(let contentType, let content):
      guard MediaType.isReadable(contentType) else { return nil }
      return UTF8Text(utf8: content)?.string
    case .multi(.chooseOne, let parts):
      // The order is the sender's preference.
      for part in parts { if let text = part.plainText { return text } }
      return nil
    case .multi(let semantics, let parts):
      var texts: [String] = []
      for part in parts {
        if let text = part.plainText {
          texts.append(text)
        } else if semantics == .singleUnit {
          // Who cannot process one part processes none.
          return nil
        }
      }
      guard var joined = texts.first else { return nil }
      for text in texts.dropFirst() { joined += "\n" + text }
      return joined
    }
  }
}
