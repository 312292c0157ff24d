// Signatures of RFC 9420 §5.1.2. Everything of a peer ends in true or false.
import CCryptoBoringSSL
import CryptoInterface

extension BoringSSLProvider {
  public func generateSignatureKeyPair(_ scheme: SignatureScheme) throws(CryptoError) -> SignatureKeyPair {
    let secret: Secret
    if let kem = scheme.kemOfSameCurve {
      // A uniform scalar by RFC 9180's DeriveKeyPair from random bytes.
      secret = try generateKeyPair(kem).privateKey.secret
    } else {
      secret = BoringSSLProvider.randomSecret(32)
    }
    let privateKey = SignaturePrivateKey(secret)
    return SignatureKeyPair(privateKey: privateKey, publicKey: try publicKey(scheme, of: privateKey))
  }

  public func publicKey(_ scheme: SignatureScheme, of privateKey: SignaturePrivateKey) throws(CryptoError) -> SignaturePublicKey {
    guard let curve = scheme.curve else {
      // BoringSSL's form of an Ed25519 private key is seed ‖ public key.
      return SignaturePublicKey(try expandedEd25519(privateKey).withUnsafeBytes { Array($0[32...]) })
    }
    return SignaturePublicKey(try ECKey(curve, scalar: privateKey.secret).derivedPoint())
  }

  public func sign(_ scheme: SignatureScheme, with privateKey: SignaturePrivateKey, _ content: [UInt8]) throws(CryptoError) -> [UInt8] {
    guard let curve = scheme.curve else {
      let expanded = try expandedEd25519(privateKey)
      var done: Int32 = 0
      let signature = array(64) { out in
        done = expanded.withBytes { key, _ in CCryptoBoringSSL_ED25519_sign(out, content, content.count, key) }
      }
      guard done == 1 else { throw .libraryFailure }
      return signature
    }
    let key = try ECKey(curve, scalar: privateKey.secret)
    let digest = hash(scheme.hash, content)
    var size: UInt32 = 0
    var done: Int32 = 0
    let pointer = key.pointer
    // SEQUENCE of two INTEGERs, each at most a scalar and a sign byte, with headers of at most three bytes.
    var signature = [UInt8](repeating: 0, count: 2 * curve.fieldSize + 16)
    done = CCryptoBoringSSL_ECDSA_sign(0, digest, digest.count, &signature, &size, pointer)
    guard done == 1, Int(size) <= signature.count else { throw .libraryFailure }
    signature.removeLast(signature.count - Int(size))
    return signature
  }

  public func verify(_ scheme: SignatureScheme, _ item: SignatureToVerify) -> Bool {
    guard let curve = scheme.curve else {
      guard item.publicKey.bytes.count == 32, item.signature.count == 64 else { return false }
      return CCryptoBoringSSL_ED25519_verify(item.content, item.content.count, item.signature, item.publicKey.bytes) == 1
    }
    do throws(CryptoError) {
      let key = try ECKey(curve, point: item.publicKey.bytes)
      let digest = hash(scheme.hash, item.content)
      return CCryptoBoringSSL_ECDSA_verify(0, digest, digest.count, item.signature, item.signature.count, key.pointer) == 1
    } catch {
      return false
    }
  }

  private static func randomSecret(_ count: Int) -> Secret {
    secret(count) { out in _ = CCryptoBoringSSL_RAND_bytes(out, count) }
  }

  private func expandedEd25519(_ privateKey: SignaturePrivateKey) throws(CryptoError) -> Secret {
    guard privateKey.secret.count == 32 else { throw .invalidKey }
    #if arch(wasm32)
      if let last = lastSigningKey, last.seed == privateKey.secret { return last.expanded }
    #endif
    let expanded = secret(64) { out in
      var publicKey = [UInt8](repeating: 0, count: 32)
      privateKey.secret.withBytes { seed, _ in CCryptoBoringSSL_ED25519_keypair_from_seed(&publicKey, out, seed) }
    }
    #if arch(wasm32)
      lastSigningKey = ExpandedKey(seed: privateKey.secret, expanded: expanded)
    #endif
    return expanded
  }
}

#if arch(wasm32)
  private struct ExpandedKey {
    var seed: Secret
    var expanded: Secret
  }
  /// The key that signed last. Expanding it costs as much as signing, and a browser's device signs with one key.
  // Safe because: wasm32 runs in one thread.
  nonisolated(unsafe) private var lastSigningKey: ExpandedKey? = nil
#endif

extension SignatureScheme {
  fileprivate var curve: ECKey.Curve? {
    switch self {
    case .ecdsaSecp256r1SHA256: .p256
    case .ecdsaSecp384r1SHA384: .p384
    case .ecdsaSecp521r1SHA512: .p521
    case .ed25519: nil
    }
  }
  fileprivate var kemOfSameCurve: KEM? {
    switch self {
    case .ecdsaSecp256r1SHA256: .dhkemP256
    case .ecdsaSecp384r1SHA384: .dhkemP384
    case .ecdsaSecp521r1SHA512: .dhkemP521
    case .ed25519: nil
    }
  }
  fileprivate var hash: HashAlgorithm {
    switch self {
    case .ecdsaSecp384r1SHA384: .sha384
    case .ecdsaSecp521r1SHA512: .sha512
    default: .sha256
    }
  }
}
