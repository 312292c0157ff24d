import CryptoInterface
import TLSCodec

/// RFC 9420 §17.1 (`ProtocolVersion`): mls10 is the only one.
public struct ProtocolVersion: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var rawValue: UInt16
  public init(_ rawValue: UInt16) { self.rawValue = rawValue }
  public init(from reader: inout Reader) throws(DecodingError) { rawValue = try reader.uint16() }
  public func encode(to writer: inout Writer) { writer.uint16(rawValue) }
  public static let mls10 = ProtocolVersion(0x0001)
}

/// RFC 9420 §7.2
///
///     struct {
///         ProtocolVersion versions<V>;
///         CipherSuite cipher_suites<V>;
///         ExtensionType extensions<V>;
///         ProposalType proposals<V>;
///         CredentialType credentials<V>;
///     } Capabilities;
public struct Capabilities: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var versions: [ProtocolVersion]
  public var cipherSuites: [CipherSuite]
  public var extensions: [ExtensionType]
  public var proposals: [ProposalType]
  public var credentials: [CredentialType]

  public init(
    versions: [ProtocolVersion] = [.mls10], cipherSuites: [CipherSuite], extensions: [ExtensionType] = [],
    proposals: [ProposalType] = [], credentials: [CredentialType] = [.basic]
  ) {
    self.versions = versions
    self.cipherSuites = cipherSuites
    self.extensions = extensions
    self.proposals = proposals
    self.credentials = credentials
  }

  public init(from reader: inout Reader) throws(DecodingError) {
    versions = try reader.vector(atMost: Limits.capabilityEntries, "capabilityEntries")
    cipherSuites = try reader.vector(atMost: Limits.capabilityEntries, "capabilityEntries")
    extensions = try reader.vector(atMost: Limits.capabilityEntries, "capabilityEntries")
    proposals = try reader.vector(atMost: Limits.capabilityEntries, "capabilityEntries")
    credentials = try reader.vector(atMost: Limits.capabilityEntries, "capabilityEntries")
  }

  public func encode(to writer: inout Writer) {
    writer.vector(versions)
    writer.vector(cipherSuites)
    writer.vector(extensions)
    writer.vector(proposals)
    writer.vector(credentials)
  }

  /// RFC 9420 §7.2, MUST for the creator: default types are not listed. Receivers take such a list as it is, since values there are to be ignored.
  var withoutDefaults: Capabilities {
    var result = self
    result.extensions.removeAll { $0.isDefault }
    result.proposals.removeAll { $0.isDefault }
    return result
  }

  /// As sent: without default types, with one GREASE value in each list that RFC 9420 §13.5 names.
  func greased(_ crypto: some CryptoProvider) -> Capabilities {
    var result = withoutDefaults
    result.cipherSuites.append(CipherSuite(GREASE.pick(crypto)))
    result.extensions.append(ExtensionType(GREASE.pick(crypto)))
    result.proposals.append(ProposalType(GREASE.pick(crypto)))
    result.credentials.append(CredentialType(GREASE.pick(crypto)))
    return result
  }

  func supports(_ type: ExtensionType) -> Bool { type.isDefault || extensions.contains(type) }
  func supports(_ type: ProposalType) -> Bool { type.isDefault || proposals.contains(type) }
  func supports(_ type: CredentialType) -> Bool { credentials.contains(type) }

  /// RFC 9420 §11.1: whether everything that a group requires is listed.
  func satisfies(_ required: RequiredCapabilities) -> Bool {
    // As sets: both lists are a peer's, and every leaf of a tree is asked.
    if !required.extensionTypes.isEmpty {
      let listed = Set(extensions)
      for type in required.extensionTypes where !type.isDefault && !listed.contains(type) { return false }
    }
    if !required.proposalTypes.isEmpty {
      let listed = Set(proposals)
      for type in required.proposalTypes where !type.isDefault && !listed.contains(type) { return false }
    }
    if !required.credentialTypes.isEmpty {
      let listed = Set(credentials)
      for type in required.credentialTypes where !listed.contains(type) { return false }
    }
    return true
  }
}

/// RFC 9420 §7.2: seconds since 1970-01-01T00:00:00Z between which a client considers the leaf valid.
///
///     struct {
///         uint64 not_before;
///         uint64 not_after;
///     } Lifetime;
///
/// A receiver never rejects on it, since the leaf may have expired on the way; who claims a key package or adds one asks `contains`.
public struct Lifetime: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var notBefore: UInt64
  public var notAfter: UInt64
  public init(notBefore: UInt64, notAfter: UInt64) {
    self.notBefore = notBefore
    self.notAfter = notAfter
  }
  /// For trees and tests: all time.
  public static let always = Lifetime(notBefore: 0, notAfter: .max)
  public init(from reader: inout Reader) throws(DecodingError) {
    notBefore = try reader.uint64()
    notAfter = try reader.uint64()
  }
  public func encode(to writer: inout Writer) {
    writer.uint64(notBefore)
    writer.uint64(notAfter)
  }
  /// The longest total lifetime that is accepted unless the application says otherwise: 400 days.
  public static let defaultMaximum: UInt64 = 400 * 86_400
  /// - Parameter now: seconds since 1970.
  public func contains(_ now: UInt64) -> Bool { notBefore <= now && now <= notAfter }
  /// Whether the range is no longer than the application's maximum (RFC 9420 §7.2, MUST define one).
  public func isWithin(maximum seconds: UInt64) -> Bool { notBefore <= notAfter && notAfter - notBefore <= seconds }
}
