import CryptoInterface
import MLSVectors
import SwiftCryptoProvider
import Testing

@Suite("JSON")
struct JSONTests {
  private func parse(_ text: String) throws(JSONError) -> JSON { try JSON(parsing: Array(text.utf8)) }

  @Test("is read")
  func values() throws {
    #expect(try parse(" null ") == .null)
    #expect(try parse("[true, false]") == .array([.bool(true), .bool(false)]))
    #expect(try parse("18446744073709551615") == .number(UInt64.max))
    #expect(try parse("18446744073709551616") == .otherNumber(Array("18446744073709551616".utf8)))
    #expect(try parse("-1") == .otherNumber(Array("-1".utf8)))
    #expect(try parse("[1.5e+3]") == .array([.otherNumber(Array("1.5e+3".utf8))]))
    #expect(try parse("[]") == .array([]))
    #expect(try parse("{}") == .object([]))
    #expect(try parse(#""\"\\\/\b\f\n\r\tä\u00e4\ud83d\ude00""#) == .string(Array("\"\\/\u{8}\u{c}\n\r\tää😀".utf8)))
    let object = try parse(#"{"b": 1, "a": [{"c": "d"}]}"#)
    #expect(object["b"] == .number(UInt64(1)))
    #expect(object["missing"] == nil)
    #expect(try JSON(parsing: object.written()) == object)
  }

  @Test(
    "that is broken is refused",
    arguments: [
      ("", JSONError.Code.unexpectedEnd), ("[", .unexpectedEnd), ("[1", .unexpectedEnd), ("{\"a\"", .unexpectedEnd), ("\"abc", .unexpectedEnd),
      ("nul", .unexpectedEnd), ("nulx", .unexpectedCharacter), ("[1,]", .unexpectedCharacter), ("{\"a\":1,}", .unexpectedCharacter),
      ("{a:1}", .unexpectedCharacter), ("[1 2]", .unexpectedCharacter), ("+1", .unexpectedCharacter), ("01", .invalidNumber), ("-", .unexpectedEnd),
      ("1.x", .invalidNumber), ("1e", .unexpectedEnd), ("\"\u{1}\"", .invalidString), ("\"\\x\"", .invalidString), ("\"\\u12g4\"", .invalidString),
      ("\"\\ud800\"", .invalidString), ("\"\\udc00\"", .invalidString), ("{\"a\":1,\"a\":2}", .duplicateKey), ("1 2", .trailingText),
      (String(repeating: "[", count: 100_000), .tooDeep), (String(repeating: "{\"a\":", count: 100_000), .tooDeep),
      ("{" + (0..<300).map { "\"\($0)\":0" }.joined(separator: ",") + "}", .tooManyMembers),
    ])
  func broken(_ text: String, _ code: JSONError.Code) {
    #expect { try parse(text) } throws: { ($0 as? JSONError)?.code == code }
  }

  @Test("in bad UTF-8 is refused")
  func utf8() {
    #expect { try JSON(parsing: [0x22, 0xC3, 0x28, 0x22]) } throws: { ($0 as? JSONError)?.code == .invalidString }
  }

  @Test("errors say where")
  func position() {
    #expect { try parse("[1,\n 2;3]") } throws: { "\($0)" == "not JSON: unexpected character, line 2, column 3" }
  }

  @Test("with other content is no file of vectors")
  func otherContent() throws {
    let crypto = SwiftCryptoProvider()
    #expect(throws: VectorFileError.notAList) { try verify(file: Array("{}".utf8), using: crypto) }
    #expect(throws: VectorFileError.empty) { try verify(file: Array("[]".utf8), using: crypto) }
    #expect(throws: VectorFileError.unknownKind) { try verify(file: Array("[{\"x\":1}]".utf8), using: crypto) }
    #expect(throws: VectorFileError.unknownKind) { try verify(file: Array("[1]".utf8), using: crypto) }
  }

  /// Nothing that a file can hold in place of what belongs there traps or passes.
  @Test("of the wrong type fails the case", arguments: VectorKind.allCases)
  func wrongTypes(_ kind: VectorKind) throws {
    let crypto = SwiftCryptoProvider()
    let generated = try generate(kind, suites: [crypto.suites.entries[0]], count: kind == .passiveClient ? 4 : 2, using: crypto)
    guard case .array(let cases) = generated, let original = cases.last else {
      Issue.record("no cases")
      return
    }
    let strange: [JSON] = [
      .null, .bool(true), .number(UInt64.max), .number(UInt64(0xFFFF_FFFF)), .otherNumber(Array("-1".utf8)), .string([]), .hex([0xFF]),
      .hex([UInt8](repeating: 0xFF, count: 70)), .string(Array("xy".utf8)), .array([]), .array([.null]), .object([]),
    ]
    for site in original.sites() where site.path.first != "external_psks" {
      for value in strange {
        let report = try verify(.array([original.replaced(at: site, by: value)]), kind: kind, using: crypto)
        // Null stands for an absent psk_secret, for an empty tree slot, for a tree that comes otherwise.
        let isOptional = value == .null && (site.path.last == "psk_secret" || site.path.first == "ratchet_tree")
        #expect(report.passed == 0 || isOptional, "\(kind.rawValue): \(site) passed as \(value)")
      }
    }
  }
}
