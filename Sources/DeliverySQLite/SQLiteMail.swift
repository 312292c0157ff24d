// Mailboxes, bodies, remembered answers and retention in SQL.
import Delivery
import Foundation
import GRDB

extension SQLiteDeliveryTransaction {
  func mailbox(_ mailbox: [UInt8]) throws(StoreError) -> MailboxRecord? {
    guard let row = try row("SELECT next, next_key FROM mailboxes WHERE mailbox = ? AND closed = 0", [Data(mailbox)]) else { return nil }
    let next = row.unsigned("next")
    let lowest = try self.row("SELECT number FROM mail WHERE mailbox = ? ORDER BY number LIMIT 1", [Data(mailbox)])?.unsigned("number") ?? next
    return MailboxRecord(next: next, nextKey: row.bytes("next_key"), lowest: lowest)
  }

  func enqueue(_ sealed: [UInt8], mailbox: [UInt8], number: UInt64, nextKey: [UInt8], day: Day) throws(StoreError) -> Bool {
    guard let number = Int64(exactly: number),
      try changes(
        "UPDATE mailboxes SET next = next + 1, next_key = ? WHERE mailbox = ? AND closed = 0 AND next = ?", [Data(nextKey), Data(mailbox), number])
    else { return false }
    try run("INSERT INTO mail VALUES (?, ?, ?, ?)", [Data(mailbox), number, Data(sealed), Int64(day)])
    return true
  }

  func rows(of mailbox: [UInt8], from: UInt64, limit: Int) throws(StoreError) -> [(number: UInt64, sealed: [UInt8])] {
    guard let from = Int64(exactly: from) else { return [] }
    return try rows("SELECT number, sealed FROM mail WHERE mailbox = ? AND number >= ? ORDER BY number LIMIT ?", [Data(mailbox), from, limit]).map {
      ($0.unsigned("number"), $0.bytes("sealed"))
    }
  }

  func deleteRows(of mailbox: [UInt8], through number: UInt64) throws(StoreError) {
    try run("DELETE FROM mail WHERE mailbox = ? AND number <= ?", [Data(mailbox), Int64(clamping: number)])
  }

  func insertBody(_ body: BodyRecord, id: [UInt8], day: Day) throws(StoreError) {
    try run("INSERT INTO bodies VALUES (?, ?, ?, ?)", [Data(id), Data(body.sealedCount), Data(body.sealed), Int64(day)])
  }

  func body(_ id: [UInt8]) throws(StoreError) -> BodyRecord? {
    try row("SELECT sealed_count, sealed FROM bodies WHERE body = ?", [Data(id)]).map {
      BodyRecord(sealedCount: $0.bytes("sealed_count"), sealed: $0.bytes("sealed"))
    }
  }

  func setCount(_ sealedCount: [UInt8], body id: [UInt8]) throws(StoreError) {
    try run("UPDATE bodies SET sealed_count = ? WHERE body = ?", [Data(sealedCount), Data(id)])
  }

  func deleteBody(_ id: [UInt8]) throws(StoreError) { try run("DELETE FROM bodies WHERE body = ?", [Data(id)]) }

  // MARK: Requests that were answered, retention

  func answer(to request: [UInt8]) throws(StoreError) -> [UInt8]? {
    try row("SELECT sealed FROM answers WHERE request = ?", [Data(request)])?.bytes("sealed")
  }

  func remember(_ sealedAnswer: [UInt8], of request: [UInt8], day: Day) throws(StoreError) {
    try run(
      "INSERT INTO answers VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET sealed = ?2, day = ?3", [Data(request), Data(sealedAnswer), Int64(day)])
  }

  func expire(mailBefore mail: Day, requestsBefore requests: Day, today: Day, now: UInt64) throws(StoreError) {
    aftermath.hasExpired = true
    try run("DELETE FROM mail WHERE day < ?", [Int64(mail)])
    try run("DELETE FROM bodies WHERE day < ?", [Int64(mail)])
    try run("DELETE FROM answers WHERE day < ?", [Int64(requests)])
    try run("DELETE FROM kept_trees WHERE until < ?", [Int64(today)])
    try run("DELETE FROM invitations WHERE not_after < ?", [Int64(clamping: now)])
    try run("DELETE FROM key_packages WHERE not_after < ?", [Int64(clamping: now)])
  }
}
