// draft-ietf-mls-extensions: SelfRemove, AppDataUpdate and the dictionary. And refusals that are no rule's.
import CryptoInterface
import MLS
import TLSCodec

private let component = ComponentID(0x8001)

/// Entries out of order, as no API of ours encodes them.
private let unsorted: [UInt8] = {
  var w = Writer()
  w.vector([AppDataDictionary.Entry(ComponentID(2), [1]), AppDataDictionary.Entry(ComponentID(1), [1])])
  return w.bytes
}()

private func set(_ data: [UInt8]) -> Proposal { .appDataUpdate(AppDataUpdate(component, .update(data))) }
private let remove = Proposal.appDataUpdate(AppDataUpdate(component, .remove))

private func dictionary(_ data: [UInt8]) -> AppDataDictionary {
  var dictionary = AppDataDictionary()
  dictionary[component] = data
  return dictionary
}

extension Rejections {
  static var selfRemoves: [Rejection<Crypto>] {
    [
      Rejection(.selfRemoveByReference, "SelfRemove by value") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofCommit: { $0.proposals = [.selfRemove] })
      },
      Rejection(.selfRemoveByReference, "SelfRemove by value in an external commit") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofExternalCommit: { $0.proposals.append(.selfRemove) })
      },
      Rejection(.selfRemovePublic, "SelfRemove in a private message") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(
          of: setting.privateMessage(.proposal(.selfRemove)), honest: setting.message(from: 0, .proposal(.selfRemove)))
      },
      Rejection(.selfRemoveOnce, "second SelfRemove of a member") { crypto in
        var setting = try Setting(crypto)
        let first = try setting.message(from: 1, .proposal(.selfRemove))
        _ = try setting.group.members[setting.receiver].receive(first, application: setting.judge, using: crypto)
        return try setting.refusal(of: setting.message(from: 1, .proposal(.selfRemove)) { $0.authenticatedData = [1] }, honest: first)
      },
      Rejection(.selfRemoveAndRemove, "SelfRemove and Remove of one leaf") { crypto in
        var setting = try Setting(crypto)
        let selfRemove = try setting.propose(from: 1, .selfRemove)
        let remove = Proposal.remove(setting.index(1))
        return try setting.refusal(ofCommit: { $0.proposals = [remove] }, honest: { $0.references = [selfRemove] })
      },
      Rejection(.selfRemoveAndRemove, "Remove and SelfRemove of one leaf") { crypto in
        var setting = try Setting(crypto)
        let remove = try setting.propose(from: 2, .remove(setting.index(1)))
        let selfRemove = try setting.propose(from: 1, .selfRemove)
        return try setting.refusal(ofCommit: { $0.references.append(selfRemove) }, honest: { $0.references = [remove] })
      },
    ]
  }

  static var appData: [Rejection<Crypto>] {
    [
      Rejection(.appDataDictionary, "GroupContextExtensions with an unsorted dictionary") { crypto in
        let setting = try Setting(crypto)
        func extensions(_ data: [UInt8]) -> Proposal { .groupContextExtensions([Extension(.appDataDictionary, data)]) }
        return try setting.refusal(
          ofCommit: { $0.proposals = [extensions(unsorted)] }, honest: { $0.proposals = [extensions(dictionary([1]).encoded())] })
      },
      Rejection(.appDataDictionary, "joined group with an unsorted dictionary") { crypto in
        var setting = try JoinSetting(crypto, dictionary: dictionary([1]))
        setting.forge.info.groupContext.extensions[.appDataDictionary] = unsorted
        return try setting.refusal()
      },
      Rejection(.appDataDictionary, "GroupInfo with an unsorted dictionary") { crypto in
        var setting = try JoinSetting(crypto)
        setting.forge.info.extensions[.appDataDictionary] = unsorted
        return try setting.refusal()
      },
      Rejection(.appDataDictionary, "leaf with an unsorted dictionary") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofCommit: { forge in forge.changeLeaf = { $0.extensions[.appDataDictionary] = unsorted } })
      },
      Rejection(.appDataDictionary, "key package with an unsorted dictionary") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(
          ofProposal: .add(setting.newKeyPackage { $0.extensions[.appDataDictionary] = unsorted }), honest: .add(setting.newKeyPackage()))
      },
      Rejection(.appDataOperations, "update and removal of one component") { crypto in
        let setting = try Setting(crypto, dictionary: dictionary([1]))
        return try setting.refusal(ofCommit: { $0.proposals.append(remove) }, honest: { $0.proposals = [set([2])] })
      },
      Rejection(.appDataOperations, "two removals of one component") { crypto in
        let setting = try Setting(crypto, dictionary: dictionary([1]))
        return try setting.refusal(ofCommit: { $0.proposals.append(remove) }, honest: { $0.proposals = [remove] })
      },
      Rejection(.appDataRemovePresent, "removal of a component that has no data") { crypto in
        let setting = try Setting(crypto, dictionary: dictionary([1]))
        let other = Proposal.appDataUpdate(AppDataUpdate(ComponentID(0x8002), .remove))
        return try setting.refusal(ofCommit: { $0.proposals = [other] }, honest: { $0.proposals = [remove] })
      },
      Rejection(.appDataAccepted, "update that the application refuses") { crypto in
        var setting = try Setting(crypto, dictionary: dictionary([1]))
        setting.judge.applies = { updates, _ in updates.last == [2] ? nil : updates.last }
        return try setting.refusal(ofCommit: { $0.proposals = [set([2])] }, honest: { $0.proposals = [set([3])] })
      },
      Rejection(.appDataAccepted, "update that the application refuses in an external commit") { crypto in
        var setting = try Setting(crypto, dictionary: dictionary([1]))
        setting.judge.applies = { updates, _ in updates.last == [2] ? nil : updates.last }
        return try setting.refusal(ofExternalCommit: { $0.proposals[1] = set([2]) }, honest: { $0.proposals.append(set([3])) })
      },
      Rejection(.appDataComponent, "first AppDataUpdate where a member does not support the dictionary") { crypto in
        var setting = try Setting(crypto)
        var capabilities = TestClient.capabilities(crypto)
        capabilities.extensions = []
        try setting.group.commit(by: 1, CommitOptions(leaf: LeafChange(capabilities: capabilities, extensions: [])))
        let removal = Proposal.remove(setting.index(1))
        return try setting.refusal(ofCommit: { $0.proposals.removeLast() }, honest: { $0.proposals = [set([1]), removal] })
      },
      Rejection(.appDataUntouched, "GroupContextExtensions that changes the dictionary where AppDataUpdate is required") { crypto in
        let required = Extension(.requiredCapabilities, RequiredCapabilities(proposalTypes: [.appDataUpdate]).encoded())
        let setting = try Setting(crypto, extensions: [required], dictionary: dictionary([1]))
        func extensions(_ data: [UInt8]) -> Proposal {
          .groupContextExtensions([required, Extension(.appDataDictionary, dictionary(data).encoded())])
        }
        return try setting.refusal(ofCommit: { $0.proposals = [extensions([2])] }, honest: { $0.proposals = [extensions([1])] })
      },
      Rejection(.appDataUntouched, "GroupContextExtensions that drops the dictionary where AppDataUpdate is required") { crypto in
        let required = Extension(.requiredCapabilities, RequiredCapabilities(proposalTypes: [.appDataUpdate]).encoded())
        let setting = try Setting(crypto, extensions: [required], dictionary: dictionary([1]))
        let data = dictionary([1]).encoded()
        return try setting.refusal(
          ofCommit: { $0.proposals = [.groupContextExtensions([required])] },
          honest: { $0.proposals = [.groupContextExtensions([required, Extension(.appDataDictionary, data)])] })
      },
    ]
  }

  /// Messages that are refused for another reason than a rule's: epochs, keys and proposals that are not at hand.
  static var others: [Rejection<Crypto>] {
    [
      Rejection(error: .wrongEpoch(current: 0, message: 0), "proposal of a past epoch") { crypto in
        var setting = try Setting(crypto)
        let late = try setting.message(from: 0, .proposal(.remove(setting.index(1))))
        try setting.group.commit(by: 2)
        return try setting.refusal(of: late, honest: setting.message(from: 0, .proposal(.remove(setting.index(1)))))
      },
      Rejection(error: .wrongEpoch(current: 0, message: 0), "proposal of a later epoch") { crypto in
        let setting = try Setting(crypto)
        let proposal = Content.proposal(.remove(setting.index(1)))
        return try setting.refusal(of: setting.message(from: 0, proposal) { $0.epoch += 1 }, honest: setting.message(from: 0, proposal))
      },
      Rejection(error: .wrongEpoch(current: 0, message: 0), "commit of a past epoch") { crypto in
        var setting = try Setting(crypto)
        let late = try CommitForge(setting, by: 0).message()
        try setting.group.commit(by: 2)
        return try setting.refusal(of: late, honest: CommitForge(setting, by: 0).message())
      },
      Rejection(error: .wrongEpoch(current: 0, message: 0), "private proposal of a past epoch") { crypto in
        var setting = try Setting(crypto)
        let late = try setting.privateMessage(.proposal(.remove(setting.index(1))))
        try setting.group.commit(by: 2)
        return try setting.refusal(of: late, honest: setting.privateMessage(.proposal(.remove(setting.index(1)))))
      },
      Rejection(error: .unknownProposal, "commit of a proposal that nobody has sent") { crypto in
        var setting = try Setting(crypto)
        let known = try setting.propose(from: 1, .remove(setting.index(2)))
        let unknown = PendingProposal(ref: ProposalRef([1]), proposal: known.proposal, sender: known.sender)
        return try setting.refusal(ofCommit: { $0.references = [unknown] }, honest: { $0.references = [known] })
      },
      Rejection(error: .missingPSK, "commit with a PSK that is not at hand") { crypto in
        var setting = try Setting(crypto)
        setting.psks.add(external: [7], Secret([1]))
        let (known, unknown) = (Proposal.psk(setting.psk()), Proposal.psk(setting.psk(.external(id: [8]))))
        return try setting.refusal(ofCommit: { $0.proposals = [unknown] }, honest: { $0.proposals = [known] })
      },
      Rejection(error: .missingPSK, "Welcome with a PSK that is not at hand") { crypto in
        var setting = try branching(crypto)
        setting.joining.priorGroup = nil
        return try setting.refusal()
      },
      Rejection(error: .undecryptable("path secret"), "path secret encrypted to another key") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofCommit: { forge in
          forge.changePath = { path in
            for i in path.nodes.indices {
              for j in path.nodes[i].encryptedPathSecret.indices { path.nodes[i].encryptedPathSecret[j].ciphertext[0] ^= 1 }
            }
          }
        })
      },
      Rejection(error: .undecryptable("external init"), "external commit with a KEM output of no key") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofExternalCommit: { $0.proposals[0] = .externalInit(kemOutput: [1]) })
      },
      Rejection(error: .ownCommitUnknown, "commit of one's own that is not pending") { crypto in
        let setting = try Setting(crypto)
        var forgetful = setting.group.members[0]
        let commit = try forgetful.commit(application: setting.judge, using: crypto).message
        return try setting.refusal(of: commit, honest: CommitForge(setting, by: 1).message(), by: 0)
      },
      Rejection(error: .undecryptable("message"), "private message with a changed ciphertext") { crypto in
        let setting = try Setting(crypto)
        let honest = try setting.privateMessage(.application([UInt8](repeating: 1, count: 64)))
        guard case .privateMessage(var message) = honest else { throw BrokenSetting("not private") }
        message.ciphertext[message.ciphertext.count - 1] ^= 1
        return try setting.refusal(of: .privateMessage(message), honest: honest)
      },
      Rejection(error: .undecryptable("sender data"), "private message with changed sender data") { crypto in
        let setting = try Setting(crypto)
        let honest = try setting.privateMessage(.application([1]))
        guard case .privateMessage(var message) = honest else { throw BrokenSetting("not private") }
        message.encryptedSenderData[0] ^= 1
        return try setting.refusal(of: .privateMessage(message), honest: honest)
      },
      Rejection(error: .undecryptable("message"), "private message with changed authenticated data") { crypto in
        let setting = try Setting(crypto)
        let honest = try setting.privateMessage(.application([1]))
        guard case .privateMessage(var message) = honest else { throw BrokenSetting("not private") }
        message.authenticatedData = [1]
        return try setting.refusal(of: .privateMessage(message), honest: honest)
      },
      Rejection(error: .generationUsed, "private message twice") { crypto in
        var setting = try Setting(crypto)
        let message = try setting.privateMessage(.application([1]))
        _ = try setting.group.members[setting.receiver].receive(message, application: setting.judge, using: crypto)
        return try setting.refusal(of: message, honest: setting.privateMessage(.application([1])) { $0.generation = 1 })
      },
      Rejection(error: .undecryptable("group info"), "Welcome with a changed GroupInfo") { crypto in
        var setting = try branching(crypto)
        setting.forge.pskSecrets[0] = Secret([1])
        return try setting.refusal()
      },
      Rejection(error: .undecryptable("group secrets"), "Welcome with changed group secrets") { crypto in
        var setting = try JoinSetting(crypto)
        setting.forge.changeCiphertext = { $0.secrets[0].encryptedGroupSecrets.ciphertext[0] ^= 1 }
        return try setting.refusal()
      },
      Rejection(error: .usage(.notForThisKeyPackage), "Welcome for another key package") { crypto in
        var setting = try JoinSetting(crypto)
        setting.forge.changeCiphertext = { $0.secrets[0].newMember.bytes[0] ^= 1 }
        return try setting.refusal()
      },
      Rejection(error: .usage(.expired), "key package that has expired") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(
          ofKeyPackage: setting.newKeyPackage(leaf: { $0.source = .keyPackage(Lifetime(notBefore: 1, notAfter: 9)) }), at: 10)
      },
      Rejection(error: .usage(.expired), "key package that is not valid yet") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(
          ofKeyPackage: setting.newKeyPackage(leaf: { $0.source = .keyPackage(Lifetime(notBefore: 11, notAfter: 19)) }), at: 10)
      },
    ]
  }
}
