// The store in memory: for tests and the simulator, and the measure for the real ones. A transaction works on a copy of the state, which is kept where
// it succeeds.
import Synchronization

/// Everything that a delivery store holds, as a value: two equal ones hold the same.
public struct DeliveryState: Equatable, Sendable {
  struct Key: Hashable, Sendable {
    var id: [UInt8]
    var number: UInt64
  }
  struct Pool: Equatable, Sendable {
    var packages: [KeyPackageRecord] = []
    var lastResort: KeyPackageRecord?
  }
  struct Mailbox: Equatable, Sendable {
    struct Row: Equatable, Sendable {
      var sealed: [UInt8]
      var day: Day
    }
    var next: UInt64 = 1
    var nextKey: [UInt8]
    var rows: [UInt64: Row] = [:]
    var isClosed = false
    var lowest: UInt64 { rows.keys.min() ?? next }
  }
  struct Group: Equatable, Sendable {
    var record: GroupRecord
    var tree: [UInt8]
    var previousTree: [UInt8]?
  }
  struct Dated: Equatable, Sendable {
    var sealed: [UInt8]
    var day: Day
  }
  struct Body: Equatable, Sendable {
    var body: BodyRecord
    var day: Day
  }
  var house = HouseRecord()
  var feed: [[UInt8]] = []
  var accounts: [[UInt8]: AccountRecord] = [:]
  var localParts: [[UInt8]: [UInt8]] = [:]
  var chains: [[UInt8]: [[UInt8]]] = [:]
  var devices: [[UInt8]: DeviceRecord] = [:]
  var invitations: [[UInt8]: InvitationRecord] = [:]
  var pools: [[UInt8]: Pool] = [:]
  var groups: [[UInt8]: Group] = [:]
  var trees: [Key: Dated] = [:]
  var mailboxes: [[UInt8]: Mailbox] = [:]
  var bodies: [[UInt8]: Body] = [:]
  var requests: [[UInt8]: Dated] = [:]

  public init() {}

  /// Rows in all mailboxes, and bodies that they point at.
  public var storedRows: Int { mailboxes.values.reduce(0) { $0 + $1.rows.count } }
  public var storedBodies: Int { bodies.count }
}

/// A delivery store without a disk.
public final class MemoryDeliveryStore: DeliveryStore {
  private struct Guarded: Sendable {
    var state = DeliveryState()
    var failing = false
  }
  private let guarded = Mutex(Guarded())

  public init() {}

  /// What it holds now; simulations put it back.
  public var state: DeliveryState {
    get { guarded.withLock { $0.state } }
    set { guarded.withLock { $0.state = newValue } }
  }

  /// From now on every transaction that writes fails at its end, as on a full disk; for tests.
  public func setFailing(_ failing: Bool) { guarded.withLock { $0.failing = failing } }

  public func write<R>(_ body: (any DeliveryTransaction) throws -> R) throws -> R {
    let (state, failing) = guarded.withLock { ($0.state, $0.failing) }
    let transaction = MemoryDeliveryTransaction(state)
    let result = try body(transaction)
    if failing { throw StoreError.unavailable }
    let new = transaction.state
    guarded.withLock { $0.state = new }
    return result
  }

  public func read<R>(_ body: (any DeliveryTransaction) throws -> R) throws -> R { try body(MemoryDeliveryTransaction(state)) }
}

final class MemoryDeliveryTransaction: DeliveryTransaction {
  var state: DeliveryState
  init(_ state: DeliveryState) { self.state = state }

  func savepoint<R>(_ body: () throws -> R) throws -> R {
    let before = state
    do { return try body() } catch {
      state = before
      throw error
    }
  }

  // MARK: House and feed

  func house() -> HouseRecord { state.house }

  func setCertificate(_ certificate: [UInt8]) -> Bool {
    guard state.house.certificate == nil else { return false }
    state.house.certificate = certificate
    return true
  }

  func setPolicy(_ policy: [UInt8]) { state.house.policy = policy }
  func raiseIncarnation() { state.house.incarnation += 1 }

  func appendFeed(_ entry: [UInt8], hash: [UInt8]) {
    state.feed.append(entry)
    state.house.feedSize += 1
    state.house.feedHash = hash
  }

  func feed(from: UInt64, limit: Int) -> [[UInt8]] {
    guard from < UInt64(state.feed.count) else { return [] }
    return Array(state.feed[Int(from)...].prefix(limit))
  }

  // MARK: Accounts and chains

  func account(_ account: [UInt8]) -> AccountRecord? { state.accounts[account] }
  func account(localPart: [UInt8]) -> AccountRecord? { state.localParts[localPart].flatMap { state.accounts[$0] } }

  func insert(_ account: AccountRecord, genesis: [UInt8]) -> Bool {
    guard state.accounts[account.account] == nil, state.localParts[account.localPart] == nil else { return false }
    var account = account
    account.length = 1
    state.accounts[account.account] = account
    state.localParts[account.localPart] = account.account
    state.chains[account.account] = [genesis]
    return true
  }

  func append(statement: [UInt8], to account: [UInt8], position: UInt32) -> Bool {
    guard let length = state.accounts[account]?.length, length == position else { return false }
    state.chains[account, default: []].append(statement)
    state.accounts[account]?.length = length + 1
    return true
  }

  func setActive(_ isActive: Bool, account: [UInt8]) { state.accounts[account]?.isActive = isActive }

  func statements(of account: [UInt8], from: UInt32, limit: Int) -> [[UInt8]] {
    guard let chain = state.chains[account], Int(from) < chain.count else { return [] }
    return Array(chain[Int(from)...].prefix(limit))
  }

  func find(folded: [UInt8], offset: Int, limit: Int) -> [AccountRecord] {
    let found = state.accounts.values.filter { $0.isActive && contains($0.folded, folded) }
    let sorted = found.sorted { $0.folded == $1.folded ? $0.account.lexicographicallyPrecedes($1.account) : $0.folded.lexicographicallyPrecedes($1.folded) }
    return Array(sorted.dropFirst(offset).prefix(limit))
  }

  private func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
    if part.isEmpty { return true }
    guard text.count >= part.count else { return false }
    return (0...(text.count - part.count)).contains { text[$0..<$0 + part.count].elementsEqual(part) }
  }

  // MARK: Devices

  func device(_ device: [UInt8]) -> DeviceRecord? { state.devices[device] }

  func insert(_ device: DeviceRecord, mailboxKey: [UInt8]) -> Bool {
    guard state.devices[device.device] == nil, state.mailboxes[device.mailbox] == nil else { return false }
    state.devices[device.device] = device
    state.mailboxes[device.mailbox] = DeliveryState.Mailbox(nextKey: mailboxKey)
    return true
  }

  func setSession(device: [UInt8], instance: [UInt8], session: UInt64) {
    state.devices[device]?.instance = instance
    state.devices[device]?.session = session
  }

  func setSignatureKey(_ key: [UInt8], device: [UInt8]) { state.devices[device]?.signatureKey = key }

  func revoke(device: [UInt8]) {
    guard let row = state.devices[device], !row.isRevoked else { return }
    state.devices[device]?.isRevoked = true
    state.mailboxes[row.mailbox]?.isClosed = true
    state.mailboxes[row.mailbox]?.rows = [:]
    state.mailboxes[row.mailbox]?.nextKey = []
    state.pools[device] = nil
    state.house.revocations += 1
  }

  // MARK: Invitations

  func invitation(_ key: [UInt8]) -> InvitationRecord? { state.invitations[key] }

  func insert(_ invitation: InvitationRecord) -> Bool {
    guard state.invitations[invitation.key] == nil else { return false }
    state.invitations[invitation.key] = invitation
    return true
  }

  func closeInvitation(_ key: [UInt8]) -> Bool {
    guard state.invitations[key]?.isOpen == true else { return false }
    state.invitations[key]?.isOpen = false
    state.invitations[key]?.invitation = []
    state.invitations[key]?.houseTag = []
    return true
  }

  func openInvitations(limit: Int) -> [InvitationRecord] {
    Array(state.invitations.values.filter(\.isOpen).sorted { $0.key.lexicographicallyPrecedes($1.key) }.prefix(limit))
  }

  // MARK: Key packages

  func add(keyPackages: [KeyPackageRecord], device: [UInt8]) { state.pools[device, default: .init()].packages += keyPackages }
  func setLastResort(_ keyPackage: KeyPackageRecord, device: [UInt8]) { state.pools[device, default: .init()].lastResort = keyPackage }

  func deleteKeyPackages(device: [UInt8], lastResort: Bool) {
    state.pools[device]?.packages = []
    if lastResort { state.pools[device] = nil }
  }

  func claimKeyPackage(device: [UInt8], now: UInt64) -> [UInt8]? {
    guard let pool = state.pools[device] else { return nil }
    if let index = pool.packages.firstIndex(where: { $0.notAfter >= now }) {
      return state.pools[device]?.packages.remove(at: index).keyPackage
    }
    guard let last = pool.lastResort, last.notAfter >= now else { return nil }
    return last.keyPackage
  }

  func countKeyPackages(device: [UInt8]) -> Int { state.pools[device]?.packages.count ?? 0 }

  // MARK: Groups

  func group(_ group: [UInt8]) -> GroupRecord? { state.groups[group]?.record }
  func tree(group: [UInt8]) -> [UInt8]? { state.groups[group]?.tree }

  func insert(group: [UInt8], _ generation: GroupRecord.Generation, tree: SealedTree) -> Bool {
    guard state.groups[group] == nil else { return false }
    state.groups[group] = .init(record: GroupRecord(group: group, present: generation, treeID: tree.id), tree: tree.sealed)
    return true
  }

  func replace(group: [UInt8], atEpoch epoch: UInt64, _ generation: GroupRecord.Generation, tree: SealedTree?, keepsPrevious: Bool) -> Bool {
    guard var row = state.groups[group], row.record.present.epoch == epoch else { return false }
    if keepsPrevious, row.record.previous == nil {
      row.record.previous = row.record.present
      row.previousTree = row.tree
    }
    row.record.present = generation
    if let tree {
      row.record.treeID = tree.id
      row.tree = tree.sealed
    }
    state.groups[group] = row
    return true
  }

  func dropPrevious(group: [UInt8]) {
    state.groups[group]?.record.previous = nil
    state.groups[group]?.previousTree = nil
  }

  func freeze(group: [UInt8]) { state.groups[group]?.record.isFrozen = true }

  func keepTree(_ sealed: [UInt8], group: [UInt8], epoch: UInt64, until day: Day) {
    state.trees[.init(id: group, number: epoch)] = .init(sealed: sealed, day: day)
  }

  func keptTree(group: [UInt8], epoch: UInt64) -> (sealed: [UInt8], until: Day)? {
    state.trees[.init(id: group, number: epoch)].map { ($0.sealed, $0.day) }
  }

  // MARK: Mailboxes

  func mailbox(_ mailbox: [UInt8]) -> MailboxRecord? {
    guard let box = state.mailboxes[mailbox], !box.isClosed else { return nil }
    return MailboxRecord(next: box.next, nextKey: box.nextKey, lowest: box.lowest)
  }

  func enqueue(_ sealed: [UInt8], mailbox: [UInt8], number: UInt64, nextKey: [UInt8], day: Day) -> Bool {
    guard let box = state.mailboxes[mailbox], !box.isClosed, box.next == number else { return false }
    state.mailboxes[mailbox]?.rows[number] = .init(sealed: sealed, day: day)
    state.mailboxes[mailbox]?.next = number + 1
    state.mailboxes[mailbox]?.nextKey = nextKey
    return true
  }

  func rows(of mailbox: [UInt8], from: UInt64, limit: Int) -> [(number: UInt64, sealed: [UInt8])] {
    guard let box = state.mailboxes[mailbox], !box.isClosed else { return [] }
    return box.rows.filter { $0.key >= from }.sorted { $0.key < $1.key }.prefix(limit).map { ($0.key, $0.value.sealed) }
  }

  func deleteRows(of mailbox: [UInt8], through number: UInt64) {
    guard let box = state.mailboxes[mailbox] else { return }
    for key in box.rows.keys where key <= number { state.mailboxes[mailbox]?.rows[key] = nil }
  }

  func insertBody(_ body: BodyRecord, id: [UInt8], day: Day) { state.bodies[id] = .init(body: body, day: day) }
  func body(_ id: [UInt8]) -> BodyRecord? { state.bodies[id]?.body }
  func setCount(_ sealedCount: [UInt8], body id: [UInt8]) { state.bodies[id]?.body.sealedCount = sealedCount }
  func deleteBody(_ id: [UInt8]) { state.bodies[id] = nil }

  // MARK: Requests that were answered, retention

  func answer(to request: [UInt8]) -> [UInt8]? { state.requests[request]?.sealed }
  func remember(_ sealedAnswer: [UInt8], of request: [UInt8], day: Day) { state.requests[request] = .init(sealed: sealedAnswer, day: day) }

  func expire(mailBefore mail: Day, requestsBefore requests: Day, today: Day, now: UInt64) {
    for id in state.mailboxes.keys {
      guard let rows = state.mailboxes[id]?.rows, rows.values.contains(where: { $0.day < mail }) else { continue }
      state.mailboxes[id]?.rows = rows.filter { $0.value.day >= mail }
    }
    state.bodies = state.bodies.filter { $0.value.day >= mail }
    state.requests = state.requests.filter { $0.value.day >= requests }
    state.trees = state.trees.filter { $0.value.day >= today }
    state.invitations = state.invitations.filter { $0.value.notAfter >= now }
    for id in state.pools.keys {
      state.pools[id]?.packages.removeAll { $0.notAfter < now }
      if let last = state.pools[id]?.lastResort, last.notAfter < now { state.pools[id]?.lastResort = nil }
    }
  }
}
