// Why the server says no. Clients act on the code; the detail is for a person who reads logs, and holds no personal data.
import TLSCodec

public struct RefusalCode: Hashable, Sendable, TLSCodable {
  public var rawValue: UInt16
  public init(_ rawValue: UInt16) { self.rawValue = rawValue }
  public init(from r: inout Reader) throws(DecodingError) { rawValue = try r.uint16() }
  public func encode(to w: inout Writer) { w.uint16(rawValue) }

  /// The frame does not parse, or exceeds a limit.
  public static let malformed = RefusalCode(1)
  public static let unsupportedVersion = RefusalCode(2)
  /// The request needs a log-in, or the log-in failed.
  public static let notLoggedIn = RefusalCode(3)
  public static let unknownDevice = RefusalCode(4)
  /// The device was revoked: everything from it is refused from that instant.
  public static let revoked = RefusalCode(5)
  /// The device's store is older than what the server has seen of it, or a copy of it is in use (`LogIn.session`).
  public static let behind = RefusalCode(6)
  /// Too much in too short a time; `retryAfter` says how long to wait.
  public static let tooMany = RefusalCode(7)
  public static let forbidden = RefusalCode(8)
  public static let notFound = RefusalCode(9)
  /// An invitation or link is used up, withdrawn or expired.
  public static let usedUp = RefusalCode(10)
  /// Something of this name exists already: an address, a group id.
  public static let taken = RefusalCode(11)
  /// The house is set up already, or not yet.
  public static let notNow = RefusalCode(12)
  /// A signature, certificate or statement does not verify.
  public static let invalid = RefusalCode(13)
  /// A chain that does not continue the one that is stored: another statement came first.
  public static let chainConflict = RefusalCode(14)
  /// Another commit was accepted for the epoch. The mailbox brings it.
  public static let epochTaken = RefusalCode(20)
  /// An application message of an epoch outside of the window; encrypt again in the present epoch.
  public static let stale = RefusalCode(21)
  /// The key does not open the group: it has changed, or is wrong.
  public static let wrongGroupKey = RefusalCode(22)
  /// The sender does not stand in the roster.
  public static let notMember = RefusalCode(23)
  /// A member has reported an accepted commit that cannot be applied; the group waits to be rebuilt.
  public static let frozen = RefusalCode(24)
  /// `PublicGroup` found the commit, proposal or GroupInfo invalid.
  public static let invalidCommit = RefusalCode(25)
  public static let invalidKeyPackage = RefusalCode(26)
  /// Too large: a group, message or upload beyond a named limit.
  public static let tooLarge = RefusalCode(27)
  /// Not this device's mailbox, or a number or key that does not fit it.
  public static let wrongMailbox = RefusalCode(28)
  /// The server cannot store at present; nothing was changed. Try later.
  public static let unavailable = RefusalCode(30)
  public static let goingDown = RefusalCode(31)
  /// The same device has connected anew; this connection ends.
  public static let replaced = RefusalCode(32)
}

///     struct {
///         RefusalCode code;
///         uint32 retry_after;      // seconds; 0: no use in waiting
///         opaque detail<V>;        // ASCII
///     } Refusal;
public struct Refusal: Error, Sendable, Equatable, TLSCodable {
  public var code: RefusalCode
  public var retryAfter: UInt32
  public var detail: [UInt8]
  public init(_ code: RefusalCode, retryAfter: UInt32 = 0, detail: StaticString = "") {
    self.code = code
    self.retryAfter = retryAfter
    self.detail = detail.withUTF8Buffer { Array($0) }
  }
  public init(from r: inout Reader) throws(DecodingError) {
    code = try RefusalCode(from: &r)
    retryAfter = try r.uint32()
    detail = try r.opaque(atMost: 1_000)
  }
  public func encode(to w: inout Writer) {
    code.encode(to: &w)
    w.uint32(retryAfter)
    w.opaque(detail)
  }
}
