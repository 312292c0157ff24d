// What a person can do, and what a screen hears of it.
import Content
import Identity
import TLSCodec

/// What somebody may be invited as.
public struct InvitationWish: Sendable {
  public var name: String
  public var function: String
  public var kind: AccountKind
  public var grantsAdministrator: Bool
  /// Seconds since 1970.
  public var notAfter: UInt64
  public init(name: String, function: String = "", kind: AccountKind = .person, grantsAdministrator: Bool = false, notAfter: UInt64) {
    self.name = name
    self.function = function
    self.kind = kind
    self.grantsAdministrator = grantsAdministrator
    self.notAfter = notAfter
  }
}

public indirect enum Command: Sendable {
  /// Makes the house: the first person becomes its administrator.
  case setUp(LinkSecret, houseName: String, name: String, localPart: String, deviceName: String)
  /// Joins with an invitation. Nil names are taken from the invitation.
  case enrol(LinkSecret, name: String?, localPart: String?, deviceName: String)
  /// Becomes a further device of an account whose other device shows the code.
  case linkDevice(LinkSecret, deviceName: String)
  /// Looks behind an invitation without using it up.
  case inspect(LinkSecret)

  case send(chat: UInt32, text: String, inReplyTo: MessageID?)
  /// Opens the conversation with a person, making it where there is none.
  case openDirect(AccountID)
  case createGroup(title: String, color: UInt8, members: [AccountID])
  case rename(chat: UInt32, title: String)
  case setColor(chat: UInt32, color: UInt8)
  case add(chat: UInt32, [AccountID])
  case remove(chat: UInt32, [AccountID])
  case setRole(chat: UInt32, AccountID, isAdministrator: Bool)
  case leave(chat: UInt32)
  /// Everything in the chat up to its last message.
  case markRead(chat: UInt32)
  case typing(chat: UInt32)
  /// Lines before a place, newest first; nil: the newest.
  case messages(chat: UInt32, before: LinePlace?, limit: Int)

  case find(String)
  case resolve(localPart: String)
  case safetyNumber(AccountID)
  case markVerified(AccountID)
  /// The person has seen that this one was reset, and wants to write all the same.
  case confirmReset(AccountID)

  /// Shows a code with which a further device of this account joins.
  case openLink
  /// The house's administrator gives a person who has lost every device a new first one: all former devices are revoked, everybody sees it.
  case openReset(AccountID)
  case revokeDevice(DeviceID)
  case invite([InvitationWish])
  case listInvitations
  case withdrawInvitation(key: [UInt8])
  case setPolicy([PolicyEntry])
  /// The store is a backup: give up group state and join every group afresh.
  case rejoinAfresh
}

/// Where a line stands in its conversation.
public struct LinePlace: Sendable, Equatable {
  var suffix: [UInt8]
  init(suffix: [UInt8]) { self.suffix = suffix }
  /// Of `bytes`; what is no place reads nothing.
  public init(bytes: [UInt8]) { suffix = bytes }
  public var bytes: [UInt8] { suffix }
}

/// What a command has led to.
public indirect enum CommandResult: Sendable {
  case done
  case failed(MessengerError)
  case chat(UInt32)
  case message(MessageID)
  case lines([LineView])
  case people([PersonView])
  case safetyNumber(SafetyNumberView)
  case link(LinkSecret)
  case invitation(InvitationView)
  /// In the order of the wishes.
  case invitations([InvitationView])
}

public indirect enum Event: Sendable {
  /// Sent once for each command; for messages when they are stored here, not when they are delivered.
  case completed(token: UInt32, CommandResult)
  case connection(ConnectionState)
  /// A line is new or changed (its ticks).
  case line(LineView)
  case chatChanged(UInt32)
  case typing(chat: UInt32, AccountID)
  case policyChanged
  /// Nothing waits to be sent any more.
  case outboxEmpty
  /// An account's devices or keys changed, or it was reset.
  case personChanged(AccountID)
  /// A new device of this account was linked.
  case deviceLinked(DeviceID)
  /// What a person must see: red, and nothing is sent until it is settled.
  case alarm(Alarm)
  /// Something went wrong that needs nobody; for logs.
  case trouble(MessengerError)
}

public enum ConnectionState: UInt8, Sendable {
  case offline
  case connecting
  /// Logged in, reading what has arrived meanwhile.
  case catchingUp
  case online
}

/// The server contradicts itself or what others have seen of it.
public enum Alarm: UInt8, Sendable {
  /// Two feeds, or a feed that lost entries.
  case feedForked = 1
  /// A chain shorter than before, a second genesis, or one that the feed does not know.
  case chainForked
  /// Another house than the one that was joined.
  case houseChanged
  /// A group holds a device that nobody vouches for.
  case strangerInGroup
  /// A copy of this device's store is in use, or it was restored from a backup.
  case staleStore
  case revoked
}

public struct PersonView: Sendable {
  public var account: AccountID
  public var kind: AccountKind
  public var name: String
  public var localPart: String
  public var function: String
  public var isVerified: Bool
}

public struct SafetyNumberView: Sendable {
  public var digits: String
  public var qrText: String
  public var isVerified: Bool
}

public struct InvitationView: Sendable {
  public var name: String
  public var function: String
  public var kind: AccountKind
  public var notAfter: UInt64
  public var key: [UInt8]
  /// Nil where the secret is not known here: it is known only to who made the invitation, when it was made.
  public var secret: LinkSecret?
  public var houseName: String
}

/// A line of a conversation.
public struct LineView: Sendable {
  public var chat: UInt32
  public var place: LinePlace
  public var kind: LineKind
  public var id: MessageID
  public var sender: AccountID
  public var senderName: String
  public var isOwn: Bool
  /// Milliseconds since 1970; for pending ones nil.
  public var time: UInt64?
  public var text: String
  public var inReplyTo: MessageID?
  public var state: MessageState
  public var deliveredTo: [AccountID]
  public var readBy: [AccountID]
}

public struct ChatView: Sendable {
  public var number: UInt32
  public var kind: ChatKind
  public var title: String
  public var color: UInt8
  public var isOpen: Bool
  public var isFrozen: Bool
  public var members: [AccountID]
  public var administrators: [AccountID]
  public var unread: UInt32
  public var lastTime: UInt64
  public var lastText: String
  public var lastSenderName: String
  /// For direct chats.
  public var peer: AccountID?
}

public struct DeviceView: Sendable {
  public var id: DeviceID
  public var name: String
  public var isThis: Bool
}

/// What the engine knows at this moment.
public struct EngineView: Sendable {
  public var isEnrolled: Bool
  public var isAdministrator: Bool
  public var connection: ConnectionState
  public var account: AccountID?
  public var address: String
  public var name: String
  public var houseName: String
  public var domain: String
  /// Conversations, newest first.
  public var chats: [ChatView]
  public var devices: [DeviceView]
  public var policy: Policy?
  public var alarm: Alarm?
  /// Intents that are not done yet.
  public var waiting: Int
  /// Whether everything that had arrived is read.
  public var isCaughtUp: Bool
  /// People whose chains this client holds.
  public var people: [PersonView]
}

/// Names that the engine makes.
public enum MessengerNames {
  /// The part of an address before the @, made of a person's name.
  public static func localPart(of name: String) -> String { AddressNaming.localPart(of: name) }
}
