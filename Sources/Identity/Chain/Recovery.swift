// What brings an account back whose devices are all gone: a recovery key that its owner keeps, or the house.
import CryptoInterface
import TLSCodec

/// A key on paper that can recover the account; by an active device.
///
///     struct {
///         opaque key<V>;
///     } AddRecoveryKey;
public struct AddRecoveryKey: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var key: SignaturePublicKey
  public init(key: SignaturePublicKey) { self.key = key }
  public init(from reader: inout Reader) throws(DecodingError) { key = try reader.signatureKey() }
  public func encode(to writer: inout Writer) { key.encode(to: &writer) }
}

/// A new device instead of all former ones; by a recovery key.
///
///     struct {
///         Device device;
///         opaque possession<V>;
///     } Recover;
public struct Recover: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var device: Device
  public var possession: [UInt8]

  public init(device: Device, possession: [UInt8]) {
    self.device = device
    self.possession = possession
  }
  public init(from reader: inout Reader) throws(DecodingError) {
    device = try Device(from: &reader)
    possession = try reader.opaque()
  }
  public func encode(to writer: inout Writer) {
    device.encode(to: &writer)
    writer.opaque(possession)
  }
}

/// A new device instead of all former ones and all recovery keys; by the house's administrator key. Everybody sees it: the count is part of the
/// safety number.
///
///     struct {
///         Device device;
///         opaque possession<V>;
///         uint32 reset_count;   /* one more than before */
///     } HouseReset;
public struct HouseReset: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var device: Device
  public var possession: [UInt8]
  public var resetCount: UInt32

  public init(device: Device, possession: [UInt8], resetCount: UInt32) {
    self.device = device
    self.possession = possession
    self.resetCount = resetCount
  }
  public init(from reader: inout Reader) throws(DecodingError) {
    device = try Device(from: &reader)
    possession = try reader.opaque()
    resetCount = try reader.uint32()
  }
  public func encode(to writer: inout Writer) {
    device.encode(to: &writer)
    writer.opaque(possession)
    writer.uint32(resetCount)
  }
}
