// X-Wing as rine-mls 0.1.1 runs it, found by trial: it shows that all above the KEM agrees. Not a suite of the product.
// Against draft-ietf-mls-pq-ciphersuites-06 and draft-ietf-hpke-pq it differs in three points:
// - suite 0xF057: X-Wing with HKDF-SHA256, SHA-256, ChaCha20-Poly1305 and Ed25519, which the draft does not list;
// - the KEM's number inside HPKE is the suite's, 0xF057, not X-Wing's 0x647A;
// - DeriveKeyPair takes the seed as SHAKE256(LabeledExtract("", "dkp_prk", ikm), 32), as DHKEMs begin, not as SHAKE256's LabeledDerive.
import CryptoInterface
import SwiftCryptoProvider

struct RineProvider: CryptoProvider {
  private let base = SwiftCryptoProvider()
  private static let number: UInt16 = 0xF057
  let suites = CipherSuiteTable([
    CipherSuiteParameters(suite: CipherSuite(number), kem: .xwing, hash: .sha256, aead: .chaCha20Poly1305, signature: .ed25519)
  ])

  func deriveKeyPair(_ kem: KEM, ikm: Secret) throws(CryptoError) -> HPKEKeyPair {
    guard kem == .xwing else { throw .unsupported }
    var shake = SHAKE256()
    shake.absorb(extract(Array("KEM".utf8) + bytes(Self.number), salt: Secret([]), "dkp_prk", ikm.exposed))
    let seed = HPKEPrivateKey(shake.squeeze(KEM.xwing.privateKeySize))
    return HPKEKeyPair(privateKey: seed, publicKey: try publicKey(.xwing, of: seed))
  }

  func hpkeSeal(_ suite: CipherSuiteParameters, to publicKey: HPKEPublicKey, info: [UInt8], _ plaintext: Secret) throws(CryptoError)
    -> HPKECiphertext
  {
    let (kemOutput, shared) = try base.xwingEncapsulate(to: publicKey)
    let schedule = Schedule(self, shared, info)
    let ciphertext = try aeadSeal(suite.aead, key: schedule.key, nonce: schedule.nonce, aad: [], plaintext.exposed)
    return HPKECiphertext(kemOutput: kemOutput, ciphertext: ciphertext)
  }

  func hpkeOpen(_ suite: CipherSuiteParameters, with privateKey: HPKEPrivateKey, info: [UInt8], _ ciphertext: HPKECiphertext)
    throws(CryptoError) -> Secret
  {
    let schedule = Schedule(self, try base.xwingDecapsulate(ciphertext.kemOutput, with: privateKey), info)
    return Secret(try aeadOpen(suite.aead, key: schedule.key, nonce: schedule.nonce, aad: [], ciphertext.ciphertext))
  }

  func hpkeSendExport(_ suite: CipherSuiteParameters, to publicKey: HPKEPublicKey, info: [UInt8], context: [UInt8], length: Int)
    throws(CryptoError) -> (kemOutput: [UInt8], secret: Secret)
  {
    let (kemOutput, shared) = try base.xwingEncapsulate(to: publicKey)
    return (kemOutput, Schedule(self, shared, info).export(context, length))
  }

  func hpkeReceiveExport(
    _ suite: CipherSuiteParameters, with privateKey: HPKEPrivateKey, kemOutput: [UInt8], info: [UInt8], context: [UInt8], length: Int
  ) throws(CryptoError) -> Secret {
    Schedule(self, try base.xwingDecapsulate(kemOutput, with: privateKey), info).export(context, length)
  }

  // RFC 9180 §4, §5.1, with the number of this dialect.
  private struct Schedule {
    let provider: RineProvider
    let secret: Secret
    let context: [UInt8]
    let id = Array("HPKE".utf8) + bytes(RineProvider.number) + bytes(HashAlgorithm.sha256.hpkeKDF) + bytes(AEADAlgorithm.chaCha20Poly1305.rawValue)

    init(_ provider: RineProvider, _ shared: Secret, _ info: [UInt8]) {
      self.provider = provider
      secret = provider.extract(id, salt: shared, "secret", [])
      context =
        [0] + provider.extract(id, salt: Secret([]), "psk_id_hash", []).exposed + provider.extract(id, salt: Secret([]), "info_hash", info).exposed
    }

    var key: Secret { provider.expand(id, secret, "key", context, 32) }
    var nonce: [UInt8] { provider.expand(id, secret, "base_nonce", context, 12).exposed }
    func export(_ exporterContext: [UInt8], _ length: Int) -> Secret {
      provider.expand(id, provider.expand(id, secret, "exp", context, 32), "sec", exporterContext, length)
    }
  }

  private func extract(_ id: [UInt8], salt: Secret, _ label: String, _ ikm: [UInt8]) -> Secret {
    hkdfExtract(.sha256, salt: salt, ikm: Secret(Array("HPKE-v1".utf8) + id + Array(label.utf8) + ikm))
  }

  private func expand(_ id: [UInt8], _ prk: Secret, _ label: String, _ info: [UInt8], _ length: Int) -> Secret {
    hkdfExpand(
      .sha256, prk: prk, info: bytes(UInt16(length)) + Array("HPKE-v1".utf8) + id + Array(label.utf8) + info, length: length)
  }

  // MARK: As everywhere

  func random(_ count: Int) -> [UInt8] { base.random(count) }
  func hash(_ algorithm: HashAlgorithm, _ data: [UInt8]) -> [UInt8] { base.hash(algorithm, data) }
  func hmac(_ algorithm: HashAlgorithm, key: Secret, _ data: [UInt8]) -> [UInt8] { base.hmac(algorithm, key: key, data) }
  func hkdfExtract(_ algorithm: HashAlgorithm, salt: Secret, ikm: Secret) -> Secret { base.hkdfExtract(algorithm, salt: salt, ikm: ikm) }
  func hkdfExpand(_ algorithm: HashAlgorithm, prk: Secret, info: [UInt8], length: Int) -> Secret {
    base.hkdfExpand(algorithm, prk: prk, info: info, length: length)
  }
  func aeadSeal(_ algorithm: AEADAlgorithm, key: Secret, nonce: [UInt8], aad: [UInt8], _ plaintext: [UInt8]) throws(CryptoError) -> [UInt8] {
    try base.aeadSeal(algorithm, key: key, nonce: nonce, aad: aad, plaintext)
  }
  func aeadOpen(_ algorithm: AEADAlgorithm, key: Secret, nonce: [UInt8], aad: [UInt8], _ ciphertext: [UInt8]) throws(CryptoError) -> [UInt8] {
    try base.aeadOpen(algorithm, key: key, nonce: nonce, aad: aad, ciphertext)
  }
  func publicKey(_ kem: KEM, of privateKey: HPKEPrivateKey) throws(CryptoError) -> HPKEPublicKey { try base.publicKey(kem, of: privateKey) }
  func validate(_ kem: KEM, _ publicKey: HPKEPublicKey) throws(CryptoError) { try base.validate(kem, publicKey) }
  func generateSignatureKeyPair(_ scheme: SignatureScheme) throws(CryptoError) -> SignatureKeyPair { try base.generateSignatureKeyPair(scheme) }
  func publicKey(_ scheme: SignatureScheme, of privateKey: SignaturePrivateKey) throws(CryptoError) -> SignaturePublicKey {
    try base.publicKey(scheme, of: privateKey)
  }
  func sign(_ scheme: SignatureScheme, with privateKey: SignaturePrivateKey, _ content: [UInt8]) throws(CryptoError) -> [UInt8] {
    try base.sign(scheme, with: privateKey, content)
  }
  func verify(_ scheme: SignatureScheme, _ item: SignatureToVerify) -> Bool { base.verify(scheme, item) }
}

private func bytes(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xFF)] }
