import MLSVectors
import Testing

/// An official file and what must come of it. Skipped are the suites that need X448 and Ed448, nothing else.
struct OfficialFile: CustomTestStringConvertible {
  var name: String
  var kind: VectorKind
  var passed: UInt32
  var skipped: UInt32
  var testDescription: String { name }

  static let all = [
    OfficialFile(name: "tree-math.json", kind: .treeMath, passed: 10, skipped: 0),
    OfficialFile(name: "crypto-basics.json", kind: .cryptoBasics, passed: 5, skipped: 2),
    OfficialFile(name: "secret-tree.json", kind: .secretTree, passed: 15, skipped: 6),
    OfficialFile(name: "message-protection.json", kind: .messageProtection, passed: 5, skipped: 2),
    OfficialFile(name: "key-schedule.json", kind: .keySchedule, passed: 5, skipped: 2),
    OfficialFile(name: "psk_secret.json", kind: .pskSecret, passed: 55, skipped: 22),
    OfficialFile(name: "transcript-hashes.json", kind: .transcriptHashes, passed: 5, skipped: 2),
    OfficialFile(name: "welcome.json", kind: .welcome, passed: 5, skipped: 2),
    OfficialFile(name: "tree-operations.json", kind: .treeOperations, passed: 5, skipped: 0),
    OfficialFile(name: "tree-validation.json", kind: .treeValidation, passed: 70, skipped: 28),
    OfficialFile(name: "treekem.json", kind: .treeKEM, passed: 55, skipped: 22),
    OfficialFile(name: "messages.json", kind: .messages, passed: 300, skipped: 0),
    OfficialFile(name: "passive-client-welcome.json", kind: .passiveClient, passed: 40, skipped: 16),
    OfficialFile(name: "passive-client-handling-commit.json", kind: .passiveClient, passed: 65, skipped: 26),
    OfficialFile(name: "passive-client-random.json", kind: .passiveClient, passed: 1, skipped: 0),
    OfficialFile(name: "deserialization.json", kind: .deserialization, passed: 14, skipped: 0),
  ]
}

@Suite("The working group's vectors", .enabled(if: VectorFiles.official != nil, VectorFiles.missing))
struct OfficialVectorTests {
  @Test("verify", arguments: OfficialFile.all, Library.allCases)
  func verify(_ file: OfficialFile, on library: Library) throws {
    let report = try library.verify(try VectorFiles.officialFile(file.name))
    print("\(file.name) on \(library.rawValue): \(report.summary)")
    #expect(report.kind == file.kind)
    #expect(report.failures.isEmpty, explain(report))
    #expect(report.passed == file.passed)
    #expect(report.skipped == file.skipped)
    for skip in report.skips { #expect(skip.reason == "suite needs X448/Ed448") }
  }

  /// The control: the same verifiers see one wrong digit in one output.
  @Test("one wrong digit is seen", arguments: OfficialFile.all, Library.allCases)
  func corrupted(_ file: OfficialFile, on library: Library) throws {
    guard case .array(let cases) = try JSON(parsing: try VectorFiles.officialFile(file.name)) else {
      Issue.record("\(file.name) is not a list")
      return
    }
    let output = file.kind.anOutput
    let original = try #require(cases.first)
    let sites = original.sites().filter { site in site.path.contains(output) }
    let site = try #require(sites.first, "\(file.name) has no \(output)")
    let corrupted = JSON.array([original.corrupted(at: site, firstDigit: file.kind == .messages)])
    let report = try library.verify(corrupted.written())
    #expect(report.failed == 1 && report.passed == 0, "\(file.name): a wrong \(output) passed")
  }
}

extension VectorKind {
  /// A member that the generator of a file has computed.
  var anOutput: String {
    switch self {
    case .treeMath: "root"
    case .cryptoBasics: "out"
    case .secretTree: "application_key"
    case .messageProtection: "commit_priv"
    case .keySchedule: "epoch_authenticator"
    case .pskSecret: "psk_secret"
    case .transcriptHashes: "interim_transcript_hash_after"
    case .welcome: "welcome"
    case .treeOperations: "tree_hash_after"
    case .treeValidation: "tree_hashes"
    case .treeKEM: "commit_secret"
    case .messages: "mls_key_package"
    case .passiveClient: "initial_epoch_authenticator"
    case .deserialization: "length"
    }
  }
}
