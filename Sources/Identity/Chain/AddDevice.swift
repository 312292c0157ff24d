import CryptoInterface
import TLSCodec

/// A further device, by an active one.
///
///     struct {
///         Device device;
///         opaque possession<V>;   /* DevicePossession, by the new device's key */
///     } AddDevice;
public struct AddDevice: Hashable, Sendable, TLSEncodable, TLSDecodable {
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
