// Known answers that any provider must give, in every home: CryptoProviderTests runs them natively, MLSVectorsWasm in node and browsers. A target of its
// own, so that the bundle that people load does not carry them.
import CryptoInterface

/// One known answer and whether the provider gave it.
public struct SelfCheckResult: Sendable {
  public let name: StaticString
  public let passed: Bool
}

/// Runs every known answer, and a refusal of each kind. Values are from the RFCs and FIPS named.
public func selfCheck(_ provider: some HPKEPrimitives) -> [SelfCheckResult] {
  var check = SelfCheck()
  check.hashes(provider)
  check.derivation(provider)
  check.aeads(provider)
  check.keyAgreement(provider)
  check.signatures(provider)
  check.hpke(provider)
  check.refusals(provider)
  return check.results
}

private struct SelfCheck {
  var results: [SelfCheckResult] = []

  mutating func expect(_ name: StaticString, _ passed: Bool) { results.append(SelfCheckResult(name: name, passed: passed)) }

  /// A body that throws has failed.
  mutating func expect(_ name: StaticString, _ body: () throws(CryptoError) -> Bool) {
    do throws(CryptoError) { expect(name, try body()) } catch { expect(name, false) }
  }

  mutating func hashes(_ p: some HPKEPrimitives) {
    let abc: [UInt8] = [0x61, 0x62, 0x63]
    expect("SHA-256, FIPS 180", p.hash(.sha256, abc) == hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
    expect(
      "SHA-384, FIPS 180",
      p.hash(.sha384, abc)
        == hex("cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"))
    expect(
      "SHA-512, FIPS 180",
      p.hash(.sha512, abc)
        == hex(
          "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"))
    var shake = SHAKE256()
    expect(
      "SHAKE256 of nothing, FIPS 202",
      shake.squeeze(32).exposed == hex("46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f"))
    var long = SHAKE256()
    long.absorb([UInt8](repeating: 0xA3, count: 200))
    expect(
      "SHAKE256 of 1600 bits, FIPS 202",
      long.squeeze(32).exposed == hex("cd8a920ed141aa0407a22d59288652e9d9f1a7ee0c1e7c1ca699424da84a904d"))
  }

  mutating func derivation(_ p: some HPKEPrimitives) {
    let jefe = Secret([0x4A, 0x65, 0x66, 0x65])
    var what: [UInt8] = []
    what.append(utf8: "what do ya want for nothing?")
    expect(
      "HMAC-SHA-256, RFC 4231 §4.3",
      p.hmac(.sha256, key: jefe, what) == hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"))
    expect(
      "HMAC-SHA-384, RFC 4231 §4.3",
      p.hmac(.sha384, key: jefe, what)
        == hex("af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649"))
    expect(
      "HMAC-SHA-512, RFC 4231 §4.3",
      p.hmac(.sha512, key: jefe, what)
        == hex(
          "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"))
    var larger: [UInt8] = []
    larger.append(utf8: "Test Using Larger Than Block-Size Key - Hash Key First")
    expect(
      "HMAC-SHA-256 with a long key, RFC 4231 §4.7",
      p.hmac(.sha256, key: Secret([UInt8](repeating: 0xAA, count: 131)), larger)
        == hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"))

    let first = p.hkdfExtract(
      .sha256, salt: Secret(hex("000102030405060708090a0b0c")), ikm: Secret([UInt8](repeating: 0x0B, count: 22)))
    expect("HKDF-Extract, RFC 5869 A.1", first.exposed == hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"))
    expect(
      "HKDF-Expand, RFC 5869 A.1",
      p.hkdfExpand(.sha256, prk: first, info: hex("f0f1f2f3f4f5f6f7f8f9"), length: 42).exposed
        == hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"))
    let second = p.hkdfExtract(.sha256, salt: Secret([UInt8](0x60...0xAF)), ikm: Secret([UInt8](0x00...0x4F)))
    expect(
      "HKDF-Expand of three blocks, RFC 5869 A.2",
      p.hkdfExpand(.sha256, prk: second, info: [UInt8](0xB0...0xFF), length: 82).exposed
        == hex(
          """
          b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c581\
          79ec3e87c14c01d5c1f3434f1d87
          """))
  }

  mutating func aeads(_ p: some HPKEPrimitives) {
    let nonce = hex("cafebabefacedbaddecaf888")
    let aad = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    let text = hex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39")
    let key = hex("feffe9928665731c6d6a8f9467308308")
    expect("AES-128-GCM, case 4 of the GCM specification") { () throws(CryptoError) in
      let sealed = try p.aeadSeal(.aes128GCM, key: Secret(key), nonce: nonce, aad: aad, text)
      let opened = try p.aeadOpen(.aes128GCM, key: Secret(key), nonce: nonce, aad: aad, sealed)
      return opened == text
        && sealed
          == hex(
          """
          42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db\
          94fae95ae7121a47
          """)
    }
    expect("AES-256-GCM, case 16 of the GCM specification") { () throws(CryptoError) in
      let sealed = try p.aeadSeal(.aes256GCM, key: Secret(key + key), nonce: nonce, aad: aad, text)
      let opened = try p.aeadOpen(.aes256GCM, key: Secret(key + key), nonce: nonce, aad: aad, sealed)
      return opened == text
        && sealed
          == hex(
          """
          522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768\
          cddf8853bb2d551b
          """)
    }
    var sunscreen: [UInt8] = []
    sunscreen.append(
      utf8: "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.")
    expect("ChaCha20-Poly1305, RFC 8439 §2.8.2") { () throws(CryptoError) in
      let key = Secret([UInt8](0x80...0x9F))
      let nonce = hex("070000004041424344454647")
      let aad = hex("50515253c0c1c2c3c4c5c6c7")
      let sealed = try p.aeadSeal(.chaCha20Poly1305, key: key, nonce: nonce, aad: aad, sunscreen)
      let opened = try p.aeadOpen(.chaCha20Poly1305, key: key, nonce: nonce, aad: aad, sealed)
      return opened == sunscreen
        && sealed
          == hex(
          """
          d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f\
          2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691
          """)
    }
  }

  mutating func keyAgreement(_ p: some HPKEPrimitives) {
    func agrees(_ kem: KEM, _ a: [UInt8], _ b: [UInt8], _ shared: [UInt8]) throws(CryptoError) -> Bool {
      let (a, b) = (HPKEPrivateKey(Secret(a)), HPKEPrivateKey(Secret(b)))
      let forth = try p.staticDiffieHellman(kem, a, with: try p.publicKey(kem, of: b).bytes)
      let back = try p.staticDiffieHellman(kem, b, with: forth.ownKey)
      return forth.shared.exposed == shared && back.shared.exposed == shared
    }
    expect("X25519, RFC 7748 §6.1") { () throws(CryptoError) in
      try agrees(
        .dhkemX25519, hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"),
        hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"),
        hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"))
    }
    expect("P-256, RFC 5903 §8.1") { () throws(CryptoError) in
      try agrees(
        .dhkemP256, hex("c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433"),
        hex("c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53"),
        hex("d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de"))
    }
    expect("P-384, RFC 5903 §8.2") { () throws(CryptoError) in
      try agrees(
        .dhkemP384, hex("099f3c7034d4a2c699884d73a375a67f7624ef7c6b3c0f160647b67414dce655e35b538041e649ee3faef896783ab194"),
        hex("41cb0779b4bdb85d47846725fbec3c9430fab46cc8dc5060855cc9bda0aa2942e0308312916b8ed2960e4bd55a7448fc"),
        hex("11187331c279962d93d604243fd592cb9d0a926f422e47187521287e7156c5c4d603135569b9e9d09cf5d4a270f59746"))
    }
    expect("P-521, RFC 5903 §8.3") { () throws(CryptoError) in
      try agrees(
        .dhkemP521,
        hex(
          "0037ade9319a89f4dabdb3ef411aaccca5123c61acab57b5393dce47608172a095aa85a30fe1c2952c6771d937ba9777f5957b2639bab072462f68c27a57382d4a52"),
        hex(
          "0145ba99a847af43793fdd0e872e7cdfa16be30fdc780f97bccc3f078380201e9c677d600b343757a3bdbf2a3163e4c2f869cca7458aa4a4effc311f5cb151685eb9"),
        hex(
          "01144c7d79ae6956bc8edb8e7c787c4521cb086fa64407f97894e5e6b2d79b04d1427e73ca4baa240a34786859810c06b3c715a3a8cc3151f2bee417996d19f3ddea"))
    }
  }

  mutating func signatures(_ p: some HPKEPrimitives) {
    expect("Ed25519, RFC 8032 §7.1 test 2") { () throws(CryptoError) in
      let key = SignaturePrivateKey(Secret(hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")))
      let publicKey = try p.publicKey(.ed25519, of: key)
      let signature = try p.sign(.ed25519, with: key, [0x72])
      return publicKey.bytes == hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
        && signature
          == hex(
            """
            92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00
            """) && p.verify(.ed25519, SignatureToVerify(publicKey: publicKey, content: [0x72], signature: signature))
        && !p.verify(.ed25519, SignatureToVerify(publicKey: publicKey, content: [0x73], signature: signature))
    }
    var sample: [UInt8] = []
    sample.append(utf8: "sample")
    /// The known signature is accepted, and so is one of our own.
    func ecdsa(_ scheme: SignatureScheme, _ key: [UInt8], _ signature: [UInt8]) throws(CryptoError) -> Bool {
      let privateKey = SignaturePrivateKey(Secret(key))
      let publicKey = try p.publicKey(scheme, of: privateKey)
      let own = try p.sign(scheme, with: privateKey, sample)
      return p.verify(scheme, SignatureToVerify(publicKey: publicKey, content: sample, signature: signature))
        && p.verify(scheme, SignatureToVerify(publicKey: publicKey, content: sample, signature: own))
        && !p.verify(scheme, SignatureToVerify(publicKey: publicKey, content: [], signature: own))
    }
    expect("ECDSA P-256, RFC 6979 A.2.5") { () throws(CryptoError) in
      try ecdsa(
        .ecdsaSecp256r1SHA256, hex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"),
        hex(
          """
          3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f\
          843acda8
          """))
    }
    expect("ECDSA P-384, RFC 6979 A.2.6") { () throws(CryptoError) in
      try ecdsa(
        .ecdsaSecp384r1SHA384, hex("6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5"),
        hex(
          """
          306602310094edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe4602310099ef4aeb15f178cea1fe40db\
          2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8
          """))
    }
    expect("ECDSA P-521, RFC 6979 A.2.7") { () throws(CryptoError) in
      try ecdsa(
        .ecdsaSecp521r1SHA512,
        hex(
          "00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75caa896eb32f1f47c70855836a6d16fcc1466f6d8fbec67db89ec0c08b0e996b83538"),
        hex(
          """
          308187024200c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f174e25a1ee9017b5d450606add152b534931d7d4e8455cc91f9b15bf05ec36\
          e377fa0241617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af282623eaa63e5b5c0723d8b8c37ff0777b1a20f8ccb1dccc43997f1ee0e44da4\
          a67a
          """))
    }
  }

  mutating func hpke(_ p: some HPKEPrimitives) {
    var info: [UInt8] = []
    info.append(utf8: "Ode on a Grecian Urn")
    /// RFC 9180 appendix A: DeriveKeyPair, decapsulation, key schedule, first export.
    func matches(
      _ number: UInt16, ikm: [UInt8], privateKey: [UInt8], enc: [UInt8], key: [UInt8], nonce: [UInt8], exporter: [UInt8], exported: [UInt8]
    ) throws(CryptoError) -> Bool {
      guard let suite = CipherSuiteTable().parameters(of: CipherSuite(number)) else { return false }
      let pair = try p.deriveKeyPair(suite.kem, ikm: Secret(ikm))
      let shared = try p.decapsulate(suite.kem, enc, with: pair.privateKey)
      let schedule = HPKESchedule(p, suite, sharedSecret: shared, info: info)
      return pair.privateKey.secret.exposed == privateKey && schedule.key.exposed == key && schedule.baseNonce == nonce
        && schedule.exporterSecret.exposed == exporter && schedule.export([], length: 32).exposed == exported
    }
    expect("HPKE X25519, RFC 9180 A.1.1") { () throws(CryptoError) in
      try matches(
        1, ikm: hex("6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037"),
        privateKey: hex("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8"),
        enc: hex("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"), key: hex("4531685d41d65f03dc48f6b8302c05b0"),
        nonce: hex("56d890e5accaaf011cff4b7d"), exporter: hex("45ff1c2e220db587171952c0592d5f5ebe103f1561a2614e38f2ffd47e99e3f8"),
        exported: hex("3853fe2b4035195a573ffc53856e77058e15d9ea064de3e59f4961d0095250ee"))
    }
    expect("HPKE P-256, RFC 9180 A.3.1") { () throws(CryptoError) in
      try matches(
        2, ikm: hex("668b37171f1072f3cf12ea8a236a45df23fc13b82af3609ad1e354f6ef817550"),
        privateKey: hex("f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2"),
        enc: hex(
          "04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac98536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4"),
        key: hex("868c066ef58aae6dc589b6cfdd18f97e"), nonce: hex("4e0bc5018beba4bf004cca59"),
        exporter: hex("14ad94af484a7ad3ef40e9f3be99ecc6fa9036df9d4920548424df127ee0d99f"),
        exported: hex("5e9bc3d236e1911d95e65b576a8a86d478fb827e8bdfe77b741b289890490d4d"))
    }
    expect("X-Wing DeriveKeyPair, draft-ietf-hpke-pq") { () throws(CryptoError) in
      let pair = try p.deriveKeyPair(
        .xwing,
        ikm: Secret(
          hex("b86e76a59fabfc87b30cd7b1f7aaa28a834eb64e7a261c197b9a842893fbce56")))
      return pair.privateKey.secret.exposed == hex("3ec47fa82dd5689d27c6190e724c74ec8f608df3331ce331929e37b829676630")
        && p.hash(.sha256, pair.publicKey.bytes) == hex("ad8aaf3f00d8a39bfeec2947a7d5dde68be08bba19bd301a348a45dc5fcc8341")
    }
    for entry in CipherSuiteTable().entries {
      expect(entry.kem == .xwing ? "HPKE round trip, X-Wing" : "HPKE round trip, DHKEM") { () throws(CryptoError) in
        let pair = try p.generateKeyPair(entry.kem)
        let secret = Secret(p.random(entry.hash.size))
        let sealed = try p.hpkeSeal(entry, to: pair.publicKey, info: info, secret)
        return try p.hpkeOpen(entry, with: pair.privateKey, info: info, sealed) == secret
      }
    }
  }

  /// A body that throws something else, or nothing, has failed.
  private mutating func refused(_ name: StaticString, _ expected: CryptoError, _ body: () throws(CryptoError) -> Void) {
    do throws(CryptoError) {
      try body()
      expect(name, false)
    } catch {
      expect(name, error == expected)
    }
  }

  mutating func refusals(_ p: some HPKEPrimitives) {
    let key = Secret([UInt8](repeating: 1, count: 32))
    let nonce = [UInt8](repeating: 2, count: 12)
    for algorithm in AEADAlgorithm.allCases where algorithm.keySize == 32 {
      refused("a flipped bit in a ciphertext is refused", .authenticationFailed) { () throws(CryptoError) in
        var sealed = try p.aeadSeal(algorithm, key: key, nonce: nonce, aad: [], [3, 4, 5])
        sealed[1] ^= 1
        _ = try p.aeadOpen(algorithm, key: key, nonce: nonce, aad: [], sealed)
      }
      refused("a ciphertext shorter than its tag is refused", .authenticationFailed) { () throws(CryptoError) in
        _ = try p.aeadOpen(algorithm, key: key, nonce: nonce, aad: [], [UInt8](repeating: 0, count: 15))
      }
    }
    for entry in CipherSuiteTable().entries {
      refused("a KEM key of zeros is refused", .invalidKey) { () throws(CryptoError) in
        _ = try p.hpkeSeal(entry, to: HPKEPublicKey([UInt8](repeating: 0, count: entry.kem.publicKeySize)), info: [], key)
      }
      refused("a KEM key of zeros is not valid", .invalidKey) { () throws(CryptoError) in
        try p.validate(entry.kem, HPKEPublicKey([UInt8](repeating: 0, count: entry.kem.publicKeySize)))
      }
      refused("a KEM key of no bytes is refused", .invalidKey) { () throws(CryptoError) in
        _ = try p.hpkeSeal(entry, to: HPKEPublicKey([]), info: [], key)
      }
      refused("an encapsulated key of zeros is refused", .invalidKey) { () throws(CryptoError) in
        let pair = try p.generateKeyPair(entry.kem)
        let zeros = [UInt8](repeating: 0, count: entry.kem.encapsulationSize)
        _ = try p.hpkeOpen(entry, with: pair.privateKey, info: [], HPKECiphertext(kemOutput: zeros, ciphertext: zeros))
      }
      expect(
        "a signature of no bytes is refused",
        !p.verify(entry.signature, SignatureToVerify(publicKey: SignaturePublicKey([]), content: [], signature: [])))
    }
  }
}

private func hex(_ digits: StaticString) -> [UInt8] {
  var bytes: [UInt8] = []
  var high: UInt8? = nil
  digits.withUTF8Buffer { buffer in
    for character in buffer {
      let value = character & 0x40 != 0 ? (character & 0x0F) + 9 : character & 0x0F
      if let first = high {
        bytes.append(first << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
  }
  return bytes
}
