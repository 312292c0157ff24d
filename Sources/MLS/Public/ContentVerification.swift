// RFC 9420 §6.1: from received bytes to a content whose author is proven. `VerifiedContent` can only be made here.
import CryptoInterface
import TLSCodec

/// A content whose signature is good for the sender it names, in this group and epoch.
public struct VerifiedContent: Sendable {
  public let wireFormat: WireFormat
  public let content: FramedContent
  package let auth: FramedContentAuthData
  /// The leaf that signed: the member's, or the new member's of an external commit or Add. Nil for an external sender.
  public let leaf: LeafNode?

  fileprivate init(_ content: AuthenticatedContent, leaf: LeafNode?) {
    wireFormat = content.wireFormat
    self.content = content.content
    auth = content.auth
    self.leaf = leaf
  }

  package var authenticatedContent: AuthenticatedContent {
    AuthenticatedContent(wireFormat: wireFormat, content: content, auth: auth)
  }
}

extension PublicGroup {
  /// Verifies the sender and signature of a content (RFC 9420 §6.1), not yet what it says.
  /// - Parameters:
  ///   - senderLeaf: the member's leaf in the message's epoch.
  ///   - context: the encoded GroupContext of that epoch.
  func verify(
    _ message: AuthenticatedContent, senderLeaf: (LeafIndex) -> LeafNode?, context: [UInt8], application: some MLSApplication,
    using crypto: some CryptoProvider
  ) throws(MLSError) -> VerifiedContent {
    let content = message.content
    var leaf: LeafNode?
    var key: SignaturePublicKey?
    switch content.sender {
    case .member(let index):
      leaf = senderLeaf(index)
      try check(.senderIsMember, leaf != nil)
      key = leaf?.signatureKey
    case .external(let index):
      let senders = try externalSenders()
      try check(.externalSenderIndex, index < UInt32(senders.count))
      if index < UInt32(senders.count) {
        let sender = senders[Int(index)]
        try check(.externalSenderCredential, application.validate(externalSender: sender))
        key = sender.signatureKey
      } else {
        key = senders.first?.signatureKey
      }
      if case .proposal(let proposal) = content.content {
        try check(.externalProposalType, proposal.type.isAllowedFromExternalSender)
      } else {
        try check(.externalSenderContent, false)
      }
    case .newMemberCommit:
      if case .commit(let commit) = content.content {
        try check(.externalCommitPath, commit.path != nil)
        leaf = commit.path?.leafNode
      } else {
        try check(.newMemberCommitContent, false)
      }
      key = leaf?.signatureKey
    case .newMemberProposal:
      if case .proposal(.add(let keyPackage)) = content.content {
        leaf = keyPackage.leafNode
      } else {
        try check(.newMemberProposalContent, false)
      }
      key = leaf?.signatureKey
    }
    guard let key else { throw .internalError("no key for the sender") }
    let valid = crypto.verifyWithLabel(
      suite, key, label: Label.framedContentTBS, content.toBeSigned(message.wireFormat, context: context), signature: message.auth.signature)
    try check(.signature, valid)
    return VerifiedContent(message, leaf: leaf)
  }

  /// Verifies a PublicMessage of the current epoch but for its membership tag, which needs a secret.
  func verify(_ message: PublicMessage, application: some MLSApplication, using crypto: some CryptoProvider) throws(MLSError)
    -> VerifiedContent
  {
    try check(.groupID, message.content.groupID == groupID)
    try requireCurrentEpoch(message.content.epoch)
    if case .application = message.content.content { try check(.applicationIsEncrypted, false) }
    return try verify(
      message.authenticatedContent, senderLeaf: { tree[$0] }, context: encodedContext, application: application, using: crypto)
  }

  /// RFC 9420 §12.1, §12.4.2: handshake messages are for the current epoch.
  func requireCurrentEpoch(_ epoch: UInt64) throws(MLSError) {
    if epoch != self.epoch { throw .wrongEpoch(current: self.epoch, message: epoch) }
  }
}
