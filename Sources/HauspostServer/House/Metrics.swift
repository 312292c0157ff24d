// What the house counts, in Prometheus' text format. Numbers only: no account, device, group or address has a label here.
import Synchronization
import Wire

/// Counters of one server. Safe to use from any thread.
public final class Metrics: Sendable {
  private struct State {
    var opened: UInt64 = 0
    var open = 0
    var turnedAway: UInt64 = 0
    var ends: [SessionEnd: UInt64] = [:]
    var requests: [UInt16: UInt64] = [:]
    var malformed: UInt64 = 0
    var refusals: [UInt16: UInt64] = [:]
    var bytesReceived: UInt64 = 0
    var bytesSent: UInt64 = 0
    var requestTime = Histogram(bounds: Metrics.seconds)
    var answers = 0
    var commitTime = Histogram(bounds: Metrics.seconds)
    var commitSize = Histogram(bounds: [1, 2, 4, 8, 16, 32, 64, 128, 256])
  }

  /// From what an idle disk does to what a person notices.
  static let seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

  private let state = Mutex(State())
  private let started = ContinuousClock.now

  public init() {}

  // MARK: Counting

  /// One transaction of the store is on disk. Its answers leave after this, so those that were counted since the last time belong to the one before:
  /// its size is known now. A transaction without answers is the server's own.
  func stored(took: Duration) {
    state.withLock {
      $0.commitTime.add(Self.number(took))
      if $0.answers > 0 { $0.commitSize.add(Double($0.answers)) }
      $0.answers = 0
    }
  }

  private static func number(_ duration: Duration) -> Double {
    let (seconds, attoseconds) = duration.components
    return Double(seconds) + Double(attoseconds) / 1e18
  }

  func opened() {
    state.withLock {
      $0.opened += 1
      $0.open += 1
    }
  }

  func closed() { state.withLock { $0.open -= 1 } }
  func turnedAway() { state.withLock { $0.turnedAway += 1 } }
  func ended(_ reason: SessionEnd) { state.withLock { $0.ends[reason, default: 0] += 1 } }

  /// A client's frame: number, type, body.
  func received(_ frame: [UInt8], took: Duration) {
    state.withLock { state in
      state.bytesReceived += UInt64(frame.count)
      state.requestTime.add(Self.number(took))
      // Only known types get a line: a client must not be able to make any number of them.
      if let type = Self.uint16(frame, at: 4), Self.requestNames[type] != nil {
        state.requests[type, default: 0] += 1
      } else {
        state.malformed += 1
      }
    }
  }

  /// The server's frame: number, type, body; an answer of type 2 is a refusal and begins with its code.
  func sent(_ frame: [UInt8]) {
    let isAnswer = frame.count >= 8 && frame[..<4].contains { $0 != 0 }
    let refusal = isAnswer && Self.uint16(frame, at: 4) == 2 ? Self.uint16(frame, at: 6) : nil
    state.withLock { state in
      state.bytesSent += UInt64(frame.count)
      if isAnswer { state.answers += 1 }
      if let refusal { state.refusals[refusal, default: 0] += 1 }
    }
  }

  private static func uint16(_ bytes: [UInt8], at index: Int) -> UInt16? {
    guard bytes.count >= index + 2 else { return nil }
    return UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1])
  }

  // MARK: Telling

  /// Prometheus' text format, version 0.0.4.
  public func exposition() -> String {
    let state = state.withLock { $0 }
    var text = Exposition()
    text.gauge("hauspost_connections", "Open client connections.", Double(state.open))
    text.counter("hauspost_connections_total", "Client connections since the start.", state.opened)
    text.counter("hauspost_connections_turned_away_total", "Connections refused because there were too many.", state.turnedAway)
    text.counters(
      "hauspost_connections_ended_total", "Ended client connections, by who or what ended them.", label: "reason",
      SessionEnd.allCases.map { ($0.rawValue, state.ends[$0, default: 0]) })
    text.counters(
      "hauspost_requests_total", "Requests, by type.", label: "type",
      state.requests.sorted { $0.key < $1.key }.map { (Self.requestNames[$0.key] ?? "unknown", $0.value) } + [("unknown", state.malformed)])
    text.counters(
      "hauspost_refusals_total", "Refused requests, by the code of the refusal.", label: "code",
      state.refusals.sorted { $0.key < $1.key }.map { (Self.refusalNames[$0.key] ?? "\($0.key)", $0.value) })
    text.counter("hauspost_received_bytes_total", "Bytes of requests.", state.bytesReceived)
    text.counter("hauspost_sent_bytes_total", "Bytes of answers and pushes.", state.bytesSent)
    text.histogram("hauspost_request_seconds", "From a request to its answer.", state.requestTime)
    text.histogram("hauspost_commit_seconds", "Time of one transaction of the store until it is on disk.", state.commitTime)
    text.histogram("hauspost_commit_requests", "Requests that shared one transaction.", state.commitSize)
    if let memory = ProcessFigures.residentBytes { text.gauge("process_resident_memory_bytes", "Resident memory.", Double(memory)) }
    if let files = ProcessFigures.openFiles { text.gauge("process_open_fds", "Open files and connections.", Double(files)) }
    let (seconds, _) = (ContinuousClock.now - started).components
    text.gauge("hauspost_uptime_seconds", "Time since the start.", Double(seconds))
    return text.text
  }

  static let requestNames: [UInt16: String] = [
    1: "hello", 2: "setUp", 3: "lookUpInvitation", 4: "enrol", 5: "offerLink", 6: "takeLink", 7: "logIn", 32: "find", 33: "resolve", 34: "chains",
    35: "appendStatement", 36: "feed", 40: "publishKeyPackages", 41: "claimKeyPackages", 50: "createGroup", 51: "commit", 52: "send", 53: "propose",
    54: "ephemeral", 55: "groupInfo", 56: "tree", 57: "report", 60: "drain", 61: "acknowledge", 70: "createInvitations", 71: "listInvitations",
    72: "withdrawInvitation", 73: "setPolicy", 74: "openLink", 75: "answerLink",
  ]

  static let refusalNames: [UInt16: String] = [
    1: "malformed", 2: "unsupportedVersion", 3: "notLoggedIn", 4: "unknownDevice", 5: "revoked", 6: "behind", 7: "tooMany", 8: "forbidden", 9: "notFound",
    10: "usedUp", 11: "taken", 12: "notNow", 13: "invalid", 14: "chainConflict", 20: "epochTaken", 21: "stale", 22: "wrongGroupKey", 23: "notMember",
    24: "frozen", 25: "invalidCommit", 26: "invalidKeyPackage", 27: "tooLarge", 28: "wrongMailbox", 30: "unavailable", 31: "goingDown", 32: "replaced",
  ]
}
