// "Transcript Hashes": RFC 9420 §8.2, §6.1.
import CryptoInterface
import MLS
import TLSCodec

enum TranscriptHashVectors {
  static func verify(_ vector: VectorCase, using crypto: some CryptoProvider) throws(CaseProblem) {
    let suite = try vector.suite(using: crypto)
    let message = try vector.decoded("authenticated_content", as: AuthenticatedContent.self)
    guard case .commit = message.content.content, let tag = message.auth.confirmationTag else {
      throw .failed("authenticated_content is not a commit")
    }
    let confirmed = TranscriptHash.confirmed(
      interim: try vector.bytes("interim_transcript_hash_before"), wireFormat: message.wireFormat, content: message.content,
      signature: message.auth.signature, suite.hash, using: crypto)
    try vector.expect("confirmed_transcript_hash_after", confirmed)
    try expectEqual(
      crypto.hmac(suite.hash, key: try vector.secret("confirmation_key"), confirmed), tag, "the commit's confirmation tag")
    try vector.expect(
      "interim_transcript_hash_after", TranscriptHash.interim(confirmed: confirmed, confirmationTag: tag, suite.hash, using: crypto))
  }

  static func generate(_ suite: CipherSuiteParameters, using crypto: some CryptoProvider) throws(MLSError) -> JSON {
    let key = crypto.randomHash(suite)
    let before = crypto.randomHash(suite)
    let signer = try crypto.newSignatureKeyPair(suite)
    let content = FramedContent(
      groupID: crypto.random(16), epoch: UInt64(crypto.number(below: .max)), sender: .member(LeafIndex(crypto.number(below: 1_000))),
      authenticatedData: crypto.someBytes(), content: .commit(Commit(proposals: [.proposal(.remove(LeafIndex(crypto.number(below: 1_000))))])))
    let context = GroupContext(
      cipherSuite: suite.suite, groupID: content.groupID, epoch: content.epoch, treeHash: crypto.randomHash(suite),
      confirmedTranscriptHash: crypto.randomHash(suite))
    let signature = try content.sign(.publicMessage, context: context.encoded(), with: signer.privateKey, suite, using: crypto)
    let confirmed = TranscriptHash.confirmed(
      interim: before, wireFormat: .publicMessage, content: content, signature: signature, suite.hash, using: crypto)
    let tag = crypto.hmac(suite.hash, key: Secret(key), confirmed)
    let message = AuthenticatedContent(
      wireFormat: .publicMessage, content: content, auth: FramedContentAuthData(signature: signature, confirmationTag: tag))
    let interim = TranscriptHash.interim(confirmed: confirmed, confirmationTag: tag, suite.hash, using: crypto)
    return .object([
      "cipher_suite": .number(UInt32(suite.suite.rawValue)), "confirmation_key": .hex(key),
      "authenticated_content": .hex(message.encoded()), "interim_transcript_hash_before": .hex(before),
      "confirmed_transcript_hash_after": .hex(confirmed), "interim_transcript_hash_after": .hex(interim),
    ])
  }
}
