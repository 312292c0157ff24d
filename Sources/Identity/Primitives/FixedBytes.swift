// Identifiers and hashes: byte strings of one length, each its own type.
import TLSCodec

/// `opaque x[size]`: ordered byte by byte.
public protocol FixedBytes: Hashable, Comparable, Sendable, TLSEncodable, TLSDecodable {
  /// Bytes of every value.
  static var size: Int { get }
  var bytes: [UInt8] { get }
  /// Nil unless there are exactly `size` bytes.
  init?(_ bytes: [UInt8])
}

extension FixedBytes {
  public init(from reader: inout Reader) throws(DecodingError) {
    guard let value = Self(try reader.fixed(Self.size)) else { throw .invalidValue("fixed bytes") }
    self = value
  }
  public func encode(to writer: inout Writer) { writer.fixed(bytes) }
  public static func < (a: Self, b: Self) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}

/// `opaque AccountID[32]`: random, chosen by the account's first client. Names and addresses may change hands, this does not.
public struct AccountID: FixedBytes {
  public static let size = 32
  public let bytes: [UInt8]
  public init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.size else { return nil }
    self.bytes = bytes
  }
}

/// `opaque DeviceID[16]`: random.
public struct DeviceID: FixedBytes {
  public static let size = 16
  public let bytes: [UInt8]
  public init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.size else { return nil }
    self.bytes = bytes
  }
}

/// `opaque mailbox[16]`: random; where a device's messages wait. As an extension of a leaf (0xF0A2, `mailbox_address`) it is the whole content.
public struct MailboxAddress: FixedBytes {
  public static let size = 16
  public let bytes: [UInt8]
  public init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.size else { return nil }
    self.bytes = bytes
  }
}

/// A SHA-256 hash.
public struct Digest: FixedBytes {
  public static let size = 32
  public let bytes: [UInt8]
  public init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.size else { return nil }
    self.bytes = bytes
  }
  init(hash: [UInt8]) { bytes = hash }
  /// What stands before the first of anything.
  public static let zero = Digest(hash: [UInt8](repeating: 0, count: size))
}

/// The hash of the house's certificate.
public struct HouseID: FixedBytes {
  public static let size = 32
  public let bytes: [UInt8]
  public init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.size else { return nil }
    self.bytes = bytes
  }
  init(_ digest: Digest) { bytes = digest.bytes }
}
