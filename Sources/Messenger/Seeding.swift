// Stores full of messages for benchmarks, made in seconds instead of sent in minutes. Not public.
import Content
import CryptoInterface
import Identity
import TLSCodec

extension Messenger {
  /// Writes messages into a conversation as if they had been received, a second apart, up to `now`.
  package mutating func seed(chat: UInt32, texts: [String], at now: UInt64) -> [Effect] {
    core.seed(chat: chat, texts: texts, at: now)
  }
}

extension Core {
  fileprivate mutating func seed(chat number: UInt32, texts: [String], at now: UInt64) -> [Effect] {
    guard let chat = chats[number], let own, let sender = chat.members.first(where: { $0 != own.account }) else { return [] }
    var last: StoredMessage?
    for (i, text) in texts.enumerated() {
      let salt = crypto.random(MIMIContent.saltSize)
      guard let content = try? MIMIContent.text(text, salt: salt).encoded(),
        let id = messageID(content, salt: salt, sender: sender, room: chat.roomURI)
      else { continue }
      let message = StoredMessage(
        id: id.bytes, conversation: chat.conversation, roomURI: chat.roomURI, kind: .message, sender: sender,
        time: now - UInt64(texts.count - i) * 1_000, counter: UInt32(truncatingIfNeeded: i), content: content, state: .received)
      save(message)
      last = message
    }
    if let last { noteLast(last, in: chat.conversation, counts: false) }
    return takeEffects()
  }
}
