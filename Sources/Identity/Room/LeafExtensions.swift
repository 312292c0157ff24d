// What an MLS leaf says of its device: who, by which statements, and where its messages wait.
import CryptoInterface
import MLS
import TLSCodec

extension ExtensionType {
  /// The length and head of the account's chain that the leaf's device relies on.
  public static let chainHead = ExtensionType(0xF0A1)
  /// The device's mailbox.
  public static let mailboxAddress = ExtensionType(0xF0A2)
}

/// The identity in a basic credential.
///
///     struct {
///         AccountID account;
///         DeviceID device;
///     } DeviceCredential;
public struct DeviceCredential: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var account: AccountID
  public var device: DeviceID

  public init(account: AccountID, device: DeviceID) {
    self.account = account
    self.device = device
  }
  public init(from reader: inout Reader) throws(DecodingError) {
    account = try AccountID(from: &reader)
    device = try DeviceID(from: &reader)
  }
  public func encode(to writer: inout Writer) {
    account.encode(to: &writer)
    device.encode(to: &writer)
  }

  public var credential: Credential { .basic(identity: encoded()) }

  /// - Throws: `.credential` for any other.
  public init(_ credential: Credential) throws(IdentityError) {
    guard case .basic(let identity) = credential, let value = try? DeviceCredential(decoding: identity) else { throw .credential }
    self = value
  }
}

///     struct {
///         uint32 length;
///         opaque head[32];
///     } ChainHead;
public struct ChainHead: Hashable, Sendable, TLSEncodable, TLSDecodable {
  /// Statements.
  public var length: UInt32
  /// The hash of the last of them.
  public var head: Digest

  public init(length: UInt32, head: Digest) {
    self.length = length
    self.head = head
  }
  public init(_ chain: Chain) { self.init(length: chain.length, head: chain.head) }
  public init(from reader: inout Reader) throws(DecodingError) {
    length = try reader.uint32()
    head = try Digest(from: &reader)
  }
  public func encode(to writer: inout Writer) {
    writer.uint32(length)
    head.encode(to: &writer)
  }
}

/// What a leaf claims. True only where the account's chain says so: `check`.
public struct LeafClaim: Hashable, Sendable {
  public let account: AccountID
  public let device: DeviceID
  public let signatureKey: SignaturePublicKey
  public let chainHead: ChainHead
  public let mailbox: MailboxAddress

  /// - Throws: `.credential`, `.leafExtension`.
  public init(_ leaf: LeafNode) throws(IdentityError) {
    let credential = try DeviceCredential(leaf.credential)
    guard let head = leaf.extensions[.chainHead], let chainHead = try? ChainHead(decoding: head), chainHead.length >= 1,
      let address = leaf.extensions[.mailboxAddress], let mailbox = try? MailboxAddress(decoding: address)
    else { throw .leafExtension }
    account = credential.account
    device = credential.device
    signatureKey = leaf.signatureKey
    self.chainHead = chainHead
    self.mailbox = mailbox
  }

  /// Whether the account's chain said what the leaf claims when it had the length that the leaf names. Whether it still says so is another question:
  /// `checkCurrent`.
  /// - Throws: `.wrongAccount`; `.chainTooShort`: fetch the rest; `.fork`: the leaf knows another chain; `.deviceNotActive`, `.deviceKey`,
  ///   `.deviceMailbox`.
  public func check(against chain: Chain) throws(IdentityError) {
    guard chain.account == account else { throw .wrongAccount }
    guard chain.length >= chainHead.length else { throw .chainTooShort }
    guard chain.head(at: chainHead.length) == chainHead.head, let state = chain.state(at: chainHead.length) else { throw .fork }
    guard let active = state.device(device) else { throw .deviceNotActive }
    guard active.signatureKey == signatureKey else { throw .deviceKey }
    guard active.mailbox == mailbox else { throw .deviceMailbox }
  }

  /// Whether the device is active at the chain's end, with this key: to ask, besides `check`, of a leaf that comes into a group now, since a revoked
  /// device or a key that was given up can name the chain as it was before.
  /// - Throws: `.wrongAccount`, `.deviceNotActive`, `.deviceKey`, `.deviceMailbox`.
  public func checkCurrent(in chain: Chain) throws(IdentityError) {
    guard chain.account == account else { throw .wrongAccount }
    guard let active = chain.state.device(device) else { throw .deviceNotActive }
    guard active.signatureKey == signatureKey else { throw .deviceKey }
    guard active.mailbox == mailbox else { throw .deviceMailbox }
  }
}

/// What every client of a house supports, and says in each leaf.
public enum HouseCapabilities {
  /// MLS components that may change by AppDataUpdate.
  public static let components: [ComponentID] = [.room, .roles, .profile]
  public static let extensions: [ExtensionType] = [.appDataDictionary, .chainHead, .mailboxAddress]
  public static let proposals: [ProposalType] = [.appDataUpdate, .selfRemove]
  /// Those that sign with Ed25519, as devices do: both X-Wing suites, 1 and 3.
  public static let suites: [CipherSuite] = [
    XWingCodePoints.draft06.aes256, XWingCodePoints.draft06.aes128, .mls128DHKEMX25519AES128GCMSHA256Ed25519,
    .mls128DHKEMX25519ChaCha20Poly1305SHA256Ed25519,
  ]

  public static let standard = Capabilities(cipherSuites: suites, extensions: extensions, proposals: proposals, credentials: [.basic])
  public static let required = RequiredCapabilities(extensionTypes: extensions, proposalTypes: proposals, credentialTypes: [.basic])

  /// The extensions of a device's leaf; in a commit or Update they replace the old ones (`LeafChange.extensions`), list of components included.
  public static func leafExtensions(chainHead: ChainHead, mailbox: MailboxAddress) -> Extensions {
    var dictionary = AppDataDictionary()
    dictionary[.appComponents] = ComponentsList(components.sorted()).encoded()
    return [
      Extension(.appDataDictionary, dictionary.encoded()), Extension(.chainHead, chainHead.encoded()),
      Extension(.mailboxAddress, mailbox.encoded()),
    ]
  }

  /// A device as MLS knows it.
  /// - Parameters:
  ///   - device: as the chain has it.
  ///   - key: of the device; its public half stands in the chain.
  public static func identity(account: AccountID, device: Device, key: SignatureKeyPair, chainHead: ChainHead) -> ClientIdentity {
    ClientIdentity(
      credential: DeviceCredential(account: account, device: device.id).credential, signatureKeyPair: key, capabilities: standard,
      extensions: leafExtensions(chainHead: chainHead, mailbox: device.mailbox))
  }
}
