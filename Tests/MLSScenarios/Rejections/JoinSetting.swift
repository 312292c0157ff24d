// A group that a client is about to join by a Welcome.
import CryptoInterface
import MLS
import TLSCodec

/// Seven members of whom 0, 2 and 4 have committed; member 0 has just added "new" at leaf 7 (without `removing`), with a path unless told otherwise.
struct JoinSetting<Crypto: CryptoProvider> {
  let crypto: Crypto
  var judge = Judge()
  /// What the case changes, and what must be accepted.
  var forge: WelcomeForge<Crypto>
  var honest: WelcomeForge<Crypto>
  /// What the joiner knows in each.
  var joining = JoiningContext()
  var honestJoining = JoiningContext()
  /// The group before the commit.
  var members: [Group]

  init(_ crypto: Crypto, removing: [UInt32] = [], hasPath: Bool = true, dictionary: AppDataDictionary? = nil) throws {
    var setting = try Setting(crypto, members: 7, dictionary: dictionary)
    try setting.group.commit(by: 4)
    let bundle = try setting.newClient().keyPackage(using: crypto)
    members = setting.group.members
    let commit = try setting.group.commit(
      by: 0,
      CommitOptions(
        proposals: removing.map { .remove(LeafIndex($0)) } + [.add(bundle.keyPackage)], omitsPathWherePossible: !hasPath))
    self.crypto = crypto
    forge = try WelcomeForge(opening: commit, for: bundle, signer: members[0].state.signingKey, using: crypto)
    honest = forge
  }

  init(_ forge: WelcomeForge<Crypto>, _ joining: JoiningContext, members: [Group], using crypto: Crypto) {
    self.crypto = crypto
    self.forge = forge
    honest = forge
    self.joining = joining
    honestJoining = joining
    self.members = members
  }

  /// Changes a member's leaf and lets the committer make its path anew, so that all parent hashes fit.
  mutating func changeLeaf(
    of i: Int, signer: SignaturePrivateKey? = nil, signed: (inout LeafNode) -> Void = { _ in }, _ change: (inout LeafNode) -> Void
  ) throws {
    try forge.changeLeaf(members[i].leafIndex, signer: signer ?? members[i].state.signingKey, signed: signed, change)
    try forge.rebuild()
  }

  mutating func rebuild(changingKeys changeKeys: (inout [HPKEPublicKey]) -> Void) throws {
    try forge.rebuild(changingKeys: changeKeys)
  }

  // MARK: Trials

  private func join(_ forge: WelcomeForge<Crypto>, _ joining: JoiningContext) throws -> MLSError? {
    let (welcome, _) = try forge.sealed()
    let received = try Welcome(decoding: welcome.encoded())
    var joining = joining
    joining.tree = try RatchetTree(decoding: forge.tree.encoded())
    return MLSScenarios.refusal { () throws(MLSError) in
      _ = try Group.join(received, with: forge.bundle, joining, application: judge, using: crypto)
    }
  }

  private func follow(_ forge: WelcomeForge<Crypto>) throws -> MLSError? {
    let (_, info) = try forge.sealed()
    let received = try GroupInfo(decoding: info.encoded())
    let tree = try RatchetTree(decoding: forge.tree.encoded())
    return MLSScenarios.refusal { () throws(MLSError) in
      _ = try PublicGroup(groupInfo: received, tree: tree, application: judge, using: crypto)
    }
  }

  /// What the joiner says to the forged Welcome. A delivery service must say the same where it can see the fault.
  func refusal() throws -> MLSError? {
    if let error = try join(honest, honestJoining) { throw BrokenSetting("the honest Welcome was refused: \(error)") }
    let error = try join(forge, joining)
    if let publicError = try follow(forge), let error, error != publicError {
      throw BrokenSetting("a joiner says \(error), a public group \(publicError)")
    }
    return error
  }

  /// What a delivery service says to the forged GroupInfo.
  func publicRefusal() throws -> MLSError? {
    if let error = try follow(honest) { throw BrokenSetting("the honest GroupInfo was refused: \(error)") }
    return try follow(forge)
  }

  /// What an external joiner says to the forged GroupInfo, changed further before it is signed.
  func externalRefusal(_ change: (inout GroupInfo) throws -> Void = { _ in }, honest changeHonest: (inout GroupInfo) throws -> Void = { _ in })
    throws -> MLSError?
  {
    func attempt(_ forge: WelcomeForge<Crypto>, _ joining: JoiningContext, _ change: (inout GroupInfo) throws -> Void) throws -> MLSError? {
      var forge = forge
      try change(&forge.info)
      let (_, info) = try forge.sealed()
      let received = try GroupInfo(decoding: info.encoded())
      let tree = try RatchetTree(decoding: forge.tree.encoded())
      let client = try TestClient("external", suite: forge.suite.suite, using: crypto)
      return MLSScenarios.refusal { () throws(MLSError) in
        _ = try Group.joinExternally(
          received, tree: tree, identity: client.identity, isKnownGroup: joining.isKnownGroup, application: judge, using: crypto)
      }
    }
    if let error = try attempt(honest, honestJoining, changeHonest) { throw BrokenSetting("the honest GroupInfo was refused: \(error)") }
    return try attempt(forge, joining, change)
  }
}

extension Setting {
  /// What a client says who claims a key package.
  func refusal(ofKeyPackage keyPackage: KeyPackage, at now: UInt64) throws -> MLSError? {
    func validate(_ keyPackage: KeyPackage) throws -> MLSError? {
      let received = try KeyPackage(decoding: keyPackage.encoded())
      return MLSScenarios.refusal { () throws(MLSError) in
        try received.validate(at: now, application: judge, using: crypto)
      }
    }
    if let error = try validate(newKeyPackage()) { throw BrokenSetting("the honest key package was refused: \(error)") }
    return try validate(keyPackage)
  }
}
