// Everything the engine holds in memory. A copy of it is the state of a step that may be undone.
import Content
import CryptoInterface
import Identity
import MLS
import TLSCodec
import Wire

struct Core<Crypto: CryptoProvider>: Sendable {
  let vault: Vault
  let crypto: Crypto
  let settings: EngineSettings
  var now: UInt64 = 0
  var cache = LoadedRecords()

  // Stored
  var own: OwnDevice?
  var enrolment: Enrolment?
  var session = SessionRecord()
  var mailbox: MailboxRecord?
  var house: SignedHouse?
  var policy: SignedPolicy?
  var feed: Feed?
  var chains: [AccountID: Chain] = [:]
  var contacts: [AccountID: Contact] = [:]
  var chats: [UInt32: Chat] = [:]
  var outbox: [OutboxEntry] = []
  var statement: PendingStatement?
  var keyPackages: [[UInt8]: KeyPackageRecord] = [:]
  var groups: [[UInt8]: Group] = [:]

  // Not stored
  var connection = Connection()
  var inbound: [Delivered] = []
  var wantedChains: Set<AccountID> = []
  /// Feed entries of pages that do not reach the head yet.
  var feedEntries: [FeedEntry] = []
  var link = LinkState()
  var nextRequest: UInt32 = 1
  var typing: [TypingMark] = []
  var nextChat: UInt32 = 1
  /// Chats whose own devices were compared with the chain.
  var reconciled: Set<UInt32> = []
  /// Resyncs whose acceptance is not known.
  var externalCommits: [UInt32: Group] = [:]
  /// Where the history for a new device stands in each conversation; empty: at its end. Not stored: after a restart it begins anew, and doubles are passed over.
  var historyCursors: [DeviceID: [UInt32: [UInt8]]] = [:]
  var historyRounds: [DeviceID: [UInt32: Int]] = [:]
  var nextOutbox: UInt64 = 1
  /// Of the last message made here; begins with the clock, so that it also rises over restarts.
  var messageCounter: UInt32 = 0
  var alarm: Alarm?
  var raisedAlarms: Set<Alarm> = []
  /// Chats out of which somebody was taken, for a chain that says only later why.
  var takenOut: [AccountID: Set<UInt32>] = [:]
  /// The step left something: another follows before the next input.
  var hasMore = false
  /// The feed or a chain has changed since they were compared.
  var comparesChains = true
  /// The farthest that a member says the feed goes, while this client has not seen so much.
  var aheadMark: FeedMark?
  /// `outboxEmpty` was said since the last intent.
  var isOutboxShownEmpty = true

  // Of this step
  private var changes: [[UInt8]: [UInt8]?] = [:]
  private var order: [[UInt8]] = []
  private var sends: [[UInt8]] = []
  private var events: [Event] = []
  var disconnects = false
  var nextWake: UInt64?

  init(vault: Vault, crypto: Crypto, settings: EngineSettings) {
    self.vault = vault
    self.crypto = crypto
    self.settings = settings
  }

  var seconds: UInt64 { now / 1_000 }

  // MARK: Records

  func key(_ kind: RecordKind, _ name: [UInt8] = [], suffix: [UInt8] = []) -> [UInt8] { vault.key(kind, name, suffix: suffix, crypto) }

  mutating func put(_ key: [UInt8], _ value: [UInt8]?) {
    if changes[key] == nil { order.append(key) }
    changes[key] = .some(value)
  }

  /// A record that this step needs.
  /// - Throws: `.load` where it must be read first.
  func record(_ key: [UInt8]) throws(Stop) -> [UInt8]? {
    if let changed = changes[key] { return changed }
    guard let loaded = cache.value(key) else { throw .load(.keys([key])) }
    guard let sealed = loaded else { return nil }
    do { return try vault.open(sealed, key: key, crypto) } catch { throw .failed(error) }
  }

  /// Several records; one load for all of them.
  func records(_ keys: [[UInt8]]) throws(Stop) -> [[UInt8]?] {
    var missing: [[UInt8]] = []
    for key in keys where changes[key] == nil && cache.value(key) == nil { missing.append(key) }
    if !missing.isEmpty { throw .load(.keys(missing)) }
    var result: [[UInt8]?] = []
    for key in keys { result.append(try record(key)) }
    return result
  }

  /// Records of a range, opened, as stored plus what this step has changed in it (changes of the step are not paged: use it for whole ranges or reading).
  func range(_ request: LoadRequest) throws(Stop) -> [(key: [UInt8], value: [UInt8])] {
    guard let loaded = cache.range(request) else { throw .load(request) }
    var result: [(key: [UInt8], value: [UInt8])] = []
    for record in loaded {
      if let changed = changes[record.key] {
        if let changed { result.append((key: record.key, value: changed)) }
      } else if let sealed = record.value {
        do { result.append((key: record.key, value: try vault.open(sealed, key: record.key, crypto))) } catch { throw .failed(error) }
      }
    }
    return result
  }

  // MARK: Effects

  mutating func emit(_ event: Event) { events.append(event) }
  mutating func transmit(_ frame: ClientFrame) { sends.append(frame.encoded()) }

  mutating func takeEffects() -> [Effect] {
    var effects: [Effect] = []
    if !order.isEmpty {
      var batch: [StoreChange] = []
      batch.reserveCapacity(order.count)
      for key in order {
        guard let value = changes[key] else { continue }
        guard let value else {
          batch.append(StoreChange(key: key, value: nil))
          continue
        }
        // Sealing fails only where the library does; then the record would be lost, so the step must not look done.
        guard let sealed = try? vault.seal(value, key: key, crypto) else { fatalError("the cryptographic library cannot seal") }
        batch.append(StoreChange(key: key, value: sealed))
      }
      effects.append(.write(batch))
    }
    for frame in sends { effects.append(.send(frame)) }
    for event in events { effects.append(.event(event)) }
    if disconnects { effects.append(.disconnect) }
    changes = [:]
    order = []
    sends = []
    events = []
    disconnects = false
    return effects
  }

  mutating func wake(at time: UInt64) {
    if let planned = nextWake, planned <= time, planned > now { return }
    nextWake = time
  }
}

extension Array where Element == UInt8 {
  /// Big-endian, so that keys sort by it.
  init(bigEndian value: UInt64) {
    self = []
    reserveCapacity(8)
    for i in 0..<8 { append(UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * i))) }
  }
  init(bigEndian value: UInt32) {
    self = []
    reserveCapacity(4)
    for i in 0..<4 { append(UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * i))) }
  }
}
