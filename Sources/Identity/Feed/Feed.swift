// A client's copy of the house feed: follows the server's log, notices when it contradicts itself or what other members have seen.
import CryptoInterface
import TLSCodec

/// How long a chain is said to be, and its last statement's hash.
///
///     struct {
///         uint32 length;
///         opaque head[32];
///     } FeedPosition;
public struct FeedPosition: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var length: UInt32
  public var head: Digest
  public init(length: UInt32, head: Digest) {
    self.length = length
    self.head = head
  }
  public init(from reader: inout Reader) throws(DecodingError) {
    length = try reader.uint32()
    head = try Digest(from: &reader)
  }
  public func encode(to writer: inout Writer) {
    writer.uint32(length)
    head.encode(to: &writer)
  }
}

/// What another member's mark says about the feed.
public enum FeedComparison: Sendable, Equatable {
  /// Both have the same history up to there.
  case same
  /// The other has seen more: fetch, then ask again.
  case ahead
  /// Too old to be remembered, or of an incarnation before this copy's time.
  case unknown
  /// The server has shown the two of them different histories.
  case forked
}

/// The feed as this client has seen it.
public struct Feed: Sendable {
  /// What is known of one account.
  struct Account: Sendable {
    /// In the log as it is now; nil where a restart has taken its entries away.
    var current: FeedPosition?
    /// The longest ever seen, in any incarnation: never lowered.
    var highest: FeedPosition
  }
  /// An entry as remembered: the hash after it, and what undoes it.
  struct Remembered: Sendable {
    var hash: Digest
    var account: BlindedAccount
    var previous: FeedPosition?
  }

  public let house: HouseID
  public let serverKey: SignaturePublicKey
  public internal(set) var incarnation: UInt32
  /// Entries.
  public internal(set) var size: UInt64
  public internal(set) var hash: Digest
  /// The last head that was verified.
  public internal(set) var head: SignedFeedHead?
  var accounts: [BlindedAccount: Account] = [:]
  /// By the size that the entry led to; the last `IdentityLimits.rememberedHeads`.
  var remembered: [UInt64: Remembered] = [:]
  /// The incarnation that this copy began with.
  var firstIncarnation: UInt32
  /// Up to here all incarnations since the first have the same history.
  var sharedSize: UInt64 = .max
  var changes = FeedChanges()

  /// An empty copy.
  /// - Parameter incarnation: the server's present one.
  public init(house: HouseID, serverKey: SignaturePublicKey, incarnation: UInt32) {
    self.house = house
    self.serverKey = serverKey
    self.incarnation = incarnation
    firstIncarnation = incarnation
    size = 0
    hash = .zero
    changes.state = true
  }

  /// What to tell other members.
  public var mark: FeedMark { FeedMark(incarnation: incarnation, size: size, hash: hash) }

  /// The longest that the feed has ever said of an account; nil where it never said anything.
  public func position(of account: AccountID, using crypto: some CryptoProvider) -> FeedPosition? {
    accounts[BlindedAccount(account, using: crypto)]?.highest
  }

  /// Takes over what the server has written since. A long feed comes in pages: collect them until they reach the head.
  /// - Parameter entries: all from `size` to the head's size.
  /// - Throws: `.feedHouse`, `.feedHeadSignature`; `.feedIncarnation`; `.shorter`: the server's log, or a chain in it, has become shorter; `.feedSize`,
  ///   `.feedHash`: the entries do not lead to the head; `.fork`: a head or a chain differs from what was signed before. Then nothing has changed.
  public mutating func append(_ entries: [FeedEntry], to signed: SignedFeedHead, using crypto: some CryptoProvider) throws(IdentityError) {
    let new = try signed.verified(house: house, serverKey: serverKey, using: crypto)
    guard new.incarnation == incarnation else { throw .feedIncarnation }
    guard new.size >= size else { throw .shorter }
    guard new.size - size == UInt64(entries.count) else { throw .feedSize }
    var hashes: [Digest] = []
    hashes.reserveCapacity(entries.count)
    for entry in entries { hashes.append(entry.hash(after: hashes.last ?? hash, using: crypto)) }
    guard (hashes.last ?? hash) == new.hash else { throw entries.isEmpty ? .fork : .feedHash }
    // The server has signed these entries. Look at all before one is taken over.
    var updated: [BlindedAccount: Account] = [:]
    var undo: [FeedPosition?] = []
    for entry in entries {
      let known = updated[entry.account] ?? accounts[entry.account]
      undo.append(known?.current)
      updated[entry.account] = try Feed.follow(entry, after: known)
    }
    for (account, value) in updated {
      accounts[account] = value
      changes.accounts.insert(account)
    }
    for (i, entry) in entries.enumerated() { remember(Remembered(hash: hashes[i], account: entry.account, previous: undo[i])) }
    hash = new.hash
    head = signed
    changes.state = true
  }

  /// One account after an entry.
  private static func follow(_ entry: FeedEntry, after known: Account?) throws(IdentityError) -> Account {
    let new = FeedPosition(length: entry.length, head: entry.head)
    guard entry.length >= 1 else { throw .shorter }
    guard let known else { return Account(current: new, highest: new) }
    if let current = known.current {
      guard new.length >= current.length else { throw .shorter }
      guard new.length > current.length || new.head == current.head else { throw .fork }
    }
    // After a restart the log may go again over what was seen; never over it differently.
    guard new.length != known.highest.length || new.head == known.highest.head else { throw .fork }
    return Account(current: new, highest: new.length > known.highest.length ? new : known.highest)
  }

  private mutating func remember(_ entry: Remembered) {
    size += 1
    remembered[size] = entry
    changes.remembered.insert(size)
    if size > IdentityLimits.rememberedHeads { remembered[size - IdentityLimits.rememberedHeads] = nil }
  }

  /// The hash when the feed had this size; nil where it is no longer, or not yet, known.
  func hash(at size: UInt64) -> Digest? {
    if size == self.size { return hash }
    if size == 0 { return .zero }
    guard size < self.size else { return nil }
    return remembered[size]?.hash
  }

  /// Whether another member has seen the same feed.
  public func compare(seen mark: FeedMark) -> FeedComparison {
    if mark.incarnation > incarnation { return .ahead }
    if mark.incarnation < incarnation {
      guard mark.incarnation >= firstIncarnation, mark.size <= sharedSize else { return .unknown }
    }
    if mark.size > size { return .ahead }
    guard let own = hash(at: mark.size) else { return .unknown }
    return own == mark.hash ? .same : .forked
  }

  /// The server was restored from a backup and goes on from an earlier size. What was seen of each account stays: the longest position is never
  /// lowered, and `append` refuses a history of an account that differs there.
  /// - Parameters:
  ///   - size: up to where the old entries still hold; 0 to go over all of them again.
  ///   - incarnation: higher than before.
  /// - Throws: `.feedIncarnation`; `.feedTooOld` where so much is not remembered: restart at 0.
  public mutating func restart(at size: UInt64, incarnation: UInt32) throws(IdentityError) {
    guard incarnation > self.incarnation else { throw .feedIncarnation }
    let target = min(size, self.size)
    guard let hash = hash(at: target) else { throw .feedTooOld }
    if target == 0 {
      for account in accounts.keys {
        accounts[account]?.current = nil
        changes.accounts.insert(account)
      }
      remembered = [:]
    } else {
      // From the last back to the first after the target; all are there, or nothing is undone.
      var undone: [Remembered] = []
      var place = self.size
      while place > target {
        guard let entry = remembered[place] else { throw .feedTooOld }
        undone.append(entry)
        place -= 1
      }
      for (i, entry) in undone.enumerated() {
        accounts[entry.account]?.current = entry.previous
        changes.accounts.insert(entry.account)
        remembered[self.size - UInt64(i)] = nil
      }
    }
    self.size = target
    self.hash = hash
    self.incarnation = incarnation
    sharedSize = min(sharedSize, target)
    head = nil
    changes.state = true
  }
}
