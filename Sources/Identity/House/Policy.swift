// The house's policy: what the administrator decides for everybody, and what is left to each person.
import CryptoInterface
import TLSCodec

/// What a policy can speak of. Any number can be carried.
public struct PolicyKey: Hashable, Comparable, Sendable, TLSEncodable, TLSDecodable {
  public var rawValue: UInt16
  public init(_ rawValue: UInt16) { self.rawValue = rawValue }
  public init(from reader: inout Reader) throws(DecodingError) { rawValue = try reader.uint16() }
  public func encode(to writer: inout Writer) { writer.uint16(rawValue) }
  public static func < (a: PolicyKey, b: PolicyKey) -> Bool { a.rawValue < b.rawValue }

  public static let readReceipts = PolicyKey(1)
  public static let deliveryReceipts = PolicyKey(2)
  public static let typing = PolicyKey(3)
  public static let presence = PolicyKey(4)
  /// Off, or required (`on`).
  public static let appLock = PolicyKey(5)
}

///     enum { off(0), person_decides(1), on(2), (255) } PolicySetting;
public enum PolicySetting: UInt8, Sendable, Hashable {
  case off = 0
  case personDecides = 1
  case on = 2
}

///     struct {
///         PolicyKey key;
///         opaque value<V>;
///     } PolicyEntry;
public struct PolicyEntry: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var key: PolicyKey
  public var value: [UInt8]
  public init(_ key: PolicyKey, _ value: [UInt8]) {
    self.key = key
    self.value = value
  }
  public init(from reader: inout Reader) throws(DecodingError) {
    key = try PolicyKey(from: &reader)
    value = try reader.opaque()
  }
  public func encode(to writer: inout Writer) {
    key.encode(to: &writer)
    writer.opaque(value)
  }
}

///     struct {
///         uint16 version = 1;
///         opaque house[32];
///         uint32 serial;             /* a higher one replaces */
///         PolicyEntry entries<V>;    /* increasing by key */
///         uint64 time;               /* seconds since 1970 */
///     } Policy;
public struct Policy: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public static let currentVersion: UInt16 = 1
  public var version: UInt16
  public var house: HouseID
  public var serial: UInt32
  /// Those that are unknown here are kept byte for byte.
  public private(set) var entries: [PolicyEntry]
  public var time: UInt64

  public init(house: HouseID, serial: UInt32, time: UInt64, entries: [PolicyEntry] = []) {
    version = Self.currentVersion
    self.house = house
    self.serial = serial
    self.time = time
    self.entries = []
    for entry in entries { self[entry.key] = entry.value }
  }

  public init(from reader: inout Reader) throws(DecodingError) {
    version = try reader.uint16()
    house = try HouseID(from: &reader)
    serial = try reader.uint32()
    entries = try reader.vector(atMost: IdentityLimits.policyEntries, "policyEntries")
    for i in entries.indices.dropFirst() where entries[i - 1].key >= entries[i].key {
      throw .invalidValue("policy entries: not in increasing order")
    }
    time = try reader.uint64()
  }

  public func encode(to writer: inout Writer) {
    writer.uint16(version)
    house.encode(to: &writer)
    writer.uint32(serial)
    writer.vector(entries)
    writer.uint64(time)
  }

  /// The bytes of an entry.
  public subscript(key: PolicyKey) -> [UInt8]? {
    get {
      for entry in entries where entry.key == key { return entry.value }
      return nil
    }
    set {
      entries.removeAll { $0.key == key }
      guard let newValue else { return }
      let place = entries.firstIndex { $0.key > key } ?? entries.count
      entries.insert(PolicyEntry(key, newValue), at: place)
    }
  }

  /// What holds for a key: its entry, or where it is absent or unreadable the default.
  public func setting(_ key: PolicyKey) -> PolicySetting {
    if let value = self[key], value.count == 1, let setting = PolicySetting(rawValue: value[0]) { return setting }
    return Policy.standard(key)
  }

  public mutating func set(_ key: PolicyKey, _ setting: PolicySetting) { self[key] = [setting.rawValue] }

  /// Whether the person has no say.
  public func isLocked(_ key: PolicyKey) -> Bool { setting(key) != .personDecides }

  /// Where the house has said nothing: what tells least about people's working.
  public static func standard(_ key: PolicyKey) -> PolicySetting {
    switch key {
    case .deliveryReceipts: .on
    case .typing: .personDecides
    default: .off
    }
  }
}

///     struct {
///         Policy policy;
///         opaque signature<V>;   /* label "Policy", by the house's administrator_key */
///     } SignedPolicy;
public struct SignedPolicy: Hashable, Sendable, TLSEncodable, TLSDecodable {
  /// Not to be relied on before `verified`.
  public var policy: Policy
  public var signature: [UInt8]

  /// - Throws: `.limit(.policyEntries)`, `.crypto`.
  public init(signing policy: Policy, with administrator: SignaturePrivateKey, using crypto: some CryptoProvider) throws(IdentityError) {
    guard policy.entries.count <= IdentityLimits.policyEntries else { throw .limit(.policyEntries) }
    self.policy = policy
    signature = try Signing.sign(.policy, policy.encoded(), with: administrator, using: crypto)
  }
  public init(from reader: inout Reader) throws(DecodingError) {
    policy = try Policy(from: &reader)
    signature = try reader.opaque()
  }
  public func encode(to writer: inout Writer) {
    policy.encode(to: &writer)
    writer.opaque(signature)
  }

  /// - Throws: `.decoding`, `.limit(.statementBytes)`.
  public init(received bytes: [UInt8]) throws(IdentityError) {
    guard bytes.count <= IdentityLimits.statementBytes else { throw .limit(.statementBytes) }
    self = try decode(SignedPolicy.self, bytes)
  }

  /// The policy where this house made it and it replaces the present one.
  /// - Throws: `.version`, `.policyHouse`, `.policySignature`, `.policySerial` for an equal or lower serial.
  public func verified(for house: House, replacing present: Policy?, using crypto: some CryptoProvider) throws(IdentityError) -> Policy {
    guard policy.version == Policy.currentVersion else { throw .version }
    guard policy.house == house.id(using: crypto) else { throw .policyHouse }
    guard Signing.isValid(signature, .policy, policy.encoded(), by: house.administratorKey, using: crypto) else { throw .policySignature }
    if let present, policy.serial <= present.serial { throw .policySerial }
    return policy
  }
}
