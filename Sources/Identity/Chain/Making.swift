// Making statements: each is made for the end of a chain, and appended to a copy first, so that none is sent which others refuse.
import CryptoInterface
import TLSCodec

extension SignedStatement {
  /// Adds a device.
  /// - Parameters:
  ///   - possession: `chain.possession(of:)` signed by the new device's key.
  ///   - key: of an active device.
  ///   - time: seconds since 1970.
  /// - Throws: the rule that the statement would break; `.crypto`.
  public static func addDevice(
    _ device: Device, possession: [UInt8], to chain: Chain, by key: SignatureKeyPair, at time: UInt64, using crypto: some CryptoProvider
  ) throws(IdentityError) -> SignedStatement {
    try device.validate()
    return try make(.addDevice(AddDevice(device: device, possession: possession)), in: chain, as: .device, by: key, at: time, using: crypto)
  }

  /// Revokes a device.
  /// - Parameter cutOff: the position from which on its statements are void; the chain's length where all that it said holds.
  public static func revokeDevice(
    _ device: DeviceID, cutOff: UInt32, in chain: Chain, by key: SignatureKeyPair, at time: UInt64, using crypto: some CryptoProvider
  ) throws(IdentityError) -> SignedStatement {
    try make(.revokeDevice(RevokeDevice(device: device, cutOff: cutOff)), in: chain, as: .device, by: key, at: time, using: crypto)
  }

  /// Gives a device a new key.
  public static func rotateKey(
    of device: DeviceID, from old: SignatureKeyPair, to new: SignatureKeyPair, in chain: Chain, at time: UInt64,
    using crypto: some CryptoProvider
  ) throws(IdentityError) -> SignedStatement {
    let proof = try chain.possession(of: device).sign(with: new.privateKey, using: crypto)
    let body = RotateKey(device: device, newKey: new.publicKey, possession: proof)
    return try make(.rotateKey(body), in: chain, as: .device, by: old, at: time, using: crypto)
  }

  /// Lets a further key recover the account.
  public static func addRecoveryKey(
    _ recovery: SignaturePublicKey, to chain: Chain, by key: SignatureKeyPair, at time: UInt64, using crypto: some CryptoProvider
  ) throws(IdentityError) -> SignedStatement {
    guard recovery.bytes.count == Signing.publicKeySize else { throw .crypto(.invalidKey) }
    return try make(.addRecoveryKey(AddRecoveryKey(key: recovery)), in: chain, as: .device, by: key, at: time, using: crypto)
  }

  /// A new device by a recovery key.
  public static func recover(
    _ chain: Chain, to device: Device, key: SignatureKeyPair, recovery: SignatureKeyPair, at time: UInt64, using crypto: some CryptoProvider
  ) throws(IdentityError) -> SignedStatement {
    try device.validate()
    let proof = try chain.possession(of: device.id).sign(with: key.privateKey, using: crypto)
    return try make(.recover(Recover(device: device, possession: proof)), in: chain, as: .recovery, by: recovery, at: time, using: crypto)
  }

  /// A new device by the house.
  /// - Parameters:
  ///   - possession: `chain.possession(of:)` signed by the new device's key.
  ///   - administrator: the house's administrator key.
  public static func houseReset(
    _ chain: Chain, to device: Device, possession: [UInt8], administrator: SignatureKeyPair, at time: UInt64,
    using crypto: some CryptoProvider
  ) throws(IdentityError) -> SignedStatement {
    try device.validate()
    guard chain.state.resetCount < .max else { throw .resetCount }
    let body = HouseReset(device: device, possession: possession, resetCount: chain.state.resetCount + 1)
    return try make(.houseReset(body), in: chain, as: .house, by: administrator, at: time, using: crypto)
  }

  private static func make(
    _ body: StatementBody, in chain: Chain, as kind: SignerKind, by key: SignatureKeyPair, at time: UInt64, using crypto: some CryptoProvider
  ) throws(IdentityError) -> SignedStatement {
    let statement = Statement(account: chain.account, position: chain.length, previous: chain.head, time: time, body: body)
    let signed = try SignedStatement(signing: statement, as: kind, with: key, using: crypto)
    var trial = chain
    try trial.append(signed, using: crypto)
    return signed
  }
}
