// What keeps a group alive: a member, a stranger or a delivery service must not be able to end it or to lead it where nobody can follow.
import CryptoInterface
import MLS
import TLSCodec

extension Rejections {
  static var guards: [Rejection<Crypto>] {
    [
      Rejection(.handshakeFormat, "encrypted commit in a group whose handshakes are public") { crypto in
        var setting = try Setting(crypto)
        setting.group.members[setting.receiver].acceptsPrivateHandshakes = false
        return try setting.refusal(ofCommit: { $0.isPrivate = true })
      },
      reinit("ReInit to a version that nobody has") { $0.version = ProtocolVersion(0xFFFF) },
      reinit("ReInit to a suite that nobody has") { $0.cipherSuite = CipherSuite(0xF0F0) },
      reinit("ReInit to a group without id") { $0.groupID = [] },
      Rejection(.groupExtensionSupported, "ReInit to an extension that nobody has") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(
          ofProposal: .reinit(
            ReInit(groupID: [1], cipherSuite: catalogueSuite, extensions: [Extension(ExtensionType(0xF0F0), [])])),
          honest: .reinit(ReInit(groupID: [1], cipherSuite: catalogueSuite, extensions: [])))
      },
      Rejection(.commitPermitted, "commit that the application forbids as a whole") { crypto in
        var setting = try Setting(crypto)
        let (forbidden, allowed) = (Proposal.remove(setting.index(1)), Proposal.remove(setting.index(2)))
        setting.judge.permitsCommit = { commit in !commit.proposals.contains { $0.proposal == forbidden } && commit.after.memberCount > 0 }
        return try setting.refusal(ofCommit: { $0.proposals = [forbidden] }, honest: { $0.proposals = [allowed] })
      },
      Rejection(.commitPermitted, "external commit that the application forbids") { crypto in
        var setting = try Setting(crypto)
        setting.judge.permitsCommit = { $0.leaf?.credential != .mallory }
        return try setting.refusal(ofExternalCommit: { forge in forge.changeLeaf = { $0.credential = .mallory } })
      },
      Rejection(.epochLimit, "group at the end of its epochs") { crypto in
        var setting = try JoinSetting(crypto)
        setting.forge.info.groupContext.epoch = .max
        return try setting.refusal()
      },
      Rejection(.epochLimit, "followed group at the end of its epochs") { crypto in
        var setting = try JoinSetting(crypto)
        setting.forge.info.groupContext.epoch = Limits.epoch
        return try setting.publicRefusal()
      },
      Rejection(.welcomePathSecret, "Welcome without the path secret that its commit has") { crypto in
        var setting = try JoinSetting(crypto)
        setting.forge.secrets.pathSecret = nil
        return try setting.refusal()
      },
      Rejection(.proposalNamedOnce, "one Update named twice") { crypto in
        var setting = try Setting(crypto)
        let update = try setting.propose(from: 1, .update(setting.updatedLeaf(of: 1)))
        return try setting.refusal(ofCommit: { $0.references.append(update) }, honest: { $0.references = [update] })
      },
      Rejection(.appDataComponent, "update of a component that a member does not list") { crypto in
        let setting = try Setting(crypto, dictionary: AppDataDictionary())
        func update(_ component: UInt16) -> Proposal { .appDataUpdate(AppDataUpdate(ComponentID(component), .update([1]))) }
        return try setting.refusal(ofCommit: { $0.proposals = [update(0x9000)] }, honest: { $0.proposals = [update(0x8000)] })
      },
    ]
  }

  private static func reinit(_ name: String, _ change: @escaping @Sendable (inout ReInit) -> Void) -> Rejection<Crypto> {
    Rejection(.reinitSupported, name) { crypto in
      let setting = try Setting(crypto)
      let honest = ReInit(groupID: [1], cipherSuite: catalogueSuite, extensions: [])
      var violating = honest
      change(&violating)
      return try setting.refusal(ofProposal: .reinit(violating), honest: .reinit(honest))
    }
  }
}
