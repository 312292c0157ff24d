import CryptoInterface
import TLSCodec

/// RFC 9420 §17.3; the values above 0x0005 are of draft-ietf-mls-extensions.
public struct ExtensionType: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var rawValue: UInt16
  public init(_ rawValue: UInt16) { self.rawValue = rawValue }
  public init(from reader: inout Reader) throws(DecodingError) { rawValue = try reader.uint16() }
  public func encode(to writer: inout Writer) { writer.uint16(rawValue) }

  public static let applicationID = ExtensionType(0x0001)
  public static let ratchetTree = ExtensionType(0x0002)
  public static let requiredCapabilities = ExtensionType(0x0003)
  public static let externalPub = ExtensionType(0x0004)
  public static let externalSenders = ExtensionType(0x0005)
  public static let appDataDictionary = ExtensionType(0x0006)

  /// RFC 9420 §7.2: types that every client implements and nobody lists.
  public var isDefault: Bool { rawValue >= 0x0001 && rawValue <= 0x0005 }
}

/// RFC 9420 §7.2
///
///     struct {
///         ExtensionType extension_type;
///         opaque extension_data<V>;
///     } Extension;
public struct Extension: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var type: ExtensionType
  /// Kept byte for byte, also where the type is unknown (RFC 9420 §13.4).
  public var data: [UInt8]
  public init(_ type: ExtensionType, _ data: [UInt8]) {
    self.type = type
    self.data = data
  }
  public init(from reader: inout Reader) throws(DecodingError) {
    type = try ExtensionType(from: &reader)
    data = try reader.opaque()
  }
  public func encode(to writer: inout Writer) {
    type.encode(to: &writer)
    writer.opaque(data)
  }
}

/// `Extension extensions<V>`, in the order received.
public struct Extensions: Hashable, Sendable, TLSEncodable, TLSDecodable, ExpressibleByArrayLiteral {
  public var entries: [Extension]
  public init(_ entries: [Extension] = []) { self.entries = entries }
  public init(arrayLiteral elements: Extension...) { entries = elements }
  public init(from reader: inout Reader) throws(DecodingError) {
    entries = try reader.vector(atMost: Limits.extensions, "extensions")
  }
  public func encode(to writer: inout Writer) { writer.vector(entries) }

  /// The data of the extension of a type.
  public subscript(type: ExtensionType) -> [UInt8]? {
    get {
      for entry in entries where entry.type == type { return entry.data }
      return nil
    }
    set {
      if let newValue {
        for i in entries.indices where entries[i].type == type {
          entries[i].data = newValue
          return
        }
        entries.append(Extension(type, newValue))
      } else {
        entries.removeAll { $0.type == type }
      }
    }
  }

  /// RFC 9420 §13.4, MUST: no list holds two extensions of one type.
  var hasDuplicates: Bool {
    var seen: Set<UInt16> = []
    for entry in entries where !seen.insert(entry.type.rawValue).inserted { return true }
    return false
  }

  /// What a GroupContext's extensions must be, whoever set them: no duplicates, and those that the engine itself reads can be read.
  /// RFC 9420 §5.3.1, MUST: external senders are validated when they are set, and when a joiner meets them.
  func validateForGroup(replacing old: Extensions? = nil, application: some MLSApplication) throws(MLSError) {
    try check(.duplicateExtension, !hasDuplicates)
    _ = try parsed(.requiredCapabilities, as: RequiredCapabilities.self)
    let senders = try parsed(.externalSenders, as: ExternalSenders.self)?.senders ?? []
    _ = try appDataDictionary()
    if let old, old[.externalSenders] == self[.externalSenders] { return }
    for sender in senders { try check(.externalSenderCredential, application.validate(externalSender: sender)) }
  }

  /// The parsed extension, nil where it is absent.
  /// - Throws: `.decoding` where it does not parse.
  func parsed<T: TLSDecodable>(_ type: ExtensionType, as: T.Type) throws(MLSError) -> T? {
    guard let data = self[type] else { return nil }
    guard data.count <= Limits.parsedExtensionBytes else { throw .decoding(.limitExceeded("parsedExtensionBytes")) }
    do { return try T(decoding: data) } catch { throw .decoding(error) }
  }
}

/// RFC 9420 §11.1
///
///     struct {
///         ExtensionType extension_types<V>;
///         ProposalType proposal_types<V>;
///         CredentialType credential_types<V>;
///     } RequiredCapabilities;
public struct RequiredCapabilities: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var extensionTypes: [ExtensionType]
  public var proposalTypes: [ProposalType]
  public var credentialTypes: [CredentialType]
  public init(extensionTypes: [ExtensionType] = [], proposalTypes: [ProposalType] = [], credentialTypes: [CredentialType] = []) {
    self.extensionTypes = extensionTypes
    self.proposalTypes = proposalTypes
    self.credentialTypes = credentialTypes
  }
  public init(from reader: inout Reader) throws(DecodingError) {
    extensionTypes = try reader.vector(atMost: Limits.capabilityEntries, "capabilityEntries")
    proposalTypes = try reader.vector(atMost: Limits.capabilityEntries, "capabilityEntries")
    credentialTypes = try reader.vector(atMost: Limits.capabilityEntries, "capabilityEntries")
  }
  public func encode(to writer: inout Writer) {
    writer.vector(extensionTypes)
    writer.vector(proposalTypes)
    writer.vector(credentialTypes)
  }
}

/// RFC 9420 §12.1.8.1
///
///     struct {
///       SignaturePublicKey signature_key;
///       Credential credential;
///     } ExternalSender;
public struct ExternalSender: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var signatureKey: SignaturePublicKey
  public var credential: Credential
  public init(signatureKey: SignaturePublicKey, credential: Credential) {
    self.signatureKey = signatureKey
    self.credential = credential
  }
  public init(from reader: inout Reader) throws(DecodingError) {
    signatureKey = try SignaturePublicKey(from: &reader)
    credential = try Credential(from: &reader)
  }
  public func encode(to writer: inout Writer) {
    signatureKey.encode(to: &writer)
    credential.encode(to: &writer)
  }
}

/// `ExternalSender external_senders<V>`, the content of the `external_senders` extension.
public struct ExternalSenders: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var senders: [ExternalSender]
  public init(_ senders: [ExternalSender]) { self.senders = senders }
  public init(from reader: inout Reader) throws(DecodingError) { senders = try reader.vector(atMost: Limits.shortList) }
  public func encode(to writer: inout Writer) { writer.vector(senders) }
}

/// RFC 9420 §12.4.3.2
///
///     struct {
///         HPKEPublicKey external_pub;
///     } ExternalPub;
public struct ExternalPub: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var externalPub: HPKEPublicKey
  public init(_ externalPub: HPKEPublicKey) { self.externalPub = externalPub }
  public init(from reader: inout Reader) throws(DecodingError) { externalPub = try HPKEPublicKey(from: &reader) }
  public func encode(to writer: inout Writer) { externalPub.encode(to: &writer) }
}
