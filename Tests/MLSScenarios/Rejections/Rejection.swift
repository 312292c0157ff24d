// The catalogue of rejections: for each rule, messages that break it and nothing else. Read by RejectionTests, by the mutation run, which switches
// rules off one by one, and by CoverageTableTests, which compares it with docs/rfc9420-coverage.md.
import CryptoInterface
import MLS
import TLSCodec

/// One message that must be refused.
public struct Rejection<Crypto: CryptoProvider>: Sendable {
  /// What the receiver must say.
  public let expected: MLSError
  /// What is wrong with the message, unique in the catalogue.
  public let name: String
  /// Builds the setting, proves that the receiver takes the message without the fault, and gives it the one with the fault.
  /// - Returns: the receiver's error; nil where it has accepted.
  /// - Throws: where the setting itself is broken, or the refused message has left a trace.
  public let run: @Sendable (Crypto) throws -> MLSError?

  public init(_ rule: Rule, _ name: String, _ run: @escaping @Sendable (Crypto) throws -> MLSError?) {
    self.init(error: .rule(rule), name, run)
  }

  public init(error expected: MLSError, _ name: String, _ run: @escaping @Sendable (Crypto) throws -> MLSError?) {
    self.expected = expected
    self.name = name
    self.run = run
  }

  public var rule: Rule? {
    if case .rule(let rule) = expected { return rule }
    return nil
  }
}

/// All rejections, by the section of RFC 9420 that they belong to.
public enum Rejections<Crypto: CryptoProvider> {
  public static var all: [Rejection<Crypto>] {
    credentials + framing + confirmation + leaves + leavesAmongMembers + paths + keyPackages + proposals + proposalLists + externalCommits
      + guards + joining + joinedTrees + successors + selfRemoves + appData + ownDoing + others
  }
}

/// A catalogue entry that proves nothing.
public struct BrokenSetting: Error, CustomStringConvertible {
  public var description: String
  init(_ description: String) { self.description = description }
}

/// An application whose answers a case chooses. By default it trusts everybody, as `TrustEveryone` does.
struct Judge: MLSApplication {
  var trusts: @Sendable (LeafNode) -> Bool = { _ in true }
  var acceptsSuccession: @Sendable (_ old: LeafNode, _ new: LeafNode) -> Bool = { _, _ in true }
  var trustsExternalSender: @Sendable (ExternalSender) -> Bool = { _ in true }
  var permitsProposal: @Sendable (Proposal) -> Bool = { _ in true }
  var permitsCommit: @Sendable (ProposedCommit) -> Bool = { _ in true }
  var same: @Sendable (LeafNode, LeafNode) -> Bool = { _, _ in true }
  var applies: @Sendable ([[UInt8]], [UInt8]?) -> [UInt8]? = { updates, _ in updates.last }

  func validate(_ leaf: LeafNode, in context: GroupContext?) -> Bool { trusts(leaf) }
  func validateSuccession(from old: LeafNode, to new: LeafNode) -> Bool { acceptsSuccession(old, new) }
  func validate(externalSender: ExternalSender) -> Bool { trustsExternalSender(externalSender) }
  func representSameClient(_ a: LeafNode, _ b: LeafNode) -> Bool { same(a, b) }
  func permits(_ proposal: Proposal, from sender: Sender, in group: PublicGroup) -> Bool { permitsProposal(proposal) }
  func permits(_ commit: ProposedCommit) -> Bool { permitsCommit(commit) }
  func apply(_ updates: [[UInt8]], to current: [UInt8]?, of component: ComponentID) -> [UInt8]? { applies(updates, current) }

  /// Knows everybody but the client who calls itself "mallory".
  static let knowsMallory = Judge(
    trusts: { $0.credential != .mallory }, acceptsSuccession: { $1.credential != .mallory }, trustsExternalSender: { $0.credential != .mallory })
  /// Knows all external senders but the one who calls itself "eve".
  static let knowsEve = Judge(trustsExternalSender: { $0.credential != .eve })
}

extension Credential {
  static let eve = Credential.basic(identity: Array("eve".utf8))
  static let mallory = Credential.basic(identity: Array("mallory".utf8))
}

/// The error that a piece of work ends with; nil where it succeeds.
func refusal(_ work: () throws(MLSError) -> Void) -> MLSError? {
  do throws(MLSError) {
    try work()
    return nil
  } catch { return error }
}
