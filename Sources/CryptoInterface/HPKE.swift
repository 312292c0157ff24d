// HPKE (RFC 9180), base mode, single shot, over what a library offers below it. Both providers go through this file.
// swift-crypto has an HPKE too, which the conformance suite uses as a counterpart; it leaves out the all-zero check of §7.1.4, copies more and
// costs 94 µs for a seal to X25519 where this costs 72.

/// What HPKE takes from a library. A provider that conforms gets `CryptoProvider`'s HPKE operations from the extension below.
public protocol HPKEPrimitives: CryptoProvider {
  /// RFC 9180 §4.1, first half of `Encap`: a fresh key pair and its `DH` with `publicKey`.
  /// - Throws: `.invalidKey` where the key is malformed or the shared secret is all-zero (§7.1.4).
  func ephemeralDiffieHellman(_ kem: KEM, with publicKey: [UInt8]) throws(CryptoError) -> (ephemeralKey: [UInt8], shared: Secret)
  /// RFC 9180 §4.1, first half of `Decap`: the own public key and the `DH` of the own private key with `publicKey`.
  /// - Throws: as above.
  func staticDiffieHellman(_ kem: KEM, _ privateKey: HPKEPrivateKey, with publicKey: [UInt8]) throws(CryptoError)
    -> (ownKey: [UInt8], shared: Secret)
  /// draft-connolly-cfrg-xwing-kem §5.4.
  func xwingEncapsulate(to publicKey: HPKEPublicKey) throws(CryptoError) -> (kemOutput: [UInt8], sharedSecret: Secret)
  /// draft-connolly-cfrg-xwing-kem §5.5.
  func xwingDecapsulate(_ kemOutput: [UInt8], with privateKey: HPKEPrivateKey) throws(CryptoError) -> Secret
}

/// RFC 9180 §5.1: what both sides share after set-up, before the AEAD key is derived from it.
package struct HPKESchedule<Provider: CryptoProvider> {
  let provider: Provider
  let suite: CipherSuiteParameters
  let label: HPKELabel
  let secret: Secret
  let context: [UInt8]

  /// RFC 9180 §5.1 `KeySchedule` with mode_base, no pre-shared key.
  package init(_ provider: Provider, _ suite: CipherSuiteParameters, sharedSecret: Secret, info: [UInt8]) {
    self.init(provider, suite, sharedSecret: sharedSecret, context: Self.context(provider, suite, info: info))
  }

  /// With `key_schedule_context` computed before: it depends on `info` alone, which the recipients of a batch share.
  package init(_ provider: Provider, _ suite: CipherSuiteParameters, sharedSecret: Secret, context: [UInt8]) {
    self.provider = provider
    self.suite = suite
    self.context = context
    label = HPKELabel(suite: suite)
    secret = provider.labeledExtract(suite.hash, label, salt: sharedSecret, "secret", .empty)
  }

  /// RFC 9180 §5.1 `key_schedule_context`.
  package static func context(_ provider: Provider, _ suite: CipherSuiteParameters, info: [UInt8]) -> [UInt8] {
    let label = HPKELabel(suite: suite)
    let pskIDHash = provider.labeledExtract(suite.hash, label, salt: .empty, "psk_id_hash", [])
    let infoHash = provider.labeledExtract(suite.hash, label, salt: .empty, "info_hash", info)
    var context: [UInt8] = [0x00]
    context.reserveCapacity(1 + 2 * suite.hash.size)
    pskIDHash.withUnsafeBytes { context.append(contentsOf: $0) }
    infoHash.withUnsafeBytes { context.append(contentsOf: $0) }
    return context
  }

  package var key: Secret { expand("key", suite.aead.keySize) }
  package var baseNonce: [UInt8] { expand("base_nonce", suite.aead.nonceSize).exposed }
  package var exporterSecret: Secret { expand("exp", suite.hash.size) }

  /// RFC 9180 §5.3.
  package func export(_ exporterContext: [UInt8], length: Int) -> Secret {
    provider.labeledExpand(suite.hash, label, exporterSecret, "sec", info: exporterContext, length: length)
  }

  private func expand(_ name: StaticString, _ length: Int) -> Secret {
    provider.labeledExpand(suite.hash, label, secret, name, info: context, length: length)
  }
}

extension HPKEPrimitives {
  /// RFC 9180 §4.1 `Encap`.
  package func encapsulate(_ kem: KEM, to publicKey: HPKEPublicKey) throws(CryptoError) -> (kemOutput: [UInt8], sharedSecret: Secret) {
    guard publicKey.bytes.count == kem.publicKeySize else { throw .invalidKey }
    if kem == .xwing { return try xwingEncapsulate(to: publicKey) }
    let (kemOutput, shared) = try ephemeralDiffieHellman(kem, with: publicKey.bytes)
    return (kemOutput, extractAndExpand(kem, shared, kemContext: kemOutput + publicKey.bytes))
  }

  /// RFC 9180 §4.1 `Decap`.
  package func decapsulate(_ kem: KEM, _ kemOutput: [UInt8], with privateKey: HPKEPrivateKey) throws(CryptoError) -> Secret {
    guard kemOutput.count == kem.encapsulationSize else { throw .invalidKey }
    guard privateKey.secret.count == kem.privateKeySize else { throw .invalidKey }
    if kem == .xwing { return try xwingDecapsulate(kemOutput, with: privateKey) }
    let (ownKey, shared) = try staticDiffieHellman(kem, privateKey, with: kemOutput)
    return extractAndExpand(kem, shared, kemContext: kemOutput + ownKey)
  }

  // RFC 9180 §4.1 `ExtractAndExpand`; Nsecret is the size of the KEM's hash (§7.1).
  private func extractAndExpand(_ kem: KEM, _ shared: Secret, kemContext: [UInt8]) -> Secret {
    let label = HPKELabel(kem: kem)
    let prk = labeledExtract(kem.kdf, label, salt: .empty, "eae_prk", shared)
    return labeledExpand(kem.kdf, label, prk, "shared_secret", info: kemContext, length: kem.kdf.size)
  }

  public func hpkeSeal(_ suite: CipherSuiteParameters, to publicKey: HPKEPublicKey, info: [UInt8], _ plaintext: Secret) throws(CryptoError)
    -> HPKECiphertext
  {
    try hpkeSeal(suite, to: publicKey, context: HPKESchedule.context(self, suite, info: info), plaintext)
  }

  /// `SealBase` with `key_schedule_context` computed before.
  package func hpkeSeal(_ suite: CipherSuiteParameters, to publicKey: HPKEPublicKey, context: [UInt8], _ plaintext: Secret)
    throws(CryptoError) -> HPKECiphertext
  {
    let (kemOutput, shared) = try encapsulate(suite.kem, to: publicKey)
    let schedule = HPKESchedule(self, suite, sharedSecret: shared, context: context)
    // RFC 9180 §5.2: the first nonce is base_nonce itself.
    var exposed = plaintext.exposed
    defer { wipe(&exposed) }
    let ciphertext = try aeadSeal(suite.aead, key: schedule.key, nonce: schedule.baseNonce, aad: [], exposed)
    return HPKECiphertext(kemOutput: kemOutput, ciphertext: ciphertext)
  }

  /// One context for each run of items with the same info: a Welcome's is the whole encrypted GroupInfo, megabytes where it carries a tree.
  package func contexts(_ suite: CipherSuiteParameters, for batch: [PlaintextToSeal]) -> [[UInt8]] {
    var contexts: [[UInt8]] = []
    contexts.reserveCapacity(batch.count)
    for (i, item) in batch.enumerated() {
      contexts.append(
        i > 0 && batch[i - 1].info == item.info ? contexts[i - 1] : HPKESchedule.context(self, suite, info: item.info))
    }
    return contexts
  }

  public func hpkeSeal(_ suite: CipherSuiteParameters, batch: [PlaintextToSeal]) throws(CryptoError) -> [HPKECiphertext] {
    var results: [HPKECiphertext] = []
    results.reserveCapacity(batch.count)
    for (i, context) in contexts(suite, for: batch).enumerated() {
      results.append(try hpkeSeal(suite, to: batch[i].publicKey, context: context, batch[i].plaintext))
    }
    return results
  }

  public func hpkeOpen(_ suite: CipherSuiteParameters, with privateKey: HPKEPrivateKey, info: [UInt8], _ ciphertext: HPKECiphertext)
    throws(CryptoError) -> Secret
  {
    let shared = try decapsulate(suite.kem, ciphertext.kemOutput, with: privateKey)
    let schedule = HPKESchedule(self, suite, sharedSecret: shared, info: info)
    var plaintext = try aeadOpen(suite.aead, key: schedule.key, nonce: schedule.baseNonce, aad: [], ciphertext.ciphertext)
    defer { wipe(&plaintext) }
    return Secret(plaintext)
  }

  public func hpkeSendExport(_ suite: CipherSuiteParameters, to publicKey: HPKEPublicKey, info: [UInt8], context: [UInt8], length: Int)
    throws(CryptoError) -> (kemOutput: [UInt8], secret: Secret)
  {
    let (kemOutput, shared) = try encapsulate(suite.kem, to: publicKey)
    return (kemOutput, HPKESchedule(self, suite, sharedSecret: shared, info: info).export(context, length: length))
  }

  public func hpkeReceiveExport(
    _ suite: CipherSuiteParameters, with privateKey: HPKEPrivateKey, kemOutput: [UInt8], info: [UInt8], context: [UInt8], length: Int
  ) throws(CryptoError) -> Secret {
    let shared = try decapsulate(suite.kem, kemOutput, with: privateKey)
    return HPKESchedule(self, suite, sharedSecret: shared, info: info).export(context, length: length)
  }
}

/// RFC 7748 §6.1, RFC 9180 §7.1.4: whether an X25519 public key is one of the points of small order, with which every shared secret is all-zero.
/// The six residues 0, 1, two of order 8, p − 1 and their non-canonical spellings; bit 255 is ignored by X25519.
package func hasSmallOrder(x25519 publicKey: [UInt8]) -> Bool {
  guard publicKey.count == 32 else { return false }
  for point in smallOrderPoints {
    var difference: UInt8 = 0
    for i in 0..<31 { difference |= publicKey[i] ^ point[i] }
    difference |= (publicKey[31] ^ point[31]) & 0x7F
    if difference == 0 { return true }
  }
  return false
}

private let smallOrderPoints: [[UInt8]] = {
  func repeated(first: UInt8, _ middle: UInt8, last: UInt8) -> [UInt8] {
    var bytes = [UInt8](repeating: middle, count: 32)
    bytes[0] = first
    bytes[31] = last
    return bytes
  }
  return [
    repeated(first: 0, 0, last: 0),
    repeated(first: 1, 0, last: 0),
    [
      0xE0, 0xEB, 0x7A, 0x7C, 0x3B, 0x41, 0xB8, 0xAE, 0x16, 0x56, 0xE3, 0xFA, 0xF1, 0x9F, 0xC4, 0x6A,
      0xDA, 0x09, 0x8D, 0xEB, 0x9C, 0x32, 0xB1, 0xFD, 0x86, 0x62, 0x05, 0x16, 0x5F, 0x49, 0xB8, 0x00,
    ],
    [
      0x5F, 0x9C, 0x95, 0xBC, 0xA3, 0x50, 0x8C, 0x24, 0xB1, 0xD0, 0xB1, 0x55, 0x9C, 0x83, 0xEF, 0x5B,
      0x04, 0x44, 0x5C, 0xC4, 0x58, 0x1C, 0x8E, 0x86, 0xD8, 0x22, 0x4E, 0xDD, 0xD0, 0x9F, 0x11, 0x57,
    ],
    repeated(first: 0xEC, 0xFF, last: 0x7F),  // p − 1
    repeated(first: 0xED, 0xFF, last: 0x7F),  // p, that is 0
    repeated(first: 0xEE, 0xFF, last: 0x7F),  // p + 1, that is 1
  ]
}()
