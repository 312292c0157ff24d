// The house's answers to the engine's questions (MLSApplication). Server and members give the same, for all decide by what stands in the group.
// Whether a leaf's claims are true its account's chain says, which not everybody has at the same time: the client checks `LeafClaim`s before it adopts.
import CryptoInterface
import MLS
import TLSCodec

/// What leaves claimed that were found valid in form during one operation of the engine.
///
/// Safe because: an operation of the engine is synchronous and asks the application from the thread that called it; a collector is made for one
/// operation, and read after it.
public final class LeafCollector: @unchecked Sendable {
  public private(set) var claims: [LeafClaim] = []
  public init() {}
  func collect(_ claim: LeafClaim) { claims.append(claim) }
}

/// What may happen in rooms of a house.
public struct HouseRules: MLSApplication {
  private let collector: LeafCollector?

  /// - Parameter collector: takes the claims of all leaves that come in; a server needs none.
  public init(collecting collector: LeafCollector? = nil) { self.collector = collector }

  /// A leaf is a device's: credential, `chain_head` and `mailbox_address` parse, the key is one of Ed25519, and it supports the components of a room,
  /// since one that did not would keep everybody from changing them.
  public func validate(_ leaf: LeafNode, in context: GroupContext?) -> Bool {
    guard let claim = try? LeafClaim(leaf), leaf.signatureKey.bytes.count == Signing.publicKeySize else { return false }
    let supported = leaf.components
    for component in HouseCapabilities.components where !supported.contains(component) { return false }
    collector?.collect(claim)
    return true
  }

  /// The same device, whose chain has not become shorter or another.
  public func validateSuccession(from old: LeafNode, to new: LeafNode) -> Bool {
    guard representSameClient(old, new), let before = try? LeafClaim(old), let after = try? LeafClaim(new) else { return false }
    if after.chainHead.length == before.chainHead.length { return after.chainHead.head == before.chainHead.head }
    return after.chainHead.length > before.chainHead.length
  }

  /// Account and device.
  public func representSameClient(_ a: LeafNode, _ b: LeafNode) -> Bool {
    guard let x = try? DeviceCredential(a.credential), let y = try? DeviceCredential(b.credential) else { return false }
    return x == y
  }

  /// A house's server names itself by its key.
  public func validate(externalSender sender: ExternalSender) -> Bool {
    sender.signatureKey.bytes.count == Signing.publicKeySize && sender.credential == .basic(identity: sender.signatureKey.bytes)
  }

  public func permits(_ proposal: Proposal, from sender: Sender, in group: PublicGroup) -> Bool {
    guard let permissions = Permissions(group.context, group.tree) else { return false }
    switch sender {
    case .member(let index):
      guard let account = permissions.account(at: index) else { return false }
      return permissions.permits(proposal, by: account)
    // The server takes revoked devices and deleted accounts out, and can do nothing else.
    case .external: return proposal.type == .remove
    // What a resync may hold; `permitsResync` sees them together.
    case .newMemberCommit: return proposal.type == .externalInit || proposal.type == .remove
    case .newMemberProposal: return false
    }
  }

  public func permits(_ commit: ProposedCommit) -> Bool {
    guard let permissions = Permissions(commit.context, commit.before) else { return false }
    if commit.committer == .newMemberCommit { return permissions.permitsResync(commit) && permissions.permitsMembers(after: commit.after) }
    for (proposal, _) in commit.proposals where proposal.type == .add { return permissions.permitsMembers(after: commit.after) }
    return true
  }

  /// An update is the whole new content.
  public func apply(_ updates: [[UInt8]], to current: [UInt8]?, of component: ComponentID) -> [UInt8]? {
    guard let last = updates.last else { return nil }
    switch component {
    case .roles: return (try? Roles(decoding: last)) == nil ? nil : last
    case .profile: return (try? SealedProfile(decoding: last)) == nil ? nil : last
    default: return nil
    }
  }

  /// Whether the members are such as the kind of room allows: what `permits` sees to with every commit, and a joiner for the group that it is shown.
  public static func permitsMembers(of tree: RatchetTree, in context: GroupContext) -> Bool {
    Permissions(context, tree)?.permitsMembers(after: tree) ?? false
  }

  // MARK: A new room

  static func externalSenders(_ serverKey: SignaturePublicKey) -> ExternalSenders {
    ExternalSenders([ExternalSender(signatureKey: serverKey, credential: .basic(identity: serverKey.bytes))])
  }

  /// The GroupContext extensions of a new room.
  /// - Parameters:
  ///   - roles: its administrators; in a direct room best both accounts, so that no third comes in when one has left.
  ///   - profile: nil where the room has no name.
  ///   - serverKey: the house's.
  public static func groupExtensions(room: Room, roles: Roles, profile: SealedProfile?, serverKey: SignaturePublicKey) -> Extensions {
    var dictionary = AppDataDictionary()
    dictionary[.room] = room.encoded()
    dictionary[.roles] = roles.encoded()
    if let profile { dictionary[.profile] = profile.encoded() }
    return [
      Extension(.requiredCapabilities, HouseCapabilities.required.encoded()),
      Extension(.externalSenders, externalSenders(serverKey).encoded()),
      Extension(.appDataDictionary, dictionary.encoded()),
    ]
  }
}
