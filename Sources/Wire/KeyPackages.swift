// Key packages (RFC 9420 §10): a pool per device and one last resort.
import TLSCodec

/// Adds to the pool, and replaces the last resort where one is given.
public struct PublishKeyPackages: Sendable, Equatable, TLSCodable {
  /// Random; the same request asked again, after a crash or a lost answer, has the same id and gets the first answer.
  public var requestID: [UInt8]
  public var keyPackages: [[UInt8]]
  public var lastResort: [UInt8]?
  /// Deletes what is left of the pool first: the leaf has changed.
  public var replacesPool: Bool
  public init(requestID: [UInt8], keyPackages: [[UInt8]], lastResort: [UInt8]?, replacesPool: Bool) {
    self.requestID = requestID
    self.keyPackages = keyPackages
    self.lastResort = lastResort
    self.replacesPool = replacesPool
  }
  public init(from r: inout Reader) throws(DecodingError) {
    requestID = try r.fixed(16)
    keyPackages = try r.opaques(atMost: WireLimits.keyPackages, each: WireLimits.statementBytes)
    lastResort = try r.presence() ? try r.opaque(atMost: WireLimits.statementBytes) : nil
    replacesPool = try r.presence()
  }
  public func encode(to w: inout Writer) {
    w.fixed(requestID)
    w.opaques(keyPackages)
    w.optionalOpaque(lastResort)
    w.uint8(replacesPool ? 1 : 0)
  }
}

/// One key package for each device. Claimed means deleted, but for a last resort.
public struct ClaimKeyPackages: Sendable, Equatable, TLSCodable {
  /// Random; the same request asked again, after a crash or a lost answer, has the same id and gets the first answer.
  public var requestID: [UInt8]
  public var devices: [[UInt8]]
  public init(requestID: [UInt8], devices: [[UInt8]]) {
    self.requestID = requestID
    self.devices = devices
  }
  public init(from r: inout Reader) throws(DecodingError) {
    requestID = try r.fixed(16)
    devices = try r.fixeds(16, atMost: WireLimits.claimedDevices)
  }
  public func encode(to w: inout Writer) {
    w.fixed(requestID)
    w.fixeds(devices)
  }
}

/// Nil where the device is unknown, revoked, or has none.
public struct ClaimedKeyPackage: Sendable, Equatable, TLSCodable {
  public var device: [UInt8]
  public var keyPackage: [UInt8]?
  public init(device: [UInt8], keyPackage: [UInt8]?) {
    self.device = device
    self.keyPackage = keyPackage
  }
  public init(from r: inout Reader) throws(DecodingError) {
    device = try r.fixed(16)
    keyPackage = try r.presence() ? try r.opaque(atMost: WireLimits.statementBytes) : nil
  }
  public func encode(to w: inout Writer) {
    w.fixed(device)
    w.optionalOpaque(keyPackage)
  }
}

/// In the order of the request.
public struct KeyPackagesAnswer: Sendable, Equatable, TLSCodable {
  public var keyPackages: [ClaimedKeyPackage]
  public init(keyPackages: [ClaimedKeyPackage]) {
    self.keyPackages = keyPackages
  }
  public init(from r: inout Reader) throws(DecodingError) {
    keyPackages = try r.vector(atMost: WireLimits.claimedDevices)
  }
  public func encode(to w: inout Writer) {
    w.vector(keyPackages)
  }
}
