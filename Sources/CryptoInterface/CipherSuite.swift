import TLSCodec

/// RFC 9420 §5.1 and §17.1: the number of a cipher suite. Any number can be carried; `CipherSuiteTable` says which are known.
public struct CipherSuite: Hashable, Sendable, TLSEncodable, TLSDecodable, CustomStringConvertible {
  public var rawValue: UInt16
  public init(_ rawValue: UInt16) { self.rawValue = rawValue }
  public init(from reader: inout Reader) throws(DecodingError) { rawValue = try reader.uint16() }
  public func encode(to writer: inout Writer) { writer.uint16(rawValue) }
  public var description: String { "\(rawValue)" }

  public static let mls128DHKEMX25519AES128GCMSHA256Ed25519 = CipherSuite(0x0001)
  public static let mls128DHKEMP256AES128GCMSHA256P256 = CipherSuite(0x0002)
  public static let mls128DHKEMX25519ChaCha20Poly1305SHA256Ed25519 = CipherSuite(0x0003)
  public static let mls256DHKEMX448AES256GCMSHA512Ed448 = CipherSuite(0x0004)
  public static let mls256DHKEMP521AES256GCMSHA512P521 = CipherSuite(0x0005)
  public static let mls256DHKEMX448ChaCha20Poly1305SHA512Ed448 = CipherSuite(0x0006)
  public static let mls256DHKEMP384AES256GCMSHA384P384 = CipherSuite(0x0007)
}

/// The KEM of a suite, by its HPKE number (RFC 9180 §7.1; X-Wing: draft-ietf-hpke-pq).
public enum KEM: UInt16, Sendable, CaseIterable {
  case dhkemP256 = 0x0010
  case dhkemP384 = 0x0011
  case dhkemP521 = 0x0012
  case dhkemX25519 = 0x0020
  case xwing = 0x647A

  /// Bytes of a serialised public key.
  public var publicKeySize: Int {
    switch self {
    case .dhkemP256: 65
    case .dhkemP384: 97
    case .dhkemP521: 133
    case .dhkemX25519: 32
    case .xwing: 1216
    }
  }
  /// Bytes of an encapsulated key (`kem_output`).
  public var encapsulationSize: Int { self == .xwing ? 1120 : publicKeySize }
  /// Bytes of a serialised private key; X-Wing's is its seed.
  public var privateKeySize: Int {
    switch self {
    case .dhkemP384: 48
    case .dhkemP521: 66
    default: 32
    }
  }
  /// The hash inside a DHKEM (RFC 9180 §7.1); unused by X-Wing.
  public var kdf: HashAlgorithm {
    switch self {
    case .dhkemP384: .sha384
    case .dhkemP521: .sha512
    default: .sha256
    }
  }
}

/// The hash, and by HKDF the KDF, of a suite.
public enum HashAlgorithm: UInt8, Sendable, CaseIterable {
  case sha256, sha384, sha512
  /// `Nh`: bytes of a hash and of every secret of the key schedule.
  public var size: Int {
    switch self {
    case .sha256: 32
    case .sha384: 48
    case .sha512: 64
    }
  }
  /// The HPKE number of HKDF with this hash (RFC 9180 §7.2).
  public var hpkeKDF: UInt16 {
    switch self {
    case .sha256: 0x0001
    case .sha384: 0x0002
    case .sha512: 0x0003
    }
  }
}

/// The AEAD of a suite, by its HPKE number (RFC 9180 §7.3).
public enum AEADAlgorithm: UInt16, Sendable, CaseIterable {
  case aes128GCM = 0x0001
  case aes256GCM = 0x0002
  case chaCha20Poly1305 = 0x0003
  /// `Nk` in bytes.
  public var keySize: Int { self == .aes128GCM ? 16 : 32 }
  /// `Nn` in bytes.
  public var nonceSize: Int { 12 }
  public var tagSize: Int { 16 }
}

/// RFC 9420 §5.1.2: ECDSA signatures are DER, its keys uncompressed points; Ed25519 keys and signatures are as in RFC 8032.
public enum SignatureScheme: UInt16, Sendable, CaseIterable {
  case ecdsaSecp256r1SHA256 = 0x0403
  case ecdsaSecp384r1SHA384 = 0x0503
  case ecdsaSecp521r1SHA512 = 0x0603
  case ed25519 = 0x0807
}

/// What the number of a suite stands for.
public struct CipherSuiteParameters: Sendable, Equatable {
  public var suite: CipherSuite
  public var kem: KEM
  public var hash: HashAlgorithm
  public var aead: AEADAlgorithm
  public var signature: SignatureScheme
  public init(suite: CipherSuite, kem: KEM, hash: HashAlgorithm, aead: AEADAlgorithm, signature: SignatureScheme) {
    self.suite = suite
    self.kem = kem
    self.hash = hash
    self.aead = aead
    self.signature = signature
  }
}

/// The suites that a provider offers. X-Wing's numbers are not assigned yet (draft-ietf-mls-pq-ciphersuites-06 has TBD), so a house configures them;
/// each draft version that changes the suite's meaning gets numbers of its own, and groups move by ReInit.
public struct CipherSuiteTable: Sendable {
  public private(set) var entries: [CipherSuiteParameters]

  public init(_ entries: [CipherSuiteParameters]) { self.entries = entries }

  /// The five classical suites and X-Wing under the given numbers.
  public init(xwing: XWingCodePoints = .draft06) {
    entries = CipherSuiteTable.classical
    entries.append(
      .init(suite: xwing.aes128, kem: .xwing, hash: .sha256, aead: .aes128GCM, signature: .ed25519))
    entries.append(
      .init(suite: xwing.aes256, kem: .xwing, hash: .sha384, aead: .aes256GCM, signature: .ed25519))
  }

  /// Suites 1, 2, 3, 5, 7 of RFC 9420 §17.1. 4 and 6 need X448 and Ed448, which no library at hand has.
  public static let classical: [CipherSuiteParameters] = [
    .init(suite: CipherSuite(1), kem: .dhkemX25519, hash: .sha256, aead: .aes128GCM, signature: .ed25519),
    .init(suite: CipherSuite(2), kem: .dhkemP256, hash: .sha256, aead: .aes128GCM, signature: .ecdsaSecp256r1SHA256),
    .init(suite: CipherSuite(3), kem: .dhkemX25519, hash: .sha256, aead: .chaCha20Poly1305, signature: .ed25519),
    .init(suite: CipherSuite(5), kem: .dhkemP521, hash: .sha512, aead: .aes256GCM, signature: .ecdsaSecp521r1SHA512),
    .init(suite: CipherSuite(7), kem: .dhkemP384, hash: .sha384, aead: .aes256GCM, signature: .ecdsaSecp384r1SHA384),
  ]

  /// The parameters of a suite, nil where it is unknown.
  public func parameters(of suite: CipherSuite) -> CipherSuiteParameters? {
    for entry in entries where entry.suite == suite { return entry }
    return nil
  }
}

/// The numbers under which a house runs the two X-Wing suites of one draft version; private range 0xF000–0xFFFF (RFC 9420 §17.1).
public struct XWingCodePoints: Sendable, Equatable {
  /// MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519
  public var aes128: CipherSuite
  /// MLS_256_MLKEM768X25519_AES256GCM_SHA384_Ed25519
  public var aes256: CipherSuite
  public init(aes128: CipherSuite, aes256: CipherSuite) {
    self.aes128 = aes128
    self.aes256 = aes256
  }
  /// draft-ietf-mls-pq-ciphersuites-06.
  public static let draft06 = XWingCodePoints(aes128: CipherSuite(0xF061), aes256: CipherSuite(0xF062))
}

extension CipherSuite {
  /// What the product uses unless told otherwise: X-Wing, AES-256-GCM, SHA-384 (requirement S5).
  public static let standard = XWingCodePoints.draft06.aes256
}
