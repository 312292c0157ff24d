// Signatures of RFC 9420 §5.1.2. Everything of a peer ends in true or false.
import Crypto
import CryptoInterface
import enum CryptoInterface.CryptoError
import FoundationEssentials

extension SwiftCryptoProvider {
  public func generateSignatureKeyPair(_ scheme: SignatureScheme) throws(CryptoError) -> SignatureKeyPair {
    // Of what the library makes, only the private bytes are taken; the public key then comes by the path that stored keys take.
    var bytes: Data
    switch scheme {
    case .ed25519: bytes = Curve25519.Signing.PrivateKey().rawRepresentation
    case .ecdsaSecp256r1SHA256: bytes = P256.Signing.PrivateKey(compactRepresentable: false).rawRepresentation
    case .ecdsaSecp384r1SHA384: bytes = P384.Signing.PrivateKey(compactRepresentable: false).rawRepresentation
    case .ecdsaSecp521r1SHA512: bytes = P521.Signing.PrivateKey(compactRepresentable: false).rawRepresentation
    }
    let privateKey = SignaturePrivateKey(bytes.withUnsafeBytes { Secret(copying: $0) })
    bytes.withUnsafeMutableBytes { wipe($0) }
    return SignatureKeyPair(privateKey: privateKey, publicKey: try publicKey(scheme, of: privateKey))
  }

  public func publicKey(_ scheme: SignatureScheme, of privateKey: SignaturePrivateKey) throws(CryptoError) -> SignaturePublicKey {
    switch try signingKeys.parsed(scheme, privateKey) {
    case .ed25519(let key): SignaturePublicKey([UInt8](key.publicKey.rawRepresentation))
    case .p256(let key): SignaturePublicKey([UInt8](key.publicKey.x963Representation))
    case .p384(let key): SignaturePublicKey([UInt8](key.publicKey.x963Representation))
    case .p521(let key): SignaturePublicKey([UInt8](key.publicKey.x963Representation))
    }
  }

  public func sign(_ scheme: SignatureScheme, with privateKey: SignaturePrivateKey, _ content: [UInt8]) throws(CryptoError) -> [UInt8] {
    let key = try signingKeys.parsed(scheme, privateKey)
    do {
      switch key {
      case .ed25519(let key): return [UInt8](try key.signature(for: content))
      case .p256(let key): return [UInt8](try key.signature(for: content).derRepresentation)
      case .p384(let key): return [UInt8](try key.signature(for: content).derRepresentation)
      case .p521(let key): return [UInt8](try key.signature(for: content).derRepresentation)
      }
    } catch {
      throw .libraryFailure
    }
  }

  public func verify(_ scheme: SignatureScheme, _ item: SignatureToVerify) -> Bool {
    let key = item.publicKey.bytes
    switch scheme {
    case .ed25519:
      guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: key) else { return false }
      return key.isValidSignature(item.signature, for: item.content)
    case .ecdsaSecp256r1SHA256:
      guard key.first == 0x04, let key = try? P256.Signing.PublicKey(x963Representation: key),
        let signature = try? P256.Signing.ECDSASignature(derRepresentation: item.signature)
      else { return false }
      return key.isValidSignature(signature, for: item.content)
    case .ecdsaSecp384r1SHA384:
      guard key.first == 0x04, let key = try? P384.Signing.PublicKey(x963Representation: key),
        let signature = try? P384.Signing.ECDSASignature(derRepresentation: item.signature)
      else { return false }
      return key.isValidSignature(signature, for: item.content)
    case .ecdsaSecp521r1SHA512:
      guard key.first == 0x04, let key = try? P521.Signing.PublicKey(x963Representation: key),
        let signature = try? P521.Signing.ECDSASignature(derRepresentation: item.signature)
      else { return false }
      return key.isValidSignature(signature, for: item.content)
    }
  }
}
