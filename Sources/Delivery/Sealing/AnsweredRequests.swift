// Answers that are remembered, so that a request asked again gets the first one. Stored so that only who knows the request can find and read its answer.
import CryptoInterface
import TLSCodec
import Wire

/// The name of a request under which its answer is remembered.
struct AnsweredRequest<Crypto: CryptoProvider> {
  /// Where it is stored: SHA-256 of a label and what names the request.
  let name: [UInt8]
  private let key: Secret
  private let crypto: Crypto

  /// - Parameters:
  ///   - asker: the device, or for requests before log-in the hash of the genesis.
  ///   - type: `Request.type`: ids of different kinds are apart.
  init(id: [UInt8], asker: [UInt8], type: UInt16, crypto: Crypto) {
    var w = Writer(capacity: 96)
    w.opaque(id)
    w.opaque(asker)
    w.uint16(type)
    self.init(content: w.bytes, label: "request", crypto: crypto)
  }

  /// A commit by its group, epoch and hash: accepted once, whoever asks.
  init(commit hash: [UInt8], group: [UInt8], epoch: UInt64, crypto: Crypto) {
    var w = Writer(capacity: 96)
    w.opaque(hash)
    w.opaque(group)
    w.uint64(epoch)
    self.init(content: w.bytes, label: "commit", crypto: crypto)
  }

  private init(content: [UInt8], label: StaticString, crypto: Crypto) {
    self.crypto = crypto
    name = crypto.hash(.sha256, label.labelBytes + content)
    // Request ids are random and 16 bytes: what is derived from one is a key.
    key = crypto.expand(crypto.hkdfExtract(.sha256, salt: Secret(label.labelBytes), ikm: Secret(content)), "answer")
  }

  func answer(in transaction: any DeliveryTransaction) throws -> Answer? {
    guard let sealed = try transaction.answer(to: name) else { return nil }
    guard let bytes = crypto.opened(under: key, aad: name, sealed), let answer = try? Answer(decoding: bytes) else {
      throw StoreError.corrupt("remembered answer")
    }
    return answer
  }

  func remember(_ answer: Answer, day: Day, in transaction: any DeliveryTransaction) throws {
    try transaction.remember(try crypto.sealed(under: key, aad: name, answer.encoded()), of: name, day: day)
  }
}
