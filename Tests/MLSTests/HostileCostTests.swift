// What one message of about 4 MB, made to be slow, costs at most. Prints the seconds; the bounds are far above them and far below what quadratic work took.
import CryptoInterface
import Foundation
import MLS
import MLSScenarios
import SwiftCryptoProvider
import TLSCodec
import Testing

private let parameters = crypto.suites.parameters(of: suite1)!
/// HAUSPOST_COST=full measures the largest trees that the limits allow, for a machine with time.
private let isFull = ProcessInfo.processInfo.environment["HAUSPOST_COST"] == "full"

private func seconds(_ name: String, _ bytes: Int, _ body: () throws -> Void) rethrows -> Double {
  let duration = try ContinuousClock().measure(body)
  let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
  print("cost: \(name): \(bytes) bytes, \((seconds * 1000).rounded() / 1000) s")
  return seconds
}

private func four(_ value: UInt32) -> [UInt8] { [1, 2, 3, 4].map { UInt8(truncatingIfNeeded: value >> (32 - 8 * $0)) } }

/// The smallest leaf that can be encoded.
private func tinyLeaf(_ number: UInt32, signatureKey: [UInt8]? = nil) -> LeafNode {
  LeafNode(
    encryptionKey: HPKEPublicKey(four(number)), signatureKey: SignaturePublicKey(signatureKey ?? four(number)), credential: .basic(identity: []),
    capabilities: Capabilities(versions: [], cipherSuites: [], credentials: []), source: .update, extensions: [])
}

/// A GroupInfo that nobody signed, for a tree.
private func info(_ tree: RatchetTree, extensions: Extensions = []) -> GroupInfo {
  var tree = tree
  let context = GroupContext(
    cipherSuite: suite1, groupID: [1], epoch: 1, treeHash: tree.treeHash(.sha256, using: crypto), confirmedTranscriptHash: [],
    extensions: extensions)
  return GroupInfo(
    groupContext: context, extensions: [Extension(.ratchetTree, tree.encoded())], confirmationTag: [], signer: LeafIndex(0))
}

@Suite(.serialized) struct HostileCostTests {
  @Test func aTreeOfOneSignatureKey() throws {
    let nodes: [Node?] = (0..<2 * Limits.treeLeaves - 1).map { $0 % 2 == 0 ? .leaf(tinyLeaf($0, signatureKey: [1])) : nil }
    let bytes = try RatchetTree(nodes: nodes).encoded()
    let time = try seconds("tree of 65,536 leaves with one signature key", bytes.count) { _ = try RatchetTree(decoding: bytes) }
    #expect(time < 5)
  }

  /// Every parent lists every odd leaf below it: as many unmerged leaves as there can be, with parent hashes that are right.
  @Test func longListsOfUnmergedLeaves() throws {
    let leaves: UInt32 = isFull ? Limits.treeLeaves : 4_096
    var nodes: [Node?] = (0..<2 * leaves - 1).map { $0 % 4 == 0 ? .leaf(tinyLeaf($0)) : nil }
    nodes.removeLast(2)
    var tree = try RatchetTree(nodes: nodes)
    var key: UInt32 = 1 << 31
    // Those who are far apart first, so that every parent is set in the end.
    for level in stride(from: leaves.trailingZeroBitCount - 1, through: 1, by: -1) {
      for leaf in stride(from: UInt32(0), to: leaves, by: 1 << level) where (leaf >> UInt32(level)) & 1 == 1 || leaf == 0 {
        let author = LeafIndex(leaf)
        let path = tree.filteredDirectPath(author)
        let update = path.map { step -> UpdatePathNode in
          key += 1
          return UpdatePathNode(
            encryptionKey: HPKEPublicKey(four(key)),
            encryptedPathSecret: tree.resolution(step.copathChild).map { _ in HPKECiphertext(kemOutput: [], ciphertext: []) })
        }
        var copy = tree
        let hash = copy.setPath(above: author, path, keys: update.map { $0.encryptionKey }, .sha256, using: crypto)
        var own = tinyLeaf(leaf * 2)
        key += 1
        own.encryptionKey = HPKEPublicKey(four(key))
        own.source = .commit(parentHash: hash)
        try tree.merge(UpdatePath(leafNode: own, nodes: update), author: author, excluding: [], parameters, using: crypto)
      }
    }
    for leaf in stride(from: UInt32(1), to: leaves, by: 2) { _ = try tree.add(tinyLeaf(leaf * 2)) }
    #expect(tree.memberCount == leaves)
    let bytes = tree.encoded()
    var decoded = try RatchetTree(decoding: bytes)
    let time = seconds("tree of \(leaves) leaves with long unmerged_leaves", bytes.count) {
      _ = decoded.treeHash(.sha256, using: crypto)
      #expect(decoded.hasValidUnmergedLeaves())
      #expect(decoded.hasUniqueParentKeys())
      let isValid = decoded.hasValidParentHashes(.sha256, using: crypto)
      #expect(isValid)
    }
    #expect(time < (isFull ? 120 : 5))
  }

  @Test func capabilitiesAgainstRequirements() throws {
    let types = (0..<UInt16(Limits.capabilityEntries)).map { ExtensionType(0x8000 + $0) }
    let proposals = types.map { ProposalType($0.rawValue) }
    var client = try TestClient("0", suite: suite1, using: crypto)
    client.identity.capabilities.extensions = types
    client.identity.capabilities.proposals = proposals
    let required = RequiredCapabilities(extensionTypes: types.reversed(), proposalTypes: proposals.reversed()).encoded()
    let pair = try crypto.generateKeyPair(parameters.kem)
    var nodes: [Node?] = []
    for i in 0..<UInt32(1_000) {
      if i > 0 { nodes.append(nil) }
      var leaf = tinyLeaf(i)
      leaf.capabilities = client.identity.capabilities
      leaf.encryptionKey = HPKEPublicKey([UInt8](pair.publicKey.bytes.dropLast(4)) + four(i))
      leaf.signatureKey = i == 0 ? client.identity.signatureKeyPair.publicKey : SignaturePublicKey([UInt8](repeating: 1, count: 28) + four(i))
      nodes.append(.leaf(leaf))
    }
    var info = info(try RatchetTree(nodes: nodes), extensions: [Extension(.requiredCapabilities, required)])
    try info.sign(parameters, with: client.identity.signatureKeyPair.privateKey, using: crypto)
    let time = seconds("GroupInfo of 1,000 leaves with 2,048 capabilities, all required", info.encoded().count) {
      #expect(throws: MLSError.rule(.leafSignature)) { try PublicGroup(groupInfo: info, application: everybody, using: crypto) }
    }
    #expect(time < 20)
  }

  @Test func aCommitOfManyAdds() throws {
    var group = try TestGroup(2, suite: suite1, using: crypto)
    let client = try TestClient("new", suite: suite1, using: crypto)
    let good = try client.keyPackage(using: crypto).keyPackage
    var adds: [ProposalOrRef] = []
    for i in 0..<UInt32(12_000) {
      var keyPackage = good
      keyPackage.leafNode.encryptionKey = HPKEPublicKey([UInt8](good.leafNode.encryptionKey.bytes.dropLast(4)) + four(i))
      keyPackage.leafNode.signatureKey = SignaturePublicKey([UInt8](good.leafNode.signatureKey.bytes.dropLast(4)) + four(i))
      adds.append(.proposal(.add(keyPackage)))
    }
    let message = try group.signedCommit(Commit(proposals: adds), by: 0)
    let time = seconds("commit of 12,000 Adds with bad signatures", message.encoded().count) {
      #expect(throws: MLSError.self) { try group.members[1].receive(message, application: everybody, using: crypto) }
    }
    #expect(time < 60)
  }

  @Test func aCommitOfManyApplicationUpdates() throws {
    var group = try TestGroup(2, suite: suite1, using: crypto)
    let updates = (0..<UInt16(Limits.commitProposals - 1)).map {
      ProposalOrRef.proposal(.appDataUpdate(AppDataUpdate(ComponentID(0x8000 + $0 % 0x4000), .update([]))))
    }
    let message = try group.signedCommit(Commit(proposals: updates), by: 0)
    let time = seconds("commit of 16,383 AppDataUpdates", message.encoded().count) {
      #expect(throws: MLSError.self) { try group.members[1].receive(message, application: everybody, using: crypto) }
    }
    #expect(time < 10)
  }

  @Test func aCommitOfManyPSKs() throws {
    var group = try TestGroup(2, suite: suite1, using: crypto)
    let psks = (0..<UInt32(Limits.commitProposals - 1)).map { i in
      ProposalOrRef.proposal(
        .psk(
          PreSharedKeyID(
            .resumption(usage: .application, groupID: group.members[0].groupID, epoch: group.members[0].epoch),
            nonce: four(i) + [UInt8](repeating: 0, count: 28))))
    }
    let message = try group.signedCommit(Commit(proposals: psks), by: 0)
    let time = seconds("commit of 16,383 PSKs", message.encoded().count) {
      #expect(throws: MLSError.self) { try group.members[1].receive(message, application: everybody, using: crypto) }
    }
    #expect(time < 10)
  }

  @Test func aMessageFarAhead() throws {
    var group = try TestGroup(2, suite: suite1, using: crypto)
    for _ in 0..<1_000 { _ = try group.members[0].encrypt([], using: crypto) }
    let message = try group.members[0].encrypt([], using: crypto)
    let time = try seconds("message 1,000 generations ahead", message.encoded().count) {
      _ = try group.members[1].receive(message, application: everybody, using: crypto)
    }
    #expect(time < 2)
  }

  @Test func waitingProposalsThatContradict() throws {
    var group = try TestGroup(3, suite: suite1, using: crypto)
    let most = Limits.pendingProposalsPerSender
    let clients = try (0..<most).map { try TestClient("\($0)", suite: suite1, using: crypto) }
    for sender in 1..<3 {
      for client in clients {
        let message = try group.members[sender].propose(
          .add(client.keyPackage(using: crypto).keyPackage), application: everybody, using: crypto)
        _ = try group.members[0].receive(message, application: everybody, using: crypto)
      }
    }
    let time = try seconds("own commit among 2,048 proposals, each contradicted by another", 0) {
      try group.members[0].commit(application: everybody, using: crypto)
    }
    #expect(time < 60)
    #expect(group.members[0].pendingCommit?.added.isEmpty == false)
  }

  /// The largest context, under which every path secret is sealed.
  @Test func aCommitUnderALargeContext() throws {
    var group = try TestGroup(64, suite: suite1, using: crypto)
    let data = [UInt8](repeating: 0, count: Limits.contextBytes - 10_000)
    let large = try group.members[0].commit(
      CommitOptions(proposals: [.appDataUpdate(AppDataUpdate(ComponentID(0x8000), .update(data)))]), application: everybody, using: crypto)
    var received = try seconds("commit that sets a context of 1 MiB", large.message.encoded().count) {
      guard case .commit(let staged) = try group.members[1].receive(large.message, application: everybody, using: crypto) else { return }
      try group.members[1].adopt(staged, at: 0)
    }
    #expect(received < 10)
    received = try seconds("own commit to 63 under a context of 1 MiB", 0) {
      try group.members[1].commit(application: everybody, using: crypto)
    }
    #expect(received < 20)
  }
}
