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
  fileprivate func signedCommit(_ commit: Commit, by i: Int) throws -> MLSMessage {
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
}
