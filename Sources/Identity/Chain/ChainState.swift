// What a chain says of its account at one length: who its devices are, and who they were.
import CryptoInterface
import TLSCodec

/// Who brought a device or a recovery key into the chain.
public enum Origin: Hashable, Sendable {
  /// The account's first device.
  case genesis
  case device(DeviceID)
  case recovery
  case house
}

/// A device with its place in the chain.
public struct ChainDevice: Hashable, Sendable {
  /// With its present key.
  public internal(set) var device: Device
  /// The position of the statement that added it.
  public let addedAt: UInt32
  public let addedBy: Origin
  /// The position of the statement that revoked it; nil while it is active.
  public internal(set) var revokedAt: UInt32?
}

/// An account at one length of its chain. Grows by `apply`, which knows every rule but those that need cryptography.
public struct ChainState: Sendable, Equatable {
  public let account: AccountID
  public let kind: AccountKind
  public let name: String
  public let localPart: String
  public let domain: String
  /// Of the account's first statement: with the reset count it is what a safety number compares.
  public let genesisHash: Digest
  /// How often the house gave the account to a new device.
  public private(set) var resetCount: UInt32 = 0
  /// Statements so far.
  public private(set) var length: UInt32
  /// The hash of the last one.
  public private(set) var head: Digest
  /// In the order in which they were added; revoked ones too, for what they said stays readable.
  public private(set) var allDevices: [ChainDevice]
  public private(set) var recoveryKeys: [RecoveryKey] = []
  /// Of every device and recovery key that was ever in the chain: none comes back.
  private var usedDevices: Set<DeviceID>
  private var usedKeys: Set<SignaturePublicKey>
  private var usedMailboxes: Set<MailboxAddress>

  public struct RecoveryKey: Hashable, Sendable {
    public let key: SignaturePublicKey
    public let addedAt: UInt32
    public let addedBy: DeviceID
  }

  /// `local_part@domain`.
  public var address: String { localPart + "@" + domain }
  /// Devices that may speak for the account, in the order in which they were added.
  public var devices: [Device] { allDevices.filter { $0.revokedAt == nil }.map { $0.device } }
  public var revokedDevices: [Device] { allDevices.filter { $0.revokedAt != nil }.map { $0.device } }

  /// The active device of an id.
  public func device(_ id: DeviceID) -> Device? {
    for entry in allDevices where entry.device.id == id && entry.revokedAt == nil { return entry.device }
    return nil
  }

  /// The active device that has a key.
  public func device(signingWith key: SignaturePublicKey) -> Device? {
    for entry in allDevices where entry.device.signatureKey == key && entry.revokedAt == nil { return entry.device }
    return nil
  }

  /// The state after a genesis, whose admission is checked elsewhere.
  init(genesis signed: SignedStatement, hash: Digest) throws(IdentityError) {
    let statement = signed.statement
    guard statement.version == Statement.currentVersion else { throw .version }
    guard case .genesis(let genesis) = statement.body else { throw .genesis }
    guard statement.position == 0 else { throw .gap }
    guard statement.previous == .zero else { throw .previousHash }
    guard statement.time % statementTimeStep == 0 else { throw .timeGranularity }
    guard signed.signature.signerKind == .device else { throw .signerNotAllowed }
    guard signed.signature.signerKey == genesis.device.signatureKey else { throw .signerNotActive }
    account = statement.account
    kind = genesis.kind
    name = genesis.name
    localPart = genesis.localPart
    domain = genesis.domain
    genesisHash = hash
    length = 1
    head = hash
    allDevices = [ChainDevice(device: genesis.device, addedAt: 0, addedBy: .genesis)]
    usedDevices = [genesis.device.id]
    usedKeys = [genesis.device.signatureKey]
    usedMailboxes = [genesis.device.mailbox]
  }

  /// The state after a statement.
  /// - Parameters:
  ///   - hash: of the whole signed statement.
  ///   - houseKey: the administrator key, for `house_reset`.
  /// - Throws: the rule that it breaks; signatures are checked by `Chain.append`.
  func applying(_ signed: SignedStatement, hash: Digest, houseKey: SignaturePublicKey) throws(IdentityError) -> ChainState {
    let statement = signed.statement
    guard statement.version == Statement.currentVersion else { throw .version }
    guard statement.account == account else { throw .wrongAccount }
    guard statement.position == length else { throw .gap }
    guard length < IdentityLimits.statements else { throw .limit(.statements) }
    guard statement.previous == head else { throw .previousHash }
    // A clock that was set back is no reason to refuse: order is by position.
    guard statement.time % statementTimeStep == 0 else { throw .timeGranularity }
    var next = self
    next.length += 1
    next.head = hash
    let signer = signed.signature
    switch statement.body {
    case .genesis: throw .genesis
    case .unknown:
      if statement.critical { throw .unknownCritical }
      try requireSigner(signer, houseKey: houseKey)
    case .addDevice(let body):
      let by = try requireDevice(signer)
      try next.add(body.device, at: statement.position, by: .device(by.id))
    case .revokeDevice(let body):
      let by = try requireDevice(signer)
      try next.revoke(body, at: statement.position, by: by.id)
    case .rotateKey(let body):
      let by = try requireDevice(signer)
      guard by.id == body.device else { throw .signerNotAllowed }
      try next.rotate(body)
    case .addRecoveryKey(let body):
      let by = try requireDevice(signer)
      try next.addRecoveryKey(body.key, at: statement.position, by: by.id)
    case .recover(let body):
      guard signer.signerKind == .recovery else { throw .signerNotAllowed }
      try requireSigner(signer, houseKey: houseKey)
      next.revokeAll(at: statement.position)
      try next.add(body.device, at: statement.position, by: .recovery)
    case .houseReset(let body):
      guard signer.signerKind == .house else { throw .signerNotAllowed }
      try requireSigner(signer, houseKey: houseKey)
      guard resetCount < .max, body.resetCount == resetCount + 1 else { throw .resetCount }
      next.resetCount = body.resetCount
      next.revokeAll(at: statement.position)
      // Whoever had the account may have left keys behind.
      next.recoveryKeys = []
      try next.add(body.device, at: statement.position, by: .house)
    }
    return next
  }

  // MARK: Who signs

  /// The signer as an active device.
  private func requireDevice(_ signer: StatementSignature) throws(IdentityError) -> Device {
    guard signer.signerKind == .device else { throw .signerNotAllowed }
    guard let device = device(signingWith: signer.signerKey) else { throw .signerNotActive }
    return device
  }

  /// That the signer is what it says: an active device, a recovery key, the house.
  private func requireSigner(_ signer: StatementSignature, houseKey: SignaturePublicKey) throws(IdentityError) {
    let isKnown =
      switch signer.signerKind {
      case .device: device(signingWith: signer.signerKey) != nil
      case .recovery: recoveryKeys.contains { $0.key == signer.signerKey }
      case .house: signer.signerKey == houseKey
      }
    guard isKnown else { throw .signerNotActive }
  }

  // MARK: What statements do

  private mutating func add(_ device: Device, at position: UInt32, by origin: Origin) throws(IdentityError) {
    guard usedDevices.insert(device.id).inserted else { throw .duplicateDevice }
    guard usedKeys.insert(device.signatureKey).inserted else { throw .duplicateKey }
    guard usedMailboxes.insert(device.mailbox).inserted else { throw .duplicateMailbox }
    var active = 0
    for entry in allDevices where entry.revokedAt == nil { active += 1 }
    guard active < IdentityLimits.activeDevices else { throw .limit(.activeDevices) }
    allDevices.append(ChainDevice(device: device, addedAt: position, addedBy: origin))
  }

  private mutating func rotate(_ body: RotateKey) throws(IdentityError) {
    guard usedKeys.insert(body.newKey).inserted else { throw .duplicateKey }
    for i in allDevices.indices where allDevices[i].device.id == body.device { allDevices[i].device.signatureKey = body.newKey }
  }

  private mutating func addRecoveryKey(_ key: SignaturePublicKey, at position: UInt32, by device: DeviceID) throws(IdentityError) {
    guard usedKeys.insert(key).inserted else { throw .duplicateKey }
    guard recoveryKeys.count < IdentityLimits.recoveryKeys else { throw .limit(.recoveryKeys) }
    recoveryKeys.append(RecoveryKey(key: key, addedAt: position, addedBy: device))
  }

  private mutating func revokeAll(at position: UInt32) {
    for i in allDevices.indices where allDevices[i].revokedAt == nil { allDevices[i].revokedAt = position }
  }

  /// Revokes a device and whatever came into the chain by statements of it that are void now.
  private mutating func revoke(_ body: RevokeDevice, at position: UInt32, by signer: DeviceID) throws(IdentityError) {
    guard device(body.device) != nil else { throw .unknownDevice }
    guard body.cutOff <= position else { throw .cutOff }
    // Of each device of which something is void: from which position on. A device that was added by a void statement was never one.
    var voidFrom: [DeviceID: UInt32] = [body.device: body.cutOff]
    // A device stands behind the one that added it, so one pass in order reaches all, through devices revoked before too.
    for entry in allDevices {
      guard case .device(let adder) = entry.addedBy, let from = voidFrom[adder], entry.addedAt >= from else { continue }
      voidFrom[entry.device.id] = min(voidFrom[entry.device.id] ?? .max, entry.addedAt)
    }
    if signer != body.device, voidFrom[signer] != nil { throw .cutOff }
    for i in allDevices.indices where allDevices[i].revokedAt == nil && voidFrom[allDevices[i].device.id] != nil {
      allDevices[i].revokedAt = position
    }
    guard allDevices.contains(where: { $0.revokedAt == nil }) else { throw .lastDevice }
    recoveryKeys.removeAll { key in
      guard let from = voidFrom[key.addedBy] else { return false }
      return key.addedAt >= from
    }
  }
}
