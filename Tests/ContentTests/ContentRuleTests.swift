// The draft's restrictions (§4 and §6), each with what is just within; round trips of seeded contents; unknown values that must survive.
import CBOR
import Content
import SwiftCryptoProvider
import Testing

@Suite struct ContentRuleTests {
  static let salt = [UInt8](repeating: 7, count: 16)
  static let saltItem = "50" + String(repeating: "07", count: 16)
  static let nullPart = "83016000"

  /// A content of these encoded fields.
  private func content(
    salt: String = saltItem, replaces: String = "f6", topic: String = "40", expires: String = "f6", inReplyTo: String = "f6",
    extensions: String = "a0", part: String = nullPart, head: String = "87"
  ) -> [UInt8] { hex(head + salt + replaces + topic + expires + inReplyTo + extensions + part) }

  private func accepted(_ bytes: [UInt8], _ location: SourceLocation = #_sourceLocation) throws {
    #expect(try MIMIContent(decoding: bytes).encoded() == bytes, sourceLocation: location)
  }

  private func refused(_ bytes: [UInt8], _ error: ContentError, _ location: SourceLocation = #_sourceLocation) {
    #expect(throws: error, sourceLocation: location) { try MIMIContent(decoding: bytes) }
  }

  @Test func fields() throws {
    try accepted(content())
    refused(content(salt: "4f" + String(repeating: "07", count: 15)), .encoding(.outOfRange))
    refused(content(salt: "51" + String(repeating: "07", count: 17)), .encoding(.outOfRange))
    refused(content(salt: "f6"), .encoding(.unexpected(.null)))
    refused(content(head: "86"), .wrongCount)
    refused(content(part: Self.nullPart + "f6", head: "88"), .wrongCount)
    refused(content(head: "a7"), .encoding(.unexpected(.map)))
    let id = "5820" + String(repeating: "01", count: 32)
    try accepted(content(replaces: id, inReplyTo: id))
    refused(content(replaces: "581f" + String(repeating: "01", count: 31)), .encoding(.outOfRange))
    refused(content(inReplyTo: "5821" + String(repeating: "01", count: 33)), .encoding(.outOfRange))
    try accepted(content(topic: "43010203"))
    refused(content(topic: "63616263"), .encoding(.unexpected(.text)))
  }

  @Test func expirations() throws {
    try accepted(content(expires: "82f51affffffff"))
    try accepted(content(expires: "82f400"))
    refused(content(expires: "82f51b0000000100000000"), .encoding(.outOfRange))
    refused(content(expires: "82f520"), .encoding(.unexpected(.negative)))
    refused(content(expires: "820000"), .encoding(.unexpected(.unsigned)))
    refused(content(expires: "81f5"), .wrongCount)
    refused(content(expires: "83f50000"), .wrongCount)
  }

  @Test func parts() throws {
    // Single: [1, "", 1, "text/plain", h'']; its count, its kinds.
    try accepted(content(part: "850160016a746578742f706c61696e40"))
    refused(content(part: "840160016a746578742f706c61696e"), .wrongCount)
    refused(content(part: "850160006a746578742f706c61696e40"), .wrongCount)
    refused(content(part: "850160016a746578742f706c61696e60"), .encoding(.unexpected(.text)))
    refused(content(part: "8401600000"), .wrongCount)
    refused(content(part: "820160"), .wrongCount)
    refused(content(part: "83016004"), .unknownCardinality)
    refused(content(part: "8301601bffffffffffffffff"), .unknownCardinality)
    // Dispositions up to 255 are kept.
    try accepted(content(part: "8318ff6000"))
    #expect(try MIMIContent(decoding: content(part: "8318ff6000")).nestedPart.disposition.number == 255)
    refused(content(part: "831901006000"), .encoding(.outOfRange))
    refused(content(part: "8301 61ff 00"), .encoding(.invalidUTF8))
    try accepted(content(part: "8301 6165 00"))
  }

  @Test func externalParts() throws {
    func part(expires: String = "00", size: String = "00", encryption: String = "00", hash: String = "00", head: String = "8f") -> [UInt8] {
      content(part: head + "06600260 60" + expires + size + encryption + "404040" + hash + "406060")
    }
    try accepted(part())
    try accepted(part(expires: "1affffffff", size: "1bffffffffffffffff", encryption: "19ffff", hash: "18ff"))
    refused(part(expires: "1b0000000100000000"), .encoding(.outOfRange))
    refused(part(encryption: "1a00010000"), .encoding(.outOfRange))
    refused(part(hash: "190100"), .encoding(.outOfRange))
    refused(part(head: "8e"), .wrongCount)
  }

  @Test func multiparts() throws {
    let leaf = Self.nullPart
    try accepted(content(part: "8501600300 82" + leaf + leaf))
    refused(content(part: "8501600300 81" + leaf), .tooFewParts)
    refused(content(part: "8501600303 82" + leaf + leaf), .unknownSemantics)
    try accepted(content(part: "8501600302 82" + leaf + leaf))
    // §6.3: four levels, not five.
    func nested(_ levels: Int) -> String { levels == 1 ? leaf : "8501600300 82" + leaf + nested(levels - 1) }
    try accepted(content(part: nested(4)))
    refused(content(part: nested(5)), .tooManyParts)
    func wide(_ count: Int) -> [UInt8] {
      var list = CBORWriter()
      list.array(count)
      return content(part: "8501600300") + list.bytes + [[UInt8]](repeating: hex(leaf), count: count).joined()
    }
    try accepted(wide(ContentLimits.parts - 1))
    refused(wide(ContentLimits.parts), .tooManyParts)
    // Bombs: ten thousand levels, and a count that is not there.
    refused(content(part: String(repeating: "850160030082" + leaf, count: 6_000)), .tooManyParts)
    refused(content(part: "8501600300 9bffffffffffffffff"), .encoding(.truncated))

    // Nor do we send such a thing.
    func value(_ levels: Int) -> NestedPart {
      levels == 1 ? NestedPart(.null) : NestedPart(.multi(.chooseOne, [NestedPart(.null), value(levels - 1)]))
    }
    _ = try MIMIContent(salt: Self.salt, nestedPart: value(4)).encoded()
    #expect(throws: ContentError.tooManyParts) { try MIMIContent(salt: Self.salt, nestedPart: value(5)).encoded() }
    #expect(throws: ContentError.tooFewParts) {
      try MIMIContent(salt: Self.salt, nestedPart: NestedPart(.multi(.chooseOne, [NestedPart(.null)]))).encoded()
    }
    #expect(throws: ContentError.saltSize) { try MIMIContent(salt: [1], nestedPart: value(1)).encoded() }
  }

  @Test func sizes() throws {
    func text(_ count: Int) -> MIMIContent { .text(String(repeating: "a", count: count), salt: Self.salt) }
    let overhead = try text(60_000).encoded().count - 60_000
    let largest = try text(ContentLimits.message - overhead).encoded()
    #expect(largest.count == ContentLimits.message)
    try accepted(largest)
    #expect(throws: ContentError.tooLarge) { try text(ContentLimits.message - overhead + 1).encoded() }
    refused(largest + [0], .tooLarge)
  }

  @Test func extensions() throws {
    // Unknown ones of every kind survive: numbers, names, nested values, tags, floating point.
    let unknown = "a7 01 6161 19 0100 82 82 42 1234 d820 6161 82 42 3456 19 168b 1a 00010000 f6 20 f93c00 38 63 fa47c35000 61 78 a1 01 02 62 7878 c249010000000000000000"
    try accepted(content(extensions: unknown))
    #expect(try MIMIContent(decoding: content(extensions: unknown)).extensions[.text("x")] == hex("a10102"))
    refused(content(extensions: "a2 02 6161 01 6161"), .encoding(.unsortedKeys))
    refused(content(extensions: "a2 01 6161 01 6162"), .encoding(.duplicateKey))
    try accepted(content(extensions: "a2 01 6161 02 6162"))
    // The two of the draft are texts.
    refused(content(extensions: "a1 01 00"), .forbiddenExtension)
    refused(content(extensions: "a1 02 4161"), .forbiddenExtension)
    try accepted(content(extensions: "a1 03 00"))
    // Keys.
    refused(content(extensions: "a1 60 00"), .forbiddenExtension)
    refused(content(extensions: "a1 41 61 00"), .forbiddenExtension)
    let name = String(repeating: "61", count: 255)
    try accepted(content(extensions: "a1 78ff" + name + "00"))
    refused(content(extensions: "a1 790100" + name + "61 00"), .forbiddenExtension)
    // Depth: the map is the first of four levels.
    try accepted(content(extensions: "a1 03 818180"))
    refused(content(extensions: "a1 03 81818180"), .encoding(.tooDeep))
    refused(content(extensions: "a1 03 c181a100c000"), .encoding(.tooDeep))
    // Size of a value.
    func value(_ count: Int) -> [UInt8] {
      var value = CBORWriter()
      value.bytes([UInt8](repeating: 0, count: count))
      return content(extensions: "a1 03", part: "") + value.bytes + hex(Self.nullPart)
    }
    // Three bytes are the head of the byte string.
    try accepted(value(ContentLimits.extensionValue - 3))
    refused(value(ContentLimits.extensionValue - 2), .forbiddenExtension)
  }

  @Test func settingExtensions() throws {
    var extensions = Extensions()
    try extensions.set(.text("b"), to: hex("f6"))
    try extensions.setRoomURI("r")
    try extensions.set(.integer(-5), to: hex("00"))
    try extensions.setSenderURI("s")
    try extensions.set(.text("b"), to: hex("f5"))
    #expect(extensions.entries.map { $0.key } == [.integer(1), .integer(2), .integer(-5), .text("b")])
    #expect(extensions[.text("b")] == hex("f5"))
    let bytes = try MIMIContent(salt: Self.salt, extensions: extensions, nestedPart: NestedPart(.null)).encoded()
    #expect(try MIMIContent(decoding: bytes).extensions == extensions)
    try extensions.set(.text("b"), to: nil)
    #expect(extensions[.text("b")] == nil)
    let before = extensions
    for (key, value) in [
      (.integer(3), "0000"), (.integer(3), ""), (.integer(3), "1801"), (.text(""), "00"), (.bytes([1]), "00"), (.integer(1), "00"),
      (.integer(1 << 53), "00"), (.integer(.min), "00"), (.integer(3), "81818180"),
    ] as [(CBORKey, String)] {
      #expect(throws: ContentError.forbiddenExtension) { try extensions.set(key, to: hex(value)) }
    }
    #expect(extensions == before)
    try extensions.set(.integer((1 << 53) - 1), to: hex("00"))
  }

  @Test func statusReports() throws {
    let entry = "825820" + String(repeating: "01", count: 32)
    let unknown = hex("81" + entry + "18ff")
    #expect(try StatusReport(decoding: unknown).encoded() == unknown)
    #expect(try StatusReport(decoding: hex("80")).statuses.isEmpty)
    #expect(throws: ContentError.encoding(.outOfRange)) { try StatusReport(decoding: hex("81" + entry + "190100")) }
    #expect(throws: ContentError.wrongCount) { try StatusReport(decoding: hex("8183" + entry.dropFirst(2) + "0000")) }
    #expect(throws: ContentError.encoding(.trailingBytes)) { try StatusReport(decoding: unknown + [0]) }
    #expect(throws: ContentError.encoding(.unexpected(.map))) { try StatusReport(decoding: hex("a0")) }
    let id = try #require(MessageID([UInt8](repeating: 1, count: 32)))
    let most = StatusReport([StatusReport.Entry](repeating: .init(id, .read), count: ContentLimits.statuses))
    let bytes = try most.encoded()
    #expect(bytes.count <= ContentLimits.message)
    #expect(try StatusReport(decoding: bytes) == most)
    var more = most
    more.statuses.append(.init(id, .read))
    #expect(throws: ContentError.tooLarge) { try more.encoded() }
    #expect(MessageID([UInt8](repeating: 1, count: 31)) == nil)
  }

  @Test func messageIDsNeedURIsThatHaveALength() throws {
    let crypto = SwiftCryptoProvider()
    let long = UTF8Text(String(repeating: "a", count: 65_536))
    #expect(throws: ContentError.uriTooLong) { try MessageID(of: [], salt: Self.salt, sender: long, room: "r", using: crypto) }
    #expect(throws: ContentError.uriTooLong) { try MessageID(of: [], salt: Self.salt, sender: "s", room: long, using: crypto) }
    #expect(throws: ContentError.saltSize) { try MessageID(of: [], salt: [], sender: "s", room: "r", using: crypto) }
    let longest = UTF8Text(String(repeating: "a", count: 65_535))
    let id = try MessageID(of: [], salt: Self.salt, sender: longest, room: longest, using: crypto)
    #expect(id.bytes.first == 1)
    // The lengths keep sender and room apart.
    let one = try MessageID(of: [], salt: Self.salt, sender: "ab", room: "c", using: crypto)
    #expect(try MessageID(of: [], salt: Self.salt, sender: "a", room: "bc", using: crypto) != one)
  }

  @Test func reading() {
    func single(_ type: UTF8Text, _ bytes: [UInt8] = Array("x".utf8)) -> NestedPart { NestedPart(.single(contentType: type, content: bytes)) }
    #expect(single("text/plain").plainText == "x")
    #expect(single("Text/PLAIN; charset=\"UTF-8\"; format=flowed").plainText == "x")
    #expect(single("text/markdown;variant=CommonMark").plainText == "x")
    #expect(single("text/plain;charset=iso-8859-1").plainText == nil)
    #expect(single("text/html").plainText == nil)
    #expect(single("").plainText == nil)
    #expect(single("text/plain", [0xFF]).plainText == nil)
    let html = single("text/html")
    #expect(NestedPart(.multi(.chooseOne, [html, single("text/plain")])).plainText == "x")
    #expect(NestedPart(.multi(.processAll, [single("text/plain"), html, single("text/plain")])).plainText == "x\nx")
    #expect(NestedPart(.multi(.singleUnit, [single("text/plain"), html])).plainText == nil)
    let file = ExternalPart(contentType: "image/png", url: "https://example.org/1")
    let attached = MIMIContent.attachment(file, text: "look", salt: Self.salt)
    #expect(attached.plainText == "look")
    #expect(attached.attachments == [file])
    #expect(MIMIContent.attachment(file, salt: Self.salt).nestedPart.body == .external(file))
    // A reaction to nothing is shown.
    #expect(MIMIContent(salt: Self.salt, nestedPart: NestedPart(.null, disposition: .reaction)).purpose == .message)
  }

  @Test func roundTripsOfSeededContents() throws {
    var random = Seeded(8)
    for _ in 0..<2_000 {
      let content = random.content()
      let bytes = try content.encoded()
      let back = try MIMIContent(decoding: bytes)
      #expect(back == content)
      #expect(try back.encoded() == bytes)
    }
  }
}

extension Seeded {
  fileprivate mutating func text(_ most: Int) -> UTF8Text {
    let scalars: [Character] = ["a", "\u{e9}", "\u{6c34}", "\u{1F973}", "\0", "\n"]
    return UTF8Text(String((0..<Int.random(in: 0...most, using: &self)).map { _ in scalars.randomElement(using: &self)! }))
  }

  fileprivate mutating func id() -> MessageID? { Bool.random(using: &self) ? MessageID(bytes(32)) : nil }

  fileprivate mutating func some() -> [UInt8] { bytes(Int.random(in: 0...300, using: &self)) }

  fileprivate mutating func part(_ levels: Int) -> NestedPart {
    let body: NestedPart.Body
    switch Int.random(in: 0..<(levels > 1 ? 4 : 3), using: &self) {
    case 0: body = .null
    case 1: body = .single(contentType: text(40), content: some())
    case 2:
      body = .external(
        ExternalPart(
          contentType: text(9), url: text(9), expires: .random(in: 0...(.max), using: &self), size: next() >> UInt64.random(in: 0...63, using: &self),
          encryption: .random(in: 0...(.max), using: &self), key: some(), nonce: some(), additionalData: some(),
          hashAlgorithm: .random(in: 0...(.max), using: &self), contentHash: some(), description: text(30), filename: text(30)))
    default:
      let semantics = [PartSemantics.chooseOne, .singleUnit, .processAll].randomElement(using: &self)!
      body = .multi(semantics, (0..<Int.random(in: 2...3, using: &self)).map { _ in part(levels - 1) })
    }
    return NestedPart(body, disposition: Disposition(.random(in: 0...255, using: &self)), language: text(3))
  }

  fileprivate mutating func content() -> MIMIContent {
    var extensions = Extensions()
    for _ in 0..<Int.random(in: 0...5, using: &self) {
      var value = CBORWriter()
      value.bytes(some())
      let key: CBORKey = Bool.random(using: &self) ? .integer(.random(in: -70_000...70_000, using: &self)) : .text(text(30))
      // Reserved for texts, or empty: refused, and then left out.
      try? extensions.set(key, to: value.bytes)
    }
    let expires: [Expiration?] = [nil, .at(.random(in: 0...(.max), using: &self)), .afterReading(.random(in: 0...(.max), using: &self))]
    return MIMIContent(
      salt: bytes(16), replaces: id(), topicID: some(), expires: expires.randomElement(using: &self)!, inReplyTo: id(), extensions: extensions,
      nestedPart: part(4))
  }
}
