// One link of an account's chain: what it is made of and how it is signed. `Chain` says which may follow which.
import CryptoInterface
import TLSCodec

///     enum { genesis(1), add_device(2), revoke_device(3), rotate_key(4), add_recovery_key(5), recover(6), house_reset(7), (65535) } StatementType;
public struct StatementType: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var rawValue: UInt16
  public init(_ rawValue: UInt16) { self.rawValue = rawValue }
  public init(from reader: inout Reader) throws(DecodingError) { rawValue = try reader.uint16() }
  public func encode(to writer: inout Writer) { writer.uint16(rawValue) }

  public static let genesis = StatementType(1)
  public static let addDevice = StatementType(2)
  public static let revokeDevice = StatementType(3)
  public static let rotateKey = StatementType(4)
  public static let addRecoveryKey = StatementType(5)
  public static let recover = StatementType(6)
  public static let houseReset = StatementType(7)
}

/// What a statement says. Unknown types are kept byte for byte, so that the chain's hashes stay right.
public indirect enum StatementBody: Hashable, Sendable {
  case genesis(Genesis)
  case addDevice(AddDevice)
  case revokeDevice(RevokeDevice)
  case rotateKey(RotateKey)
  case addRecoveryKey(AddRecoveryKey)
  case recover(Recover)
  case houseReset(HouseReset)
  case unknown(StatementType, [UInt8])

  public var type: StatementType {
    switch self {
    case .genesis: .genesis
    case .addDevice: .addDevice
    case .revokeDevice: .revokeDevice
    case .rotateKey: .rotateKey
    case .addRecoveryKey: .addRecoveryKey
    case .recover: .recover
    case .houseReset: .houseReset
    case .unknown(let type, _): type
    }
  }

  init(_ type: StatementType, decoding bytes: [UInt8]) throws(DecodingError) {
    switch type {
    case .genesis: self = .genesis(try Genesis(decoding: bytes))
    case .addDevice: self = .addDevice(try AddDevice(decoding: bytes))
    case .revokeDevice: self = .revokeDevice(try RevokeDevice(decoding: bytes))
    case .rotateKey: self = .rotateKey(try RotateKey(decoding: bytes))
    case .addRecoveryKey: self = .addRecoveryKey(try AddRecoveryKey(decoding: bytes))
    case .recover: self = .recover(try Recover(decoding: bytes))
    case .houseReset: self = .houseReset(try HouseReset(decoding: bytes))
    default: self = .unknown(type, bytes)
    }
  }

  var encodedBody: [UInt8] {
    switch self {
    case .genesis(let body): body.encoded()
    case .addDevice(let body): body.encoded()
    case .revokeDevice(let body): body.encoded()
    case .rotateKey(let body): body.encoded()
    case .addRecoveryKey(let body): body.encoded()
    case .recover(let body): body.encoded()
    case .houseReset(let body): body.encoded()
    case .unknown(_, let bytes): bytes
    }
  }
}

/// One link of a chain.
///
///     struct {
///         uint16 version = 1;
///         AccountID account;
///         uint32 position;          /* 0 = genesis; gapless */
///         opaque previous[32];      /* hash of the SignedStatement before; zeros at genesis */
///         uint64 time;              /* seconds since 1970, rounded down to the hour */
///         uint8 critical;           /* 1: who does not know the type must not go on with this chain */
///         StatementType type;
///         opaque body<V>;
///     } Statement;
public struct Statement: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public static let currentVersion: UInt16 = 1
  public var version: UInt16
  public var account: AccountID
  public var position: UInt32
  public var previous: Digest
  public var time: UInt64
  public var critical: Bool
  public var body: StatementBody

  /// - Parameter time: seconds since 1970; rounded down to the hour here.
  public init(
    account: AccountID, position: UInt32, previous: Digest, time: UInt64, critical: Bool = true, body: StatementBody,
    version: UInt16 = currentVersion
  ) {
    self.version = version
    self.account = account
    self.position = position
    self.previous = previous
    self.time = roundedToHour(time)
    self.critical = critical
    self.body = body
  }

  public init(from reader: inout Reader) throws(DecodingError) {
    version = try reader.uint16()
    account = try AccountID(from: &reader)
    position = try reader.uint32()
    previous = try Digest(from: &reader)
    time = try reader.uint64()
    critical = try reader.presence()
    let type = try StatementType(from: &reader)
    body = try StatementBody(type, decoding: try reader.opaque())
  }

  public func encode(to writer: inout Writer) {
    writer.uint16(version)
    account.encode(to: &writer)
    writer.uint32(position)
    previous.encode(to: &writer)
    writer.uint64(time)
    writer.uint8(critical ? 1 : 0)
    body.type.encode(to: &writer)
    writer.opaque(body.encodedBody)
  }
}

/// Whose key signs a statement.
///
///     enum { device(1), recovery(2), house(3), (255) } SignerKind;
public enum SignerKind: UInt8, Sendable, Hashable {
  case device = 1
  case recovery = 2
  case house = 3
}

///     struct {
///         SignerKind signer_kind;
///         opaque signer_key<V>;     /* Ed25519 public key, 32 bytes */
///         opaque signature<V>;      /* label "Statement" over the Statement */
///     } StatementSignature;
public struct StatementSignature: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var signerKind: SignerKind
  public var signerKey: SignaturePublicKey
  public var signature: [UInt8]

  public init(signerKind: SignerKind, signerKey: SignaturePublicKey, signature: [UInt8]) {
    self.signerKind = signerKind
    self.signerKey = signerKey
    self.signature = signature
  }
  public init(from reader: inout Reader) throws(DecodingError) {
    let raw = try reader.uint8()
    guard let kind = SignerKind(rawValue: raw) else { throw .unknownValue(type: "SignerKind", value: UInt64(raw)) }
    signerKind = kind
    signerKey = try reader.signatureKey()
    signature = try reader.opaque()
  }
  public func encode(to writer: inout Writer) {
    writer.uint8(signerKind.rawValue)
    signerKey.encode(to: &writer)
    writer.opaque(signature)
  }
}

///     struct {
///         Statement statement;
///         StatementSignature signature;
///     } SignedStatement;
///
/// Its hash, which the next statement names, covers the whole encoding.
public struct SignedStatement: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var statement: Statement
  public var signature: StatementSignature

  public init(statement: Statement, signature: StatementSignature) {
    self.statement = statement
    self.signature = signature
  }

  /// Signs a statement.
  /// - Throws: `.crypto`.
  public init(
    signing statement: Statement, as kind: SignerKind, with key: SignatureKeyPair, using crypto: some CryptoProvider
  ) throws(IdentityError) {
    self.statement = statement
    signature = StatementSignature(
      signerKind: kind, signerKey: key.publicKey,
      signature: try Signing.sign(.statement, statement.encoded(), with: key.privateKey, using: crypto))
  }

  /// - Throws: `.decoding`, `.limit(.statementBytes)`.
  public init(received bytes: [UInt8]) throws(IdentityError) {
    guard bytes.count <= IdentityLimits.statementBytes else { throw .limit(.statementBytes) }
    self = try decode(SignedStatement.self, bytes)
  }

  public init(from reader: inout Reader) throws(DecodingError) {
    statement = try Statement(from: &reader)
    signature = try StatementSignature(from: &reader)
  }
  public func encode(to writer: inout Writer) {
    statement.encode(to: &writer)
    signature.encode(to: &writer)
  }

  /// The hash that the next statement, feed entries and leaves name.
  public func hash(using crypto: some CryptoProvider) -> Digest { crypto.digest(encoded()) }

  func isSigned(using crypto: some CryptoProvider) -> Bool {
    Signing.isValid(signature.signature, .statement, statement.encoded(), by: signature.signerKey, using: crypto)
  }
}
