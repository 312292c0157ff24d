// "Crypto Basics": RFC 9420 §5.1, §5.2, §8.
import CryptoInterface
import MLS

enum CryptoBasicsVectors {
  static func verify(_ vector: VectorCase, using crypto: some CryptoProvider) throws(CaseProblem) {
    let suite = try vector.suite(using: crypto)
    let ref = try vector.object("ref_hash")
    try ref.expect("out", crypto.refHash(suite, label: try ref.text("label"), try ref.bytes("value")))

    let expand = try vector.object("expand_with_label")
    try expand.expect(
      "out",
      crypto.expandWithLabel(
        suite, try expand.secret("secret"), label: try expand.text("label"), context: try expand.bytes("context"),
        length: try length(expand, suite)))

    let derive = try vector.object("derive_secret")
    try derive.expect(
      "out",
      crypto.expandWithLabel(suite, try derive.secret("secret"), label: try derive.text("label"), context: [], length: suite.hash.size))

    let tree = try vector.object("derive_tree_secret")
    try tree.expect(
      "out",
      crypto.deriveTreeSecret(
        suite, try tree.secret("secret"), label: try tree.text("label"), generation: try tree.uint32("generation"),
        length: try length(tree, suite)))

    try verify(signature: try vector.object("sign_with_label"), suite, using: crypto)
    try verify(encryption: try vector.object("encrypt_with_label"), suite, using: crypto)
  }

  /// RFC 5869 §2.3 bounds what HKDF can expand to.
  static func length(_ object: VectorCase, _ suite: CipherSuiteParameters) throws(CaseProblem) -> Int {
    Int(try object.uint32("length", atMost: UInt32(255 * suite.hash.size)))
  }

  private static func verify(signature sign: VectorCase, _ suite: CipherSuiteParameters, using crypto: some CryptoProvider)
    throws(CaseProblem)
  {
    let key = SignaturePublicKey(try sign.bytes("pub"))
    let label = try sign.text("label")
    let content = try sign.bytes("content")
    let given = try sign.bytes("signature")
    try expect(
      crypto.verifyWithLabel(suite, key, label: label, content, signature: given), "\(sign.name("signature")) does not verify")
    let privateKey = try sign.signaturePrivateKey("priv", suite)
    let own = try attempt(sign.name("priv")) { () throws(MLSError) in
      try crypto.signWithLabel(suite, privateKey, label: label, content)
    }
    try expect(
      crypto.verifyWithLabel(suite, key, label: label, content, signature: own), "\(sign.path)our own signature does not verify")
  }

  private static func verify(encryption encrypt: VectorCase, _ suite: CipherSuiteParameters, using crypto: some CryptoProvider)
    throws(CaseProblem)
  {
    let key = try encrypt.hpkePrivateKey("priv", suite)
    let label = try encrypt.text("label")
    let context = try encrypt.bytes("context")
    let plaintext = try encrypt.secret("plaintext")
    let given = HPKECiphertext(kemOutput: try encrypt.bytes("kem_output"), ciphertext: try encrypt.bytes("ciphertext"))
    let opened = try attemptCrypto(encrypt.name("ciphertext")) { () throws(CryptoError) in
      try crypto.decryptWithLabel(suite, with: key, label: label, context: context, given)
    }
    try encrypt.expect("plaintext", opened)
    let publicKey = HPKEPublicKey(try encrypt.bytes("pub"))
    let own = try attempt("\(encrypt.path)encrypting") { () throws(MLSError) in
      try crypto.encryptWithLabel(suite, to: publicKey, label: label, context: context, plaintext)
    }
    let reopened = try attemptCrypto("\(encrypt.path)our own ciphertext") { () throws(CryptoError) in
      try crypto.decryptWithLabel(suite, with: key, label: label, context: context, own)
    }
    try expect(reopened == plaintext, "\(encrypt.path)our own ciphertext opens to something else")
  }

  static func generate(_ suite: CipherSuiteParameters, using crypto: some CryptoProvider) throws(MLSError) -> JSON {
    let size = suite.hash.size
    let value = crypto.random(32)
    let expandSecret = crypto.random(size)
    let expandContext = crypto.random(32)
    let deriveSecret = crypto.random(size)
    let treeSecret = crypto.random(size)
    let generation = crypto.number(below: .max)
    let content = crypto.random(32)
    let signer = try crypto.newSignatureKeyPair(suite)
    let context = crypto.random(32)
    let plaintext = crypto.random(32)
    let pair = try crypto.newKeyPair(suite)
    let sealed = try crypto.encryptWithLabel(
      suite, to: pair.publicKey, label: ascii("EncryptWithLabel"), context: context, Secret(plaintext))
    let expanded = crypto.expandWithLabel(
      suite, Secret(expandSecret), label: ascii("ExpandWithLabel"), context: expandContext, length: 16)
    let derived = crypto.expandWithLabel(suite, Secret(deriveSecret), label: ascii("DeriveSecret"), context: [], length: size)
    let treeDerived = crypto.deriveTreeSecret(
      suite, Secret(treeSecret), label: ascii("DeriveTreeSecret"), generation: generation, length: size)
    let signature = try crypto.signWithLabel(suite, signer.privateKey, label: ascii("SignWithLabel"), content)
    return .object([
      "cipher_suite": .number(UInt32(suite.suite.rawValue)),
      "ref_hash": .object([
        "label": .text("RefHash"), "value": .hex(value), "out": .hex(crypto.refHash(suite, label: ascii("RefHash"), value)),
      ]),
      "expand_with_label": .object([
        "secret": .hex(expandSecret), "label": .text("ExpandWithLabel"), "context": .hex(expandContext), "length": .number(UInt32(16)),
        "out": .hex(expanded.exposed),
      ]),
      "derive_secret": .object([
        "secret": .hex(deriveSecret), "label": .text("DeriveSecret"), "out": .hex(derived.exposed),
      ]),
      "derive_tree_secret": .object([
        "secret": .hex(treeSecret), "label": .text("DeriveTreeSecret"), "generation": .number(generation),
        "length": .number(UInt32(size)), "out": .hex(treeDerived.exposed),
      ]),
      "sign_with_label": .object([
        "priv": .hex(signer.privateKey.secret.exposed), "pub": .hex(signer.publicKey.bytes), "content": .hex(content),
        "label": .text("SignWithLabel"), "signature": .hex(signature),
      ]),
      "encrypt_with_label": .object([
        "priv": .hex(pair.privateKey.secret.exposed), "pub": .hex(pair.publicKey.bytes), "label": .text("EncryptWithLabel"),
        "context": .hex(context), "plaintext": .hex(plaintext), "kem_output": .hex(sealed.kemOutput),
        "ciphertext": .hex(sealed.ciphertext),
      ]),
    ])
  }
}
