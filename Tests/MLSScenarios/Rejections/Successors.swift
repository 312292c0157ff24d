// RFC 9420 §11.2 and §11.3: groups that continue or branch from another.
import CryptoInterface
import MLS
import TLSCodec

extension Rejections {
  /// Three members have ended their group by ReInit to suite 7; member 0 has made the successor, member 1 is about to join.
  static func reinitialization(_ crypto: Crypto) throws -> JoinSetting<Crypto> {
    var old = try TestGroup(3, suite: catalogueSuite, using: crypto)
    let reinit = ReInit(groupID: Array("successor".utf8), cipherSuite: CipherSuite(7), extensions: [Extension(.applicationID, [1])])
    try old.commit(by: 2, CommitOptions(proposals: [.reinit(reinit)]))
    let clients = try (0..<3).map { try TestClient(String($0), suite: reinit.cipherSuite, using: crypto) }
    let bundles = try clients.dropFirst().map { try $0.keyPackage(using: crypto) }
    let new = try old.members[0].reinitialize(
      identity: clients[0].identity, keyPackages: bundles.map { $0.keyPackage }, application: SameName(), using: crypto)
    return try setting(new, bundles[0], clients[0], prior: old, using: crypto)
  }

  /// Member 0 has branched a group with members 1 and 2 from one of four; member 1 is about to join.
  static func branching(_ crypto: Crypto) throws -> JoinSetting<Crypto> {
    let old = try TestGroup(4, suite: catalogueSuite, using: crypto)
    let clients = try (0..<3).map { try TestClient(String($0), suite: catalogueSuite, using: crypto) }
    let bundles = try clients.dropFirst().map { try $0.keyPackage(using: crypto) }
    let new = try old.members[0].branch(
      groupID: Array("branch".utf8), identity: clients[0].identity, keyPackages: bundles.map { $0.keyPackage }, application: SameName(),
      using: crypto)
    return try setting(new, bundles[0], clients[0], prior: old, using: crypto)
  }

  private static func setting(
    _ new: Group, _ bundle: KeyPackageBundle, _ creator: TestClient, prior old: TestGroup<Crypto>, using crypto: Crypto
  ) throws -> JoinSetting<Crypto> {
    guard let pending = new.pendingCommit else { throw BrokenSetting("no commit of the successor") }
    let forge = try WelcomeForge(
      opening: pending, for: bundle, pskSecrets: [old.members[1].resumptionPSK.secret],
      signer: creator.identity.signatureKeyPair.privateKey, using: crypto)
    return JoinSetting(forge, JoiningContext(priorGroup: old.members[1]), members: old.members, using: crypto)
  }

  static var successors: [Rejection<Crypto>] {
    [
      Rejection(.reinitParameters, "successor with another group id") { crypto in
        var setting = try reinitialization(crypto)
        setting.forge.info.groupContext.groupID = [1]
        for leaf in setting.forge.tree.leaves where leaf.index == setting.forge.info.signer {
          try setting.forge.changeLeaf(leaf.index, signer: setting.forge.signer, signed: { _ in }) { _ in }
        }
        return try setting.refusal()
      },
      Rejection(.reinitParameters, "successor with other extensions") { crypto in
        var setting = try reinitialization(crypto)
        setting.forge.info.groupContext.extensions = []
        return try setting.refusal()
      },
      Rejection(.reinitParameters, "successor with another suite") { crypto in
        // The same Welcome, seen by a member whose ReInit named another suite.
        var setting = try reinitialization(crypto)
        var old = try TestGroup(3, suite: catalogueSuite, using: crypto)
        let reinit = ReInit(
          groupID: Array("successor".utf8), cipherSuite: CipherSuite(5), extensions: [Extension(.applicationID, [1])])
        try old.commit(by: 2, CommitOptions(proposals: [.reinit(reinit)]))
        setting.joining.priorGroup = old.members[1]
        setting.forge.pskSecrets = [old.members[1].resumptionPSK.secret]
        return try setting.refusal()
      },
      Rejection(.reinitParameters, "successor of a group that no ReInit has ended") { crypto in
        var setting = try reinitialization(crypto)
        var old = try TestGroup(3, suite: catalogueSuite, using: crypto)
        try old.commit(by: 2)
        setting.joining.priorGroup = old.members[1]
        setting.forge.pskSecrets = [old.members[1].resumptionPSK.secret]
        return try setting.refusal()
      },
      Rejection(.reinitEpoch, "successor in epoch 2") { crypto in
        var setting = try reinitialization(crypto)
        setting.forge.info.groupContext.epoch = 2
        return try setting.refusal()
      },
      Rejection(.reinitMembers, "successor without a member") { crypto in
        var setting = try reinitialization(crypto)
        setting.judge.same = { $0.credential == $1.credential }
        setting.forge.tree.remove([LeafIndex(2)])
        try setting.forge.rebuild()
        return try setting.refusal()
      },
      Rejection(.reinitPSK, "successor without the PSK") { crypto in
        var setting = try reinitialization(crypto)
        setting.forge.secrets.psks = []
        setting.forge.pskSecrets = []
        return try setting.refusal()
      },
      Rejection(.welcomeGroupIDUnique, "Welcome under the id of an ended group that moved to another id") { crypto in
        var setting = try reinitialization(crypto)
        let old = setting.members[0].groupID
        setting.joining.isKnownGroup = { $0 == old }
        setting.honestJoining.isKnownGroup = { $0 == old }
        setting.forge.info.groupContext.groupID = old
        setting.forge.secrets.psks = []
        setting.forge.pskSecrets = []
        try setting.forge.changeLeaf(setting.forge.info.signer, signer: setting.forge.signer, signed: { _ in }) { _ in }
        return try setting.refusal()
      },
      Rejection(.branchParameters, "branch with another suite") { crypto in
        // The old group has suite 3, the branch suite 1.
        var setting = try branching(crypto)
        let old = try TestGroup(4, suite: CipherSuite(3), using: crypto)
        setting.joining.priorGroup = old.members[1]
        setting.forge.pskSecrets = [old.members[1].resumptionPSK.secret]
        return try setting.refusal()
      },
      Rejection(.branchEpoch, "branch in epoch 2") { crypto in
        var setting = try branching(crypto)
        setting.forge.info.groupContext.epoch = 2
        return try setting.refusal()
      },
      Rejection(.branchMembers, "branch with a stranger") { crypto in
        var setting = try branching(crypto)
        setting.judge.same = { $0.credential == $1.credential }
        let stranger = try TestClient("stranger", suite: catalogueSuite, using: crypto)
        _ = try setting.forge.tree.add(stranger.keyPackage(using: crypto).keyPackage.leafNode)
        try setting.forge.rebuild()
        return try setting.refusal()
      },
      Rejection(.reinitMembers, "creating a successor without a member") { crypto in
        var old = try TestGroup(3, suite: catalogueSuite, using: crypto)
        try old.commit(by: 2, CommitOptions(proposals: [.reinit(ReInit(groupID: [1], cipherSuite: catalogueSuite, extensions: []))]))
        let clients = try (0..<3).map { try TestClient(String($0), suite: catalogueSuite, using: crypto) }
        let keyPackages = try clients.dropFirst().map { try $0.keyPackage(using: crypto).keyPackage }
        func attempt(_ keyPackages: [KeyPackage]) -> MLSError? {
          refusal { () throws(MLSError) in
            _ = try old.members[0].reinitialize(
              identity: clients[0].identity, keyPackages: keyPackages, application: SameName(), using: crypto)
          }
        }
        if let error = attempt(keyPackages) { throw BrokenSetting("the whole successor was refused: \(error)") }
        return attempt([keyPackages[0]])
      },
      Rejection(.branchMembers, "creating a branch with a stranger") { crypto in
        let old = try TestGroup(3, suite: catalogueSuite, using: crypto)
        let own = try TestClient("0", suite: catalogueSuite, using: crypto)
        func attempt(_ name: String) throws -> MLSError? {
          let keyPackage = try TestClient(name, suite: catalogueSuite, using: crypto).keyPackage(using: crypto).keyPackage
          return refusal { () throws(MLSError) in
            _ = try old.members[0].branch(
              groupID: [1], identity: own.identity, keyPackages: [keyPackage], application: SameName(), using: crypto)
          }
        }
        if let error = try attempt("1") { throw BrokenSetting("the branch of members was refused: \(error)") }
        return try attempt("stranger")
      },
    ]
  }
}

/// Clients are the same where their credentials are.
struct SameName: MLSApplication {
  func validate(_ leaf: LeafNode, in context: GroupContext?) -> Bool { true }
}
