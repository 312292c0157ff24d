extension CryptoProvider {
  /// RFC 9180 §4 and §7.1.3 `DeriveKeyPair`; for X-Wing draft-ietf-hpke-pq §4.
  /// Portable: needs HKDF and `publicKey(_:of:)` of the provider.
  public func deriveKeyPair(_ kem: KEM, ikm: Secret) throws(CryptoError) -> HPKEKeyPair {
    switch kem {
    case .dhkemX25519: return try deriveX25519(ikm)
    case .dhkemP256, .dhkemP384, .dhkemP521: return try deriveNIST(kem, ikm)
    case .xwing: return try deriveXWing(ikm)
    }
  }

  // RFC 9180 §7.1.3, X25519: sk = LabeledExpand(dkp_prk, "sk", "", Nsk).
  private func deriveX25519(_ ikm: Secret) throws(CryptoError) -> HPKEKeyPair {
    let label = HPKELabel(kem: .dhkemX25519)
    let prk = labeledExtract(.sha256, label, salt: .empty, "dkp_prk", ikm)
    return try keyPair(.dhkemX25519, labeledExpand(.sha256, label, prk, "sk", info: [], length: KEM.dhkemX25519.privateKeySize))
  }

  // RFC 9180 §7.1.3, P-256, P-384, P-521: candidates under a counter until one is a scalar in [1, order).
  private func deriveNIST(_ kem: KEM, _ ikm: Secret) throws(CryptoError) -> HPKEKeyPair {
    let label = HPKELabel(kem: kem)
    let prk = labeledExtract(kem.kdf, label, salt: .empty, "dkp_prk", ikm)
    let bitmask: UInt8 = kem == .dhkemP521 ? 0x01 : 0xFF
    for counter in UInt8.min...UInt8.max {
      let bytes = labeledExpand(kem.kdf, label, prk, "candidate", info: [counter], length: kem.privateKeySize)
      let candidate = Secret(count: bytes.count) { out in
        bytes.withUnsafeBytes { out.copyMemory(from: $0) }
        out[0] &= bitmask
      }
      do throws(CryptoError) {
        return try keyPair(kem, candidate)
      } catch {
        if error != .invalidKey { throw error }
      }
    }
    throw .invalidKey
  }

  // SHAKE256.LabeledDerive(ikm, "DeriveKeyPair", "", 32): ikm ‖ "HPKE-v1" ‖ suite_id ‖ len(label) ‖ label ‖ L.
  private func deriveXWing(_ ikm: Secret) throws(CryptoError) -> HPKEKeyPair {
    let label: StaticString = "DeriveKeyPair"
    let size = KEM.xwing.privateKeySize
    var input: [UInt8] = []
    input.append(utf8: "HPKE-v1")
    input.append(contentsOf: HPKELabel(kem: .xwing).suiteID)
    input.append(uint16: UInt16(label.utf8CodeUnitCount))
    input.append(utf8: label)
    input.append(uint16: UInt16(size))
    var shake = SHAKE256()
    shake.absorb(ikm)
    shake.absorb(input)
    return try keyPair(.xwing, shake.squeeze(size))
  }

  private func keyPair(_ kem: KEM, _ secret: Secret) throws(CryptoError) -> HPKEKeyPair {
    let privateKey = HPKEPrivateKey(secret)
    return HPKEKeyPair(privateKey: privateKey, publicKey: try publicKey(kem, of: privateKey))
  }
}
