// What client and server say to each other, one file per family of requests. Both sides import this and nothing of each other.
import TLSCodec

/// The version of the wire protocol; the WebSocket subprotocol is `chat.1`. Within a version, fields are only added by new types.
public enum WireVersion {
  public static let current: UInt16 = 1
  public static let subprotocol = "chat.1"
}

/// Bounds of the wire, each with its reason. Server and clients refuse what exceeds them before they look inside.
public enum WireLimits {
  /// A commit that adds 1,000 X-Wing members takes 2.7 MB, its sliced Welcomes 1.5 MB on top.
  public static let frameBytes = 8 << 20
  /// One commit (or GroupInfo, or tree).
  public static let commitBytes = 4 << 20
  /// One application message, encrypted and padded: 64 kB of content and what MLS adds.
  public static let messageBytes = 80 << 10
  /// One ephemeral (typing, presence): sealed, a few dozen bytes of content.
  public static let ephemeralBytes = 1 << 10
  /// Devices whose key packages one request may claim: a group of 1,000 in two requests.
  public static let claimedDevices = 500
  /// Accounts whose chains one request may ask for.
  public static let chains = 200
  /// Feed entries in one answer: 68 bytes each.
  public static let feedEntries: UInt32 = 4_096
  /// Key packages in one upload: a pool of 20 and a last resort, with room.
  public static let keyPackages = 64
  /// Invitations in one request: a ward's CSV; more in several.
  public static let invitations = 500
  /// Entries of a directory answer.
  public static let directoryEntries = 50
  /// Members of one group, hence Welcomes in one request.
  public static let members = 1_000
  /// A sealed device-link offer or answer.
  public static let linkBytes = 64 << 10
  /// One statement, invitation, policy or house.
  public static let statementBytes = 64 << 10
  /// A text typed by a person into a search field.
  public static let queryBytes = 200
}

/// A request of the client with its number; the answer carries the same number. Numbers are the client's choice but never 0.
///
///     struct {
///         uint32 number;
///         uint16 type;
///         select (type) …
///     } ClientFrame;
public struct ClientFrame: Sendable, Equatable, TLSCodable {
  public var number: UInt32
  public var request: Request
  public init(number: UInt32, request: Request) {
    self.number = number
    self.request = request
  }
  public init(from r: inout Reader) throws(DecodingError) {
    number = try r.uint32()
    guard number != 0 else { throw .invalidValue("frame number 0") }
    request = try Request(from: &r)
  }
  public func encode(to w: inout Writer) {
    w.uint32(number)
    request.encode(to: &w)
  }
}

/// What the server sends: an answer to a request (its number), or a push (number 0).
public struct ServerFrame: Sendable, Equatable, TLSCodable {
  public enum Content: Sendable, Equatable {
    case answer(number: UInt32, Answer)
    case push(Push)
  }
  public var content: Content
  public init(_ content: Content) { self.content = content }
  public init(from r: inout Reader) throws(DecodingError) {
    let number = try r.uint32()
    if number == 0 { content = .push(try Push(from: &r)) } else { content = .answer(number: number, try Answer(from: &r)) }
  }
  public func encode(to w: inout Writer) {
    switch content {
    case .push(let push):
      w.uint32(0)
      push.encode(to: &w)
    case .answer(let number, let answer):
      w.uint32(number)
      answer.encode(to: &w)
    }
  }
}

/// Everything that a client can ask. Numbers below 32 need no log-in.
public indirect enum Request: Sendable, Equatable, TLSCodable {
  case hello(Hello)
  case setUp(SetUp)
  case lookUpInvitation(LookUpInvitation)
  case enrol(Enrol)
  case offerLink(OfferLink)
  case takeLink(TakeLink)
  case logIn(LogIn)
  case find(Find)
  case resolve(Resolve)
  case chains(Chains)
  case appendStatement(AppendStatement)
  case feed(FeedRequest)
  case publishKeyPackages(PublishKeyPackages)
  case claimKeyPackages(ClaimKeyPackages)
  case createGroup(CreateGroup)
  case commit(CommitRequest)
  case send(SendRequest)
  case propose(ProposeRequest)
  case ephemeral(EphemeralRequest)
  case groupInfo(GroupInfoRequest)
  case tree(TreeRequest)
  case report(ReportRequest)
  case drain(Drain)
  case acknowledge(Acknowledge)
  case createInvitations(CreateInvitations)
  case listInvitations
  case withdrawInvitation(WithdrawInvitation)
  case setPolicy(SetPolicy)
  case openLink(OpenLink)
  case answerLink(AnswerLink)

  /// Its number on the wire.
  public var type: UInt16 {
    switch self {
    case .hello: 1
    case .setUp: 2
    case .lookUpInvitation: 3
    case .enrol: 4
    case .offerLink: 5
    case .takeLink: 6
    case .logIn: 7
    case .find: 32
    case .resolve: 33
    case .chains: 34
    case .appendStatement: 35
    case .feed: 36
    case .publishKeyPackages: 40
    case .claimKeyPackages: 41
    case .createGroup: 50
    case .commit: 51
    case .send: 52
    case .propose: 53
    case .ephemeral: 54
    case .groupInfo: 55
    case .tree: 56
    case .report: 57
    case .drain: 60
    case .acknowledge: 61
    case .createInvitations: 70
    case .listInvitations: 71
    case .withdrawInvitation: 72
    case .setPolicy: 73
    case .openLink: 74
    case .answerLink: 75
    }
  }

  /// Whether only a device that has logged in may ask it.
  public var needsLogIn: Bool { type >= 32 }

  public init(from r: inout Reader) throws(DecodingError) {
    switch try r.uint16() {
    case 1: self = .hello(try Hello(from: &r))
    case 2: self = .setUp(try SetUp(from: &r))
    case 3: self = .lookUpInvitation(try LookUpInvitation(from: &r))
    case 4: self = .enrol(try Enrol(from: &r))
    case 5: self = .offerLink(try OfferLink(from: &r))
    case 6: self = .takeLink(try TakeLink(from: &r))
    case 7: self = .logIn(try LogIn(from: &r))
    case 32: self = .find(try Find(from: &r))
    case 33: self = .resolve(try Resolve(from: &r))
    case 34: self = .chains(try Chains(from: &r))
    case 35: self = .appendStatement(try AppendStatement(from: &r))
    case 36: self = .feed(try FeedRequest(from: &r))
    case 40: self = .publishKeyPackages(try PublishKeyPackages(from: &r))
    case 41: self = .claimKeyPackages(try ClaimKeyPackages(from: &r))
    case 50: self = .createGroup(try CreateGroup(from: &r))
    case 51: self = .commit(try CommitRequest(from: &r))
    case 52: self = .send(try SendRequest(from: &r))
    case 53: self = .propose(try ProposeRequest(from: &r))
    case 54: self = .ephemeral(try EphemeralRequest(from: &r))
    case 55: self = .groupInfo(try GroupInfoRequest(from: &r))
    case 56: self = .tree(try TreeRequest(from: &r))
    case 57: self = .report(try ReportRequest(from: &r))
    case 60: self = .drain(try Drain(from: &r))
    case 61: self = .acknowledge(try Acknowledge(from: &r))
    case 70: self = .createInvitations(try CreateInvitations(from: &r))
    case 71: self = .listInvitations
    case 72: self = .withdrawInvitation(try WithdrawInvitation(from: &r))
    case 73: self = .setPolicy(try SetPolicy(from: &r))
    case 74: self = .openLink(try OpenLink(from: &r))
    case 75: self = .answerLink(try AnswerLink(from: &r))
    case let other: throw .unknownValue(type: "Request", value: UInt64(other))
    }
  }

  public func encode(to w: inout Writer) {
    w.uint16(type)
    switch self {
    case .hello(let x): x.encode(to: &w)
    case .setUp(let x): x.encode(to: &w)
    case .lookUpInvitation(let x): x.encode(to: &w)
    case .enrol(let x): x.encode(to: &w)
    case .offerLink(let x): x.encode(to: &w)
    case .takeLink(let x): x.encode(to: &w)
    case .logIn(let x): x.encode(to: &w)
    case .find(let x): x.encode(to: &w)
    case .resolve(let x): x.encode(to: &w)
    case .chains(let x): x.encode(to: &w)
    case .appendStatement(let x): x.encode(to: &w)
    case .feed(let x): x.encode(to: &w)
    case .publishKeyPackages(let x): x.encode(to: &w)
    case .claimKeyPackages(let x): x.encode(to: &w)
    case .createGroup(let x): x.encode(to: &w)
    case .commit(let x): x.encode(to: &w)
    case .send(let x): x.encode(to: &w)
    case .propose(let x): x.encode(to: &w)
    case .ephemeral(let x): x.encode(to: &w)
    case .groupInfo(let x): x.encode(to: &w)
    case .tree(let x): x.encode(to: &w)
    case .report(let x): x.encode(to: &w)
    case .drain(let x): x.encode(to: &w)
    case .acknowledge(let x): x.encode(to: &w)
    case .createInvitations(let x): x.encode(to: &w)
    case .listInvitations: break
    case .withdrawInvitation(let x): x.encode(to: &w)
    case .setPolicy(let x): x.encode(to: &w)
    case .openLink(let x): x.encode(to: &w)
    case .answerLink(let x): x.encode(to: &w)
    }
  }
}

/// What the server answers.
public indirect enum Answer: Sendable, Equatable, TLSCodable {
  /// Done; there is nothing to tell.
  case done
  case refused(Refusal)
  case greeting(Greeting)
  case invitation(InvitationAnswer)
  case link(LinkAnswer)
  case loggedIn(LoggedIn)
  case directory(DirectoryAnswer)
  case chains(ChainsAnswer)
  case feed(FeedAnswer)
  case keyPackages(KeyPackagesAnswer)
  case accepted(Accepted)
  case groupInfo(GroupInfoAnswer)
  case tree(TreeAnswer)
  case invitations(InvitationsAnswer)

  public init(from r: inout Reader) throws(DecodingError) {
    switch try r.uint16() {
    case 1: self = .done
    case 2: self = .refused(try Refusal(from: &r))
    case 3: self = .greeting(try Greeting(from: &r))
    case 4: self = .invitation(try InvitationAnswer(from: &r))
    case 5: self = .link(try LinkAnswer(from: &r))
    case 6: self = .loggedIn(try LoggedIn(from: &r))
    case 7: self = .directory(try DirectoryAnswer(from: &r))
    case 8: self = .chains(try ChainsAnswer(from: &r))
    case 9: self = .feed(try FeedAnswer(from: &r))
    case 10: self = .keyPackages(try KeyPackagesAnswer(from: &r))
    case 11: self = .accepted(try Accepted(from: &r))
    case 12: self = .groupInfo(try GroupInfoAnswer(from: &r))
    case 13: self = .tree(try TreeAnswer(from: &r))
    case 14: self = .invitations(try InvitationsAnswer(from: &r))
    case let other: throw .unknownValue(type: "Answer", value: UInt64(other))
    }
  }

  public func encode(to w: inout Writer) {
    switch self {
    case .done: w.uint16(1)
    case .refused(let x): w.tagged(2, x)
    case .greeting(let x): w.tagged(3, x)
    case .invitation(let x): w.tagged(4, x)
    case .link(let x): w.tagged(5, x)
    case .loggedIn(let x): w.tagged(6, x)
    case .directory(let x): w.tagged(7, x)
    case .chains(let x): w.tagged(8, x)
    case .feed(let x): w.tagged(9, x)
    case .keyPackages(let x): w.tagged(10, x)
    case .accepted(let x): w.tagged(11, x)
    case .groupInfo(let x): w.tagged(12, x)
    case .tree(let x): w.tagged(13, x)
    case .invitations(let x): w.tagged(14, x)
    }
  }
}

/// What the server says unasked.
public indirect enum Push: Sendable, Equatable, TLSCodable {
  case delivery(Delivered)
  case ephemeral(EphemeralPush)
  /// The feed has grown; the signed head, encoded.
  case feedHead([UInt8])
  /// The administrator has signed a new policy.
  case policy([UInt8])
  /// A device answers to a link that this device has opened.
  case linkOffered(LinkOffered)
  /// The other side has answered the offer made on this connection.
  case linkAnswered(LinkOffered)
  /// The server ends this connection: revoked, replaced by another of the same device, or going down.
  case goodbye(RefusalCode)

  public init(from r: inout Reader) throws(DecodingError) {
    switch try r.uint16() {
    case 1: self = .delivery(try Delivered(from: &r))
    case 2: self = .ephemeral(try EphemeralPush(from: &r))
    case 3: self = .feedHead(try r.opaque(atMost: WireLimits.statementBytes))
    case 4: self = .policy(try r.opaque(atMost: WireLimits.statementBytes))
    case 5: self = .linkOffered(try LinkOffered(from: &r))
    case 6: self = .linkAnswered(try LinkOffered(from: &r))
    case 7: self = .goodbye(try RefusalCode(from: &r))
    case let other: throw .unknownValue(type: "Push", value: UInt64(other))
    }
  }

  public func encode(to w: inout Writer) {
    switch self {
    case .delivery(let x): w.tagged(1, x)
    case .ephemeral(let x): w.tagged(2, x)
    case .feedHead(let x):
      w.uint16(3)
      w.opaque(x)
    case .policy(let x):
      w.uint16(4)
      w.opaque(x)
    case .linkOffered(let x): w.tagged(5, x)
    case .linkAnswered(let x): w.tagged(6, x)
    case .goodbye(let x): w.tagged(7, x)
    }
  }
}

extension Writer {
  mutating func tagged(_ type: UInt16, _ value: some TLSEncodable) {
    uint16(type)
    value.encode(to: &self)
  }
}

extension Reader {
  /// A vector of bytes with a bound that says what it is for.
  mutating func opaque(atMost limit: Int) throws(DecodingError) -> [UInt8] {
    let bytes = try opaque()
    guard bytes.count <= limit else { throw .limitExceeded("wire field") }
    return bytes
  }
}
