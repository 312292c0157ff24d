// What a client refuses to do itself: the rules bind senders as well (RFC 9420 §12.2: creating and processing).
import CryptoInterface
import MLS
import TLSCodec

extension Rejections {
  /// A member's own operation, with and without the fault. A refused one leaves no trace either.
  private static func refusal(
    of violating: (inout Group, Judge) throws(MLSError) -> Void, honest: (inout Group, Judge) throws(MLSError) -> Void, _ setting: Setting<Crypto>
  ) throws -> MLSError? {
    var control = setting.group.members[0]
    do { try honest(&control, setting.judge) } catch { throw BrokenSetting("the honest operation was refused: \(error)") }
    var member = setting.group.members[0]
    let before = Setting<Crypto>.records(member)
    let error = MLSScenarios.refusal { () throws(MLSError) in try violating(&member, setting.judge) }
    if error != nil, Setting<Crypto>.records(member) != before { throw BrokenSetting("a refused operation has left a trace") }
    return error
  }

  /// The same for a commit of one's own.
  private static func own(
    _ rule: Rule, _ name: String, _ judge: Judge = Judge(), honest: CommitOptions = CommitOptions(),
    _ violating: @escaping @Sendable (Setting<Crypto>) throws -> CommitOptions
  ) -> Rejection<Crypto> {
    Rejection(rule, name) { crypto in
      var setting = try Setting(crypto)
      setting.judge = judge
      let options = try violating(setting)
      return try refusal(
        of: { (group, judge) throws(MLSError) in try group.commit(options, application: judge, using: crypto) },
        honest: { (group, judge) throws(MLSError) in try group.commit(honest, application: judge, using: crypto) }, setting)
    }
  }

  static var ownDoing: [Rejection<Crypto>] {
    [
      own(.credentialSuccession, "own commit to another client's credential", .knowsMallory) { _ in
        CommitOptions(leaf: LeafChange(credential: .mallory))
      },
      own(.committerRemove, "own commit that removes the committer") { setting in
        CommitOptions(proposals: [.remove(setting.index(0))])
      },
      own(.addedMemberExists, "own commit that adds a member again") { setting in
        CommitOptions(proposals: [.add(try setting.keyPackage(of: setting.group.clients[1]))])
      },
      own(.keyPackageSignature, "own commit that adds a forged key package") { setting in
        var keyPackage = try setting.newKeyPackage()
        keyPackage.signature[0] ^= 1
        return CommitOptions(proposals: [.add(keyPackage)])
      },
      own(.leafSupportsCredentials, "own commit that drops the group's credential type") { setting in
        var capabilities = TestClient.capabilities(setting.crypto)
        capabilities.credentials = [.x509]
        return CommitOptions(leaf: LeafChange(credential: .x509(certificates: []), capabilities: capabilities))
      },
      own(.commitPermitted, "own commit that the application forbids as a whole", Judge(permitsCommit: { $0.leaf?.credential != .mallory })) {
        _ in CommitOptions(leaf: LeafChange(credential: .mallory))
      },
      Rejection(.commitPermitted, "own external commit that the application forbids") { crypto in
        let setting = try Setting(crypto)
        let judge = Judge(permitsCommit: { $0.leaf?.credential != .mallory })
        let info = try setting.group.members[0].groupInfo(withTree: true, using: crypto)
        func attempt(_ client: TestClient) -> MLSError? {
          MLSScenarios.refusal { () throws(MLSError) in
            _ = try Group.joinExternally(info, identity: client.identity, application: judge, using: crypto)
          }
        }
        if let error = try attempt(setting.newClient()) { throw BrokenSetting("the honest client was refused: \(error)") }
        return try attempt(setting.newClient("mallory"))
      },
      Rejection(.removeTarget, "own proposal to remove nobody") { crypto in
        let setting = try Setting(crypto)
        return try refusal(
          of: { (group, judge) throws(MLSError) in _ = try group.propose(.remove(LeafIndex(9)), application: judge, using: crypto) },
          honest: { (group, judge) throws(MLSError) in _ = try group.propose(.remove(LeafIndex(1)), application: judge, using: crypto) },
          setting)
      },
      Rejection(.duplicateExtension, "creating a group with an extension twice") { crypto in
        try creating([Extension(.applicationID, [1]), Extension(.applicationID, [2])], honest: [Extension(.applicationID, [1])], crypto)
      },
      Rejection(.externalSenderCredential, "creating a group with an external sender whom the application does not know") { crypto in
        let key = SignaturePublicKey([UInt8](repeating: 1, count: 32))
        func senders(_ credential: Credential) -> Extensions {
          [Extension(.externalSenders, ExternalSenders([ExternalSender(signatureKey: key, credential: credential)]).encoded())]
        }
        return try creating(senders(.mallory), honest: senders(.basic(identity: [1])), crypto)
      },
      Rejection(error: .usage(.pendingProposals), "sending while a proposal waits") { crypto in
        var setting = try Setting(crypto)
        let idle = setting.group.members[0]
        try setting.propose(from: 1, .remove(setting.index(2)))
        return try refusal(
          of: { (group, _) throws(MLSError) in _ = try group.encrypt([1], using: crypto) },
          honest: { (_, _) throws(MLSError) in
            var group = idle
            _ = try group.encrypt([1], using: crypto)
          }, setting)
      },
      Rejection(error: .usage(.pendingCommit), "second commit while one waits") { crypto in
        var setting = try Setting(crypto)
        let idle = setting.group.members[0]
        try setting.group.members[0].commit(application: setting.judge, using: crypto)
        return try refusal(
          of: { (group, judge) throws(MLSError) in try group.commit(application: judge, using: crypto) },
          honest: { (_, judge) throws(MLSError) in
            var group = idle
            try group.commit(application: judge, using: crypto)
          }, setting)
      },
      Rejection(error: .usage(.groupInactive), "sending after a ReInit") { crypto in
        var setting = try Setting(crypto)
        let active = setting.group.members[0]
        let reinit = ReInit(groupID: [1], cipherSuite: catalogueSuite, extensions: [])
        try setting.group.commit(by: 1, CommitOptions(proposals: [.reinit(reinit)]))
        return try refusal(
          of: { (group, _) throws(MLSError) in _ = try group.encrypt([1], using: crypto) },
          honest: { (_, _) throws(MLSError) in
            var group = active
            _ = try group.encrypt([1], using: crypto)
          }, setting)
      },
      Rejection(error: .usage(.invalidArgument), "own second SelfRemove") { crypto in
        let setting = try Setting(crypto)
        return try refusal(
          of: { (group, judge) throws(MLSError) in
            var trial = group
            _ = try trial.propose(.selfRemove, application: judge, using: crypto)
            _ = try trial.propose(.selfRemove, application: judge, using: crypto)
          }, honest: { (group, judge) throws(MLSError) in _ = try group.propose(.selfRemove, application: judge, using: crypto) }, setting)
      },
    ]
  }

  private static func creating(_ bad: Extensions, honest: Extensions, _ crypto: Crypto) throws -> MLSError? {
    let client = try TestClient("0", suite: catalogueSuite, using: crypto)
    func attempt(_ extensions: Extensions) -> MLSError? {
      MLSScenarios.refusal { () throws(MLSError) in
        _ = try Group.create(
          groupID: [1], suite: catalogueSuite, identity: client.identity, extensions: extensions, application: Judge.knowsMallory,
          using: crypto)
      }
    }
    if let error = attempt(honest) { throw BrokenSetting("the honest group was refused: \(error)") }
    return attempt(bad)
  }
}
