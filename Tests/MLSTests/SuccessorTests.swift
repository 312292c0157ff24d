import CryptoInterface
import MLS
import MLSScenarios
import SwiftCryptoProvider
import TLSCodec
import Testing

/// RFC 9420 §11.2, §11.3 and §8.6 seen from both sides: groups that continue, branch, and remember.
@Suite struct SuccessorTests {
  struct ByName: MLSApplication {
    func validate(_ leaf: LeafNode, in context: GroupContext?) -> Bool { true }
  }
  let byName = ByName()

  /// Fresh clients of the same names for another suite.
  func clients(_ count: Int, _ suite: CipherSuite) throws -> [TestClient] {
    try (0..<count).map { try TestClient(String($0), suite: suite, using: crypto) }
  }

  /// Lets everybody join who was added, and brings the creator into epoch 1.
  func join(_ creator: Group, _ i: Int, _ bundles: [Int: KeyPackageBundle], prior old: [Group]) throws -> [Int: Group] {
    var creator = creator
    let pending = try #require(creator.pendingCommit)
    let welcome = try #require(pending.welcome)
    var result: [Int: Group] = [:]
    for (j, bundle) in bundles {
      let slice = try #require(welcome.slice(for: try bundle.keyPackage.ref(using: crypto)))
      result[j] = try Group.join(
        Welcome(decoding: slice.encoded()), with: bundle, JoiningContext(tree: pending.tree, priorGroup: old[j]), application: byName,
        using: crypto)
    }
    try creator.adoptPendingCommit(at: 0)
    result[i] = creator
    return result
  }

  func talk(_ groups: [Int: Group]) throws {
    var groups = groups
    for i in groups.keys {
      let message = try groups[i]!.encrypt([UInt8(i)], using: crypto)
      for j in groups.keys where j != i {
        guard case .application(let received) = try groups[j]!.receive(message, application: byName, using: crypto) else {
          Issue.record("not an application message")
          return
        }
        #expect(received.data == [UInt8(i)])
      }
    }
    #expect(Set(groups.values.map { $0.epochAuthenticator.secret.exposed }).count == 1)
  }

  @Test(arguments: [0, 1, 3]) func everybodyMovesToXWing(_ creator: Int) throws {
    var old = try TestGroup(4, suite: suite1, using: crypto)
    let reinit = ReInit(
      groupID: Array("moved".utf8), cipherSuite: .standard,
      extensions: [Extension(.requiredCapabilities, RequiredCapabilities(proposalTypes: [.selfRemove]).encoded())])
    try old.commit(by: 1, CommitOptions(proposals: [.reinit(reinit)]))
    for member in old.members { #expect(member.status == .reinitialized(reinit)) }
    let clients = try clients(4, .standard)
    var bundles: [Int: KeyPackageBundle] = [:]
    for i in 0..<4 where i != creator { bundles[i] = try clients[i].keyPackage(using: crypto) }
    let new = try old.members[creator].reinitialize(
      identity: clients[creator].identity, keyPackages: bundles.values.map { $0.keyPackage }, application: byName, using: crypto)
    let groups = try join(new, creator, bundles, prior: old.members)
    for group in groups.values {
      #expect(group.epoch == 1)
      #expect(group.cipherSuite == .standard)
      #expect(group.groupID == reinit.groupID)
      #expect(group.context.extensions == reinit.extensions)
    }
    try talk(groups)
  }

  /// RFC 9420 §12.1.5 asks only that the version is no lower, and the interoperability scripts reinitialise under the same id.
  @Test func aSuccessorMayKeepTheID() throws {
    var old = try TestGroup(3, suite: suite1, using: crypto)
    let id = old.members[0].groupID
    let proposal = try old.members[2].propose(
      .reinit(ReInit(groupID: id, cipherSuite: .standard, extensions: [])), application: byName, using: crypto)
    try old.deliver(proposal, from: 2)
    try old.commit(by: 1, CommitOptions(coversReInit: true))
    let clients = try clients(3, .standard)
    let bundle = try clients[0].keyPackage(using: crypto)
    let other = try clients[1].keyPackage(using: crypto)
    let new = try old.members[2].reinitialize(
      identity: clients[2].identity, keyPackages: [bundle.keyPackage, other.keyPackage], application: byName, using: crypto)
    let pending = try #require(new.pendingCommit)
    let welcome = try #require(pending.welcome)
    var joining = JoiningContext(tree: pending.tree, priorGroup: old.members[0])
    joining.isKnownGroup = { $0 == id }
    let joined = try Group.join(welcome, with: bundle, joining, application: byName, using: crypto)
    #expect(joined.groupID == id)
    #expect(joined.cipherSuite == .standard)
    // Who is still in a group of this id is not in its successor.
    joining.priorGroup = try TestGroup(3, suite: suite1, using: crypto).members[0]
    #expect(throws: MLSError.self) { try Group.join(welcome, with: bundle, joining, application: byName, using: crypto) }
    try talk(join(new, 2, [0: bundle, 1: other], prior: old.members))
  }

  @Test func anEndedGroupIsReadButNotUsed() throws {
    var old = try TestGroup(3, suite: suite1, using: crypto)
    let early = try old.members[0].encrypt([1], using: crypto)
    try old.commit(by: 2, CommitOptions(proposals: [.reinit(ReInit(groupID: [1], cipherSuite: suite1, extensions: []))]))
    guard case .application = try old.members[1].receive(early, application: everybody, using: crypto) else {
      Issue.record("a message of the last epoch was lost")
      return
    }
    for i in 0..<3 {
      #expect(throws: MLSError.usage(.groupInactive)) { try old.members[i].encrypt([1], using: crypto) }
      #expect(throws: MLSError.usage(.groupInactive)) { try old.members[i].commit(application: everybody, using: crypto) }
      #expect(throws: MLSError.usage(.groupInactive)) {
        try old.members[i].propose(.remove(LeafIndex(1)), application: everybody, using: crypto)
      }
    }
    // Restored from its records it is still ended.
    let again = try Group(records: old.members[0].records(), using: crypto)
    #expect(again.status == old.members[0].status)
  }

  @Test func reinitByReferenceAndFromAnExternalSender() throws {
    let sender = try crypto.generateSignatureKeyPair(.ed25519)
    let senders = Extension(
      .externalSenders, ExternalSenders([ExternalSender(signatureKey: sender.publicKey, credential: .basic(identity: [1]))]).encoded())
    var old = try TestGroup(3, suite: suite1, extensions: [senders], using: crypto)
    let reinit = ReInit(groupID: [2], cipherSuite: .standard, extensions: [])
    let message = try ExternalProposal.make(
      .reinit(reinit), groupID: old.members[0].groupID, epoch: old.members[0].epoch, suite: suite1, senderIndex: 0,
      signatureKey: sender.privateKey, using: crypto)
    try old.deliver(.publicMessage(message))
    // Ending a group at somebody else's word takes a committer who wants it.
    var another = old
    try another.commit(by: 1)
    #expect(another.members.allSatisfy { $0.status == .active })
    try old.commit(by: 2, CommitOptions(coversReInit: true))
    #expect(old.members.allSatisfy { $0.status == .reinitialized(reinit) })
  }

  @Test func nobodyIsLeftBehind() throws {
    var old = try TestGroup(3, suite: suite1, using: crypto)
    #expect(throws: MLSError.usage(.groupInactive)) {
      try old.members[0].reinitialize(
        identity: old.clients[0].identity, keyPackages: [], application: byName, using: crypto)
    }
    try old.commit(by: 0, CommitOptions(proposals: [.reinit(ReInit(groupID: [1], cipherSuite: .standard, extensions: []))]))
    let clients = try clients(3, .standard)
    let one = try clients[1].keyPackage(using: crypto).keyPackage
    #expect(throws: MLSError.rule(.reinitMembers)) {
      try old.members[0].reinitialize(identity: clients[0].identity, keyPackages: [one], application: byName, using: crypto)
    }
  }

  @Test(arguments: [suite1, CipherSuite.standard]) func someBranchOff(_ suite: CipherSuite) throws {
    var old = try TestGroup(5, suite: suite, using: crypto)
    try old.commit(by: 3)
    let clients = try clients(5, suite)
    var bundles: [Int: KeyPackageBundle] = [:]
    for i in [1, 4] { bundles[i] = try clients[i].keyPackage(using: crypto) }
    let new = try old.members[2].branch(
      groupID: [9], identity: clients[2].identity, keyPackages: bundles.values.map { $0.keyPackage }, application: byName, using: crypto)
    let groups = try join(new, 2, bundles, prior: old.members)
    #expect(groups.values.allSatisfy { $0.tree.memberCount == 3 && $0.cipherSuite == suite })
    try talk(groups)
    // The old group lives on.
    try old.commit(by: 0)
    #expect(old.agrees)
  }

  @Test func aBranchFromAPastEpochIsJoined() throws {
    var old = try TestGroup(3, suite: suite1, using: crypto)
    let clients = try clients(3, suite1)
    let bundle = try clients[1].keyPackage(using: crypto)
    let new = try old.members[0].branch(
      groupID: [9], identity: clients[0].identity, keyPackages: [bundle.keyPackage], application: byName, using: crypto)
    // Meanwhile the old group has moved on.
    try old.commit(by: 2)
    try talk(join(new, 0, [1: bundle], prior: old.members))
  }

  @Test func aStrangerToTheOldGroupCannotJoinItsSuccessors() throws {
    let old = try TestGroup(3, suite: suite1, using: crypto)
    let clients = try clients(3, suite1)
    let bundle = try clients[1].keyPackage(using: crypto)
    let new = try old.members[0].branch(
      groupID: [9], identity: clients[0].identity, keyPackages: [bundle.keyPackage], application: byName, using: crypto)
    let pending = try #require(new.pendingCommit)
    let welcome = try #require(pending.welcome)
    #expect(throws: MLSError.missingPSK) {
      try Group.join(welcome, with: bundle, JoiningContext(tree: pending.tree), application: byName, using: crypto)
    }
    // Another group of the same name has another PSK.
    let other = try TestGroup(3, suite: suite1, using: crypto)
    #expect(throws: MLSError.undecryptable("group info")) {
      try Group.join(
        welcome, with: bundle, JoiningContext(tree: pending.tree, priorGroup: other.members[1]), application: byName, using: crypto)
    }
  }

  /// A PSK proposal naming an epoch of the group itself.
  func resumption(_ group: Group, epoch: UInt64) -> Proposal {
    .psk(PreSharedKeyID(.resumption(usage: .application, groupID: group.groupID, epoch: epoch), nonce: crypto.random(32)))
  }

  @Test func resumptionPSKsOfThisAndPastEpochs() throws {
    var group = try TestGroup(3, suite: suite1, using: crypto)
    let first = group.members[0].epoch
    for i in 0..<3 { try group.commit(by: i) }
    try group.commit(by: 1, CommitOptions(proposals: [resumption(group.members[1], epoch: first), resumption(group.members[1], epoch: first + 3)]))
    #expect(group.agrees)
  }

  @Test func aForgottenEpochsPSKIsMissing() throws {
    var group = try TestGroup(3, suite: suite1, using: crypto)
    let first = group.members[0].epoch
    for i in 0..<3 { try group.commit(by: i) }
    group.members[2].dropPastEpochs(endedBefore: 1)
    let pending = try group.members[0].commit(
      CommitOptions(proposals: [resumption(group.members[0], epoch: first)]), application: everybody, using: crypto)
    #expect(throws: MLSError.missingPSK) { try group.members[2].receive(pending.message, application: everybody, using: crypto) }
    guard case .commit = try group.members[1].receive(pending.message, application: everybody, using: crypto) else {
      Issue.record("not a commit")
      return
    }
    // The caller may have kept it elsewhere.
    let psk = try #require(group.members[1].resumptionPSK(of: first))
    var kept = PreSharedKeys()
    kept.add(resumption: group.members[0].groupID, epoch: first, psk)
    guard case .commit = try group.members[2].receive(pending.message, psks: kept, application: everybody, using: crypto) else {
      Issue.record("not a commit")
      return
    }
    var wrong = PreSharedKeys()
    wrong.add(resumption: group.members[0].groupID, epoch: first, ResumptionPSK(Secret.zeros(32)))
    #expect(throws: MLSError.rule(.confirmationTag)) {
      try group.members[2].receive(pending.message, psks: wrong, application: everybody, using: crypto)
    }
  }

  @Test func aResyncProvesItsPast() throws {
    var group = try TestGroup(3, suite: suite1, using: crypto)
    let lost = group.members[2]
    let info = try group.members[0].groupInfo(withTree: true, using: crypto)
    var psks = PreSharedKeys()
    psks.add(resumption: lost.groupID, epoch: lost.epoch, lost.resumptionPSK)
    let joining = try Group.joinExternally(
      info, identity: group.clients[2].identity, replacing: lost.leafIndex, proposals: [resumption(lost, epoch: lost.epoch)], psks: psks,
      application: everybody, using: crypto)
    group.members.removeLast()
    for i in group.members.indices {
      guard case .commit(let staged) = try group.members[i].receive(joining.message, application: everybody, using: crypto) else { return }
      try group.members[i].adopt(staged, at: 0)
    }
    group.members.append(joining.group)
    #expect(group.agrees)
  }
}
