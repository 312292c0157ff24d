// The way in: from a file's bytes to a report.
import CryptoInterface

/// Verifies a file of test vectors, whatever its name.
/// - Parameter kind: nil detects it from the first case.
/// - Throws: where the file holds no list of vectors; a bad case is a failure in the report.
public func verify(file: [UInt8], kind: VectorKind? = nil, using crypto: some CryptoProvider) throws(VectorFileError) -> VectorReport {
  let json: JSON
  do { json = try JSON(parsing: file) } catch { throw .json(error) }
  return try verify(json, kind: kind, using: crypto)
}

public func verify(_ vectors: JSON, kind: VectorKind? = nil, using crypto: some CryptoProvider) throws(VectorFileError) -> VectorReport {
  guard case .array(let cases) = vectors else { throw .notAList }
  guard let first = cases.first else { throw .empty }
  guard let kind = kind ?? VectorKind(detecting: first) else { throw .unknownKind }
  var report = VectorReport(kind: kind)
  for (i, value) in cases.enumerated() {
    do throws(CaseProblem) {
      try verify(try VectorCase(value), kind, using: crypto)
      report.passed += 1
    } catch {
      switch error {
      case .failed(let reason): report.failures.append(VectorReport.Entry(index: UInt32(i), reason: reason))
      case .skipped(let reason): report.skips.append(VectorReport.Entry(index: UInt32(i), reason: reason))
      }
    }
  }
  return report
}

private func verify(_ vector: VectorCase, _ kind: VectorKind, using crypto: some CryptoProvider) throws(CaseProblem) {
  switch kind {
  case .treeMath: try TreeMathVectors.verify(vector)
  case .cryptoBasics: try CryptoBasicsVectors.verify(vector, using: crypto)
  case .secretTree: try SecretTreeVectors.verify(vector, using: crypto)
  case .messageProtection: try MessageProtectionVectors.verify(vector, using: crypto)
  case .keySchedule: try KeyScheduleVectors.verify(vector, using: crypto)
  case .pskSecret: try PSKSecretVectors.verify(vector, using: crypto)
  case .transcriptHashes: try TranscriptHashVectors.verify(vector, using: crypto)
  case .welcome: try WelcomeVectors.verify(vector, using: crypto)
  case .treeOperations: try TreeOperationVectors.verify(vector, using: crypto)
  case .treeValidation: try TreeValidationVectors.verify(vector, using: crypto)
  case .treeKEM: try TreeKEMVectors.verify(vector, using: crypto)
  case .messages: try MessageVectors.verify(vector)
  case .passiveClient: try PassiveClientVectors.verify(vector, using: crypto)
  case .deserialization: try DeserializationVectors.verify(vector)
  }
}
