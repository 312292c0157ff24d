import CryptoInterface

/// RFC 9420 §13.5: values 0x?A?A that mean nothing, listed so that peers keep ignoring what they do not know.
enum GREASE {
  static let values: [UInt16] = [
    0x0A0A, 0x1A1A, 0x2A2A, 0x3A3A, 0x4A4A, 0x5A5A, 0x6A6A, 0x7A7A, 0x8A8A, 0x9A9A, 0xAAAA, 0xBABA, 0xCACA, 0xDADA, 0xEAEA,
  ]

  /// One of the values, at random.
  static func pick(_ crypto: some CryptoProvider) -> UInt16 {
    values[Int(crypto.random(1)[0]) % values.count]
  }
}
