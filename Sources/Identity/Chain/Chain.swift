// An account's chain of signed statements: what makes an account the same account, whatever server stands between.
import CryptoInterface
import TLSCodec

/// A chain that is valid from its first statement on. A value: appending to a copy leaves the original as it was.
public struct Chain: Sendable, Equatable {
  /// The house whose key admitted the account, and alone may reset it.
  public let house: House
  /// SignedStatements as encoded.
  public private(set) var statements: [[UInt8]]
  /// The hash of each.
  private var heads: [Digest]
  /// What the whole chain says.
  public private(set) var state: ChainState

  public var account: AccountID { state.account }
  /// Statements.
  public var length: UInt32 { state.length }
  /// The hash of the last statement.
  public var head: Digest { state.head }

  /// A chain of one statement.
  /// - Throws: the rule that the genesis breaks, by itself or in this house.
  public init(genesis signed: SignedStatement, house: House, using crypto: some CryptoProvider) throws(IdentityError) {
    let bytes = signed.encoded()
    guard bytes.count <= IdentityLimits.statementBytes else { throw .limit(.statementBytes) }
    let hash = crypto.digest(bytes)
    let state = try ChainState(genesis: signed, hash: hash)
    guard signed.isSigned(using: crypto) else { throw .statementSignature }
    guard case .genesis(let genesis) = signed.statement.body else { throw .genesis }
    try genesis.check(account: state.account, house: house, using: crypto)
    self.house = house
    statements = [bytes]
    heads = [hash]
    self.state = state
  }

  /// A whole chain as received.
  /// - Throws: the rule that its first wrong statement breaks; `.genesis` for an empty one.
  public init(_ statements: [[UInt8]], house: House, using crypto: some CryptoProvider) throws(IdentityError) {
    guard let first = statements.first else { throw .genesis }
    try self.init(genesis: try SignedStatement(received: first), house: house, using: crypto)
    for statement in statements.dropFirst() { try append(received: statement, using: crypto) }
  }

  /// Takes over the next statement.
  /// - Throws: the rule that it breaks; then nothing has changed.
  public mutating func append(_ signed: SignedStatement, using crypto: some CryptoProvider) throws(IdentityError) {
    let bytes = signed.encoded()
    guard bytes.count <= IdentityLimits.statementBytes else { throw .limit(.statementBytes) }
    let hash = crypto.digest(bytes)
    let next = try state.applying(signed, hash: hash, houseKey: house.administratorKey)
    guard signed.isSigned(using: crypto) else { throw .statementSignature }
    try checkPossession(signed.statement, using: crypto)
    state = next
    statements.append(bytes)
    heads.append(hash)
  }

  /// The same from bytes.
  public mutating func append(received bytes: [UInt8], using crypto: some CryptoProvider) throws(IdentityError) {
    try append(try SignedStatement(received: bytes), using: crypto)
  }

  /// The new key of a statement signed where it is to stand.
  private func checkPossession(_ statement: Statement, using crypto: some CryptoProvider) throws(IdentityError) {
    let device: DeviceID
    let key: SignaturePublicKey
    let proof: [UInt8]
    switch statement.body {
    case .addDevice(let body): (device, key, proof) = (body.device.id, body.device.signatureKey, body.possession)
    case .rotateKey(let body): (device, key, proof) = (body.device, body.newKey, body.possession)
    case .recover(let body): (device, key, proof) = (body.device.id, body.device.signatureKey, body.possession)
    case .houseReset(let body): (device, key, proof) = (body.device.id, body.device.signatureKey, body.possession)
    case .genesis, .revokeDevice, .addRecoveryKey, .unknown: return
    }
    let possession = DevicePossession(account: statement.account, device: device, previous: statement.previous)
    guard possession.isSigned(proof, by: key, using: crypto) else { throw .possession }
  }

  /// What the new device's key signs to come into this chain next.
  public func possession(of device: DeviceID) -> DevicePossession {
    DevicePossession(account: account, device: device, previous: head)
  }

  /// The hash of the statement that was the last at this length; nil for 0 and beyond the end.
  public func head(at length: UInt32) -> Digest? {
    guard length >= 1, length <= self.length else { return nil }
    return heads[Int(length) - 1]
  }

  /// What the chain said when it had this length; nil for 0 and beyond the end. Replays, without verifying signatures again.
  public func state(at length: UInt32) -> ChainState? {
    guard length >= 1, length <= self.length else { return nil }
    if length == self.length { return state }
    guard let first = try? SignedStatement(decoding: statements[0]), var result = try? ChainState(genesis: first, hash: heads[0])
    else { return nil }
    for i in 1..<Int(length) {
      guard let signed = try? SignedStatement(decoding: statements[i]),
        let next = try? result.applying(signed, hash: heads[i], houseKey: house.administratorKey)
      else { return nil }
      result = next
    }
    return result
  }

  /// Whether the other chain goes on from this one, or is the same.
  public func isPrefix(of other: Chain) -> Bool {
    guard length <= other.length else { return false }
    return other.head(at: length) == head
  }

  /// That another copy of this chain, from a server or a peer, goes on from this one or is the same.
  /// - Throws: `.wrongAccount`; `.shorter` where the other lacks statements that this has; `.fork` where they differ.
  public func requireExtension(_ other: Chain) throws(IdentityError) {
    guard account == other.account else { throw .wrongAccount }
    let common = min(length, other.length)
    guard head(at: common) == other.head(at: common) else { throw .fork }
    guard other.length >= length else { throw .shorter }
  }
}
