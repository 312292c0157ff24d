// Every failure of this module is one of these. `Rules.swift` has the checks of the RFC by their ids.
import CryptoInterface
import TLSCodec

/// Why an operation was refused. Nothing was changed when it is thrown.
public enum MLSError: Error, Equatable, Sendable {
  /// A peer's bytes are not a message.
  case decoding(DecodingError)
  /// A peer's message breaks a rule of RFC 9420 or of a draft in use.
  case rule(Rule)
  /// A peer's ciphertext does not open with the keys at hand; the name says which.
  case undecryptable(StaticName)
  /// The message belongs to another epoch of the group than the operation can work with.
  case wrongEpoch(current: UInt64, message: UInt64)
  /// The key of this message was used before (a duplicate) or is too old to be kept (RFC 9420 §9.2).
  case generationUsed
  /// 2^32 - 1 messages in one epoch: commit first.
  case ratchetExhausted
  /// The caller asked for what the group's state does not allow.
  case usage(Usage)
  /// A commit of this member's own that its state does not know: it was made before a restore, or by a copy. Join anew by an external commit.
  case ownCommitUnknown
  /// A PSK that the message names is not at hand.
  case missingPSK
  /// The commit names a proposal that has not been received.
  case unknownProposal
  /// The cryptographic library refused.
  case crypto(CryptoError)
  /// A stored record is missing or does not belong to the others.
  case corruptRecord(StaticName)
  /// Our mistake: please report.
  case internalError(StaticName)

  /// Equal by kind, for rules also by rule: details are for people.
  public static func == (a: MLSError, b: MLSError) -> Bool {
    switch (a, b) {
    case (.rule(let x), .rule(let y)): return x == y
    case (.usage(let x), .usage(let y)): return x == y
    case (.decoding(let x), .decoding(let y)): return x == y
    case (.crypto(let x), .crypto(let y)): return x == y
    case (.undecryptable, .undecryptable), (.wrongEpoch, .wrongEpoch), (.generationUsed, .generationUsed),
      (.ratchetExhausted, .ratchetExhausted), (.missingPSK, .missingPSK), (.ownCommitUnknown, .ownCommitUnknown), (.unknownProposal, .unknownProposal),
      (.corruptRecord, .corruptRecord), (.internalError, .internalError):
      return true
    default: return false
    }
  }
}

/// A caller's mistake.
public enum Usage: String, Sendable, Equatable {
  /// The group was left, or ended by ReInit.
  case groupInactive
  /// There are valid proposals: commit them first (RFC 9420 §12.4, MUST).
  case pendingProposals
  /// A commit of one's own waits for its fate; adopt or discard it first.
  case pendingCommit
  /// Adopting or discarding without a pending commit.
  case noPendingCommit
  /// A staged change that was made for another state of the group.
  case staleStage
  /// The ratchet tree is neither in the GroupInfo nor supplied.
  case missingTree
  /// The key package's private keys do not belong to the Welcome.
  case notForThisKeyPackage
  /// A list is empty that must not be, or a value is out of range.
  case invalidArgument
  /// A lifetime does not contain the given time (RFC 9420 §7.3, for what the client itself sends).
  case expired
}

#if !HAUSPOST_RULE_SWITCH
  /// Throws the rule's error unless the condition holds.
  @inline(__always)
  func check(_ rule: Rule, _ condition: Bool) throws(MLSError) {
    if !condition { throw .rule(rule) }
  }
#else
  /// The same for the mutation run, which switches rules off and asks where they were broken.
  func check(_ rule: Rule, _ condition: Bool, file: StaticString = #fileID, line: UInt = #line) throws(MLSError) {
    if condition || RuleSwitch.off == rule { return }
    RuleSwitch.broken.insert("\(file):\(line)")
    throw .rule(rule)
  }

  /// Only in the build of the mutation run.
  public enum RuleSwitch {
    // Safe because: the mutation run is one thread that sets it between tests.
    nonisolated(unsafe) public static var off: Rule?
    /// The places, as file and line, where a check has failed.
    // Safe because: one thread, as above.
    nonisolated(unsafe) public static var broken: Set<String> = []
  }
#endif

/// Decodes and maps the error.
func decode<T: TLSDecodable>(_ type: T.Type, _ bytes: [UInt8]) throws(MLSError) -> T {
  do { return try T(decoding: bytes) } catch { throw .decoding(error) }
}
