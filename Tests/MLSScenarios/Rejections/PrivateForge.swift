// Private messages made by hand.
import CryptoInterface
import MLS
import TLSCodec

/// What of a private message a case changes.
struct PrivateChanges {
  /// The leaf named in the sender data; the key remains member 0's where there is none of that leaf.
  var sender: LeafIndex?
  /// The generation whose key is used and named.
  var generation: UInt32 = 0
  /// A generation that is named but whose key is not used.
  var claimedGeneration: UInt32?
  var padding: [UInt8] = []
  var signature: (inout [UInt8]) -> Void = { _ in }
}

extension Setting {
  /// A PrivateMessage of member 0.
  func privateMessage(_ content: Content, _ change: (inout PrivateChanges) -> Void = { _ in }) throws -> MLSMessage {
    var changes = PrivateChanges()
    change(&changes)
    let member = group.members[0]
    let sender = changes.sender ?? member.leafIndex
    let framed = FramedContent(
      groupID: member.groupID, epoch: member.epoch, sender: .member(sender), authenticatedData: [], content: content)
    var signature = try framed.sign(
      .privateMessage, context: member.publicGroup.encodedContext, with: member.state.signingKey, suite, using: crypto)
    changes.signature(&signature)

    // RFC 9420 §6.3.1, PrivateMessageContent.
    var plaintext = contentBytes(content)
    plaintext.opaque(signature)
    plaintext.fixed(changes.padding)
    let keyLeaf = sender.value < member.tree.leafCount ? sender : member.leafIndex
    let (key, _) = try member.state.secretTree.key(
      keyLeaf, content.type == .application ? .application : .handshake, generation: changes.generation,
      ReorderingPolicy(forward: changes.generation), suite, using: crypto)
    var message = PrivateMessage(
      groupID: member.groupID, epoch: member.epoch, contentType: content.type, authenticatedData: [])
    let guardBytes: [UInt8] = [1, 2, 3, 4]
    var nonce = key.nonce.exposed
    for i in 0..<4 { nonce[i] ^= guardBytes[i] }
    message.ciphertext = try crypto.aeadSeal(suite.aead, key: key.key, nonce: nonce, aad: aad(message, withData: true), plaintext.bytes)
    var senderData = Writer()
    senderData.uint32(sender.value)
    senderData.uint32(changes.claimedGeneration ?? changes.generation)
    senderData.fixed(guardBytes)
    let (dataKey, dataNonce) = member.state.secrets.senderDataSecret.keyAndNonce(ciphertext: message.ciphertext, suite, using: crypto)
    message.encryptedSenderData = try crypto.aeadSeal(
      suite.aead, key: dataKey, nonce: dataNonce.exposed, aad: aad(message, withData: false), senderData.bytes)
    return .privateMessage(message)
  }

  private func contentBytes(_ content: Content) -> Writer {
    var w = Writer()
    switch content {
    case .application(let data): w.opaque(data)
    case .proposal(let proposal): proposal.encode(to: &w)
    case .commit(let commit): commit.encode(to: &w)
    }
    return w
  }

  private func aad(_ message: PrivateMessage, withData: Bool) -> [UInt8] {
    var w = Writer()
    w.opaque(message.groupID)
    w.uint64(message.epoch)
    w.uint8(message.contentType.rawValue)
    if withData { w.opaque(message.authenticatedData) }
    return w.bytes
  }
}
