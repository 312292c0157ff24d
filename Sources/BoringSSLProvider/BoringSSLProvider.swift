// BoringSSLProvider: MLS's cryptography on BoringSSL's C interface, for wasm32 in Embedded Swift. It is also compiled natively, so that one
// conformance suite runs on both providers.
import CCryptoBoringSSL
import CryptoInterface

/// `CryptoProvider` on BoringSSL.
public struct BoringSSLProvider: HPKEPrimitives {
  public let suites: CipherSuiteTable

  public init(suites: CipherSuiteTable = CipherSuiteTable()) { self.suites = suites }

  public func random(_ count: Int) -> [UInt8] {
    array(count) { out in _ = CCryptoBoringSSL_RAND_bytes(out, count) }
  }

  public func hash(_ algorithm: HashAlgorithm, _ data: [UInt8]) -> [UInt8] {
    data.withUnsafeBufferPointer { data in
      array(algorithm.size) { out in
        switch algorithm {
        case .sha256: _ = CCryptoBoringSSL_SHA256(data.baseAddress, data.count, out)
        case .sha384: _ = CCryptoBoringSSL_SHA384(data.baseAddress, data.count, out)
        case .sha512: _ = CCryptoBoringSSL_SHA512(data.baseAddress, data.count, out)
        }
      }
    }
  }

  public func hmac(_ algorithm: HashAlgorithm, key: Secret, _ data: [UInt8]) -> [UInt8] {
    key.withBytes { key, keyCount in
      data.withUnsafeBufferPointer { data in
        array(algorithm.size) { out in
          var size: UInt32 = 0
          let done = CCryptoBoringSSL_HMAC(algorithm.digest, key, keyCount, data.baseAddress, data.count, out, &size)
          precondition(done != nil, "HMAC fails only without memory")
        }
      }
    }
  }

  public func hkdfExtract(_ algorithm: HashAlgorithm, salt: Secret, ikm: Secret) -> Secret {
    salt.withBytes { salt, saltCount in
      ikm.withBytes { ikm, ikmCount in
        secret(algorithm.size) { out in
          var size = 0
          let done = CCryptoBoringSSL_HKDF_extract(out, &size, algorithm.digest, ikm, ikmCount, salt, saltCount)
          precondition(done == 1, "HKDF-Extract fails only without memory")
        }
      }
    }
  }

  public func hkdfExpand(_ algorithm: HashAlgorithm, prk: Secret, info: [UInt8], length: Int) -> Secret {
    precondition(length <= 255 * algorithm.size, "RFC 5869 §2.3 ends at 255 blocks")
    return prk.withBytes { prk, prkCount in
      info.withUnsafeBufferPointer { info in
        secret(length) { out in
          let done = CCryptoBoringSSL_HKDF_expand(out, length, algorithm.digest, prk, prkCount, info.baseAddress, info.count)
          precondition(done == 1, "HKDF-Expand fails only without memory")
        }
      }
    }
  }
}

extension HashAlgorithm {
  var digest: OpaquePointer? {
    switch self {
    case .sha256: CCryptoBoringSSL_EVP_sha256()
    case .sha384: CCryptoBoringSSL_EVP_sha384()
    case .sha512: CCryptoBoringSSL_EVP_sha512()
    }
  }
}

// MARK: Memory for C

/// `count` bytes that C writes.
func array(_ count: Int, _ fill: (UnsafeMutablePointer<UInt8>?) -> Void) -> [UInt8] {
  [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
    fill(buffer.baseAddress)
    initialized = count
  }
}

/// `count` secret bytes that C writes.
func secret(_ count: Int, _ fill: (UnsafeMutablePointer<UInt8>?) -> Void) -> Secret {
  Secret(count: count) { fill($0.baseAddress?.assumingMemoryBound(to: UInt8.self)) }
}

extension Secret {
  func withBytes<R>(_ body: (UnsafePointer<UInt8>?, Int) -> R) -> R {
    withUnsafeBytes { body($0.baseAddress?.assumingMemoryBound(to: UInt8.self), $0.count) }
  }
}
