import TLSCodec

/// A device is no longer the account's: lost, sold, or in the wrong hands since some time.
///
///     struct {
///         DeviceID device;
///         uint32 cut_off;   /* statements of that device at this position and after are void */
///     } RevokeDevice;
///
/// What it added from the cut-off on (devices, recovery keys) goes with it, and what those added. A revocation that a void statement made stays:
/// nobody needs to trust a device again that was once given up.
public struct RevokeDevice: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var device: DeviceID
  public var cutOff: UInt32

  public init(device: DeviceID, cutOff: UInt32) {
    self.device = device
    self.cutOff = cutOff
  }
  public init(from reader: inout Reader) throws(DecodingError) {
    device = try DeviceID(from: &reader)
    cutOff = try reader.uint32()
  }
  public func encode(to writer: inout Writer) {
    device.encode(to: &writer)
    writer.uint32(cutOff)
  }
}
