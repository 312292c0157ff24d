// Greeting and log-in: who is at the other end of a connection.
import CryptoInterface
import Identity
import Wire

extension DeliveryCore {
  mutating func greet(_ hello: Hello, session: inout Session, at now: UInt64, in transaction: any DeliveryTransaction) throws -> Outcome {
    guard hello.version == WireVersion.current else { throw Refusal(.unsupportedVersion) }
    let challenge = crypto.random(32)
    session.challenge = challenge
    session.hasGreeted = true
    let house = try transaction.house()
    return Outcome(
      .greeting(
        Greeting(
          version: WireVersion.current, challenge: challenge, incarnation: house.incarnation, now: now / 1_000,
          serverKey: configuration.serverKey.publicKey.bytes, domain: Array(configuration.domain.utf8), house: house.certificate,
          policy: house.policy)))
  }

  mutating func logIn(_ request: LogIn, session: inout Session, at now: UInt64, in transaction: any DeliveryTransaction) throws -> Outcome {
    let house = try house(in: transaction)
    guard let challenge = session.challenge else { throw Refusal(.notLoggedIn, detail: "challenge used: greet again") }
    // By device and address: who knows a device's id from elsewhere cannot use up its log-ins.
    try budgets.spend(of: .logIns, limits.logIns, by: request.device + session.address.bytes, at: now)
    guard let device = try transaction.device(request.device), device.account == request.account else { throw Refusal(.unknownDevice) }
    let record = try transaction.house()
    let content = request.signedContent(challenge: challenge, house: house.id(using: crypto).bytes, incarnation: record.incarnation)
    guard
      Signing.isValid(
        request.signature, .logIn, content, by: SignaturePublicKey(device.signatureKey), using: crypto)
    else { throw Refusal(.notLoggedIn, detail: "signature") }
    // Only the holder of the key hears that it was revoked.
    if device.isRevoked { throw Refusal(.revoked) }
    if let instance = device.instance {
      if instance == request.instance {
        guard request.session > device.session else { throw Refusal(.behind, detail: "session count") }
      } else {
        guard request.afresh else { throw Refusal(.behind, detail: "another store") }
      }
    }
    if request.afresh, device.instance != nil, device.instance != request.instance {
      // The private keys were in the store that is given up.
      try transaction.deleteKeyPackages(device: device.device, lastResort: true)
    }
    try transaction.setSession(device: device.device, instance: request.instance, session: request.session)
    guard let mailbox = try transaction.mailbox(device.mailbox), let account = try transaction.account(device.account) else {
      throw StoreError.corrupt("device without mailbox or account")
    }
    session.challenge = nil
    session.member = .init(device: device.device, account: device.account, mailbox: device.mailbox)
    session.delivering = nil
    var outcome = Outcome(
      .loggedIn(
        LoggedIn(
          lowest: mailbox.lowest, next: mailbox.next, keyPackages: UInt32(clamping: try transaction.countKeyPackages(device: device.device)),
          feedHead: try feedHead(at: now, in: transaction), chainLength: account.length)))
    outcome.loggedIn = device.device
    return outcome
  }
}
