// docs/stored-fields.md names every column of the delivery store, and no other.
import DeliverySQLite
import Foundation
import GRDB
import Testing

@Suite struct StoredFieldsTests {
  @Test func thePageIsTheSchema() throws {
    let temporary = try TemporaryStore()
    let schema = try temporary.store.inspect { db in
      var columns: Set<String> = []
      for table in try String.fetchAll(db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'grdb_%'") {
        for column in try db.columns(in: table) { columns.insert(table + "." + column.name) }
      }
      return columns
    }
    let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("docs/stored-fields.md")
    var described: Set<String> = []
    var table = ""
    for line in try String(contentsOf: page, encoding: .utf8).split(separator: "\n") {
      if line.hasPrefix("### `") { table = String(line.dropFirst(5).prefix { $0 != "`" }) }
      if line.hasPrefix("| `") {
        let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        #expect(cells.count == 3 && cells.allSatisfy { !$0.isEmpty }, "\(line)")
        described.insert(table + "." + String(line.dropFirst(3).prefix { $0 != "`" }))
      }
    }
    #expect(schema.count > 50)
    #expect(described == schema)
  }
}
