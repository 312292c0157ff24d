import CryptoInterface
import Foundation
import MLSVectors
import Testing

/// Vectors of our own for the X-Wing suites, made once with `mls-vectors generate`: a later version that computes something else breaks a house's groups.
@Suite("Golden X-Wing vectors")
struct GoldenVectorTests {
  static let kinds = VectorKind.allCases.filter { $0 != .treeMath && $0 != .deserialization }

  @Test("verify", arguments: kinds, Library.allCases)
  func verify(_ kind: VectorKind, on library: Library) throws {
    let file = VectorFiles.golden.appending(path: "xwing-\(kind.rawValue).json")
    let bytes = [UInt8](try Data(contentsOf: file))
    let report = try library.verify(bytes)
    #expect(report.kind == kind)
    #expect(report.failures.isEmpty, explain(report))
    #expect(report.skips.isEmpty)
    #expect(report.passed > 0)
    guard case .array(let cases) = try JSON(parsing: bytes), kind != .messages else { return }
    let xwing = XWingCodePoints.draft06
    for vector in cases {
      let suite = vector["cipher_suite"]
      #expect(suite == .number(UInt64(xwing.aes128.rawValue)) || suite == .number(UInt64(xwing.aes256.rawValue)))
    }
  }
}
