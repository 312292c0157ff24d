// The KEMs: X25519, the NIST curves, X-Wing. Every key of a peer is parsed here, and only here.
import Crypto
import CryptoInterface
import enum CryptoInterface.CryptoError
import enum CryptoInterface.KEM
import FoundationEssentials

extension SwiftCryptoProvider {
  public func publicKey(_ kem: KEM, of privateKey: HPKEPrivateKey) throws(CryptoError) -> HPKEPublicKey {
    switch kem {
    case .dhkemX25519:
      guard let key = x25519(privateKey) else { throw .invalidKey }
      return HPKEPublicKey([UInt8](key.publicKey.rawRepresentation))
    case .dhkemP256: return HPKEPublicKey(try P256.KeyAgreement.PrivateKey.parse(privateKey).publicKey.point)
    case .dhkemP384: return HPKEPublicKey(try P384.KeyAgreement.PrivateKey.parse(privateKey).publicKey.point)
    case .dhkemP521: return HPKEPublicKey(try P521.KeyAgreement.PrivateKey.parse(privateKey).publicKey.point)
    case .xwing: return HPKEPublicKey([UInt8](try xwing(privateKey).publicKey.rawRepresentation))
    }
  }

  public func validate(_ kem: KEM, _ publicKey: HPKEPublicKey) throws(CryptoError) {
    let bytes = publicKey.bytes
    guard bytes.count == kem.publicKeySize else { throw .invalidKey }
    switch kem {
    case .dhkemX25519:
      if hasSmallOrder(x25519: bytes) { throw .invalidKey }
    case .dhkemP256: _ = try P256.KeyAgreement.PublicKey.parse(bytes)
    case .dhkemP384: _ = try P384.KeyAgreement.PublicKey.parse(bytes)
    case .dhkemP521: _ = try P521.KeyAgreement.PublicKey.parse(bytes)
    case .xwing:
      // ML-KEM-768 ‖ X25519; FIPS 203 §7.2 checks the modulus of the first part.
      let split = bytes.count - 32
      if hasSmallOrder(x25519: Array(bytes[split...])) { throw .invalidKey }
      let mlkem = bytes.withUnsafeBytes { try? MLKEM768.PublicKey(rawRepresentation: UnsafeRawBufferPointer(rebasing: $0[..<split])) }
      if mlkem == nil { throw .invalidKey }
    }
  }

  public func ephemeralDiffieHellman(_ kem: KEM, with publicKey: [UInt8]) throws(CryptoError) -> (ephemeralKey: [UInt8], shared: Secret) {
    switch kem {
    case .dhkemX25519:
      let ephemeral = Curve25519.KeyAgreement.PrivateKey()
      return ([UInt8](ephemeral.publicKey.rawRepresentation), try agree(ephemeral, publicKey))
    case .dhkemP256: return try agree(P256.KeyAgreement.PrivateKey.self, kem, publicKey)
    case .dhkemP384: return try agree(P384.KeyAgreement.PrivateKey.self, kem, publicKey)
    case .dhkemP521: return try agree(P521.KeyAgreement.PrivateKey.self, kem, publicKey)
    case .xwing: throw .unsupported
    }
  }

  public func staticDiffieHellman(_ kem: KEM, _ privateKey: HPKEPrivateKey, with publicKey: [UInt8]) throws(CryptoError)
    -> (ownKey: [UInt8], shared: Secret)
  {
    switch kem {
    case .dhkemX25519:
      guard let key = x25519(privateKey) else { throw .invalidKey }
      return ([UInt8](key.publicKey.rawRepresentation), try agree(key, publicKey))
    case .dhkemP256: return try P256.KeyAgreement.PrivateKey.parse(privateKey).agree(withPoint: publicKey)
    case .dhkemP384: return try P384.KeyAgreement.PrivateKey.parse(privateKey).agree(withPoint: publicKey)
    case .dhkemP521: return try P521.KeyAgreement.PrivateKey.parse(privateKey).agree(withPoint: publicKey)
    case .xwing: throw .unsupported
    }
  }

  public func xwingEncapsulate(to publicKey: HPKEPublicKey) throws(CryptoError) -> (kemOutput: [UInt8], sharedSecret: Secret) {
    do {
      let result = try XWingMLKEM768X25519.PublicKey(rawRepresentation: publicKey.bytes).encapsulate()
      return ([UInt8](result.encapsulated), result.sharedSecret.withUnsafeBytes { Secret(copying: $0) })
    } catch {
      throw .invalidKey
    }
  }

  public func xwingDecapsulate(_ kemOutput: [UInt8], with privateKey: HPKEPrivateKey) throws(CryptoError) -> Secret {
    guard kemOutput.count == KEM.xwing.encapsulationSize else { throw .invalidKey }
    let key = try xwing(privateKey)
    do {
      return try key.decapsulate(Data(kemOutput)).withUnsafeBytes { Secret(copying: $0) }
    } catch {
      throw .invalidKey
    }
  }

  private func x25519(_ privateKey: HPKEPrivateKey) -> Curve25519.KeyAgreement.PrivateKey? {
    privateKey.secret.withUnsafeBytes { try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: $0) }
  }

  private func xwing(_ privateKey: HPKEPrivateKey) throws(CryptoError) -> XWingMLKEM768X25519.PrivateKey {
    guard let key = privateKey.secret.withUnsafeBytes({ try? XWingMLKEM768X25519.PrivateKey(seedRepresentation: $0, publicKey: nil) })
    else { throw .invalidKey }
    return key
  }

  // swift-crypto leaves the all-zero check of RFC 9180 §7.1.4 to its caller.
  private func agree(_ privateKey: Curve25519.KeyAgreement.PrivateKey, _ publicKey: [UInt8]) throws(CryptoError) -> Secret {
    let shared: Secret
    do {
      let peer = try Curve25519.KeyAgreement.PublicKey(rawRepresentation: publicKey)
      shared = try privateKey.sharedSecretFromKeyAgreement(with: peer).withUnsafeBytes { Secret(copying: $0) }
    } catch {
      throw .invalidKey
    }
    if shared.isAllZero { throw .invalidKey }
    return shared
  }

  // A uniform scalar by rejection: random bytes until they are in [1, order). Parsing them derives the public half, once.
  private func agree<Key: NISTPrivateKey>(_: Key.Type, _ kem: KEM, _ publicKey: [UInt8]) throws(CryptoError)
    -> (ephemeralKey: [UInt8], shared: Secret)
  {
    let peer = try Key.PublicKey.parse(publicKey)
    // For P-256, which rejects the most, a candidate fails with probability 2^-32.
    for _ in 0..<64 {
      var candidate = random(kem.privateKeySize)
      defer { wipe(&candidate) }
      if kem == .dhkemP521 { candidate[0] &= 0x01 }
      if let key = try? Key(rawRepresentation: candidate) {
        let (own, shared) = try key.agree(with: peer)
        return (own, shared)
      }
    }
    throw .libraryFailure
  }
}

/// What P-256, P-384 and P-521 have in common; swift-crypto has no public protocol for it.
private protocol NISTPrivateKey {
  associatedtype PublicKey: NISTPublicKey
  init<Bytes: ContiguousBytes>(rawRepresentation: Bytes) throws
  var publicKey: PublicKey { get }
  func sharedSecretFromKeyAgreement(with publicKeyShare: PublicKey) throws -> SharedSecret
}

private protocol NISTPublicKey {
  init<Bytes: ContiguousBytes>(x963Representation: Bytes) throws
  var x963Representation: Data { get }
}

extension P256.KeyAgreement.PrivateKey: NISTPrivateKey {}
extension P384.KeyAgreement.PrivateKey: NISTPrivateKey {}
extension P521.KeyAgreement.PrivateKey: NISTPrivateKey {}
extension P256.KeyAgreement.PublicKey: NISTPublicKey {}
extension P384.KeyAgreement.PublicKey: NISTPublicKey {}
extension P521.KeyAgreement.PublicKey: NISTPublicKey {}

extension NISTPrivateKey {
  fileprivate static func parse(_ key: HPKEPrivateKey) throws(CryptoError) -> Self {
    guard let key = key.secret.withUnsafeBytes({ try? Self(rawRepresentation: $0) }) else { throw .invalidKey }
    return key
  }

  fileprivate func agree(withPoint peer: [UInt8]) throws(CryptoError) -> (ownKey: [UInt8], shared: Secret) {
    try agree(with: PublicKey.parse(peer))
  }

  fileprivate func agree(with peer: PublicKey) throws(CryptoError) -> (ownKey: [UInt8], shared: Secret) {
    do {
      return (publicKey.point, try sharedSecretFromKeyAgreement(with: peer).withUnsafeBytes { Secret(copying: $0) })
    } catch {
      throw .invalidKey
    }
  }
}

extension NISTPublicKey {
  // RFC 9180 §7.1.1: the uncompressed point of SEC 1 §2.3.4; the library checks that it lies on the curve.
  fileprivate static func parse(_ bytes: [UInt8]) throws(CryptoError) -> Self {
    guard bytes.first == 0x04, let key = try? Self(x963Representation: bytes) else { throw .invalidKey }
    return key
  }

  fileprivate var point: [UInt8] { [UInt8](x963Representation) }
}
