// RFC 9420 §12.4.3: Welcomes, GroupInfos and the trees that come with them.
import CryptoInterface
import MLS
import TLSCodec

extension Rejections {
  static var joining: [Rejection<Crypto>] {
    [
      Rejection(.groupInfoSigner, "GroupInfo signed by a blank leaf") { crypto in
        var setting = try JoinSetting(crypto, removing: [3, 5])
        setting.forge.info.signer = LeafIndex(5)
        return try setting.refusal()
      },
      Rejection(.groupInfoSigner, "GroupInfo signed by nobody in the tree") { crypto in
        var setting = try JoinSetting(crypto)
        setting.forge.info.signer = LeafIndex(0xFFFF_FFFF)
        return try setting.refusal()
      },
      Rejection(.groupInfoSignature, "GroupInfo with a wrong signature") { crypto in
        var setting = try JoinSetting(crypto)
        setting.forge.changeSignature = { $0[0] ^= 1 }
        return try setting.refusal()
      },
      Rejection(.groupInfoSignature, "GroupInfo that names another signer") { crypto in
        var setting = try JoinSetting(crypto)
        setting.forge.info.signer = LeafIndex(1)
        return try setting.refusal()
      },
      Rejection(.groupInfoSignature, "GroupInfo for an external join with a wrong signature") { crypto in
        var setting = try JoinSetting(crypto)
        let externalPub = Extension(.externalPub, ExternalPub(try crypto.generateKeyPair(setting.forge.suite.kem).publicKey).encoded())
        setting.forge.changeSignature = { $0[0] ^= 1 }
        return try setting.externalRefusal({ $0.extensions.entries.append(externalPub) }, honest: { $0.extensions.entries.append(externalPub) })
      },
      Rejection(.welcomeOneResumption, "Welcome with two branch PSKs") { crypto in
        var setting = try branching(crypto)
        let old = setting.members[0]
        let second = PreSharedKeyID(.resumption(usage: .branch, groupID: old.groupID, epoch: old.epoch), nonce: crypto.random(32))
        setting.forge.secrets.psks.append(second)
        setting.forge.pskSecrets.append(old.resumptionPSK.secret)
        return try setting.refusal()
      },
      Rejection(.welcomeOneResumption, "Welcome with a branch and a reinit PSK") { crypto in
        var setting = try reinitialization(crypto)
        let old = setting.members[0]
        let second = PreSharedKeyID(.resumption(usage: .branch, groupID: old.groupID, epoch: old.epoch), nonce: crypto.random(48))
        setting.forge.secrets.psks.append(second)
        setting.forge.pskSecrets.append(old.resumptionPSK.secret)
        return try setting.refusal()
      },
      Rejection(.pskNonce, "Welcome with a short PSK nonce") { crypto in
        var setting = try branching(crypto)
        setting.forge.secrets.psks[0].nonce.removeLast()
        return try setting.refusal()
      },
      Rejection(.welcomeSuite, "Welcome of another suite than the key package's") { crypto in
        var setting = try JoinSetting(crypto)
        setting.forge.cipherSuite = CipherSuite(3)
        return try setting.refusal()
      },
      Rejection(.welcomeSuite, "GroupInfo of another suite than the key package's") { crypto in
        var setting = try JoinSetting(crypto)
        setting.forge.info.groupContext.cipherSuite = CipherSuite(3)
        return try setting.refusal()
      },
      Rejection(.welcomeGroupIDUnique, "Welcome to a group that one is in already") { crypto in
        var setting = try JoinSetting(crypto)
        setting.joining.isKnownGroup = { _ in true }
        return try setting.refusal()
      },
      Rejection(.welcomeGroupIDUnique, "external join to a group that one is in already") { crypto in
        var setting = try JoinSetting(crypto)
        setting.joining.isKnownGroup = { _ in true }
        let externalPub = Extension(.externalPub, ExternalPub(try crypto.generateKeyPair(setting.forge.suite.kem).publicKey).encoded())
        return try setting.externalRefusal({ $0.extensions.entries.append(externalPub) }, honest: { $0.extensions.entries.append(externalPub) })
      },
      Rejection(.welcomeTreeHash, "tree with another hash") { crypto in
        var setting = try JoinSetting(crypto)
        setting.forge.info.groupContext.treeHash[0] ^= 1
        setting.forge.keepsTreeHash = true
        return try setting.refusal()
      },
      Rejection(.welcomeOwnLeaf, "tree with another leaf in the joiner's place") { crypto in
        var setting = try JoinSetting(crypto)
        try setting.forge.changeLeaf(LeafIndex(7), signer: setting.forge.bundle.signaturePrivateKey, signed: { _ in }) {
          $0.extensions.entries.append(Extension(.applicationID, [1]))
        }
        try setting.forge.rebuild()
        return try setting.refusal()
      },
      Rejection(.welcomeOwnLeaf, "tree without the joiner") { crypto in
        var setting = try JoinSetting(crypto)
        setting.forge.tree.remove([LeafIndex(7)])
        try setting.forge.rebuild()
        return try setting.refusal()
      },
      Rejection(.publicKey, "external join with a short external_pub") { crypto in
        let setting = try JoinSetting(crypto)
        var key = try crypto.generateKeyPair(setting.forge.suite.kem).publicKey
        let good = Extension(.externalPub, ExternalPub(key).encoded())
        key.bytes.removeLast()
        let bad = Extension(.externalPub, ExternalPub(key).encoded())
        return try setting.externalRefusal({ $0.extensions.entries.append(bad) }, honest: { $0.extensions.entries.append(good) })
      },
      Rejection(.externalPub, "external join without external_pub") { crypto in
        let setting = try JoinSetting(crypto)
        let externalPub = Extension(.externalPub, ExternalPub(try crypto.generateKeyPair(setting.forge.suite.kem).publicKey).encoded())
        return try setting.externalRefusal(honest: { $0.extensions.entries.append(externalPub) })
      },
    ]
  }

  static var joinedTrees: [Rejection<Crypto>] {
    [
      Rejection(.unmergedLeaves, "unmerged leaf that is not below its node") { crypto in
        var setting = try JoinSetting(crypto)
        try setting.forge.changeParent(11) { $0.unmergedLeaves.insert(LeafIndex(0), at: 0) }
        try setting.forge.rebuild()
        return try setting.refusal()
      },
      Rejection(.unmergedLeaves, "unmerged leaf outside of the tree") { crypto in
        var setting = try JoinSetting(crypto)
        try setting.forge.changeParent(11) { $0.unmergedLeaves.append(LeafIndex(0xFFFF_FFFF)) }
        try setting.forge.rebuild()
        return try setting.refusal()
      },
      Rejection(.unmergedLeaves, "unmerged leaf that is blank") { crypto in
        var setting = try JoinSetting(crypto, removing: [3, 5])
        try setting.forge.changeParent(7) { $0.unmergedLeaves.append(LeafIndex(5)) }
        return try setting.refusal()
      },
      Rejection(.unmergedLeaves, "unmerged leaf that a node between does not list") { crypto in
        var setting = try JoinSetting(crypto, hasPath: false)
        try setting.forge.changeParent(11) { $0.unmergedLeaves = [] }
        return try setting.refusal()
      },
      Rejection(.uniqueParentKeys, "two parents with one key") { crypto in
        var setting = try JoinSetting(crypto)
        guard let other = setting.forge.tree.parentNode(NodeIndex(9)) else { throw BrokenSetting("node 9 is blank") }
        try setting.rebuild(changingKeys: { $0[0] = other.encryptionKey })
        return try setting.refusal()
      },
      Rejection(.uniqueParentKeys, "parent with the key of a leaf") { crypto in
        var setting = try JoinSetting(crypto)
        guard let other = setting.forge.tree[LeafIndex(6)] else { throw BrokenSetting("leaf 6 is blank") }
        try setting.rebuild(changingKeys: { $0[0] = other.encryptionKey })
        return try setting.refusal()
      },
      Rejection(.parentHashes, "parent key that no leaf vouches for") { crypto in
        var setting = try JoinSetting(crypto)
        let key = try crypto.generateKeyPair(setting.forge.suite.kem).publicKey
        try setting.forge.changeParent(5) { $0.encryptionKey = key }
        try setting.forge.rebuild()
        return try setting.refusal()
      },
      Rejection(.parentHashes, "root key that the path does not vouch for") { crypto in
        var setting = try JoinSetting(crypto, hasPath: false)
        let key = try crypto.generateKeyPair(setting.forge.suite.kem).publicKey
        try setting.forge.changeParent(7) { $0.encryptionKey = key }
        return try setting.refusal()
      },
      Rejection(.parentHashes, "parent with another parent hash") { crypto in
        var setting = try JoinSetting(crypto)
        try setting.forge.changeParent(5) { $0.parentHash = [1] }
        try setting.forge.rebuild()
        return try setting.refusal()
      },
      Rejection(.parentHashes, "leaf whose parent hash fits no node") { crypto in
        var setting = try JoinSetting(crypto)
        try setting.changeLeaf(of: 2) { $0.source = .commit(parentHash: [1]) }
        return try setting.refusal()
      },
      Rejection(.parentHashes, "original sibling changed by blanking a leaf") { crypto in
        var setting = try JoinSetting(crypto)
        try setting.forge.changeNode(6) { $0 = nil }
        try setting.forge.rebuild()
        return try setting.refusal()
      },
      Rejection(.parentHashes, "merged leaf declared unmerged") { crypto in
        var setting = try JoinSetting(crypto)
        try setting.forge.changeParent(5) { $0.unmergedLeaves = [LeafIndex(2)] }
        try setting.forge.rebuild()
        return try setting.refusal()
      },
      Rejection(.duplicateExtension, "GroupInfo with an extension twice") { crypto in
        var setting = try JoinSetting(crypto)
        setting.forge.info.extensions.entries += [Extension(.applicationID, [1]), Extension(.applicationID, [2])]
        return try setting.refusal()
      },
      Rejection(.duplicateExtension, "GroupContext with an extension twice") { crypto in
        var setting = try JoinSetting(crypto)
        setting.forge.info.groupContext.extensions.entries += [Extension(.applicationID, [1]), Extension(.applicationID, [2])]
        return try setting.refusal()
      },
      Rejection(.groupExtensionSupported, "joined group with an extension that the joiner does not support") { crypto in
        var setting = try JoinSetting(crypto)
        setting.forge.info.groupContext.extensions.entries.append(Extension(ExtensionType(0xF0F0), []))
        return try setting.refusal()
      },
      Rejection(.groupExtensionSupported, "Add of a client that does not support a GroupContext extension") { crypto in
        let setting = try Setting(crypto, dictionary: AppDataDictionary())
        return try setting.refusal(
          ofProposal: .add(
            setting.newKeyPackage(leaf: {
              $0.capabilities.extensions = []
              $0.extensions = []
            })), honest: .add(setting.newKeyPackage()))
      },
      Rejection(.groupExtensionSupported, "commit that drops support for a GroupContext extension") { crypto in
        let setting = try Setting(crypto, dictionary: AppDataDictionary())
        return try setting.refusal(ofCommit: { forge in
            forge.changeLeaf = {
              $0.capabilities.extensions = []
              $0.extensions = []
            }
          })
      },
    ]
  }
}
