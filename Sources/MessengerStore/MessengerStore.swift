import Foundation
import GRDB

/// Records in one SQLite table. Open to one process at a time.
///
/// What a thief of the file learns: how many records there are, their sizes as the engine pads them, when they were written, and older copies of the whole
/// file. Not from SQLite: what was deleted or overwritten (`secure_delete`); that the disk itself forgets it is promised by no file system.
public final class MessengerStore: RecordStore {
  private let queue: DatabaseQueue
  private let lock: StoreLock

  /// "msgr" in ASCII; tells our files from others.
  private static let applicationID = 0x6D73_6772
  private static let version = 1

  /// How SQLite brings commits to the disk; `normal` loses the last ones in a power cut and is for tests that show it.
  package enum Synchronous: Int {
    case normal = 1
    case full = 2
  }

  /// Opens the store, or makes it.
  /// - Parameter path: the database file. Beside it lie `path-wal`, `path-shm` and `path.lock`.
  /// - Throws: `.inUse`, `.notAStore`, `.newerVersion`, `.damaged`, `.full`, `.noAccess`, `.failed`.
  public convenience init(path: String) throws(StoreError) {
    try self.init(path: path, synchronous: .full)
  }

  package init(path: String, synchronous: Synchronous) throws(StoreError) {
    try StoreFolder.prepare(for: path)
    // First the lock: SQLite's own would let a second process in.
    lock = try StoreLock(path: path + ".lock")
    _ = try StoreFolder.secure(path)
    queue = try MessengerStore.translating {
      var configuration = Configuration()
      configuration.label = "records"
      let queue = try DatabaseQueue(path: path, configuration: configuration)
      try queue.inDatabase { db in
        try MessengerStore.checkFormat(db)
        try MessengerStore.configure(db, synchronous)
        try MessengerStore.makeTable(db)
      }
      return queue
    }
  }

  deinit {
    // Before the lock is released. A store that is not closed well is opened well all the same.
    try? queue.close()
  }

  /// Before anything is changed: whether this is ours, or nobody's yet.
  private static func checkFormat(_ db: Database) throws {
    let id = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
    let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    let isEmpty = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") == 0
    if id == 0, version == 0, isEmpty { return }
    guard id == applicationID else { throw StoreError.notAStore }
    guard version <= Self.version else { throw StoreError.newerVersion(version) }
  }

  private static func configure(_ db: Database, _ synchronous: Synchronous) throws {
    // Zeros over what is deleted or overwritten.
    try db.execute(sql: "PRAGMA secure_delete = ON")
    guard try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL") == "wal" else { throw StoreError.failed(code: 0) }
    // Here and not in GRDB's configuration, which sets NORMAL when it turns WAL on. Read back, since SQLite ignores pragmas silently.
    try db.execute(sql: "PRAGMA synchronous = \(synchronous.rawValue)")
    guard try Int.fetchOne(db, sql: "PRAGMA synchronous") == synchronous.rawValue, try Int.fetchOne(db, sql: "PRAGMA secure_delete") == 1 else {
      throw StoreError.failed(code: 0)
    }
  }

  private static func makeTable(_ db: Database) throws {
    guard try Int.fetchOne(db, sql: "PRAGMA user_version") == 0 else { return }
    try db.inTransaction {
      try db.execute(sql: "CREATE TABLE record (key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID")
      try db.execute(sql: "PRAGMA application_id = \(applicationID)")
      try db.execute(sql: "PRAGMA user_version = \(version)")
      return .commit
    }
  }

  // MARK: Records

  public func write(_ changes: [Change]) throws(StoreError) {
    if changes.isEmpty { return }
    try MessengerStore.translating {
      try queue.write { db in
        // An empty blob is bound as NULL, so `coalesce` brings it back.
        let put = try db.cachedStatement(
          sql: """
            INSERT INTO record (key, value) VALUES (coalesce(?, x''), coalesce(?, x''))
            ON CONFLICT (key) DO UPDATE SET value = excluded.value
            """)
        let delete = try db.cachedStatement(sql: "DELETE FROM record WHERE key = coalesce(?, x'')")
        for change in changes {
          if let value = change.value {
            try put.execute(arguments: [Data(change.key), Data(value)])
          } else {
            try delete.execute(arguments: [Data(change.key)])
          }
        }
      }
    }
  }

  public func get(_ keys: [[UInt8]]) throws(StoreError) -> [[UInt8]?] {
    try MessengerStore.translating {
      try queue.read { db in
        let select = try db.cachedStatement(sql: "SELECT value FROM record WHERE key = coalesce(?, x'')")
        return try keys.map { key in try Data.fetchOne(select, arguments: [Data(key)]).map { [UInt8]($0) } }
      }
    }
  }

  public func scan(prefix: [UInt8], from: [UInt8]?, limit: Int, newestFirst: Bool) throws(StoreError) -> [Entry] {
    if limit <= 0 { return [] }
    var conditions = ["key >= coalesce(?, x'')"]
    var arguments: [any DatabaseValueConvertible] = [Data(prefix)]
    if let end = KeyRange.end(of: prefix) {
      conditions.append("key < ?")
      arguments.append(Data(end))
    }
    if let from {
      conditions.append(newestFirst ? "key < coalesce(?, x'')" : "key > coalesce(?, x'')")
      arguments.append(Data(from))
    }
    arguments.append(limit)
    let bound = StatementArguments(arguments)
    let sql = "SELECT key, value FROM record WHERE \(conditions.joined(separator: " AND ")) ORDER BY key \(newestFirst ? "DESC" : "ASC") LIMIT ?"
    return try MessengerStore.translating {
      try queue.read { db in
        var records: [Entry] = []
        let rows = try Row.fetchCursor(try db.cachedStatement(sql: sql), arguments: bound)
        while let row = try rows.next() {
          let key: Data = row[0]
          let value: Data = row[1]
          records.append(([UInt8](key), [UInt8](value)))
        }
        return records
      }
    }
  }

  /// Empties SQLite's log, where older values stay readable until it is written over. After deleting what should be gone.
  public func truncateLog() throws(StoreError) {
    try MessengerStore.translating {
      try queue.writeWithoutTransaction { db in _ = try db.checkpoint(.truncate) }
    }
  }

  // MARK: Errors

  private static func translating<R>(_ body: () throws -> R) throws(StoreError) -> R {
    do { return try body() } catch let error as StoreError { throw error } catch let error as DatabaseError {
      switch error.resultCode {
      case .SQLITE_FULL: throw .full
      case .SQLITE_NOTADB: throw .notAStore
      case .SQLITE_CORRUPT: throw .damaged
      case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_AUTH: throw .noAccess
      default: throw .failed(code: error.extendedResultCode.rawValue)
      }
    } catch { throw .failed(code: -1) }
  }
}
