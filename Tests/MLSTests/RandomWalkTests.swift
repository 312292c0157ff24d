import CryptoInterface
import Foundation
import MLS
import MLSScenarios
import SwiftCryptoProvider
import Testing

/// Seeded random groups. A failure prints seed, suite and step: set HAUSPOST_SEED to replay it.
@Suite struct RandomWalkTests {
  static let seeds: [UInt64] = ProcessInfo.processInfo.environment["HAUSPOST_SEED"].flatMap(UInt64.init).map { [$0] } ?? Array(1...24)

  @Test(arguments: seeds) func smallGroups(_ seed: UInt64) throws {
    var walk = try RandomWalk(seed: seed, suite: suites[Int(seed) % suites.count], most: 2 + Int(seed % 11), using: crypto)
    try walk.run(60)
  }

  @Test(arguments: [101, 102] as [UInt64]) func fiftyMembers(_ seed: UInt64) throws {
    var walk = try RandomWalk(seed: seed, suite: suite1, most: 50, using: crypto)
    try walk.run(80)
    #expect(walk.counts.count > 10)
  }
}
