#if HAUSPOST_BENCHMARK
  // What the primitives cost in the browser's engine; the host has the clock. Not in a build that is shipped.
  import BoringSSLProvider
  import CryptoInterface

  func benchmark(_ input: [UInt8]) throws(CoreStatus) -> [UInt8] {
    guard input.count == 5 else { throw .malformedInput }
    let count = UInt32(input[1]) << 24 | UInt32(input[2]) << 16 | UInt32(input[3]) << 8 | UInt32(input[4])
    do throws(CryptoError) {
      return [try measured(input[0], count)]
    } catch {
      throw .failed
    }
  }

  private func measured(_ primitive: UInt8, _ count: UInt32) throws(CryptoError) -> UInt8 {
    let p = BoringSSLProvider()
    let table = p.suites.entries
    let message = [UInt8](repeating: 7, count: 1000)
    let info = [UInt8](repeating: 1, count: 40)
    let nonce = [UInt8](repeating: 2, count: 12)
    let secret = Secret([UInt8](repeating: 9, count: 32))
    let half = Secret([UInt8](repeating: 9, count: 16))
    var sink: UInt8 = 0
    switch primitive {
    case 0: for _ in 0..<count { sink ^= p.hash(.sha256, info)[0] }
    case 1: for _ in 0..<count { sink ^= p.hmac(.sha256, key: secret, info)[0] }
    case 2: for _ in 0..<count { sink ^= UInt8(truncatingIfNeeded: p.hkdfExpand(.sha256, prk: secret, info: info, length: 32).count) }
    case 3: for _ in 0..<count { sink ^= try p.aeadSeal(.aes128GCM, key: half, nonce: nonce, aad: info, message)[0] }
    case 4: for _ in 0..<count { sink ^= try p.aeadSeal(.chaCha20Poly1305, key: secret, nonce: nonce, aad: info, message)[0] }
    case 5:
      let key = try p.generateSignatureKeyPair(.ed25519).privateKey
      for _ in 0..<count { sink ^= try p.sign(.ed25519, with: key, message)[0] }
    case 6:
      let key = try p.generateSignatureKeyPair(.ed25519)
      let item = SignatureToVerify(publicKey: key.publicKey, content: message, signature: try p.sign(.ed25519, with: key.privateKey, message))
      for _ in 0..<count { sink ^= p.verify(.ed25519, item) ? 1 : 0 }
    case 7:
      let key = try p.generateSignatureKeyPair(.ed25519).privateKey
      for _ in 0..<count {
        for _ in 0..<6 { sink ^= UInt8(truncatingIfNeeded: p.hkdfExpand(.sha256, prk: secret, info: info, length: 32).count) }
        sink ^= try p.sign(.ed25519, with: key, message)[0]
        sink ^= try p.aeadSeal(.aes128GCM, key: half, nonce: nonce, aad: info, message)[0]
      }
    case 10..<30:
      let index = Int(primitive - 10) / 2
      guard index < table.count else { throw .unsupported }
      let suite = table[index]
      let pair = try p.generateKeyPair(suite.kem)
      if primitive % 2 == 0 {
        for _ in 0..<count { sink ^= try p.hpkeSeal(suite, to: pair.publicKey, info: info, secret).ciphertext[0] }
      } else {
        let box = try p.hpkeSeal(suite, to: pair.publicKey, info: info, secret)
        for _ in 0..<count { sink ^= UInt8(truncatingIfNeeded: try p.hpkeOpen(suite, with: pair.privateKey, info: info, box).count) }
      }
    default: throw .unsupported
    }
    return sink
  }
#endif
