// Every failure of this module is one of these: each case is one rule.
import CryptoInterface
import TLSCodec

/// Why a statement, an invitation, a feed or a link was refused. Nothing was changed when it is thrown.
public enum IdentityError: Error, Equatable, Sendable {
  /// The bytes are not such a structure.
  case decoding(DecodingError)
  /// The cryptographic library refused.
  case crypto(CryptoError)
  /// A structure is larger, or a list longer, than it may be.
  case limit(IdentityLimit)
  /// A structure has a version that this implementation does not know.
  case version

  // Statements
  /// The statement is of another account than its chain.
  case wrongAccount
  /// The statement does not stand at the chain's next position.
  case gap
  /// The statement does not name the hash of the one before it.
  case previousHash
  /// The time is not a full hour.
  case timeGranularity
  /// The first statement of a chain is no genesis, or a later one is.
  case genesis
  case statementSignature
  /// The signer is no active device, no recovery key of the account, or not the house.
  case signerNotActive
  /// A signer of this kind may not make this statement.
  case signerNotAllowed
  /// The new key did not sign that it belongs to this account and device.
  case possession
  /// The device's id was used before in this chain.
  case duplicateDevice
  /// The key was used before in this chain.
  case duplicateKey
  /// The mailbox was used before in this chain.
  case duplicateMailbox
  /// The named device is not active.
  case unknownDevice
  /// No active device would be left.
  case lastDevice
  /// A cut-off lies in the future, or would revoke the device that says so.
  case cutOff
  /// A critical statement of a type that is unknown here: who does not know it must not go on with the chain.
  case unknownCritical
  /// A reset does not count on from the last one.
  case resetCount

  // Admission
  /// The account is of another domain than the house.
  case wrongDomain
  /// A name, local part or domain has a form that is not allowed.
  case name
  case invitationSignature
  /// The invitation is of another house.
  case invitationHouse
  /// The account's kind is not the invitation's.
  case invitationKind
  case invitationExpired
  /// The holder of the invitation did not sign this account.
  case admissionSignature

  // House
  case houseSignature
  /// The house is not the one that the link's secret vouches for.
  case houseTag
  case policySignature
  /// The policy is of another house.
  case policyHouse
  /// The policy's serial is not above the present one.
  case policySerial

  // Comparing chains and feeds
  /// Two histories differ where they must be equal: one of them was forged, or the server shows different people different things.
  case fork
  /// A history is shorter than it was.
  case shorter
  case feedHeadSignature
  /// The head is of another house.
  case feedHouse
  /// The head is of another incarnation: `restart` first.
  case feedIncarnation
  /// The entries do not lead to the head's size.
  case feedSize
  /// The entries do not lead to the head's hash.
  case feedHash
  /// The place lies before what the feed remembers: restart at 0.
  case feedTooOld
  /// Stored records do not belong together.
  case corruptRecord

  // Leaves and rooms
  /// A leaf's credential is not that of a device.
  case credential
  /// A leaf lacks `chain_head` or `mailbox_address`, or they do not parse.
  case leafExtension
  /// The leaf names more statements than the chain at hand has: fetch the rest.
  case chainTooShort
  /// The device was not active where the leaf says.
  case deviceNotActive
  /// The leaf's signature key is not the device's.
  case deviceKey
  /// The leaf's mailbox is not the device's.
  case deviceMailbox
  /// A group's context is not that of a room of this house.
  case room

  // Links
  /// A code was mistyped.
  case mistyped
  /// A text is not one of our links.
  case link
  /// A sealed message of the linking does not open.
  case sealed
  /// A scanned or typed safety number is none.
  case safetyNumber
}

/// Which limit was exceeded.
public enum IdentityLimit: Sendable, Equatable {
  case statements, statementBytes, activeDevices, recoveryKeys, policyEntries
}

/// Bounds on what a peer can make a client keep, each with its reason.
public enum IdentityLimits {
  /// Statements of one chain: a device added and removed every working day for twenty years.
  public static let statements: UInt32 = 10_000
  /// Bytes of a signed statement, house, policy or invitation: hundreds in practice.
  public static let statementBytes = 64 << 10
  /// Active devices of one account: each is a leaf in every group. A function's account on a ward has a few dozen.
  public static let activeDevices = 64
  /// Recovery keys of one account: printed sheets.
  public static let recoveryKeys = 16
  /// Bytes of a person's or function's name in UTF-8.
  public static let nameBytes = 200
  /// Bytes before the @, as in RFC 5321 §4.5.3.1.1.
  public static let localPartBytes = 64
  /// Bytes of a domain, as in RFC 5321 §4.5.3.1.2.
  public static let domainBytes = 255
  /// Bytes of a device's name in UTF-8.
  public static let deviceNameBytes = 64
  /// Entries of a policy; five are known.
  public static let policyEntries = 256
  /// Sizes of a feed of which the hash is remembered: what two members saw of each other lies seldom further apart than a day's statements.
  public static let rememberedHeads: UInt64 = 4_096
  /// Administrators of one room.
  public static let administrators = 1_000
  /// Bytes of a room's sealed profile: a name, a description, a small picture.
  public static let profileBytes = 32 << 10
}

/// Decodes and maps the error.
func decode<T: TLSDecodable>(_ type: T.Type, _ bytes: [UInt8]) throws(IdentityError) -> T {
  do { return try T(decoding: bytes) } catch { throw .decoding(error) }
}
