import CryptoInterface
import TLSCodec

/// RFC 9420 §6.3
///
///     struct {
///         opaque group_id<V>;
///         uint64 epoch;
///         ContentType content_type;
///         opaque authenticated_data<V>;
///         opaque encrypted_sender_data<V>;
///         opaque ciphertext<V>;
///     } PrivateMessage;
public struct PrivateMessage: Equatable, Sendable, TLSEncodable, TLSDecodable {
  public var groupID: [UInt8]
  public var epoch: UInt64
  public var contentType: ContentType
  public var authenticatedData: [UInt8]
  public var encryptedSenderData: [UInt8]
  public var ciphertext: [UInt8]

  package init(
    groupID: [UInt8], epoch: UInt64, contentType: ContentType, authenticatedData: [UInt8], encryptedSenderData: [UInt8] = [],
    ciphertext: [UInt8] = []
  ) {
    self.groupID = groupID
    self.epoch = epoch
    self.contentType = contentType
    self.authenticatedData = authenticatedData
    self.encryptedSenderData = encryptedSenderData
    self.ciphertext = ciphertext
  }

  public init(from reader: inout Reader) throws(DecodingError) {
    groupID = try reader.opaque()
    epoch = try reader.uint64()
    contentType = try ContentType(from: &reader)
    authenticatedData = try reader.opaque()
    encryptedSenderData = try reader.opaque()
    ciphertext = try reader.opaque()
  }

  public func encode(to writer: inout Writer) {
    writer.opaque(groupID)
    writer.uint64(epoch)
    writer.uint8(contentType.rawValue)
    writer.opaque(authenticatedData)
    writer.opaque(encryptedSenderData)
    writer.opaque(ciphertext)
  }

  /// RFC 9420 §6.3.1
  ///
  ///     struct {
  ///         opaque group_id<V>;
  ///         uint64 epoch;
  ///         ContentType content_type;
  ///         opaque authenticated_data<V>;
  ///     } PrivateContentAAD;
  private var contentAAD: [UInt8] {
    var w = Writer(capacity: 64 + authenticatedData.count)
    writeSenderDataAAD(&w)
    w.opaque(authenticatedData)
    return w.bytes
  }

  /// RFC 9420 §6.3.2, `SenderDataAAD`: the first three fields.
  private var senderDataAAD: [UInt8] {
    var w = Writer(capacity: 64)
    writeSenderDataAAD(&w)
    return w.bytes
  }

  private func writeSenderDataAAD(_ w: inout Writer) {
    w.opaque(groupID)
    w.uint64(epoch)
    w.uint8(contentType.rawValue)
  }
}

/// RFC 9420 §6.3.2
///
///     struct {
///         uint32 leaf_index;
///         uint32 generation;
///         opaque reuse_guard[4];
///     } SenderData;
struct SenderData: TLSEncodable, TLSDecodable {
  var leafIndex: LeafIndex
  var generation: UInt32
  var reuseGuard: [UInt8]

  init(leafIndex: LeafIndex, generation: UInt32, reuseGuard: [UInt8]) {
    self.leafIndex = leafIndex
    self.generation = generation
    self.reuseGuard = reuseGuard
  }
  init(from reader: inout Reader) throws(DecodingError) {
    leafIndex = try LeafIndex(from: &reader)
    generation = try reader.uint32()
    reuseGuard = try reader.fixed(4)
  }
  func encode(to writer: inout Writer) {
    leafIndex.encode(to: &writer)
    writer.uint32(generation)
    writer.fixed(reuseGuard)
  }
}

extension SenderDataSecret {
  /// RFC 9420 §6.3.2: key and nonce from a sample of the ciphertext.
  package func keyAndNonce(ciphertext: [UInt8], _ suite: CipherSuiteParameters, using crypto: some CryptoProvider) -> (
    key: Secret, nonce: Secret
  ) {
    let sample = Array(ciphertext.prefix(suite.hash.size))
    return (
      crypto.expandWithLabel(suite, secret, "key", context: sample, length: suite.aead.keySize),
      crypto.expandWithLabel(suite, secret, "nonce", context: sample, length: suite.aead.nonceSize)
    )
  }
}

extension PrivateMessage {
  /// Encrypts an authenticated content with the sender's next key.
  /// - Parameter padding: zero bytes to append (RFC 9420 §6.3.1).
  package static func protect(
    _ content: AuthenticatedContent, key messageKey: MessageKey, senderDataSecret: SenderDataSecret, padding: Int,
    _ suite: CipherSuiteParameters, using crypto: some CryptoProvider
  ) throws(MLSError) -> PrivateMessage {
    guard case .member(let leafIndex) = content.content.sender else { throw .internalError("only members encrypt (RFC 9420 §6.3.2)") }
    var message = PrivateMessage(
      groupID: content.content.groupID, epoch: content.content.epoch, contentType: content.content.content.type,
      authenticatedData: content.content.authenticatedData)
    // RFC 9420 §6.3.1, PrivateMessageContent: content, auth, padding.
    var w = Writer(capacity: 256 + padding)
    content.content.content.encode(to: &w)
    content.auth.encode(to: &w)
    w.fixed([UInt8](repeating: 0, count: padding))
    let reuseGuard = crypto.random(4)
    let nonce = guarded(messageKey.nonce, reuseGuard)
    do {
      message.ciphertext = try crypto.aeadSeal(suite.aead, key: messageKey.key, nonce: nonce, aad: message.contentAAD, w.bytes)
      let (key, senderNonce) = senderDataSecret.keyAndNonce(ciphertext: message.ciphertext, suite, using: crypto)
      let senderData = SenderData(leafIndex: leafIndex, generation: messageKey.generation, reuseGuard: reuseGuard)
      message.encryptedSenderData = try crypto.aeadSeal(
        suite.aead, key: key, nonce: senderNonce.exposed, aad: message.senderDataAAD, senderData.encoded())
    } catch { throw .crypto(error) }
    return message
  }

  /// RFC 9420 §6.3.1: the nonce XOR the reuse guard.
  private static func guarded(_ nonce: Secret, _ reuseGuard: [UInt8]) -> [UInt8] {
    var bytes = nonce.exposed
    for i in 0..<4 { bytes[i] ^= reuseGuard[i] }
    return bytes
  }

  /// RFC 9420 §6.3.2: who sent it and with which generation.
  func openSenderData(_ secret: SenderDataSecret, _ suite: CipherSuiteParameters, using crypto: some CryptoProvider) throws(MLSError)
    -> SenderData
  {
    let (key, nonce) = secret.keyAndNonce(ciphertext: ciphertext, suite, using: crypto)
    let bytes: [UInt8]
    do {
      bytes = try crypto.aeadOpen(suite.aead, key: key, nonce: nonce.exposed, aad: senderDataAAD, encryptedSenderData)
    } catch { throw .undecryptable("sender data") }
    return try decode(SenderData.self, bytes)
  }

  /// RFC 9420 §6.3.1: the content, its signature not yet verified.
  func openContent(_ senderData: SenderData, key: MessageKey, _ suite: CipherSuiteParameters, using crypto: some CryptoProvider)
    throws(MLSError) -> AuthenticatedContent
  {
    let plaintext: [UInt8]
    do {
      plaintext = try crypto.aeadOpen(
        suite.aead, key: key.key, nonce: Self.guarded(key.nonce, senderData.reuseGuard), aad: contentAAD, ciphertext)
    } catch { throw .undecryptable("message") }
    var reader = Reader(plaintext)
    let content: Content
    let auth: FramedContentAuthData
    do {
      content = try Content(contentType, from: &reader)
      auth = try FramedContentAuthData(contentType, from: &reader)
    } catch { throw .decoding(error) }
    var sum: UInt8 = 0
    for byte in plaintext[reader.offset...] { sum |= byte }
    try check(.paddingIsZero, sum == 0)
    return AuthenticatedContent(
      wireFormat: .privateMessage,
      content: FramedContent(
        groupID: groupID, epoch: epoch, sender: .member(senderData.leafIndex), authenticatedData: authenticatedData, content: content),
      auth: auth)
  }

  /// Opens a message with a secret tree, stepping it: for vector tests; groups stage the step (`Group.receive`).
  package func unprotect(
    _ tree: inout SecretTree, senderDataSecret: SenderDataSecret, _ policy: ReorderingPolicy = ReorderingPolicy(),
    _ suite: CipherSuiteParameters, using crypto: some CryptoProvider
  ) throws(MLSError) -> AuthenticatedContent {
    let senderData = try openSenderData(senderDataSecret, suite, using: crypto)
    let (key, step) = try tree.key(
      senderData.leafIndex, contentType == .application ? .application : .handshake, generation: senderData.generation, policy, suite,
      using: crypto)
    let content = try openContent(senderData, key: key, suite, using: crypto)
    tree.apply(step)
    return content
  }
}
