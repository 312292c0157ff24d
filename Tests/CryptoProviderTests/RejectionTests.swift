// What a provider must refuse. Everything here can come from a peer, so nothing may trap.
import CryptoInterface
import Testing

@Suite struct RejectionTests {
  @Test("public keys of a wrong size", arguments: Implementation.allCases, allKEMs)
  func publicKeySizes(_ implementation: Implementation, _ kem: KEM) throws {
    let provider = implementation.provider
    let suite = try suite(of: kem)
    let good = try provider.generateKeyPair(kem).publicKey
    try provider.validate(kem, good)
    for bytes in wrongSizes(good.bytes) {
      #expect(throws: CryptoError.invalidKey) { try provider.validate(kem, HPKEPublicKey(bytes)) }
      #expect(throws: CryptoError.invalidKey) { try provider.hpkeSeal(suite, to: HPKEPublicKey(bytes), info: [], Secret([1])) }
      #expect(throws: CryptoError.invalidKey) {
        try provider.hpkeSendExport(suite, to: HPKEPublicKey(bytes), info: [], context: [], length: 32)
      }
    }
  }

  @Test("private keys of a wrong size", arguments: Implementation.allCases, allKEMs)
  func privateKeySizes(_ implementation: Implementation, _ kem: KEM) throws {
    let provider = implementation.provider
    let suite = try suite(of: kem)
    let pair = try provider.generateKeyPair(kem)
    let sealed = try provider.hpkeSeal(suite, to: pair.publicKey, info: [], Secret([1]))
    for bytes in wrongSizes(pair.privateKey.secret.exposed) {
      let key = HPKEPrivateKey(Secret(bytes))
      #expect(throws: CryptoError.invalidKey) { try provider.publicKey(kem, of: key) }
      #expect(throws: CryptoError.invalidKey) { try provider.hpkeOpen(suite, with: key, info: [], sealed) }
    }
  }

  @Test("encapsulated keys of a wrong size", arguments: Implementation.allCases, allKEMs)
  func encapsulationSizes(_ implementation: Implementation, _ kem: KEM) throws {
    let provider = implementation.provider
    let suite = try suite(of: kem)
    let pair = try provider.generateKeyPair(kem)
    var sealed = try provider.hpkeSeal(suite, to: pair.publicKey, info: [], Secret([1]))
    for bytes in wrongSizes(sealed.kemOutput) {
      sealed.kemOutput = bytes
      #expect(throws: CryptoError.invalidKey) { try provider.hpkeOpen(suite, with: pair.privateKey, info: [], sealed) }
      #expect(throws: CryptoError.invalidKey) {
        try provider.hpkeReceiveExport(suite, with: pair.privateKey, kemOutput: bytes, info: [], context: [], length: 32)
      }
    }
  }

  @Test("scalars outside [1, order)", arguments: Implementation.allCases, [KEM.dhkemP256, .dhkemP384, .dhkemP521])
  func scalarRange(_ implementation: Implementation, _ kem: KEM) throws {
    for byte: UInt8 in [0x00, 0xFF] {
      let key = Secret([UInt8](repeating: byte, count: kem.privateKeySize))
      #expect(throws: CryptoError.invalidKey) { try implementation.provider.publicKey(kem, of: HPKEPrivateKey(key)) }
      let scheme = SignatureScheme(sameCurveAs: kem)
      #expect(throws: CryptoError.invalidKey) { try implementation.provider.publicKey(scheme, of: SignaturePrivateKey(key)) }
      #expect(throws: CryptoError.invalidKey) { try implementation.provider.sign(scheme, with: SignaturePrivateKey(key), [1]) }
    }
  }

  @Test("points off the curve, at infinity, in other forms", arguments: Implementation.allCases, [KEM.dhkemP256, .dhkemP384, .dhkemP521])
  func points(_ implementation: Implementation, _ kem: KEM) throws {
    let provider = implementation.provider
    let suite = try suite(of: kem)
    let pair = try provider.generateKeyPair(kem)
    let good = pair.publicKey.bytes
    let half = (good.count - 1) / 2
    var offCurve = good
    offCurve[offCurve.count - 1] ^= 1
    var hybrid = good
    hybrid[0] = 0x06 | (good.last! & 1)
    let compressed = [0x02 | (good.last! & 1)] + good[1...half]
    let zero = [0x04] + [UInt8](repeating: 0, count: 2 * half)
    let big = [0x04] + [UInt8](repeating: 0xFF, count: 2 * half)
    for bytes in [offCurve, hybrid, compressed, zero, big, [0x00]] {
      #expect(throws: CryptoError.invalidKey) { try provider.validate(kem, HPKEPublicKey(bytes)) }
      #expect(throws: CryptoError.invalidKey) { try provider.hpkeSeal(suite, to: HPKEPublicKey(bytes), info: [], Secret([1])) }
      #expect(throws: CryptoError.invalidKey) {
        try provider.hpkeOpen(
          suite, with: pair.privateKey, info: [], HPKECiphertext(kemOutput: bytes, ciphertext: [UInt8](repeating: 0, count: 16)))
      }
      let item = SignatureToVerify(publicKey: SignaturePublicKey(bytes), content: [], signature: [UInt8](repeating: 0x30, count: 70))
      #expect(!provider.verify(SignatureScheme(sameCurveAs: kem), item))
    }
  }

  @Test("X25519 points of small order", arguments: Implementation.allCases)
  func smallOrder(_ implementation: Implementation) throws {
    let provider = implementation.provider
    let x25519 = try suite(of: .dhkemX25519)
    let xwing = try suite(of: .xwing)
    let pair = try provider.generateKeyPair(.dhkemX25519)
    let hybrid = try provider.generateKeyPair(.xwing)
    let sealed = try provider.hpkeSeal(xwing, to: hybrid.publicKey, info: [], Secret([1]))
    for point in smallOrderPoints {
      for high: UInt8 in [0x00, 0x80] {
        var bytes = point
        bytes[31] |= high
        #expect(throws: CryptoError.invalidKey) { try provider.validate(.dhkemX25519, HPKEPublicKey(bytes)) }
        #expect(throws: CryptoError.invalidKey) { try provider.hpkeSeal(x25519, to: HPKEPublicKey(bytes), info: [], Secret([1])) }
        #expect(throws: CryptoError.invalidKey) {
          try provider.hpkeReceiveExport(x25519, with: pair.privateKey, kemOutput: bytes, info: [], context: [], length: 32)
        }
        let key = HPKEPublicKey(Array(hybrid.publicKey.bytes[..<1184]) + bytes)
        #expect(throws: CryptoError.invalidKey) { try provider.validate(.xwing, key) }
        #expect(throws: CryptoError.invalidKey) { try provider.hpkeSeal(xwing, to: key, info: [], Secret([1])) }
        var box = sealed
        box.kemOutput.replaceSubrange(1088..., with: bytes)
        #expect(throws: CryptoError.invalidKey) { try provider.hpkeOpen(xwing, with: hybrid.privateKey, info: [], box) }
      }
    }
  }

  @Test("an ML-KEM key whose coefficients exceed the modulus, FIPS 203 §7.2", arguments: Implementation.allCases)
  func modulus(_ implementation: Implementation) throws {
    var bytes = try implementation.provider.generateKeyPair(.xwing).publicKey.bytes
    for i in 0..<3 { bytes[i] = 0xFF }
    #expect(throws: CryptoError.invalidKey) { try implementation.provider.validate(.xwing, HPKEPublicKey(bytes)) }
    let suite = try suite(of: .xwing)
    #expect(throws: CryptoError.invalidKey) { try implementation.provider.hpkeSeal(suite, to: HPKEPublicKey(bytes), info: [], Secret([1])) }
  }

  @Test("AEAD: flipped bits, truncation, wrong key, nonce, data and sizes", arguments: Implementation.allCases, AEADAlgorithm.allCases)
  func aead(_ implementation: Implementation, _ aead: AEADAlgorithm) throws {
    let provider = implementation.provider
    let key = Secret(provider.random(aead.keySize))
    let nonce = provider.random(aead.nonceSize)
    let text = provider.random(37)
    let sealed = try provider.aeadSeal(aead, key: key, nonce: nonce, aad: [1, 2], text)
    #expect(sealed.count == text.count + aead.tagSize)
    #expect(try provider.aeadOpen(aead, key: key, nonce: nonce, aad: [1, 2], sealed) == text)
    for i in sealed.indices {
      var flipped = sealed
      flipped[i] ^= 0x10
      #expect(throws: CryptoError.authenticationFailed) { try provider.aeadOpen(aead, key: key, nonce: nonce, aad: [1, 2], flipped) }
    }
    for count in 0..<sealed.count {
      #expect(throws: CryptoError.authenticationFailed) {
        try provider.aeadOpen(aead, key: key, nonce: nonce, aad: [1, 2], Array(sealed[..<count]))
      }
    }
    #expect(throws: CryptoError.authenticationFailed) { try provider.aeadOpen(aead, key: key, nonce: nonce, aad: [1], sealed) }
    let other = Secret(provider.random(aead.keySize))
    #expect(throws: CryptoError.authenticationFailed) { try provider.aeadOpen(aead, key: other, nonce: nonce, aad: [1, 2], sealed) }
    for bytes in wrongSizes(key.exposed) {
      #expect(throws: CryptoError.invalidKey) { try provider.aeadSeal(aead, key: Secret(bytes), nonce: nonce, aad: [], text) }
      #expect(throws: CryptoError.invalidKey) { try provider.aeadOpen(aead, key: Secret(bytes), nonce: nonce, aad: [], sealed) }
    }
    for bytes in wrongSizes(nonce) {
      #expect(throws: CryptoError.invalidKey) { try provider.aeadSeal(aead, key: key, nonce: bytes, aad: [], text) }
      #expect(throws: CryptoError.invalidKey) { try provider.aeadOpen(aead, key: key, nonce: bytes, aad: [], sealed) }
    }
    #expect(try provider.aeadOpen(aead, key: key, nonce: nonce, aad: [], provider.aeadSeal(aead, key: key, nonce: nonce, aad: [], [])) == [])
  }

  @Test("HPKE: flipped bits, truncation, wrong info, wrong key", arguments: Implementation.allCases, allSuites)
  func hpke(_ implementation: Implementation, _ suite: CipherSuiteParameters) throws {
    let provider = implementation.provider
    let pair = try provider.generateKeyPair(suite.kem)
    let good = try provider.hpkeSeal(suite, to: pair.publicKey, info: [7], Secret(provider.random(32)))
    func refused(_ box: HPKECiphertext, info: [UInt8] = [7], key: HPKEPrivateKey? = nil) {
      #expect(throws: CryptoError.self) { try provider.hpkeOpen(suite, with: key ?? pair.privateKey, info: info, box) }
    }
    for i in [0, good.ciphertext.count / 2, good.ciphertext.count - 1] {
      var box = good
      box.ciphertext[i] ^= 1
      refused(box)
    }
    for i in [0, 1, good.kemOutput.count / 2, good.kemOutput.count - 1] {
      var box = good
      box.kemOutput[i] ^= 1
      refused(box)
    }
    for count in [0, 1, 15, 16, good.ciphertext.count - 1] {
      refused(HPKECiphertext(kemOutput: good.kemOutput, ciphertext: Array(good.ciphertext[..<count])))
    }
    refused(good, info: [8])
    refused(good, info: [])
    refused(good, key: try provider.generateKeyPair(suite.kem).privateKey)
  }

  @Test("signatures: flipped bits, other content, other key, other sizes", arguments: Implementation.allCases, allSchemes)
  func signatures(_ implementation: Implementation, _ scheme: SignatureScheme) throws {
    let provider = implementation.provider
    let pair = try provider.generateSignatureKeyPair(scheme)
    let content = provider.random(100)
    let signature = try provider.sign(scheme, with: pair.privateKey, content)
    let good = SignatureToVerify(publicKey: pair.publicKey, content: content, signature: signature)
    #expect(provider.verify(scheme, good))
    func refused(_ change: (inout SignatureToVerify) -> Void) {
      var item = good
      change(&item)
      #expect(!provider.verify(scheme, item))
    }
    for i in signature.indices { refused { $0.signature[i] ^= 1 } }
    for count in 0..<signature.count { refused { $0.signature.removeLast($0.signature.count - count) } }
    refused { $0.signature.append(0) }
    refused { $0.content[50] ^= 1 }
    refused { $0.content = [] }
    for bytes in wrongSizes(pair.publicKey.bytes) { refused { $0.publicKey = SignaturePublicKey(bytes) } }
    let stranger = try provider.generateSignatureKeyPair(scheme).publicKey
    refused { $0.publicKey = stranger }
    for bytes in wrongSizes(pair.privateKey.secret.exposed) {
      let key = SignaturePrivateKey(Secret(bytes))
      #expect(throws: CryptoError.invalidKey) { try provider.sign(scheme, with: key, content) }
      #expect(throws: CryptoError.invalidKey) { try provider.publicKey(scheme, of: key) }
    }
  }

  // The strictness of DER decides whether a signature has one encoding; a second one would change a message's hash.
  @Test("ECDSA signatures in BER that is not DER", arguments: Implementation.allCases, allSchemes.filter { $0 != .ed25519 })
  func der(_ implementation: Implementation, _ scheme: SignatureScheme) throws {
    let provider = implementation.provider
    let pair = try provider.generateSignatureKeyPair(scheme)
    let signature = try provider.sign(scheme, with: pair.privateKey, [1])
    // The SEQUENCE's length in one byte more than needed.
    var long = signature
    if long[1] < 0x80 { long.insert(0x81, at: 1) } else { long.replaceSubrange(1...1, with: [0x82, 0x00]) }
    #expect(!provider.verify(scheme, SignatureToVerify(publicKey: pair.publicKey, content: [1], signature: long)))
    // r with one leading zero more than needed.
    let header = signature[1] < 0x80 ? 2 : 3
    var padded = signature
    padded[header + 1] += 1
    padded.insert(0, at: header + 2)
    padded[header - 1] += 1
    #expect(!provider.verify(scheme, SignatureToVerify(publicKey: pair.publicKey, content: [1], signature: padded)))
  }

  private func suite(of kem: KEM) throws -> CipherSuiteParameters { try #require(allSuites.first { $0.kem == kem }) }

  private func wrongSizes(_ bytes: [UInt8]) -> [[UInt8]] { [[], Array(bytes.dropLast()), bytes + [0], [UInt8](repeating: 4, count: 1)] }
}

extension SignatureScheme {
  fileprivate init(sameCurveAs kem: KEM) {
    switch kem {
    case .dhkemP256: self = .ecdsaSecp256r1SHA256
    case .dhkemP384: self = .ecdsaSecp384r1SHA384
    case .dhkemP521: self = .ecdsaSecp521r1SHA512
    default: self = .ed25519
    }
  }
}

// RFC 7748 §6.1 leaves the list to the reader: u = 0, 1, the two of order 8, p − 1, and p, p + 1 for the first two again.
private let smallOrderPoints: [[UInt8]] = [
  [UInt8](repeating: 0, count: 32),
  [1] + [UInt8](repeating: 0, count: 31),
  [
    0xE0, 0xEB, 0x7A, 0x7C, 0x3B, 0x41, 0xB8, 0xAE, 0x16, 0x56, 0xE3, 0xFA, 0xF1, 0x9F, 0xC4, 0x6A, 0xDA, 0x09, 0x8D, 0xEB, 0x9C, 0x32, 0xB1,
    0xFD, 0x86, 0x62, 0x05, 0x16, 0x5F, 0x49, 0xB8, 0x00,
  ],
  [
    0x5F, 0x9C, 0x95, 0xBC, 0xA3, 0x50, 0x8C, 0x24, 0xB1, 0xD0, 0xB1, 0x55, 0x9C, 0x83, 0xEF, 0x5B, 0x04, 0x44, 0x5C, 0xC4, 0x58, 0x1C, 0x8E,
    0x86, 0xD8, 0x22, 0x4E, 0xDD, 0xD0, 0x9F, 0x11, 0x57,
  ],
  [0xEC] + [UInt8](repeating: 0xFF, count: 30) + [0x7F],
  [0xED] + [UInt8](repeating: 0xFF, count: 30) + [0x7F],
  [0xEE] + [UInt8](repeating: 0xFF, count: 30) + [0x7F],
]
