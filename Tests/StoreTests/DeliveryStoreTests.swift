// The SQLite store keeps the same rules as the memory twin, and what only a disk can break.
import CryptoInterface
import Delivery
import DeliveryConformance
import DeliverySQLite
import Foundation
import GRDB
import SwiftCryptoProvider
import Testing
import Wire

/// A store in a folder that goes with it.
final class TemporaryStore {
  let folder: String
  let store: SQLiteDeliveryStore
  var path: String { folder + "/delivery.sqlite" }

  init() throws {
    folder = NSTemporaryDirectory() + "delivery-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    store = try SQLiteDeliveryStore(path: folder + "/delivery.sqlite")
  }
  deinit { try? FileManager.default.removeItem(atPath: folder) }
}

@Suite struct SQLiteDeliveryTests {
  @Test(arguments: storeRules(of: SQLiteDeliveryStore.self))
  func keeps(_ rule: StoreRule<SQLiteDeliveryStore>) throws {
    let temporary = try TemporaryStore()
    try rule.check(temporary.store)
  }

  @Test func peopleTalkOverIt() throws {
    let temporary = try TemporaryStore()
    let house = try TestHouse(store: temporary.store)
    let anna = try house.setUp()
    let bert = try house.enrol("Bert", by: anna)
    for device in [anna, bert] {
      try device.drain()
      try device.publish()
    }
    let room = try anna.createGroup()
    try anna.add([bert], to: room)
    try bert.settle()
    try anna.send("good morning", in: room)
    try bert.settle()
    #expect(bert.texts == ["good morning"])
    // The server starts again: everything that matters was in the file.
    house.restart()
    try anna.logIn()
    try bert.logIn()
    try bert.send("still here", in: room)
    try anna.drain()
    try anna.settle()
    #expect(anna.texts == ["still here"])
    #expect(try temporary.store.inspect { try Int.fetchOne($0, sql: "SELECT count(*) FROM bodies") } == 0)
  }

  @Test func whatWasWrittenIsThereAfterReopening() throws {
    let temporary = try TemporaryStore()
    try temporary.store.write { try $0.setPolicy([7]) }
    try temporary.store.close()
    let again = try SQLiteDeliveryStore(path: temporary.path)
    #expect(try again.read { try $0.house().policy } == [7])
    try again.close()
  }

  @Test func theFilesAreTheOwnersAlone() throws {
    let temporary = try TemporaryStore()
    try temporary.store.write { try $0.setPolicy([7]) }
    try temporary.store.backup(to: temporary.folder + "/copy.sqlite")
    let files = try FileManager.default.contentsOfDirectory(atPath: temporary.folder)
    #expect(files.contains("delivery.sqlite-wal"))
    #expect(files.contains("copy.sqlite"))
    for file in files {
      let mode = try FileManager.default.attributesOfItem(atPath: temporary.folder + "/" + file)[.posixPermissions] as? Int
      #expect(mode == 0o600, "\(file)")
    }
  }

  @Test func theWriterSyncsFully() throws {
    let temporary = try TemporaryStore()
    #expect(try temporary.store.inspect { try Int.fetchOne($0, sql: "PRAGMA synchronous") } == 2)
    #expect(try temporary.store.inspect { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "wal")
    #expect(try temporary.store.inspect { try Int.fetchOne($0, sql: "PRAGMA secure_delete") } == 1)
  }

  @Test func aNewerFileIsLeftAlone() throws {
    let temporary = try TemporaryStore()
    try temporary.store.close()
    let queue = try DatabaseQueue(path: temporary.path)
    try queue.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('from the future')") }
    try queue.close()
    #expect(throws: SQLiteStoreError.newerSchema) { _ = try SQLiteDeliveryStore(path: temporary.path) }
  }

  @Test func aFullDiskKeepsNothingAndSaysUnavailable() throws {
    let temporary = try TemporaryStore()
    let house = try TestHouse(store: temporary.store)
    let anna = try house.setUp()
    // As on a full disk: no page more than there are.
    try temporary.setPageLimit(try temporary.store.inspect { try Int.fetchOne($0, sql: "PRAGMA page_count") ?? 0 })
    func request() throws -> Request {
      let invitations = try (0..<20).map { _ in try house.invitation(name: String(repeating: "x", count: 190)).new }
      return .createInvitations(CreateInvitations(requestID: house.crypto.random(16), invitations: invitations))
    }
    var refused: Request?
    for _ in 0..<50 where refused == nil {
      let before = try temporary.dump()
      let asked = try request()
      guard case .refused(let refusal) = try anna.ask(asked) else { continue }
      #expect(refusal.code == .unavailable)
      #expect(try temporary.dump() == before)
      refused = asked
    }
    let asked = try #require(refused)
    // With room again the same request goes through.
    try temporary.setPageLimit(1 << 30)
    #expect(try temporary.store.inspect { try String.fetchOne($0, sql: "PRAGMA integrity_check") } == "ok")
    #expect(try anna.ask(asked) == .done)
  }

  @Test func whatIsDeletedIsNotInTheFiles() throws {
    let temporary = try TemporaryStore()
    let secret = Array("a key that the server has erased".utf8)
    try temporary.store.write { tx in
      _ = try tx.insert(
        DeviceRecord(device: [UInt8](repeating: 1, count: 16), account: [], mailbox: [UInt8](repeating: 2, count: 16), signatureKey: []),
        mailboxKey: secret)
    }
    try temporary.store.checkpoint()
    #expect(try temporary.contains(secret))
    try temporary.store.write { tx in
      _ = try tx.enqueue(
        [1], mailbox: [UInt8](repeating: 2, count: 16), number: 1, nextKey: [UInt8](repeating: 3, count: 32), day: 1)
    }
    // The log is emptied when the server looks for what has expired.
    try temporary.store.write { try $0.expire(mailBefore: 0, requestsBefore: 0, today: 0, now: 0) }
    #expect(try !temporary.contains(secret))
  }
}

extension TemporaryStore {
  /// Every row of every table, as text.
  func dump() throws -> [String] {
    try store.inspect { db in
      var lines: [String] = []
      for table in try String.fetchAll(db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name") {
        for row in try Row.fetchAll(db, sql: "SELECT * FROM \"\(table)\"") { lines.append(table + " " + row.databaseValues.map { "\($0)" }.joined(separator: ",")) }
      }
      return lines
    }
  }

  func setPageLimit(_ pages: Int) throws {
    _ = try store.inspect { try Int.fetchOne($0, sql: "PRAGMA max_page_count = \(pages)") }
  }

  /// Whether any of the files holds the bytes.
  func contains(_ bytes: [UInt8]) throws -> Bool {
    for file in try FileManager.default.contentsOfDirectory(atPath: folder) {
      let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + file))
      if data.range(of: Data(bytes)) != nil { return true }
    }
    return false
  }
}
