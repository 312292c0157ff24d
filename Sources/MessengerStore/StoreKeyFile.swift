import Crypto
import CryptoExtras
import CryptoInterface
import Foundation
import TLSCodec

/// The file with the store's key: 32 random bytes under which the engine seals every record from the first one on.
///
///     struct {
///       opaque magic[8] = "storekey";
///       uint8 version = 1;
///       uint8 protection;                 // none(0) passphrase(1)
///       select (protection) {
///         case none:       opaque key[32];
///         case passphrase: uint8 log2_n; uint8 r; uint8 p; opaque salt[16]; opaque nonce[12]; opaque sealed[48];
///       }
///       opaque checksum[32];              // SHA-256 of all before it: tells a damaged file from a wrong passphrase
///     } StoreKeyFile;
///
/// `sealed` is ChaCha20-Poly1305 of the key under scrypt (RFC 7914) of the passphrase; all before it is additional data. Without a passphrase who can read the
/// file can read the store. A change of the passphrase replaces this file only; an old copy of it opens with the old passphrase.
public struct StoreKeyFile: Sendable {
  public let path: String
  let cost: Cost

  /// scrypt's parameters. N = 2^17, r = 8, p = 1 takes 128 MB and some tenths of a second: OWASP's first choice for scrypt.
  package struct Cost: Equatable, Sendable {
    package var log2N: UInt8
    package var r: UInt8
    package var p: UInt8
    package init(log2N: UInt8, r: UInt8, p: UInt8) {
      self.log2N = log2N
      self.r = r
      self.p = p
    }
    package static let standard = Cost(log2N: 17, r: 8, p: 1)

    /// What we read from a file: at most 1 GB and p = 4, so that a file from elsewhere cannot stop the machine.
    var isBearable: Bool {
      (1...23).contains(log2N) && (1...16).contains(r) && (1...4).contains(p) && (128 * Int(r)) << Int(log2N) <= 1 << 30
    }
  }

  private static let magic = Array("storekey".utf8)
  private static let version: UInt8 = 1
  private static let keySize = 32
  private static let maximumSize = 256

  public init(path: String) { self.init(path: path, cost: .standard) }

  package init(path: String, cost: Cost) {
    self.path = path
    self.cost = cost
  }

  /// Whether `open` needs a passphrase.
  /// - Throws: `.noKey`, `.damaged`, `.newerVersion`, `.noAccess`.
  public var needsPassphrase: Bool {
    get throws(StoreError) {
      if case .sealed = try read() { return true }
      return false
    }
  }

  /// Makes a key and its file.
  /// - Parameter passphrase: nil leaves the key readable for who can read the file.
  /// - Returns: the key, 32 bytes.
  /// - Throws: `.keyExists`, `.emptyPassphrase`, `.full`, `.noAccess`, `.failed`.
  public func create(passphrase: String?) throws(StoreError) -> Secret {
    try StoreFolder.prepare(for: path)
    let key = Secret(SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) })
    try StoreFolder.write(try wrap(key, passphrase), to: path, replacing: false)
    return key
  }

  /// - Returns: the key, 32 bytes.
  /// - Throws: `.noKey`, `.passphraseNeeded`, `.wrongPassphrase`, `.damaged`, `.newerVersion`, `.noAccess`. A passphrase that is not needed is ignored.
  public func open(passphrase: String?) throws(StoreError) -> Secret {
    switch try read() {
    case .plain(let key): return key
    case .sealed(let wrapping):
      guard let passphrase else { throw .passphraseNeeded }
      let box = try derive(passphrase, wrapping.cost, wrapping.salt)
      do {
        let sealed = try ChaChaPoly.SealedBox(combined: wrapping.nonce + wrapping.sealed)
        return Secret([UInt8](try ChaChaPoly.open(sealed, using: box, authenticating: wrapping.header)))
      } catch { throw .wrongPassphrase }
    }
  }

  /// Puts the same key under another passphrase, or under none. After a crash the old file or the new one is there.
  /// - Throws: as `open` and `create`; then the old passphrase stays.
  public func changePassphrase(from old: String?, to new: String?) throws(StoreError) {
    let key = try open(passphrase: old)
    try StoreFolder.write(try wrap(key, new), to: path, replacing: true)
  }

  // MARK: Format

  private enum Content {
    case plain(Secret)
    case sealed(Wrapping)
  }

  private struct Wrapping {
    var cost: Cost
    var salt: [UInt8]
    var nonce: [UInt8]
    var sealed: [UInt8]
    /// All before `sealed`.
    var header: [UInt8]
  }

  private func wrap(_ key: Secret, _ passphrase: String?) throws(StoreError) -> [UInt8] {
    var writer = Writer()
    writer.fixed(Self.magic)
    writer.uint8(Self.version)
    if let passphrase {
      let salt = SymmetricKey(size: .bits128).withUnsafeBytes { Array($0) }
      let nonce = ChaChaPoly.Nonce()
      writer.uint8(1)
      for parameter in [cost.log2N, cost.r, cost.p] { writer.uint8(parameter) }
      writer.fixed(salt)
      writer.fixed(Array(nonce))
      let box = try derive(passphrase, cost, salt)
      do {
        let sealed = try ChaChaPoly.seal(key.exposed, using: box, nonce: nonce, authenticating: writer.bytes)
        writer.fixed([UInt8](sealed.ciphertext) + [UInt8](sealed.tag))
      } catch { throw .failed(code: -1) }
    } else {
      writer.uint8(0)
      writer.fixed(key.exposed)
    }
    return writer.bytes + Array(SHA256.hash(data: writer.bytes))
  }

  private func read() throws(StoreError) -> Content {
    guard let bytes = try StoreFolder.read(path, atMost: Self.maximumSize) else { throw .noKey }
    guard bytes.count > Self.magic.count, bytes.starts(with: Self.magic) else { throw .damaged }
    guard bytes[Self.magic.count] <= Self.version else { throw .newerVersion(Int(bytes[Self.magic.count])) }
    let end = bytes.count - SHA256.byteCount
    guard end > 0, Array(SHA256.hash(data: bytes[..<end])) == Array(bytes[end...]) else { throw .damaged }
    do throws(DecodingError) {
      var reader = Reader(Array(bytes[..<end]))
      _ = try reader.fixed(Self.magic.count + 1)
      let content: Content
      switch try reader.uint8() {
      case 0: content = .plain(Secret(try reader.fixed(Self.keySize)))
      case 1:
        let cost = Cost(log2N: try reader.uint8(), r: try reader.uint8(), p: try reader.uint8())
        guard cost.isBearable else { throw .limitExceeded("scrypt parameters") }
        let salt = try reader.fixed(16)
        let nonce = try reader.fixed(12)
        let header = reader.bytes(since: 0)
        content = .sealed(Wrapping(cost: cost, salt: salt, nonce: nonce, sealed: try reader.fixed(Self.keySize + 16), header: header))
      case let other: throw .unknownValue(type: "key protection", value: UInt64(other))
      }
      try reader.finish()
      return content
    } catch { throw .damaged }
  }

  private func derive(_ passphrase: String, _ cost: Cost, _ salt: [UInt8]) throws(StoreError) -> SymmetricKey {
    // One person's keyboards may compose a letter differently.
    let bytes = Array(passphrase.precomposedStringWithCanonicalMapping.utf8)
    guard !bytes.isEmpty else { throw .emptyPassphrase }
    do {
      return try KDF.Scrypt.deriveKey(
        from: bytes, salt: salt, outputByteCount: 32, rounds: 1 << Int(cost.log2N), blockSize: Int(cost.r), parallelism: Int(cost.p))
    } catch { throw .failed(code: -1) }
  }
}
