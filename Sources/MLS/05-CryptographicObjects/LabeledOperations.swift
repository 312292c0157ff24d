// RFC 9420 §5: hashing, signing and encrypting with labels. Everything in MLS that touches a key goes through these.
import CryptoInterface
import TLSCodec

extension CryptoProvider {
  /// The parameters of a suite.
  /// - Throws: `.rule(.cipherSuite)` for a suite that this provider does not offer.
  func parameters(of suite: CipherSuite) throws(MLSError) -> CipherSuiteParameters {
    let parameters = suites.parameters(of: suite)
    try check(.cipherSuite, parameters != nil)
    guard let parameters else { throw .internalError("an unknown suite was not rejected") }
    return parameters
  }

  /// RFC 9420 §5.2
  ///
  ///     struct {
  ///       opaque label<V>;
  ///       opaque value<V>;
  ///     } RefHashInput;
  package func refHash(_ suite: CipherSuiteParameters, label: [UInt8], _ value: [UInt8]) -> [UInt8] {
    var w = Writer(capacity: label.count + value.count + 8)
    w.opaque(label)
    w.opaque(value)
    return hash(suite.hash, w.bytes)
  }

  func refHash(_ suite: CipherSuiteParameters, label: StaticString, _ value: [UInt8]) -> [UInt8] {
    refHash(suite, label: label.withUTF8Buffer { Array($0) }, value)
  }

  /// RFC 9420 §8
  ///
  ///     struct {
  ///       uint16 length;
  ///       opaque label<V>;      // "MLS 1.0 " + Label
  ///       opaque context<V>;
  ///     } KDFLabel;
  package func expandWithLabel(_ suite: CipherSuiteParameters, _ secret: Secret, label: [UInt8], context: [UInt8], length: Int) -> Secret {
    var w = Writer(capacity: 16 + label.count + context.count)
    w.uint16(UInt16(truncatingIfNeeded: length))
    w.vectorLength(8 + label.count)
    w.fixed(labelPrefix)
    w.fixed(label)
    w.opaque(context)
    return hkdfExpand(suite.hash, prk: secret, info: w.bytes, length: length)
  }

  func expandWithLabel(
    _ suite: CipherSuiteParameters, _ secret: Secret, _ label: StaticString, context: [UInt8] = [], length: Int? = nil
  ) -> Secret {
    let length = length ?? suite.hash.size
    var w = Writer(capacity: 32 + context.count)
    w.uint16(UInt16(truncatingIfNeeded: length))
    w.vectorLength(8 + label.utf8CodeUnitCount)
    w.fixed(labelPrefix)
    label.withUTF8Buffer { w.fixed(UnsafeRawBufferPointer($0)) }
    w.opaque(context)
    return hkdfExpand(suite.hash, prk: secret, info: w.bytes, length: length)
  }

  /// RFC 9420 §8: `DeriveSecret(Secret, Label) = ExpandWithLabel(Secret, Label, "", KDF.Nh)`.
  func deriveSecret(_ suite: CipherSuiteParameters, _ secret: Secret, _ label: StaticString) -> Secret {
    expandWithLabel(suite, secret, label)
  }

  /// RFC 9420 §9: `DeriveTreeSecret(Secret, Label, Generation, Length)`.
  package func deriveTreeSecret(_ suite: CipherSuiteParameters, _ secret: Secret, label: [UInt8], generation: UInt32, length: Int) -> Secret {
    expandWithLabel(suite, secret, label: label, context: generation.encoded(), length: length)
  }

  /// RFC 9420 §5.1.2
  ///
  ///     struct {
  ///         opaque label<V>;      // "MLS 1.0 " + Label
  ///         opaque content<V>;
  ///     } SignContent;
  package func signWithLabel(_ suite: CipherSuiteParameters, _ key: SignaturePrivateKey, label: [UInt8], _ content: [UInt8])
    throws(MLSError) -> [UInt8]
  {
    do {
      return try sign(suite.signature, with: key, signContent(label, content))
    } catch { throw .crypto(error) }
  }

  package func verifyWithLabel(
    _ suite: CipherSuiteParameters, _ key: SignaturePublicKey, label: [UInt8], _ content: [UInt8], signature: [UInt8]
  ) -> Bool {
    verify(suite.signature, SignatureToVerify(publicKey: key, content: signContent(label, content), signature: signature))
  }

  /// RFC 9420 §5.1.3
  ///
  ///     struct {
  ///       opaque label<V>;      // "MLS 1.0 " + Label
  ///       opaque context<V>;
  ///     } EncryptContext;
  package func encryptWithLabel(
    _ suite: CipherSuiteParameters, to key: HPKEPublicKey, label: [UInt8], context: [UInt8], _ plaintext: Secret
  ) throws(MLSError) -> HPKECiphertext {
    do {
      return try hpkeSeal(suite, to: key, info: signContent(label, context), plaintext)
    } catch { throw .crypto(error) }
  }

  package func decryptWithLabel(
    _ suite: CipherSuiteParameters, with key: HPKEPrivateKey, label: [UInt8], context: [UInt8], _ ciphertext: HPKECiphertext
  ) throws(CryptoError) -> Secret {
    try hpkeOpen(suite, with: key, info: signContent(label, context), ciphertext)
  }

  func makeKeyPair(_ kem: KEM, ikm: Secret) throws(MLSError) -> HPKEKeyPair {
    do { return try deriveKeyPair(kem, ikm: ikm) } catch { throw .crypto(error) }
  }

  func freshKeyPair(_ kem: KEM) throws(MLSError) -> HPKEKeyPair {
    do { return try generateKeyPair(kem) } catch { throw .crypto(error) }
  }

  func randomSecret(_ count: Int) -> Secret {
    var bytes = random(count)
    defer { wipe(&bytes) }
    return Secret(bytes)
  }
}

let labelPrefix: [UInt8] = Array("MLS 1.0 ".utf8)

/// `SignContent` and `EncryptContext` have the same shape.
package func signContent(_ label: [UInt8], _ content: [UInt8]) -> [UInt8] {
  var w = Writer(capacity: content.count + label.count + 16)
  w.vectorLength(labelPrefix.count + label.count)
  w.fixed(labelPrefix)
  w.fixed(label)
  w.opaque(content)
  return w.bytes
}

/// The labels of RFC 9420 §17.6 and §17.7.
enum Label {
  static let framedContentTBS = Array("FramedContentTBS".utf8)
  static let leafNodeTBS = Array("LeafNodeTBS".utf8)
  static let keyPackageTBS = Array("KeyPackageTBS".utf8)
  static let groupInfoTBS = Array("GroupInfoTBS".utf8)
  static let updatePathNode = Array("UpdatePathNode".utf8)
  static let welcome = Array("Welcome".utf8)
}
