// Forward secrecy and post-compromise security with stolen states. Each test has a control: the same theft at a moment at which it succeeds.
// `docs/security-properties.md` says which property each test proves, and what is not covered.
import CryptoInterface
import MLS
import MLSScenarios
import SwiftCryptoProvider
import TLSCodec
import Testing

/// Classical, NIST and X-Wing: deletion does not depend on the suite, but a provider's keys might.
private let thieves: [CipherSuite] = [suite1, CipherSuite(2), .standard]

private func read(_ message: MLSMessage, by group: inout Group) throws -> [UInt8] {
  guard case .application(let received) = try group.receive(message, application: everybody, using: crypto) else {
    throw MLSError.internalError("not an application message")
  }
  return received.data
}

/// Whether a thief with these records can read the message.
private func opens(_ stolen: StolenRecords, _ message: MLSMessage) throws -> Bool {
  var thief = try stolen.loaded()
  return (try? read(message, by: &thief)) != nil
}

/// Lets the thief follow a commit as far as its keys reach.
private func follows(_ thief: inout Group, _ message: MLSMessage) -> Bool {
  do {
    guard case .commit(let staged) = try thief.receive(message, application: everybody, using: crypto) else { return false }
    try thief.adopt(staged, at: 0)
    return thief.status == .active
  } catch { return false }
}

private func text(_ number: Int) -> [UInt8] { Array("message \(number)".utf8) }

@Suite struct ForwardSecrecyTests {
  @Test(arguments: thieves) func readMessagesStayClosed(_ suite: CipherSuite) throws {
    var group = try TestGroup(3, suite: suite, using: crypto)
    let messages = try (0..<5).map { try group.members[0].encrypt(text($0), using: crypto) }
    let before = StolenRecords(group.members[1])
    for (i, message) in messages.enumerated() { #expect(try read(message, by: &group.members[1]) == text(i)) }
    let after = StolenRecords(group.members[1])
    for message in messages {
      #expect(try opens(before, message), "control: the state before reading opens it")
      #expect(try !opens(after, message))
    }
    // The sender itself keeps nothing either.
    let sender = StolenRecords(group.members[0])
    for message in messages { #expect(try !opens(sender, message)) }
  }

  @Test func keysThatWereUsedAreGoneFromTheRecords() throws {
    var group = try TestGroup(4, suite: suite1, using: crypto)
    let parameters = try #require(crypto.suites.parameters(of: suite1))
    let sender = group.members[0].leafIndex
    let epoch = group.members[1].epoch
    // The first message expands the tree; from then on the sender's ratchet is known.
    _ = try read(group.members[0].encrypt(text(0), using: crypto), by: &group.members[1])
    for number in 1...4 {
      let before = StolenRecords(group.members[1])
      let old = try #require(try before.ratchets(epoch: epoch, leaf: sender))
      let ratchet = Secret(old.application[0])
      let key = crypto.deriveTreeSecret(
        parameters, ratchet, label: Array("key".utf8), generation: UInt32(number), length: parameters.aead.keySize)
      let next = crypto.deriveTreeSecret(parameters, ratchet, label: Array("secret".utf8), generation: UInt32(number), length: 32)
      #expect(before.contain(old.application[0]), "control: the ratchet's secret is there before")
      _ = try read(group.members[0].encrypt(text(number), using: crypto), by: &group.members[1])
      let after = StolenRecords(group.members[1])
      #expect(!after.contain(old.application[0]))
      #expect(!after.contain(key.exposed))
      #expect(after.contain(next.exposed), "control: the search finds the secret that is kept")
    }
  }

  @Test func expandedNodesAndTheEncryptionSecretAreGone() throws {
    var group = try TestGroup(8, suite: suite1, using: crypto)
    let epoch = group.members[1].epoch
    let fresh = StolenRecords(group.members[1])
    let roots = try fresh.treeSecrets(epoch: epoch)
    // Nobody has spoken: the root alone, which is the encryption secret.
    #expect(Array(roots.keys) == [group.members[1].tree.root.value])
    let encryptionSecret = try #require(roots.values.first)
    _ = try read(group.members[0].encrypt(text(0), using: crypto), by: &group.members[1])
    let first = StolenRecords(group.members[1])
    #expect(fresh.contain(encryptionSecret), "control")
    #expect(!first.contain(encryptionSecret))
    var known = try first.treeSecrets(epoch: epoch)
    #expect(known.count == 3, "the siblings along the path of leaf 0 in a tree of 8")
    for i in 2..<8 {
      _ = try read(group.members[i].encrypt(text(i), using: crypto), by: &group.members[1])
      let now = StolenRecords(group.members[1])
      let left = try now.treeSecrets(epoch: epoch)
      for (node, secret) in known where left[node] == nil { #expect(!now.contain(secret), "node \(node)") }
      known = left
    }
    // All others have spoken: what is left is the own leaf's secret, not yet used.
    #expect(Array(known.keys) == [group.members[1].leafIndex.node.value])
    _ = try group.members[1].encrypt(text(9), using: crypto)
    #expect(try StolenRecords(group.members[1]).treeSecrets(epoch: epoch).isEmpty)
  }

  @Test func skippedKeysAreKeptUntilUsedAndThenGone() throws {
    var group = try TestGroup(2, suite: suite1, using: crypto)
    let messages = try (0..<4).map { try group.members[0].encrypt(text($0), using: crypto) }
    _ = try read(messages[3], by: &group.members[1])
    let skipping = StolenRecords(group.members[1])
    #expect(try !opens(skipping, messages[3]))
    for i in 0..<3 { #expect(try opens(skipping, messages[i]), "not covered: messages that have not arrived can be opened") }
    for i in 0..<3 { _ = try read(messages[i], by: &group.members[1]) }
    let after = StolenRecords(group.members[1])
    for message in messages { #expect(try !opens(after, message)) }
  }

  @Test func skippedKeysAreBounded() throws {
    var group = try TestGroup(2, suite: suite1, using: crypto)
    let messages = try (0..<30).map { try group.members[0].encrypt(text($0), using: crypto) }
    _ = try read(messages[29], by: &group.members[1])
    let kept = group.members[1].reordering.outOfOrder
    let thief = StolenRecords(group.members[1])
    for i in 0..<29 { #expect(try opens(thief, messages[i]) == (i >= 29 - kept), "message \(i)") }
  }

  @Test(arguments: thieves) func pastEpochsCloseWhenTheyAreDropped(_ suite: CipherSuite) throws {
    var group = try TestGroup(2, suite: suite, using: crypto)
    let late = try group.members[0].encrypt(text(1), using: crypto)
    let known = try group.members[0].encrypt(text(2), using: crypto)
    _ = try read(known, by: &group.members[1])
    try group.commit(by: 0)
    let past = StolenRecords(group.members[1])
    #expect(try opens(past, late), "control, and not covered: an epoch that is kept opens its unread messages")
    #expect(try !opens(past, known), "a message that was read stays closed in a past epoch too")
    group.members[1].dropPastEpochs(endedBefore: 1)
    let after = StolenRecords(group.members[1])
    #expect(try !opens(after, late))
    for change in after.changes {
      switch change.key {
      case .secretNode(1, _), .ratchet(1, _), .epoch(1), .formerLeaf(1, _): Issue.record("\(change.key) is still there")
      default: break
      }
    }
  }

  @Test func pastEpochsAreBounded() throws {
    var group = try TestGroup(2, suite: suite1, using: crypto)
    let most = group.members[1].reordering.pastEpochs
    var late: [MLSMessage] = []
    for _ in 0..<most + 3 {
      late.append(try group.members[0].encrypt(text(late.count), using: crypto))
      try group.commit(by: 0)
    }
    let thief = StolenRecords(group.members[1])
    let epochs = Set(thief.changes.compactMap { if case .epoch(let epoch) = $0.key { epoch } else { nil } })
    #expect(epochs.count == most + 1)
    for (i, message) in late.enumerated() { #expect(try opens(thief, message) == (i >= 3), "message \(i)") }
    // With none kept, nothing of the past is there at once.
    group.members[1].reordering.pastEpochs = 0
    let last = try group.members[0].encrypt(text(0), using: crypto)
    try group.commit(by: 0)
    #expect(try !opens(StolenRecords(group.members[1]), last))
    #expect(StolenRecords(group.members[1]).changes.filter { if case .epoch = $0.key { true } else { false } }.count == 1)
  }

  /// What the store is told to delete is what the group has no more: a host that applies the changes keeps no old secret.
  @Test func theChangesDeleteWhatTheGroupForgets() throws {
    var group = try TestGroup(3, suite: suite1, using: crypto)
    var store: [RecordKey: [UInt8]] = [:]
    func save() { for change in group.members[1].takeChanges() { store[change.key] = change.value } }
    save()
    var gone: [[UInt8]] = []
    for round in 0..<8 {
      let records = StolenRecords(group.members[1])
      gone += try records.treeSecrets(epoch: group.members[1].epoch).values
      gone.append(try #require(try records.epochSecrets(group.members[1].epoch)["init"]))
      _ = try read(group.members[0].encrypt(text(round), using: crypto), by: &group.members[1])
      _ = try read(group.members[2].encrypt(text(round), using: crypto), by: &group.members[1])
      _ = try group.members[1].encrypt(text(round), using: crypto)
      save()
      try group.commit(by: round % 3)
      save()
      let now = StolenRecords(store.map { RecordChange($0.key, $0.value) })
      for secret in gone { #expect(!now.contain(secret), "round \(round)") }
    }
  }

  @Test func theKeyScheduleOfTheOldEpochIsGone() throws {
    var group = try TestGroup(2, suite: suite1, using: crypto)
    let epoch = group.members[1].epoch
    let before = StolenRecords(group.members[1])
    let old = try before.epochSecrets(epoch)
    #expect(old.count == 8)
    for (name, secret) in old { #expect(before.contain(secret), "control: \(name)") }
    try group.commit(by: 0)
    let after = StolenRecords(group.members[1])
    for (name, secret) in old {
      // Past epochs keep what reads late messages, and the resumption PSK; all else is gone.
      #expect(after.contain(secret) == (name == "sender data" || name == "resumption"), "\(name)")
    }
    group.members[1].dropPastEpochs(endedBefore: 1)
    let dropped = StolenRecords(group.members[1])
    for (name, secret) in old { #expect(!dropped.contain(secret), "\(name)") }
  }

  @Test(arguments: thieves) func pathAndJoinerSecretsAreNotKept(_ suite: CipherSuite) throws {
    var group = try TestGroup(4, suite: suite, using: crypto)
    let parameters = try #require(crypto.suites.parameters(of: suite))
    let newcomer = try TestClient("new", suite: suite, using: crypto)
    let bundle = try newcomer.keyPackage(using: crypto)
    let pending = try group.commit(by: 2, CommitOptions(proposals: [.add(bundle.keyPackage)]))
    let welcome = try #require(pending.welcome)
    let joined = try Group.join(welcome, with: bundle, JoiningContext(tree: pending.tree), application: everybody, using: crypto)
    let opened = try crypto.decryptWithLabel(
      parameters, with: bundle.initPrivateKey, label: Array("Welcome".utf8), context: welcome.encryptedGroupInfo,
      welcome.secrets[0].encryptedGroupSecrets)
    let secrets = try GroupSecrets(decoding: opened.exposed)
    let path = try #require(secrets.pathSecret)
    var forbidden: [[UInt8]] = [secrets.joinerSecret.secret.exposed]
    // The path secret, those above it, the node secrets and the commit secret at the end.
    var secret = path.secret
    for _ in 0..<4 {
      forbidden.append(secret.exposed)
      forbidden.append(crypto.expandWithLabel(parameters, secret, label: Array("node".utf8), context: [], length: parameters.hash.size).exposed)
      secret = crypto.expandWithLabel(parameters, secret, label: Array("path".utf8), context: [], length: parameters.hash.size)
    }
    for member in group.members + [joined] {
      let records = StolenRecords(member)
      for secret in forbidden { #expect(!records.contain(secret)) }
      #expect(!records.contain(bundle.initPrivateKey.secret.exposed), "the init key is the bundle's alone")
    }
    #expect(StolenRecords(joined).contain(bundle.encryptionPrivateKey.secret.exposed), "control: the leaf's key is needed until the first path")
  }

  @Test(arguments: thieves) func oldLeafAndPathKeysAreGone(_ suite: CipherSuite) throws {
    var group = try TestGroup(4, suite: suite, using: crypto)
    for i in 0..<4 { try group.commit(by: i) }
    for i in 0..<4 {
      let before = StolenRecords(group.members[i])
      let old = try before.privateKeys()
      #expect(old.count == 3, "leaf, parent, root")
      try group.commit(by: i)
      let after = StolenRecords(group.members[i])
      for (node, key) in old {
        #expect(before.contain(key), "control")
        #expect(!after.contain(key), "member \(i), node \(node)")
      }
    }
    // A commit of another replaces the keys that both have.
    let before = try StolenRecords(group.members[0]).privateKeys()
    try group.commit(by: 3)
    let after = StolenRecords(group.members[0])
    let root = group.members[0].tree.root.value
    #expect(!after.contain(try #require(before[root])))
    #expect(after.contain(try #require(before[group.members[0].leafIndex.node.value])), "control: the own leaf's stays")
  }

  @Test func aRotatedSignatureKeyIsGone() throws {
    var group = try TestGroup(2, suite: suite1, using: crypto)
    let old = group.clients[0].identity.signatureKeyPair.privateKey.secret.exposed
    #expect(StolenRecords(group.members[0]).contain(old), "control")
    var options = CommitOptions()
    options.leaf.signatureKeyPair = try crypto.generateSignatureKeyPair(.ed25519)
    try group.commit(by: 0, options)
    #expect(!StolenRecords(group.members[0]).contain(old))
  }

  @Test func ownUpdateKeysGoWithTheEpoch() throws {
    var group = try TestGroup(3, suite: suite1, using: crypto)
    let update = try group.members[0].proposeUpdate(application: everybody, using: crypto)
    try group.deliver(update, from: 0)
    let records = StolenRecords(group.members[0])
    let record = try #require(records.changes.first { if case .ownUpdate = $0.key { true } else { false } }?.value)
    var r = Reader(record)
    _ = try r.uint16()
    let key = try r.opaque()
    // Another commit wins that does not cover the Update.
    var options = CommitOptions()
    options.coversPending = false
    try group.commit(by: 1, options)
    #expect(records.contain(key), "control")
    #expect(!StolenRecords(group.members[0]).contain(key))
  }

  @Test func aLostPendingCommitIsForgotten() throws {
    var group = try TestGroup(3, suite: suite1, using: crypto)
    try group.members[0].commit(application: everybody, using: crypto)
    let pending = try #require(StolenRecords(group.members[0]).value(.pendingCommit))
    let other = try group.members[1].commit(application: everybody, using: crypto)
    #expect(StolenRecords(group.members[0]).contain(Array(pending.suffix(64))), "control, and not covered: a commit that waits is kept with its secrets")
    guard case .commit(let staged) = try group.members[0].receive(other.message, application: everybody, using: crypto) else { return }
    try group.members[0].adopt(staged, at: 0)
    #expect(StolenRecords(group.members[0]).value(.pendingCommit) == nil)
  }
}

@Suite struct PostCompromiseTests {
  @Test(arguments: thieves) func aCommitOfTheVictimLocksTheThiefOut(_ suite: CipherSuite) throws {
    var group = try TestGroup(4, suite: suite, using: crypto)
    var thief = try StolenRecords(group.members[1]).loaded()
    // Control: the thief follows what others do, and reads.
    var other = try group.commit(by: 2)
    #expect(follows(&thief, other.message))
    var message = try group.members[0].encrypt(text(1), using: crypto)
    #expect(try read(message, by: &thief) == text(1))
    // The victim heals.
    let healing = try group.commit(by: 1)
    var copy = thief
    #expect(!follows(&copy, healing.message))
    #expect(throws: MLSError.self) { try copy.receive(healing.message, application: everybody, using: crypto) }
    message = try group.members[0].encrypt(text(2), using: crypto)
    #expect(throws: MLSError.self) { try read(message, by: &thief) }
    // And stays out, whatever comes.
    other = try group.commit(by: 2)
    #expect(!follows(&thief, other.message))
    message = try group.members[3].encrypt(text(3), using: crypto)
    #expect(throws: MLSError.self) { try read(message, by: &thief) }
    #expect(group.agrees)
  }

  @Test(arguments: thieves) func anUpdateOfTheVictimLocksTheThiefOut(_ suite: CipherSuite) throws {
    var group = try TestGroup(4, suite: suite, using: crypto)
    let stolen = StolenRecords(group.members[1])
    let update = try group.members[1].proposeUpdate(application: everybody, using: crypto)
    let tooLate = StolenRecords(group.members[1])
    try group.deliver(update, from: 1)
    let healing = try group.commit(by: 3)
    let message = try group.members[0].encrypt(text(1), using: crypto)
    var thief = try stolen.loaded()
    _ = try thief.receive(update, application: everybody, using: crypto)
    #expect(!follows(&thief, healing.message))
    #expect(throws: MLSError.self) { try read(message, by: &thief) }
    // Control, and not covered: a state stolen after the Update was made has its private key.
    var later = try tooLate.loaded()
    #expect(follows(&later, healing.message))
    #expect(try read(message, by: &later) == text(1))
  }

  @Test func aStolenPendingCommitOpensTheNextEpochOnly() throws {
    var group = try TestGroup(3, suite: suite1, using: crypto)
    let pending = try group.members[0].commit(application: everybody, using: crypto)
    var thief = try StolenRecords(group.members[0]).loaded()
    for i in 1..<3 {
      guard case .commit(let staged) = try group.members[i].receive(pending.message, application: everybody, using: crypto) else { return }
      try group.members[i].adopt(staged, at: 0)
    }
    try group.members[0].adoptPendingCommit(at: 0)
    try thief.adoptPendingCommit(at: 0)
    var message = try group.members[1].encrypt(text(1), using: crypto)
    #expect(try read(message, by: &thief) == text(1), "control, and not covered")
    let healing = try group.commit(by: 0)
    #expect(!follows(&thief, healing.message))
    message = try group.members[1].encrypt(text(2), using: crypto)
    #expect(throws: MLSError.self) { try read(message, by: &thief) }
  }

  /// Without the committer's path there is no healing: `omitsPathWherePossible` says so.
  @Test func aCommitWithoutPathDoesNotHeal() throws {
    var group = try TestGroup(3, suite: suite1, using: crypto)
    var thief = try StolenRecords(group.members[1]).loaded()
    let newcomer = try TestClient("new", suite: suite1, using: crypto)
    let add = CommitOptions(
      proposals: [.add(try newcomer.keyPackage(using: crypto).keyPackage)], omitsPathWherePossible: true)
    let pending = try group.commit(by: 1, add)
    #expect(follows(&thief, pending.message))
    let message = try group.members[0].encrypt(text(1), using: crypto)
    #expect(try read(message, by: &thief) == text(1))
  }

  @Test(arguments: thieves) func aRemovedMemberReadsNothingAndKeepsNoSecret(_ suite: CipherSuite) throws {
    var group = try TestGroup(4, suite: suite, using: crypto)
    for i in 0..<4 { try group.commit(by: i) }
    _ = try read(group.members[0].encrypt(text(0), using: crypto), by: &group.members[3])
    let before = StolenRecords(group.members[3])
    var copy = try before.loaded()
    let epoch = group.members[3].epoch
    var secrets = Array(try before.privateKeys().values)
    secrets += try before.epochSecrets(epoch).values
    secrets += try before.treeSecrets(epoch: epoch).values
    let ratchets = try #require(try before.ratchets(epoch: epoch, leaf: group.members[0].leafIndex))
    secrets += ratchets.application + ratchets.handshake + [group.members[3].state.signingKey.secret.exposed]
    var store: [RecordKey: [UInt8]] = [:]
    for change in group.members[3].takeChanges() { store[change.key] = change.value }

    let pending = try group.commit(by: 0, CommitOptions(proposals: [.remove(group.members[3].leafIndex)]))
    // What was removed by a commit that nobody else can apply comes back; `forget` makes it final.
    #expect(group.members[3].status == .removed)
    #expect(throws: MLSError.usage(.groupInactive)) { try group.members[3].encrypt(text(1), using: crypto) }
    group.members[3].forget()
    for change in group.members[3].takeChanges() { store[change.key] = change.value }
    let after = StolenRecords(group.members[3])
    #expect(after.changes.map { $0.key } == [.header])
    #expect(Array(store.keys) == [.header])
    #expect(store[.header] == after.value(.header))
    for secret in secrets {
      #expect(before.contain(secret), "control")
      #expect(!after.contain(secret))
    }
    var loaded = try after.loaded()
    #expect(loaded.status == .forgotten)
    #expect(throws: MLSError.usage(.groupInactive)) { try loaded.encrypt(text(1), using: crypto) }

    // A copy from before the removal reads nothing of what follows.
    #expect(!follows(&copy, pending.message))
    let message = try group.members[1].encrypt(text(1), using: crypto)
    #expect(throws: MLSError.self) { try read(message, by: &copy) }
    let next = try group.commit(by: 1)
    #expect(throws: MLSError.self) { try copy.receive(next.message, application: everybody, using: crypto) }
  }

  /// The thief forges the removal away: a commit that is opened with keys of before does not give the epoch's secrets.
  @Test func theRemovedMembersKeysOpenNoPathSecret() throws {
    var group = try TestGroup(4, suite: suite1, using: crypto)
    for i in 0..<4 { try group.commit(by: i) }
    let keys = try StolenRecords(group.members[3]).privateKeys()
    let parameters = try #require(crypto.suites.parameters(of: suite1))
    func opened(_ pending: PendingCommit, by keys: [[UInt8]]) throws -> Int {
      guard case .publicMessage(let message) = pending.message, case .commit(let commit) = message.content.content else { return 0 }
      var context = pending.publicGroup.context
      // The path is encrypted under the context before the transcript of this commit.
      context.confirmedTranscriptHash = group.members[1].context.confirmedTranscriptHash
      var count = 0
      for node in try #require(commit.path).nodes {
        for ciphertext in node.encryptedPathSecret {
          for key in keys
          where (try? crypto.decryptWithLabel(
            parameters, with: HPKEPrivateKey(Secret(key)), label: Array("UpdatePathNode".utf8), context: context.encoded(), ciphertext)) != nil
          { count += 1 }
        }
      }
      return count
    }
    let remaining = try StolenRecords(group.members[2]).privateKeys()
    let removal = try group.members[0].commit(
      CommitOptions(proposals: [.remove(group.members[3].leafIndex)]), application: everybody, using: crypto)
    #expect(try opened(removal, by: Array(keys.values)) == 0)
    #expect(try opened(removal, by: Array(remaining.values)) == 1, "control: a member's keys open one")
  }

  @Test func theThiefCannotComeBackWithTheOldState() throws {
    var group = try TestGroup(3, suite: suite1, using: crypto)
    let scheme = try #require(crypto.suites.parameters(of: suite1)).signature
    let victim = group.clients[1].identity
    var thief = try StolenRecords(group.members[1]).loaded()
    // The application knows which signature key belongs to whom; the victim rotates.
    let rotated = try crypto.generateSignatureKeyPair(scheme)
    let before = Directory(group.clients.map { ($0.identity.credential, $0.identity.signatureKeyPair.publicKey) })
    var options = CommitOptions()
    options.leaf.signatureKeyPair = rotated
    let info = try group.members[0].groupInfo(withTree: true, using: crypto)
    // Control, and not covered: before the rotation the thief can take the victim's place, visibly, by an external commit.
    let early = try Group.joinExternally(
      info, identity: victim, replacing: group.members[1].leafIndex, application: before, using: crypto)
    var observer = group.members[0]
    guard case .commit = try observer.receive(early.message, application: before, using: crypto) else {
      Issue.record("the control was refused")
      return
    }
    try group.commit(by: 1, options)
    var directory = before
    directory[victim.credential] = rotated.publicKey

    // With the old signature key: the directory refuses the leaf.
    let fresh = try group.members[0].groupInfo(withTree: true, using: crypto)
    let late = try Group.joinExternally(
      fresh, identity: victim, replacing: group.members[1].leafIndex, application: everybody, using: crypto)
    for i in group.members.indices {
      #expect(throws: MLSError.rule(.credential)) {
        try group.members[i].receive(late.message, application: directory, using: crypto)
      }
    }
    // As a member with the old epoch's keys: its messages are of an ended epoch, and forging the new one fails at the membership tag.
    let old = try thief.commit(application: everybody, using: crypto)
    #expect(throws: MLSError.wrongEpoch(current: 0, message: 0)) {
      try group.members[0].receive(old.message, application: directory, using: crypto)
    }
    guard case .publicMessage(var forged) = old.message else { return }
    forged.content.epoch = group.members[0].epoch
    #expect(throws: MLSError.rule(.membershipTag)) {
      try group.members[0].receive(.publicMessage(forged), application: directory, using: crypto)
    }
    // With a signature that is valid in the new epoch's context too, as long as the key had not been rotated: the tag still needs the new secrets.
    forged.auth.signature = try forged.content.sign(
      .publicMessage, context: group.members[0].context.encoded(), with: victim.signatureKeyPair.privateKey,
      try #require(crypto.suites.parameters(of: suite1)), using: crypto)
    #expect(throws: MLSError.rule(.membershipTag)) {
      try group.members[0].receive(.publicMessage(forged), application: directory, using: crypto)
    }
    // With the old external key pair: an external commit of others is closed to the thief.
    let newcomer = try TestClient("new", suite: suite1, using: crypto)
    let join = try Group.joinExternally(
      group.members[0].groupInfo(withTree: true, using: crypto), identity: newcomer.identity, application: everybody, using: crypto)
    #expect(!follows(&thief, join.message))
  }

  /// A Welcome opens with the key package it was made for, and with nothing that the group's records keep.
  @Test func aStolenGroupOpensNoWelcome() throws {
    var group = try TestGroup(2, suite: suite1, using: crypto)
    let client = try TestClient("new", suite: suite1, using: crypto)
    let bundle = try client.keyPackage(using: crypto)
    let pending = try group.commit(by: 0, CommitOptions(proposals: [.add(bundle.keyPackage)]))
    let welcome = try #require(pending.welcome)
    let joined = try Group.join(welcome, with: bundle, JoiningContext(tree: pending.tree), application: everybody, using: crypto)
    for key in try StolenRecords(joined).privateKeys().values {
      let wrong = KeyPackageBundle(
        keyPackage: bundle.keyPackage, initPrivateKey: HPKEPrivateKey(Secret(key)), encryptionPrivateKey: bundle.encryptionPrivateKey,
        signaturePrivateKey: bundle.signaturePrivateKey)
      #expect(throws: MLSError.undecryptable("")) {
        try Group.join(welcome, with: wrong, JoiningContext(tree: pending.tree), application: everybody, using: crypto)
      }
    }
    // Not covered: a stolen bundle that was not deleted, as a last resort's is not, opens the Welcome again and reads the epoch from its beginning.
    let message = try group.members[0].encrypt(text(1), using: crypto)
    var thief = try Group.join(
      welcome, with: KeyPackageBundle(serialized: bundle.serialized()), JoiningContext(tree: pending.tree), application: everybody,
      using: crypto)
    #expect(try read(message, by: &thief) == text(1), "control")
  }
}

/// An application that knows each credential's signature key.
private struct Directory: MLSApplication {
  private var keys: [Credential: SignaturePublicKey] = [:]
  init(_ entries: [(Credential, SignaturePublicKey)]) { for (credential, key) in entries { keys[credential] = key } }
  subscript(credential: Credential) -> SignaturePublicKey? {
    get { keys[credential] }
    set { keys[credential] = newValue }
  }
  func validate(_ leaf: LeafNode, in context: GroupContext?) -> Bool { keys[leaf.credential] == leaf.signatureKey }
  func permits(_ proposal: Proposal, from sender: Sender, in group: PublicGroup) -> Bool { true }
}
