import Crypto
import CryptoInterface
import FoundationEssentials
import Synchronization
import enum CryptoInterface.CryptoError

/// The signature keys used last, with their public half. The library derives that half whenever a key is loaded, which costs about as much as the
/// signature itself (Ed25519: 18 µs beside 24 µs). A device signs with one key, so a few places are enough.
/// What is cached is wiped when it is displaced, or with the provider.
final class SigningKeyCache: Sendable {
  enum Key: Sendable {
    case ed25519(Curve25519.Signing.PrivateKey)
    case p256(P256.Signing.PrivateKey)
    case p384(P384.Signing.PrivateKey)
    case p521(P521.Signing.PrivateKey)
  }

  private struct Entry {
    var scheme: SignatureScheme
    var secret: Secret
    var key: Key
  }
  private static let capacity = 4
  private let entries = Mutex<[Entry]>([])

  /// - Throws: `.invalidKey`.
  func parsed(_ scheme: SignatureScheme, _ privateKey: SignaturePrivateKey) throws(CryptoError) -> Key {
    let known: Key? = entries.withLock { entries in
      for entry in entries where entry.scheme == scheme && entry.secret == privateKey.secret { return entry.key }
      return nil
    }
    if let known { return known }
    guard let key = parse(scheme, privateKey) else { throw .invalidKey }
    entries.withLock { entries in
      if entries.count == SigningKeyCache.capacity { entries.removeFirst() }
      entries.append(Entry(scheme: scheme, secret: privateKey.secret, key: key))
    }
    return key
  }

  private func parse(_ scheme: SignatureScheme, _ privateKey: SignaturePrivateKey) -> Key? {
    privateKey.secret.withUnsafeBytes { bytes in
      switch scheme {
      case .ed25519: (try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes)).map(Key.ed25519)
      case .ecdsaSecp256r1SHA256: (try? P256.Signing.PrivateKey(rawRepresentation: bytes)).map(Key.p256)
      case .ecdsaSecp384r1SHA384: (try? P384.Signing.PrivateKey(rawRepresentation: bytes)).map(Key.p384)
      case .ecdsaSecp521r1SHA512: (try? P521.Signing.PrivateKey(rawRepresentation: bytes)).map(Key.p521)
      }
    }
  }
}
