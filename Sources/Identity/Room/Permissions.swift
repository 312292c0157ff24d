// Who may do what in a room: one function for each rule. All decide by the group's context and tree alone, so that server and members decide alike.
import CryptoInterface
import MLS
import TLSCodec

/// The rules of a room at one epoch.
struct Permissions {
  let room: Room
  let roles: Roles
  let extensions: Extensions
  let tree: RatchetTree

  /// Nil where the group is no room.
  init?(_ context: GroupContext, _ tree: RatchetTree) {
    guard let contents = try? RoomContents(context.extensions) else { return nil }
    room = contents.room
    roles = contents.roles
    extensions = context.extensions
    self.tree = tree
  }

  /// Whose leaf this is; nil for a blank one.
  func account(at index: LeafIndex) -> AccountID? {
    guard let leaf = tree[index], let credential = try? DeviceCredential(leaf.credential) else { return nil }
    return credential.account
  }

  /// Whether an account has a device in the room.
  func hasLeaf(_ account: AccountID) -> Bool {
    for leaf in tree.leaves { if (try? DeviceCredential(leaf.node.credential))?.account == account { return true } }
    return false
  }

  /// Listed accounts administer the room. Where none of them has a leaf any more, everybody does: a room is never without.
  func isAdministrator(_ account: AccountID) -> Bool {
    if roles.administrators.isEmpty || roles.isAdministrator(account) { return true }
    let listed = Set(roles.administrators)
    for leaf in tree.leaves {
      if let credential = try? DeviceCredential(leaf.node.credential), listed.contains(credential.account) { return false }
    }
    return true
  }

  /// What a member may propose, by value or by reference.
  func permits(_ proposal: Proposal, by account: AccountID) -> Bool {
    switch proposal {
    case .add(let keyPackage): permitsAdd(of: keyPackage.leafNode, by: account)
    case .remove(let index): permitsRemove(of: index, by: account)
    // Of the own leaf, which the engine makes sure of; `validateSuccession` sees the new one.
    case .update: true
    // Anybody may leave, the last administrator too.
    case .selfRemove: true
    case .appDataUpdate(let update): permitsUpdate(update, by: account)
    case .reinit(let reinit): permitsReInit(reinit, by: account)
    case .psk(let id): permitsPSK(id)
    // Would change the server's key or the required capabilities: a room keeps those of its beginning, or moves by ReInit.
    case .groupContextExtensions: false
    // In external commits only, where nobody is a member.
    case .externalInit: false
    }
  }

  /// Anybody may bring in a further device of somebody who is in the room. People are let in by administrators; a direct room takes the second
  /// account only, a room of own devices nobody else's.
  func permitsAdd(of leaf: LeafNode, by account: AccountID) -> Bool {
    guard let credential = try? DeviceCredential(leaf.credential) else { return false }
    switch room.kind {
    case .ownDevices:
      return credential.account == account
    case .direct:
      // Whether it stays at two accounts is seen by the whole commit. Where the roles name both, nobody else comes in even after one has left.
      if hasLeaf(credential.account) { return true }
      return roles.administrators.count < 2 || roles.isAdministrator(credential.account)
    case .group:
      return isAdministrator(account) || hasLeaf(credential.account)
    }
  }

  /// Anybody may remove devices of the own account, administrators those of others; in a direct room nobody removes the other.
  func permitsRemove(of index: LeafIndex, by account: AccountID) -> Bool {
    guard let target = self.account(at: index) else { return false }
    if target == account { return true }
    return room.kind == .group && isAdministrator(account)
  }

  /// Administrators change roles and profile of a group; in direct rooms and rooms of own devices everybody changes the profile, and roles stay.
  /// What the room is never changes, and other components are not known.
  func permitsUpdate(_ update: AppDataUpdate, by account: AccountID) -> Bool {
    switch update.component {
    case .roles:
      guard case .update(let data) = update.operation, (try? Roles(decoding: data)) != nil else { return false }
      return room.kind == .group && isAdministrator(account)
    case .profile:
      if case .update(let data) = update.operation, (try? SealedProfile(decoding: data)) == nil { return false }
      return room.kind != .group || isAdministrator(account)
    default:
      return false
    }
  }

  /// Administrators move a room to another suite or other required capabilities. It stays what it is, with the same server.
  func permitsReInit(_ reinit: ReInit, by account: AccountID) -> Bool {
    guard isAdministrator(account), let new = try? RoomContents(reinit.extensions) else { return false }
    return new.room == room && new.roles == roles && reinit.extensions[.externalSenders] == extensions[.externalSenders]
  }

  /// PSKs only bind a successor to its predecessor. Any other, known to some members alone, would lock the rest out.
  func permitsPSK(_ id: PreSharedKeyID) -> Bool {
    if case .resumption(let usage, _, _) = id.kind { return usage != .application }
    return false
  }

  // MARK: Whole commits

  /// A device that has lost its state comes back into its own place: it removes its own old leaf and does nothing else. SelfRemoves of others that
  /// wait must be covered (draft-ietf-mls-extensions).
  func permitsResync(_ commit: ProposedCommit) -> Bool {
    guard let leaf = commit.leaf else { return false }
    var replaced = 0
    for (proposal, _) in commit.proposals {
      switch proposal {
      case .externalInit, .selfRemove: continue
      case .remove(let index):
        guard let old = tree[index], old.credential == leaf.credential else { return false }
        replaced += 1
      default: return false
      }
    }
    return replaced == 1
  }

  /// After the commit no device is there twice, and a direct room or one of own devices has not grown beyond its accounts.
  func permitsMembers(after tree: RatchetTree) -> Bool {
    var devices: Set<DeviceCredential> = []
    var accounts: Set<AccountID> = []
    for leaf in tree.leaves {
      guard let credential = try? DeviceCredential(leaf.node.credential), devices.insert(credential).inserted else { return false }
      accounts.insert(credential.account)
    }
    switch room.kind {
    case .ownDevices: return accounts.count <= 1
    case .direct: return accounts.count <= 2
    case .group: return true
    }
  }
}
