// The house feed: a log of every chain's length and head, the same for everybody. Who shows two people different chains must keep two feeds apart
// for ever.
import CryptoInterface
import TLSCodec

/// `hash("Account feed" ‖ AccountID)`: who knows an account finds it in the feed, who does not learns nothing.
public struct BlindedAccount: FixedBytes {
  public static let size = 32
  public let bytes: [UInt8]
  public init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.size else { return nil }
    self.bytes = bytes
  }
  public init(_ account: AccountID, using crypto: some CryptoProvider) {
    bytes = crypto.hash(.sha256, Array("Account feed".utf8) + account.bytes)
  }
}

/// A chain has grown.
///
///     struct {
///         opaque blinded[32];
///         uint32 length;
///         opaque head[32];
///     } FeedEntry;              /* 68 bytes */
public struct FeedEntry: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var account: BlindedAccount
  public var length: UInt32
  public var head: Digest

  public init(account: BlindedAccount, length: UInt32, head: Digest) {
    self.account = account
    self.length = length
    self.head = head
  }
  public init(from reader: inout Reader) throws(DecodingError) {
    account = try BlindedAccount(from: &reader)
    length = try reader.uint32()
    head = try Digest(from: &reader)
  }
  public func encode(to writer: inout Writer) {
    account.encode(to: &writer)
    writer.uint32(length)
    head.encode(to: &writer)
  }

  /// - Throws: `.decoding`.
  public init(received bytes: [UInt8]) throws(IdentityError) { self = try decode(FeedEntry.self, bytes) }

  /// The feed's hash after this entry: h(n+1) = hash(h(n) ‖ FeedEntry), h(0) = zeros.
  func hash(after previous: Digest, using crypto: some CryptoProvider) -> Digest { crypto.digest(previous.bytes + encoded()) }
}

///     struct {
///         opaque house[32];
///         uint32 incarnation;   /* rises when the server was restored from a backup */
///         uint64 size;          /* entries */
///         opaque hash[32];      /* h(size) */
///         uint64 time;          /* seconds since 1970, rounded down to the hour */
///     } FeedHead;
public struct FeedHead: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var house: HouseID
  public var incarnation: UInt32
  public var size: UInt64
  public var hash: Digest
  public var time: UInt64

  public init(house: HouseID, incarnation: UInt32, size: UInt64, hash: Digest, time: UInt64) {
    self.house = house
    self.incarnation = incarnation
    self.size = size
    self.hash = hash
    self.time = roundedToHour(time)
  }
  public init(from reader: inout Reader) throws(DecodingError) {
    house = try HouseID(from: &reader)
    incarnation = try reader.uint32()
    size = try reader.uint64()
    hash = try Digest(from: &reader)
    time = try reader.uint64()
  }
  public func encode(to writer: inout Writer) {
    house.encode(to: &writer)
    writer.uint32(incarnation)
    writer.uint64(size)
    hash.encode(to: &writer)
    writer.uint64(time)
  }
}

///     struct {
///         FeedHead head;
///         opaque signature<V>;   /* label "FeedHead", by the house's server_key */
///     } SignedFeedHead;
public struct SignedFeedHead: Hashable, Sendable, TLSEncodable, TLSDecodable {
  /// Not to be relied on before `verified`.
  public var head: FeedHead
  public var signature: [UInt8]

  /// - Throws: `.crypto`.
  public init(signing head: FeedHead, with server: SignaturePrivateKey, using crypto: some CryptoProvider) throws(IdentityError) {
    self.head = head
    signature = try Signing.sign(.feedHead, head.encoded(), with: server, using: crypto)
  }
  public init(from reader: inout Reader) throws(DecodingError) {
    head = try FeedHead(from: &reader)
    signature = try reader.opaque()
  }
  public func encode(to writer: inout Writer) {
    head.encode(to: &writer)
    writer.opaque(signature)
  }

  /// - Throws: `.decoding`, `.limit(.statementBytes)`.
  public init(received bytes: [UInt8]) throws(IdentityError) {
    guard bytes.count <= IdentityLimits.statementBytes else { throw .limit(.statementBytes) }
    self = try decode(SignedFeedHead.self, bytes)
  }

  /// - Throws: `.feedHouse`, `.feedHeadSignature`.
  public func verified(house: HouseID, serverKey: SignaturePublicKey, using crypto: some CryptoProvider) throws(IdentityError) -> FeedHead {
    guard head.house == house else { throw .feedHouse }
    guard Signing.isValid(signature, .feedHead, head.encoded(), by: serverKey, using: crypto) else { throw .feedHeadSignature }
    return head
  }
}

/// What somebody has seen of the feed, sent along inside of encrypted messages.
///
///     struct {
///         uint32 incarnation;
///         uint64 size;
///         opaque hash[32];
///     } FeedMark;
public struct FeedMark: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var incarnation: UInt32
  public var size: UInt64
  public var hash: Digest

  public init(incarnation: UInt32, size: UInt64, hash: Digest) {
    self.incarnation = incarnation
    self.size = size
    self.hash = hash
  }
  public init(from reader: inout Reader) throws(DecodingError) {
    incarnation = try reader.uint32()
    size = try reader.uint64()
    hash = try Digest(from: &reader)
  }
  public func encode(to writer: inout Writer) {
    writer.uint32(incarnation)
    writer.uint64(size)
    hash.encode(to: &writer)
  }
}
