// What handling a request leads to. It leaves the core only when the transaction is on disk.
import Wire

/// Whom something is sent to besides the asker.
public enum Recipient: Equatable, Sendable {
  /// The connection of a device, where it has one.
  case device([UInt8])
  case connection(ConnectionID)
  /// Every device that has logged in.
  case everybody
}

/// The answer to a request, and what others get to hear.
public struct Outcome: Sendable {
  public var answer: Answer
  public var pushes: [(to: Recipient, push: Push)] = []
  /// Mailboxes that have got rows.
  public var filled: Set<[UInt8]> = []
  /// Connections that end after what was sent to them.
  public var goodbyes: [(to: Recipient, code: RefusalCode)] = []
  /// The device that has logged in on this connection: any other connection of it ends.
  public var loggedIn: [UInt8]?

  public init(_ answer: Answer) { self.answer = answer }
}
