// Damaged and random bytes: each structure refuses them, or reads a value whose encoding they are. None traps.
import CryptoInterface
import Identity
import SwiftCryptoProvider
import TLSCodec
import Testing

@Suite struct DamageTests {
  /// A valid encoding and what decodes it; the answer is the encoding of what was read.
  struct Subject: Sendable, CustomTestStringConvertible {
    let name: String
    let valid: [UInt8]
    let decode: @Sendable ([UInt8]) -> [UInt8]?
    var testDescription: String { name }
    init<T: TLSCodable & Sendable>(_ value: T) {
      name = "\(T.self)"
      valid = value.encoded()
      decode = { (try? T(decoding: $0))?.encoded() }
    }
  }

  static func subjects() throws -> [Subject] {
    let house = try TestHouse()
    var anna = try house.enrol()
    try anna.add()
    try anna.addRecoveryKey()
    try anna.rotate(0)
    try anna.revoke(1)
    try anna.recover()
    try anna.reset(house)
    var policy = Policy(house: house.id, serial: 1, time: noon)
    policy.set(.typing, .on)
    policy.set(.appLock, .on)
    let log = FeedLog(house: house.id, incarnation: 1)
    let device = anna.devices[0].device
    var subjects = try anna.chain.statements.map { Subject(try SignedStatement(decoding: $0)) }
    subjects += [
      Subject(house.signed), Subject(try house.invite().invitation),
      Subject(try SignedPolicy(signing: policy, with: house.administrator.privateKey, using: crypto)),
      Subject(try log.head(at: noon, serverKey: house.server.privateKey, using: crypto)),
      Subject(FeedEntry(account: BlindedAccount(anna.id, using: crypto), length: 1, head: anna.chain.head)),
      Subject(FeedMark(incarnation: 1, size: 2, hash: .zero)), Subject(FeedRecordKey.account(BlindedAccount(anna.id, using: crypto))),
      Subject(FeedRecordKey.remembered(slot: 7)), Subject(DeviceLinkOffer(device: device, mailboxKey: crypto.random(32))),
      Subject(DeviceLinkAccount(house: house.signed, statements: anna.chain.statements)), Subject(DeviceLinkPossession(possession: [1, 2])),
      Subject(DeviceLinkDone(statements: anna.chain.statements)), Subject(DeviceCredential(account: anna.id, device: device.id)),
      Subject(ChainHead(anna.chain)), Subject(device.mailbox), Subject(try Room.make(.group, domain: "chat.example", using: crypto)),
      Subject(Roles(administrators: [anna.id, crypto.randomBytes()])), Subject(SealedProfile(nonce: crypto.random(12), sealed: [1, 2, 3])),
    ]
    return subjects
  }

  @Test func everyStructureStandsDamage() throws {
    var generator = SeededGenerator(42)
    for subject in try Self.subjects() {
      #expect(subject.decode(subject.valid) == subject.valid, "\(subject.name)")
      // A few values of every byte, all bits of the first ones, where lengths and types stand.
      for i in subject.valid.indices {
        let masks: [UInt8] = i < 80 ? [1, 2, 4, 8, 16, 32, 64, 128, 255] : [1, 0x40, 0x80, 0xFF]
        for mask in masks {
          var changed = subject.valid
          changed[i] ^= mask
          if let again = subject.decode(changed) { #expect(again == changed, "\(subject.name) at \(i)") }
        }
      }
      for count in subject.valid.indices { #expect(subject.decode(Array(subject.valid.prefix(count))) == nil, "\(subject.name) cut at \(count)") }
      #expect(subject.decode(subject.valid + [0]) == nil)
      for _ in 0..<200 {
        var random = (0..<Int.random(in: 0..<300, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
        if let again = subject.decode(random) { #expect(again == random) }
        // A good beginning with anything behind it.
        random = Array(subject.valid.prefix(Int.random(in: 0...subject.valid.count, using: &generator))) + random
        if let again = subject.decode(random) { #expect(again == random) }
      }
    }
  }

  @Test func textsStandAnything() {
    var generator = SeededGenerator(43)
    for _ in 0..<2_000 {
      let bytes = (0..<Int.random(in: 0..<60, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
      let text = String(decoding: bytes, as: UTF8.self)
      #expect(throws: IdentityError.self) { try LinkSecret(text: text) }
      #expect(throws: IdentityError.self) { try Link.parse(text) }
      #expect(throws: IdentityError.self) { try Link.parse("https://a/#i=" + text) }
    }
  }
}
