// Random content for generated vectors.
import CryptoInterface
import MLS
import TLSCodec

extension CryptoProvider {
  /// A number in 0..<bound, not exactly uniform.
  func number(below bound: UInt32) -> UInt32 {
    var value: UInt64 = 0
    for byte in random(8) { value = value << 8 | UInt64(byte) }
    return UInt32(value % UInt64(bound))
  }

  /// Up to `maximum` random bytes, at least one.
  func someBytes(_ maximum: UInt32 = 64) -> [UInt8] { random(Int(number(below: maximum)) + 1) }

  func randomHash(_ suite: CipherSuiteParameters) -> [UInt8] { random(suite.hash.size) }

  func newSignatureKeyPair(_ suite: CipherSuiteParameters) throws(MLSError) -> SignatureKeyPair {
    do { return try generateSignatureKeyPair(suite.signature) } catch { throw .crypto(error) }
  }

  func newKeyPair(_ suite: CipherSuiteParameters) throws(MLSError) -> HPKEKeyPair {
    do { return try generateKeyPair(suite.kem) } catch { throw .crypto(error) }
  }
}

func ascii(_ text: StaticString) -> [UInt8] { text.withUTF8Buffer { Array($0) } }

/// A client made up for a vector, with all its private keys.
struct MadeUpClient {
  var keyPackage: KeyPackage
  var initKey: HPKEPrivateKey
  var encryptionKey: HPKEPrivateKey
  var signatureKey: SignatureKeyPair

  init(_ suite: CipherSuiteParameters, using crypto: some CryptoProvider) throws(MLSError) {
    let initPair = try crypto.newKeyPair(suite)
    let encryptionPair = try crypto.newKeyPair(suite)
    signatureKey = try crypto.newSignatureKeyPair(suite)
    initKey = initPair.privateKey
    encryptionKey = encryptionPair.privateKey
    var leaf = LeafNode(
      encryptionKey: encryptionPair.publicKey, signatureKey: signatureKey.publicKey, credential: .basic(identity: crypto.random(16)),
      capabilities: Capabilities(cipherSuites: [suite.suite]), source: .keyPackage(.always), extensions: [])
    try leaf.sign(suite, with: signatureKey.privateKey, using: crypto)
    keyPackage = KeyPackage(cipherSuite: suite.suite, initKey: initPair.publicKey, leafNode: leaf, extensions: [])
    try keyPackage.sign(suite, with: signatureKey.privateKey, using: crypto)
  }

  /// A leaf with a new encryption key, as an Update proposal brings it.
  func updatedLeaf(
    _ suite: CipherSuiteParameters, groupID: [UInt8], at index: LeafIndex, using crypto: some CryptoProvider
  ) throws(MLSError) -> LeafNode {
    var leaf = keyPackage.leafNode
    leaf.encryptionKey = try crypto.newKeyPair(suite).publicKey
    leaf.source = .update
    try leaf.sign(suite, with: signatureKey.privateKey, groupID: groupID, leafIndex: index, using: crypto)
    return leaf
  }
}
