// RFC 9420 §7.5, §7.6 and §12.4.2: paths of commits.
import CryptoInterface
import MLS
import TLSCodec

extension Rejections {
  static var paths: [Rejection<Crypto>] {
    [
      Rejection(.pathKeys, "commit whose path key does not come from its secret") { crypto in
        let setting = try Setting(crypto)
        let other = try setting.freshKey()
        return try setting.refusal(ofCommit: { forge in forge.changeKeys = { $0[$0.count - 1] = other } })
      },
      Rejection(.pathKeys, "external commit whose path key does not come from its secret") { crypto in
        let setting = try Setting(crypto)
        let other = try setting.freshKey()
        return try setting.refusal(ofExternalCommit: { forge in forge.changeKeys = { $0[$0.count - 1] = other } })
      },
      Rejection(.pathKeys, "Welcome with another path secret") { crypto in
        var setting = try JoinSetting(crypto)
        setting.forge.secrets.pathSecret = PathSecret(Secret(crypto.random(32)))
        return try setting.refusal()
      },
      Rejection(.pathKeys, "Welcome with a path secret for a blank node") { crypto in
        var setting = try JoinSetting(crypto, hasPath: false)
        try setting.forge.changeNode(7) { $0 = nil }
        setting.forge.secrets.pathSecret = PathSecret(Secret(crypto.random(32)))
        return try setting.refusal()
      },
      Rejection(.commitParentHash, "commit with a wrong parent hash") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofCommit: { forge in
          forge.changeLeaf = { leaf in
            guard case .commit(var parentHash) = leaf.source else { return }
            parentHash[0] ^= 1
            leaf.source = .commit(parentHash: parentHash)
          }
        })
      },
      Rejection(.commitParentHash, "external commit with an empty parent hash") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofExternalCommit: { forge in forge.changeLeaf = { $0.source = .commit(parentHash: []) } })
      },
      Rejection(.commitParentHash, "commit that orphans a node with the parent hash of a longer path") { crypto in
        // Alone in his group's tree the committer has no path, hence an empty parent hash.
        var setting = try Setting(crypto, members: 2)
        setting.group.members.swapAt(0, 1)
        let other = setting.index(1)
        return try setting.refusal(
          ofCommit: { forge in forge.changeLeaf = { $0.source = .commit(parentHash: [1]) } },
          honest: { $0.proposals = [.remove(other)] }, by: 1)
      },
      Rejection(.updatePathLength, "path without its last node") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofCommit: { forge in forge.changePath = { $0.nodes.removeLast() } })
      },
      Rejection(.updatePathLength, "path with a node too many") { crypto in
        let setting = try Setting(crypto)
        let node = UpdatePathNode(encryptionKey: try setting.freshKey(), encryptedPathSecret: [])
        return try setting.refusal(ofCommit: { forge in forge.changePath = { $0.nodes.append(node) } })
      },
      Rejection(.updatePathCiphertexts, "path with a ciphertext too few") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofCommit: { forge in forge.changePath = { $0.nodes[0].encryptedPathSecret.removeLast() } })
      },
      Rejection(.updatePathCiphertexts, "path with a ciphertext too many") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofCommit: { forge in
          forge.changePath = { $0.nodes[0].encryptedPathSecret.append(HPKECiphertext(kemOutput: [1], ciphertext: [2])) }
        })
      },
      Rejection(.updatePathCiphertexts, "path with a ciphertext for a member whom the commit adds") { crypto in
        let setting = try Setting(crypto, members: 5)
        let add = try Proposal.add(setting.newKeyPackage())
        return try setting.refusal(
          ofCommit: { forge in
            forge.changePath = { $0.nodes[$0.nodes.count - 1].encryptedPathSecret.append(HPKECiphertext(kemOutput: [1], ciphertext: [2])) }
          }, honest: { $0.proposals = [add] })
      },
      Rejection(.pathRequired, "empty commit without a path") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofCommit: { $0.hasPath = false })
      },
      Rejection(.pathRequired, "Remove without a path") { crypto in
        let setting = try Setting(crypto)
        let remove = Proposal.remove(setting.index(1))
        return try setting.refusal(ofCommit: { $0.hasPath = false }, honest: { $0.proposals = [remove] })
      },
      Rejection(.pathRequired, "Update without a path") { crypto in
        var setting = try Setting(crypto)
        let update = try setting.propose(from: 1, .update(setting.updatedLeaf(of: 1)))
        return try setting.refusal(ofCommit: { $0.hasPath = false }, honest: { $0.references = [update] })
      },
      Rejection(.pathRequired, "GroupContextExtensions without a path") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofCommit: { $0.hasPath = false }, honest: { $0.proposals = [.groupContextExtensions([])] })
      },
      Rejection(.pathRequired, "SelfRemove without a path") { crypto in
        var setting = try Setting(crypto)
        let selfRemove = try setting.propose(from: 1, .selfRemove)
        return try setting.refusal(ofCommit: { $0.hasPath = false }, honest: { $0.references = [selfRemove] })
      },
      Rejection(.pathRequired, "Remove beside an Add without a path") { crypto in
        let setting = try Setting(crypto)
        let add = try Proposal.add(setting.newKeyPackage())
        let remove = Proposal.remove(setting.index(1))
        return try setting.refusal(
          ofCommit: { $0.proposals.append(remove) },
          honest: {
            $0.proposals = [add]
            $0.hasPath = false
          })
      },
      Rejection(.commitEncryptionKey, "commit with the old leaf key") { crypto in
        let setting = try Setting(crypto)
        let old = setting.leaf(0)
        return try setting.refusal(ofCommit: { forge in
          forge.changeLeaf = { $0.encryptionKey = old?.encryptionKey ?? $0.encryptionKey }
        })
      },
      Rejection(.pathKeysFresh, "commit with another member's leaf key as leaf key") { crypto in
        let setting = try Setting(crypto)
        let other = setting.leaf(1)
        return try setting.refusal(ofCommit: { forge in
          forge.changeLeaf = { $0.encryptionKey = other?.encryptionKey ?? $0.encryptionKey }
        })
      },
      Rejection(.pathKeysFresh, "commit with a key of the tree as path key") { crypto in
        let setting = try Setting(crypto)
        let other = setting.leaf(2)
        return try setting.refusal(ofCommit: { forge in forge.changeKeys = { $0[0] = other?.encryptionKey ?? $0[0] } })
      },
      Rejection(.pathKeysFresh, "commit that keeps a key of its own path") { crypto in
        let setting = try Setting(crypto)
        guard let root = setting.group.members[0].tree[setting.group.members[0].tree.root] else { throw BrokenSetting("blank root") }
        let key = root.encryptionKey
        return try setting.refusal(ofCommit: { forge in forge.changeKeys = { $0[$0.count - 1] = key } })
      },
      Rejection(.pathKeysFresh, "commit with one path key twice") { crypto in
        let setting = try Setting(crypto)
        return try setting.refusal(ofCommit: { forge in forge.changeKeys = { $0[0] = $0[$0.count - 1] } })
      },
    ]
  }
}
