// How a house and its accounts come into being: set-up by the holder of the set-up link, enrolment by whoever was invited.
import CryptoInterface
import Identity
import TLSCodec
import Wire

extension DeliveryCore {
  mutating func setUp(_ request: SetUp, at now: UInt64, in transaction: any DeliveryTransaction) throws -> Outcome {
    try once(request.requestID, by: crypto.hash(.sha256, request.genesis), type: Request.setUp(request).type, at: now, in: transaction) { core in
      guard try transaction.house().certificate == nil else { throw Refusal(.notNow, detail: "set up already") }
      guard let key = core.configuration.setUpKey else { throw Refusal(.forbidden) }
      guard Signing.isValid(request.proof, .setUp, request.signedContent, by: key, using: core.crypto) else {
        throw Refusal(.forbidden, detail: "proof")
      }
      let house: House
      do { house = try SignedHouse(received: request.house).verified(using: core.crypto) } catch { throw Refusal(.invalid, detail: "house") }
      guard house.domain == core.configuration.domain, house.serverKey == core.configuration.serverKey.publicKey else {
        throw Refusal(.invalid, detail: "house is not this server's")
      }
      guard try transaction.setCertificate(request.house) else { throw Refusal(.notNow) }
      let (chain, genesis) = try core.admit(request.genesis, house: house)
      guard genesis.invitation == nil else { throw Refusal(.invalid, detail: "genesis") }
      return try core.register(chain, genesis, function: "", mailboxKey: request.mailboxKey, at: now, in: transaction)
    }
  }

  func lookUp(_ request: LookUpInvitation, at now: UInt64, in transaction: any DeliveryTransaction) throws -> Outcome {
    let record = try usable(request.key, at: now, in: transaction)
    return Outcome(.invitation(InvitationAnswer(invitation: record.invitation, houseTag: record.houseTag)))
  }

  /// An invitation that can be used now.
  private func usable(_ key: [UInt8], at now: UInt64, in transaction: any DeliveryTransaction) throws -> InvitationRecord {
    guard let record = try transaction.invitation(key) else { throw Refusal(.notFound, detail: "invitation") }
    guard record.isOpen, now / 1_000 <= record.notAfter else { throw Refusal(.usedUp, detail: "invitation") }
    return record
  }

  mutating func enrol(_ request: Enrol, at now: UInt64, in transaction: any DeliveryTransaction) throws -> Outcome {
    try once(request.requestID, by: crypto.hash(.sha256, request.genesis), type: Request.enrol(request).type, at: now, in: transaction) { core in
      let house = try core.house(in: transaction)
      let (chain, genesis) = try core.admit(request.genesis, house: house)
      // Without invitation the administrator key itself admits: at set-up, and never again.
      guard let invitation = genesis.invitation else { throw Refusal(.forbidden, detail: "no invitation") }
      let record = try core.usable(invitation.invitation.key.bytes, at: now, in: transaction)
      guard record.invitation == invitation.encoded() else { throw Refusal(.invalid, detail: "another invitation") }
      guard try transaction.closeInvitation(record.key) else { throw Refusal(.usedUp) }
      return try core.register(
        chain, genesis, function: invitation.invitation.function, mailboxKey: request.mailboxKey, at: now, in: transaction)
    }
  }

  /// A chain of its first statement.
  private func admit(_ bytes: [UInt8], house: House) throws -> (Chain, Genesis) {
    do {
      let signed = try SignedStatement(received: bytes)
      let chain = try Chain(genesis: signed, house: house, using: crypto)
      guard case .genesis(let genesis) = signed.statement.body else { throw IdentityError.genesis }
      return (chain, genesis)
    } catch { throw Refusal(.invalid, detail: "genesis") }
  }

  /// Stores a new account with its first device and tells everybody.
  private mutating func register(
    _ chain: Chain, _ genesis: Genesis, function: String, mailboxKey: [UInt8], at now: UInt64, in transaction: any DeliveryTransaction
  ) throws -> Outcome {
    let address = genesis.localPart + "@" + genesis.domain
    let account = AccountRecord(
      account: chain.account.bytes, kind: genesis.kind.rawValue, name: Array(genesis.name.utf8), localPart: Array(genesis.localPart.utf8),
      function: Array(function.utf8), folded: Self.folded(genesis.name + "\n" + address + "\n" + function), isActive: true, length: 1)
    guard try transaction.insert(account, genesis: chain.statements[0]) else { throw Refusal(.taken, detail: "address or account") }
    try insert(genesis.device, account: chain.account, mailboxKey: mailboxKey, in: transaction)
    try publish(chain, in: transaction)
    var outcome = Outcome(.done)
    outcome.pushes.append((.everybody, .feedHead(try feedHead(at: now, in: transaction))))
    return outcome
  }

  /// Gives a device its mailbox.
  func insert(_ device: Device, account: AccountID, mailboxKey: [UInt8], in transaction: any DeliveryTransaction) throws {
    let record = DeviceRecord(
      device: device.id.bytes, account: account.bytes, mailbox: device.mailbox.bytes, signatureKey: device.signatureKey.bytes)
    guard try transaction.insert(record, mailboxKey: mailboxKey) else { throw Refusal(.taken, detail: "device or mailbox") }
  }
}
