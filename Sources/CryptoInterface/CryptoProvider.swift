import TLSCodec

/// Why a cryptographic operation failed.
public enum CryptoError: Error, Equatable, Sendable {
  /// A key has the wrong size, is not on its curve, or gives an all-zero secret.
  case invalidKey
  /// A ciphertext or its tag is wrong.
  case authenticationFailed
  /// The provider does not offer this algorithm.
  case unsupported
  /// The library failed for no reason of ours.
  case libraryFailure
}

/// RFC 9420 §5.1.1: a serialised KEM public key.
public struct HPKEPublicKey: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var bytes: [UInt8]
  public init(_ bytes: [UInt8]) { self.bytes = bytes }
  public init(from reader: inout Reader) throws(DecodingError) { bytes = try reader.opaque() }
  public func encode(to writer: inout Writer) { writer.opaque(bytes) }
}

/// A KEM private key in its serialised form (X-Wing: the 32-byte seed).
public struct HPKEPrivateKey: Sendable, Equatable {
  public var secret: Secret
  public init(_ secret: Secret) { self.secret = secret }
}

public struct HPKEKeyPair: Sendable {
  public var privateKey: HPKEPrivateKey
  public var publicKey: HPKEPublicKey
  public init(privateKey: HPKEPrivateKey, publicKey: HPKEPublicKey) {
    self.privateKey = privateKey
    self.publicKey = publicKey
  }
}

/// RFC 9420 §5.1.2: a serialised signature public key.
public struct SignaturePublicKey: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var bytes: [UInt8]
  public init(_ bytes: [UInt8]) { self.bytes = bytes }
  public init(from reader: inout Reader) throws(DecodingError) { bytes = try reader.opaque() }
  public func encode(to writer: inout Writer) { writer.opaque(bytes) }
}

/// A signature private key: the seed (Ed25519) or the scalar, big-endian (ECDSA).
public struct SignaturePrivateKey: Sendable, Equatable {
  public var secret: Secret
  public init(_ secret: Secret) { self.secret = secret }
}

public struct SignatureKeyPair: Sendable {
  public var privateKey: SignaturePrivateKey
  public var publicKey: SignaturePublicKey
  public init(privateKey: SignaturePrivateKey, publicKey: SignaturePublicKey) {
    self.privateKey = privateKey
    self.publicKey = publicKey
  }
}

/// RFC 9420 §7.6
///
///     struct {
///         opaque kem_output<V>;
///         opaque ciphertext<V>;
///     } HPKECiphertext;
public struct HPKECiphertext: Equatable, Sendable, TLSEncodable, TLSDecodable {
  public var kemOutput: [UInt8]
  public var ciphertext: [UInt8]
  public init(kemOutput: [UInt8], ciphertext: [UInt8]) {
    self.kemOutput = kemOutput
    self.ciphertext = ciphertext
  }
  public init(from reader: inout Reader) throws(DecodingError) {
    kemOutput = try reader.opaque()
    ciphertext = try reader.opaque()
  }
  public func encode(to writer: inout Writer) {
    writer.opaque(kemOutput)
    writer.opaque(ciphertext)
  }
}

/// One signature to check, for `CryptoProvider.verify(batch:)`.
public struct SignatureToVerify: Sendable {
  public var publicKey: SignaturePublicKey
  public var content: [UInt8]
  public var signature: [UInt8]
  public init(publicKey: SignaturePublicKey, content: [UInt8], signature: [UInt8]) {
    self.publicKey = publicKey
    self.content = content
    self.signature = signature
  }
}

/// One plaintext to seal, for `CryptoProvider.hpkeSeal(batch:)`.
public struct PlaintextToSeal: Sendable {
  public var publicKey: HPKEPublicKey
  public var info: [UInt8]
  public var plaintext: Secret
  public init(publicKey: HPKEPublicKey, info: [UInt8], plaintext: Secret) {
    self.publicKey = publicKey
    self.info = info
    self.plaintext = plaintext
  }
}

/// The cryptography under MLS (RFC 9420 §5.1). Synchronous, without state that matters; a value of it is passed to every operation that needs it.
/// Two implementations share one conformance suite (`CryptoProviderTests`).
public protocol CryptoProvider: Sendable {
  /// The suites on offer.
  var suites: CipherSuiteTable { get }

  /// `count` bytes from the system's generator.
  func random(_ count: Int) -> [UInt8]

  func hash(_ algorithm: HashAlgorithm, _ data: [UInt8]) -> [UInt8]
  func hmac(_ algorithm: HashAlgorithm, key: Secret, _ data: [UInt8]) -> [UInt8]
  /// RFC 5869 §2.2; `Nh` bytes.
  func hkdfExtract(_ algorithm: HashAlgorithm, salt: Secret, ikm: Secret) -> Secret
  /// RFC 5869 §2.3. `length` is at most 255 · Nh; callers stay below.
  func hkdfExpand(_ algorithm: HashAlgorithm, prk: Secret, info: [UInt8], length: Int) -> Secret

  /// Ciphertext ‖ tag.
  func aeadSeal(_ algorithm: AEADAlgorithm, key: Secret, nonce: [UInt8], aad: [UInt8], _ plaintext: [UInt8]) throws(CryptoError)
    -> [UInt8]
  /// - Throws: `.authenticationFailed` where key, nonce, additional data or ciphertext do not belong together.
  func aeadOpen(_ algorithm: AEADAlgorithm, key: Secret, nonce: [UInt8], aad: [UInt8], _ ciphertext: [UInt8]) throws(CryptoError)
    -> [UInt8]

  /// RFC 9180 §4 `DeriveKeyPair` (X-Wing: draft-ietf-hpke-pq, with SHAKE256).
  func deriveKeyPair(_ kem: KEM, ikm: Secret) throws(CryptoError) -> HPKEKeyPair
  /// The public key that belongs to a private key.
  func publicKey(_ kem: KEM, of privateKey: HPKEPrivateKey) throws(CryptoError) -> HPKEPublicKey
  /// RFC 9180 §7.1.4 for what can be checked without a private key.
  /// - Throws: `.invalidKey`.
  func validate(_ kem: KEM, _ publicKey: HPKEPublicKey) throws(CryptoError)

  /// RFC 9180 §6.1 `SealBase` with empty additional data.
  func hpkeSeal(_ suite: CipherSuiteParameters, to publicKey: HPKEPublicKey, info: [UInt8], _ plaintext: Secret) throws(CryptoError)
    -> HPKECiphertext
  /// RFC 9180 §6.1 `OpenBase` with empty additional data.
  func hpkeOpen(_ suite: CipherSuiteParameters, with privateKey: HPKEPrivateKey, info: [UInt8], _ ciphertext: HPKECiphertext)
    throws(CryptoError) -> Secret
  /// RFC 9180 §6.2 `SendExportBase` (RFC 9420 §8.3, external initialisation).
  func hpkeSendExport(_ suite: CipherSuiteParameters, to publicKey: HPKEPublicKey, info: [UInt8], context: [UInt8], length: Int)
    throws(CryptoError) -> (kemOutput: [UInt8], secret: Secret)
  /// RFC 9180 §6.2 `ReceiveExportBase`.
  func hpkeReceiveExport(
    _ suite: CipherSuiteParameters, with privateKey: HPKEPrivateKey, kemOutput: [UInt8], info: [UInt8], context: [UInt8], length: Int
  ) throws(CryptoError) -> Secret

  func generateSignatureKeyPair(_ scheme: SignatureScheme) throws(CryptoError) -> SignatureKeyPair
  /// The public key that belongs to a private key.
  func publicKey(_ scheme: SignatureScheme, of privateKey: SignaturePrivateKey) throws(CryptoError) -> SignaturePublicKey
  func sign(_ scheme: SignatureScheme, with privateKey: SignaturePrivateKey, _ content: [UInt8]) throws(CryptoError) -> [UInt8]
  func verify(_ scheme: SignatureScheme, _ item: SignatureToVerify) -> Bool

  /// Checks many signatures; a provider may use several cores.
  /// - Returns: whether each is valid, in order.
  func verify(_ scheme: SignatureScheme, batch: [SignatureToVerify]) -> [Bool]
  /// Seals many plaintexts; a provider may use several cores.
  /// - Throws: the first failure; then nothing is returned.
  func hpkeSeal(_ suite: CipherSuiteParameters, batch: [PlaintextToSeal]) throws(CryptoError) -> [HPKECiphertext]
}

extension CryptoProvider {
  public func verify(_ scheme: SignatureScheme, batch: [SignatureToVerify]) -> [Bool] {
    var results: [Bool] = []
    results.reserveCapacity(batch.count)
    for item in batch { results.append(verify(scheme, item)) }
    return results
  }

  public func hpkeSeal(_ suite: CipherSuiteParameters, batch: [PlaintextToSeal]) throws(CryptoError) -> [HPKECiphertext] {
    var results: [HPKECiphertext] = []
    results.reserveCapacity(batch.count)
    for item in batch { results.append(try hpkeSeal(suite, to: item.publicKey, info: item.info, item.plaintext)) }
    return results
  }

  /// A fresh key pair: `DeriveKeyPair` of random bytes (RFC 9180 §4: `GenerateKeyPair` may be implemented so).
  public func generateKeyPair(_ kem: KEM) throws(CryptoError) -> HPKEKeyPair {
    var ikm = random(kem.privateKeySize)
    defer { wipe(&ikm) }
    return try deriveKeyPair(kem, ikm: Secret(ikm))
  }
}
