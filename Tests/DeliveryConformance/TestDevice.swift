// A device of the test house: its account's chain, its log-in, its mailbox, its key packages.
import CryptoInterface
import Delivery
import Identity
import MLS
import SwiftCryptoProvider
import TLSCodec
import Wire

/// A person's device. The account's chain is shared by reference with further devices.
public final class TestDevice<Store: DeliveryStore> {
  public final class Account {
    public var chain: Chain
    init(_ chain: Chain) { self.chain = chain }
  }
  public let house: TestHouse<Store>
  public let account: Account
  public var device: Device
  public var key: SignatureKeyPair
  public let firstMailboxKey: [UInt8]
  public var connection: TestConnection<Store>
  public var instance: [UInt8]
  public var session: UInt64 = 0
  // The mailbox as this device has stored it: the number and key of the row after the last acknowledged one.
  public var cursor: UInt64 = 1
  public var mailboxKey: Secret
  /// Deliveries that were received, oldest first.
  public var inbox: [Delivered] = []
  public var bundles: [KeyPackageBundle] = []
  public var groups: [[UInt8]: TestRoom] = [:]
  /// Texts that were decrypted, in order.
  public var texts: [String] = []

  public var id: [UInt8] { device.id.bytes }
  public var accountID: [UInt8] { account.chain.account.bytes }
  public var crypto: SwiftCryptoProvider { house.crypto }

  /// The first device of a new account; the server does not know it yet.
  public init(_ house: TestHouse<Store>, name: String, admission: Admission) throws {
    let crypto = house.crypto
    self.house = house
    key = try Signing.makeKeyPair(using: crypto)
    device = Device.make(key.publicKey, name: "phone", using: crypto)
    let genesis = try Genesis.make(
      account: crypto.randomBytes(), kind: .person, name: name, localPart: name.lowercased(), device: device, key: key, house: house.house,
      admission: admission, at: house.seconds, using: crypto)
    account = Account(try Chain(genesis: genesis, house: house.house, using: crypto))
    firstMailboxKey = crypto.random(32)
    mailboxKey = Secret(firstMailboxKey)
    instance = crypto.random(16)
    connection = house.connect()
  }

  /// A further device of an account, added by another one.
  public init(addedBy other: TestDevice<Store>, name: String = "tablet") throws {
    house = other.house
    account = other.account
    let crypto = house.crypto
    key = try Signing.makeKeyPair(using: crypto)
    device = Device.make(key.publicKey, name: name, using: crypto)
    firstMailboxKey = crypto.random(32)
    mailboxKey = Secret(firstMailboxKey)
    instance = crypto.random(16)
    connection = house.connect()
    let proof = try account.chain.possession(of: device.id).sign(with: key.privateKey, using: crypto)
    let statement = try SignedStatement.addDevice(
      device, possession: proof, to: account.chain, by: other.key, at: house.seconds, using: crypto)
    try other.append(statement, mailboxKey: firstMailboxKey)
  }

  public func setUpRequest() throws -> SetUp {
    var request = SetUp(
      requestID: crypto.random(16), house: house.signedHouse.encoded(), genesis: account.chain.statements[0], mailboxKey: firstMailboxKey, proof: [])
    request.proof = try Signing.sign(
      .setUp, request.signedContent, with: try house.setUpSecret.invitationKey(using: crypto).privateKey, using: crypto)
    return request
  }

  public func enrolRequest() throws -> Enrol {
    Enrol(requestID: crypto.random(16), genesis: account.chain.statements[0], mailboxKey: firstMailboxKey)
  }

  /// Appends to the own chain, here and at the server.
  public func append(_ statement: SignedStatement, mailboxKey: [UInt8]? = nil) throws {
    let answer = try ask(
      .appendStatement(AppendStatement(requestID: crypto.random(16), statement: statement.encoded(), mailboxKey: mailboxKey)))
    guard answer == .done else { throw TestFailure("statement refused: \(answer)") }
    try account.chain.append(statement, using: crypto)
  }

  public func revoke(_ other: TestDevice<Store>) throws {
    try append(
      SignedStatement.revokeDevice(
        other.device.id, cutOff: account.chain.length, in: account.chain, by: key, at: house.seconds, using: crypto))
  }

  // MARK: Connection

  public func ask(_ request: Request) throws -> Answer { try connection.ask(request) }

  /// Asks for something that answers "done" or "accepted".
  public func insist(_ request: Request) throws {
    let answer = try ask(request)
    switch answer {
    case .refused(let refusal): throw TestFailure("refused: \(refusal.code.rawValue) \(String(decoding: refusal.detail, as: UTF8.self))")
    default: return
    }
  }

  public func logInRequest(_ greeting: Greeting, afresh: Bool = false) throws -> LogIn {
    session += 1
    var request = LogIn(account: accountID, device: id, instance: instance, session: session, afresh: afresh, signature: [])
    request.signature = try Signing.sign(
      .logIn,
      request.signedContent(
        challenge: greeting.challenge, house: house.house.id(using: crypto).bytes, incarnation: greeting.incarnation),
      with: key.privateKey, using: crypto)
    return request
  }

  @discardableResult
  public func logIn(on connection: TestConnection<Store>? = nil, afresh: Bool = false) throws -> LoggedIn {
    self.connection = connection ?? house.connect()
    let answer = try self.connection.ask(.logIn(try logInRequest(try self.connection.greet(), afresh: afresh)))
    guard case .loggedIn(let loggedIn) = answer else { throw TestFailure("log-in refused: \(answer)") }
    return loggedIn
  }

  // MARK: Mailbox

  public func drainRequest() -> Drain { Drain(lowest: cursor, key: mailboxKey.exposed, from: cursor) }

  /// Asks for the mailbox and takes what comes.
  public func drain() throws {
    // What came before and was not processed comes again.
    inbox = []
    try insist(.drain(drainRequest()))
    try collect()
  }

  /// Takes deliveries that were pushed.
  public func collect() throws {
    try connection.look()
    connection.pushes.removeAll { push in
      guard case .delivery(let delivered) = push else { return false }
      inbox.append(delivered)
      return true
    }
  }

  /// Steps the cursor over everything in the inbox, processes it, and acknowledges.
  public func settle() throws {
    while true {
      try collect()
      guard let last = inbox.last else { return }
      let received = inbox
      inbox = []
      for delivered in received { try process(delivered) }
      advance(past: last.number)
      try insist(.acknowledge(Acknowledge(number: last.number)))
    }
  }

  public func advance(past number: UInt64) {
    while cursor <= number {
      mailboxKey = crypto.hkdfExpand(.sha256, prk: mailboxKey, info: Array("next".utf8), length: 32)
      cursor += 1
    }
  }

  // MARK: Key packages

  public var identity: ClientIdentity {
    HouseCapabilities.identity(account: account.chain.account, device: device, key: key, chainHead: ChainHead(account.chain))
  }

  public static var suite: CipherSuite { .mls128DHKEMX25519AES128GCMSHA256Ed25519 }

  public func keyPackage(isLastResort: Bool = false) throws -> KeyPackageBundle {
    try KeyPackageBundle.create(
      identity, suite: Self.suite, lifetime: Lifetime(notBefore: house.seconds - 3_600, notAfter: house.seconds + 90 * 86_400),
      isLastResort: isLastResort, using: crypto)
  }

  public func publish(_ count: Int = 3, lastResort: Bool = false) throws {
    var new: [KeyPackageBundle] = []
    for _ in 0..<count { new.append(try keyPackage()) }
    let last = lastResort ? try keyPackage(isLastResort: true) : nil
    try insist(
      .publishKeyPackages(
        PublishKeyPackages(
          requestID: crypto.random(16), keyPackages: new.map { $0.keyPackage.encoded() }, lastResort: last?.keyPackage.encoded(),
          replacesPool: false)))
    bundles += new
    if let last { bundles.append(last) }
  }

  public func claim(_ devices: [[UInt8]]) throws -> [ClaimedKeyPackage] {
    let answer = try ask(.claimKeyPackages(ClaimKeyPackages(requestID: crypto.random(16), devices: devices)))
    guard case .keyPackages(let claimed) = answer else { throw TestFailure("claim refused: \(answer)") }
    return claimed.keyPackages
  }
}
