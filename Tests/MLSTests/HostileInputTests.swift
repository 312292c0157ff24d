// Messages, trees and contexts that no honest client makes: each is refused with an error where it once trapped, looped or cost too much.
import CryptoInterface
import MLS
import MLSScenarios
import SwiftCryptoProvider
import TLSCodec
import Testing

private let parameters = crypto.suites.parameters(of: suite1)!

/// A GroupInfo as its signer could have made it with another context, tree or extensions.
private func forged(_ group: Group, _ change: (inout GroupInfo) -> Void) throws -> GroupInfo {
  var info = try group.groupInfo(withTree: true, using: crypto)
  change(&info)
  try info.sign(parameters, with: group.state.signingKey, using: crypto)
  return info
}

extension TestGroup {
  /// A commit as a malicious member frames it; its confirmation tag is wrong.
  func signedCommit(_ commit: Commit, by i: Int) throws -> MLSMessage {
    let state = members[i].state
    let content = FramedContent(
      groupID: members[i].groupID, epoch: members[i].epoch, sender: .member(members[i].leafIndex), authenticatedData: [],
      content: .commit(commit))
    let context = state.publicGroup.encodedContext
    let signature = try content.sign(.publicMessage, context: context, with: state.signingKey, parameters, using: crypto)
    let signed = AuthenticatedContent(
      wireFormat: .publicMessage, content: content, auth: FramedContentAuthData(signature: signature, confirmationTag: []))
    return .publicMessage(
      try PublicMessage(protecting: signed, context: context, membershipKey: state.secrets.membershipKey, parameters, using: crypto))
  }
}

@Suite struct HostileInputTests {
  @Test func aGroupAtTheLastEpochGoesNowhere() throws {
    let group = try TestGroup(2, suite: suite1, using: crypto).members[0]
    let newcomer = try TestClient("new", suite: suite1, using: crypto)
    for epoch in [Limits.epoch, .max - 1, .max] {
      let last = try forged(group) { $0.groupContext.epoch = epoch }
      #expect(throws: MLSError.rule(.epochLimit)) {
        try Group.joinExternally(last, identity: newcomer.identity, application: everybody, using: crypto)
      }
      #expect(throws: MLSError.rule(.epochLimit)) { try PublicGroup(groupInfo: last, application: everybody, using: crypto) }
    }
    let before = try forged(group) { $0.groupContext.epoch = Limits.epoch - 1 }
    let joined = try Group.joinExternally(before, identity: newcomer.identity, application: everybody, using: crypto)
    #expect(joined.group.epoch == Limits.epoch)
    #expect(throws: Never.self) { try Group(records: joined.group.records(), using: crypto) }
    #expect(throws: Never.self) { try PublicGroup(serialized: joined.group.publicGroup.serialized(), using: crypto) }
    var member = joined.group
    #expect(throws: Never.self) { try member.commit(application: everybody, using: crypto) }
  }

  /// Found by fuzzing.
  @Test func anOwnCommitThatNobodyRemembersIsNamed() throws {
    var group = try TestGroup(3, suite: suite1, using: crypto)
    var restored = group.members[0]
    let pending = try group.members[0].commit(application: everybody, using: crypto)
    #expect(throws: MLSError.ownCommitUnknown) { try restored.receive(pending.message, application: everybody, using: crypto) }
    // One that was only put aside is recognised.
    group.members[0].discardPendingCommit()
    try group.members[0].commit(application: everybody, using: crypto)
    guard case .ownCommit = try group.members[0].receive(pending.message, application: everybody, using: crypto) else {
      Issue.record("not recognised")
      return
    }
    try group.members[0].adoptPendingCommit(at: 0)
    guard case .commit(let staged) = try group.members[1].receive(pending.message, application: everybody, using: crypto) else { return }
    #expect(group.members[0].context == staged.context)
  }

  /// 100,000 references to one key package of a megabyte would be 100,000 megabytes to look at.
  @Test func aProposalIsNamedOnce() throws {
    var group = try TestGroup(2, suite: suite1, using: crypto)
    let client = try TestClient("new", suite: suite1, using: crypto)
    let bundle = try client.keyPackage(extensions: [Extension(ExtensionType(0x0A0A), [UInt8](repeating: 1, count: 1 << 20))], using: crypto)
    try group.deliver(try group.members[0].propose(.add(bundle.keyPackage), application: everybody, using: crypto), from: 0)
    let ref = group.members[0].proposals[0].ref
    let commit = Commit(proposals: [ProposalOrRef](repeating: .reference(ref), count: 60_000))
    let message = try group.signedCommit(commit, by: 0)
    #expect(throws: MLSError.rule(.proposalNamedOnce)) {
      try group.members[1].receive(message, application: everybody, using: crypto)
    }
  }

  /// Two bytes of a list must not take hundreds in memory without a bound.
  @Test func listsAreBounded() throws {
    func refuses<T: TLSDecodable>(_: T.Type, _ fill: (inout Writer) -> Void) {
      var w = Writer()
      fill(&w)
      #expect(throws: DecodingError.limitExceeded("")) { try T(decoding: w.bytes) }
    }
    refuses(Commit.self) { w in
      w.vector { (w: inout Writer) in for _ in 0...Limits.commitProposals { w.fixed([2, 0]) } }
      w.uint8(0)
    }
    refuses(Extensions.self) { w in w.vector { (w: inout Writer) in for i in 0...Limits.extensions { Extension(ExtensionType(UInt16(i)), []).encode(to: &w) } } }
    let types = [ExtensionType](repeating: ExtensionType(1), count: Limits.capabilityEntries + 1)
    refuses(Capabilities.self) { Capabilities(cipherSuites: [], extensions: types).encode(to: &$0) }
    refuses(RequiredCapabilities.self) { RequiredCapabilities(extensionTypes: types).encode(to: &$0) }
  }

  /// 2 MB of id, in the signed content of 20,000 leaves, were 40 GB.
  @Test func groupIDsAreShort() throws {
    let client = try TestClient("0", suite: suite1, using: crypto)
    #expect(throws: MLSError.usage(.invalidArgument)) {
      try client.createGroup(String(repeating: "a", count: Limits.groupIDBytes + 1), using: crypto)
    }
    var context = try client.createGroup(String(repeating: "a", count: Limits.groupIDBytes), using: crypto).context
    #expect(try GroupContext(decoding: context.encoded()) == context)
    context.groupID.append(0)
    #expect(throws: DecodingError.limitExceeded("")) { try GroupContext(decoding: context.encoded()) }
    let reinit = ReInit(groupID: context.groupID, cipherSuite: suite1, extensions: [])
    #expect(throws: DecodingError.limitExceeded("")) { try ReInit(decoding: reinit.encoded()) }
  }

  /// Members with megabytes in their leaves could be added until the tree had no encoding any more, which traps.
  @Test func leavesAreBounded() throws {
    var client = try TestClient("0", suite: suite1, using: crypto)
    client.identity.capabilities.extensions.append(ExtensionType(0x0A0A))
    for (size, fits) in [(Limits.leafBytes - 400, true), (Limits.leafBytes, false)] {
      client.identity.extensions = [Extension(ExtensionType(0x0A0A), [UInt8](repeating: 0, count: size))]
      let bytes = try client.keyPackage(using: crypto).keyPackage.encoded()
      if fits {
        #expect(throws: Never.self) { try KeyPackage(decoding: bytes) }
      } else {
        #expect(throws: DecodingError.limitExceeded("")) { try KeyPackage(decoding: bytes) }
      }
    }
  }

  /// Updates of megabytes to one component after the other grew the context until it had no encoding any more, which traps.
  @Test func theContextIsBounded() throws {
    var group = try TestGroup(2, suite: suite1, using: crypto)
    func update(_ component: UInt16, _ size: Int) -> CommitOptions {
      CommitOptions(proposals: [.appDataUpdate(AppDataUpdate(ComponentID(component), .update([UInt8](repeating: 0, count: size))))])
    }
    try group.commit(by: 0, update(0x8000, Limits.contextBytes / 2))
    #expect(throws: MLSError.decoding(.limitExceeded(""))) { try group.commit(by: 0, update(0x8001, Limits.contextBytes / 2)) }
    let commit = Commit(proposals: update(0x8001, Limits.contextBytes / 2).proposals.map { .proposal($0) })
    let message = try group.signedCommit(commit, by: 0)
    #expect(throws: MLSError.decoding(.limitExceeded(""))) {
      try group.members[1].receive(message, application: everybody, using: crypto)
    }
    let large = Extension(ExtensionType(0x0A0A), [UInt8](repeating: 0, count: Limits.contextBytes))
    let info = try forged(group.members[0]) { $0.groupContext.extensions.entries.append(large) }
    #expect(throws: DecodingError.limitExceeded("")) { try GroupInfo(decoding: info.encoded()) }
  }

  @Test func waitingProposalsAreBoundedInBytes() throws {
    var group = try TestGroup(2, suite: suite1, using: crypto)
    let large = [UInt8](repeating: 0, count: Limits.pendingProposalBytes / 2 - 100)
    for i in 0..<3 {
      let proposal = Proposal.appDataUpdate(AppDataUpdate(ComponentID(0x8000 + UInt16(i)), .update(large)))
      if i < 2 {
        _ = try group.members[0].propose(proposal, application: everybody, using: crypto)
      } else {
        #expect(throws: MLSError.decoding(.limitExceeded(""))) {
          try group.members[0].propose(proposal, application: everybody, using: crypto)
        }
      }
    }
    #expect(group.members[0].proposals.count == 2)
  }

  /// Proposals that are good each for itself, and not together.
  @Test func contradictingProposalsDoNotStopACommitter() throws {
    var group = try TestGroup(3, suite: suite1, using: crypto)
    var clients: [TestClient] = []
    for i in 0..<40 { clients.append(try TestClient("new \(i)", suite: suite1, using: crypto)) }
    for i in 0..<80 {
      // Every client twice: the second Add contradicts the first.
      let keyPackage = try clients[i % 40].keyPackage(using: crypto).keyPackage
      try group.deliver(try group.members[1].propose(.add(keyPackage), application: everybody, using: crypto), from: 1)
    }
    let pending = try group.commit(by: 0)
    #expect(pending.added.count >= 20 && pending.added.count <= 40)
    #expect(group.agrees)
    // One contradiction among many costs none of the others.
    for i in 0..<30 {
      let client = try TestClient("other \(i)", suite: suite1, using: crypto)
      let message = try group.members[1].propose(
        .add(try client.keyPackage(using: crypto).keyPackage), application: everybody, using: crypto)
      try group.deliver(message, from: 1)
      if i == 13 {
        let again = try group.members[2].propose(
          .add(try client.keyPackage(using: crypto).keyPackage), application: everybody, using: crypto)
        try group.deliver(again, from: 2)
      }
    }
    #expect(try group.commit(by: 0).added.count == 30)
    #expect(group.agrees)
  }
}
