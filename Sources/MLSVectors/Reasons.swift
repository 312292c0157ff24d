// Errors in words, for reports. (Embedded Swift prints no enum by itself.)
import CryptoInterface
import MLS
import TLSCodec

package func describe(_ error: DecodingError) -> String {
  switch error {
  case .truncated: "truncated"
  case .trailingBytes: "bytes are left over"
  case .invalidLengthPrefix: "invalid length prefix"
  case .nonMinimalLength: "length not in the fewest bytes"
  case .invalidPresence(let octet): "invalid presence octet \(octet)"
  case .unknownValue(let type, let value): "unknown \(type.description) \(value)"
  case .invalidValue(let name): name.description
  case .limitExceeded(let name): "limit exceeded: \(name.description)"
  }
}

package func describe(_ error: CryptoError) -> String {
  switch error {
  case .invalidKey: "invalid key"
  case .authenticationFailed: "authentication failed"
  case .unsupported: "not supported by the cryptographic library"
  case .libraryFailure: "the cryptographic library failed"
  }
}

package func describe(_ error: MLSError) -> String {
  switch error {
  case .decoding(let error): "cannot be decoded: \(describe(error))"
  case .rule(let rule): "breaks rule \(rule.rawValue)"
  case .undecryptable(let what): "cannot be decrypted: \(what.description)"
  case .wrongEpoch(let current, let message): "is for epoch \(message), the group is in \(current)"
  case .generationUsed: "generation used before"
  case .ratchetExhausted: "ratchet exhausted"
  case .usage(let usage): "not possible now: \(usage.rawValue)"
  case .ownCommitUnknown: "a commit of this member's own that its state does not know"
  case .missingPSK: "a pre-shared key is missing"
  case .unknownProposal: "names a proposal that was not received"
  case .crypto(let error): describe(error)
  case .corruptRecord(let what): "corrupt record: \(what.description)"
  case .internalError(let what): "internal error: \(what.description)"
  }
}
