import CryptoInterface
import TLSCodec

/// RFC 9420 §8.4: what a resumption PSK is used for.
public enum ResumptionPSKUsage: UInt8, Sendable, Hashable {
  case application = 1
  case reinit = 2
  case branch = 3
}

/// RFC 9420 §8.4, with `application` from draft-ietf-mls-extensions
///
///     struct {
///       PSKType psktype;
///       select (PreSharedKeyID.psktype) {
///         case external:
///           opaque psk_id<V>;
///         case resumption:
///           ResumptionPSKUsage usage;
///           opaque psk_group_id<V>;
///           uint64 psk_epoch;
///         case application:
///           ComponentID component_id;
///           opaque psk_id<V>;
///       };
///       opaque psk_nonce<V>;
///     } PreSharedKeyID;
public struct PreSharedKeyID: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public enum Kind: Hashable, Sendable {
    case external(id: [UInt8])
    case resumption(usage: ResumptionPSKUsage, groupID: [UInt8], epoch: UInt64)
    case application(component: ComponentID, id: [UInt8])
  }
  public var kind: Kind
  /// `KDF.Nh` random bytes.
  public var nonce: [UInt8]

  public init(_ kind: Kind, nonce: [UInt8]) {
    self.kind = kind
    self.nonce = nonce
  }

  public init(from reader: inout Reader) throws(DecodingError) {
    switch try reader.uint8() {
    case 1:
      kind = .external(id: try reader.opaque())
    case 2:
      let raw = try reader.uint8()
      guard let usage = ResumptionPSKUsage(rawValue: raw) else { throw .unknownValue(type: "ResumptionPSKUsage", value: UInt64(raw)) }
      kind = .resumption(usage: usage, groupID: try reader.opaque(), epoch: try reader.uint64())
    case 3:
      kind = .application(component: try ComponentID(from: &reader), id: try reader.opaque())
    case let other: throw .unknownValue(type: "PSKType", value: UInt64(other))
    }
    nonce = try reader.opaque()
  }

  public func encode(to writer: inout Writer) {
    switch kind {
    case .external(let id):
      writer.uint8(1)
      writer.opaque(id)
    case .resumption(let usage, let groupID, let epoch):
      writer.uint8(2)
      writer.uint8(usage.rawValue)
      writer.opaque(groupID)
      writer.uint64(epoch)
    case .application(let component, let id):
      writer.uint8(3)
      component.encode(to: &writer)
      writer.opaque(id)
    }
    writer.opaque(nonce)
  }
}

/// The PSKs that a client can offer to an operation: external and application ones by id, resumption ones of other groups by group and epoch.
/// A group adds those of its own epochs by itself.
public struct PreSharedKeys: Sendable {
  private var external: [[UInt8]: Secret] = [:]
  private var application: [UInt16: [[UInt8]: Secret]] = [:]
  private var resumption: [[UInt8]: [UInt64: Secret]] = [:]

  public init() {}

  public mutating func add(external id: [UInt8], _ psk: Secret) { external[id] = psk }
  public mutating func add(application component: ComponentID, id: [UInt8], _ psk: Secret) {
    application[component.rawValue, default: [:]][id] = psk
  }
  public mutating func add(resumption groupID: [UInt8], epoch: UInt64, _ psk: ResumptionPSK) {
    resumption[groupID, default: [:]][epoch] = psk.secret
  }

  package func secret(for id: PreSharedKeyID) -> Secret? {
    switch id.kind {
    case .external(let id): external[id]
    case .application(let component, let id): application[component.rawValue]?[id]
    case .resumption(_, let groupID, let epoch): resumption[groupID]?[epoch]
    }
  }
}

package enum PSKSecret {
  /// RFC 9420 §8.4
  ///
  ///     struct {
  ///         PreSharedKeyID id;
  ///         uint16 index;
  ///         uint16 count;
  ///     } PSKLabel;
  ///
  /// - Returns: `psk_secret`, zeros for an empty list.
  package static func combine(_ psks: [(id: PreSharedKeyID, secret: Secret)], _ suite: CipherSuiteParameters, using crypto: some CryptoProvider)
    -> Secret
  {
    let zeros = Secret.zeros(suite.hash.size)
    var result = zeros
    for (index, psk) in psks.enumerated() {
      var w = Writer()
      psk.id.encode(to: &w)
      w.uint16(UInt16(truncatingIfNeeded: index))
      w.uint16(UInt16(truncatingIfNeeded: psks.count))
      let extracted = crypto.hkdfExtract(suite.hash, salt: zeros, ikm: psk.secret)
      let input = crypto.expandWithLabel(suite, extracted, "derived psk", context: w.bytes)
      result = crypto.hkdfExtract(suite.hash, salt: input, ikm: result)
    }
    return result
  }
}
