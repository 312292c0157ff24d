// The KEMs: X25519, the NIST curves, X-Wing. Every key of a peer is parsed here, and only here.
import CCryptoBoringSSL
import CryptoInterface

extension BoringSSLProvider {
  public func publicKey(_ kem: KEM, of privateKey: HPKEPrivateKey) throws(CryptoError) -> HPKEPublicKey {
    switch kem {
    case .dhkemX25519: return HPKEPublicKey(try x25519Public(privateKey.secret))
    case .dhkemP256: return HPKEPublicKey(try ECKey(.p256, scalar: privateKey.secret).derivedPoint())
    case .dhkemP384: return HPKEPublicKey(try ECKey(.p384, scalar: privateKey.secret).derivedPoint())
    case .dhkemP521: return HPKEPublicKey(try ECKey(.p521, scalar: privateKey.secret).derivedPoint())
    case .xwing:
      let key = try XWingKey(seed: privateKey.secret)
      return HPKEPublicKey(array(kem.publicKeySize) { out in _ = CCryptoBoringSSL_XWING_public_from_private(out, key.pointer) })
    }
  }

  public func validate(_ kem: KEM, _ publicKey: HPKEPublicKey) throws(CryptoError) {
    let bytes = publicKey.bytes
    guard bytes.count == kem.publicKeySize else { throw .invalidKey }
    switch kem {
    case .dhkemX25519:
      if hasSmallOrder(x25519: bytes) { throw .invalidKey }
    case .dhkemP256: _ = try ECKey(.p256, point: bytes)
    case .dhkemP384: _ = try ECKey(.p384, point: bytes)
    case .dhkemP521: _ = try ECKey(.p521, point: bytes)
    case .xwing:
      // ML-KEM-768 ‖ X25519; FIPS 203 §7.2 checks the modulus of the first part.
      let split = bytes.count - 32
      if hasSmallOrder(x25519: Array(bytes[split...])) { throw .invalidKey }
      let parsed = UnsafeMutablePointer<MLKEM768_public_key>.allocate(capacity: 1)
      defer { parsed.deallocate() }
      let done = bytes.withUnsafeBufferPointer { bytes in
        var input = CBS(data: bytes.baseAddress, len: split)
        return CCryptoBoringSSL_MLKEM768_parse_public_key(parsed, &input)
      }
      if done != 1 { throw .invalidKey }
    }
  }

  public func ephemeralDiffieHellman(_ kem: KEM, with publicKey: [UInt8]) throws(CryptoError) -> (ephemeralKey: [UInt8], shared: Secret) {
    if kem == .dhkemX25519 {
      let ephemeral = secret(32) { out in _ = CCryptoBoringSSL_RAND_bytes(out, 32) }
      return (try x25519Public(ephemeral), try x25519(ephemeral, publicKey))
    }
    let pair = try generateKeyPair(kem)
    return (pair.publicKey.bytes, try nist(kem, pair.privateKey.secret, publicKey))
  }

  public func staticDiffieHellman(_ kem: KEM, _ privateKey: HPKEPrivateKey, with publicKey: [UInt8]) throws(CryptoError)
    -> (ownKey: [UInt8], shared: Secret)
  {
    let own = try self.publicKey(kem, of: privateKey).bytes
    if kem == .dhkemX25519 { return (own, try x25519(privateKey.secret, publicKey)) }
    return (own, try nist(kem, privateKey.secret, publicKey))
  }

  public func xwingEncapsulate(to publicKey: HPKEPublicKey) throws(CryptoError) -> (kemOutput: [UInt8], sharedSecret: Secret) {
    guard publicKey.bytes.count == KEM.xwing.publicKeySize else { throw .invalidKey }
    var done: Int32 = 0
    var kemOutput: [UInt8] = []
    let shared = secret(32) { out in
      kemOutput = array(KEM.xwing.encapsulationSize) { ciphertext in
        done = CCryptoBoringSSL_XWING_encap(ciphertext, out, publicKey.bytes)
        if done != 1, let ciphertext { wipe(UnsafeMutableRawBufferPointer(start: ciphertext, count: KEM.xwing.encapsulationSize)) }
      }
    }
    guard done == 1 else { throw .invalidKey }
    return (kemOutput, shared)
  }

  public func xwingDecapsulate(_ kemOutput: [UInt8], with privateKey: HPKEPrivateKey) throws(CryptoError) -> Secret {
    guard kemOutput.count == KEM.xwing.encapsulationSize else { throw .invalidKey }
    let key = try XWingKey(seed: privateKey.secret)
    var done: Int32 = 0
    let shared = secret(32) { out in done = CCryptoBoringSSL_XWING_decap(out, kemOutput, key.pointer) }
    guard done == 1 else { throw .invalidKey }
    return shared
  }

  private func x25519Public(_ privateKey: Secret) throws(CryptoError) -> [UInt8] {
    guard privateKey.count == 32 else { throw .invalidKey }
    return privateKey.withBytes { bytes, _ in array(32) { out in CCryptoBoringSSL_X25519_public_from_private(out, bytes) } }
  }

  // RFC 9180 §7.1.4: the library reports the all-zero result.
  private func x25519(_ privateKey: Secret, _ publicKey: [UInt8]) throws(CryptoError) -> Secret {
    guard privateKey.count == 32, publicKey.count == 32 else { throw .invalidKey }
    var done: Int32 = 0
    let shared = privateKey.withBytes { bytes, _ in secret(32) { out in done = CCryptoBoringSSL_X25519(out, bytes, publicKey) } }
    guard done == 1 else { throw .invalidKey }
    return shared
  }

  private func nist(_ kem: KEM, _ scalar: Secret, _ point: [UInt8]) throws(CryptoError) -> Secret {
    let curve: ECKey.Curve
    switch kem {
    case .dhkemP256: curve = .p256
    case .dhkemP384: curve = .p384
    case .dhkemP521: curve = .p521
    default: throw .unsupported
    }
    let peer = try ECKey(curve, point: point)
    return try ECKey(curve, scalar: scalar).agree(with: peer)
  }
}

/// An X-Wing private key, expanded from its seed; wiped at the end of its life.
private struct XWingKey: ~Copyable {
  let pointer: UnsafeMutablePointer<XWING_private_key>

  init(seed: Secret) throws(CryptoError) {
    pointer = try XWingKey.allocate(seed)
    let pointer = self.pointer
    seed.withBytes { bytes, count in
      var input = CBS(data: bytes, len: count)
      // Fails only on another size.
      _ = CCryptoBoringSSL_XWING_parse_private_key(pointer, &input)
    }
  }

  private static func allocate(_ seed: Secret) throws(CryptoError) -> UnsafeMutablePointer<XWING_private_key> {
    guard seed.count == KEM.xwing.privateKeySize else { throw .invalidKey }
    return .allocate(capacity: 1)
  }

  deinit {
    wipe(UnsafeMutableRawBufferPointer(start: pointer, count: MemoryLayout<XWING_private_key>.size))
    pointer.deallocate()
  }
}
