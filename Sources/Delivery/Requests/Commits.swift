// Commits: exactly one is accepted for each epoch of a group, in the transaction that queues it for everybody.
import CryptoInterface
import Identity
import MLS
import TLSCodec
import Wire

extension DeliveryCore {
  mutating func commit(_ request: CommitRequest, session: Session, at now: UInt64, in transaction: any DeliveryTransaction) throws -> Outcome {
    let member = try session.required()
    guard case .publicMessage(let message) = try decoded(MLSMessage.self, request.commit, "commit"), case .commit = message.content.content else {
      throw Refusal(.malformed, detail: "not a public commit")
    }
    // The same commit under another request id: its maker has lost the id, not the race.
    let known = AnsweredRequest(
      commit: crypto.hash(.sha256, request.commit), group: message.content.groupID, epoch: message.content.epoch, crypto: crypto)
    if let answer = try known.answer(in: transaction) { return Outcome(answer) }
    return try once(request.requestID, by: member.device, type: Request.commit(request).type, at: now, in: transaction) { core in
      let outcome = try core.accept(request, message, by: member, at: now, in: transaction)
      try known.remember(outcome.answer, day: Day(clamping: now / 86_400_000), in: transaction)
      return outcome
    }
  }

  private mutating func accept(
    _ request: CommitRequest, _ message: PublicMessage, by member: Session.Member, at now: UInt64, in transaction: any DeliveryTransaction
  ) throws -> Outcome {
    let group = try open(message.content.groupID, key: request.key, by: member, in: transaction)
    if message.content.epoch < group.epoch { throw Refusal(.epochTaken) }
    if group.record.isFrozen { throw Refusal(.frozen) }
    guard message.content.epoch == group.epoch, !group.isPrevious else { throw Refusal(.invalidCommit, detail: "epoch") }
    let before = try tree(of: group, in: transaction)
    let staged: StagedPublicCommit
    do { staged = try before.publicGroup.process(commit: message, application: rules, using: crypto) } catch {
      throw Refusal(.invalidCommit, detail: "public check")
    }
    try checkKeys(request, message, staged)
    try checkLeaves(staged, before: before.publicGroup.tree, by: member, in: transaction)
    let joiners = try checkWelcomes(request.welcomes, staged)
    let info = try decoded(GroupInfo.self, request.groupInfo, "group info")
    guard info.extensions[.externalPub] != nil, info.extensions[.ratchetTree] == nil, staged.accepts(info, using: crypto) else {
      throw Refusal(.invalidCommit, detail: "group info")
    }

    let epoch = staged.next.epoch
    let entries = try Self.entries(of: staged.next.tree)
    let remaining = Set(entries.map(\.device))
    // A device replaced by itself is not removed. Messages of the epoch before are taken only where all who are in now can read them: its sender hears
    // `stale` otherwise, and says it again to everybody.
    let removes = group.roster.entries.contains { !remaining.contains($0.device) }
    let seal = request.nextKey.map { GroupSeal(key: $0, group: group.record.group, crypto: crypto) } ?? group.seal
    var roster = Roster(
      oldestEpoch: removes || staged.isExternal || !joiners.isEmpty ? epoch : group.epoch, opener: group.roster.opener, entries: entries)
    let keepsPrevious = request.nextKey != nil && group.record.previous == nil
    if keepsPrevious { roster.opener = member.device }
    let after = try sealed(GroupTree(publicGroup: staged.next, groupInfo: request.groupInfo, proposals: []), epoch: epoch, under: seal)
    var record = group.record
    if keepsPrevious {
      // Kept for those who stay: who is removed knows the old key, and could report with it.
      var staying = group
      staying.roster.entries.removeAll { !remaining.contains($0.device) }
      try store(&staying, in: transaction)
      record = staying.record
      record.previous = record.present
    }
    record.present = .init(epoch: epoch, roster: try seal.seal(.roster, epoch: epoch, roster.encoded()))
    record.treeID = after.id
    guard
      try transaction.replace(
        group: record.group, atEpoch: group.epoch, record.present, tree: after, keepsPrevious: keepsPrevious)
    else { throw Refusal(.epochTaken) }
    if !joiners.isEmpty {
      let kept = KeptTree(waiting: joiners, tree: staged.next.tree.encoded())
      let today = Day(clamping: now / 86_400_000)
      try transaction.keepTree(
        try seal.seal(.tree, epoch: epoch, kept.encoded()), group: record.group, epoch: epoch, until: today + limits.mailDays)
    }

    // The old roster hears the commit, those whom it removes too. Joiners get their Welcome; who is removed and added again gets both, in this order.
    let time = accept(at: now)
    var outcome = Outcome(.accepted(Accepted(time: time)))
    try deliver(.handshake(request.commit), to: Self.mailboxes(group.roster.entries), time: time, outcome: &outcome, in: transaction)
    for slice in request.welcomes {
      guard let entry = roster.entries.first(where: { $0.device == slice.device }) else { throw Refusal(.invalidCommit, detail: "welcome") }
      try deliver(.welcome(slice.welcome), to: [entry.mailbox], time: time, outcome: &outcome, in: transaction)
    }
    var present = OpenGroup(record: record, roster: roster, seal: seal, isPrevious: false)
    try proposeRemovals(in: &present, at: now, outcome: &outcome, in: transaction)
    return outcome
  }

  static func mailboxes(_ entries: [RosterEntry]) -> [[UInt8]] {
    var seen: Set<[UInt8]> = []
    return entries.map(\.mailbox).filter { seen.insert($0).inserted }
  }

  /// The commit names the group key that holds after it, and brings a new one exactly where it removes: who was removed must not open the group again.
  private func checkKeys(_ request: CommitRequest, _ message: PublicMessage, _ staged: StagedPublicCommit) throws {
    guard message.content.authenticatedData == hash(ofKey: request.nextKey ?? request.key) else {
      throw Refusal(.invalidCommit, detail: "key hash")
    }
    // A resync replaces a device's own leaf: the key stays. Should it cover others' SelfRemoves, they stand in no roster any more.
    guard (request.nextKey != nil) == (!staged.isExternal && !staged.removed.isEmpty), request.nextKey != request.key else {
      throw Refusal(.invalidCommit, detail: "next key")
    }
  }

  /// Every leaf that the commit brings is vouched for by its account's chain, and the commit is by the device that sends it.
  private mutating func checkLeaves(
    _ staged: StagedPublicCommit, before: RatchetTree, by member: Session.Member, in transaction: any DeliveryTransaction
  ) throws {
    let invalid = Refusal(.invalidCommit, detail: "leaf")
    let tree = staged.next.tree
    for index in staged.added + staged.updated {
      guard let leaf = tree[index] else { throw invalid }
      try check(leaf, in: transaction, else: invalid)
    }
    guard let own = tree[staged.committer] else { throw invalid }
    guard try check(own, in: transaction, else: invalid).device == member.device else { throw Refusal(.notMember, detail: "another's commit") }
    var devices: Set<[UInt8]> = []
    for entry in try Self.entries(of: tree) {
      guard devices.insert(entry.device).inserted else { throw invalid }
    }
    let isXWing = crypto.suites.parameters(of: staged.next.context.cipherSuite)?.kem == .xwing
    guard tree.memberCount <= (isXWing ? limits.xwingMembers : limits.classicalMembers) else { throw Refusal(.tooLarge, detail: "members") }
  }

  /// One Welcome of one entry for each joiner, and for nobody else.
  /// - Returns: the joiners.
  private func checkWelcomes(_ slices: [WelcomeSlice], _ staged: StagedPublicCommit) throws -> [[UInt8]] {
    let invalid = Refusal(.invalidCommit, detail: "welcome")
    guard slices.count == staged.addedKeyPackages.count else { throw invalid }
    let given = Dictionary(slices.map { ($0.device, $0.welcome) }, uniquingKeysWith: { first, _ in first })
    var joiners: [[UInt8]] = []
    for keyPackage in staged.addedKeyPackages {
      guard let device = try? LeafClaim(keyPackage.leafNode).device.bytes, let bytes = given[device],
        let message = try? MLSMessage(decoding: bytes), case .welcome(let welcome) = message,
        welcome.cipherSuite == staged.next.context.cipherSuite, welcome.secrets.count == 1,
        let ref = try? keyPackage.ref(using: crypto), welcome.secrets[0].newMember == ref
      else { throw invalid }
      joiners.append(device)
    }
    return joiners
  }
}
