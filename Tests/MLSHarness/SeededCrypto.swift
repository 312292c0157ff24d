// Two providers that give the same bytes in every process, so that a fuzzer's finding can be replayed.
import CryptoInterface
import MLSScenarios
import SwiftCryptoProvider
import Synchronization

/// Randomness that can be wound back.
final class SeededRandom: Sendable {
  private let state = Mutex(SeededGenerator(1))
  func restart(_ seed: UInt64) { state.withLock { $0 = SeededGenerator(seed) } }
  func bytes(_ count: Int) -> [UInt8] {
    state.withLock { generator in (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next() >> 32) } }
  }
}

/// A provider whose randomness the harness controls.
protocol ReplayableCrypto: CryptoProvider {
  var source: SeededRandom { get }
}

/// Real cryptography with seeded randomness. Suites with X25519 and Ed25519, which are deterministic otherwise.
struct SeededCrypto: ReplayableCrypto, HPKEPrimitives {
  let source = SeededRandom()
  private let real = SwiftCryptoProvider()

  var suites: CipherSuiteTable { CipherSuiteTable(CipherSuiteTable.classical.filter { $0.kem == .dhkemX25519 }) }
  func random(_ count: Int) -> [UInt8] { source.bytes(count) }
  func hash(_ algorithm: HashAlgorithm, _ data: [UInt8]) -> [UInt8] { real.hash(algorithm, data) }
  func hmac(_ algorithm: HashAlgorithm, key: Secret, _ data: [UInt8]) -> [UInt8] { real.hmac(algorithm, key: key, data) }
  func hkdfExtract(_ algorithm: HashAlgorithm, salt: Secret, ikm: Secret) -> Secret { real.hkdfExtract(algorithm, salt: salt, ikm: ikm) }
  func hkdfExpand(_ algorithm: HashAlgorithm, prk: Secret, info: [UInt8], length: Int) -> Secret {
    real.hkdfExpand(algorithm, prk: prk, info: info, length: length)
  }
  func aeadSeal(_ algorithm: AEADAlgorithm, key: Secret, nonce: [UInt8], aad: [UInt8], _ plaintext: [UInt8]) throws(CryptoError) -> [UInt8] {
    try real.aeadSeal(algorithm, key: key, nonce: nonce, aad: aad, plaintext)
  }
  func aeadOpen(_ algorithm: AEADAlgorithm, key: Secret, nonce: [UInt8], aad: [UInt8], _ ciphertext: [UInt8]) throws(CryptoError) -> [UInt8] {
    try real.aeadOpen(algorithm, key: key, nonce: nonce, aad: aad, ciphertext)
  }
  func publicKey(_ kem: KEM, of privateKey: HPKEPrivateKey) throws(CryptoError) -> HPKEPublicKey { try real.publicKey(kem, of: privateKey) }
  func validate(_ kem: KEM, _ publicKey: HPKEPublicKey) throws(CryptoError) { try real.validate(kem, publicKey) }
  func ephemeralDiffieHellman(_ kem: KEM, with publicKey: [UInt8]) throws(CryptoError) -> (ephemeralKey: [UInt8], shared: Secret) {
    let (own, shared) = try real.staticDiffieHellman(kem, HPKEPrivateKey(Secret(random(32))), with: publicKey)
    return (own, shared)
  }
  func staticDiffieHellman(_ kem: KEM, _ privateKey: HPKEPrivateKey, with publicKey: [UInt8]) throws(CryptoError)
    -> (ownKey: [UInt8], shared: Secret)
  { try real.staticDiffieHellman(kem, privateKey, with: publicKey) }
  func xwingEncapsulate(to publicKey: HPKEPublicKey) throws(CryptoError) -> (kemOutput: [UInt8], sharedSecret: Secret) { throw .unsupported }
  func xwingDecapsulate(_ kemOutput: [UInt8], with privateKey: HPKEPrivateKey) throws(CryptoError) -> Secret { throw .unsupported }
  func generateSignatureKeyPair(_ scheme: SignatureScheme) throws(CryptoError) -> SignatureKeyPair {
    let key = SignaturePrivateKey(Secret(random(32)))
    return SignatureKeyPair(privateKey: key, publicKey: try real.publicKey(scheme, of: key))
  }
  func publicKey(_ scheme: SignatureScheme, of privateKey: SignaturePrivateKey) throws(CryptoError) -> SignaturePublicKey {
    try real.publicKey(scheme, of: privateKey)
  }
  func sign(_ scheme: SignatureScheme, with privateKey: SignaturePrivateKey, _ content: [UInt8]) throws(CryptoError) -> [UInt8] {
    try real.sign(scheme, with: privateKey, content)
  }
  func verify(_ scheme: SignatureScheme, _ item: SignatureToVerify) -> Bool { real.verify(scheme, item) }
}

/// No cryptography at all, only its shape: everything is signed, every tag is right, encryption appends a tag. So a fuzzer's bytes reach what
/// stands behind signature, MAC and AEAD, at many thousand messages a second. Hashes and key derivation still tell different inputs apart.
struct PretendCrypto: ReplayableCrypto {
  let source = SeededRandom()

  var suites: CipherSuiteTable { CipherSuiteTable([CipherSuiteTable.classical[0], CipherSuiteTable.classical[2]]) }
  func random(_ count: Int) -> [UInt8] { source.bytes(count) }

  private func mix(_ parts: [UInt8]..., count: Int) -> [UInt8] {
    var state: UInt64 = 0xCBF2_9CE4_8422_2325
    for part in parts {
      for byte in part { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
      state = (state ^ UInt64(part.count)) &* 0x9E37_79B9_7F4A_7C15
    }
    var generator = SeededGenerator(state)
    var result: [UInt8] = []
    result.reserveCapacity(count + 7)
    while result.count < count {
      let word = generator.next()
      for shift in stride(from: 0, to: 64, by: 8) { result.append(UInt8(truncatingIfNeeded: word >> UInt64(shift))) }
    }
    result.removeLast(result.count - count)
    return result
  }

  func hash(_ algorithm: HashAlgorithm, _ data: [UInt8]) -> [UInt8] { mix(data, count: algorithm.size) }
  func hmac(_ algorithm: HashAlgorithm, key: Secret, _ data: [UInt8]) -> [UInt8] { [UInt8](repeating: 0, count: algorithm.size) }
  func hkdfExtract(_ algorithm: HashAlgorithm, salt: Secret, ikm: Secret) -> Secret {
    Secret(mix(salt.exposed, ikm.exposed, count: algorithm.size))
  }
  func hkdfExpand(_ algorithm: HashAlgorithm, prk: Secret, info: [UInt8], length: Int) -> Secret {
    Secret(mix(prk.exposed, info, count: length))
  }
  func aeadSeal(_ algorithm: AEADAlgorithm, key: Secret, nonce: [UInt8], aad: [UInt8], _ plaintext: [UInt8]) throws(CryptoError) -> [UInt8] {
    guard key.count == algorithm.keySize, nonce.count == algorithm.nonceSize else { throw .invalidKey }
    return plaintext + [UInt8](repeating: 0, count: algorithm.tagSize)
  }
  func aeadOpen(_ algorithm: AEADAlgorithm, key: Secret, nonce: [UInt8], aad: [UInt8], _ ciphertext: [UInt8]) throws(CryptoError) -> [UInt8] {
    guard key.count == algorithm.keySize, nonce.count == algorithm.nonceSize else { throw .invalidKey }
    guard ciphertext.count >= algorithm.tagSize else { throw .authenticationFailed }
    return Array(ciphertext.dropLast(algorithm.tagSize))
  }
  func deriveKeyPair(_ kem: KEM, ikm: Secret) throws(CryptoError) -> HPKEKeyPair {
    let key = HPKEPrivateKey(Secret(mix(ikm.exposed, count: 32)))
    return HPKEKeyPair(privateKey: key, publicKey: try publicKey(kem, of: key))
  }
  func publicKey(_ kem: KEM, of privateKey: HPKEPrivateKey) throws(CryptoError) -> HPKEPublicKey {
    guard privateKey.secret.count == 32 else { throw .invalidKey }
    return HPKEPublicKey(mix(privateKey.secret.exposed, count: 32))
  }
  func validate(_ kem: KEM, _ publicKey: HPKEPublicKey) throws(CryptoError) {
    guard publicKey.bytes.count == 32, publicKey.bytes.contains(where: { $0 != 0 }) else { throw .invalidKey }
  }
  func hpkeSeal(_ suite: CipherSuiteParameters, to publicKey: HPKEPublicKey, info: [UInt8], _ plaintext: Secret) throws(CryptoError)
    -> HPKECiphertext
  {
    try validate(suite.kem, publicKey)
    return HPKECiphertext(kemOutput: random(32), ciphertext: plaintext.exposed + [UInt8](repeating: 0, count: 16))
  }
  func hpkeOpen(_ suite: CipherSuiteParameters, with privateKey: HPKEPrivateKey, info: [UInt8], _ ciphertext: HPKECiphertext)
    throws(CryptoError) -> Secret
  {
    guard privateKey.secret.count == 32, ciphertext.kemOutput.count == 32 else { throw .invalidKey }
    guard ciphertext.ciphertext.count >= 16 else { throw .authenticationFailed }
    return Secret(Array(ciphertext.ciphertext.dropLast(16)))
  }
  func hpkeSendExport(_ suite: CipherSuiteParameters, to publicKey: HPKEPublicKey, info: [UInt8], context: [UInt8], length: Int)
    throws(CryptoError) -> (kemOutput: [UInt8], secret: Secret)
  {
    try validate(suite.kem, publicKey)
    let kemOutput = random(32)
    return (kemOutput, Secret(mix(kemOutput, context, count: length)))
  }
  func hpkeReceiveExport(
    _ suite: CipherSuiteParameters, with privateKey: HPKEPrivateKey, kemOutput: [UInt8], info: [UInt8], context: [UInt8], length: Int
  ) throws(CryptoError) -> Secret {
    guard privateKey.secret.count == 32, kemOutput.count == 32 else { throw .invalidKey }
    return Secret(mix(kemOutput, context, count: length))
  }
  func generateSignatureKeyPair(_ scheme: SignatureScheme) throws(CryptoError) -> SignatureKeyPair {
    let key = SignaturePrivateKey(Secret(random(32)))
    return SignatureKeyPair(privateKey: key, publicKey: try publicKey(scheme, of: key))
  }
  func publicKey(_ scheme: SignatureScheme, of privateKey: SignaturePrivateKey) throws(CryptoError) -> SignaturePublicKey {
    guard privateKey.secret.count == 32 else { throw .invalidKey }
    return SignaturePublicKey(mix(privateKey.secret.exposed, [1], count: 32))
  }
  func sign(_ scheme: SignatureScheme, with privateKey: SignaturePrivateKey, _ content: [UInt8]) throws(CryptoError) -> [UInt8] {
    guard privateKey.secret.count == 32 else { throw .invalidKey }
    return [UInt8](repeating: 0, count: 64)
  }
  /// A signature that begins with 0xFF is a bad one.
  func verify(_ scheme: SignatureScheme, _ item: SignatureToVerify) -> Bool { item.signature.first != 0xFF && item.publicKey.bytes.count == 32 }
}
