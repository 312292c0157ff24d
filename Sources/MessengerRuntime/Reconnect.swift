// When to connect again. Pure: time and randomness come in, so a test walks through a bad week in a millisecond.

/// Decides after each end of a connection when to try again: soon after the first, rarely after many, and never all clients at the same instant.
public struct Reconnect: Sendable, Equatable {
  /// What is to be done now.
  public enum Step: Sendable, Equatable {
    case connect
    /// Milliseconds on the clock that was passed in.
    case wait(until: UInt64)
    /// Trying again is of no use; a person must do something.
    case giveUp
  }

  /// Why there is no connection.
  public enum Reason: Sendable, Equatable {
    /// The network, or a server that is not there.
    case lost
    /// The server said that it goes down: it will be back, and everybody wants in at once.
    case goingDown
    /// The server said when to come again.
    case later(seconds: UInt32)
    /// Revoked, unknown, or a version that is not spoken.
    case final
  }

  /// The first pause is up to this long.
  static let firstPause: UInt64 = 500
  /// No pause is longer: a person who opens the lid does not want to wait longer, and 1,000 clients then make 17 attempts a second.
  static let longestPause: UInt64 = 60_000
  /// A connection that held so long was a good one: the count of failures begins anew. Else a server that accepts and drops would be hammered.
  static let goodConnection: UInt64 = 30_000
  /// After a restart of the server, clients come back spread over this time.
  static let restartSpread: UInt64 = 10_000

  private var failures: UInt32 = 0
  private var connectedSince: UInt64?
  private var waitingUntil: UInt64?
  private var hasGivenUp = false

  public init() {}

  /// A connection stands. - Parameter now: milliseconds of a clock that does not go backwards.
  public mutating func connected(at now: UInt64) {
    connectedSince = now
    waitingUntil = nil
  }

  /// A connection, or an attempt, has ended.
  /// - Parameter random: 64 fresh random bits.
  public mutating func ended(_ reason: Reason, at now: UInt64, random: UInt64) -> Step {
    if let since = connectedSince, now >= since, now - since >= Self.goodConnection { failures = 0 }
    connectedSince = nil
    switch reason {
    case .final:
      hasGivenUp = true
      waitingUntil = nil
      return .giveUp
    case .goingDown:
      return wait(1_000 + random % Self.restartSpread, from: now)
    case .later(let seconds):
      failures = min(failures + 1, 32)
      // A little more than asked for, so that those who were told the same do not come together.
      let asked = UInt64(seconds) * 1_000
      return wait(max(asked, Self.firstPause) + random % (asked / 4 + 1_000), from: now)
    case .lost:
      // Between half and all of a pause that doubles.
      let pause = min(Self.longestPause, Self.firstPause << UInt64(min(failures, 16)))
      failures = min(failures + 1, 32)
      return wait(pause / 2 + random % (pause / 2 + 1), from: now)
    }
  }

  private mutating func wait(_ pause: UInt64, from now: UInt64) -> Step {
    let (sum, overflow) = now.addingReportingOverflow(pause)
    let until = overflow ? UInt64.max : sum
    waitingUntil = until
    return .wait(until: until)
  }

  /// What is to be done at this time, when no connection stands.
  public func step(at now: UInt64) -> Step {
    if hasGivenUp { return .giveUp }
    if let waitingUntil, now < waitingUntil { return .wait(until: waitingUntil) }
    return .connect
  }

  /// The network has come back, the lid was opened, or a person asks: no more waiting. What was given up stays so.
  public mutating func wake(at now: UInt64) -> Step {
    failures = 0
    waitingUntil = nil
    return step(at: now)
  }
}
