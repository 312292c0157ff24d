// What goes with a device that is revoked, and who may not revoke whom.
import CryptoInterface
import Identity
import TLSCodec
import Testing

@Suite struct RevocationTests {
  let house: TestHouse
  init() throws { house = try TestHouse() }

  @Test func onlyActiveDevicesCanBeRevoked() throws {
    var anna = try house.enrol()
    try anna.add()
    try anna.add()
    func revocation(_ device: DeviceID, _ cutOff: UInt32? = nil) throws -> SignedStatement {
      try sign(.revokeDevice(RevokeDevice(device: device, cutOff: cutOff ?? anna.chain.length)), anna.chain, by: anna.devices[0].key)
    }
    expectRefused(.unknownDevice, anna.chain, try revocation(crypto.randomBytes()))
    expectAccepted(anna.chain, try revocation(anna.devices[1].device.id))
    expectRefused(.cutOff, anna.chain, try revocation(anna.devices[1].device.id, anna.chain.length + 1))
    try anna.revoke(1)
    expectRefused(.unknownDevice, anna.chain, try revocation(anna.devices[1].device.id))
    expectAccepted(anna.chain, try revocation(anna.devices[2].device.id))
  }

  @Test func lastDeviceStays() throws {
    var anna = try house.enrol()
    func own(_ account: TestAccount, _ i: Int, _ cutOff: UInt32? = nil) throws -> SignedStatement {
      try sign(
        .revokeDevice(RevokeDevice(device: account.devices[i].device.id, cutOff: cutOff ?? account.chain.length)), account.chain,
        by: account.devices[i].key)
    }
    expectRefused(.lastDevice, anna.chain, try own(anna, 0))
    try anna.add()
    expectAccepted(anna.chain, try own(anna, 0))
    // With everything that it ever did, nobody would be left.
    expectRefused(.lastDevice, anna.chain, try own(anna, 0, 0))
  }

  @Test func additionsAfterTheCutOffGoToo() throws {
    var anna = try house.enrol()
    try anna.add(by: 0)  // 1: the revoker
    try anna.add(by: 0)  // 2: good still
    try anna.addRecoveryKey(by: 0)  // good still
    let stolen = anna.chain.length
    try anna.add(by: 0)  // 3
    try anna.add(by: 3)  // 4, by one that goes
    try anna.addRecoveryKey(by: 4)
    try anna.add(by: 2)  // 5, by one that stays
    try anna.add(by: 4)  // 6
    try anna.revoke(4, by: 2)  // revoked already, with all that it said valid
    #expect((0..<7).map { anna.isActive($0) } == [true, true, true, true, false, true, true])
    let before = anna.chain
    try anna.revoke(0, by: 1, cutOff: stolen)
    #expect((0..<7).map { anna.isActive($0) } == [false, true, true, false, false, true, false])
    #expect(anna.chain.state.recoveryKeys.map { $0.key } == [anna.recoveryKeys[0].publicKey])
    // Before the revocation they were active, and still were when one looks back.
    #expect(anna.chain.state(at: before.length) == before.state)
    // Without a cut-off in the past only the device itself goes.
    var mild = anna
    mild.chain = before
    try mild.revoke(0, by: 1)
    #expect((0..<7).map { mild.isActive($0) } == [false, true, true, true, false, true, true])
    #expect(mild.chain.state.recoveryKeys.count == 2)
  }

  @Test func nobodyRevokesWhatItStandsOn() throws {
    var anna = try house.enrol()
    try anna.add(by: 0)
    try anna.add(by: 1)
    func revocation(by i: Int, _ cutOff: UInt32) throws -> SignedStatement {
      try sign(.revokeDevice(RevokeDevice(device: anna.devices[0].device.id, cutOff: cutOff)), anna.chain, by: anna.devices[i].key)
    }
    expectRefused(.cutOff, anna.chain, try revocation(by: 1, 1))
    expectRefused(.cutOff, anna.chain, try revocation(by: 2, 1))
    expectAccepted(anna.chain, try revocation(by: 1, 2))
    expectAccepted(anna.chain, try revocation(by: 2, 2))
  }

  @Test func recoveryAndResetEndAllDevices() throws {
    var anna = try house.enrol()
    try anna.add()
    try anna.addRecoveryKey()
    var recovered = anna
    try recovered.recover()
    #expect(recovered.chain.state.devices.map { $0.id } == [recovered.devices[2].device.id])
    #expect(recovered.chain.state.revokedDevices.count == 2)
    #expect(recovered.chain.state.resetCount == 0)
    #expect(recovered.chain.state.recoveryKeys.count == 1)
    try anna.reset(house)
    #expect(anna.chain.state.devices.map { $0.id } == [anna.devices[2].device.id])
    #expect(anna.chain.state.resetCount == 1)
    #expect(anna.chain.state.recoveryKeys.isEmpty)
    // The old recovery key is of no use after a reset.
    let new = try TestDevice.make()
    let recover = StatementBody.recover(Recover(device: new.device, possession: try new.possession(anna.chain)))
    expectRefused(.signerNotActive, anna.chain, try sign(recover, anna.chain, as: .recovery, by: anna.recoveryKeys[0]))
    expectAccepted(
      recovered.chain,
      try sign(
        .recover(Recover(device: new.device, possession: try new.possession(recovered.chain))), recovered.chain, as: .recovery,
        by: anna.recoveryKeys[0]))
  }
}
