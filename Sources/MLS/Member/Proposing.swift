// RFC 9420 §12.1: making proposals, as a member and from outside.
import CryptoInterface
import TLSCodec

extension Group {
  /// Proposes a change; somebody commits it later. Use `proposeUpdate` for an Update.
  /// - Returns: the message for the group; the proposal waits in `proposals` here too.
  /// - Throws: the rule that the proposal breaks; `.usage(.invalidArgument)` for an Update, ExternalInit or second SelfRemove.
  public mutating func propose(
    _ proposal: Proposal, format: HandshakeFormat = .publicMessage, authenticatedData: [UInt8] = [], application: some MLSApplication,
    using crypto: some CryptoProvider
  ) throws(MLSError) -> MLSMessage {
    if proposal.type == .update || proposal.type == .externalInit { throw .usage(.invalidArgument) }
    // Not more than one SelfRemove in an epoch (draft-ietf-mls-extensions, MUST NOT); this is a caller's mistake, a peer's is a broken rule.
    if proposal == .selfRemove, proposals.contains(where: { $0.proposal == .selfRemove && $0.sender == .member(leafIndex) }) {
      throw .usage(.invalidArgument)
    }
    // A SelfRemove must be readable for external joiners (draft-ietf-mls-extensions, MUST).
    return try send(
      proposal, format: proposal == .selfRemove ? .publicMessage : format, authenticatedData: authenticatedData, application: application,
      using: crypto
    ).message
  }

  /// RFC 9420 §12.1.2: proposes a new encryption key for this member's leaf, and other changes to it.
  public mutating func proposeUpdate(
    _ change: LeafChange = LeafChange(), format: HandshakeFormat = .publicMessage, authenticatedData: [UInt8] = [],
    application: some MLSApplication, using crypto: some CryptoProvider
  ) throws(MLSError) -> MLSMessage {
    try requireActive()
    guard var leaf = tree[leafIndex] else { throw .internalError("own leaf is blank") }
    let pair = try crypto.freshKeyPair(suite.kem)
    let signingKey = change.apply(to: &leaf, current: state.signingKey)
    leaf.encryptionKey = pair.publicKey
    leaf.source = .update
    try leaf.sign(suite, with: signingKey, groupID: groupID, leafIndex: leafIndex, using: crypto)
    let (message, ref) = try send(
      .update(leaf), format: format, authenticatedData: authenticatedData, application: application, using: crypto)
    ownUpdates.append(OwnUpdate(ref: ref, encryptionKey: pair.privateKey, signingKey: signingKey))
    dirty.insert(.ownUpdate(ref))
    return message
  }

  private mutating func send(
    _ proposal: Proposal, format: HandshakeFormat, authenticatedData: [UInt8], application: some MLSApplication,
    using crypto: some CryptoProvider
  ) throws(MLSError) -> (message: MLSMessage, ref: ProposalRef) {
    try requireActive()
    let (message, content, step) = try state.frame(
      .proposal(proposal), format: format, authenticatedData: authenticatedData, confirmationTag: nil, padding: 0, using: crypto)
    let verified = try state.publicGroup.verify(
      content, senderLeaf: { state.publicGroup.tree[$0] }, context: state.publicGroup.encodedContext, application: application,
      using: crypto)
    let pending = try state.publicGroup.keep(verified, application: application, using: crypto)
    dirty.insert(.proposal(pending.ref))
    if let step { apply(step, epoch: epoch) }
    return (message, pending.ref)
  }
}

/// What an Update or a commit changes in the own leaf besides the encryption key.
public struct LeafChange: Sendable {
  public var signatureKeyPair: SignatureKeyPair?
  public var credential: Credential?
  public var capabilities: Capabilities?
  public var extensions: Extensions?
  public init(
    signatureKeyPair: SignatureKeyPair? = nil, credential: Credential? = nil, capabilities: Capabilities? = nil,
    extensions: Extensions? = nil
  ) {
    self.signatureKeyPair = signatureKeyPair
    self.credential = credential
    self.capabilities = capabilities
    self.extensions = extensions
  }

  /// - Returns: the key that signs the new leaf.
  func apply(to leaf: inout LeafNode, current: SignaturePrivateKey) -> SignaturePrivateKey {
    if let credential { leaf.credential = credential }
    if let capabilities { leaf.capabilities = capabilities.withoutDefaults }
    if let extensions { leaf.extensions = extensions }
    guard let signatureKeyPair else { return current }
    leaf.signatureKey = signatureKeyPair.publicKey
    return signatureKeyPair.privateKey
  }
}

extension EpochState {
  /// Signs and protects a content of this member (RFC 9420 §6).
  /// - Returns: the message, its content, and the step of the ratchet where a key was used.
  func frame(
    _ content: Content, format: HandshakeFormat, authenticatedData: [UInt8], confirmationTag: [UInt8]?, padding: Int,
    using crypto: some CryptoProvider
  ) throws(MLSError) -> (MLSMessage, AuthenticatedContent, SecretTree.Step?) {
    let signed = try sign(content, format: format, authenticatedData: authenticatedData, using: crypto)
    return try protect(signed, confirmationTag: confirmationTag, padding: padding, using: crypto)
  }

  func sign(_ content: Content, format: HandshakeFormat, authenticatedData: [UInt8], using crypto: some CryptoProvider) throws(MLSError)
    -> AuthenticatedContent
  {
    let framed = FramedContent(
      groupID: publicGroup.groupID, epoch: publicGroup.epoch, sender: .member(leafIndex), authenticatedData: authenticatedData,
      content: content)
    let wireFormat: WireFormat = format == .publicMessage ? .publicMessage : .privateMessage
    let signature = try framed.sign(wireFormat, context: publicGroup.encodedContext, with: signingKey, suite, using: crypto)
    return AuthenticatedContent(wireFormat: wireFormat, content: framed, auth: FramedContentAuthData(signature: signature))
  }

  func protect(_ signed: AuthenticatedContent, confirmationTag: [UInt8]?, padding: Int, using crypto: some CryptoProvider)
    throws(MLSError) -> (MLSMessage, AuthenticatedContent, SecretTree.Step?)
  {
    var content = signed
    content.auth.confirmationTag = confirmationTag
    if content.wireFormat == .publicMessage {
      let message = try PublicMessage(
        protecting: content, context: publicGroup.encodedContext, membershipKey: secrets.membershipKey, suite, using: crypto)
      return (.publicMessage(message), content, nil)
    }
    let type: RatchetType = content.content.content.type == .application ? .application : .handshake
    let (key, step) = try secretTree.nextKey(leafIndex, type, suite, using: crypto)
    let message = try PrivateMessage.protect(
      content, key: key, senderDataSecret: secrets.senderDataSecret, padding: padding, suite, using: crypto)
    return (.privateMessage(message), content, step)
  }
}

/// RFC 9420 §12.1.8: proposals of senders who are not members.
public enum ExternalProposal {
  /// Of a sender in the group's `external_senders` extension.
  /// - Parameters:
  ///   - index: the sender's position in that extension.
  ///   - epoch: the group's current epoch.
  public static func make(
    _ proposal: Proposal, groupID: [UInt8], epoch: UInt64, suite: CipherSuite, senderIndex index: UInt32,
    signatureKey: SignaturePrivateKey, authenticatedData: [UInt8] = [], using crypto: some CryptoProvider
  ) throws(MLSError) -> PublicMessage {
    try make(
      proposal, groupID: groupID, epoch: epoch, suite: suite, sender: .external(index), signatureKey: signatureKey,
      authenticatedData: authenticatedData, using: crypto)
  }

  /// A client proposes to be added itself.
  public static func join(
    _ bundle: KeyPackageBundle, groupID: [UInt8], epoch: UInt64, authenticatedData: [UInt8] = [], using crypto: some CryptoProvider
  ) throws(MLSError) -> PublicMessage {
    try make(
      .add(bundle.keyPackage), groupID: groupID, epoch: epoch, suite: bundle.keyPackage.cipherSuite, sender: .newMemberProposal,
      signatureKey: bundle.signaturePrivateKey, authenticatedData: authenticatedData, using: crypto)
  }

  private static func make(
    _ proposal: Proposal, groupID: [UInt8], epoch: UInt64, suite: CipherSuite, sender: Sender, signatureKey: SignaturePrivateKey,
    authenticatedData: [UInt8], using crypto: some CryptoProvider
  ) throws(MLSError) -> PublicMessage {
    let parameters = try crypto.parameters(of: suite)
    let content = FramedContent(
      groupID: groupID, epoch: epoch, sender: sender, authenticatedData: authenticatedData, content: .proposal(proposal))
    let signature = try content.sign(.publicMessage, context: [], with: signatureKey, parameters, using: crypto)
    return PublicMessage(content: content, auth: FramedContentAuthData(signature: signature))
  }
}
