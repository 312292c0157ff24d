// What RFC 9420 leaves to the application: who somebody is, and what somebody may do. The engine asks, the application answers.
import CryptoInterface

/// The application's answers. All of them must be functions of their arguments, so that every member of a group gives the same.
public protocol MLSApplication: Sendable {
  /// RFC 9420 §5.3.1: whether a leaf's credential is valid for its signature key. X.509 chains, key transparency or a house's directory are consulted here.
  /// - Parameter context: the group, nil for a key package outside of one.
  func validate(_ leaf: LeafNode, in context: GroupContext?) -> Bool

  /// RFC 9420 §5.3.1: whether `new` may take the place of `old` (Update, commit, resync).
  func validateSuccession(from old: LeafNode, to new: LeafNode) -> Bool

  /// RFC 9420 §5.3.1: whether an external sender's credential is valid.
  func validate(externalSender: ExternalSender) -> Bool

  /// RFC 9420 §11.2, §11.3, §12.2: whether two leaves stand for the same client.
  func representSameClient(_ a: LeafNode, _ b: LeafNode) -> Bool

  /// RFC 9420 §12.2: whether the sender may make this proposal, whatever else the commit holds.
  /// Decide by the group's context and tree; its waiting proposals differ from member to member.
  func permits(_ proposal: Proposal, from sender: Sender, in group: PublicGroup) -> Bool

  /// RFC 9420 §12.2: whether the commit as a whole is allowed, after each of its proposals was: roles, who may join from outside and replace whom.
  func permits(_ commit: ProposedCommit) -> Bool

  /// draft-ietf-mls-extensions, AppDataUpdate: the component's new data from its current data and the updates in order; nil where they are invalid
  /// or the component is unknown.
  func apply(_ updates: [[UInt8]], to current: [UInt8]?, of component: ComponentID) -> [UInt8]?
}

/// A commit as the application is asked about it.
public struct ProposedCommit: Sendable {
  public let committer: Sender
  /// The committer's leaf after the commit.
  public let leaf: LeafNode?
  public let proposals: [(proposal: Proposal, sender: Sender)]
  /// The group's context before the commit.
  public let context: GroupContext
  /// The context after it, but for the hashes of tree and transcript.
  public let newContext: GroupContext
  public let before: RatchetTree
  /// The tree with the proposals applied, without the commit's path.
  public let after: RatchetTree
}

extension MLSApplication {
  public func validateSuccession(from old: LeafNode, to new: LeafNode) -> Bool { representSameClient(old, new) }
  public func validate(externalSender: ExternalSender) -> Bool { true }
  /// By the whole credential.
  public func representSameClient(_ a: LeafNode, _ b: LeafNode) -> Bool { a.credential == b.credential }
  /// Members may propose anything, the group's external senders a Remove; strangers neither propose themselves nor join by external commits.
  public func permits(_ proposal: Proposal, from sender: Sender, in group: PublicGroup) -> Bool {
    switch sender {
    case .member: true
    case .external: proposal.type == .remove
    case .newMemberProposal, .newMemberCommit: false
    }
  }
  public func permits(_ commit: ProposedCommit) -> Bool { true }
  /// No component is known.
  public func apply(_ updates: [[UInt8]], to current: [UInt8]?, of component: ComponentID) -> [UInt8]? { nil }
}

/// Trusts every credential: for vectors, benchmarks and tests, where credentials say nothing. AppDataUpdate replaces the data.
public struct TrustEveryone: MLSApplication {
  public init() {}
  public func validate(_ leaf: LeafNode, in context: GroupContext?) -> Bool { true }
  public func validateSuccession(from old: LeafNode, to new: LeafNode) -> Bool { true }
  public func permits(_ proposal: Proposal, from sender: Sender, in group: PublicGroup) -> Bool { true }
  public func apply(_ updates: [[UInt8]], to current: [UInt8]?, of component: ComponentID) -> [UInt8]? { updates.last }
}
