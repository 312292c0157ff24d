// Roster and tree at rest: sealed under keys that are derived from the group key K, which only members hold and show with each request.
import CryptoInterface
import TLSCodec
import Wire

/// Seals and opens what is stored of a group.
///
/// ChaCha20-Poly1305 under HKDF-Expand(K, label), a random nonce before the ciphertext, additional data `opaque group_id<V>; uint64 epoch; label`.
struct GroupSeal<Crypto: CryptoProvider> {
  enum Part {
    case roster, tree
    var label: StaticString {
      switch self {
      case .roster: "roster"
      case .tree: "tree"
      }
    }
  }
  let key: Secret
  let group: [UInt8]
  let crypto: Crypto

  /// - Parameter key: K, 32 bytes.
  init(key: [UInt8], group: [UInt8], crypto: Crypto) {
    self.key = Secret(key)
    self.group = group
    self.crypto = crypto
  }

  func seal(_ part: Part, epoch: UInt64, _ plaintext: [UInt8]) throws -> [UInt8] {
    try crypto.sealed(under: crypto.expand(key, part.label), aad: aad(part, epoch), plaintext)
  }

  /// Nil where the key is not the one under which it was sealed.
  func open(_ part: Part, epoch: UInt64, _ sealed: [UInt8]) -> [UInt8]? {
    crypto.opened(under: crypto.expand(key, part.label), aad: aad(part, epoch), sealed)
  }

  private func aad(_ part: Part, _ epoch: UInt64) -> [UInt8] {
    var w = Writer(capacity: 64)
    w.opaque(group)
    w.uint64(epoch)
    w.fixed(part.label.labelBytes)
    return w.bytes
  }
}

extension CryptoProvider {
  /// HKDF-Expand with SHA-256 to 32 bytes.
  func expand(_ secret: Secret, _ label: StaticString) -> Secret { hkdfExpand(.sha256, prk: secret, info: label.labelBytes, length: 32) }

  /// Nonce ‖ ciphertext, with a random nonce.
  func sealed(under key: Secret, aad: [UInt8], _ plaintext: [UInt8]) throws -> [UInt8] {
    let nonce = random(AEADAlgorithm.chaCha20Poly1305.nonceSize)
    return nonce + (try aeadSeal(.chaCha20Poly1305, key: key, nonce: nonce, aad: aad, plaintext))
  }

  /// What `sealed` made; nil where anything does not fit.
  func opened(under key: Secret, aad: [UInt8], _ sealed: [UInt8]) -> [UInt8]? {
    let size = AEADAlgorithm.chaCha20Poly1305.nonceSize
    guard sealed.count >= size else { return nil }
    return try? aeadOpen(.chaCha20Poly1305, key: key, nonce: Array(sealed[..<size]), aad: aad, Array(sealed[size...]))
  }
}

