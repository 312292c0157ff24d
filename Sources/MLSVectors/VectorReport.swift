/// What became of a file of vectors.
public struct VectorReport: Sendable {
  /// A case that did not pass.
  public struct Entry: Sendable {
    /// The place in the file's list, from 0.
    public let index: UInt32
    public let reason: String
  }
  public let kind: VectorKind
  public internal(set) var passed: UInt32 = 0
  public internal(set) var failures: [Entry] = []
  public internal(set) var skips: [Entry] = []

  init(kind: VectorKind) { self.kind = kind }

  public var failed: UInt32 { UInt32(failures.count) }
  public var skipped: UInt32 { UInt32(skips.count) }

  /// The reasons for skipping, each with how many cases it holds for.
  public var skipReasons: [(reason: String, count: UInt32)] {
    var result: [(reason: String, count: UInt32)] = []
    for skip in skips {
      var known = false
      for i in result.indices where result[i].reason.utf8.elementsEqual(skip.reason.utf8) {
        result[i].count += 1
        known = true
      }
      if !known { result.append((skip.reason, 1)) }
    }
    return result
  }

  public var summary: String { "\(passed) passed, \(failed) failed, \(skipped) skipped" }
}

/// Why a file could not be verified at all.
public enum VectorFileError: Error, Equatable, Sendable, CustomStringConvertible {
  case json(JSONError)
  /// The outermost value is not a list.
  case notAList
  case empty
  /// The first case has the members of no kind.
  case unknownKind

  public var description: String {
    switch self {
    case .json(let error): error.description
    case .notAList: "not a file of test vectors: the outermost value is not a list"
    case .empty: "the list of test vectors is empty"
    case .unknownKind: "the members of the first case belong to no kind of test vector; name the kind if you know it"
    }
  }
}

/// Why a case did not pass.
enum CaseProblem: Error {
  case failed(String)
  case skipped(String)
}
