import CryptoInterface
import CryptoSelfCheck
import Foundation
import TLSCodec
import Testing

@Suite struct KnownAnswerTests {
  @Test("the known answers of the RFCs", arguments: Implementation.allCases)
  func selfChecks(_ implementation: Implementation) {
    let results = selfCheck(implementation.provider)
    #expect(results.count > 30)
    for result in results { #expect(result.passed, "\(result.name)") }
  }

  // draft-ietf-hpke-pq, its repository's test-vectors.json: the entries with X-Wing and a two-stage KDF.
  @Test(
    "X-Wing in HPKE, draft-ietf-hpke-pq", .enabled(if: Vectors.exists("hpke-pq/test-vectors.json"), Vectors.missing),
    arguments: Implementation.allCases)
  func hpkePQ(_ implementation: Implementation) throws {
    let file = try Vectors.decode("hpke-pq/test-vectors.json", as: [HPKEVector].self)
    let xwing = file.filter { $0.kem_id == KEM.xwing.rawValue }
    #expect(!xwing.isEmpty)
    for vector in xwing {
      // DeriveKeyPair is of the KEM alone, so it is checked under every KDF.
      let pair = try implementation.provider.deriveKeyPair(.xwing, ikm: Secret(vector.ikmR.bytes))
      #expect(pair.privateKey.secret.exposed == vector.skRm.bytes)
      #expect(pair.publicKey.bytes == vector.pkRm.bytes)
      try implementation.provider.validate(.xwing, pair.publicKey)
      let shared = try implementation.provider.decapsulate(.xwing, vector.enc.bytes, with: pair.privateKey)
      #expect(shared.exposed == vector.shared_secret.bytes)
      guard let hash = HashAlgorithm.allCases.first(where: { $0.hpkeKDF == vector.kdf_id }) else { continue }
      try check(implementation.provider, vector, hash, shared, pair.privateKey)
    }
    #expect(xwing.contains { vector in HashAlgorithm.allCases.contains { $0.hpkeKDF == vector.kdf_id } })
  }

  private func check(
    _ provider: some HPKEPrimitives, _ vector: HPKEVector, _ hash: HashAlgorithm, _ shared: Secret, _ key: HPKEPrivateKey
  ) throws {
    let aead = try #require(AEADAlgorithm(rawValue: vector.aead_id))
    let suite = CipherSuiteParameters(suite: CipherSuite(0xF000), kem: .xwing, hash: hash, aead: aead, signature: .ed25519)
    let schedule = HPKESchedule(provider, suite, sharedSecret: shared, info: vector.info.bytes)
    #expect(schedule.key.exposed == vector.key.bytes)
    #expect(schedule.baseNonce == vector.base_nonce.bytes)
    #expect(schedule.exporterSecret.exposed == vector.exporter_secret.bytes)
    for item in vector.encryptions {
      let sealed = try provider.aeadSeal(aead, key: schedule.key, nonce: item.nonce.bytes, aad: item.aad.bytes, item.pt.bytes)
      #expect(sealed == item.ct.bytes)
      let opened = try provider.aeadOpen(aead, key: schedule.key, nonce: item.nonce.bytes, aad: item.aad.bytes, item.ct.bytes)
      #expect(opened == item.pt.bytes)
    }
    for item in vector.exports {
      #expect(schedule.export(item.exporter_context.bytes, length: item.L).exposed == item.exported_value.bytes)
      let received = try provider.hpkeReceiveExport(
        suite, with: key, kemOutput: vector.enc.bytes, info: vector.info.bytes, context: item.exporter_context.bytes, length: item.L)
      #expect(received.exposed == item.exported_value.bytes)
    }
  }

  // RFC 9420's own vectors: HPKE and signatures of every suite that is offered.
  @Test(
    "crypto-basics of RFC 9420", .enabled(if: Vectors.exists("mls/crypto-basics.json"), Vectors.missing), arguments: Implementation.allCases)
  func cryptoBasics(_ implementation: Implementation) throws {
    let provider = implementation.provider
    var seen = 0
    for vector in try Vectors.decode("mls/crypto-basics.json", as: [CryptoBasics].self) {
      guard let suite = provider.suites.parameters(of: CipherSuite(vector.cipher_suite)) else { continue }
      seen += 1
      let box = vector.encrypt_with_label
      let opened = try provider.hpkeOpen(
        suite, with: HPKEPrivateKey(Secret(box.priv.bytes)), info: labeled(box.label, box.context.bytes),
        HPKECiphertext(kemOutput: box.kem_output.bytes, ciphertext: box.ciphertext.bytes))
      #expect(opened.exposed == box.plaintext.bytes)
      #expect(try provider.publicKey(suite.kem, of: HPKEPrivateKey(Secret(box.priv.bytes))).bytes == box.pub.bytes)
      let signed = vector.sign_with_label
      let key = SignaturePrivateKey(Secret(signed.priv.bytes))
      #expect(try provider.publicKey(suite.signature, of: key).bytes == signed.pub.bytes)
      let content = labeled(signed.label, signed.content.bytes)
      let publicKey = SignaturePublicKey(signed.pub.bytes)
      #expect(
        provider.verify(suite.signature, SignatureToVerify(publicKey: publicKey, content: content, signature: signed.signature.bytes)))
      let own = try provider.sign(suite.signature, with: key, content)
      #expect(provider.verify(suite.signature, SignatureToVerify(publicKey: publicKey, content: content, signature: own)))
      if suite.signature == .ed25519 { #expect(own == signed.signature.bytes) }
    }
    #expect(seen == CipherSuiteTable.classical.count)
  }

  // RFC 9420 §5.1.2, §5.1.3: struct { opaque label<V>; opaque content<V>; } with label = "MLS 1.0 " + Label.
  private func labeled(_ label: String, _ content: [UInt8]) -> [UInt8] {
    var writer = Writer()
    writer.opaque(Array("MLS 1.0 \(label)".utf8))
    writer.opaque(content)
    return writer.bytes
  }
}

private struct HPKEVector: Decodable {
  struct Encryption: Decodable { var aad, ct, nonce, pt: Hex }
  struct Export: Decodable {
    var exporter_context, exported_value: Hex
    var L: Int
  }
  var kem_id, kdf_id, aead_id: UInt16
  var info, ikmR, skRm, pkRm, enc, shared_secret, key, base_nonce, exporter_secret: Hex
  var encryptions: [Encryption]
  var exports: [Export]
}

private struct CryptoBasics: Decodable {
  struct Box: Decodable {
    var priv, pub, context, plaintext, kem_output, ciphertext: Hex
    var label: String
  }
  struct Signed: Decodable {
    var priv, pub, content, signature: Hex
    var label: String
  }
  var cipher_suite: UInt16
  var encrypt_with_label: Box
  var sign_with_label: Signed
}
