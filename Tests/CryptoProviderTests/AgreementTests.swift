// The providers agree with each other, with swift-crypto's own HPKE, and batches with single calls.
import Crypto
import CryptoInterface
import Foundation
import Testing

import enum CryptoInterface.CryptoError
import enum CryptoInterface.KEM

@Suite struct AgreementTests {
  @Test("one seals, the other opens", arguments: Implementation.allCases, allSuites)
  func hpke(_ implementation: Implementation, _ suite: CipherSuiteParameters) throws {
    let (a, b) = (implementation.provider, implementation.other.provider)
    let pair = try b.generateKeyPair(suite.kem)
    for size in [0, 1, 32, 1000] {
      let plaintext = Secret(a.random(size))
      let box = try a.hpkeSeal(suite, to: pair.publicKey, info: [1, 2, 3], plaintext)
      #expect(box.kemOutput.count == suite.kem.encapsulationSize)
      #expect(try b.hpkeOpen(suite, with: pair.privateKey, info: [1, 2, 3], box) == plaintext)
    }
    let sent = try a.hpkeSendExport(suite, to: pair.publicKey, info: [4], context: [5], length: suite.hash.size)
    let received = try b.hpkeReceiveExport(
      suite, with: pair.privateKey, kemOutput: sent.kemOutput, info: [4], context: [5], length: suite.hash.size)
    #expect(sent.secret == received)
  }

  @Test("one signs, the other verifies", arguments: Implementation.allCases, allSchemes)
  func signatures(_ implementation: Implementation, _ scheme: SignatureScheme) throws {
    let (a, b) = (implementation.provider, implementation.other.provider)
    // More keys than the cache of parsed keys has places, and each used twice.
    let pairs = try (0..<6).map { _ in try a.generateSignatureKeyPair(scheme) }
    for pair in pairs + pairs {
      let content = a.random(77)
      let signature = try a.sign(scheme, with: pair.privateKey, content)
      #expect(b.verify(scheme, SignatureToVerify(publicKey: pair.publicKey, content: content, signature: signature)))
      #expect(try b.publicKey(scheme, of: pair.privateKey) == pair.publicKey)
    }
  }

  @Test("both derive the same keys", arguments: allKEMs)
  func deriveKeyPair(_ kem: KEM) throws {
    let (a, b) = (Implementation.swiftCrypto.provider, Implementation.boringSSL.provider)
    for i in 0..<20 {
      let ikm = Secret([UInt8](repeating: UInt8(i), count: kem.privateKeySize + i))
      let (x, y) = (try a.deriveKeyPair(kem, ikm: ikm), try b.deriveKeyPair(kem, ikm: ikm))
      #expect(x.privateKey == y.privateKey)
      #expect(x.publicKey == y.publicKey)
      #expect(x.publicKey.bytes.count == kem.publicKeySize)
      #expect(x.privateKey.secret.count == kem.privateKeySize)
      try a.validate(kem, y.publicKey)
      try b.validate(kem, x.publicKey)
    }
  }

  @Test("both derive the same secrets", arguments: HashAlgorithm.allCases)
  func derivation(_ hash: HashAlgorithm) {
    let (a, b) = (Implementation.swiftCrypto.provider, Implementation.boringSSL.provider)
    for size in [0, 1, 31, 32, 63, 64, 65, 127, 128, 129, 300] {
      let bytes = a.random(size)
      #expect(a.hash(hash, bytes) == b.hash(hash, bytes))
      #expect(a.hmac(hash, key: Secret(bytes), bytes) == b.hmac(hash, key: Secret(bytes), bytes))
      #expect(a.hkdfExtract(hash, salt: Secret(bytes), ikm: Secret(bytes)) == b.hkdfExtract(hash, salt: Secret(bytes), ikm: Secret(bytes)))
      for length in [0, 1, hash.size, hash.size + 1, 3 * hash.size, 255 * hash.size] {
        let x = a.hkdfExpand(hash, prk: Secret(bytes), info: bytes, length: length)
        #expect(x.count == length)
        #expect(x == b.hkdfExpand(hash, prk: Secret(bytes), info: bytes, length: length))
      }
    }
  }

  @Test("AEADs agree", arguments: Implementation.allCases, AEADAlgorithm.allCases)
  func aead(_ implementation: Implementation, _ aead: AEADAlgorithm) throws {
    let (a, b) = (implementation.provider, implementation.other.provider)
    for size in [0, 1, 15, 16, 17, 1000, 100_000] {
      let (key, nonce, text) = (Secret(a.random(aead.keySize)), a.random(12), a.random(size))
      let sealed = try a.aeadSeal(aead, key: key, nonce: nonce, aad: text, text)
      #expect(try b.aeadOpen(aead, key: key, nonce: nonce, aad: text, sealed) == text)
    }
  }

  @Test("batches give what single calls give", arguments: Implementation.allCases)
  func batches(_ implementation: Implementation) throws {
    let provider = implementation.provider
    for count in [0, 1, 4, 5, 41] {
      let pair = try provider.generateSignatureKeyPair(.ed25519)
      let items = try (0..<count).map { i in
        var signature = try provider.sign(.ed25519, with: pair.privateKey, [UInt8(i)])
        if i % 3 == 0 { signature[i] ^= 1 }
        return SignatureToVerify(publicKey: pair.publicKey, content: [UInt8(i)], signature: signature)
      }
      #expect(provider.verify(.ed25519, batch: items) == items.map { provider.verify(.ed25519, $0) })
      #expect(provider.verify(.ed25519, batch: items) == (0..<count).map { $0 % 3 != 0 })

      for suite in allSuites where suite.kem == .dhkemX25519 || suite.kem == .xwing {
        let pairs = try (0..<count).map { _ in try provider.generateKeyPair(suite.kem) }
        let plaintexts = pairs.indices.map {
          PlaintextToSeal(publicKey: pairs[$0].publicKey, info: [UInt8($0)], plaintext: Secret([UInt8($0), 1, 2]))
        }
        let boxes = try provider.hpkeSeal(suite, batch: plaintexts)
        #expect(boxes.count == count)
        for (i, box) in boxes.enumerated() {
          #expect(try provider.hpkeOpen(suite, with: pairs[i].privateKey, info: [UInt8(i)], box).exposed == [UInt8(i), 1, 2])
        }
        guard count > 2 else { continue }
        var spoiled = plaintexts
        spoiled[count / 2].publicKey = HPKEPublicKey([UInt8](repeating: 0, count: 32))
        #expect(throws: CryptoError.invalidKey) { try provider.hpkeSeal(suite, batch: spoiled) }
      }
    }
  }

  @Test("random bytes are fresh and of the size asked for", arguments: Implementation.allCases)
  func random(_ implementation: Implementation) {
    let provider = implementation.provider
    for size in [0, 1, 32, 256, 257, 1000] { #expect(provider.random(size).count == size) }
    #expect(Set((0..<100).map { _ in provider.random(16) }).count == 100)
  }

  // An HPKE that we did not write, on the library's side.
  @Test("swift-crypto's HPKE opens what we seal, and we what it seals", arguments: Implementation.allCases)
  func foreignHPKE(_ implementation: Implementation) throws {
    let provider = implementation.provider
    try exchange(
      provider, suite: 1, HPKE.Ciphersuite(kem: .Curve25519_HKDF_SHA256, kdf: .HKDF_SHA256, aead: .AES_GCM_128),
      { try Curve25519.KeyAgreement.PrivateKey(rawRepresentation: $0) }, { try Curve25519.KeyAgreement.PublicKey(rawRepresentation: $0) })
    try exchange(
      provider, suite: 2, HPKE.Ciphersuite(kem: .P256_HKDF_SHA256, kdf: .HKDF_SHA256, aead: .AES_GCM_128),
      { try P256.KeyAgreement.PrivateKey(rawRepresentation: $0) }, { try P256.KeyAgreement.PublicKey(x963Representation: $0) })
    try exchange(
      provider, suite: 3, HPKE.Ciphersuite(kem: .Curve25519_HKDF_SHA256, kdf: .HKDF_SHA256, aead: .chaChaPoly),
      { try Curve25519.KeyAgreement.PrivateKey(rawRepresentation: $0) }, { try Curve25519.KeyAgreement.PublicKey(rawRepresentation: $0) })
    try exchange(
      provider, suite: 5, HPKE.Ciphersuite(kem: .P521_HKDF_SHA512, kdf: .HKDF_SHA512, aead: .AES_GCM_256),
      { try P521.KeyAgreement.PrivateKey(rawRepresentation: $0) }, { try P521.KeyAgreement.PublicKey(x963Representation: $0) })
    try exchange(
      provider, suite: 7, HPKE.Ciphersuite(kem: .P384_HKDF_SHA384, kdf: .HKDF_SHA384, aead: .AES_GCM_256),
      { try P384.KeyAgreement.PrivateKey(rawRepresentation: $0) }, { try P384.KeyAgreement.PublicKey(x963Representation: $0) })
  }

  @Test("swift-crypto's HPKE with X-Wing", arguments: Implementation.allCases)
  func foreignXWing(_ implementation: Implementation) throws {
    let provider = implementation.provider
    let suite = try #require(provider.suites.parameters(of: .standard))
    let foreign = HPKE.Ciphersuite(kem: .XWingMLKEM768X25519, kdf: .HKDF_SHA384, aead: .AES_GCM_256)
    let pair = try provider.generateKeyPair(.xwing)
    let box = try provider.hpkeSeal(suite, to: pair.publicKey, info: [1], Secret([2, 3]))
    var recipient = try HPKE.Recipient(
      privateKey: XWingMLKEM768X25519.PrivateKey(seedRepresentation: pair.privateKey.secret.exposed, publicKey: nil), ciphersuite: foreign,
      info: Data([1]), encapsulatedKey: Data(box.kemOutput))
    #expect(try recipient.open(Data(box.ciphertext)) == Data([2, 3]))
    var sender = try HPKE.Sender(
      recipientKey: XWingMLKEM768X25519.PublicKey(rawRepresentation: pair.publicKey.bytes), ciphersuite: foreign, info: Data([1]))
    let theirs = HPKECiphertext(kemOutput: [UInt8](sender.encapsulatedKey), ciphertext: [UInt8](try sender.seal(Data([4]))))
    #expect(try provider.hpkeOpen(suite, with: pair.privateKey, info: [1], theirs).exposed == [4])
  }

  private func exchange<Key: HPKEDiffieHellmanPrivateKey>(
    _ provider: any HPKEPrimitives, suite: UInt16, _ foreign: HPKE.Ciphersuite, _ privateKey: ([UInt8]) throws -> Key,
    _ publicKey: ([UInt8]) throws -> Key.PublicKey
  ) throws where Key.PublicKey.EphemeralPrivateKey == Key {
    let parameters = try #require(provider.suites.parameters(of: CipherSuite(suite)))
    let pair = try provider.generateKeyPair(parameters.kem)
    let box = try provider.hpkeSeal(parameters, to: pair.publicKey, info: [1], Secret([2, 3]))
    var recipient = try HPKE.Recipient(
      privateKey: privateKey(pair.privateKey.secret.exposed), ciphersuite: foreign, info: Data([1]), encapsulatedKey: Data(box.kemOutput))
    #expect(try recipient.open(Data(box.ciphertext)) == Data([2, 3]))
    var sender = try HPKE.Sender(recipientKey: publicKey(pair.publicKey.bytes), ciphersuite: foreign, info: Data([1]))
    let theirs = HPKECiphertext(kemOutput: [UInt8](sender.encapsulatedKey), ciphertext: [UInt8](try sender.seal(Data([4]))))
    #expect(try provider.hpkeOpen(parameters, with: pair.privateKey, info: [1], theirs).exposed == [4])
    let exported = try provider.hpkeReceiveExport(
      parameters, with: pair.privateKey, kemOutput: [UInt8](sender.encapsulatedKey), info: [1], context: [5], length: 32)
    #expect(try sender.exportSecret(context: Data([5]), outputByteCount: 32).withUnsafeBytes { Array($0) } == exported.exposed)
  }
}
