import CryptoInterface
import MLS
import MLSScenarios
import SwiftCryptoProvider
import TLSCodec
import Testing

let crypto = SwiftCryptoProvider()
let everybody = TrustEveryone()
/// One classical suite of each kind and X-Wing.
let suites: [CipherSuite] = crypto.suites.entries.map { $0.suite }
let suite1 = CipherSuite(1)

@Suite struct GroupTests {
  @Test(arguments: suites) func twoMembersTalk(_ suite: CipherSuite) throws {
    var group = try TestGroup(2, suite: suite, using: crypto)
    #expect(group.agrees)
    let message = try group.members[0].encrypt([1, 2, 3], authenticatedData: [9], padding: 100, using: crypto)
    guard case .application(let received) = try group.members[1].receive(message, application: everybody, using: crypto) else {
      Issue.record("not an application message")
      return
    }
    #expect(received.data == [1, 2, 3])
    #expect(received.authenticatedData == [9])
    #expect(received.sender == group.members[0].leafIndex)
    #expect(throws: MLSError.generationUsed) { try group.members[1].receive(message, application: everybody, using: crypto) }
    try group.commit(by: 1)
    #expect(group.agrees)
    #expect(group.members[0].epoch == 2)
  }

  @Test(arguments: suites) func membersComeAndGo(_ suite: CipherSuite) throws {
    var group = try TestGroup(7, suite: suite, using: crypto)
    for i in 0..<7 { try group.commit(by: i) }
    #expect(group.agrees)
    try group.commit(by: 3, CommitOptions(proposals: [.remove(group.members[5].leafIndex), .remove(group.members[6].leafIndex)]))
    #expect(group.agrees)
    #expect(group.members[5].status == .removed)
    #expect(group.members[0].tree.memberCount == 5)
    let update = try group.members[2].proposeUpdate(application: everybody, using: crypto)
    try group.deliver(update, from: 2)
    try group.commit(by: 0)
    #expect(group.agrees)
  }

  @Test func handshakesCanBePrivate() throws {
    var group = try TestGroup(4, suite: suite1, using: crypto)
    let proposal = try group.members[1].propose(
      .remove(group.members[3].leafIndex), format: .privateMessage, application: everybody, using: crypto)
    try group.deliver(proposal, from: 1)
    try group.commit(by: 2, CommitOptions(format: .privateMessage, padding: 64))
    #expect(group.agrees)
    #expect(group.members[3].status == .removed)
  }

  @Test func externalJoinAndResync() throws {
    var group = try TestGroup(3, suite: suite1, using: crypto)
    let newcomer = try TestClient("new", suite: suite1, using: crypto)
    let info = try group.members[0].groupInfo(withTree: true, using: crypto)
    let joining = try Group.joinExternally(info, identity: newcomer.identity, application: everybody, using: crypto)
    for i in group.members.indices {
      guard case .commit(let staged) = try group.members[i].receive(joining.message, application: everybody, using: crypto) else {
        Issue.record("not a commit")
        return
      }
      #expect(staged.isExternal)
      try group.members[i].adopt(staged, at: 0)
    }
    group.members.append(joining.group)
    #expect(group.agrees)
    // The newcomer has lost its state and comes back in its own place.
    let again = try Group.joinExternally(
      group.members[1].groupInfo(withTree: true, using: crypto), identity: newcomer.identity, replacing: joining.group.leafIndex,
      application: everybody, using: crypto)
    group.members.removeLast()
    for i in group.members.indices {
      guard case .commit(let staged) = try group.members[i].receive(again.message, application: everybody, using: crypto) else { return }
      try group.members[i].adopt(staged, at: 0)
    }
    group.members.append(again.group)
    #expect(group.agrees)
    #expect(group.members[0].tree.memberCount == 4)
  }
}
