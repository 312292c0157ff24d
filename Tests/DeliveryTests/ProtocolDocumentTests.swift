// The tables of docs/protocol against the code: numbers, names and limits of the wire.
import Foundation
import Testing
import Wire

@Suite struct ProtocolDocumentTests {
  @Test func requestsAreDescribed() throws {
    let coded = try Self.numbered(/case (\d+): self = \.(\w+)/, in: "Sources/Wire/Frame.swift", from: "enum Request: ", to: "enum Answer: ")
    #expect(coded.count > 20)
    #expect(try Table("README.md", "Requests").numbers == coded)
  }

  @Test func answersAreDescribed() throws {
    let coded = try Self.numbered(/case (\d+): self = \.(\w+)/, in: "Sources/Wire/Frame.swift", from: "enum Answer: ", to: "enum Push: ")
    #expect(coded.count > 10)
    #expect(try Table("README.md", "Answers").numbers == coded)
    // What a request is answered with is an answer.
    let answers = Set(coded.values)
    for row in try Table("README.md", "Requests").rows { #expect(answers.contains(row[3].unquoted), "\(row[1])") }
  }

  @Test func pushesAreDescribed() throws {
    let coded = try Self.numbered(/case (\d+): self = \.(\w+)/, in: "Sources/Wire/Frame.swift", from: "enum Push: ", to: nil)
    #expect(coded.count > 5)
    #expect(try Table("README.md", "Pushes").numbers == coded)
  }

  @Test func deliveryBodiesAreDescribed() throws {
    let coded = try Self.numbered(/case (\d+):\s+self = \.(\w+)/, in: "Sources/Wire/Mailbox.swift", from: "enum DeliveryBody: ", to: nil)
    #expect(coded.count == 4)
    #expect(try Table("mailbox.md", "Delivery bodies").numbers == coded)
  }

  @Test func refusalCodesAreDescribed() throws {
    let coded = try Self.constants(/static let (\w+) = RefusalCode\((\d+)\)/, in: "Sources/Wire/Refusal.swift")
    #expect(coded[RefusalCode.epochTaken.rawValue] == "epochTaken" && coded[RefusalCode.replaced.rawValue] == "replaced")
    #expect(try Table("README.md", "Refusal codes").numbers == coded)
  }

  @Test func statementTypesAreDescribed() throws {
    let coded = try Self.constants(/static let (\w+) = StatementType\((\d+)\)/, in: "Sources/Identity/Chain/Statement.swift")
    #expect(coded.count >= 7)
    #expect(try Table("identity.md", "Statement types").numbers == coded)
  }

  @Test func payloadTypesAreDescribed() throws {
    let coded = try Self.constants(/static let (\w+): UInt8 = (\d+)/, in: "Sources/Messenger/Chats/Payload.swift")
    #expect(coded.count >= 5)
    #expect(try Table("messages.md", "Payload types").numbers == coded)
  }

  @Test func limitsAreDescribed() throws {
    let source = try Self.part(of: "Sources/Wire/Frame.swift", from: "enum WireLimits {", to: "/// A request of the client")
    var coded: [String: Int] = [:]
    for match in source.matches(of: /static let (\w+)(?:: \w+)? = ([\d_]+)(?: << (\d+))?/) {
      let value = try #require(Int(match.2.replacing("_", with: "")))
      coded[String(match.1)] = value << (match.3.flatMap { Int($0) } ?? 0)
    }
    // Read as the compiler reads them.
    #expect(coded["frameBytes"] == WireLimits.frameBytes && coded["feedEntries"] == Int(WireLimits.feedEntries))
    #expect(coded["messageBytes"] == WireLimits.messageBytes && coded["members"] == WireLimits.members)
    var described: [String: Int] = [:]
    for row in try Table("README.md", "Limits").rows { described[row[0].unquoted] = Int(row[1].replacing(",", with: "")) }
    #expect(described == coded)
  }

  @Test func theVersionIsDescribed() throws {
    let text = try Self.read("docs/protocol/README.md")
    #expect(text.contains("subprotocol `\(WireVersion.subprotocol)`"))
    #expect(text.contains("at present \(WireVersion.current);"))
  }

  // MARK: The code

  private static func read(_ path: String) throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  /// What stands between two texts, the second nil for all that follows.
  private static func part(of path: String, from: String, to: String?) throws -> Substring {
    let text = try read(path)
    let start = try #require(text.range(of: from), "\(path) has no \(from)").upperBound
    guard let to else { return text[start...] }
    return text[start..<(try #require(text.range(of: to, range: start..<text.endIndex), "\(path) has no \(to)").lowerBound)]
  }

  /// Cases of a decoder, by number.
  private static func numbered(_ pattern: Regex<(Substring, Substring, Substring)>, in path: String, from: String, to: String?) throws -> [UInt16: String] {
    var result: [UInt16: String] = [:]
    for match in try part(of: path, from: from, to: to).matches(of: pattern) { result[try #require(UInt16(match.1))] = String(match.2) }
    return result
  }

  /// Constants, by number.
  private static func constants(_ pattern: Regex<(Substring, Substring, Substring)>, in path: String) throws -> [UInt16: String] {
    var result: [UInt16: String] = [:]
    for match in try read(path).matches(of: pattern) { result[try #require(UInt16(match.2))] = String(match.1) }
    return result
  }

  /// A table of a page: the first below a heading.
  private struct Table {
    var rows: [[String]] = []

    init(_ page: String, _ heading: String) throws {
      var lines = try ProtocolDocumentTests.read("docs/protocol/" + page).split(separator: "\n", omittingEmptySubsequences: false)[...]
      let start = try #require(
        lines.firstIndex { $0.hasPrefix("#") && $0.drop { $0 == "#" } == " " + heading }, "docs/protocol/\(page) has no heading \(heading)")
      lines = lines[(start + 1)...].drop { !$0.hasPrefix("|") }.prefix { $0.hasPrefix("|") }
      // Below the titles and the line under them.
      for line in lines.dropFirst(2) {
        rows.append(line.dropFirst().dropLast().split(separator: "|", omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .whitespaces) })
      }
    }

    /// First column by second.
    var numbers: [UInt16: String] {
      var result: [UInt16: String] = [:]
      for row in rows { if let number = UInt16(row[0]) { result[number] = row[1].unquoted } }
      return result
    }
  }
}

extension String {
  fileprivate var unquoted: String { replacing("`", with: "") }
}
