// Each rule of a chain: a statement that breaks it alone is refused, and the same without the fault is accepted.
import CryptoInterface
import Identity
import TLSCodec
import Testing

@Suite struct ChainRuleTests {
  let house: TestHouse
  /// With two devices and a recovery key.
  let anna: TestAccount

  init() throws {
    house = try TestHouse()
    var account = try house.enrol()
    try account.add()
    try account.addRecoveryKey()
    anna = account
  }

  /// A device and the statement that adds it.
  func addition(_ chain: Chain, _ device: TestDevice? = nil) throws -> StatementBody {
    let new = try device ?? TestDevice.make()
    return .addDevice(AddDevice(device: new.device, possession: try new.possession(chain)))
  }

  @Test func fieldsOfTheStatement() throws {
    let body = try addition(anna.chain)
    let key = anna.devices[0].key
    expectAccepted(anna.chain, try sign(body, anna.chain, by: key))
    expectRefused(.version, anna.chain, try sign(body, anna.chain, by: key) { $0.version = 2 })
    expectRefused(.wrongAccount, anna.chain, try sign(body, anna.chain, by: key) { $0.account = crypto.randomBytes() })
    expectRefused(.gap, anna.chain, try sign(body, anna.chain, by: key) { $0.position += 1 })
    expectRefused(.gap, anna.chain, try sign(body, anna.chain, by: key) { $0.position -= 1 })
    expectRefused(.previousHash, anna.chain, try sign(body, anna.chain, by: key) { $0.previous = crypto.randomBytes() })
    expectRefused(.timeGranularity, anna.chain, try sign(body, anna.chain, by: key) { $0.time += 1 })
    // Order is by position; a clock may be wrong.
    expectAccepted(anna.chain, try sign(body, anna.chain, by: key) { $0.time -= 720 * 3_600 })
  }

  @Test func signature() throws {
    let good = try sign(try addition(anna.chain), anna.chain, by: anna.devices[0].key)
    expectAccepted(anna.chain, good)
    var bad = good
    bad.signature.signature[7] ^= 1
    expectRefused(.statementSignature, anna.chain, bad)
    bad = good
    bad.statement.time += 3_600
    expectRefused(.statementSignature, anna.chain, bad)
    // Another's signature under an active device's key.
    bad = good
    bad.signature.signerKey = anna.devices[1].key.publicKey
    expectRefused(.statementSignature, anna.chain, bad)
    // A signature of another kind over the same bytes.
    bad = good
    bad.signature.signature = try Signing.sign(.house, good.statement.encoded(), with: anna.devices[0].key.privateKey, using: crypto)
    expectRefused(.statementSignature, anna.chain, bad)
  }

  @Test func signerIsActive() throws {
    let stranger = try Signing.makeKeyPair(using: crypto)
    let chain = anna.chain
    expectAccepted(chain, try sign(try addition(chain), chain, by: anna.devices[1].key))
    expectRefused(.signerNotActive, chain, try sign(try addition(chain), chain, by: stranger))
    var changed = anna
    try changed.revoke(1)
    expectRefused(.signerNotActive, changed.chain, try sign(try addition(changed.chain), changed.chain, by: anna.devices[1].key))
    expectAccepted(changed.chain, try sign(try addition(changed.chain), changed.chain, by: anna.devices[0].key))
    changed = anna
    try changed.rotate(1)
    expectRefused(.signerNotActive, changed.chain, try sign(try addition(changed.chain), changed.chain, by: anna.devices[1].key))
    expectAccepted(changed.chain, try sign(try addition(changed.chain), changed.chain, by: changed.devices[1].key))

    let new = try TestDevice.make()
    let recover = StatementBody.recover(Recover(device: new.device, possession: try new.possession(chain)))
    expectAccepted(chain, try sign(recover, chain, as: .recovery, by: anna.recoveryKeys[0]))
    expectRefused(.signerNotActive, chain, try sign(recover, chain, as: .recovery, by: stranger))
    let reset = StatementBody.houseReset(HouseReset(device: new.device, possession: try new.possession(chain), resetCount: 1))
    expectAccepted(chain, try sign(reset, chain, as: .house, by: house.administrator))
    expectRefused(.signerNotActive, chain, try sign(reset, chain, as: .house, by: try TestHouse().administrator))
    expectRefused(.signerNotActive, chain, try sign(reset, chain, as: .house, by: house.server))
  }

  @Test func signerMayDoThis() throws {
    let chain = anna.chain
    let (device, recovery) = (anna.devices[0].key, anna.recoveryKeys[0])
    let new = try TestDevice.make()
    let proof = try new.possession(chain)
    let other = anna.devices[1].device.id
    let rotated = try Signing.makeKeyPair(using: crypto)
    let rotation = StatementBody.rotateKey(
      RotateKey(device: other, newKey: rotated.publicKey, possession: try chain.possession(of: other).sign(with: rotated.privateKey, using: crypto)))
    let byDevice: [StatementBody] = [
      .addDevice(AddDevice(device: new.device, possession: proof)), .revokeDevice(RevokeDevice(device: other, cutOff: chain.length)),
      .addRecoveryKey(AddRecoveryKey(key: try Signing.makeKeyPair(using: crypto).publicKey)),
    ]
    for body in byDevice {
      expectAccepted(chain, try sign(body, chain, by: device))
      expectRefused(.signerNotAllowed, chain, try sign(body, chain, as: .recovery, by: recovery))
      expectRefused(.signerNotAllowed, chain, try sign(body, chain, as: .house, by: house.administrator))
    }
    expectAccepted(chain, try sign(rotation, chain, by: anna.devices[1].key))
    expectRefused(.signerNotAllowed, chain, try sign(rotation, chain, by: device))
    let recover = StatementBody.recover(Recover(device: new.device, possession: proof))
    expectAccepted(chain, try sign(recover, chain, as: .recovery, by: recovery))
    expectRefused(.signerNotAllowed, chain, try sign(recover, chain, by: device))
    expectRefused(.signerNotAllowed, chain, try sign(recover, chain, as: .house, by: house.administrator))
    let reset = StatementBody.houseReset(HouseReset(device: new.device, possession: proof, resetCount: 1))
    expectAccepted(chain, try sign(reset, chain, as: .house, by: house.administrator))
    expectRefused(.signerNotAllowed, chain, try sign(reset, chain, by: device))
    expectRefused(.signerNotAllowed, chain, try sign(reset, chain, as: .recovery, by: recovery))
  }

  @Test func possession() throws {
    let chain = anna.chain
    let new = try TestDevice.make()
    let good = try new.possession(chain)
    let wrong: [[UInt8]] = [
      // By another key.
      try TestDevice(device: new.device, key: anna.devices[0].key).possession(chain),
      // For another place of the chain.
      try new.possession(try house.enrol().chain),
      try DevicePossession(account: anna.id, device: new.device.id, previous: .zero).sign(with: new.key.privateKey, using: crypto),
      // For another account or device.
      try DevicePossession(account: crypto.randomBytes(), device: new.device.id, previous: chain.head).sign(with: new.key.privateKey, using: crypto),
      try DevicePossession(account: anna.id, device: crypto.randomBytes(), previous: chain.head).sign(with: new.key.privateKey, using: crypto),
      [],
    ]
    func bodies(_ proof: [UInt8]) -> [(StatementBody, SignerKind, SignatureKeyPair)] {
      [
        (.addDevice(AddDevice(device: new.device, possession: proof)), .device, anna.devices[0].key),
        (.recover(Recover(device: new.device, possession: proof)), .recovery, anna.recoveryKeys[0]),
        (.houseReset(HouseReset(device: new.device, possession: proof, resetCount: 1)), .house, house.administrator),
      ]
    }
    for (body, kind, key) in bodies(good) { expectAccepted(chain, try sign(body, chain, as: kind, by: key)) }
    for proof in wrong {
      for (body, kind, key) in bodies(proof) { expectRefused(.possession, chain, try sign(body, chain, as: kind, by: key)) }
    }
    let own = anna.devices[0]
    let rotated = try Signing.makeKeyPair(using: crypto)
    func rotation(by key: SignatureKeyPair) throws -> SignedStatement {
      let proof = try chain.possession(of: own.device.id).sign(with: key.privateKey, using: crypto)
      return try sign(.rotateKey(RotateKey(device: own.device.id, newKey: rotated.publicKey, possession: proof)), chain, by: own.key)
    }
    expectAccepted(chain, try rotation(by: rotated))
    expectRefused(.possession, chain, try rotation(by: own.key))
  }

  @Test func nothingIsUsedTwice() throws {
    var account = anna
    try account.rotate(0)
    try account.add()
    try account.revoke(2)
    let chain = account.chain
    let new = try TestDevice.make()
    func addition(_ change: (inout TestDevice) -> Void) throws -> SignedStatement {
      var changed = new
      change(&changed)
      return try sign(try self.addition(chain, changed), chain, by: account.devices[0].key)
    }
    expectAccepted(chain, try addition { _ in })
    for used in [account.devices[1], account.devices[2]] {
      expectRefused(.duplicateDevice, chain, try addition { $0.device.id = used.device.id })
      expectRefused(.duplicateMailbox, chain, try addition { $0.device.mailbox = used.device.mailbox })
    }
    // Keys of devices that are active, revoked, or have another now; a recovery key.
    for key in [account.devices[1].key, account.devices[2].key, anna.devices[0].key, account.recoveryKeys[0]] {
      expectRefused(
        .duplicateKey, chain,
        try addition {
          $0.key = key
          $0.device.signatureKey = key.publicKey
        })
      expectRefused(.duplicateKey, chain, try sign(.addRecoveryKey(AddRecoveryKey(key: key.publicKey)), chain, by: account.devices[0].key))
    }
    expectAccepted(chain, try sign(.addRecoveryKey(AddRecoveryKey(key: new.key.publicKey)), chain, by: account.devices[0].key))
    let own = account.devices[0]
    for (key, isFresh) in [(new.key, true), (account.devices[1].key, false), (anna.devices[0].key, false)] {
      let proof = try chain.possession(of: own.device.id).sign(with: key.privateKey, using: crypto)
      let statement = try sign(.rotateKey(RotateKey(device: own.device.id, newKey: key.publicKey, possession: proof)), chain, by: own.key)
      if isFresh { expectAccepted(chain, statement) } else { expectRefused(.duplicateKey, chain, statement) }
    }
  }

  @Test func unknownTypes() throws {
    let chain = anna.chain
    let body = StatementBody.unknown(StatementType(77), [1, 2, 3])
    let harmless = try sign(body, chain, by: anna.devices[0].key) { $0.critical = false }
    expectAccepted(chain, harmless)
    expectRefused(.unknownCritical, chain, try sign(body, chain, by: anna.devices[0].key))
    expectRefused(.signerNotActive, chain, try sign(body, chain, by: try Signing.makeKeyPair(using: crypto)) { $0.critical = false })
    expectAccepted(chain, try sign(body, chain, as: .recovery, by: anna.recoveryKeys[0]) { $0.critical = false })
    expectAccepted(chain, try sign(body, chain, as: .house, by: house.administrator) { $0.critical = false })
    // Kept byte for byte, and part of what follows.
    var longer = chain
    try longer.append(harmless, using: crypto)
    #expect(longer.head == harmless.hash(using: crypto))
    #expect(longer.statements.last == harmless.encoded())
    #expect(longer.state.devices == chain.state.devices)
    expectAccepted(longer, try sign(try addition(longer), longer, by: anna.devices[1].key))
  }

  @Test func resetsCount() throws {
    let new = try TestDevice.make()
    func reset(_ chain: Chain, _ count: UInt32) throws -> SignedStatement {
      try sign(
        .houseReset(HouseReset(device: new.device, possession: try new.possession(chain), resetCount: count)), chain, as: .house,
        by: house.administrator)
    }
    expectAccepted(anna.chain, try reset(anna.chain, 1))
    expectRefused(.resetCount, anna.chain, try reset(anna.chain, 0))
    expectRefused(.resetCount, anna.chain, try reset(anna.chain, 2))
    var again = anna
    try again.reset(house)
    expectAccepted(again.chain, try reset(again.chain, 2))
    expectRefused(.resetCount, again.chain, try reset(again.chain, 1))
  }

  @Test func limits() throws {
    var account = try house.enrol()
    while account.chain.state.devices.count < IdentityLimits.activeDevices { try account.add() }
    expectRefused(.limit(.activeDevices), account.chain, try sign(try addition(account.chain), account.chain, by: account.devices[0].key))
    try account.revoke(5)
    expectAccepted(account.chain, try sign(try addition(account.chain), account.chain, by: account.devices[0].key))

    func recovery(_ chain: Chain) throws -> SignedStatement {
      try sign(.addRecoveryKey(AddRecoveryKey(key: try Signing.makeKeyPair(using: crypto).publicKey)), chain, by: account.devices[0].key)
    }
    while account.chain.state.recoveryKeys.count < IdentityLimits.recoveryKeys - 1 { try account.addRecoveryKey() }
    expectAccepted(account.chain, try recovery(account.chain))
    try account.addRecoveryKey()
    expectRefused(.limit(.recoveryKeys), account.chain, try recovery(account.chain))

    func large(_ count: Int) throws -> SignedStatement {
      try sign(.unknown(StatementType(77), [UInt8](repeating: 0, count: count)), anna.chain, by: anna.devices[0].key) { $0.critical = false }
    }
    expectAccepted(anna.chain, try large(IdentityLimits.statementBytes - 300))
    expectRefused(.limit(.statementBytes), anna.chain, try large(IdentityLimits.statementBytes))
    var copy = anna.chain
    #expect(throws: IdentityError.limit(.statementBytes)) { try copy.append(try large(IdentityLimits.statementBytes), using: crypto) }
  }

  @Test func chainsEnd() throws {
    var chain = anna.chain
    func next() throws -> SignedStatement { try sign(.unknown(StatementType(77), []), chain, by: anna.devices[0].key) { $0.critical = false } }
    while chain.length < IdentityLimits.statements - 1 { try chain.append(try next(), using: crypto) }
    expectAccepted(chain, try next())
    try chain.append(try next(), using: crypto)
    expectRefused(.limit(.statements), chain, try next())
  }
}
