// What two people compare, by eye or by camera, to know that nobody stands between them.
import CryptoInterface
import TLSCodec

/// 60 digits for two accounts. The same on both sides; stays while devices come and go, changes where the house reset an account.
///
/// The fingerprint is SHA-256("Safety number" ‖ a ‖ b) with a, b = {genesis hash ‖ uint32 reset_count} of each account, the smaller first. The
/// digits are HKDF-Expand-SHA256(fingerprint, "digits", 60), each 5 bytes as a number modulo 100,000.
public struct SafetyNumber: Hashable, Sendable {
  /// 32 bytes.
  public let fingerprint: Digest
  /// Twelve groups of five digits.
  public let groups: [String]

  public init(_ a: ChainState, _ b: ChainState, using crypto: some CryptoProvider) {
    let (x, y) = (SafetyNumber.part(a), SafetyNumber.part(b))
    let ordered = y.lexicographicallyPrecedes(x) ? y + x : x + y
    fingerprint = crypto.digest(Array("Safety number".utf8) + ordered)
    let digits = crypto.hkdfExpand(.sha256, prk: Secret(fingerprint.bytes), info: Array("digits".utf8), length: 60).exposed
    var groups: [String] = []
    for i in 0..<12 {
      var value: UInt64 = 0
      for byte in digits[(5 * i)..<(5 * i + 5)] { value = value << 8 | UInt64(byte) }
      value %= 100_000
      var characters = [UInt8](repeating: 0x30, count: 5)
      for place in characters.indices.reversed() {
        characters[place] = 0x30 + UInt8(truncatingIfNeeded: value % 10)
        value /= 10
      }
      groups.append(String(decoding: characters, as: UTF8.self))
    }
    self.groups = groups
  }

  private static func part(_ state: ChainState) -> [UInt8] {
    var w = Writer(capacity: 36)
    state.genesisHash.encode(to: &w)
    w.uint32(state.resetCount)
    return w.bytes
  }

  /// The groups with blanks between them.
  public var text: String {
    var bytes: [UInt8] = []
    for (i, group) in groups.enumerated() {
      if i > 0 { bytes.append(0x20) }
      bytes += Array(group.utf8)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static let scheme = "safety:"

  /// `safety:` and the fingerprint in base64url, for a QR code.
  public var qrText: String { SafetyNumber.scheme + Base64URL.encode(fingerprint.bytes) }

  /// Whether a scanned QR text or typed digits are this number; blanks and line breaks between digits do not matter.
  /// - Throws: `.safetyNumber` where the text is none at all, so that a wrong scan is no alarm.
  public func matches(_ text: String) throws(IdentityError) -> Bool {
    let bytes = Array(text.utf8)
    let prefix = Array(SafetyNumber.scheme.utf8)
    if bytes.starts(with: prefix) {
      guard let scanned = Base64URL.decode(Array(bytes.dropFirst(prefix.count))), scanned.count == Digest.size else { throw .safetyNumber }
      return constantTimeEqual(scanned, fingerprint.bytes)
    }
    var digits: [UInt8] = []
    for byte in bytes where byte != 0x20 && byte != 0x0A && byte != 0x0D && byte != 0x09 {
      guard byte >= 0x30, byte <= 0x39, digits.count < 60 else { throw .safetyNumber }
      digits.append(byte)
    }
    guard digits.count == 60 else { throw .safetyNumber }
    var own: [UInt8] = []
    for group in groups { own += Array(group.utf8) }
    return constantTimeEqual(digits, own)
  }
}
