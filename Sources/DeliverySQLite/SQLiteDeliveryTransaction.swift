// The store's operations in SQL, for house, people and key packages; groups and mail stand in the files beside this one.
import Delivery
import Foundation
import GRDB

/// One transaction on the connection that was given.
struct SQLiteDeliveryTransaction: DeliveryTransaction {
  /// What is to be done when it is on disk.
  final class Aftermath {
    var hasExpired = false
  }
  let db: Database
  let aftermath = Aftermath()
  init(_ db: Database) { self.db = db }

  func savepoint<R>(_ body: () throws -> R) throws -> R {
    var result: R?
    do {
      try db.inSavepoint {
        result = try body()
        return .commit
      }
    } catch let error as DatabaseError { throw StoreError(error) }
    guard let result else { throw StoreError.unavailable }
    return result
  }

  // MARK: SQL

  func run(_ sql: String, _ arguments: [(any DatabaseValueConvertible)?] = []) throws(StoreError) {
    do { try db.cachedStatement(sql: sql).execute(arguments: StatementArguments(arguments)) } catch { throw Self.mapped(error) }
  }

  /// Whether exactly one row was changed.
  func changes(_ sql: String, _ arguments: [(any DatabaseValueConvertible)?]) throws(StoreError) -> Bool {
    try run(sql, arguments)
    return db.changesCount == 1
  }

  func rows(_ sql: String, _ arguments: [(any DatabaseValueConvertible)?] = []) throws(StoreError) -> [Row] {
    do { return try Row.fetchAll(try db.cachedStatement(sql: sql), arguments: StatementArguments(arguments)) } catch { throw Self.mapped(error) }
  }

  func row(_ sql: String, _ arguments: [(any DatabaseValueConvertible)?] = []) throws(StoreError) -> Row? {
    do { return try Row.fetchOne(try db.cachedStatement(sql: sql), arguments: StatementArguments(arguments)) } catch { throw Self.mapped(error) }
  }

  private static func mapped(_ error: any Error) -> StoreError {
    switch error {
    case let error as StoreError: error
    case let error as DatabaseError: StoreError(error)
    default: .unavailable
    }
  }

  // MARK: House and feed

  func house() throws(StoreError) -> HouseRecord {
    guard let row = try row("SELECT * FROM house") else { throw .corrupt("house") }
    return HouseRecord(
      certificate: row.bytes(optional: "certificate"), policy: row.bytes(optional: "policy"), incarnation: UInt32(clamping: row.integer("incarnation")),
      revocations: row.unsigned("revocations"), feedSize: row.unsigned("feed_size"), feedHash: row.bytes("feed_hash"))
  }

  func setCertificate(_ certificate: [UInt8]) throws(StoreError) -> Bool {
    try changes("UPDATE house SET certificate = ? WHERE certificate IS NULL", [Data(certificate)])
  }

  func setPolicy(_ policy: [UInt8]) throws(StoreError) { try run("UPDATE house SET policy = ?", [Data(policy)]) }
  func raiseIncarnation() throws(StoreError) { try run("UPDATE house SET incarnation = incarnation + 1") }

  func appendFeed(_ entry: [UInt8], hash: [UInt8]) throws(StoreError) {
    try run("INSERT INTO feed (position, entry) SELECT feed_size, ? FROM house", [Data(entry)])
    try run("UPDATE house SET feed_size = feed_size + 1, feed_hash = ?", [Data(hash)])
  }

  func feed(from: UInt64, limit: Int) throws(StoreError) -> [[UInt8]] {
    guard let from = Int64(exactly: from) else { return [] }
    return try rows("SELECT entry FROM feed WHERE position >= ? ORDER BY position LIMIT ?", [from, limit]).map { $0.bytes("entry") }
  }

  // MARK: Accounts and chains

  func account(_ account: [UInt8]) throws(StoreError) -> AccountRecord? {
    try row("SELECT * FROM accounts WHERE account = ?", [Data(account)]).map(Self.account)
  }

  func account(localPart: [UInt8]) throws(StoreError) -> AccountRecord? {
    try row("SELECT * FROM accounts WHERE local_part = ?", [Data(localPart)]).map(Self.account)
  }

  private static func account(_ row: Row) -> AccountRecord {
    AccountRecord(
      account: row.bytes("account"), kind: UInt8(clamping: row.integer("kind")), name: row.bytes("name"), localPart: row.bytes("local_part"),
      function: row.bytes("function"), folded: row.bytes("folded"), isActive: row.integer("active") != 0,
      length: UInt32(clamping: row.integer("length")))
  }

  func insert(_ account: AccountRecord, genesis: [UInt8]) throws(StoreError) -> Bool {
    let isNew = try changes(
      "INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT DO NOTHING",
      [
        Data(account.account), Int(account.kind), Data(account.name), Data(account.localPart), Data(account.function), Data(account.folded),
        account.isActive ? 1 : 0,
      ])
    guard isNew else { return false }
    try run("INSERT INTO statements VALUES (?, 0, ?)", [Data(account.account), Data(genesis)])
    return true
  }

  func append(statement: [UInt8], to account: [UInt8], position: UInt32) throws(StoreError) -> Bool {
    guard try changes("UPDATE accounts SET length = length + 1 WHERE account = ? AND length = ?", [Data(account), Int64(position)]) else {
      return false
    }
    try run("INSERT INTO statements VALUES (?, ?, ?)", [Data(account), Int64(position), Data(statement)])
    return true
  }

  func setActive(_ isActive: Bool, account: [UInt8]) throws(StoreError) {
    try run("UPDATE accounts SET active = ? WHERE account = ?", [isActive ? 1 : 0, Data(account)])
  }

  func statements(of account: [UInt8], from: UInt32, limit: Int) throws(StoreError) -> [[UInt8]] {
    try rows(
      "SELECT statement FROM statements WHERE account = ? AND position >= ? ORDER BY position LIMIT ?", [Data(account), Int64(from), limit]
    ).map { $0.bytes("statement") }
  }

  func find(folded: [UInt8], offset: Int, limit: Int) throws(StoreError) -> [AccountRecord] {
    try rows(
      "SELECT * FROM accounts WHERE active = 1 AND (length(?1) = 0 OR instr(folded, ?1) > 0) ORDER BY folded, account LIMIT ?2 OFFSET ?3",
      [Data(folded), limit, offset]
    ).map(Self.account)
  }

  // MARK: Devices

  func device(_ device: [UInt8]) throws(StoreError) -> DeviceRecord? {
    try row("SELECT * FROM devices WHERE device = ?", [Data(device)]).map { row in
      DeviceRecord(
        device: row.bytes("device"), account: row.bytes("account"), mailbox: row.bytes("mailbox"), signatureKey: row.bytes("signature_key"),
        isRevoked: row.integer("revoked") != 0, instance: row.bytes(optional: "instance"), session: row.unsigned("session"))
    }
  }

  func insert(_ device: DeviceRecord, mailboxKey: [UInt8]) throws(StoreError) -> Bool {
    // Mailboxes outlive devices: closed, so that none is opened twice.
    if try row("SELECT 1 FROM devices WHERE device = ?", [Data(device.device)]) != nil { return false }
    guard
      try changes("INSERT INTO mailboxes VALUES (?, 1, ?, 0) ON CONFLICT DO NOTHING", [Data(device.mailbox), Data(mailboxKey)])
    else { return false }
    try run(
      "INSERT INTO devices VALUES (?, ?, ?, ?, ?, ?, ?)",
      [
        Data(device.device), Data(device.account), Data(device.mailbox), Data(device.signatureKey), device.isRevoked ? 1 : 0,
        device.instance.map { Data($0) }, Int64(bitPattern: device.session),
      ])
    return true
  }

  func setSession(device: [UInt8], instance: [UInt8], session: UInt64) throws(StoreError) {
    try run("UPDATE devices SET instance = ?, session = ? WHERE device = ?", [Data(instance), Int64(bitPattern: session), Data(device)])
  }

  func setSignatureKey(_ key: [UInt8], device: [UInt8]) throws(StoreError) {
    try run("UPDATE devices SET signature_key = ? WHERE device = ?", [Data(key), Data(device)])
  }

  func revoke(device: [UInt8]) throws(StoreError) {
    guard try changes("UPDATE devices SET revoked = 1 WHERE device = ? AND revoked = 0", [Data(device)]) else { return }
    try run(
      "DELETE FROM mail WHERE mailbox = (SELECT mailbox FROM devices WHERE device = ?)", [Data(device)])
    try run(
      "UPDATE mailboxes SET closed = 1, next_key = x'' WHERE mailbox = (SELECT mailbox FROM devices WHERE device = ?)", [Data(device)])
    try run("DELETE FROM key_packages WHERE device = ?", [Data(device)])
    try run("UPDATE house SET revocations = revocations + 1")
  }

  // MARK: Invitations

  func invitation(_ key: [UInt8]) throws(StoreError) -> InvitationRecord? {
    try row("SELECT * FROM invitations WHERE key = ?", [Data(key)]).map(Self.invitation)
  }

  private static func invitation(_ row: Row) -> InvitationRecord {
    InvitationRecord(
      key: row.bytes("key"), invitation: row.bytes("invitation"), houseTag: row.bytes("house_tag"), notAfter: row.unsigned("not_after"),
      isOpen: row.integer("open") != 0)
  }

  func insert(_ invitation: InvitationRecord) throws(StoreError) -> Bool {
    try changes(
      "INSERT INTO invitations VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
      [
        Data(invitation.key), Data(invitation.invitation), Data(invitation.houseTag), Int64(clamping: invitation.notAfter),
        invitation.isOpen ? 1 : 0,
      ])
  }

  func closeInvitation(_ key: [UInt8]) throws(StoreError) -> Bool {
    try changes("UPDATE invitations SET open = 0, invitation = x'', house_tag = x'' WHERE key = ? AND open = 1", [Data(key)])
  }

  func openInvitations(limit: Int) throws(StoreError) -> [InvitationRecord] {
    try rows("SELECT * FROM invitations WHERE open = 1 ORDER BY key LIMIT ?", [limit]).map(Self.invitation)
  }

  // MARK: Key packages

  func add(keyPackages: [KeyPackageRecord], device: [UInt8]) throws(StoreError) {
    for keyPackage in keyPackages {
      try run(
        "INSERT INTO key_packages VALUES (?, randomblob(16), 0, ?, ?)",
        [Data(device), Data(keyPackage.keyPackage), Int64(clamping: keyPackage.notAfter)])
    }
  }

  func setLastResort(_ keyPackage: KeyPackageRecord, device: [UInt8]) throws(StoreError) {
    try run("DELETE FROM key_packages WHERE device = ? AND last_resort = 1", [Data(device)])
    try run(
      "INSERT INTO key_packages VALUES (?, randomblob(16), 1, ?, ?)",
      [Data(device), Data(keyPackage.keyPackage), Int64(clamping: keyPackage.notAfter)])
  }

  func deleteKeyPackages(device: [UInt8], lastResort: Bool) throws(StoreError) {
    try run("DELETE FROM key_packages WHERE device = ? AND (last_resort = 0 OR ?)", [Data(device), lastResort ? 1 : 0])
  }

  func claimKeyPackage(device: [UInt8], now: UInt64) throws(StoreError) -> [UInt8]? {
    guard
      let row = try row(
        "SELECT id, last_resort, key_package FROM key_packages WHERE device = ? AND not_after >= ? ORDER BY last_resort, id LIMIT 1",
        [Data(device), Int64(clamping: now)])
    else { return nil }
    if row.integer("last_resort") == 0 { try run("DELETE FROM key_packages WHERE device = ? AND id = ?", [Data(device), Data(row.bytes("id"))]) }
    return row.bytes("key_package")
  }

  func countKeyPackages(device: [UInt8]) throws(StoreError) -> Int {
    try row("SELECT count(*) AS count FROM key_packages WHERE device = ? AND last_resort = 0", [Data(device)]).map { Int($0.integer("count")) } ?? 0
  }
}

extension Row {
  func bytes(_ column: String) -> [UInt8] { bytes(optional: column) ?? [] }
  func bytes(optional column: String) -> [UInt8]? { (self[column] as Data?).map { [UInt8]($0) } }
  func integer(_ column: String) -> Int64 { self[column] ?? 0 }
  /// Stored by its bits: SQLite's integers have a sign.
  func unsigned(_ column: String) -> UInt64 { UInt64(bitPattern: integer(column)) }
}
