import Foundation
import MLS
import MLSScenarios
import SwiftCryptoProvider
import Testing

/// docs/rfc9420-coverage.md says what is true: its rules, files and tests exist.
@Suite struct CoverageTableTests {
  struct Row {
    var id: String
    var file: String
    var tests: [String]
  }

  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  static func text(_ path: String) throws -> String { try String(contentsOf: root.appending(path: path), encoding: .utf8) }

  /// The rows with five columns: id, RFC, obligation, file, tests.
  static func rows() throws -> [Row] {
    try text("docs/rfc9420-coverage.md").split(separator: "\n").compactMap { line in
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      guard cells.count == 5, !cells[0].hasPrefix("-"), cells[4] != "tests" else { return nil }
      return Row(id: cells[0], file: quoted(cells[3]).first ?? "", tests: quoted(cells[4]))
    }
  }

  /// What stands in backticks.
  static func quoted(_ cell: String) -> [String] {
    cell.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
  }

  @Test(arguments: Rule.allCases) func everyRuleHasARow(_ rule: Rule) throws {
    let rows = try Self.rows().filter { $0.id == "`\(rule.rawValue)`" }
    #expect(rows.count == 1)
    guard let row = rows.first else { return }
    let source = try Self.text("Sources/MLS/" + row.file)
    #expect(source.contains("check(.\(rule)") || source.contains(".\(rule), ") || source.contains(".\(rule),\n") || source.contains("rule: .\(rule)"))
    #expect(!row.tests.isEmpty)
    let own = Set(Rejections<SwiftCryptoProvider>.all.filter { $0.rule == rule }.map(\.name))
    for test in row.tests { #expect(own.contains(test), "\(test) is no rejection by \(rule.rawValue)") }
  }

  @Test func everyRowIsAlive() throws {
    let rules = Set(Rule.allCases.map { "`\($0.rawValue)`" })
    let names = Set(Rejections<SwiftCryptoProvider>.all.map(\.name))
    let folder = Self.root.appending(path: "Tests/MLSTests")
    let sources = try FileManager.default.contentsOfDirectory(atPath: folder.path()).filter { $0.hasSuffix(".swift") }
      .map { try Self.text("Tests/MLSTests/" + $0) }.joined()
    let rows = try Self.rows()
    #expect(rows.count > Rule.allCases.count)
    for row in rows {
      #expect(rules.contains(row.id) || ["decoding", "construction", "error", "sending"].contains(row.id), "\(row.id)")
      let path = row.file.hasPrefix("Sources/") ? row.file : "Sources/MLS/" + row.file
      #expect(FileManager.default.fileExists(atPath: Self.root.appending(path: path).path()), "\(path)")
      #expect(!row.tests.isEmpty, "\(row)")
      for test in row.tests { #expect(names.contains(test) || sources.contains("func \(test)("), "\(test)") }
    }
  }
}
