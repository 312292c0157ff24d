// The secret of a link or code: 20 symbols that people can read out and type, and what is derived from them.
import CryptoInterface
import TLSCodec

/// 19 random symbols of Crockford's base 32 (95 bits) and a check symbol.
///
/// The check symbol is Σ symbol(i) · α^(19−i) over GF(32), i from 0 to 18, with α a root of x⁵ + x² + 1. α has order 31, so the weights of all
/// twenty places differ and none is zero: every single wrong symbol and every two that changed places are noticed.
public struct LinkSecret: Sendable, Equatable {
  /// 19 values below 32.
  private let symbols: Secret
  static let randomSymbols = 19

  private init(values: [UInt8]) { symbols = Secret(values) }

  /// A fresh secret.
  public static func make(using crypto: some CryptoProvider) -> LinkSecret {
    var values = crypto.random(randomSymbols)
    defer { wipe(&values) }
    for i in values.indices { values[i] &= 31 }
    return LinkSecret(values: values)
  }

  /// Reads what somebody typed: upper or lower case, with or without hyphens and blanks; I and L are read as 1, O as 0.
  /// - Throws: `.mistyped`.
  public init(text: String) throws(IdentityError) {
    var values: [UInt8] = []
    defer { wipe(&values) }
    for byte in text.utf8 {
      if byte == 0x2D || byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { continue }
      guard let value = LinkSecret.value(of: byte), values.count <= LinkSecret.randomSymbols else { throw .mistyped }
      values.append(value)
    }
    guard values.count == LinkSecret.randomSymbols + 1, let last = values.popLast(), last == LinkSecret.check(values) else {
      throw .mistyped
    }
    symbols = Secret(values)
  }

  /// XXXXX-XXXXX-XXXXX-XXXXX.
  public var text: String {
    var values = symbols.exposed
    values.append(LinkSecret.check(values))
    var characters: [UInt8] = []
    for (i, value) in values.enumerated() {
      if i > 0 && i % 5 == 0 { characters.append(0x2D) }
      characters.append(LinkSecret.alphabet[Int(value & 31)])
    }
    return String(decoding: characters, as: UTF8.self)
  }

  // MARK: Symbols

  /// No I, L, O, U.
  private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

  private static func value(of byte: UInt8) -> UInt8? {
    let upper = byte >= 0x61 && byte <= 0x7A ? byte - 0x20 : byte
    switch upper {
    case 0x49, 0x4C: return 1
    case 0x4F: return 0
    default: break
    }
    guard let index = alphabet.firstIndex(of: upper) else { return nil }
    return UInt8(truncatingIfNeeded: index)
  }

  /// By Horner's rule.
  private static func check(_ values: [UInt8]) -> UInt8 {
    var sum: UInt8 = 0
    for value in values { sum = timesAlpha(sum ^ value) }
    return sum
  }

  private static func timesAlpha(_ value: UInt8) -> UInt8 {
    let doubled = value << 1
    return doubled & 0x20 == 0 ? doubled : doubled ^ 0x25
  }

  // MARK: What is derived

  /// HKDF-SHA256 with salt "link secret".
  private func derive(_ purpose: StaticString, _ length: Int, using crypto: some CryptoProvider) -> Secret {
    let prk = crypto.hkdfExtract(.sha256, salt: Secret(Array("link secret".utf8)), ikm: symbols)
    return crypto.hkdfExpand(.sha256, prk: prk, info: purpose.withUTF8Buffer { Array($0) }, length: length)
  }

  /// Signs the admission of the account that uses the invitation, and the set-up of a house; its public half stands in the invitation.
  /// - Throws: `.crypto`.
  public func invitationKey(using crypto: some CryptoProvider) throws(IdentityError) -> SignatureKeyPair {
    try Signing.keyPair(seed: derive("invitation key", 32, using: crypto), using: crypto)
  }

  /// What the server keeps with the invitation, so that the holder of the secret knows the house: 32 bytes.
  public func houseTag(_ house: HouseID, using crypto: some CryptoProvider) -> [UInt8] {
    crypto.hmac(.sha256, key: derive("house tag", 32, using: crypto), house.bytes)
  }

  /// - Throws: `.houseTag` where whoever made the tag meant another house, or did not have the secret.
  public func check(houseTag: [UInt8], of house: HouseID, using crypto: some CryptoProvider) throws(IdentityError) {
    guard constantTimeEqual(houseTag, self.houseTag(house, using: crypto)) else { throw .houseTag }
  }

  /// Where on the server two devices that share this secret meet: 16 bytes.
  public func slot(using crypto: some CryptoProvider) -> [UInt8] { derive("slot", 16, using: crypto).exposed }

  /// ChaCha20-Poly1305 key of what lies in the slot.
  func slotKey(using crypto: some CryptoProvider) -> Secret { derive("slot key", 32, using: crypto) }
}
