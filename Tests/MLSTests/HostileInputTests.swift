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
    let last = try forged(group) { $0.groupContext.epoch = .max }
    #expect(throws: MLSError.decoding(.limitExceeded("epoch"))) {
      try Group.joinExternally(last, identity: newcomer.identity, application: everybody, using: crypto)
    }
    let lastButOne = try forged(group) { $0.groupContext.epoch = .max - 1 }
    var delivery = try PublicGroup(groupInfo: lastButOne, application: everybody, using: crypto)
    let joined = try Group.joinExternally(lastButOne, identity: newcomer.identity, application: everybody, using: crypto)
    guard case .publicMessage(let message) = joined.message else { return }
    try delivery.adopt(delivery.process(commit: message, application: everybody, using: crypto))
    #expect(joined.group.epoch == .max && delivery.epoch == .max)
    var member = joined.group
    #expect(throws: MLSError.decoding(.limitExceeded("epoch"))) { try member.commit(application: everybody, using: crypto) }
    // A peer's commit there, with a valid signature.
    let content = FramedContent(
      groupID: delivery.groupID, epoch: .max, sender: .member(member.leafIndex), authenticatedData: [],
      content: .commit(
        Commit(proposals: [.proposal(.psk(PreSharedKeyID(.external(id: []), nonce: [UInt8](repeating: 0, count: 32))))])))
    let signature = try content.sign(
      .publicMessage, context: delivery.encodedContext, with: member.state.signingKey, parameters, using: crypto)
    let commit = PublicMessage(content: content, auth: FramedContentAuthData(signature: signature, confirmationTag: []), membershipTag: [])
    #expect(throws: MLSError.decoding(.limitExceeded("epoch"))) { try delivery.process(commit: commit, application: everybody, using: crypto) }
  }

  /// Found by fuzzing.
  @Test func anOwnCommitThatWasForgottenIsUndecryptable() throws {
    var group = try TestGroup(3, suite: suite1, using: crypto)
    let pending = try group.members[0].commit(application: everybody, using: crypto)
    group.members[0].discardPendingCommit()
    #expect(throws: MLSError.undecryptable("")) { try group.members[0].receive(pending.message, application: everybody, using: crypto) }
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
    #expect(throws: MLSError.decoding(.invalidValue(""))) {
      try group.members[1].receive(message, application: everybody, using: crypto)
    }
  }
}
