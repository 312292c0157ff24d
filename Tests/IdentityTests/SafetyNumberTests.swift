// What two people compare.
import Identity
import Testing

@Suite struct SafetyNumberTests {
  let house: TestHouse
  let anna: TestAccount
  let berta: TestAccount

  init() throws {
    house = try TestHouse()
    anna = try house.enrol("Anna")
    berta = try house.enrol("Berta")
  }

  func number(_ a: TestAccount, _ b: TestAccount) -> SafetyNumber { SafetyNumber(a.chain.state, b.chain.state, using: crypto) }

  @Test func bothSidesSeeTheSame() throws {
    let number = number(anna, berta)
    #expect(number == self.number(berta, anna))
    #expect(number.groups.count == 12)
    #expect(number.groups.allSatisfy { $0.count == 5 && $0.allSatisfy { $0.isNumber } })
    #expect(try number.matches(number.text))
    #expect(try number.matches(number.text.replacing(" ", with: "")))
    #expect(try number.matches(number.text.replacing(" ", with: "\n")))
    #expect(try number.matches(number.qrText))
    let other = self.number(anna, try house.enrol("Carla"))
    #expect(other != number)
    #expect(try !number.matches(other.text))
    #expect(try !number.matches(other.qrText))
  }

  @Test func devicesDoNotChangeItAndResetsDo() throws {
    let before = number(anna, berta)
    var later = anna
    try later.add()
    try later.rotate(0)
    try later.revoke(0, by: 1)
    try later.addRecoveryKey(by: 1)
    try later.recover()
    #expect(number(later, berta) == before)
    try later.reset(house)
    let after = number(later, berta)
    #expect(after != before)
    #expect(after.groups != before.groups)
    try later.reset(house)
    #expect(number(later, berta) != after)
  }

  @Test(arguments: ["", "12345", "safety:", "safety:AAAA", "safety:????", "https://chat.example", String(repeating: "1", count: 59), String(repeating: "1", count: 61)])
  func otherTextsAreNoAlarm(_ text: String) {
    let number = number(anna, berta)
    #expect(throws: IdentityError.safetyNumber) { try number.matches(text) }
    #expect(throws: Never.self) { try number.matches(String(repeating: "1", count: 60)) }
  }

  @Test func otherLettersOfTheSameBytesAreRefused() throws {
    // 32 bytes are 43 characters, the last of which carries two bits that must be zero.
    let number = number(anna, berta)
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    let last = try #require(number.qrText.last.flatMap { alphabet.firstIndex(of: $0) })
    #expect(last % 4 == 0)
    let twin = String(number.qrText.dropLast()) + String(alphabet[last + 1])
    #expect(throws: IdentityError.safetyNumber) { try number.matches(twin) }
  }
}
