// "Pre-Shared Keys": RFC 9420 §8.4.
import CryptoInterface
import MLS

enum PSKSecretVectors {
  static func verify(_ vector: VectorCase, using crypto: some CryptoProvider) throws(CaseProblem) {
    let suite = try vector.suite(using: crypto)
    var psks: [(id: PreSharedKeyID, secret: Secret)] = []
    for psk in try vector.objects("psks") {
      let id = PreSharedKeyID(.external(id: try psk.bytes("psk_id")), nonce: try psk.bytes("psk_nonce"))
      psks.append((id, try psk.secret("psk")))
    }
    try expect(psks.count <= 0xFFFF, "psks: \(psks.count) keys cannot be counted in 16 bits")
    try vector.expect("psk_secret", PSKSecret.combine(psks, suite, using: crypto))
  }

  /// None, one, two… keys.
  static func generate(_ suite: CipherSuiteParameters, number: Int, using crypto: some CryptoProvider) -> JSON {
    var psks: [(id: PreSharedKeyID, secret: Secret)] = []
    var list: [JSON] = []
    for _ in 0..<number {
      let id = crypto.random(32)
      let nonce = crypto.randomHash(suite)
      let psk = crypto.random(32)
      psks.append((PreSharedKeyID(.external(id: id), nonce: nonce), Secret(psk)))
      list.append(.object(["psk_id": .hex(id), "psk": .hex(psk), "psk_nonce": .hex(nonce)]))
    }
    return .object([
      "cipher_suite": .number(UInt32(suite.suite.rawValue)), "psks": .array(list),
      "psk_secret": .hex(PSKSecret.combine(psks, suite, using: crypto).exposed),
    ])
  }
}
