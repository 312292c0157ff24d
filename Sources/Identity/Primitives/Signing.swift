// Every signature outside of MLS: Ed25519 over a label and a content, so that no signature can be taken for one of another kind.
import CryptoInterface
import TLSCodec

/// What a signature says. On the wire it is preceded by "Chat 1.0 ".
public struct SigningLabel: Sendable {
  let text: StaticString
  public init(_ text: StaticString) { self.text = text }

  public static let statement = SigningLabel("Statement")
  public static let admission = SigningLabel("Admission")
  public static let devicePossession = SigningLabel("DevicePossession")
  public static let house = SigningLabel("House")
  public static let policy = SigningLabel("Policy")
  public static let invitation = SigningLabel("Invitation")
  public static let feedHead = SigningLabel("FeedHead")
  /// A device proves to the server that it holds its key.
  public static let logIn = SigningLabel("LogIn")
  /// The holder of the set-up link makes the house.
  public static let setUp = SigningLabel("SetUp")
  /// The administrator withdraws an invitation.
  public static let withdraw = SigningLabel("Withdraw")
  /// A member complains of a commit.
  public static let report = SigningLabel("Report")
}

/// As RFC 9420 §5.1.2 `SignWithLabel`, with a prefix of its own.
///
///     struct {
///         opaque label<V>;     /* "Chat 1.0 " + label */
///         opaque content<V>;
///     } SignContent;
public enum Signing {
  /// Ed25519 everywhere outside of MLS.
  public static let scheme = SignatureScheme.ed25519
  /// Bytes of a public key (RFC 8032 §5.1.5).
  public static let publicKeySize = 32

  /// What is signed.
  public static func content(_ label: SigningLabel, _ content: [UInt8]) -> [UInt8] {
    var w = Writer(capacity: content.count + 48)
    w.vector { (w: inout Writer) in
      w.fixed(Array("Chat 1.0 ".utf8))
      label.text.withUTF8Buffer { w.fixed(UnsafeRawBufferPointer($0)) }
    }
    w.opaque(content)
    return w.bytes
  }

  /// - Throws: `.crypto`.
  public static func sign(
    _ label: SigningLabel, _ content: [UInt8], with key: SignaturePrivateKey, using crypto: some CryptoProvider
  ) throws(IdentityError) -> [UInt8] {
    do { return try crypto.sign(scheme, with: key, Self.content(label, content)) } catch { throw .crypto(error) }
  }

  public static func isValid(
    _ signature: [UInt8], _ label: SigningLabel, _ content: [UInt8], by key: SignaturePublicKey, using crypto: some CryptoProvider
  ) -> Bool {
    guard key.bytes.count == publicKeySize else { return false }
    return crypto.verify(scheme, SignatureToVerify(publicKey: key, content: Self.content(label, content), signature: signature))
  }

  /// A fresh Ed25519 key pair.
  /// - Throws: `.crypto`.
  public static func makeKeyPair(using crypto: some CryptoProvider) throws(IdentityError) -> SignatureKeyPair {
    do { return try crypto.generateSignatureKeyPair(scheme) } catch { throw .crypto(error) }
  }

  /// The key pair of a seed of 32 bytes.
  /// - Throws: `.crypto`.
  public static func keyPair(seed: Secret, using crypto: some CryptoProvider) throws(IdentityError) -> SignatureKeyPair {
    let key = SignaturePrivateKey(seed)
    do { return SignatureKeyPair(privateKey: key, publicKey: try crypto.publicKey(scheme, of: key)) } catch { throw .crypto(error) }
  }
}

extension CryptoProvider {
  /// SHA-256, the hash of everything here.
  func digest(_ data: [UInt8]) -> Digest { Digest(hash: hash(.sha256, data)) }

  /// A fresh random identifier.
  public func randomBytes<T: FixedBytes>(_ type: T.Type = T.self) -> T {
    guard let value = T(random(T.size)) else { preconditionFailure("the generator gave another number of bytes than asked for") }
    return value
  }
}

extension Reader {
  /// An Ed25519 public key: `opaque key<V>` of 32 bytes.
  mutating func signatureKey() throws(DecodingError) -> SignaturePublicKey {
    let key = try SignaturePublicKey(from: &self)
    guard key.bytes.count == Signing.publicKeySize else { throw .invalidValue("Ed25519 public key") }
    return key
  }
}

/// An hour in seconds: times in statements are rounded down to it, so that they tell little of when somebody works.
public let statementTimeStep: UInt64 = 3_600

/// Seconds since 1970 rounded down to the hour.
public func roundedToHour(_ time: UInt64) -> UInt64 { time - time % statementTimeStep }
