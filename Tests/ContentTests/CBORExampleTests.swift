// RFC 8949 appendix A, as far as messages use CBOR, and what deterministic encoding forbids.
import CBOR
import Testing

@Suite struct CBORExampleTests {
  private func reader(_ digits: String) throws -> CBORReader { try CBORReader(hex(digits), atMost: 1 << 20) }

  @Test(arguments: [
    (0, "00"), (1, "01"), (10, "0a"), (23, "17"), (24, "1818"), (25, "1819"), (100, "1864"), (1000, "1903e8"), (1_000_000, "1a000f4240"),
    (1_000_000_000_000, "1b000000e8d4a51000"), (18_446_744_073_709_551_615, "1bffffffffffffffff"),
  ] as [(UInt64, String)])
  func unsignedNumbers(value: UInt64, digits: String) throws {
    var reader = try reader(digits)
    #expect(try reader.unsigned() == value)
    try reader.finish()
    var writer = CBORWriter()
    writer.unsigned(value)
    #expect(writer.bytes == hex(digits))
  }

  @Test(arguments: [(-1, "20"), (-10, "29"), (-100, "3863"), (-1000, "3903e7"), (Int64.min, "3b7fffffffffffffff")] as [(Int64, String)])
  func negativeNumbers(value: Int64, digits: String) throws {
    var reader = try reader(digits)
    #expect(try reader.integer() == value)
    try reader.finish()
    var writer = CBORWriter()
    writer.integer(value)
    #expect(writer.bytes == hex(digits))
  }

  @Test func theSmallestNumber() throws {
    // -18446744073709551616
    var reader = try reader("3bffffffffffffffff")
    #expect(try reader.negative() == .max)
    var again = try self.reader("3bffffffffffffffff")
    #expect(throws: CBORError.outOfRange) { try again.integer() }
  }

  @Test func simpleValues() throws {
    var reader = try reader("f4f5f6")
    #expect(try reader.boolean() == false)
    #expect(try reader.boolean() == true)
    #expect(try reader.null())
    try reader.finish()
    var writer = CBORWriter()
    writer.boolean(false)
    writer.boolean(true)
    writer.null()
    #expect(writer.bytes == hex("f4f5f6"))
  }

  @Test(arguments: [("40", ""), ("4401020304", "01020304")])
  func byteStrings(digits: String, content: String) throws {
    var reader = try reader(digits)
    #expect(try reader.bytes() == hex(content))
    var writer = CBORWriter()
    writer.bytes(hex(content))
    #expect(writer.bytes == hex(digits))
  }

  @Test(arguments: [
    ("60", ""), ("6161", "a"), ("6449455446", "IETF"), ("62225c", "\"\\"), ("62c3bc", "\u{fc}"), ("63e6b0b4", "\u{6c34}"),
    ("64f0908591", "\u{10151}"),
  ])
  func texts(digits: String, content: String) throws {
    var reader = try reader(digits)
    #expect(try reader.text().string == content)
    var writer = CBORWriter()
    writer.text(UTF8Text(content))
    #expect(writer.bytes == hex(digits))
  }

  @Test func arrays() throws {
    var reader = try reader("8301820203820405")
    #expect(try reader.array() == 3)
    #expect(try reader.unsigned() == 1)
    for pair in [[2, 3], [4, 5]] as [[UInt64]] {
      #expect(try reader.array() == 2)
      for value in pair { #expect(try reader.unsigned() == value) }
    }
    try reader.finish()
    var long = try self.reader("98190102030405060708090a0b0c0d0e0f101112131415161718181819")
    #expect(try long.array() == 25)
    for value in 1...25 { #expect(try long.unsigned() == UInt64(value)) }
    try long.finish()
    var writer = CBORWriter()
    writer.array(25)
    for value in 1...25 { writer.unsigned(UInt64(value)) }
    #expect(writer.bytes == hex("98190102030405060708090a0b0c0d0e0f101112131415161718181819"))
  }

  @Test func maps() throws {
    var reader = try reader("a26161016162820203")
    var order = CBORKeyOrder()
    #expect(try reader.map() == 2)
    #expect(try reader.key(&order) == .text("a"))
    #expect(try reader.unsigned() == 1)
    #expect(try reader.key(&order) == .text("b"))
    #expect(try reader.item(depth: 1) == hex("820203"))
    try reader.finish()
    var writer = CBORWriter()
    writer.map([(.text("b"), hex("820203")), (.text("a"), hex("01"))])
    #expect(writer.bytes == hex("a26161016162820203"))
  }

  /// RFC 8949 §4.2.1's own example of the order.
  @Test func mapsAreSortedByEncodings() {
    var writer = CBORWriter()
    let keys: [CBORKey] = [.text("aa"), .integer(-1), .text("z"), .integer(100), .integer(10)]
    writer.map(keys.map { ($0, hex("f6")) })
    #expect(writer.bytes == hex("a5 0a f6 1864 f6 20 f6 617a f6 626161 f6"))
  }

  /// Appendix A's data items that are deterministic, of the kinds that are only gone through.
  @Test(arguments: [
    "f90000", "f98000", "f93c00", "fb3ff199999999999a", "f93e00", "f97bff", "fa47c35000", "fa7f7fffff", "fb7e37e43c8800759c", "f90001", "f90400",
    "f9c400", "fbc010666666666666", "f97c00", "f97e00", "f9fc00", "f7", "f0", "f8ff", "c249010000000000000000", "c349010000000000000000",
    "c074323031332d30332d32315432303a30343a30305a", "c11a514b67b0", "c1fb41d452d9e8200000",
    "d74401020304", "d818456449455446", "d82076687474703a2f2f7777772e6578616d706c652e636f6d", "80", "a0", "a201020304", "826161a161626163",
    "a56161614161626142616361436164614461656145",
  ])
  func itemsThatNobodyKnows(digits: String) throws {
    var reader = try reader(digits)
    #expect(try reader.item(depth: 4) == hex(digits))
    try reader.finish()
  }

  /// What is refused, each beside what is accepted.
  @Test(arguments: [
    // Not in the fewest bytes.
    ("1817", "17", CBORError.notShortest), ("1900ff", "18ff", .notShortest), ("1a0000ffff", "19ffff", .notShortest),
    ("1b00000000ffffffff", "1affffffff", .notShortest), ("3817", "37", .notShortest), ("580161", "4161", .notShortest),
    ("780161", "6161", .notShortest), ("980100", "8100", .notShortest), ("b8010000", "a10000", .notShortest), ("d80100", "c100", .notShortest),
    // Floating point: 1.5, 2^-24, 100000.0 and 2^-149 have shorter forms; numbers just beside them have none.
    ("fa3fc00000", "f93e00", .notShortest), ("fa33800000", "f90001", .notShortest), ("fa33800000", "fa33000000", .notShortest),
    ("fb40f86a0000000000", "fa47c35000", .notShortest), ("fb36a0000000000000", "fa00000001", .notShortest),
    ("fb36a0000000000000", "fb3690000000000000", .notShortest), ("fa7fc00000", "f97e00", .notShortest), ("fb7ff8000000000000", "f97e00", .notShortest),
    ("f97e01", "f97e00", .notShortest), ("f9fe00", "f97e00", .notShortest), ("fa80000000", "f98000", .notShortest), ("fa477fe000", "fa477ff000", .notShortest),
    ("fa387fc000", "fa387fe000", .notShortest), ("fa38400000", "fa38402000", .notShortest), ("fb47efffffe0000000", "fb47effffff0000000", .notShortest),
    // Bignums that are integers, or have leading zeros.
    ("c248ffffffffffffffff", "c249010000000000000000", .notShortest), ("c24900ffffffffffffffff", "c249010000000000000000", .notShortest),
    ("c201", "c249010000000000000000", .unexpected(.unsigned)),
    // Indefinite lengths.
    ("5f42010243030405ff", "450102030405", .indefiniteLength), ("7f657374726561646d696e67ff", "6973747265616d696e67", .indefiniteLength),
    ("9fff", "80", .indefiniteLength), ("bfff", "a0", .indefiniteLength), ("ff", "f6", .indefiniteLength), ("81ff", "81f6", .indefiniteLength),
    // Reserved.
    ("1c", "00", .malformed), ("1f", "00", .malformed), ("3f", "20", .malformed), ("df00", "c000", .malformed), ("fc", "f7", .malformed),
    ("f81f", "f820", .malformed), ("5c", "40", .malformed),
    // Maps.
    ("a201000000", "a200000100", .unsortedKeys), ("a26162006161 00", "a2616100616200", .unsortedKeys), ("a2616100186400", "a2186400616100", .unsortedKeys),
    ("a262616100617a00", "a2617a0062616100", .unsortedKeys), ("a201000100", "a201000200", .duplicateKey), ("a1f400", "a10000", .forbiddenKey),
    ("a18000", "a14000", .forbiddenKey), ("a11b002000000000000000", "a11b001fffffffffffff00", .forbiddenKey),
    ("a13b001fffffffffffff00", "a13b001ffffffffffffe00", .forbiddenKey),
    // UTF-8: lone continuation, overlong, surrogate, above U+10FFFF, cut short.
    ("6180", "617f", .invalidUTF8), ("62c080", "62c280", .invalidUTF8), ("63e08080", "63e0a080", .invalidUTF8), ("63eda080", "63ed9f80", .invalidUTF8),
    ("64f4908080", "64f48fbfbf", .invalidUTF8), ("64f08080 80", "64f0908080", .invalidUTF8), ("61c3", "62c3bc", .invalidUTF8), ("61ff", "6161", .invalidUTF8),
    ("62c341", "62c3bc", .invalidUTF8), ("63e6b041", "63e6b0b4", .invalidUTF8), ("a161800 0", "a1616100", .invalidUTF8),
    // Cut short, or longer than there is.
    ("", "00", .truncated), ("18", "1818", .truncated), ("19 03", "1903e8", .truncated), ("42 01", "420102", .truncated), ("62 61", "626161", .truncated),
    ("81", "8100", .truncated), ("a1", "a10000", .truncated), ("a100", "a10000", .truncated), ("c1", "c100", .truncated), ("f9 3c", "f93c00", .truncated),
    ("5bffffffffffffffff", "40", .truncated), ("9bffffffffffffffff", "80", .truncated), ("bbffffffffffffffff", "a0", .truncated),
    ("bb8000000000000001", "a0", .truncated), ("7b7fffffffffffffff", "60", .truncated),
  ] as [(String, String, CBORError)])
  func rejections(bad: String, good: String, error: CBORError) throws {
    var reader = try reader(bad)
    #expect(throws: error) { try reader.item(depth: 4) }
    var control = try self.reader(good)
    #expect(try control.item(depth: 4) == hex(good))
    try control.finish()
  }

  @Test func limits() throws {
    #expect(throws: CBORError.tooLarge) { try CBORReader(hex("420102"), atMost: 2) }
    _ = try CBORReader(hex("420102"), atMost: 3)
    var reader = try reader("420102 820102 00 1901 00 00")
    let copy = reader
    #expect(throws: CBORError.tooLarge) { try reader.bytes(atMost: 1) }
    reader = copy
    #expect(throws: CBORError.outOfRange) { try reader.bytes(count: 1) }
    reader = copy
    #expect(throws: CBORError.unexpected(.bytes)) { try reader.unsigned() }
    #expect(throws: CBORError.unexpected(.bytes)) { try reader.boolean() }
    #expect(try reader.bytes(atMost: 2) == [1, 2])
    let list = reader
    #expect(throws: CBORError.tooLarge) { try reader.array(atMost: 1) }
    reader = list
    #expect(throws: CBORError.tooLarge) { try reader.item(depth: 1, atMost: 2) }
    reader = list
    #expect(try reader.item(depth: 1, atMost: 3) == hex("820102"))
    #expect(try reader.unsigned() == 0)
    let number = reader
    #expect(throws: CBORError.outOfRange) { try reader.unsigned(atMost: 255) }
    reader = number
    #expect(try reader.unsigned(atMost: 256) == 256)
    #expect(throws: CBORError.trailingBytes) { try reader.finish() }
    #expect(try reader.unsigned() == 0)
    try reader.finish()
  }

  /// A million nested arrays, maps or tags end at the limit, not at the end of the stack.
  @Test(arguments: [[0x81], [0xA1, 0x00], [0xC1], [0x81, 0xC1, 0xA1, 0x40]] as [[UInt8]])
  func depthBombs(level: [UInt8]) throws {
    let bomb = [[UInt8]](repeating: level, count: 1_000_000).joined() + [0]
    var reader = try CBORReader(Array(bomb), atMost: bomb.count)
    #expect(throws: CBORError.tooDeep) { try reader.item(depth: 100) }
    let levels = level.count == 4 ? 3 : 1
    let shallow = [[UInt8]](repeating: level, count: 33).joined() + [0]
    reader = try CBORReader(Array(shallow), atMost: shallow.count)
    #expect(try reader.item(depth: 33 * levels) == Array(shallow))
    reader = try CBORReader(Array(shallow), atMost: shallow.count)
    #expect(throws: CBORError.tooDeep) { try reader.item(depth: 33 * levels - 1) }
  }

  /// Whatever the bytes, the reader answers; and what it accepts is at most what was there.
  @Test func randomBytes() throws {
    var random = Seeded(8949)
    var accepted = 0
    for _ in 0..<20_000 {
      let bytes = random.bytes(Int.random(in: 0...12, using: &random))
      var reader = try CBORReader(bytes, atMost: 12)
      if let item = try? reader.item(depth: 4) {
        accepted += 1
        #expect(item == Array(bytes.prefix(item.count)))
      }
    }
    #expect(accepted > 2_000)
  }
}
