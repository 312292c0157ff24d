// What the primitives of both providers cost: `swift run -c release bench-crypto`. Best of seven rounds, in µs.
import BoringSSLProvider
import CryptoInterface
import SwiftCryptoProvider

func measure(_ count: Int, _ body: () -> Void) -> Double {
  var best = Double.infinity
  for _ in 0..<7 {
    let time = ContinuousClock().measure { for _ in 0..<count { body() } }
    best = min(best, Double(time.components.seconds) * 1e6 + Double(time.components.attoseconds) / 1e12)
  }
  return best / Double(count)
}

func column(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(0, width - text.count)) }
func figure(_ value: Double) -> String { column("\((value * 100).rounded() / 100)", 12) }

// Results end here, so that the optimiser keeps the work.
// Safe because: only the main thread writes it.
nonisolated(unsafe) var sink = 0

func rows<P: CryptoProvider>(_ p: P) throws(CryptoError) -> [(String, Double)] {
  let s1 = p.suites.parameters(of: CipherSuite(1))!
  let s2 = p.suites.parameters(of: CipherSuite(2))!
  let s5 = p.suites.parameters(of: CipherSuite(5))!
  let s7 = p.suites.parameters(of: CipherSuite(7))!
  let xwing = p.suites.parameters(of: .standard)!
  let message = [UInt8](repeating: 7, count: 1000)
  let info = [UInt8](repeating: 1, count: 40)
  let nonce = [UInt8](repeating: 2, count: 12)
  let aad = [UInt8](repeating: 3, count: 60)
  let secret = Secret(p.random(32))
  let key16 = Secret(p.random(16))
  var rows: [(String, Double)] = []
  func add(_ name: String, _ count: Int, _ body: () throws(CryptoError) -> Int) {
    rows.append((name, measure(count) { do throws(CryptoError) { sink &+= try body() } catch { fatalError("\(name): \(error)") } }))
  }
  add("SHA-256, 64 B", 5000) { p.hash(.sha256, aad).count }
  add("HMAC-SHA-256, 40 B", 5000) { p.hmac(.sha256, key: secret, info).count }
  add("HKDF-Expand, 32 B", 5000) { p.hkdfExpand(.sha256, prk: secret, info: info, length: 32).count }
  add("AES-128-GCM seal 1 kB", 5000) { () throws(CryptoError) in try p.aeadSeal(.aes128GCM, key: key16, nonce: nonce, aad: aad, message).count }
  let sealed = try p.aeadSeal(.aes128GCM, key: key16, nonce: nonce, aad: aad, message)
  add("AES-128-GCM open 1 kB", 5000) { () throws(CryptoError) in try p.aeadOpen(.aes128GCM, key: key16, nonce: nonce, aad: aad, sealed).count }
  add("ChaCha20-Poly1305 seal 1 kB", 5000) { () throws(CryptoError) in
    try p.aeadSeal(.chaCha20Poly1305, key: secret, nonce: nonce, aad: aad, message).count
  }
  let signer = try p.generateSignatureKeyPair(.ed25519)
  add("Ed25519 sign 1 kB", 500) { () throws(CryptoError) in try p.sign(.ed25519, with: signer.privateKey, message).count }
  let signature = SignatureToVerify(
    publicKey: signer.publicKey, content: message, signature: try p.sign(.ed25519, with: signer.privateKey, message))
  add("Ed25519 verify 1 kB", 300) { p.verify(.ed25519, signature) ? 1 : 0 }
  let many = [SignatureToVerify](repeating: signature, count: 200)
  add("Ed25519 verify, batch of 200, each", 1) { p.verify(.ed25519, batch: many).count }
  rows[rows.count - 1].1 /= 200
  add("message: 6 HKDF + AES-GCM + sign", 300) { () throws(CryptoError) in
    for _ in 0..<6 { sink &+= p.hkdfExpand(.sha256, prk: secret, info: info, length: 32).count }
    return try p.sign(.ed25519, with: signer.privateKey, message).count
      + (try p.aeadSeal(.aes128GCM, key: key16, nonce: nonce, aad: aad, message).count)
  }
  for (name, suite) in [("X25519", s1), ("P-256", s2), ("P-384", s7), ("P-521", s5), ("X-Wing", xwing)] {
    let pair = try p.generateKeyPair(suite.kem)
    let count = suite.kem == .dhkemP521 || suite.kem == .dhkemP384 ? 20 : 100
    add("HPKE seal \(name)", count) { () throws(CryptoError) in
      try p.hpkeSeal(suite, to: pair.publicKey, info: info, secret).ciphertext.count
    }
    let box = try p.hpkeSeal(suite, to: pair.publicKey, info: info, secret)
    add("HPKE open \(name)", count) { () throws(CryptoError) in
      try p.hpkeOpen(suite, with: pair.privateKey, info: info, box).count
    }
    add("DeriveKeyPair \(name)", count) { () throws(CryptoError) in try p.deriveKeyPair(suite.kem, ikm: secret).publicKey.bytes.count }
    add("validate \(name)", count) { () throws(CryptoError) in
      try p.validate(suite.kem, pair.publicKey)
      return 1
    }
    let items = [PlaintextToSeal](repeating: PlaintextToSeal(publicKey: pair.publicKey, info: info, plaintext: secret), count: 100)
    if suite.kem == .dhkemX25519 || suite.kem == .xwing {
      add("HPKE seal \(name), batch of 100, each", 1) { () throws(CryptoError) in try p.hpkeSeal(suite, batch: items).count }
      rows[rows.count - 1].1 /= 100
    }
  }
  for (name, scheme) in [
    ("P-256", SignatureScheme.ecdsaSecp256r1SHA256), ("P-384", .ecdsaSecp384r1SHA384), ("P-521", .ecdsaSecp521r1SHA512),
  ] {
    let pair = try p.generateSignatureKeyPair(scheme)
    add("ECDSA \(name) sign", 50) { () throws(CryptoError) in try p.sign(scheme, with: pair.privateKey, message).count }
    let item = SignatureToVerify(publicKey: pair.publicKey, content: message, signature: try p.sign(scheme, with: pair.privateKey, message))
    add("ECDSA \(name) verify", 50) { p.verify(scheme, item) ? 1 : 0 }
  }
  return rows
}

let native = try rows(SwiftCryptoProvider())
let c = try rows(BoringSSLProvider())
print(column("µs", 40) + column("swift-crypto", 14) + "BoringSSL (C interface)")
for (a, b) in zip(native, c) { print(column(a.0, 40) + column(figure(a.1), 14) + figure(b.1)) }
