import CryptoInterface
import MLS
import MLSScenarios
import SwiftCryptoProvider
import Testing

/// Each entry of the catalogue is refused with exactly its error, leaves no trace, and is taken without its fault.
@Suite struct RejectionTests {
  static let catalogue = Rejections<SwiftCryptoProvider>.all
  static let byName = Dictionary(grouping: catalogue, by: \.name)

  @Test(arguments: catalogue.map(\.name)) func refuses(_ name: String) throws {
    let rejection = try #require(Self.byName[name]?.first)
    #expect(try rejection.run(crypto) == rejection.expected)
  }

  @Test func namesAreUnique() {
    for (name, entries) in Self.byName { #expect(entries.count == 1, "\(name)") }
  }

  @Test(arguments: Rule.allCases) func everyRuleIsBroken(_ rule: Rule) {
    #expect(Self.catalogue.contains { $0.rule == rule }, "no rejection for \(rule.rawValue)")
  }
}
