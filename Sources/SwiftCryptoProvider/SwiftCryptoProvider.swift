// SwiftCryptoProvider: MLS's cryptography on swift-crypto's public API, for everything that runs natively.
// HPKE itself is CryptoInterface's; this target brings the primitives.
import CryptoInterface
import enum CryptoInterface.CryptoError
import Crypto
import FoundationEssentials
import Glibc

/// `CryptoProvider` on swift-crypto.
public struct SwiftCryptoProvider: HPKEPrimitives {
  public let suites: CipherSuiteTable
  let signingKeys = SigningKeyCache()

  public init(suites: CipherSuiteTable = CipherSuiteTable()) { self.suites = suites }

  public func random(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      let bytes = UnsafeMutableRawBufferPointer(buffer)
      // getentropy(3) gives at most 256 bytes a call.
      for start in stride(from: 0, to: count, by: 256) {
        let size = min(256, count - start)
        guard getentropy(bytes.baseAddress! + start, size) == 0 else { fatalError("the system's random generator failed") }
      }
      initialized = count
    }
  }

  public func hash(_ algorithm: HashAlgorithm, _ data: [UInt8]) -> [UInt8] {
    switch algorithm {
    case .sha256: SHA256.hash(data: data).withUnsafeBytes { Array($0) }
    case .sha384: SHA384.hash(data: data).withUnsafeBytes { Array($0) }
    case .sha512: SHA512.hash(data: data).withUnsafeBytes { Array($0) }
    }
  }

  public func hmac(_ algorithm: HashAlgorithm, key: Secret, _ data: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: algorithm.size) { buffer, initialized in
      let out = UnsafeMutableRawBufferPointer(buffer)
      key.withUnsafeBytes { key in data.withUnsafeBytes { authenticationCode(algorithm, key: key, $0, into: out) } }
      initialized = algorithm.size
    }
  }

  public func hkdfExtract(_ algorithm: HashAlgorithm, salt: Secret, ikm: Secret) -> Secret {
    Secret(count: algorithm.size) { out in
      salt.withUnsafeBytes { salt in ikm.withUnsafeBytes { authenticationCode(algorithm, key: salt, $0, into: out) } }
    }
  }

  public func hkdfExpand(_ algorithm: HashAlgorithm, prk: Secret, info: [UInt8], length: Int) -> Secret {
    Secret(count: length) { out in
      prk.withUnsafeBytes { prk in info.withUnsafeBytes { expand(algorithm, prk: prk, info: $0, into: out) } }
    }
  }
}
