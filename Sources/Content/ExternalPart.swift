import CBOR

/// §4.5: content that lies elsewhere, encrypted with a key that only the message has.
public struct ExternalPart: Equatable, Sendable {
  public var contentType: UTF8Text
  /// Where to fetch it.
  public var url: UTF8Text
  /// Seconds since the start of 1970 until which it can be fetched; 0: no end.
  public var expires: UInt32
  /// Bytes; 0: not said.
  public var size: UInt64
  /// IANA's number of the AEAD; 0: not encrypted, and key, nonce and additional data are empty.
  public var encryption: UInt16
  public var key: [UInt8]
  public var nonce: [UInt8]
  public var additionalData: [UInt8]
  /// IANA's number of the hash function (Named Information); 0: none.
  public var hashAlgorithm: UInt8
  /// Hash of what lies at the URL.
  public var contentHash: [UInt8]
  public var description: UTF8Text
  /// A suggestion of the sender: never a path to write to.
  public var filename: UTF8Text

  /// §4.5: the AEAD everybody has.
  public static let aes128GCM: UInt16 = 1
  public static let sha256: UInt8 = 1
  static let fields = 12

  public init(
    contentType: UTF8Text, url: UTF8Text, expires: UInt32 = 0, size: UInt64 = 0, encryption: UInt16 = 0, key: [UInt8] = [], nonce: [UInt8] = [],
    additionalData: [UInt8] = [], hashAlgorithm: UInt8 = 0, contentHash: [UInt8] = [], description: UTF8Text = "", filename: UTF8Text = ""
  ) {
    self.contentType = contentType
    self.url = url
    self.expires = expires
    self.size = size
    self.encryption = encryption
    self.key = key
    self.nonce = nonce
    self.additionalData = additionalData
    self.hashAlgorithm = hashAlgorithm
    self.contentHash = contentHash
    self.description = description
    self.filename = filename
  }

  init(from reader: inout CBORReader) throws(CBORError) {
    contentType = try reader.text()
    url = try reader.text()
    expires = UInt32(truncatingIfNeeded: try reader.unsigned(atMost: UInt64(UInt32.max)))
    size = try reader.unsigned()
    encryption = UInt16(truncatingIfNeeded: try reader.unsigned(atMost: UInt64(UInt16.max)))
    key = try reader.bytes()
    nonce = try reader.bytes()
    additionalData = try reader.bytes()
    hashAlgorithm = UInt8(truncatingIfNeeded: try reader.unsigned(atMost: UInt64(UInt8.max)))
    contentHash = try reader.bytes()
    description = try reader.text()
    filename = try reader.text()
  }

  func encode(to writer: inout CBORWriter) {
    writer.text(contentType)
    writer.text(url)
    writer.unsigned(UInt64(expires))
    writer.unsigned(size)
    writer.unsigned(UInt64(encryption))
    writer.bytes(key)
    writer.bytes(nonce)
    writer.bytes(additionalData)
    writer.unsigned(UInt64(hashAlgorithm))
    writer.bytes(contentHash)
    writer.text(description)
    writer.text(filename)
  }
}
