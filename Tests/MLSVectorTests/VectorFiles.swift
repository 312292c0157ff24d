// Where the official files are, and on which cryptography they run.
import BoringSSLProvider
import CryptoInterface
import Foundation
import MLSVectors
import SwiftCryptoProvider
import Testing

/// Every vector test runs on both.
enum Library: String, CaseIterable, CustomTestStringConvertible {
  case swiftCrypto = "swift-crypto"
  case boringSSL = "BoringSSL"

  var testDescription: String { rawValue }

  func verify(_ file: [UInt8], kind: VectorKind? = nil) throws(VectorFileError) -> VectorReport {
    switch self {
    case .swiftCrypto: try MLSVectors.verify(file: file, kind: kind, using: SwiftCryptoProvider())
    case .boringSSL: try MLSVectors.verify(file: file, kind: kind, using: BoringSSLProvider())
    }
  }

  func generate(_ kind: VectorKind, _ suites: [CipherSuiteParameters], count: Int) throws -> JSON {
    switch self {
    case .swiftCrypto: try MLSVectors.generate(kind, suites: suites, count: count, using: SwiftCryptoProvider())
    case .boringSSL: try MLSVectors.generate(kind, suites: suites, count: count, using: BoringSSLProvider())
    }
  }
}

enum VectorFiles {
  private static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The working group's files: HAUSPOST_VECTORS, else `../shared/vectors` beside the package, and there in `mls` where that exists. Nil where there are none.
  static let official: URL? = {
    let environment = ProcessInfo.processInfo.environment["HAUSPOST_VECTORS"]
    let folder = environment.map { URL(fileURLWithPath: $0) } ?? package.appending(path: "../shared/vectors").standardized
    for candidate in [folder.appending(path: "mls"), folder]
    where FileManager.default.fileExists(atPath: candidate.appending(path: "tree-math.json").path) { return candidate }
    return nil
  }()
  static let missing: Comment = "no test vectors of the MLS working group here: set HAUSPOST_VECTORS to the folder that holds them"

  static func officialFile(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: try #require(official).appending(path: name)))
  }

  /// Our own, for the X-Wing suites.
  static let golden = package.appending(path: "Tests/Golden")
}

/// A report in full, for a failed expectation.
func explain(_ report: VectorReport) -> Comment {
  Comment(rawValue: report.summary + report.failures.map { "\n  case \($0.index): \($0.reason)" }.joined())
}
