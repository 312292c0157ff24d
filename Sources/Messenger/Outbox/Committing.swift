// Commits: made of an intent and the group as it is now, again if another wins.
import CryptoInterface
import Identity
import MLS
import TLSCodec
import Wire

extension Core {
  /// A commit of these proposals and, as far as they go together, of those that wait.
  /// - Parameter roomKey: of a new profile, where the commit brings one.
  mutating func prepareCommit(_ chat: Chat, _ old: Group, _ proposals: [Proposal], roomKey: [UInt8]? = nil, coversPending: Bool = true) throws(Stop) -> Preparation {
    var group = old
    if group.pendingCommit != nil { group.discardPendingCommit() }
    let removes = proposals.contains { $0.type == .remove }
      || coversPending && group.proposals.contains { $0.proposal.type == .remove || $0.proposal.type == .selfRemove }
    let oldKey = chat.groupKey
    let crypto = crypto
    let newRoomKey = roomKey ?? chat.roomKey
    let rules = HouseRules()
    let identity = try identity()
    var options = CommitOptions(proposals: proposals, coversPending: coversPending)
    // The chain may have grown since the leaf was made.
    if let leaf = group.tree[group.leafIndex], leaf.extensions[.chainHead] != identity.extensions[.chainHead] {
      options.leaf = LeafChange(extensions: identity.extensions)
    }
    options.binding = { path in
      var key = oldKey
      if removes, let path { key = crypto.hkdfExpand(.sha256, prk: path.secret, info: Array("group key".utf8), length: 32).exposed }
      return CommitBinding(
        authenticatedData: crypto.hash(.sha256, Array("group key hash".utf8) + key),
        welcomeExtensions: [Extension(RoomSecrets.type, RoomSecrets(groupKey: key, roomKey: newRoomKey).encoded())])
    }
    let pending: PendingCommit
    do throws(MLSError) { pending = try group.commit(options, application: rules, using: crypto) } catch {
      return .failed(.notPermitted)
    }
    var nextKey: [UInt8]?
    if removes {
      if pending.removed.isEmpty {
        // The proposals that waited do not fit; without them it is a commit like others.
        group.discardPendingCommit()
        options.coversPending = false
        options.binding = { _ in
          CommitBinding(
            authenticatedData: crypto.hash(.sha256, Array("group key hash".utf8) + oldKey),
            welcomeExtensions: [Extension(RoomSecrets.type, RoomSecrets(groupKey: oldKey, roomKey: newRoomKey).encoded())])
        }
        do throws(MLSError) { try group.commit(options, application: rules, using: crypto) } catch { return .failed(.notPermitted) }
      } else if let path = pending.pathExport {
        nextKey = nextGroupKey(path)
      }
    }
    guard let made = group.pendingCommit else { throw .failed(.internalError("commit")) }
    var slices: [WelcomeSlice] = []
    if let welcome = made.welcome {
      for (i, secret) in welcome.secrets.enumerated() {
        guard i < made.added.count, let leaf = made.tree[made.added[i]], let claim = try? LeafClaim(leaf), let slice = welcome.slice(for: secret.newMember)
        else { throw .failed(.internalError("welcome")) }
        slices.append(WelcomeSlice(device: claim.device.bytes, welcome: MLSMessage.welcome(slice).encoded()))
      }
    }
    keep(group, replacing: nil)
    return .ready(
      .commit(
        CommitRequest(
          requestID: newRequestID(), key: oldKey, nextKey: nextKey, commit: made.message.encoded(), groupInfo: made.groupInfo.encoded(),
          welcomes: slices)))
  }

  /// The own commit was accepted: its epoch begins.
  mutating func adoptOwnCommit(_ chat: Chat, _ old: Group, time: UInt64) throws(Stop) {
    var chat = chat
    var group = old
    guard let pending = group.pendingCommit else { return }
    let before = Set(leaves(of: old.tree).map { $0.claim })
    let profileBefore = (try? RoomContents(old.context.extensions))?.profile
    let removed = !pending.removed.isEmpty
    let leavers = leavers(in: old)
    let roomKey = try exported("room key", of: old)
    do { try group.adoptPendingCommit(at: seconds) } catch { throw .failed(.internalError("adopt own commit")) }
    let profileAfter = (try? RoomContents(group.context.extensions))?.profile
    if profileAfter != profileBefore { chat.roomKey = roomKey }
    if removed, let path = pending.pathExport {
      chat.oldGroupKeys = Array(([chat.groupKey] + chat.oldGroupKeys).prefix(8))
      chat.groupKey = nextGroupKey(path)
    }
    chat.updateDue = 0
    keep(group, replacing: nil)
    advanced(&chat, group: group, before: before, leavers: leavers, profileChanged: profileAfter != profileBefore, time: time)
  }

  /// An intent's commit is in force. Some need another look: adding passes over who is in already, so an empty rest ends it.
  mutating func committed(_ sequence: UInt64) throws(Stop) {
    guard let i = outbox.firstIndex(where: { $0.sequence == sequence }) else { return }
    connection.claims[sequence] = nil
    switch outbox[i].intent {
    case .update, .commitProposals, .profile: finish(sequence)
    default:
      outbox[i].prepared = nil
      outbox[i].claimID = nil
      outbox[i].attempts = 0
      outbox[i].notBefore = 0
      save(outbox[i])
    }
  }

  // MARK: Adding

  /// Devices of these accounts that are not in the group: their chains, then their key packages, then one commit for all.
  mutating func prepareAdd(_ entry: OutboxEntry, _ chat: Chat, _ group: Group, accounts: [AccountID]) throws(Stop) -> Preparation {
    // A commit that removes changes the group's key, so it adds nobody.
    if group.proposals.contains(where: { $0.proposal.type == .remove || $0.proposal.type == .selfRemove }) {
      return try prepareCommit(chat, group, [])
    }
    let present = Set(leaves(of: group.tree).map { $0.claim.device })
    var wanted: [(account: AccountID, device: Device)] = []
    var unknown = false
    for account in accounts {
      if connection.chainsAsked.contains(account) { return .waiting }
      guard let chain = chains[account] else {
        if connection.missingChains.contains(account) {
          unknown = true
          continue
        }
        wantedChains.insert(account)
        try askChains()
        return .waiting
      }
      for device in chain.state.devices where !present.contains(device.id) && device.id != own?.device {
        wanted.append((account: account, device: device))
      }
    }
    if wanted.isEmpty { return unknown ? .failed(.noSuchPerson) : .finished }
    if wanted.count + Int(chat.deviceCount) > WireLimits.members { return .failed(.refused(RefusalCode.tooLarge.rawValue)) }
    wanted = Array(wanted.prefix(WireLimits.claimedDevices))
    guard let claimed = connection.claims[entry.sequence] else {
      guard let i = outbox.firstIndex(where: { $0.sequence == entry.sequence }) else { return .finished }
      // Stored before it is sent: after a crash the same claim brings the same key packages.
      if outbox[i].claimID == nil {
        outbox[i].claimID = newRequestID()
        save(outbox[i])
      }
      let devices = wanted.map { $0.device.id }
      let isAsked = connection.requests.values.contains { if case .claim(entry.sequence, _) = $0 { true } else { false } }
      if !isAsked, let id = outbox[i].claimID {
        ask(
          .claimKeyPackages(ClaimKeyPackages(requestID: id, devices: devices.map { $0.bytes })),
          .claim(sequence: entry.sequence, devices: devices))
      }
      return .waiting
    }
    var proposals: [Proposal] = []
    for (account, device) in wanted {
      guard let given = claimed.first(where: { $0.device == device.id.bytes }), let bytes = given.keyPackage,
        let keyPackage = try? KeyPackage(decoding: bytes), let claim = try? LeafClaim(keyPackage.leafNode)
      else { continue }
      guard keyPackage.cipherSuite == group.cipherSuite else {
        emit(.trouble(.internalError("key package of another suite")))
        continue
      }
      guard claim.account == account, claim.device == device.id else {
        raise(.strangerInGroup)
        return .waiting
      }
      do {
        try keyPackage.validate(at: seconds, application: HouseRules(), using: crypto)
      } catch {
        emit(.trouble(.internalError("key package of another")))
        continue
      }
      do throws(Problem) { try check([claim]) } catch {
        if case .needs(.chains(let missing)) = error {
          for account in missing where !connection.chainsAsked.contains(account) { wantedChains.insert(account) }
          try askChains()
          return .waiting
        }
        raise(.strangerInGroup)
        return .waiting
      }
      // A key package of before: the device was revoked since, or has another key.
      guard let chain = chains[account], (try? claim.checkCurrent(in: chain)) != nil else { continue }
      proposals.append(.add(keyPackage))
    }
    guard let i = outbox.firstIndex(where: { $0.sequence == entry.sequence }) else { return .finished }
    if proposals.isEmpty {
      // Their devices have not come up yet: again later, for a day.
      outbox[i].attempts += 1
      outbox[i].claimID = nil
      connection.claims[entry.sequence] = nil
      if outbox[i].attempts > 40 { return .failed(.noSuchDevice) }
      outbox[i].notBefore = now + max(1_000, backOff(outbox[i].attempts))
      save(outbox[i])
      wake(at: outbox[i].notBefore)
      return .waiting
    }
    return try prepareCommit(chat, group, proposals + (try firstProfile(chat, group)), roomKey: try profileKey(chat, group))
  }

  /// A new group gets its name with the first members.
  private func firstProfile(_ chat: Chat, _ group: Group) throws(Stop) -> [Proposal] {
    guard chat.kind == .group, !chat.title.isEmpty, (try? RoomContents(group.context.extensions))?.profile == nil else { return [] }
    let profile = try sealProfile(title: chat.title, color: chat.color, under: try exported("room key", of: group))
    return [.appDataUpdate(AppDataUpdate(.profile, .update(profile)))]
  }

  private func profileKey(_ chat: Chat, _ group: Group) throws(Stop) -> [UInt8]? {
    try firstProfile(chat, group).isEmpty ? nil : try exported("room key", of: group)
  }

  mutating func claimed(_ answer: Answer, sequence: UInt64, devices: [DeviceID]) {
    guard let i = outbox.firstIndex(where: { $0.sequence == sequence }) else { return }
    switch answer {
    case .keyPackages(let given): connection.claims[sequence] = given.keyPackages
    case .refused(let refusal):
      outbox[i].attempts += 1
      outbox[i].notBefore = now + max(UInt64(refusal.retryAfter) * 1_000, backOff(outbox[i].attempts))
      save(outbox[i])
      wake(at: outbox[i].notBefore)
    default: unexpected()
    }
  }

  // MARK: Removing

  /// Devices that their chains do not know any more. Where this member may not remove them, the server proposes it as soon as a request opens the group.
  mutating func prepareExpulsion(_ chat: Chat, _ group: Group) throws(Stop) -> Preparation {
    var removable: [Proposal] = []
    var others = false
    for leaf in leaves(of: group.tree) where leaf.index != group.leafIndex {
      guard let chain = chains[leaf.claim.account], chain.length >= leaf.claim.chainHead.length, chain.state.device(leaf.claim.device) == nil else {
        continue
      }
      let isProposed = group.proposals.contains { if case .remove(leaf.index) = $0.proposal { true } else { false } }
      if isProposed || leaf.claim.account == own?.account || (chat.kind == .group && isAdministrator(of: chat)) {
        if !isProposed { removable.append(.remove(leaf.index)) }
      } else {
        others = true
      }
    }
    if !removable.isEmpty || !group.proposals.isEmpty { return try prepareCommit(chat, group, removable) }
    if others, connection.poked.insert(chat.number).inserted {
      ask(.groupInfo(GroupInfoRequest(group: chat.group, key: chat.groupKey)), .poke(chat: chat.number))
    }
    return .finished
  }
}
