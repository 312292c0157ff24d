// Makes vectors of every kind, with random content, for any suite that the provider offers.
import CryptoInterface
import MLS
import TLSCodec

/// Generates a file's worth of vectors.
/// - Parameters:
///   - suites: a case's suite; kinds without a suite (tree-math, deserialization) make the cases once.
///   - count: cases for each suite; nil for as many as the kind has shapes.
/// - Throws: where the provider or the protocol refuses, which is a bug.
public func generate(_ kind: VectorKind, suites: [CipherSuiteParameters], count: Int? = nil, using crypto: some CryptoProvider)
  throws(MLSError) -> JSON
{
  let count = max(0, count ?? kind.usualCount)
  switch kind {
  case .treeMath: return .array(TreeMathVectors.generate(count: count))
  case .deserialization: return .array(DeserializationVectors.generate(count: count, crypto))
  default: break
  }
  var cases: [JSON] = []
  for suite in suites {
    for number in 0..<count { cases.append(try generate(kind, suite, number: number, using: crypto)) }
  }
  return .array(cases)
}

private func generate(_ kind: VectorKind, _ suite: CipherSuiteParameters, number: Int, using crypto: some CryptoProvider)
  throws(MLSError) -> JSON
{
  switch kind {
  case .treeMath, .deserialization: throw .internalError("this kind has no suite")
  case .cryptoBasics: try CryptoBasicsVectors.generate(suite, using: crypto)
  case .secretTree: try SecretTreeVectors.generate(suite, number: number, using: crypto)
  case .messageProtection: try MessageProtectionVectors.generate(suite, using: crypto)
  case .keySchedule: try KeyScheduleVectors.generate(suite, epochs: 5, using: crypto)
  case .pskSecret: PSKSecretVectors.generate(suite, number: number, using: crypto)
  case .transcriptHashes: try TranscriptHashVectors.generate(suite, using: crypto)
  case .welcome: try WelcomeVectors.generate(suite, using: crypto)
  case .treeOperations: try TreeOperationVectors.generate(suite, number: number, using: crypto)
  case .treeValidation: try TreeValidationVectors.generate(suite, number: number, using: crypto)
  case .treeKEM: try TreeKEMVectors.generate(suite, number: number, using: crypto)
  case .messages: try MessageVectors.generate(suite, using: crypto)
  case .passiveClient: try PassiveClientVectors.generate(suite, number: number, using: crypto)
  }
}

extension VectorKind {
  /// Cases for each suite that go through all of a kind's shapes.
  var usualCount: Int {
    switch self {
    case .treeMath, .pskSecret: 10
    case .deserialization: 14
    case .secretTree: 3
    case .treeOperations: 5
    case .treeValidation: SimulatedTree.shapes
    case .treeKEM: 12
    case .passiveClient: 8
    default: 1
    }
  }
}
