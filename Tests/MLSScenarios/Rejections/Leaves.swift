// RFC 9420 §7.2, §7.3 and §10: leaves and key packages.
import CryptoInterface
import MLS
import TLSCodec

private let unknownExtension = ExtensionType(0xF0F0)

extension Rejections {
  /// What a leaf must be by itself, wherever it comes from: in an Add, an Update, a commit and a joined tree.
  private static func everywhere(_ rule: Rule, _ fault: String, _ change: @escaping @Sendable (inout LeafNode) -> Void) -> [Rejection<Crypto>] {
    [
      Rejection(rule, "Add: \(fault)") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofProposal: .add(setting.newKeyPackage(leaf: change)), honest: .add(setting.newKeyPackage()))
      },
      Rejection(rule, "Update: \(fault)") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(
          ofProposal: .update(setting.updatedLeaf(of: 0, change)), honest: .update(setting.updatedLeaf(of: 0)))
      },
      Rejection(rule, "commit: \(fault)") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofCommit: { $0.changeLeaf = change })
      },
      Rejection(rule, "external commit: \(fault)") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofExternalCommit: { $0.changeLeaf = change })
      },
      Rejection(rule, "joined tree: \(fault)") { crypto in
        var setting = try JoinSetting(crypto)
        try setting.changeLeaf(of: 1, change)
        return try setting.refusal()
      },
      Rejection(rule, "key package: \(fault)") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofKeyPackage: setting.newKeyPackage(leaf: change), at: 0)
      },
    ]
  }

  static var leaves: [Rejection<Crypto>] {
    everywhere(.leafExtensionsListed, "a leaf extension that is not listed") { $0.extensions.entries.append(Extension(unknownExtension, [])) }
      + everywhere(.leafCredentialListed, "the leaf's credential type is not listed") { $0.capabilities.credentials = [.x509] }
      + everywhere(.leafVersionAndSuite, "a leaf without the suite") { $0.capabilities.cipherSuites = [CipherSuite(2)] }
      + everywhere(.leafVersionAndSuite, "a leaf without the version") { $0.capabilities.versions = [ProtocolVersion(2)] }
      + everywhere(.duplicateExtension, "a leaf extension twice") {
        $0.extensions = [Extension(.applicationID, [1]), Extension(.applicationID, [1])]
      } + requirements + leafSignatures + leafSources
  }

  private static var requirements: [Rejection<Crypto>] {
    let required: @Sendable () -> Extensions = {
      [Extension(.requiredCapabilities, RequiredCapabilities(proposalTypes: [.selfRemove], credentialTypes: [.basic]).encoded())]
    }
    let change: @Sendable (inout LeafNode) -> Void = { $0.capabilities.proposals = [] }
    return [
      Rejection(.leafRequiredCapabilities, "Add without a required proposal type") { crypto in
        let setting = try Setting(crypto, extensions: required())
        return try setting.refusal(ofProposal: .add(setting.newKeyPackage(leaf: change)), honest: .add(setting.newKeyPackage()))
      },
      Rejection(.leafRequiredCapabilities, "Add by value without a required proposal type") { crypto in
        let setting = try Setting(crypto, extensions: required())
        let (bad, good) = try (setting.newKeyPackage(leaf: change), setting.newKeyPackage())
        return try setting.refusal(ofCommit: { $0.proposals = [.add(bad)] }, honest: { $0.proposals = [.add(good)] })
      },
      Rejection(.leafRequiredCapabilities, "Update without a required proposal type") { crypto in
        let setting = try Setting(crypto, extensions: required())
        return try setting.refusal(
          ofProposal: .update(setting.updatedLeaf(of: 0, change)), honest: .update(setting.updatedLeaf(of: 0)))
      },
      Rejection(.leafRequiredCapabilities, "commit without a required proposal type") { crypto in
        let setting = try Setting(crypto, extensions: required())
        return try setting.refusal(ofCommit: { $0.changeLeaf = change })
      },
      Rejection(.leafRequiredCapabilities, "Add without what the same commit comes to require") { crypto in
        let setting = try Setting(crypto)
        let (bad, good) = try (setting.newKeyPackage(leaf: change), setting.newKeyPackage())
        let requires = Proposal.groupContextExtensions(required())
        return try setting.refusal(ofCommit: { $0.proposals = [.add(bad), requires] }, honest: { $0.proposals = [.add(good), requires] })
      },
      Rejection(.leafRequiredCapabilities, "joined tree whose member lacks a required credential type") { crypto in
        var setting = try JoinSetting(crypto)
        for forge in [\JoinSetting<Crypto>.forge, \JoinSetting<Crypto>.honest] {
          setting[keyPath: forge].info.groupContext.extensions[.requiredCapabilities] = required()[.requiredCapabilities]
        }
        try setting.changeLeaf(of: 1) { $0.capabilities.proposals = [] }
        return try setting.refusal()
      },
    ]
  }

  private static var leafSignatures: [Rejection<Crypto>] {
    [
      Rejection(.leafSignature, "Add with a wrong leaf signature") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(
          ofProposal: .add(setting.newKeyPackage { $0.leafNode.signature[0] ^= 1 }), honest: .add(setting.newKeyPackage()))
      },
      Rejection(.leafSignature, "Add by value with a wrong leaf signature") { crypto in
        let setting = try Setting(crypto)
        let (bad, good) = try (setting.newKeyPackage { $0.leafNode.signature[0] ^= 1 }, setting.newKeyPackage())
        return try setting.refusal(ofCommit: { $0.proposals = [.add(bad)] }, honest: { $0.proposals = [.add(good)] })
      },
      Rejection(.leafSignature, "key package with a wrong leaf signature") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofKeyPackage: setting.newKeyPackage { $0.leafNode.signature[0] ^= 1 }, at: 0)
      },
      Rejection(.leafSignature, "Update signed with another key than the leaf's") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(
          ofProposal: .update(setting.updatedLeaf(of: 0, signer: setting.externalSender.privateKey)),
          honest: .update(setting.updatedLeaf(of: 0)))
      },
      Rejection(.leafSignature, "Update signed for another leaf") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(
          ofProposal: .update(setting.updatedLeaf(of: 0, signedFor: setting.index(1))), honest: .update(setting.updatedLeaf(of: 0)))
      },
      Rejection(.leafSignature, "commit with a wrong leaf signature") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofCommit: { forge in forge.changeSignedLeaf = { $0.signature[0] ^= 1 } })
      },
      Rejection(.leafSignature, "external commit with a wrong leaf signature") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofExternalCommit: { forge in forge.changeSignedLeaf = { $0.signature[0] ^= 1 } })
      },
      Rejection(.leafSignature, "joined tree with a wrong leaf signature") { crypto in
        var setting = try JoinSetting(crypto)
        try setting.changeLeaf(of: 1, signed: { $0.signature[0] ^= 1 }) { _ in }
        return try setting.refusal()
      },
    ]
  }

  private static var leafSources: [Rejection<Crypto>] {
    [
      Rejection(.leafSourceKeyPackage, "Add with the leaf of an Update") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(
          ofProposal: .add(setting.newKeyPackage(leaf: { $0.source = .update })), honest: .add(setting.newKeyPackage()))
      },
      Rejection(.leafSourceKeyPackage, "key package with the leaf of a commit") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofKeyPackage: setting.newKeyPackage(leaf: { $0.source = .commit(parentHash: []) }), at: 0)
      },
      Rejection(.leafSourceUpdate, "Update with the leaf of a key package") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(
          ofProposal: .update(setting.updatedLeaf(of: 0) { $0.source = .keyPackage(.always) }), honest: .update(setting.updatedLeaf(of: 0)))
      },
      Rejection(.leafSourceUpdate, "Update with the leaf of a commit") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(
          ofProposal: .update(setting.updatedLeaf(of: 0) { $0.source = .commit(parentHash: []) }),
          honest: .update(setting.updatedLeaf(of: 0)))
      },
      Rejection(.leafSourceCommit, "commit with the leaf of an Update") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofCommit: { forge in forge.changeLeaf = { $0.source = .update } })
      },
      Rejection(.leafSourceCommit, "external commit with the leaf of a key package") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofExternalCommit: { forge in forge.changeLeaf = { $0.source = .keyPackage(.always) } })
      },
      Rejection(.updateEncryptionKey, "Update with the old encryption key") { crypto in
        let setting = try Setting(crypto)
        let old = setting.leaf(0)
        return try setting.refusal(
          ofProposal: .update(setting.updatedLeaf(of: 0) { $0.encryptionKey = old?.encryptionKey ?? $0.encryptionKey }),
          honest: .update(setting.updatedLeaf(of: 0)))
      },
      Rejection(.updateEncryptionKey, "resync with the removed leaf's encryption key") { crypto in
        let setting = try Setting(crypto)
        let old = setting.leaf(1)
        let remove = Proposal.remove(setting.index(1))
        return try setting.refusal(
          ofExternalCommit: { forge in forge.changeLeaf = { $0.encryptionKey = old?.encryptionKey ?? $0.encryptionKey } },
          honest: { $0.proposals.append(remove) }, by: setting.group.clients[1])
      },
    ]
  }

  /// What a leaf must be among the others.
  static var leavesAmongMembers: [Rejection<Crypto>] {
    [
      Rejection(.leafCredentialSupported, "Add with a credential type that a member does not support") { crypto in
        var setting = try Setting(crypto)
        let good = try setting.newKeyPackage()
        let bad = try setting.newKeyPackage(leaf: { $0.credential = .x509(certificates: []) })
        var capabilities = TestClient.capabilities(crypto)
        capabilities.credentials = [.basic]
        try setting.group.commit(by: 1, CommitOptions(leaf: LeafChange(capabilities: capabilities)))
        return try setting.refusal(ofCommit: { $0.proposals = [.add(bad)] }, honest: { $0.proposals = [.add(good)] })
      },
      Rejection(.leafCredentialSupported, "commit to a credential type that a member does not support") { crypto in
        var setting = try Setting(crypto)
        var capabilities = TestClient.capabilities(crypto)
        capabilities.credentials = [.basic]
        try setting.group.commit(by: 1, CommitOptions(leaf: LeafChange(capabilities: capabilities)))
        return try setting.refusal(ofCommit: { forge in forge.changeLeaf = { $0.credential = .x509(certificates: []) } })
      },
      Rejection(.leafSupportsCredentials, "Add without support for a credential type in use") { crypto in
        var setting = try Setting(crypto)
        try setting.group.commit(by: 1, CommitOptions(leaf: LeafChange(credential: .x509(certificates: []))))
        let good = try setting.newKeyPackage()
        let bad = try setting.newKeyPackage(leaf: { $0.capabilities.credentials = [.basic] })
        return try setting.refusal(ofCommit: { $0.proposals = [.add(bad)] }, honest: { $0.proposals = [.add(good)] })
      },
      Rejection(.leafSupportsCredentials, "commit without support for a credential type in use") { crypto in
        var setting = try Setting(crypto)
        try setting.group.commit(by: 1, CommitOptions(leaf: LeafChange(credential: .x509(certificates: []))))
        return try setting.refusal(ofCommit: { forge in forge.changeLeaf = { $0.capabilities.credentials = [.basic] } })
      },
      Rejection(.leafSupportsCredentials, "joined tree without support for a credential type in use") { crypto in
        var setting = try JoinSetting(crypto)
        try setting.presentX509(3, unsupportedBy: 1)
        return try setting.refusal()
      },
      Rejection(.leafCredentialSupported, "joined tree with a credential type that a member does not support") { crypto in
        var setting = try JoinSetting(crypto)
        try setting.presentX509(1, unsupportedBy: 3)
        return try setting.refusal()
      },
      Rejection(.uniqueSignatureKey, "Update to another member's signature key") { crypto in
        var setting = try Setting(crypto)
        let other = setting.group.members[1].state.signingKey
        let key = setting.leaf(1)?.signatureKey
        let leaf = try setting.updatedLeaf(of: 2, signer: other) { $0.signatureKey = key ?? $0.signatureKey }
        let bad = try setting.propose(from: 2, .update(leaf))
        let good = try setting.propose(from: 2, .update(setting.updatedLeaf(of: 2)))
        return try setting.refusal(ofCommit: { $0.references = [bad] }, honest: { $0.references = [good] })
      },
      Rejection(.uniqueSignatureKey, "commit to another member's signature key") { crypto in
        let setting = try Setting(crypto)
        let key = setting.leaf(1)?.signatureKey
        let own = setting.group.members[0].state.signingKey
        return try setting.refusal(ofCommit: { forge in
          forge.changeLeaf = { $0.signatureKey = key ?? $0.signatureKey }
          let (suite, group) = (setting.suite, setting.group)
          forge.changeSignedLeaf = { leaf in
            try? leaf.sign(
              suite, with: group.members[1].state.signingKey, groupID: group.members[0].groupID, leafIndex: group.members[0].leafIndex,
              using: crypto)
          }
          forge.signer = own
        })
      },
      Rejection(.uniqueSignatureKey, "external commit of a member who stays") { crypto in
        let setting = try Setting(crypto)
        let member = setting.group.clients[1]
        let index = setting.index(1)
        return try setting.refusal(
          ofExternalCommit: { $0.proposals.removeLast() }, honest: { $0.proposals.append(.remove(index)) }, by: member)
      },
      Rejection(.uniqueSignatureKey, "joined tree with one signature key twice") { crypto in
        var setting = try JoinSetting(crypto)
        let key = setting.forge.tree[setting.members[3].leafIndex]?.signatureKey
        try setting.changeLeaf(of: 1, signer: setting.members[3].state.signingKey) { $0.signatureKey = key ?? $0.signatureKey }
        return try setting.refusal()
      },
      Rejection(.uniqueEncryptionKey, "Add with a member's encryption key") { crypto in
        let setting = try Setting(crypto)
        let key = setting.leaf(1)?.encryptionKey
        let bad = try setting.newKeyPackage(leaf: { $0.encryptionKey = key ?? $0.encryptionKey })
        let good = try setting.newKeyPackage()
        return try setting.refusal(ofCommit: { $0.proposals = [.add(bad)] }, honest: { $0.proposals = [.add(good)] })
      },
      Rejection(.uniqueEncryptionKey, "Update to another member's encryption key") { crypto in
        var setting = try Setting(crypto)
        let key = setting.leaf(1)?.encryptionKey
        let bad = try setting.propose(from: 2, .update(setting.updatedLeaf(of: 2) { $0.encryptionKey = key ?? $0.encryptionKey }))
        let good = try setting.propose(from: 2, .update(setting.updatedLeaf(of: 2)))
        return try setting.refusal(ofCommit: { $0.references = [bad] }, honest: { $0.references = [good] })
      },
      Rejection(.uniqueEncryptionKey, "two Adds with one encryption key") { crypto in
        let setting = try Setting(crypto)
        let first = try setting.newKeyPackage()
        let key = first.leafNode.encryptionKey
        let bad = try setting.newKeyPackage(leaf: { $0.encryptionKey = key })
        return try setting.refusal(ofCommit: { $0.proposals.append(.add(bad)) }, honest: { $0.proposals = [.add(first)] })
      },
      Rejection(.uniqueEncryptionKey, "joined tree with one leaf key twice") { crypto in
        var setting = try JoinSetting(crypto)
        let key = setting.forge.tree[setting.members[3].leafIndex]?.encryptionKey
        try setting.changeLeaf(of: 1) { $0.encryptionKey = key ?? $0.encryptionKey }
        return try setting.refusal()
      },
    ]
  }

  static var keyPackages: [Rejection<Crypto>] {
    func inAdd(
      _ rule: Rule, _ fault: String, _ change: @escaping @Sendable (inout KeyPackage) -> Void,
      leaf changeLeaf: @escaping @Sendable (inout LeafNode) -> Void = { _ in }, signed changeSigned: @escaping @Sendable (inout KeyPackage) -> Void = { _ in }
    ) -> [Rejection<Crypto>] {
      let make: @Sendable (Setting<Crypto>) throws -> KeyPackage = { setting in
        var keyPackage = try setting.newKeyPackage(change, leaf: changeLeaf)
        changeSigned(&keyPackage)
        return keyPackage
      }
      return [
        Rejection(rule, "Add: \(fault)") { crypto in
          let setting = try Setting(crypto)
          return try setting.refusal(ofProposal: .add(make(setting)), honest: .add(setting.newKeyPackage()))
        },
        Rejection(rule, "Add by value: \(fault)") { crypto in
          let setting = try Setting(crypto)
          let (bad, good) = try (make(setting), setting.newKeyPackage())
          return try setting.refusal(ofCommit: { $0.proposals = [.add(bad)] }, honest: { $0.proposals = [.add(good)] })
        },
      ]
    }
    func claimed(
      _ rule: Rule, _ fault: String, _ change: @escaping @Sendable (inout KeyPackage) -> Void,
      leaf changeLeaf: @escaping @Sendable (inout LeafNode) -> Void = { _ in }, signed changeSigned: @escaping @Sendable (inout KeyPackage) -> Void = { _ in }
    ) -> Rejection<Crypto> {
      Rejection(rule, "claimed key package: \(fault)") { crypto in
        let setting = try Setting(crypto)
        var keyPackage = try setting.newKeyPackage(change, leaf: changeLeaf)
        changeSigned(&keyPackage)
        return try setting.refusal(ofKeyPackage: keyPackage, at: 0)
      }
    }
    let dictionary = Extension(.appDataDictionary, AppDataDictionary().encoded())
    return inAdd(.keyPackageVersionAndSuite, "another suite") { $0.cipherSuite = CipherSuite(3) }
      + inAdd(.keyPackageVersionAndSuite, "another version") { $0.version = ProtocolVersion(2) }
      + [claimed(.keyPackageVersionAndSuite, "another version") { $0.version = ProtocolVersion(2) }]
      + inAdd(.keyPackageSignature, "a wrong signature", { _ in }, signed: { $0.signature[0] ^= 1 })
      + [claimed(.keyPackageSignature, "a wrong signature", { _ in }, signed: { $0.signature[0] ^= 1 })]
      + inAdd(.keyPackageInitKey, "the leaf's key as init key") { $0.initKey = $0.leafNode.encryptionKey }
      + [claimed(.keyPackageInitKey, "the leaf's key as init key") { $0.initKey = $0.leafNode.encryptionKey }]
      + inAdd(.duplicateExtension, "an extension twice") {
        $0.extensions.entries += [Extension(.applicationID, [1]), Extension(.applicationID, [2])]
      }
      + inAdd(
        .keyPackageExtensionsListed, "an extension that is not listed", { $0.extensions.entries.append(dictionary) },
        leaf: { $0.capabilities.extensions = [] })
      + [
        claimed(
          .keyPackageExtensionsListed, "an extension that is not listed", { $0.extensions.entries.append(dictionary) },
          leaf: { $0.capabilities.extensions = [] })
      ]
  }
}

extension JoinSetting {
  /// One member presents an X.509 credential, another lists the basic type alone. Rules are checked from the left leaf to the right one.
  fileprivate mutating func presentX509(_ i: Int, unsupportedBy j: Int) throws {
    try forge.changeLeaf(members[i].leafIndex, signer: members[i].state.signingKey, signed: { _ in }) {
      $0.credential = .x509(certificates: [])
    }
    try forge.changeLeaf(members[j].leafIndex, signer: members[j].state.signingKey, signed: { _ in }) {
      $0.capabilities.credentials = [.basic]
    }
    // Node 5 covers leaf 3: blanked, as an Update would.
    try forge.changeNode(5) { $0 = nil }
    try forge.rebuild()
  }
}
