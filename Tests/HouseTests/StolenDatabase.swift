// The tools of somebody who has the server's files: its database, the log beside it, nothing of what is in memory, nothing of a client.
import CryptoInterface
import Foundation
import GRDB
import MLS
import SwiftCryptoProvider
import TLSCodec
import Wire

/// A copy of the database and its log, as bytes and as tables.
struct StolenDatabase {
  struct Cell {
    var table: String
    var column: String
    var bytes: [UInt8]
    var place: String { table + "." + column }
  }

  /// By name: the file, its log, the log's index.
  private(set) var files: [String: [UInt8]] = [:]
  /// Every blob and text of every table.
  let cells: [Cell]
  /// Tables of which SQLite tells in which order rows came.
  let orderedTables: Set<String>
  private let path: String

  /// Copies the files, and opens the copy.
  /// - Parameter plant: what a test hides in the copy, to see that it is found.
  init(_ database: String, copy: String, plant: (Database) throws -> Void = { _ in }) throws {
    path = copy
    for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: database + suffix) {
      let bytes = try Data(contentsOf: URL(filePath: database + suffix))
      try bytes.write(to: URL(filePath: copy + suffix))
      files["house.sqlite" + suffix] = Array(bytes)
    }
    let queue = try DatabaseQueue(path: copy)
    try queue.write(plant)
    (cells, orderedTables) = try queue.read { db in
      var cells: [Cell] = []
      var ordered: Set<String> = []
      for table in try String.fetchAll(db, sql: "SELECT name FROM sqlite_master WHERE type = 'table'") {
        if (try? Row.fetchOne(db, sql: "SELECT rowid FROM \(table)")) != nil { ordered.insert(table) }
        for row in try Row.fetchAll(db, sql: "SELECT * FROM \(table)") {
          for (column, value) in row {
            switch value.storage {
            case .blob(let data): cells.append(Cell(table: table, column: column, bytes: Array(data)))
            case .string(let text): cells.append(Cell(table: table, column: column, bytes: Array(text.utf8)))
            default: break
            }
          }
        }
      }
      return (cells, ordered)
    }
    if let planted = try? Data(contentsOf: URL(filePath: copy)) { files["planted"] = Array(planted) }
    if let planted = try? Data(contentsOf: URL(filePath: copy + "-wal")) { files["planted-wal"] = Array(planted) }
  }

  func column(_ place: String) -> [[UInt8]] { cells.filter { $0.place == place }.map(\.bytes) }
  func count(_ sql: String) throws -> Int { try DatabaseQueue(path: path).read { try Int.fetchOne($0, sql: sql) ?? 0 } }
  func numbers(_ sql: String) throws -> [Int] { try DatabaseQueue(path: path).read { try Int.fetchAll($0, sql: sql) } }

  /// The files in which bytes stand, wherever in them.
  func files(with bytes: [UInt8]) -> Set<String> { Set(files.filter { Data($0.value).range(of: Data(bytes)) != nil }.keys) }
  /// The columns in which bytes stand.
  func places(with bytes: [UInt8]) -> Set<String> { Set(cells.filter { Data($0.bytes).range(of: Data(bytes)) != nil }.map(\.place)) }

  /// The columns with blobs that can be read as something, and as what.
  func readable() -> Set<String> {
    var found: Set<String> = []
    for cell in cells where cell.bytes.count > 8 {
      func reads<Value: TLSDecodable>(as type: Value.Type, _ name: String) { if (try? type.init(decoding: cell.bytes)) != nil { found.insert("\(cell.place) is \(name)") } }
      reads(as: MLSMessage.self, "an MLS message")
      reads(as: GroupInfo.self, "a GroupInfo")
      reads(as: RatchetTree.self, "a ratchet tree")
      reads(as: KeyPackage.self, "a key package")
      reads(as: ClientFrame.self, "a client's frame")
      reads(as: DeliveryBody.self, "a delivery")
      if let text = String(validating: cell.bytes, as: UTF8.self), text.utf8.count > 23 { found.insert("\(cell.place) is text") }
    }
    return found
  }

  /// Which columns name which: an identifier (a blob of 16 or 32 bytes that one column holds) stands, as a whole or inside, in another column too.
  func links() -> Set<String> {
    var holders: [UInt64: [(id: [UInt8], place: String)]] = [:]
    for cell in cells where cell.bytes.count == 16 || cell.bytes.count == 32 { holders[Self.word(cell.bytes, 0), default: []].append((cell.bytes, cell.place)) }
    var found: Set<String> = []
    for cell in cells where cell.bytes.count >= 16 {
      var window = Self.word(cell.bytes, 0)
      for start in 0...(cell.bytes.count - 16) {
        if start > 0 { window = window << 8 | UInt64(cell.bytes[start + 7]) }
        guard let candidates = holders[window] else { continue }
        for (id, place) in candidates where place != cell.place && cell.bytes[start...].starts(with: id) { found.insert("\(cell.place) names \(place)") }
      }
    }
    return found
  }
  private static func word(_ bytes: [UInt8], _ start: Int) -> UInt64 { bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) } }

  /// Opens rows of mailboxes with every key that stands near a mailbox's address anywhere in the files: the present one, and those that an older page
  /// in the log may hold.
  /// - Parameter more: keys by mailbox, got elsewhere.
  /// - Returns: for each row that opens, the body that it points to and the mailbox: what together says who gets the same message.
  func openedRows(more: [[UInt8]: [UInt8]] = [:]) throws -> [(mailbox: [UInt8], body: [UInt8])] {
    let crypto = SwiftCryptoProvider()
    let rows = try DatabaseQueue(path: path).read { db in
      try Row.fetchAll(db, sql: "SELECT mailbox, number, sealed FROM mail").map { (Array($0["mailbox"] as Data), UInt64($0["number"] as Int64), Array($0["sealed"] as Data)) }
    }
    var opened: [([UInt8], [UInt8])] = []
    for mailbox in Set(rows.map(\.0)) {
      let own = rows.filter { $0.0 == mailbox }
      var keys = Set(more[mailbox].map { [$0] } ?? [])
      for (_, file) in files { keys.formUnion(Self.keys(near: mailbox, in: file)) }
      for key in keys {
        var next = Secret(key)
        // The number of a key that was found is not known: it is tried for every row, and what follows from it for the rows after.
        for _ in 0..<8 {
          let rowKey = crypto.hkdfExpand(.sha256, prk: next, info: Array("row".utf8), length: 32)
          for (_, number, sealed) in own {
            var aad = Writer(capacity: 24)
            aad.fixed(mailbox)
            aad.uint64(number)
            guard let plain = try? crypto.aeadOpen(.chaCha20Poly1305, key: rowKey, nonce: [UInt8](repeating: 0, count: 12), aad: aad.bytes, sealed) else { continue }
            opened.append((mailbox, Array(plain[..<16])))
          }
          next = crypto.hkdfExpand(.sha256, prk: next, info: Array("next".utf8), length: 32)
        }
      }
    }
    return opened
  }

  /// In a row of `mailboxes` the key stands behind the address and a number of up to eight bytes.
  private static func keys(near mailbox: [UInt8], in file: [UInt8]) -> Set<[UInt8]> {
    var keys: Set<[UInt8]> = []
    let data = Data(file)
    var start = data.startIndex
    while let found = data.range(of: Data(mailbox), in: start..<data.endIndex) {
      for gap in 0...8 where found.upperBound + gap + 32 <= data.endIndex { keys.insert(Array(data[found.upperBound + gap..<found.upperBound + gap + 32])) }
      start = found.upperBound
    }
    return keys
  }
}
