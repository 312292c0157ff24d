// Keys on the NIST curves, for key agreement and for ECDSA.
import CCryptoBoringSSL
import CryptoInterface

/// A key on P-256, P-384 or P-521, private or public, freed at the end of its life.
struct ECKey: ~Copyable {
  let pointer: OpaquePointer
  private let curve: Curve

  enum Curve {
    case p256, p384, p521
    /// Bytes of a coordinate, which is also the size of a scalar on these curves.
    var fieldSize: Int {
      switch self {
      case .p256: 32
      case .p384: 48
      case .p521: 66
      }
    }
    var pointSize: Int { 1 + 2 * fieldSize }
    var identifier: Int32 {
      switch self {
      case .p256: NID_X9_62_prime256v1
      case .p384: NID_secp384r1
      case .p521: NID_secp521r1
      }
    }
  }

  /// A scalar, big-endian, in [1, order). The public half is not computed.
  init(_ curve: Curve, scalar: Secret) throws(CryptoError) {
    self.curve = curve
    pointer = try ECKey.make(curve) { key in
      guard scalar.count == curve.fieldSize else { return false }
      return scalar.withBytes { CCryptoBoringSSL_EC_KEY_oct2priv(key, $0, $1) } == 1
    }
  }

  /// SEC 1 §2.3.4, the uncompressed form only (RFC 9180 §7.1.1, RFC 9420 §5.1.2); the library checks that it lies on the curve.
  init(_ curve: Curve, point: [UInt8]) throws(CryptoError) {
    self.curve = curve
    pointer = try ECKey.make(curve) { key in
      guard point.count == curve.pointSize, point[0] == 0x04 else { return false }
      return CCryptoBoringSSL_EC_KEY_oct2key(key, point, point.count, nil) == 1
    }
  }

  private static func make(_ curve: Curve, _ fill: (OpaquePointer) -> Bool) throws(CryptoError) -> OpaquePointer {
    guard let key = CCryptoBoringSSL_EC_KEY_new_by_curve_name(curve.identifier) else { throw .libraryFailure }
    guard fill(key) else {
      CCryptoBoringSSL_EC_KEY_free(key)
      throw .invalidKey
    }
    return key
  }

  deinit { CCryptoBoringSSL_EC_KEY_free(pointer) }

  /// The uncompressed point that belongs to a private key.
  func derivedPoint() throws(CryptoError) -> [UInt8] {
    let group = CCryptoBoringSSL_EC_KEY_get0_group(pointer)
    guard let point = CCryptoBoringSSL_EC_POINT_new(group) else { throw .libraryFailure }
    defer { CCryptoBoringSSL_EC_POINT_free(point) }
    guard CCryptoBoringSSL_EC_POINT_mul(group, point, CCryptoBoringSSL_EC_KEY_get0_private_key(pointer), nil, nil, nil) == 1 else {
      throw .libraryFailure
    }
    let size = curve.pointSize
    var written = 0
    let bytes = array(size) { out in
      written = CCryptoBoringSSL_EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, out, size, nil)
    }
    guard written == size else { throw .libraryFailure }
    return bytes
  }

  /// The x-coordinate of the shared point (RFC 9180 §4.1).
  func agree(with peer: borrowing ECKey) throws(CryptoError) -> Secret {
    let size = curve.fieldSize
    let (own, other) = (pointer, CCryptoBoringSSL_EC_KEY_get0_public_key(peer.pointer))
    var written: Int32 = 0
    let shared = secret(size) { out in written = CCryptoBoringSSL_ECDH_compute_key(out, size, other, own, nil) }
    guard Int(written) == size else { throw .invalidKey }
    return shared
  }
}
