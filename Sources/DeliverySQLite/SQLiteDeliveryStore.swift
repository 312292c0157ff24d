// DeliverySQLite: the delivery store in one SQLite file. Meant for houses of one server; what each column is for stands in docs/stored-fields.md.
import Delivery
import Foundation
import GRDB
import Glibc

/// Why a store cannot be opened.
public enum SQLiteStoreError: Error, Equatable {
  /// The file cannot be made or opened.
  case cannotOpen(String)
  /// The file was written by a newer version.
  case newerSchema
  /// SQLite does not do what durability rests on: the name of the setting.
  case setting(String)
}

/// A delivery store in an SQLite file with a write-ahead log.
public final class SQLiteDeliveryStore: DeliveryStore {
  private let queue: DatabaseQueue

  /// Opens the file, or makes it, readable by its owner alone.
  /// - Throws: `SQLiteStoreError`.
  public init(path: String) throws {
    try Self.createPrivately(path)
    var configuration = Configuration()
    configuration.journalMode = .wal
    configuration.busyMode = .timeout(5)
    configuration.label = "delivery"
    configuration.prepareDatabase { db in
      try db.execute(sql: "PRAGMA secure_delete = ON")
      try db.execute(sql: "PRAGMA trusted_schema = OFF")
      try db.execute(sql: "PRAGMA temp_store = MEMORY")
      // What SQLite truncates the log to, so that it does not keep what was deleted long ago.
      try db.execute(sql: "PRAGMA journal_size_limit = 4194304")
    }
    do {
      queue = try DatabaseQueue(path: path, configuration: configuration)
      // After opening: GRDB sets NORMAL when it turns the log on, and NORMAL forgets answered transactions when the power fails.
      try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
    } catch { throw SQLiteStoreError.cannotOpen("\(error)") }
    try Self.check(queue)
    let migrator = Schema.migrator
    if try queue.read(migrator.hasBeenSuperseded) { throw SQLiteStoreError.newerSchema }
    try migrator.migrate(queue)
  }

  /// The log is created with the rights of the file.
  private static func createPrivately(_ path: String) throws {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw SQLiteStoreError.cannotOpen(String(cString: strerror(errno))) }
    defer { _ = Glibc.close(descriptor) }
    guard fchmod(descriptor, 0o600) == 0 else { throw SQLiteStoreError.cannotOpen(String(cString: strerror(errno))) }
  }

  /// Asks the connection that writes, for a setting that another one has is worth nothing.
  private static func check(_ queue: DatabaseQueue) throws {
    let (journal, synchronous, secure) = try queue.writeWithoutTransaction { db in
      (
        try String.fetchOne(db, sql: "PRAGMA journal_mode"), try Int.fetchOne(db, sql: "PRAGMA synchronous"),
        try Int.fetchOne(db, sql: "PRAGMA secure_delete")
      )
    }
    guard journal == "wal" else { throw SQLiteStoreError.setting("journal_mode") }
    guard synchronous == 2 else { throw SQLiteStoreError.setting("synchronous") }
    guard secure == 1 else { throw SQLiteStoreError.setting("secure_delete") }
  }

  public func write<R>(_ body: (any DeliveryTransaction) throws -> R) throws -> R {
    try mapped {
      try queue.writeWithoutTransaction { db in
        var result: R?
        let transaction = SQLiteDeliveryTransaction(db)
        try db.inTransaction(.immediate) {
          result = try body(transaction)
          return .commit
        }
        // The log holds earlier contents of pages. Should emptying it fail, the next time does it: the transaction stands.
        if transaction.aftermath.hasExpired { _ = try? db.checkpoint(.truncate) }
        guard let result else { throw StoreError.unavailable }
        return result
      }
    }
  }

  public func read<R>(_ body: (any DeliveryTransaction) throws -> R) throws -> R {
    try mapped { try queue.read { try body(SQLiteDeliveryTransaction($0)) } }
  }

  /// Empties the write-ahead log into the file, and with it what the log still holds of deleted rows and erased keys.
  public func checkpoint() throws {
    try mapped { _ = try queue.writeWithoutTransaction { try $0.checkpoint(.truncate) } }
  }

  /// A consistent copy while the server runs, readable by its owner alone.
  public func backup(to path: String) throws {
    try Self.createPrivately(path)
    try mapped {
      let copy = try DatabaseQueue(path: path)
      try queue.backup(to: copy)
      try copy.close()
    }
  }

  /// For tests and checks: reads with SQL.
  public func inspect<R>(_ body: (Database) throws -> R) throws -> R { try queue.read(body) }

  public func close() throws { try queue.close() }

  private func mapped<R>(_ body: () throws -> R) throws -> R {
    do { return try body() } catch let error as DatabaseError { throw StoreError(error) }
  }
}

extension StoreError {
  init(_ error: DatabaseError) {
    switch error.resultCode {
    case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .corrupt("database file")
    default: self = .unavailable
    }
  }
}
