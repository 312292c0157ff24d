// People and their chains: the directory, sigchains, the house feed.
import TLSCodec

/// People whose name or address contains a text.
public struct Find: Sendable, Equatable, TLSCodable {
  /// UTF-8.
  public var text: [UInt8]
  public var offset: UInt32
  public init(text: [UInt8], offset: UInt32) {
    self.text = text
    self.offset = offset
  }
  public init(from r: inout Reader) throws(DecodingError) {
    text = try r.opaque(atMost: WireLimits.queryBytes)
    offset = try r.uint32()
  }
  public func encode(to w: inout Writer) {
    w.opaque(text)
    w.uint32(offset)
  }
}

/// Exactly the account of an address.
public struct Resolve: Sendable, Equatable, TLSCodable {
  /// Before the @.
  public var localPart: [UInt8]
  public init(localPart: [UInt8]) {
    self.localPart = localPart
  }
  public init(from r: inout Reader) throws(DecodingError) {
    localPart = try r.opaque(atMost: WireLimits.queryBytes)
  }
  public func encode(to w: inout Writer) {
    w.opaque(localPart)
  }
}

/// An account as the directory shows it. The chain proves it.
public struct DirectoryEntry: Sendable, Equatable, TLSCodable {
  public var account: [UInt8]
  /// AccountKind.
  public var kind: UInt8
  public var name: [UInt8]
  public var localPart: [UInt8]
  public var function: [UInt8]
  public init(account: [UInt8], kind: UInt8, name: [UInt8], localPart: [UInt8], function: [UInt8]) {
    self.account = account
    self.kind = kind
    self.name = name
    self.localPart = localPart
    self.function = function
  }
  public init(from r: inout Reader) throws(DecodingError) {
    account = try r.fixed(32)
    kind = try r.uint8()
    name = try r.opaque(atMost: WireLimits.queryBytes)
    localPart = try r.opaque(atMost: WireLimits.queryBytes)
    function = try r.opaque(atMost: WireLimits.queryBytes)
  }
  public func encode(to w: inout Writer) {
    w.fixed(account)
    w.uint8(kind)
    w.opaque(name)
    w.opaque(localPart)
    w.opaque(function)
  }
}

/// At most `WireLimits.directoryEntries`, by name.
public struct DirectoryAnswer: Sendable, Equatable, TLSCodable {
  public var entries: [DirectoryEntry]
  public var more: Bool
  public init(entries: [DirectoryEntry], more: Bool) {
    self.entries = entries
    self.more = more
  }
  public init(from r: inout Reader) throws(DecodingError) {
    entries = try r.vector(atMost: WireLimits.directoryEntries)
    more = try r.presence()
  }
  public func encode(to w: inout Writer) {
    w.vector(entries)
    w.uint8(more ? 1 : 0)
  }
}

/// A chain from a position on.
public struct ChainQuery: Sendable, Equatable, TLSCodable {
  public var account: [UInt8]
  /// Statements that the client has.
  public var from: UInt32
  public init(account: [UInt8], from: UInt32) {
    self.account = account
    self.from = from
  }
  public init(from r: inout Reader) throws(DecodingError) {
    account = try r.fixed(32)
    from = try r.uint32()
  }
  public func encode(to w: inout Writer) {
    w.fixed(account)
    w.uint32(from)
  }
}

/// Chains of several accounts.
public struct Chains: Sendable, Equatable, TLSCodable {
  public var queries: [ChainQuery]
  public init(queries: [ChainQuery]) {
    self.queries = queries
  }
  public init(from r: inout Reader) throws(DecodingError) {
    queries = try r.vector(atMost: WireLimits.chains)
  }
  public func encode(to w: inout Writer) {
    w.vector(queries)
  }
}

/// The statements from the asked position to the end.
public struct ChainAnswer: Sendable, Equatable, TLSCodable {
  public var account: [UInt8]
  public var statements: [[UInt8]]
  public init(account: [UInt8], statements: [[UInt8]]) {
    self.account = account
    self.statements = statements
  }
  public init(from r: inout Reader) throws(DecodingError) {
    account = try r.fixed(32)
    statements = try r.opaques(atMost: 10_000, each: WireLimits.statementBytes)
  }
  public func encode(to w: inout Writer) {
    w.fixed(account)
    w.opaques(statements)
  }
}

/// In the order of the queries. An unknown account has no statements. The server may leave the rest of a long answer out: ask again.
public struct ChainsAnswer: Sendable, Equatable, TLSCodable {
  public var chains: [ChainAnswer]
  public init(chains: [ChainAnswer]) {
    self.chains = chains
  }
  public init(from r: inout Reader) throws(DecodingError) {
    chains = try r.vector(atMost: WireLimits.chains)
  }
  public func encode(to w: inout Writer) {
    w.vector(chains)
  }
}

/// Adds to an account's chain: the own one, or, signed by the house key, any. A device that it adds gets a mailbox.
public struct AppendStatement: Sendable, Equatable, TLSCodable {
  /// Random; the same request asked again, after a crash or a lost answer, has the same id and gets the first answer.
  public var requestID: [UInt8]
  /// SignedStatement.
  public var statement: [UInt8]
  /// k_1 for the device that the statement adds, where it adds one.
  public var mailboxKey: [UInt8]?
  public init(requestID: [UInt8], statement: [UInt8], mailboxKey: [UInt8]?) {
    self.requestID = requestID
    self.statement = statement
    self.mailboxKey = mailboxKey
  }
  public init(from r: inout Reader) throws(DecodingError) {
    requestID = try r.fixed(16)
    statement = try r.opaque(atMost: WireLimits.statementBytes)
    mailboxKey = try r.presence() ? try r.fixed(32) : nil
  }
  public func encode(to w: inout Writer) {
    w.fixed(requestID)
    w.opaque(statement)
    w.optionalFixed(mailboxKey)
  }
}

/// The feed from an index on.
public struct FeedRequest: Sendable, Equatable, TLSCodable {
  public var from: UInt64
  /// At most `WireLimits.feedEntries`.
  public var limit: UInt32
  public init(from: UInt64, limit: UInt32) {
    self.from = from
    self.limit = limit
  }
  public init(from r: inout Reader) throws(DecodingError) {
    from = try r.uint64()
    limit = try r.uint32()
  }
  public func encode(to w: inout Writer) {
    w.uint64(from)
    w.uint32(limit)
  }
}

/// Entries as FeedEntry of 68 bytes each, and the head that they lead to where `entries` reach it.
public struct FeedAnswer: Sendable, Equatable, TLSCodable {
  public var entries: [[UInt8]]
  /// SignedFeedHead.
  public var head: [UInt8]
  public init(entries: [[UInt8]], head: [UInt8]) {
    self.entries = entries
    self.head = head
  }
  public init(from r: inout Reader) throws(DecodingError) {
    entries = try r.fixeds(68, atMost: Int(WireLimits.feedEntries))
    head = try r.opaque(atMost: WireLimits.statementBytes)
  }
  public func encode(to w: inout Writer) {
    w.fixeds(entries)
    w.opaque(head)
  }
}
