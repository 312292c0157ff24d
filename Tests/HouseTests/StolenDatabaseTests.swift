// Somebody copies the server's files: what do they say? A house in use, everything that an attacker can try, and for each attempt a control that succeeds.
import Foundation
import GRDB
import Testing

@Suite(.serialized, .oneAtATime) struct StolenDatabaseTests {
  /// What everybody in the house may read: who there is, and keys to write to them.
  static let directory: Set = ["house", "feed", "accounts", "statements", "devices", "invitations", "key_packages"]
  static let texts = ["Der Kuchen steht im Schrank", "Nur wir zwei wissen das", "Alarmstufe Lila ab Montag", "Bert hat Carl etwas zu sagen"]
  static let groups = ["Kaffeekasse", "Geheime Nachtwache"]

  private static func table(_ place: String) -> String { String(place.split(separator: ".")[0]) }
  private static func blob(_ hex: String) -> [UInt8] {
    stride(from: 0, to: hex.count, by: 2).compactMap { UInt8(hex.dropFirst($0).prefix(2), radix: 16) }
  }

  /// A second after the last write the log is empty, while the server goes on.
  private func logIsEmptied(_ house: ProcessHouse) async throws {
    let isEmpty = try await soon {
      let attributes = try? FileManager.default.attributesOfItem(atPath: house.database + "-wal")
      return (attributes?[.size] as? Int ?? 0) == 0
    }
    #expect(isEmpty, "the log is not emptied")
  }

  @Test func theFilesDoNotTellWhoTalksWithWhom() async throws {
    let house = try ProcessHouse()
    let watch = (1...29).map { "falke\($0)" }
    try await house.people("anna", ["bert", "carl"] + watch)
    try await house.chat("anna", "group", "create", Self.groups[0], "bert", "carl")
    let made = try await house.run("anna", ["group", "create", Self.groups[1]] + watch)
    #expect(made.status == 0, "\(made.all)")
    // Everybody joins and goes away again; then messages wait for them.
    for device in ["bert", "carl"] + watch { try await house.chat(device, "list") }
    try await logIsEmptied(house)
    let earlier = try StolenDatabase(house.database, copy: house.path("earlier.sqlite"))
    try await house.chat("anna", "send", Self.groups[0], Self.texts[0])
    try await house.chat("anna", "send", "bert", Self.texts[1])
    for _ in 0..<2 { try await house.chat("anna", "send", Self.groups[1], Self.texts[2]) }
    try await house.chat("bert", "send", "carl", Self.texts[3])
    try await logIsEmptied(house)
    let stolen = try StolenDatabase(house.database, copy: house.path("stolen.sqlite"))
    #expect(try stolen.count("SELECT count(*) FROM mail") > 60)
    #expect(try stolen.count("SELECT count(*) FROM bodies") >= 5)

    try wordsAreNotThere(stolen, log: (house.server?.errors ?? "") + (house.server?.output ?? ""))
    try rowsDoNotBelongTogether(stolen, earlier: earlier)

    // Once for the messages, and again for the reports that they were delivered.
    let isGone = try await soon(within: 40) {
      for device in ["anna", "bert", "carl"] + watch { try await house.chat(device, "list") }
      return try house.rows("SELECT count(*) FROM mail") == ["0"] && house.rows("SELECT count(*) FROM bodies") == ["0"]
    }
    let left = try house.rows("SELECT (SELECT count(*) FROM mail) AS rows, (SELECT count(*) FROM bodies) AS bodies")
    #expect(isGone, "rows and bodies are left: \(left)")
    try await logIsEmptied(house)
    let later = try StolenDatabase(house.database, copy: house.path("later.sqlite"))
    for cell in stolen.cells where ["mail.sealed", "bodies.sealed", "bodies.body"].contains(cell.place) {
      // Overflow pages part what is long.
      let beginning = Array(cell.bytes.prefix(32))
      #expect(!stolen.files(with: beginning).isEmpty)
      #expect(later.files(with: beginning).isEmpty, "\(cell.place) was deleted and is still in the file")
    }
  }

  private func wordsAreNotThere(_ stolen: StolenDatabase, log: String) throws {
    for secret in Self.texts + Self.groups {
      #expect(stolen.files(with: Array(secret.utf8)).isEmpty, "\(secret) stands in the files")
      #expect(!log.contains(secret))
    }
    // The control: names are found, in the directory and in the chains that it rests on.
    for name in ["Falke12", "falke12", "Haus Linde"] {
      #expect(!stolen.files(with: Array(name.utf8)).isEmpty)
      let places = stolen.places(with: Array(name.utf8))
      #expect(!places.isEmpty && places.allSatisfy { Self.directory.contains(Self.table($0)) }, "\(name) stands in \(places)")
      #expect(!log.contains(name))
    }
    let readable = stolen.readable()
    #expect(readable.contains { $0.hasPrefix("key_packages.") })
    #expect(readable.allSatisfy { Self.directory.contains(Self.table($0)) }, "\(readable)")
  }

  private func rowsDoNotBelongTogether(_ stolen: StolenDatabase, earlier: StolenDatabase) throws {
    // By equal identifiers: a device has a mailbox, a group a tree, and nothing else.
    let mailboxes: Set = ["devices.mailbox", "mailboxes.mailbox", "mail.mailbox", "statements.statement", "key_packages.key_package"]
    let links = stolen.links()
    #expect(links.contains("mail.mailbox names devices.mailbox"))
    for link in links {
      let sides = link.components(separatedBy: " names ")
      let isExpected =
        sides.allSatisfy { Self.directory.contains(Self.table($0)) } || sides.allSatisfy(mailboxes.contains) || sides.allSatisfy { $0.hasSuffix(".group_id") }
      #expect(isExpected, "\(link)")
    }
    // By the order in which they came.
    #expect(stolen.orderedTables.contains("feed"))
    #expect(stolen.orderedTables.isDisjoint(with: ["groups", "trees", "kept_trees", "mailboxes", "mail", "bodies", "answers", "devices", "accounts"]))
    // By size.
    #expect(Set(stolen.column("mail.sealed").map(\.count)).count == 1)
    #expect(Set(stolen.column("bodies.sealed_count").map(\.count)).count == 1)
    // By time: a day is all there is.
    let days = try stolen.numbers("SELECT day FROM mail UNION SELECT day FROM bodies UNION SELECT day FROM answers")
    #expect(days.count <= 2)
    // With keys of mailboxes, present ones and what is left of earlier ones. No key that is there opens a row.
    #expect(try stolen.openedRows().isEmpty)
    // The control: keys of an earlier theft open them, and then everything is plain: this is what erasing them is for.
    let keys = Dictionary(uniqueKeysWithValues: zip(earlier.column("mailboxes.mailbox"), earlier.column("mailboxes.next_key")))
    let opened = Dictionary(grouping: try stolen.openedRows(more: keys), by: \.body)
    #expect(opened.values.map { Set($0.map(\.mailbox)).count }.max() == 29)
  }

  /// What each tool is good for: planted, it is found.
  @Test func whatIsPlantedIsFound() async throws {
    let house = try ProcessHouse()
    try await house.people("anna", "bert")
    try await house.chat("anna", "group", "create", Self.groups[0], "bert")
    try await house.chat("anna", "send", Self.groups[0], Self.texts[0])
    let stolen = try StolenDatabase(house.database, copy: house.path("planted.sqlite")) { db in
      let package = try Data.fetchOne(db, sql: "SELECT key_package FROM key_packages") ?? Data()
      let device = try Data.fetchOne(db, sql: "SELECT device FROM devices") ?? Data()
      try db.execute(sql: "UPDATE bodies SET sealed = ?", arguments: [package])
      try db.execute(sql: "UPDATE groups SET roster = ?", arguments: [Data([1, 2, 3]) + device + Data([4])])
      try db.execute(sql: "UPDATE answers SET sealed = ?", arguments: [Data(Self.texts[0].utf8)])
      try db.execute(sql: "CREATE TABLE journal (entry BLOB)")
      try db.execute(sql: "INSERT INTO journal VALUES (x'01')")
    }
    #expect(!stolen.files(with: Array(Self.texts[0].utf8)).isEmpty)
    #expect(stolen.places(with: Array(Self.texts[0].utf8)) == ["answers.sealed"])
    #expect(stolen.readable().contains { $0.hasPrefix("bodies.sealed is a") })
    #expect(stolen.readable().contains("answers.sealed is text"))
    #expect(stolen.links().contains("groups.roster names devices.device"))
    #expect(stolen.orderedTables.contains("journal"))
  }
}
