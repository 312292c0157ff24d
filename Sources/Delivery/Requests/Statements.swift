// Chains grow: devices come and go, keys change. From a revocation on, nothing of the device is taken.
import CryptoInterface
import Identity
import TLSCodec
import Wire

extension DeliveryCore {
  /// What a statement did to the devices of an account.
  private struct DeviceChanges {
    var added: [Device] = []
    var revoked: [DeviceID] = []
    var rekeyed: [Device] = []

    init(from old: ChainState, to new: ChainState) {
      let before = Dictionary(uniqueKeysWithValues: old.devices.map { ($0.id, $0) })
      let after = Set(new.devices.map(\.id))
      for device in new.devices {
        guard let was = before[device.id] else {
          added.append(device)
          continue
        }
        if was.signatureKey != device.signatureKey { rekeyed.append(device) }
      }
      revoked = old.devices.map(\.id).filter { !after.contains($0) }
    }
  }

  mutating func append(_ request: AppendStatement, session: Session, at now: UInt64, in transaction: any DeliveryTransaction) throws -> Outcome {
    let member = try session.required()
    return try once(
      request.requestID, by: member.device, type: Request.appendStatement(request).type, at: now, in: transaction
    ) { core in
      try core.budgets.spend(of: .statements, core.limits.statements, by: member.device, at: now)
      let signed: SignedStatement
      do { signed = try SignedStatement(received: request.statement) } catch { throw Refusal(.malformed, detail: "statement") }
      let account = signed.statement.account.bytes
      // Others' chains grow only by keys that stand above their devices; the signature is checked below.
      guard account == member.account || signed.signature.signerKind != .device else { throw Refusal(.forbidden, detail: "another account") }
      guard let old = try core.chain(of: account, in: transaction) else { throw Refusal(.notFound, detail: "account") }
      var chain = old
      do throws(IdentityError) { try chain.append(signed, using: core.crypto) } catch {
        switch error {
        case .gap, .previousHash: throw Refusal(.chainConflict)
        case .limit: throw Refusal(.tooLarge, detail: "chain")
        default: throw Refusal(.invalid, detail: "statement")
        }
      }
      let changes = DeviceChanges(from: old.state, to: chain.state)
      guard (request.mailboxKey != nil) == !changes.added.isEmpty else { throw Refusal(.malformed, detail: "mailbox key") }
      guard try transaction.append(statement: signed.encoded(), to: account, position: signed.statement.position) else {
        throw Refusal(.chainConflict)
      }
      var outcome = Outcome(.done)
      for device in changes.added { try core.insert(device, account: chain.account, mailboxKey: request.mailboxKey ?? [], in: transaction) }
      for device in changes.rekeyed {
        try transaction.setSignatureKey(device.signatureKey.bytes, device: device.id.bytes)
        // They hold leaves with the old key.
        try transaction.deleteKeyPackages(device: device.id.bytes, lastResort: true)
      }
      for device in changes.revoked {
        try transaction.revoke(device: device.bytes)
        outcome.goodbyes.append((.device(device.bytes), .revoked))
      }
      try transaction.setActive(!chain.state.devices.isEmpty, account: account)
      try core.publish(chain, in: transaction)
      outcome.pushes.append((.everybody, .feedHead(try core.feedHead(at: now, in: transaction))))
      return outcome
    }
  }
}
