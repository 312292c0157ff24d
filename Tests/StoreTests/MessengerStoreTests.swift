// What only the store on disk has: files, their modes, the lock, foreign files, deletion, and batches that fail.
import Foundation
import GRDB
import MessengerStore
import Testing

@Suite struct MessengerStoreTests {
  @Test func recordsStay() throws {
    let folder = try TestFolder()
    let path = folder.file("records.sqlite")
    try MessengerStore(path: path).write([([1], [10]), ([2], [20])])
    #expect(try MessengerStore(path: path).get([[1], [2], [3]]) == [[10], [20], nil])
  }

  @Test func filesAreForTheirOwnerAlone() throws {
    let folder = try TestFolder()
    let path = folder.file("new/records.sqlite")
    let store = try MessengerStore(path: path)
    try store.write([([1], [1])])
    #expect(try TestFolder.mode(folder.file("new")) == 0o700)
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.file("new"))
    #expect(Set(files) == ["records.sqlite", "records.sqlite-wal", "records.sqlite-shm", "records.sqlite.lock"])
    for file in files { #expect(try TestFolder.mode(folder.file("new/" + file)) == 0o600, "\(file)") }
    withExtendedLifetime(store) {}
  }

  @Test func rightsOfOthersAreTakenAway() throws {
    let folder = try TestFolder()
    let path = folder.file("records.sqlite")
    try MessengerStore(path: path).write([([1], [1])])
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
    let store = try MessengerStore(path: path)
    #expect(try TestFolder.mode(path) == 0o600)
    #expect(try TestFolder.mode(path + "-wal") == 0o600)
    #expect(try store.get([[1]]) == [[1]])
  }

  @Test func theWriterSynchronisesFully() throws {
    // Read back by the store itself at each opening; here, that WAL is the journal of the file.
    let folder = try TestFolder()
    let path = folder.file("records.sqlite")
    let store = try MessengerStore(path: path)
    let mode = try DatabaseQueue(path: path).read { db in try String.fetchOne(db, sql: "PRAGMA journal_mode") }
    #expect(mode == "wal")
    withExtendedLifetime(store) {}
  }

  @Test func oneProcessAtATime() throws {
    let folder = try TestFolder()
    let path = folder.file("records.sqlite")
    var store: MessengerStore? = try MessengerStore(path: path)
    #expect(throws: StoreError.inUse(process: ProcessInfo.processInfo.processIdentifier)) { try MessengerStore(path: path) }
    try store?.write([([1], [1])])
    store = nil
    #expect(try MessengerStore(path: path).get([[1]]) == [[1]])
    #expect("\(StoreError.inUse(process: 17))".contains("17"))
  }

  @Test func foreignFilesAreLeftAlone() throws {
    let folder = try TestFolder()
    // No database.
    let text = folder.file("text")
    let letter = Array(String(repeating: "Dear reader, this is a letter. ", count: 100).utf8)
    try Data(letter).write(to: URL(fileURLWithPath: text))
    #expect(throws: StoreError.notAStore) { try MessengerStore(path: text) }
    #expect(try contents(text) == letter)
    // Another program's database.
    let other = folder.file("other.sqlite")
    try DatabaseQueue(path: other).write { db in try db.execute(sql: "CREATE TABLE record (key BLOB PRIMARY KEY, value BLOB)") }
    let before = try contents(other)
    #expect(throws: StoreError.notAStore) { try MessengerStore(path: other) }
    #expect(try contents(other) == before)
    // Ours, from the future; then as it was.
    let ours = folder.file("ours.sqlite")
    try MessengerStore(path: ours).write([([1], [1])])
    try DatabaseQueue(path: ours).write { db in try db.execute(sql: "PRAGMA user_version = 2") }
    #expect(throws: StoreError.newerVersion(2)) { try MessengerStore(path: ours) }
    try DatabaseQueue(path: ours).write { db in try db.execute(sql: "PRAGMA user_version = 1") }
    #expect(try MessengerStore(path: ours).get([[1]]) == [[1]])
    // A link, a folder, a folder that is a file.
    let link = folder.file("link.sqlite")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: ours)
    #expect(throws: StoreError.noAccess) { try MessengerStore(path: link) }
    #expect(throws: StoreError.noAccess) { try MessengerStore(path: folder.path) }
    #expect(throws: StoreError.noAccess) { try MessengerStore(path: text + "/records.sqlite") }
    #expect(throws: StoreError.noAccess) { try MessengerStore(path: folder.file("a/b/records.sqlite")) }
  }

  @Test func damageIsFound() throws {
    let folder = try TestFolder()
    let path = folder.file("records.sqlite")
    var random = SeededBytes(4)
    try MessengerStore(path: path).write((0..<2_000).map { ([UInt8($0 >> 8), UInt8($0 & 255)], random.bytes(upTo: 300)) })
    var bytes = try contents(path)
    // Zeros over the middle of the file, behind the header.
    for i in bytes.count / 4..<bytes.count / 2 { bytes[i] = 0xA5 }
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    #expect(throws: StoreError.damaged) {
      let store = try MessengerStore(path: path)
      _ = try store.scan(prefix: [], from: nil, limit: .max, newestFirst: false)
    }
  }

  /// A batch that fails in its middle leaves nothing, and the store goes on.
  @Test func batchesAreAllOrNothing() throws {
    let folder = try TestFolder()
    let path = folder.file("records.sqlite")
    try MessengerStore(path: path).write([([1], [1])])
    try DatabaseQueue(path: path).write { db in
      try db.execute(sql: "CREATE TRIGGER refuse BEFORE INSERT ON record WHEN new.key = x'66' BEGIN SELECT RAISE(ABORT, 'no'); END")
    }
    let store = try MessengerStore(path: path)
    #expect(throws: StoreError.self) { try store.write([([2], [2]), ([1], nil), ([0x66], [3]), ([4], [4])]) }
    #expect(try store.get([[1], [2], [0x66], [4]]) == [[1], nil, nil, nil])
    try store.write([([2], [2]), ([1], nil), ([4], [4])])
    #expect(try store.get([[1], [2], [0x66], [4]]) == [nil, [2], nil, [4]])
  }

  /// What was deleted or overwritten is in none of the files.
  @Test func deletedIsGone() throws {
    let folder = try TestFolder()
    let path = folder.file("records.sqlite")
    let store = try MessengerStore(path: path)
    func marker(_ n: Int) -> [UInt8] { Array("secret number \(n) of this test;".utf8) }
    func found() throws -> Int {
      let files = try (contents(path) + contents(path + "-wal")).withUnsafeBytes { Data($0) }
      return (0..<50).count { files.range(of: Data(marker($0))) != nil }
    }
    for n in 0..<50 { try store.write([([UInt8(n)], [[UInt8]](repeating: marker(n), count: 20 + n).flatMap { $0 })]) }
    try store.truncateLog()
    #expect(try found() == 50)
    for n in 0..<50 { try store.write([([UInt8(n)], n % 2 == 0 ? nil : [UInt8](repeating: 1, count: 300))]) }
    try store.truncateLog()
    #expect(try found() == 0)
  }
}
