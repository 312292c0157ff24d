// The examples of draft-ietf-mimi-content-08 and draft-mahy-mimi-message-status-01, and what our own constructors make of the same intentions.
import CBOR
import Content
import CryptoInterface
import SwiftCryptoProvider
import Testing

@Suite struct ContentExampleTests {
  private let crypto = SwiftCryptoProvider()

  @Test(.enabled(if: Examples.folder != nil, Examples.missing), arguments: Examples.messages)
  func examples(name: String) throws {
    let bytes = try Examples.bytes(name)
    let content = try MIMIContent(decoding: bytes)
    #expect(try content.encoded() == bytes)
    let sender = try #require(content.extensions.senderURI)
    let room = try #require(content.extensions.roomURI)
    let id = try MessageID(of: bytes, salt: content.salt, sender: sender, room: room, using: crypto)
    #expect(id.bytes == (try Examples.messageID(name)))
    // Every part of the input counts.
    var other = content.salt
    other[0] ^= 1
    #expect(try MessageID(of: bytes, salt: other, sender: sender, room: room, using: crypto) != id)
    #expect(try MessageID(of: bytes, salt: content.salt, sender: room, room: sender, using: crypto) != id)
    #expect(try MessageID(of: bytes + [0], salt: content.salt, sender: sender, room: room, using: crypto) != id)
  }

  /// Cut anywhere, or with a byte more, an example is refused; with any byte changed it is refused or says something else.
  @Test(.enabled(if: Examples.folder != nil, Examples.missing), arguments: Examples.messages)
  func damagedExamples(name: String) throws {
    let bytes = try Examples.bytes(name)
    let content = try MIMIContent(decoding: bytes)
    for count in 0..<bytes.count { #expect(throws: ContentError.self) { try MIMIContent(decoding: Array(bytes[..<count])) } }
    #expect(throws: ContentError.encoding(.trailingBytes)) { try MIMIContent(decoding: bytes + [0xF6]) }
    for i in bytes.indices {
      for flip in [0x01, 0x20, 0x80] as [UInt8] {
        var changed = bytes
        changed[i] ^= flip
        guard let other = try? MIMIContent(decoding: changed) else { continue }
        #expect(other != content)
        #expect(try other.encoded() == changed)
      }
    }
  }

  @Test(.enabled(if: Examples.folder != nil, Examples.missing))
  func whatTheExamplesMean() throws {
    func read(_ name: String) throws -> MIMIContent { try MIMIContent(decoding: Examples.bytes(name)) }
    func id(_ name: String) throws -> MessageID { try #require(MessageID(Examples.messageID(name))) }

    let original = try read("original")
    #expect(original.purpose == .message)
    #expect(original.plainText == "Hi everyone, we just shipped release 2.0. __Good  work__!")
    #expect(original.extensions.senderURI?.string == "mimi://example.com/u/alice-smith")
    #expect(original.extensions.roomURI?.string == "mimi://example.com/r/engineering_team")
    #expect(try read("reply").inReplyTo == id("original"))
    #expect(try read("edit").purpose == .edit(of: id("reply")))
    #expect(try read("delete").purpose == .deletion(of: id("reply")))
    #expect(try read("delete").plainText == nil)
    #expect(try read("reaction").purpose == .reaction(to: id("original"), replacing: nil))
    #expect(try read("reaction").reactions == ["\u{2764}"])
    #expect(try read("unlike").purpose == .withdrawal(ofReaction: id("reaction")))
    #expect(try read("expiring").expires == .at(1_644_390_004))
    #expect(try read("mention-html").plainText == nil)
    #expect(try read("multipart-1").plainText == "# Welcome!")
    #expect(try read("multipart-2").reactions == ["\u{2764}", "\u{1F973}", "\u{1F91E}"])
    let nested = try read("multipart-3").nestedPart
    #expect(nested.part(at: 3)?.language == "en")
    #expect(nested.part(at: 5)?.disposition == .inline)
    #expect(nested.part(at: 10)?.body == .single(contentType: "image/png", content: hex("fa444237451a05a72bb0f67037cc1669")))
    #expect(nested.part(at: 11) == nil)
    #expect(nested.part(at: -1) == nil)
    #expect(nested.leaves.count == 6)
    let file = try #require(try read("attachment").attachments.first)
    #expect(file.size == 708_234_961)
    #expect(file.encryption == ExternalPart.aes128GCM)
    #expect(file.filename == "bigfile.mp4")
    #expect(try read("conferencing").topicID == Array("Foo 118".utf8))
    #expect(try read("conferencing").nestedPart.disposition == .session)
  }

  /// Our constructors give the examples' bytes.
  @Test(.enabled(if: Examples.folder != nil, Examples.missing))
  func constructors() throws {
    func check(_ content: MIMIContent, _ name: String) throws {
      let example = try MIMIContent(decoding: Examples.bytes(name))
      var content = content
      try content.extensions.setRoomURI(try #require(example.extensions.roomURI))
      try content.extensions.setSenderURI(try #require(example.extensions.senderURI))
      #expect(try content.encoded() == Examples.bytes(name), "\(name)")
    }
    func salt(_ name: String) throws -> [UInt8] { try MIMIContent(decoding: Examples.bytes(name)).salt }
    func id(_ name: String) throws -> MessageID { try #require(MessageID(Examples.messageID(name))) }

    try check(.text("Hi everyone, we just shipped release 2.0. __Good  work__!", salt: salt("original")), "original")
    try check(.text("Right on! _Congratulations_ 'all!", inReplyTo: id("original"), salt: salt("reply")), "reply")
    try check(.edit(of: id("reply"), to: "Right on! _Congratulations_ y'all!", inReplyTo: id("original"), salt: salt("edit")), "edit")
    try check(.deletion(of: id("reply"), inReplyTo: id("original"), salt: salt("delete")), "delete")
    try check(.reaction("\u{2764}", to: id("original"), salt: salt("reaction")), "reaction")
    try check(.withdrawal(ofReaction: id("reaction"), to: id("original"), salt: salt("unlike")), "unlike")
  }

  @Test(.enabled(if: Examples.folder != nil, Examples.missing))
  func statusReport() throws {
    let bytes = try Examples.bytes("message-status")
    let report = try StatusReport(decoding: bytes)
    #expect(try report.encoded() == bytes)
    #expect(report.statuses.map { $0.status } == [.read, .read, .unread, .expired])
    #expect(report.statuses[0].message.bytes == (try Examples.messageID("original")))
    #expect(report.statuses[3].message.bytes == (try Examples.messageID("expiring")))
  }
}
