import CryptoInterface
import TLSCodec

/// A new key for a device, by the device itself: signed with the old key, possession with the new one.
///
///     struct {
///         DeviceID device;
///         opaque new_key<V>;
///         opaque possession<V>;
///     } RotateKey;
public struct RotateKey: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var device: DeviceID
  public var newKey: SignaturePublicKey
  public var possession: [UInt8]

  public init(device: DeviceID, newKey: SignaturePublicKey, possession: [UInt8]) {
    self.device = device
    self.newKey = newKey
    self.possession = possession
  }
  public init(from reader: inout Reader) throws(DecodingError) {
    device = try DeviceID(from: &reader)
    newKey = try reader.signatureKey()
    possession = try reader.opaque()
  }
  public func encode(to writer: inout Writer) {
    device.encode(to: &writer)
    newKey.encode(to: &writer)
    writer.opaque(possession)
  }
}
