// The feed as small records for the client's store: an entry rewrites three of them and not the whole.
import CryptoInterface
import TLSCodec

/// The name of a record.
///
///     struct {
///         uint8 kind;               /* state(1), account(2), remembered(3) */
///         select (kind) {
///             case account:    opaque blinded[32];
///             case remembered: uint32 slot;      /* size mod 4096 */
///         };
///     } FeedRecordKey;
public enum FeedRecordKey: Hashable, Sendable, TLSEncodable, TLSDecodable {
  case state
  case account(BlindedAccount)
  case remembered(slot: UInt32)

  public init(from reader: inout Reader) throws(DecodingError) {
    switch try reader.uint8() {
    case 1: self = .state
    case 2: self = .account(try BlindedAccount(from: &reader))
    case 3: self = .remembered(slot: try reader.uint32())
    case let other: throw .unknownValue(type: "FeedRecordKey", value: UInt64(other))
    }
  }
  public func encode(to writer: inout Writer) {
    switch self {
    case .state: writer.uint8(1)
    case .account(let account):
      writer.uint8(2)
      account.encode(to: &writer)
    case .remembered(let slot):
      writer.uint8(3)
      writer.uint32(slot)
    }
  }
}

/// A record to store, in place of the one of the same key. Records are never deleted.
public struct FeedRecord: Hashable, Sendable {
  public var key: FeedRecordKey
  public var value: [UInt8]
  public init(key: FeedRecordKey, value: [UInt8]) {
    self.key = key
    self.value = value
  }
}

/// What has changed since the last `takeChanges()`.
struct FeedChanges: Sendable {
  var state = false
  var accounts: Set<BlindedAccount> = []
  var remembered: Set<UInt64> = []
}

extension Feed {
  private static let recordVersion: UInt16 = 1

  /// What to store, once.
  public mutating func takeChanges() -> [FeedRecord] {
    var records: [FeedRecord] = []
    for account in changes.accounts {
      guard let value = accounts[account] else { continue }
      var w = Writer()
      w.optional(value.current)
      value.highest.encode(to: &w)
      records.append(FeedRecord(key: .account(account), value: w.bytes))
    }
    for place in changes.remembered {
      guard let value = remembered[place] else { continue }
      var w = Writer()
      w.uint64(place)
      value.hash.encode(to: &w)
      value.account.encode(to: &w)
      w.optional(value.previous)
      records.append(
        FeedRecord(key: .remembered(slot: UInt32(truncatingIfNeeded: place % IdentityLimits.rememberedHeads)), value: w.bytes))
    }
    if changes.state {
      var w = Writer()
      w.uint16(Feed.recordVersion)
      house.encode(to: &w)
      serverKey.encode(to: &w)
      w.uint32(incarnation)
      w.uint64(size)
      hash.encode(to: &w)
      w.uint32(firstIncarnation)
      w.uint64(sharedSize)
      w.optional(head)
      records.append(FeedRecord(key: .state, value: w.bytes))
    }
    changes = FeedChanges()
    return records
  }

  /// The feed of stored records, in any order.
  /// - Throws: `.corruptRecord` where one does not parse or the state is missing.
  public init(records: [FeedRecord]) throws(IdentityError) {
    guard let state = records.first(where: { $0.key == .state }) else { throw .corruptRecord }
    do throws(DecodingError) {
      var r = Reader(state.value)
      guard try r.uint16() == Feed.recordVersion else { throw .invalidValue("feed record version") }
      house = try HouseID(from: &r)
      serverKey = try r.signatureKey()
      incarnation = try r.uint32()
      size = try r.uint64()
      hash = try Digest(from: &r)
      firstIncarnation = try r.uint32()
      sharedSize = try r.uint64()
      head = try r.optional()
      try r.finish()
      for record in records {
        var r = Reader(record.value)
        switch record.key {
        case .state: continue
        case .account(let account):
          accounts[account] = Account(current: try r.optional(), highest: try FeedPosition(from: &r))
        case .remembered:
          let place = try r.uint64()
          let value = Remembered(hash: try Digest(from: &r), account: try BlindedAccount(from: &r), previous: try r.optional())
          // A restart leaves records of entries that are no more; their slots are written again before they count.
          if place >= 1, place <= size, size - place < IdentityLimits.rememberedHeads { remembered[place] = value }
        }
        try r.finish()
      }
    } catch { throw .corruptRecord }
  }
}
