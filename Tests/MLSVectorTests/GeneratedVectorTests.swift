import CryptoInterface
import MLSVectors
import SwiftCryptoProvider
import Testing

@Suite("Generated vectors")
struct GeneratedVectorTests {
  static let suites = CipherSuiteTable().entries

  /// What one library generates the other one verifies.
  @Test("are verified by the other library", arguments: VectorKind.allCases, Library.allCases)
  func roundTrip(_ kind: VectorKind, by library: Library) throws {
    let count = kind == .treeValidation || kind == .treeKEM || kind == .passiveClient ? 4 : 2
    let file = try library.generate(kind, Self.suites, count: count).written()
    for verifier in Library.allCases {
      let report = try verifier.verify(file)
      #expect(report.kind == kind)
      #expect(report.failures.isEmpty, explain(report))
      #expect(report.skips.isEmpty)
      let hasSuite = kind != .treeMath && kind != .deserialization
      #expect(report.passed == UInt32(count * (hasSuite ? Self.suites.count : 1)))
    }
  }

  @Test("of every shape verify", arguments: [VectorKind.secretTree, .treeOperations, .treeValidation, .treeKEM, .passiveClient])
  func shapes(_ kind: VectorKind) throws {
    let report = try Library.swiftCrypto.verify(try Library.swiftCrypto.generate(kind, [Self.suites[0]], count: 15).written())
    #expect(report.failures.isEmpty, explain(report))
    #expect(report.passed == 15)
  }

  /// The control of all verifiers: whichever number or hex string of a case is changed, the case fails.
  @Test("fail with any wrong digit", arguments: VectorKind.allCases, [CipherSuite(1), .standard])
  func anyWrongDigit(_ kind: VectorKind, suite: CipherSuite) throws {
    let parameters = try #require(CipherSuiteTable().parameters(of: suite))
    // The last case: the simplest shapes of some kinds leave lists empty.
    guard case .array(let cases) = try Library.swiftCrypto.generate(kind, [parameters], count: kind == .passiveClient ? 4 : 2) else {
      Issue.record("no list")
      return
    }
    let original = try #require(cases.last)
    var seen = 0
    for site in original.sites() where !kind.mayChange(site) {
      let corrupted = JSON.array([kind == .messages ? original.truncated(at: site) : original.corrupted(at: site)])
      let report = try Library.swiftCrypto.verify(corrupted.written(), kind: kind)
      #expect(report.failed == 1 && report.passed == 0, "\(kind.rawValue): a wrong \(site) passed")
      seen += 1
    }
    #expect(seen > 0)
    print("\(kind.rawValue), suite \(suite): \(seen) wrong digits, all seen")
  }
}

extension VectorKind {
  /// What may differ without harm, by the kind's description.
  fileprivate func mayChange(_ site: CorruptionSite) -> Bool {
    switch (self, site.path.first) {
    // Suites 1 and 2 differ only in the algorithms that these kinds do not use.
    case (.secretTree, "cipher_suite"), (.pskSecret, "cipher_suite"), (.transcriptHashes, "cipher_suite"), (.treeOperations, "cipher_suite"):
      true
    // RFC 9420 §6.3.2 samples the first KDF.Nh bytes.
    case (.secretTree, "sender_data"): site.path.last == "ciphertext"
    // An Add has the same effect whoever sends it, and its key package's signature does not enter the tree.
    case (.treeOperations, "proposal_sender"), (.treeOperations, "proposal"): true
    // PSKs that no commit of the case uses.
    case (.passiveClient, "external_psks"): true
    default: false
    }
  }
}
