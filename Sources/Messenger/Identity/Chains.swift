// Chains of others, and the house's feed: who has which devices, by whose word.
import CryptoInterface
import Identity
import MLS
import TLSCodec
import Wire

/// A statement of this account's own that the server has not confirmed yet.
struct PendingStatement: Sendable {
  var requestID: [UInt8]
  var statement: [UInt8]
  var mailboxKey: [UInt8]?
  /// Nil after a restart.
  var token: UInt32?
  var isUnderWay = false
  /// Milliseconds: not to be sent before; not stored.
  var notBefore: UInt64 = 0

  init(requestID: [UInt8], statement: [UInt8], mailboxKey: [UInt8]?, token: UInt32?) {
    self.requestID = requestID
    self.statement = statement
    self.mailboxKey = mailboxKey
    self.token = token
  }
  func encoded() -> [UInt8] {
    var w = Writer()
    w.uint16(1)
    w.fixed(requestID)
    w.opaque(statement)
    w.uint8(mailboxKey == nil ? 0 : 1)
    if let mailboxKey { w.opaque(mailboxKey) }
    return w.bytes
  }
  init(decoding bytes: [UInt8]) throws(DecodingError) {
    var r = Reader(bytes)
    try r.version(1)
    requestID = try r.fixed(16)
    statement = try r.opaque()
    mailboxKey = try r.presence() ? try r.opaque() : nil
    try r.finish()
  }
}

extension Core {
  // MARK: Chains

  mutating func keep(_ chain: Chain) {
    chains[chain.account] = chain
    var w = Writer()
    w.uint16(1)
    w.vector { (w: inout Writer) in for statement in chain.statements { w.opaque(statement) } }
    put(key(.chain, chain.account.bytes), w.bytes)
  }

  func decodeChain(_ bytes: [UInt8], house: House) throws(DecodingError) -> Chain {
    var r = Reader(bytes)
    try r.version(1)
    var list = try r.nested()
    try r.finish()
    var statements: [[UInt8]] = []
    while !list.isAtEnd { statements.append(try list.opaque()) }
    do { return try Chain(statements, house: house, using: crypto) } catch { throw .invalidValue("stored chain") }
  }

  /// Asks for chains that something waits for, and for those of people in chats whose feed entry has grown.
  mutating func askChains() throws(Stop) {
    if comparesChains {
      comparesChains = false
      for (account, chain) in chains {
        guard let known = feed?.position(of: account, using: crypto) else { continue }
        if known.length > chain.length {
          connection.missingChains.remove(account)
          wantedChains.insert(account)
        } else if chain.head(at: known.length) != known.head {
          raise(.chainForked)
        }
      }
    }
    if wantedChains.isEmpty { return }
    if now < connection.chainsDue { return wake(at: connection.chainsDue) }
    var queries: [ChainQuery] = []
    var accounts: [AccountID] = []
    for account in wantedChains.sorted() where !connection.chainsAsked.contains(account) && queries.count < WireLimits.chains {
      queries.append(ChainQuery(account: account.bytes, from: chains[account]?.length ?? 0))
      accounts.append(account)
    }
    if queries.isEmpty { return }
    for account in accounts {
      connection.chainsAsked.insert(account)
      wantedChains.remove(account)
    }
    ask(.chains(Chains(queries: queries)), .chains(accounts))
  }

  mutating func receivedChains(_ answer: Answer, asked: [AccountID]) throws(Stop) {
    for account in asked { connection.chainsAsked.remove(account) }
    guard case .chains(let answer) = answer, let house else {
      if case .refused(let refusal) = answer {
        emit(.trouble(.refused(refusal.code.rawValue)))
        connection.chainsDue = now + max(UInt64(refusal.retryAfter) * 1_000, 1_000)
      }
      wantedChains.formUnion(asked)
      return
    }
    var answered: Set<AccountID> = []
    let isEmpty = answer.chains.allSatisfy { $0.statements.isEmpty }
    for given in answer.chains {
      guard let account = AccountID(given.account), asked.contains(account) else { continue }
      answered.insert(account)
      if given.statements.isEmpty {
        // A long answer is cut short: then what is missing is asked for again.
        if isEmpty { nothingGiven(account) } else { wantedChains.insert(account) }
        continue
      }
      do throws(IdentityError) {
        var chain: Chain
        var rest = given.statements
        if let known = chains[account] {
          chain = known
        } else {
          chain = try Chain(genesis: try SignedStatement(received: rest.removeFirst()), house: house.house, using: crypto)
          guard chain.account == account else { throw .wrongAccount }
        }
        let before = chain.state
        for statement in rest { try chain.append(received: statement, using: crypto) }
        try takeChain(chain, before: chains[account] == nil ? nil : before)
      } catch {
        // A chain that does not go on from the one that is known, or breaks a rule that every server checks.
        emit(.trouble(.serverMisbehaves))
        raise(.chainForked)
        connection.missingChains.insert(account)
      }
    }
    // The server may leave the rest of a long answer out: ask again.
    for account in asked where !answered.contains(account) { wantedChains.insert(account) }
    try resumeCommands()
  }

  /// The server has no statement of an account beyond what is known here.
  private mutating func nothingGiven(_ account: AccountID) {
    connection.missingChains.insert(account)
    guard let entry = feed?.position(of: account, using: crypto), entry.length > (chains[account]?.length ?? 0) else { return }
    // Its feed says that there is more.
    raise(.chainForked)
  }

  /// A chain is new or has grown.
  private mutating func takeChain(_ chain: Chain, before: ChainState?) throws(IdentityError) {
    if let entry = feed?.position(of: chain.account, using: crypto) {
      guard chain.length < entry.length || chain.head(at: entry.length) == entry.head else { throw .fork }
      if chain.length < entry.length { wantedChains.insert(chain.account) }
    }
    keep(chain)
    connection.missingChains.remove(chain.account)
    comparesChains = true
    guard let before else { return }
    emit(.personChanged(chain.account))
    let hasLost = chain.state.revokedDevices.count > before.revokedDevices.count
    for number in chats.keys.sorted() {
      guard let chat = chats[number], chat.isOpen, chat.members.contains(chain.account) || takenOut[chain.account]?.contains(number) == true else {
        continue
      }
      if chain.state.resetCount > before.resetCount {
        addLine(.reset, chat: number, subject: chain.account, time: now)
      }
      if hasLost { want(.expelRevoked, in: number) }
    }
  }

  /// Claims of leaves against the chains.
  /// - Throws: `.needs(.chains)` where one is not long enough yet; `.alarm` where a claim is false: the server lets in only whom a chain vouches for.
  func check(_ claims: [LeafClaim]) throws(Problem) {
    var missing: [AccountID] = []
    for claim in claims {
      guard let chain = chains[claim.account], chain.length >= claim.chainHead.length else {
        if connection.missingChains.contains(claim.account) { throw .alarm(.strangerInGroup) }
        if !missing.contains(claim.account) { missing.append(claim.account) }
        continue
      }
      do { try claim.check(against: chain) } catch { throw .alarm(.strangerInGroup) }
    }
    if !missing.isEmpty { throw .needs(.chains(missing)) }
  }

  func name(of account: AccountID) -> String { chains[account]?.state.name ?? "" }

  func person(_ entry: DirectoryEntry) -> PersonView? {
    guard let account = AccountID(entry.account), let kind = AccountKind(rawValue: entry.kind) else { return nil }
    return PersonView(
      account: account, kind: kind, name: String(decoding: entry.name, as: UTF8.self),
      localPart: String(decoding: entry.localPart, as: UTF8.self), function: String(decoding: entry.function, as: UTF8.self),
      isVerified: isVerified(account))
  }

  // MARK: Own statements

  /// Signs and stores a statement, then sends it until it is confirmed.
  mutating func state(_ signed: SignedStatement, mailboxKey: [UInt8]? = nil, token: UInt32?) {
    let pending = PendingStatement(requestID: newRequestID(), statement: signed.encoded(), mailboxKey: mailboxKey, token: token)
    statement = pending
    put(key(.statement), pending.encoded())
  }

  mutating func sendStatement() throws(Stop) {
    guard let pending = statement, !pending.isUnderWay else { return }
    if pending.notBefore > now { return wake(at: pending.notBefore) }
    statement?.isUnderWay = true
    ask(
      .appendStatement(AppendStatement(requestID: pending.requestID, statement: pending.statement, mailboxKey: pending.mailboxKey)),
      .statement(token: pending.token, pending.statement))
  }

  mutating func appended(_ answer: Answer, _ bytes: [UInt8], token: UInt32?) throws(Stop) {
    guard let pending = statement, pending.statement == bytes else { return }
    statement?.isUnderWay = false
    switch answer {
    case .done:
      statement = nil
      put(key(.statement), nil)
      guard let signed = try? SignedStatement(received: bytes), var chain = chains[signed.statement.account] else { return }
      let before = chain.state
      do throws(IdentityError) {
        if chain.length == signed.statement.position { try chain.append(signed, using: crypto) }
        try takeChain(chain, before: before)
      } catch { throw .failed(.internalError("own statement")) }
      if let token { emit(.completed(token: token, .done)) }
      try linkConfirmed(chain)
      try leafIsOutdated()
    case .refused(let refusal):
      if refusal.code.isPassing {
        statement?.notBefore = now + max(UInt64(refusal.retryAfter) * 1_000, 1_000)
        return
      }
      statement = nil
      put(key(.statement), nil)
      if let token { fail(token, .refused(refusal.code.rawValue)) }
      if let own { wantedChains.insert(own.account) }
    default: unexpected()
    }
  }
}
