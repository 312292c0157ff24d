// The server's decisions. Time, bytes and the transaction come in, an outcome comes out; nothing here reads a clock, a disk or a network.
// Requests/ has a file for each family of requests.
import CryptoInterface
import Identity
import MLS
import TLSCodec
import Wire

/// What a delivery server is told when it starts.
public struct DeliveryConfiguration: Sendable {
  /// Of the house, as in addresses: "haus.example".
  public var domain: String
  /// Signs the feed, and stands in every group's `external_senders`. Kept by the host in a file of its own, not in the store.
  public var serverKey: SignatureKeyPair
  /// The public key of the set-up link; nil where the house cannot be set up (any more).
  public var setUpKey: SignaturePublicKey?
  public var limits: DeliveryLimits

  public init(domain: String, serverKey: SignatureKeyPair, setUpKey: SignaturePublicKey?, limits: DeliveryLimits = DeliveryLimits()) {
    self.domain = domain
    self.serverKey = serverKey
    self.setUpKey = setUpKey
    self.limits = limits
  }
}

/// Decides about requests. What it keeps itself (allowances, link slots, parsed trees) it may forget at any time.
public struct DeliveryCore<Crypto: CryptoProvider> {
  let configuration: DeliveryConfiguration
  let crypto: Crypto
  var budgets = Budgets()
  var slots = LinkSlots()
  /// By what is unique to a sealed tree; a tree whose transaction was undone is never asked for again.
  var trees: RecentValues<[UInt8], GroupTree>
  var chains: RecentValues<[UInt8], Chain>
  /// The certificate in parsed form, with the bytes that it was parsed from.
  var parsedHouse: (bytes: [UInt8], house: House)?

  /// The last accepted timestamp.
  var lastAccepted: UInt64 = 0

  var limits: DeliveryLimits { configuration.limits }
  var rules: HouseRules { HouseRules() }

  public init(_ configuration: DeliveryConfiguration, crypto: Crypto) {
    self.configuration = configuration
    self.crypto = crypto
    trees = RecentValues(capacity: configuration.limits.cachedGroups)
    chains = RecentValues(capacity: configuration.limits.cachedChains)
  }

  /// Handles one request.
  /// - Parameters:
  ///   - session: of the connection; to be kept only when the transaction is.
  ///   - now: milliseconds since 1970.
  /// - Throws: `Refusal`, whereupon the caller undoes what the request did; `StoreError`.
  public mutating func handle(_ request: Request, session: inout Session, at now: UInt64, in transaction: any DeliveryTransaction) throws -> Outcome {
    try budgets.spend(of: .requests, limits.requests, by: session.connection.bytes, at: now)
    if case .hello(let hello) = request { return try greet(hello, session: &session, at: now, in: transaction) }
    guard session.hasGreeted else { throw Refusal(.unsupportedVersion, detail: "hello first") }
    if request.needsLogIn {
      let member = try session.required()
      guard let device = try transaction.device(member.device) else { throw Refusal(.unknownDevice) }
      if device.isRevoked { throw Refusal(.revoked) }
    } else {
      try budgets.spend(of: .strangers, limits.strangers, by: session.address.bytes, at: now)
    }
    switch request {
    case .hello: throw Refusal(.malformed)
    case .setUp(let body): return try setUp(body, at: now, in: transaction)
    case .lookUpInvitation(let body): return try lookUp(body, at: now, in: transaction)
    case .enrol(let body): return try enrol(body, at: now, in: transaction)
    case .offerLink(let body): return try offer(body, session: session, at: now)
    case .takeLink(let body): return try take(body, at: now)
    case .logIn(let body): return try logIn(body, session: &session, at: now, in: transaction)
    case .find(let body): return try find(body, session: session, at: now, in: transaction)
    case .resolve(let body): return try resolve(body, session: session, at: now, in: transaction)
    case .chains(let body): return try chains(body, session: session, at: now, in: transaction)
    case .appendStatement(let body): return try append(body, session: session, at: now, in: transaction)
    case .feed(let body): return try feed(body, at: now, in: transaction)
    case .publishKeyPackages(let body): return try publish(body, session: session, at: now, in: transaction)
    case .claimKeyPackages(let body): return try claim(body, session: session, at: now, in: transaction)
    case .createGroup(let body): return try createGroup(body, session: session, at: now, in: transaction)
    case .commit(let body): return try commit(body, session: session, at: now, in: transaction)
    case .send(let body): return try send(body, session: session, at: now, in: transaction)
    case .propose(let body): return try propose(body, session: session, at: now, in: transaction)
    case .ephemeral(let body): return try ephemeral(body, session: session, at: now, in: transaction)
    case .groupInfo(let body): return try groupInfo(body, session: session, at: now, in: transaction)
    case .tree(let body): return try tree(body, session: session, at: now, in: transaction)
    case .report(let body): return try report(body, session: session, at: now, in: transaction)
    case .drain(let body): return try drain(body, session: &session, at: now, in: transaction)
    case .acknowledge(let body): return try acknowledge(body, session: &session, in: transaction)
    case .createInvitations(let body): return try createInvitations(body, session: session, at: now, in: transaction)
    case .listInvitations: return try listInvitations(at: now, in: transaction)
    case .withdrawInvitation(let body): return try withdraw(body, in: transaction)
    case .setPolicy(let body): return try setPolicy(body, in: transaction)
    case .openLink(let body): return try open(body, session: &session, at: now)
    case .answerLink(let body): return try answer(body, session: session, at: now)
    }
  }

  /// Deletes what has lain long enough. Call it now and then.
  /// - Parameter now: milliseconds.
  public func expire(at now: UInt64, in transaction: any DeliveryTransaction) throws {
    let today = Day(clamping: now / 86_400_000)
    try transaction.expire(
      mailBefore: today - min(today, limits.mailDays), requestsBefore: today - min(today, limits.requestDays), today: today, now: now / 1_000)
  }

  // MARK: What several families use

  /// The time that an accepted message gets: milliseconds, no two alike, so that it orders them.
  mutating func accept(at now: UInt64) -> UInt64 {
    lastAccepted = max(lastAccepted + 1, now)
    return lastAccepted
  }

  /// The house.
  /// - Throws: `.notNow` before it is set up.
  mutating func house(in transaction: any DeliveryTransaction) throws -> House {
    guard let bytes = try transaction.house().certificate else { throw Refusal(.notNow, detail: "not set up") }
    if let parsedHouse, parsedHouse.bytes == bytes { return parsedHouse.house }
    guard let signed = try? SignedHouse(received: bytes), let house = try? signed.verified(using: crypto) else {
      throw StoreError.corrupt("house certificate")
    }
    parsedHouse = (bytes, house)
    return house
  }

  /// Answers a request once: asked again, it gets the first answer and changes nothing.
  mutating func once(
    _ id: [UInt8], by asker: [UInt8], type: UInt16, at now: UInt64, in transaction: any DeliveryTransaction,
    _ body: (inout DeliveryCore) throws -> Outcome
  ) throws -> Outcome {
    let request = AnsweredRequest(id: id, asker: asker, type: type, crypto: crypto)
    if let answer = try request.answer(in: transaction) { return Outcome(answer) }
    let outcome = try body(&self)
    try request.remember(outcome.answer, day: Day(clamping: now / 86_400_000), in: transaction)
    return outcome
  }
}

extension Session {
  /// The device.
  /// - Throws: `.notLoggedIn`.
  func required() throws -> Member {
    guard let member else { throw Refusal(.notLoggedIn) }
    return member
  }
}

extension ConnectionID {
  var bytes: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: rawValue >> (56 - 8 * $0)) } }
}

/// Decodes a part of a request.
/// - Throws: `Refusal(.malformed)`.
func decoded<T: TLSDecodable>(_ type: T.Type, _ bytes: [UInt8], _ detail: StaticString) throws -> T {
  do { return try T(decoding: bytes) } catch { throw Refusal(.malformed, detail: detail) }
}
