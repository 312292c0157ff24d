// The test vectors behind the engine's C interface, so that node and browsers run what is run natively. Only for tests; Web/engine/test/vectors.mjs calls it.
// Exports.swift is MessengerWasm's.
import BoringSSLProvider
import CryptoInterface
import CryptoSelfCheck
import MLSVectors

/// How an operation ended; as in MessengerWasm.
enum CoreStatus: Int32, Error {
  case ok = 0
  case unknownOperation = 1
  case malformedInput = 2
  case failed = 3
}

// Safe because: wasm has one thread.
nonisolated(unsafe) private var groups = GroupTable()

/// Operation 2 runs the known answers of the cryptography; output: a line "ok NAME" or "FAILED NAME" each. Operation 1 verifies a file. Input: `uint8` length of the kind's name (0: detect it), the name, the file.
/// Output: lines "kind NAME", "counts PASSED FAILED SKIPPED", "skipped COUNT: REASON", "case INDEX: REASON"; or "unreadable: REASON".
func perform(_ number: UInt32, _ input: [UInt8]) throws(CoreStatus) -> [UInt8] {
  if let operation = GroupOperation(rawValue: number) { return try groups.perform(operation, input) }
  if number == 2 {
    var report = ""
    for result in selfCheck(BoringSSLProvider()) { report += (result.passed ? "ok " : "FAILED ") + result.name.description + "\n" }
    return Array(report.utf8)
  }
  guard number == 1 else { throw .unknownOperation }
  guard let length = input.first.map({ Int($0) }), input.count > length else { throw .malformedInput }
  let name = Array(input[1..<1 + length])
  let kind = VectorKind(named: name)
  if kind == nil && length > 0 { throw .malformedInput }
  do throws(VectorFileError) {
    let report = try verify(file: Array(input[(1 + length)...]), kind: kind, using: BoringSSLProvider())
    var lines = "kind \(report.kind.rawValue)\ncounts \(report.passed) \(report.failed) \(report.skipped)\n"
    for (reason, count) in report.skipReasons { lines += "skipped \(count): \(reason)\n" }
    for failure in report.failures { lines += "case \(failure.index): \(failure.reason)\n" }
    return Array(lines.utf8)
  } catch {
    return Array("unreadable: \(error.description)\n".utf8)
  }
}
