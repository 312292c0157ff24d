// The server's end of the feed: what it writes down when a chain has grown. Pure: rows are the server's to store.
import CryptoInterface

/// Where the log stands.
public struct FeedLog: Sendable, Equatable {
  public let house: HouseID
  public let incarnation: UInt32
  /// Entries so far.
  public private(set) var size: UInt64
  /// h(size).
  public private(set) var hash: Digest

  /// An empty log, or one that goes on from where the stored rows end.
  public init(house: HouseID, incarnation: UInt32, size: UInt64 = 0, hash: Digest = .zero) {
    self.house = house
    self.incarnation = incarnation
    self.size = size
    self.hash = hash
  }

  /// Writes down that a chain has grown.
  /// - Returns: the row to store at the index that `size` was before.
  public mutating func append(_ account: AccountID, length: UInt32, head: Digest, using crypto: some CryptoProvider) -> FeedEntry {
    let entry = FeedEntry(account: BlindedAccount(account, using: crypto), length: length, head: head)
    append(entry, using: crypto)
    return entry
  }

  /// Goes over a stored row again.
  public mutating func append(_ entry: FeedEntry, using crypto: some CryptoProvider) {
    hash = entry.hash(after: hash, using: crypto)
    size += 1
  }

  /// The head at this size.
  /// - Parameter time: seconds since 1970.
  /// - Throws: `.crypto`.
  public func head(at time: UInt64, serverKey: SignaturePrivateKey, using crypto: some CryptoProvider) throws(IdentityError)
    -> SignedFeedHead
  {
    try SignedFeedHead(
      signing: FeedHead(house: house, incarnation: incarnation, size: size, hash: hash, time: time), with: serverKey, using: crypto)
  }
}
