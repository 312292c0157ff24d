// What is stored: sealed, padded, and refused where it is damaged.
import CryptoInterface
import DeliveryConformance
import Messenger
import SwiftCryptoProvider
import Testing

@Suite struct RecordTests {
  let crypto = SwiftCryptoProvider()

  @Test func paddingSaysLittle() {
    #expect([0, 1, 256, 257, 512, 4_095, 4_096].map { Padding.size($0) } == [256, 256, 256, 512, 512, 4_096, 4_096])
    var sizes: Set<Int> = []
    for count in 0..<70_000 {
      let size = Padding.size(count)
      #expect(size >= count && (count < 4_096 || size * 100 <= count * 112), "\(count)")
      #expect(Padding.size(size) == size, "\(count)")
      sizes.insert(size)
    }
    #expect(sizes.count < 100)
  }

  @Test func theVaultOpensOnlyWhatItSealed() throws {
    let vault = Vault(storeKey: Secret([UInt8](repeating: 1, count: 32)), crypto)
    let other = Vault(storeKey: Secret([UInt8](repeating: 2, count: 32)), crypto)
    for value in [[], [0x80], [0, 0, 0], [UInt8](repeating: 0x80, count: 300)] as [[UInt8]] {
      let sealed = try vault.seal(value, key: [1, 2], crypto)
      #expect(try vault.open(sealed, key: [1, 2], crypto) == value)
      #expect(throws: MessengerError.corruptStore) { try vault.open(sealed, key: [1, 3], crypto) }
      #expect(throws: MessengerError.corruptStore) { try other.open(sealed, key: [1, 2], crypto) }
      for place in stride(from: 0, to: sealed.count, by: 37) {
        var damaged = sealed
        damaged[place] ^= 1
        #expect(throws: MessengerError.corruptStore) { try vault.open(damaged, key: [1, 2], crypto) }
      }
      for length in [0, 1, 12, 13, 29, sealed.count - 1] {
        #expect(throws: MessengerError.corruptStore) { try vault.open(Array(sealed.prefix(length)), key: [1, 2], crypto) }
      }
    }
  }

  @Test func addressesComeOutOfNames() {
    typealias M = MessengerNames
    #expect(M.localPart(of: "Anna Müller") == "anna.mueller")
    #expect(M.localPart(of: "Łukasz Żak-Ößler") == "lukasz.zak.oessler")
    #expect(M.localPart(of: "  Dr. Bert  ") == "dr.bert")
    #expect(M.localPart(of: "李雷") == "person")
    #expect(M.localPart(of: String(repeating: "a", count: 200)).utf8.count <= 60)
  }

  /// Every record cut and changed in every way that fits into the time: the engine says that the store is corrupt, or lives with it; it never falls.
  @Test func damagedRecordsAreRefused() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert"])
    let anna = people[0]
    let chat = try anna.createGroup("Station", [people[1]])
    try anna.send("hallo", to: chat)
    anna.disconnect()
    anna.give(.command(token: 900, .send(chat: chat, text: "wartet", inReplyTo: nil)))
    let intact = anna.records
    try anna.restart()
    #expect(anna.view.chats.count == 1)
    let vault = Vault(storeKey: anna.storeKey, crypto)
    var refused = 0
    var tried = 0
    var seed = Dice(state: 7)
    for (key, sealed) in intact where (key.first ?? 255) < 64 {
      let value = try vault.open(sealed, key: key, crypto)
      for attempt in 0..<12 {
        var damaged = value
        if attempt < 4 { damaged = Array(value.prefix(seed.roll(value.count))) } else if !value.isEmpty { damaged[seed.roll(value.count)] ^= UInt8(1 + seed.roll(255)) }
        anna.records = intact
        anna.records[key] = try vault.seal(damaged, key: key, crypto)
        tried += 1
        do {
          try anna.restart()
          anna.connect()
          house.run(for: 50)
          anna.disconnect()
        } catch MessengerError.corruptStore { refused += 1 }
      }
    }
    #expect(tried > 300 && refused > tried / 3)
    anna.records = intact
    try anna.restart()
    #expect(anna.view.chats.count == 1)
  }
}
