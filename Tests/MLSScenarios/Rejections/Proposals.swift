// RFC 9420 §12.1 and §12.2: proposals alone and as a list.
import CryptoInterface
import MLS
import TLSCodec

extension Rejections {
  /// A fault of a single proposal shows when it is proposed, and when a commit brings it by value.
  private static func alone(
    _ rule: Rule, _ fault: String, _ bad: @escaping @Sendable (Setting<Crypto>) throws -> Proposal,
    honest good: @escaping @Sendable (Setting<Crypto>) throws -> Proposal, members: Int = 4
  ) -> [Rejection<Crypto>] {
    [
      Rejection(rule, "proposal: \(fault)") { crypto in
        var setting = try Setting(crypto, members: members)
        setting.psks.add(external: [7], Secret([1]))
        return try setting.refusal(ofProposal: bad(setting), honest: good(setting))
      },
      Rejection(rule, "by value: \(fault)") { crypto in
        var setting = try Setting(crypto, members: members)
        setting.psks.add(external: [7], Secret([1]))
        let group = setting.group.members[0]
        setting.psks.add(resumption: group.groupID, epoch: group.epoch, group.resumptionPSK)
        let (bad, good) = try (bad(setting), good(setting))
        return try setting.refusal(ofCommit: { $0.proposals = [bad] }, honest: { $0.proposals = [good] })
      },
    ]
  }

  static var proposals: [Rejection<Crypto>] {
    alone(.removeTarget, "Remove of a leaf outside of the tree", { _ in .remove(LeafIndex(0x8000_0001)) }, honest: { .remove($0.index(1)) })
      + alone(.removeTarget, "Remove of a blank leaf", { _ in .remove(LeafIndex(7)) }, honest: { .remove($0.index(1)) }, members: 5)
      + alone(
        .pskReinitUsage, "PSK for a reinitialisation",
        { .psk($0.psk(.resumption(usage: .reinit, groupID: $0.group.members[0].groupID, epoch: $0.group.members[0].epoch))) },
        honest: { .psk($0.psk(.resumption(usage: .application, groupID: $0.group.members[0].groupID, epoch: $0.group.members[0].epoch))) })
      + alone(
        .pskBranchUsage, "PSK for a branching",
        { .psk($0.psk(.resumption(usage: .branch, groupID: $0.group.members[0].groupID, epoch: $0.group.members[0].epoch))) },
        honest: { .psk($0.psk(.resumption(usage: .application, groupID: $0.group.members[0].groupID, epoch: $0.group.members[0].epoch))) })
      + alone(.pskNonce, "PSK with a short nonce", { .psk($0.psk(nonceSize: 31)) }, honest: { .psk($0.psk()) })
      + alone(.pskNonce, "PSK with a long nonce", { .psk($0.psk(nonceSize: 33)) }, honest: { .psk($0.psk()) })
      + alone(
        .reinitVersion, "ReInit to an older version",
        { _ in .reinit(ReInit(groupID: [1], version: ProtocolVersion(0), cipherSuite: catalogueSuite, extensions: [])) },
        honest: { _ in .reinit(ReInit(groupID: [1], cipherSuite: catalogueSuite, extensions: [])) })
      + alone(
        .duplicateExtension, "ReInit with an extension twice",
        { _ in
          .reinit(
            ReInit(
              groupID: [1], cipherSuite: catalogueSuite, extensions: [Extension(.applicationID, [1]), Extension(.applicationID, [2])]))
        }, honest: { _ in .reinit(ReInit(groupID: [1], cipherSuite: catalogueSuite, extensions: [])) })
      + alone(
        .duplicateExtension, "GroupContextExtensions with an extension twice",
        { _ in .groupContextExtensions([Extension(.applicationID, [1]), Extension(.applicationID, [2])]) },
        honest: { _ in .groupContextExtensions([Extension(.applicationID, [1])]) })
      + alone(.externalInitInCommit, "ExternalInit of a member", { _ in .externalInit(kemOutput: [1]) }, honest: { .remove($0.index(1)) })
      + [
        Rejection(.proposalPermitted, "proposal that the application forbids") { crypto in
          var setting = try Setting(crypto)
          let forbidden = Proposal.remove(setting.index(1))
          setting.judge.permitsProposal = { $0 != forbidden }
          return try setting.refusal(ofProposal: forbidden, honest: .remove(setting.index(2)))
        },
        Rejection(.proposalPermitted, "commit of a proposal that the application forbids") { crypto in
          var setting = try Setting(crypto)
          let (forbidden, allowed) = (Proposal.remove(setting.index(1)), Proposal.remove(setting.index(2)))
          setting.judge.permitsProposal = { $0 != forbidden }
          return try setting.refusal(ofCommit: { $0.proposals = [forbidden] }, honest: { $0.proposals = [allowed] })
        },
      ] + fromExternalSenders
  }

  private static var fromExternalSenders: [Rejection<Crypto>] {
    func external(_ name: String, _ proposal: @escaping @Sendable (Setting<Crypto>) throws -> Proposal) -> Rejection<Crypto> {
      Rejection(.externalProposalType, name) { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(
          of: setting.outsideMessage(.external(0), .proposal(proposal(setting))),
          honest: setting.outsideMessage(.external(0), .proposal(.remove(setting.index(1)))))
      }
    }
    return [
      external("Update of an external sender") { try .update($0.updatedLeaf(of: 1)) },
      external("ExternalInit of an external sender") { _ in .externalInit(kemOutput: [1]) },
      external("SelfRemove of an external sender") { _ in .selfRemove },
    ]
  }

  static var proposalLists: [Rejection<Crypto>] {
    [
      Rejection(.committerUpdate, "committer's own Update by reference") { crypto in
        var setting = try Setting(crypto)
        let update = try setting.propose(from: 0, .update(setting.updatedLeaf(of: 0)))
        return try setting.refusal(ofCommit: { $0.references = [update] })
      },
      Rejection(.committerUpdate, "Update by value") { crypto in
        let setting = try Setting(crypto)
        let update = try Proposal.update(setting.updatedLeaf(of: 0))
        return try setting.refusal(ofCommit: { $0.proposals = [update] })
      },
      Rejection(.committerRemove, "Remove of the committer by value") { crypto in
        let setting = try Setting(crypto)
        let remove = Proposal.remove(setting.index(0))
        return try setting.refusal(ofCommit: { $0.proposals = [remove] })
      },
      Rejection(.committerRemove, "Remove of the committer by reference") { crypto in
        var setting = try Setting(crypto)
        let remove = try setting.propose(from: 1, .remove(setting.index(0)))
        return try setting.refusal(ofCommit: { $0.references = [remove] })
      },
      Rejection(.committerRemove, "committer's own SelfRemove") { crypto in
        var setting = try Setting(crypto)
        let selfRemove = try setting.propose(from: 0, .selfRemove)
        return try setting.refusal(ofCommit: { $0.references = [selfRemove] })
      },
      Rejection(.oneChangePerLeaf, "two Updates of one leaf") { crypto in
        var setting = try Setting(crypto)
        let first = try setting.propose(from: 1, .update(setting.updatedLeaf(of: 1)))
        let second = try setting.propose(from: 1, .update(setting.updatedLeaf(of: 1)))
        return try setting.refusal(ofCommit: { $0.references.append(second) }, honest: { $0.references = [first] })
      },
      Rejection(.oneChangePerLeaf, "Update and Remove of one leaf") { crypto in
        var setting = try Setting(crypto)
        let update = try setting.propose(from: 1, .update(setting.updatedLeaf(of: 1)))
        let remove = Proposal.remove(setting.index(1))
        return try setting.refusal(ofCommit: { $0.proposals = [remove] }, honest: { $0.references = [update] })
      },
      Rejection(.oneChangePerLeaf, "two Removes of one leaf") { crypto in
        let setting = try Setting(crypto)
        let remove = Proposal.remove(setting.index(1))
        return try setting.refusal(ofCommit: { $0.proposals.append(remove) }, honest: { $0.proposals = [remove] })
      },
      Rejection(.oneChangePerLeaf, "Update and SelfRemove of one leaf") { crypto in
        var setting = try Setting(crypto)
        let update = try setting.propose(from: 1, .update(setting.updatedLeaf(of: 1)))
        let selfRemove = try setting.propose(from: 1, .selfRemove)
        return try setting.refusal(ofCommit: { $0.references.append(update) }, honest: { $0.references = [selfRemove] })
      },
      Rejection(.oneChangePerLeaf, "SelfRemove after an Update of the leaf") { crypto in
        var setting = try Setting(crypto)
        let update = try setting.propose(from: 1, .update(setting.updatedLeaf(of: 1)))
        let selfRemove = try setting.propose(from: 1, .selfRemove)
        return try setting.refusal(ofCommit: { $0.references.append(selfRemove) }, honest: { $0.references = [update] })
      },
      Rejection(.proposalNamedOnce, "one SelfRemove named twice") { crypto in
        var setting = try Setting(crypto)
        let selfRemove = try setting.propose(from: 1, .selfRemove)
        return try setting.refusal(ofCommit: { $0.references.append(selfRemove) }, honest: { $0.references = [selfRemove] })
      },
      Rejection(.duplicateAdd, "two Adds of one client") { crypto in
        let setting = try Setting(crypto)
        let client = try setting.newClient()
        let (first, second) = try (setting.keyPackage(of: client), setting.keyPackage(of: client))
        return try setting.refusal(ofCommit: { $0.proposals.append(.add(second)) }, honest: { $0.proposals = [.add(first)] })
      },
      Rejection(.addedMemberExists, "Add of a member") { crypto in
        let setting = try Setting(crypto)
        let keyPackage = try setting.keyPackage(of: setting.group.clients[1])
        let remove = Proposal.remove(setting.index(1))
        return try setting.refusal(ofCommit: { $0.proposals.removeFirst() }, honest: { $0.proposals = [remove, .add(keyPackage)] })
      },
      Rejection(.duplicatePSK, "one PSK id twice") { crypto in
        var setting = try Setting(crypto)
        setting.psks.add(external: [7], Secret([1]))
        let psk = Proposal.psk(setting.psk())
        return try setting.refusal(ofCommit: { $0.proposals.append(psk) }, honest: { $0.proposals = [psk] })
      },
      Rejection(.oneGroupContextExtensions, "two GroupContextExtensions") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(
          ofCommit: { $0.proposals.append(.groupContextExtensions([])) }, honest: { $0.proposals = [.groupContextExtensions([])] })
      },
      Rejection(.reinitAlone, "ReInit beside a Remove") { crypto in
        let setting = try Setting(crypto)
        let remove = Proposal.remove(setting.index(1))
        let reinit = Proposal.reinit(ReInit(groupID: [1], cipherSuite: catalogueSuite, extensions: []))
        return try setting.refusal(ofCommit: { $0.proposals.append(remove) }, honest: { $0.proposals = [reinit] })
      },
      Rejection(.reinitAlone, "two ReInits") { crypto in
        let setting = try Setting(crypto)
        let reinit = Proposal.reinit(ReInit(groupID: [1], cipherSuite: catalogueSuite, extensions: []))
        return try setting.refusal(ofCommit: { $0.proposals.append(reinit) }, honest: { $0.proposals = [reinit] })
      },
      Rejection(.proposalTypeSupported, "proposal type that a member does not support") { crypto in
        var setting = try Setting(crypto)
        var capabilities = TestClient.capabilities(crypto)
        capabilities.proposals = [.appDataUpdate]
        try setting.group.commit(by: 1, CommitOptions(leaf: LeafChange(capabilities: capabilities)))
        let selfRemove = try setting.propose(from: 2, .selfRemove)
        // The same list is good where the commit removes the member without support.
        let remove = Proposal.remove(setting.index(1))
        return try setting.refusal(
          ofCommit: { $0.proposals = [] },
          honest: {
            $0.references = [selfRemove]
            $0.proposals = [remove]
          })
      },
      Rejection(.requiredCapabilitiesSupported, "requirement that a member does not meet") { crypto in
        let setting = try Setting(crypto)
        func requires(_ type: ProposalType) -> Proposal {
          .groupContextExtensions([Extension(.requiredCapabilities, RequiredCapabilities(proposalTypes: [type]).encoded())])
        }
        return try setting.refusal(
          ofCommit: { $0.proposals = [requires(ProposalType(0xF0F0))] }, honest: { $0.proposals = [requires(.selfRemove)] })
      },
      Rejection(.requiredCapabilitiesSupported, "requirement that a member meets no more") { crypto in
        var setting = try Setting(crypto)
        var capabilities = TestClient.capabilities(crypto)
        capabilities.extensions = []
        try setting.group.commit(by: 2, CommitOptions(leaf: LeafChange(capabilities: capabilities, extensions: [])))
        func requires(_ types: [ExtensionType]) -> Proposal {
          .groupContextExtensions([Extension(.requiredCapabilities, RequiredCapabilities(extensionTypes: types).encoded())])
        }
        return try setting.refusal(
          ofCommit: { $0.proposals = [requires([.appDataDictionary])] }, honest: { $0.proposals = [requires([.externalSenders])] })
      },
      Rejection(.groupExtensionSupported, "GroupContext extension that a member does not support") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(
          ofCommit: { $0.proposals = [.groupContextExtensions([Extension(ExtensionType(0xF0F0), [])])] },
          honest: { $0.proposals = [.groupContextExtensions([Extension(.appDataDictionary, AppDataDictionary().encoded())])] })
      },
    ]
  }

  static var externalCommits: [Rejection<Crypto>] {
    [
      Rejection(.externalCommitInit, "external commit without ExternalInit") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofExternalCommit: { $0.proposals = [] })
      },
      Rejection(.externalCommitInit, "external commit with two ExternalInits") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofExternalCommit: { $0.proposals.append($0.proposals[0]) })
      },
      Rejection(.externalCommitRemove, "external commit with two Removes") { crypto in
        let setting = try Setting(crypto)
        let (first, second) = (Proposal.remove(setting.index(1)), Proposal.remove(setting.index(2)))
        return try setting.refusal(
          ofExternalCommit: { $0.proposals.append(second) }, honest: { $0.proposals.append(first) })
      },
      Rejection(.externalCommitSuccession, "resync in place of another client") { crypto in
        var setting = try Setting(crypto)
        setting.judge.acceptsSuccession = { $0.credential == $1.credential }
        let (own, other) = (Proposal.remove(setting.index(1)), Proposal.remove(setting.index(2)))
        return try setting.refusal(
          ofExternalCommit: { $0.proposals[1] = other }, honest: { $0.proposals.append(own) },
          by: TestClient("1", suite: catalogueSuite, using: crypto))
      },
      Rejection(.externalCommitTypes, "external commit with an Add") { crypto in
        let setting = try Setting(crypto)
        let add = try Proposal.add(setting.newKeyPackage())
        return try setting.refusal(ofExternalCommit: { $0.proposals.append(add) })
      },
      Rejection(.externalCommitTypes, "external commit with GroupContextExtensions") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofExternalCommit: { $0.proposals.append(.groupContextExtensions([])) })
      },
      Rejection(.externalCommitTypes, "external commit with an Update") { crypto in
        let setting = try Setting(crypto)
        let update = try Proposal.update(setting.updatedLeaf(of: 0))
        return try setting.refusal(ofExternalCommit: { $0.proposals.append(update) })
      },
      Rejection(.externalCommitTypes, "external commit with a ReInit") { crypto in
        let setting = try Setting(crypto)
        let reinit = Proposal.reinit(ReInit(groupID: [1], cipherSuite: catalogueSuite, extensions: []))
        return try setting.refusal(ofExternalCommit: { $0.proposals.append(reinit) })
      },
      Rejection(.externalCommitByValue, "external commit with a Remove by reference") { crypto in
        var setting = try Setting(crypto)
        let remove = try setting.propose(from: 1, .remove(setting.index(2)))
        let selfRemove = try setting.propose(from: 2, .selfRemove)
        return try setting.refusal(ofExternalCommit: { $0.references = [remove] }, honest: { $0.references = [selfRemove] })
      },
      Rejection(.externalCommitPath, "external commit without a path") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofExternalCommit: { $0.hasPath = false })
      },
      Rejection(.pskReinitUsage, "external commit with a resumption PSK for a reinitialisation") { crypto in
        var setting = try Setting(crypto)
        let group = setting.group.members[0]
        setting.psks.add(resumption: group.groupID, epoch: group.epoch, group.resumptionPSK)
        func psk(_ usage: ResumptionPSKUsage) -> Proposal {
          .psk(setting.psk(.resumption(usage: usage, groupID: group.groupID, epoch: group.epoch)))
        }
        let (bad, good) = (psk(.reinit), psk(.application))
        return try setting.refusal(ofExternalCommit: { $0.proposals[1] = bad }, honest: { $0.proposals.append(good) })
      },
    ]
  }
}
