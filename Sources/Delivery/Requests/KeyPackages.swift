// Key packages: a pool per device, each given away once, and a last resort.
import CryptoInterface
import Identity
import MLS
import TLSCodec
import Wire

extension DeliveryCore {
  mutating func publish(
    _ request: PublishKeyPackages, session: Session, at now: UInt64, in transaction: any DeliveryTransaction
  ) throws -> Outcome {
    let member = try session.required()
    return try once(
      request.requestID, by: member.device, type: Request.publishKeyPackages(request).type, at: now, in: transaction
    ) { core in
      var pool: [KeyPackageRecord] = []
      for bytes in request.keyPackages { pool.append(try core.validated(bytes, isLastResort: false, member, at: now, in: transaction)) }
      let lastResort = try request.lastResort.map { bytes in
        try core.validated(bytes, isLastResort: true, member, at: now, in: transaction)
      }
      if request.replacesPool { try transaction.deleteKeyPackages(device: member.device, lastResort: false) }
      guard try transaction.countKeyPackages(device: member.device) + pool.count <= core.limits.keyPackages else {
        throw Refusal(.tooLarge, detail: "key package pool")
      }
      try transaction.add(keyPackages: pool, device: member.device)
      if let lastResort { try transaction.setLastResort(lastResort, device: member.device) }
      return Outcome(.done)
    }
  }

  private mutating func validated(
    _ bytes: [UInt8], isLastResort: Bool, _ member: Session.Member, at now: UInt64, in transaction: any DeliveryTransaction
  ) throws -> KeyPackageRecord {
    let refusal = Refusal(.invalidKeyPackage)
    guard let keyPackage = try? KeyPackage(decoding: bytes), keyPackage.isLastResort == isLastResort, let lifetime = keyPackage.lifetime else {
      throw refusal
    }
    do { try keyPackage.validate(at: now / 1_000, application: rules, using: crypto) } catch { throw refusal }
    guard try check(keyPackage.leafNode, in: transaction, else: refusal).device == member.device else { throw refusal }
    return KeyPackageRecord(keyPackage: bytes, notAfter: lifetime.notAfter)
  }

  mutating func claim(_ request: ClaimKeyPackages, session: Session, at now: UInt64, in transaction: any DeliveryTransaction) throws -> Outcome {
    let member = try session.required()
    return try once(
      request.requestID, by: member.device, type: Request.claimKeyPackages(request).type, at: now, in: transaction
    ) { core in
      guard Set(request.devices).count == request.devices.count else { throw Refusal(.malformed, detail: "a device twice") }
      try core.budgets.spend(Double(request.devices.count), of: .claims, core.limits.claims, by: member.device, at: now)
      var claimed: [ClaimedKeyPackage] = []
      for id in request.devices {
        var keyPackage: [UInt8]?
        if let device = try transaction.device(id), !device.isRevoked {
          keyPackage = try transaction.claimKeyPackage(device: id, now: now / 1_000)
        }
        claimed.append(ClaimedKeyPackage(device: id, keyPackage: keyPackage))
      }
      return Outcome(.keyPackages(KeyPackagesAnswer(keyPackages: claimed)))
    }
  }
}
