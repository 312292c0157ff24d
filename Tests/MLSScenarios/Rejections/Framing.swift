// RFC 9420 §5 and §6: credentials, senders, signatures and tags.
import CryptoInterface
import MLS
import TLSCodec

extension Rejections {
  static var credentials: [Rejection<Crypto>] {
    [
      Rejection(.cipherSuite, "key package of an unknown suite") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofKeyPackage: setting.newKeyPackage { $0.cipherSuite = CipherSuite(0x0A0A) }, at: 0)
      },
      Rejection(.cipherSuite, "GroupInfo of an unknown suite") { crypto in
        var setting = try JoinSetting(crypto)
        setting.forge.info.groupContext.cipherSuite = CipherSuite(0x0A0A)
        return try setting.publicRefusal()
      },
      Rejection(.publicKey, "Add with a short init key") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(
          ofProposal: .add(setting.newKeyPackage { $0.initKey.bytes.removeLast() }), honest: .add(setting.newKeyPackage()))
      },
      Rejection(.publicKey, "Add with a short leaf key") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(
          ofProposal: .add(setting.newKeyPackage(leaf: { $0.encryptionKey.bytes.removeLast() })), honest: .add(setting.newKeyPackage()))
      },
      Rejection(.publicKey, "commit with a short leaf key") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofCommit: { forge in forge.changeLeaf = { $0.encryptionKey.bytes.removeLast() } })
      },
      Rejection(.publicKey, "commit with a short path key") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofCommit: { forge in forge.changeKeys = { $0[0].bytes.removeLast() } })
      },
      Rejection(.publicKey, "joined tree with a short parent key") { crypto in
        var setting = try JoinSetting(crypto)
        try setting.rebuild(changingKeys: { $0[0].bytes.removeLast() })
        return try setting.refusal()
      },
      Rejection(.credential, "Add of a client whom the application does not know") { crypto in
        var setting = try Setting(crypto)
        setting.judge = .knowsMallory
        return try setting.refusal(
          ofProposal: .add(setting.keyPackage(of: setting.newClient("mallory"))), honest: .add(setting.newKeyPackage()))
      },
      Rejection(.credential, "key package of a client whom the application does not know") { crypto in
        var setting = try Setting(crypto)
        setting.judge = .knowsMallory
        return try setting.refusal(ofKeyPackage: setting.keyPackage(of: setting.newClient("mallory")), at: 0)
      },
      Rejection(.credential, "external commit of a client whom the application does not know") { crypto in
        var setting = try Setting(crypto)
        setting.judge = .knowsMallory
        return try setting.refusal(ofExternalCommit: { forge in forge.changeLeaf = { $0.credential = .mallory } })
      },
      Rejection(.credential, "joined tree with a member whom the application does not know") { crypto in
        var setting = try JoinSetting(crypto)
        setting.judge = .knowsMallory
        try setting.changeLeaf(of: 1) { $0.credential = .mallory }
        return try setting.refusal()
      },
      Rejection(.credentialSuccession, "Update to another client's credential") { crypto in
        var setting = try Setting(crypto)
        setting.judge.acceptsSuccession = { $1.credential != .mallory }
        return try setting.refusal(
          ofProposal: .update(setting.updatedLeaf(of: 0) { $0.credential = .mallory }), honest: .update(setting.updatedLeaf(of: 0)))
      },
      Rejection(.credentialSuccession, "commit to another client's credential") { crypto in
        var setting = try Setting(crypto)
        setting.judge.acceptsSuccession = { $1.credential != .mallory }
        return try setting.refusal(ofCommit: { forge in forge.changeLeaf = { $0.credential = .mallory } })
      },
      Rejection(.externalSenderCredential, "proposal of an external sender whom the application does not know") { crypto in
        var setting = try Setting(crypto)
        setting.judge = .knowsEve
        return try setting.refusal(
          of: setting.outsideMessage(.external(1), .proposal(.remove(setting.index(1)))),
          honest: setting.outsideMessage(.external(0), .proposal(.remove(setting.index(1)))))
      },
      Rejection(.externalSenderCredential, "joined group with an external sender whom the application does not know") { crypto in
        var setting = try JoinSetting(crypto)
        setting.judge = .knowsEve
        let known = ExternalSender(signatureKey: SignaturePublicKey([1]), credential: .basic(identity: [1]))
        setting.honest.info.groupContext.extensions[.externalSenders] = ExternalSenders([known]).encoded()
        return try setting.refusal()
      },
      Rejection(.externalSenderCredential, "commit that sets an external sender whom the application does not know") { crypto in
        var setting = try Setting(crypto)
        setting.judge = .knowsMallory
        func senders(_ credential: Credential) -> Proposal {
          .groupContextExtensions([
            Extension(
              .externalSenders,
              ExternalSenders([ExternalSender(signatureKey: setting.externalSender.publicKey, credential: credential)]).encoded())
          ])
        }
        return try setting.refusal(
          ofCommit: { $0.proposals = [senders(.mallory)] }, honest: { $0.proposals = [senders(.basic(identity: [2]))] })
      },
    ]
  }

  static var framing: [Rejection<Crypto>] {
    [
      Rejection(.groupID, "proposal for another group") { crypto in
        let setting = try Setting(crypto)
        let honest = try setting.message(from: 0, .proposal(.remove(setting.index(1))))
        return try setting.refusal(of: setting.message(from: 0, .proposal(.remove(setting.index(1)))) { $0.groupID.append(1) }, honest: honest)
      },
      Rejection(.groupID, "private message for another group") { crypto in
        var setting = try Setting(crypto)
        let honest = try setting.group.members[0].encrypt([1], using: crypto)
        guard case .privateMessage(var message) = honest else { throw BrokenSetting("not private") }
        message.groupID.append(1)
        return try setting.refusal(of: .privateMessage(message), honest: honest)
      },
      Rejection(.applicationIsEncrypted, "application data in a public message") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(
          of: setting.message(from: 0, .application([1])), honest: setting.message(from: 0, .proposal(.remove(setting.index(1)))))
      },
      Rejection(.senderIsMember, "proposal from a blank leaf") { crypto in
        var setting = try Setting(crypto)
        let gone = setting.index(1)
        try setting.group.commit(by: 0, CommitOptions(proposals: [.remove(gone)]))
        let proposal = Content.proposal(.remove(setting.index(2)))
        return try setting.refusal(of: setting.message(from: 0, proposal) { $0.sender = .member(gone) }, honest: setting.message(from: 0, proposal))
      },
      Rejection(.senderIsMember, "proposal from outside of the tree") { crypto in
        let setting = try Setting(crypto)
        let proposal = Content.proposal(.remove(setting.index(2)))
        return try setting.refusal(
          of: setting.message(from: 0, proposal) { $0.sender = .member(LeafIndex(0x8000_0001)) }, honest: setting.message(from: 0, proposal))
      },
      Rejection(.signature, "member's proposal signed with another key") { crypto in
        let setting = try Setting(crypto)
        let proposal = Content.proposal(.remove(setting.index(2)))
        return try setting.refusal(
          of: setting.message(from: 0, proposal, signer: setting.externalSender.privateKey), honest: setting.message(from: 0, proposal))
      },
      Rejection(.signature, "member's commit signed over other content") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofCommit: { forge in forge.changeSignature = { $0[0] ^= 1 } })
      },
      Rejection(.signature, "signature for another wire format") { crypto in
        let setting = try Setting(crypto)
        let member = setting.group.members[0]
        let content = Content.proposal(.remove(setting.index(2)))
        let violating = try setting.message(
          from: 0, content,
          signed: { authenticated in
            let signature = try? authenticated.content.sign(
              .privateMessage, context: member.publicGroup.encodedContext, with: member.state.signingKey, setting.suite, using: crypto)
            authenticated.auth.signature = signature ?? []
          })
        return try setting.refusal(of: violating, honest: setting.message(from: 0, content))
      },
      Rejection(.signature, "private commit with a wrong signature") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(
          ofCommit: { forge in forge.changeSignature = { $0[0] ^= 1 } }, honest: { $0.isPrivate = true })
      },
      Rejection(.signature, "application message with a wrong signature") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(
          of: setting.privateMessage(.application([1])) { $0.signature = { $0[0] ^= 1 } }, honest: setting.privateMessage(.application([1])))
      },
      Rejection(.signature, "external sender's proposal signed with another key") { crypto in
        let setting = try Setting(crypto)
        let other = try crypto.generateSignatureKeyPair(setting.suite.signature).privateKey
        let proposal = Content.proposal(.remove(setting.index(2)))
        return try setting.refusal(
          of: setting.outsideMessage(.external(0), proposal, signer: other), honest: setting.outsideMessage(.external(0), proposal))
      },
      Rejection(.signature, "new member's Add signed with another key") { crypto in
        let setting = try Setting(crypto)
        let client = try setting.newClient()
        let proposal = try Content.proposal(.add(setting.keyPackage(of: client)))
        return try setting.refusal(
          of: setting.outsideMessage(.newMemberProposal, proposal),
          honest: setting.outsideMessage(.newMemberProposal, proposal, signer: client.identity.signatureKeyPair.privateKey))
      },
      Rejection(.signature, "external commit with a wrong signature") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofExternalCommit: { forge in forge.changeSignature = { $0[0] ^= 1 } })
      },
      Rejection(.externalSenderIndex, "external sender beyond the list") { crypto in
        let setting = try Setting(crypto)
        let proposal = Content.proposal(.remove(setting.index(2)))
        return try setting.refusal(of: setting.outsideMessage(.external(2), proposal), honest: setting.outsideMessage(.external(0), proposal))
      },
      Rejection(.externalSenderIndex, "external sender of a group that has none") { crypto in
        var setting = try Setting(crypto)
        let proposal = Content.proposal(.remove(setting.index(2)))
        let honest = try setting.message(from: 0, proposal)
        _ = try setting.refusal(of: honest, honest: setting.outsideMessage(.external(0), proposal))
        try setting.group.commit(by: 0, CommitOptions(proposals: [.groupContextExtensions([])]))
        return try setting.refusal(of: setting.outsideMessage(.external(0), proposal), honest: setting.message(from: 0, proposal))
      },
      Rejection(.externalSenderContent, "commit of an external sender") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(
          of: setting.outsideMessage(.external(0), .commit(Commit(proposals: [.proposal(.psk(setting.psk()))]))),
          honest: setting.outsideMessage(.external(0), .proposal(.psk(setting.psk()))))
      },
      Rejection(.newMemberCommitContent, "proposal of a new_member_commit sender") { crypto in
        let setting = try Setting(crypto)
        let client = try setting.newClient()
        let key = client.identity.signatureKeyPair.privateKey
        let proposal = try Content.proposal(.add(setting.keyPackage(of: client)))
        return try setting.refusal(
          of: setting.outsideMessage(.newMemberCommit, proposal, signer: key),
          honest: setting.outsideMessage(.newMemberProposal, proposal, signer: key))
      },
      Rejection(.newMemberProposalContent, "Remove of a new_member_proposal sender") { crypto in
        let setting = try Setting(crypto)
        let client = try setting.newClient()
        let key = client.identity.signatureKeyPair.privateKey
        return try setting.refusal(
          of: setting.outsideMessage(.newMemberProposal, .proposal(.remove(setting.index(1))), signer: key),
          honest: setting.outsideMessage(.newMemberProposal, .proposal(.add(setting.keyPackage(of: client))), signer: key))
      },
    ]
  }

  static var confirmation: [Rejection<Crypto>] {
    [
      Rejection(.confirmationTag, "commit with a wrong confirmation tag") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofCommit: { forge in forge.changeConfirmationTag = { $0[0] ^= 1 } })
      },
      Rejection(.confirmationTag, "commit with a shortened confirmation tag") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofCommit: { forge in forge.changeConfirmationTag = { $0.removeLast() } })
      },
      Rejection(.confirmationTag, "private commit with a wrong confirmation tag") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(
          ofCommit: { forge in forge.changeConfirmationTag = { $0[0] ^= 1 } }, honest: { $0.isPrivate = true })
      },
      Rejection(.confirmationTag, "external commit with a wrong confirmation tag") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofExternalCommit: { forge in forge.changeConfirmationTag = { $0[0] ^= 1 } })
      },
      Rejection(.confirmationTag, "commit made with another PSK of the same name") { crypto in
        var setting = try Setting(crypto)
        setting.psks.add(external: [7], Secret([1]))
        let proposal = Proposal.psk(setting.psk())
        return try setting.refusal(
          ofCommit: { $0.psks.add(external: [7], Secret([2])) }, honest: { $0.proposals = [proposal] })
      },
      Rejection(.confirmationTag, "Welcome with a wrong confirmation tag") { crypto in
        var setting = try JoinSetting(crypto)
        setting.forge.changeTag = { $0[0] ^= 1 }
        return try setting.refusal()
      },
      Rejection(.membershipTag, "proposal with an empty membership tag") { crypto in
        let setting = try Setting(crypto)
        let honest = try setting.message(from: 0, .proposal(.remove(setting.index(2))))
        guard case .publicMessage(var message) = honest else { throw BrokenSetting("not public") }
        message.membershipTag = []
        return try setting.refusal(of: .publicMessage(message), honest: honest)
      },
      Rejection(.membershipTag, "proposal with a membership tag of another key") { crypto in
        let setting = try Setting(crypto)
        let member = setting.group.members[0]
        let honest = try setting.message(from: 0, .proposal(.remove(setting.index(2))))
        guard case .publicMessage(var message) = honest else { throw BrokenSetting("not public") }
        message.membershipTag = PublicMessage.membershipTag(
          message.authenticatedContent, context: member.publicGroup.encodedContext, key: MembershipKey(Secret.zeros(32)), setting.suite,
          using: crypto)
        return try setting.refusal(of: .publicMessage(message), honest: honest)
      },
      Rejection(.membershipTag, "commit with a wrong membership tag") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofCommit: { forge in forge.changeMembershipTag = { $0[0] ^= 1 } })
      },
      Rejection(.paddingIsZero, "application message with other padding than zeros") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(
          of: setting.privateMessage(.application([1])) { $0.padding = [0, 0, 1] },
          honest: setting.privateMessage(.application([1])) { $0.padding = [0, 0, 0] })
      },
      Rejection(.paddingIsZero, "private proposal with other padding than zeros") { crypto in
        let setting = try Setting(crypto)
        let proposal = Content.proposal(.remove(setting.index(2)))
        return try setting.refusal(
          of: setting.privateMessage(proposal) { $0.padding = [1, 0] }, honest: setting.privateMessage(proposal) { $0.padding = [0, 0] })
      },
      Rejection(.senderDataLeaf, "private message from a blank leaf") { crypto in
        var setting = try Setting(crypto)
        let gone = setting.index(1)
        try setting.group.commit(by: 0, CommitOptions(proposals: [.remove(gone)]))
        return try setting.refusal(
          of: setting.privateMessage(.application([1])) { $0.sender = gone }, honest: setting.privateMessage(.application([1])))
      },
      Rejection(.senderDataLeaf, "private message from outside of the tree") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(
          of: setting.privateMessage(.application([1])) { $0.sender = LeafIndex(0x8000_0001) },
          honest: setting.privateMessage(.application([1])))
      },
      Rejection(.generationTooFar, "application message too many generations ahead") { crypto in
        let setting = try Setting(crypto)
        let forward = setting.group.members[setting.receiver].reordering.forward
        return try setting.refusal(
          of: setting.privateMessage(.application([1])) { $0.generation = forward + 1 },
          honest: setting.privateMessage(.application([1])) { $0.generation = forward })
      },
      Rejection(.generationTooFar, "private proposal too many generations ahead") { crypto in
        let setting = try Setting(crypto)
        let forward = setting.group.members[setting.receiver].reordering.forward
        return try setting.refusal(
          of: setting.privateMessage(.proposal(.remove(setting.index(1)))) { $0.claimedGeneration = 2 * forward },
          honest: setting.privateMessage(.proposal(.remove(setting.index(1)))))
      },
    ]
  }
}
