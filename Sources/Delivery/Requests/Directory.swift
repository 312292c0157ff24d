// The directory, chains, and the feed.
import CryptoInterface
import Identity
import TLSCodec
import Wire

extension DeliveryCore {
  mutating func find(_ request: Find, session: Session, at now: UInt64, in transaction: any DeliveryTransaction) throws -> Outcome {
    try budgets.spend(of: .lookups, limits.lookups, by: try session.required().device, at: now)
    let most = WireLimits.directoryEntries
    let found = try transaction.find(
      folded: Self.folded(String(decoding: request.text, as: UTF8.self)), offset: Int(min(request.offset, 1_000_000)), limit: most + 1)
    return Outcome(.directory(DirectoryAnswer(entries: found.prefix(most).map(Self.entry), more: found.count > most)))
  }

  mutating func resolve(_ request: Resolve, session: Session, at now: UInt64, in transaction: any DeliveryTransaction) throws -> Outcome {
    try budgets.spend(of: .lookups, limits.lookups, by: try session.required().device, at: now)
    let found = try transaction.account(localPart: request.localPart)
    return Outcome(.directory(DirectoryAnswer(entries: found.map { $0.isActive ? [Self.entry($0)] : [] } ?? [], more: false)))
  }

  private static func entry(_ account: AccountRecord) -> DirectoryEntry {
    DirectoryEntry(account: account.account, kind: account.kind, name: account.name, localPart: account.localPart, function: account.function)
  }

  /// The form in which names are compared: lower case; several parts of a name are searched as they stand.
  static func folded(_ text: String) -> [UInt8] { Array(text.lowercased().utf8) }

  mutating func chains(_ request: Chains, session: Session, at now: UInt64, in transaction: any DeliveryTransaction) throws -> Outcome {
    try budgets.spend(Double(max(1, request.queries.count)), of: .chains, limits.chains, by: try session.required().device, at: now)
    var left = limits.chainsAnswerBytes
    var answers: [ChainAnswer] = []
    for query in request.queries {
      var statements: [[UInt8]] = []
      // Whole statements as long as there is room; the client asks again for what is missing.
      if left > 0 {
        for statement in try transaction.statements(of: query.account, from: query.from, limit: Int(IdentityLimits.statements)) {
          guard left > 0 else { break }
          left -= statement.count
          statements.append(statement)
        }
      }
      answers.append(ChainAnswer(account: query.account, statements: statements))
    }
    return Outcome(.chains(ChainsAnswer(chains: answers)))
  }

  func feed(_ request: FeedRequest, at now: UInt64, in transaction: any DeliveryTransaction) throws -> Outcome {
    let limit = min(request.limit, WireLimits.feedEntries)
    let entries = try transaction.feed(from: request.from, limit: Int(limit))
    return Outcome(.feed(FeedAnswer(entries: entries, head: try feedHead(at: now, in: transaction))))
  }

  /// The signed head of the feed as it stands.
  func feedHead(at now: UInt64, in transaction: any DeliveryTransaction) throws -> [UInt8] {
    try feedLog(in: transaction).head(at: now / 1_000, serverKey: configuration.serverKey.privateKey, using: crypto).encoded()
  }

  /// Appends what a chain has become to the feed.
  func publish(_ chain: Chain, in transaction: any DeliveryTransaction) throws {
    var log = try feedLog(in: transaction)
    let entry = log.append(chain.account, length: chain.length, head: chain.head, using: crypto)
    try transaction.appendFeed(entry.encoded(), hash: log.hash.bytes)
  }

  private func feedLog(in transaction: any DeliveryTransaction) throws -> FeedLog {
    let record = try transaction.house()
    guard let certificate = record.certificate, let signed = try? SignedHouse(received: certificate), let hash = Digest(record.feedHash) else {
      throw StoreError.corrupt("feed")
    }
    return FeedLog(house: signed.house.id(using: crypto), incarnation: record.incarnation, size: record.feedSize, hash: hash)
  }

  // MARK: Chains in memory

  /// The chain of an account, parsed.
  mutating func chain(of account: [UInt8], in transaction: any DeliveryTransaction) throws -> Chain? {
    guard let record = try transaction.account(account) else { return nil }
    let house = try house(in: transaction)
    if let known = chains.value(for: account), known.house == house, known.length <= record.length {
      // A chain that was in a transaction which was undone is longer, or ends otherwise.
      let rest = try transaction.statements(of: account, from: known.length - 1, limit: Int(IdentityLimits.statements))
      if let last = rest.first, crypto.hash(.sha256, last) == known.head.bytes {
        var chain = known
        for statement in rest.dropFirst() {
          do { try chain.append(received: statement, using: crypto) } catch { throw StoreError.corrupt("chain") }
        }
        chains.keep(chain, for: account)
        return chain
      }
    }
    guard let chain = try? Chain(try transaction.statements(of: account, from: 0, limit: Int(IdentityLimits.statements)), house: house, using: crypto)
    else { throw StoreError.corrupt("chain") }
    chains.keep(chain, for: account)
    return chain
  }
}
