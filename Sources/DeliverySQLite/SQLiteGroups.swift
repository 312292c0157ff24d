// Groups and their trees in SQL.
import Delivery
import Foundation
import GRDB

extension SQLiteDeliveryTransaction {
  func group(_ group: [UInt8]) throws(StoreError) -> GroupRecord? {
    guard
      let row = try row(
        "SELECT groups.*, trees.id AS tree_id FROM groups JOIN trees USING (group_id) WHERE groups.group_id = ?", [Data(group)])
    else { return nil }
    let previous = row.bytes(optional: "previous_roster").map {
      GroupRecord.Generation(epoch: row.unsigned("previous_epoch"), roster: $0)
    }
    return GroupRecord(
      group: group, present: .init(epoch: row.unsigned("epoch"), roster: row.bytes("roster")), treeID: row.bytes("tree_id"), previous: previous,
      isFrozen: row.integer("frozen") != 0)
  }

  func tree(group: [UInt8]) throws(StoreError) -> [UInt8]? {
    try row("SELECT sealed FROM trees WHERE group_id = ?", [Data(group)])?.bytes("sealed")
  }

  func insert(group: [UInt8], _ generation: GroupRecord.Generation, tree: SealedTree) throws(StoreError) -> Bool {
    guard
      try changes(
        "INSERT INTO groups VALUES (?, ?, ?, 0, NULL, NULL) ON CONFLICT DO NOTHING",
        [Data(group), Int64(bitPattern: generation.epoch), Data(generation.roster)])
    else { return false }
    try run("INSERT INTO trees VALUES (?, ?, ?, NULL)", [Data(group), Data(tree.id), Data(tree.sealed)])
    return true
  }

  func replace(
    group: [UInt8], atEpoch epoch: UInt64, _ generation: GroupRecord.Generation, tree: SealedTree?, keepsPrevious: Bool
  ) throws(StoreError) -> Bool {
    let at = Int64(bitPattern: epoch)
    guard try row("SELECT 1 FROM groups WHERE group_id = ? AND epoch = ?", [Data(group), at]) != nil else { return false }
    if keepsPrevious,
      try changes(
        "UPDATE groups SET previous_epoch = epoch, previous_roster = roster WHERE group_id = ? AND previous_roster IS NULL", [Data(group)])
    {
      try run("UPDATE trees SET previous = sealed WHERE group_id = ?", [Data(group)])
    }
    try run(
      "UPDATE groups SET epoch = ?, roster = ? WHERE group_id = ?",
      [Int64(bitPattern: generation.epoch), Data(generation.roster), Data(group)])
    if let tree { try run("UPDATE trees SET id = ?, sealed = ? WHERE group_id = ?", [Data(tree.id), Data(tree.sealed), Data(group)]) }
    return true
  }

  func dropPrevious(group: [UInt8]) throws(StoreError) {
    try run("UPDATE groups SET previous_epoch = NULL, previous_roster = NULL WHERE group_id = ?", [Data(group)])
    try run("UPDATE trees SET previous = NULL WHERE group_id = ?", [Data(group)])
  }

  func freeze(group: [UInt8]) throws(StoreError) { try run("UPDATE groups SET frozen = 1 WHERE group_id = ?", [Data(group)]) }

  func keepTree(_ sealed: [UInt8], group: [UInt8], epoch: UInt64, until day: Day) throws(StoreError) {
    try run(
      "INSERT INTO kept_trees VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET sealed = ?3, until = ?4",
      [Data(group), Int64(bitPattern: epoch), Data(sealed), Int64(day)])
  }

  func keptTree(group: [UInt8], epoch: UInt64) throws(StoreError) -> (sealed: [UInt8], until: Day)? {
    try row("SELECT sealed, until FROM kept_trees WHERE group_id = ? AND epoch = ?", [Data(group), Int64(bitPattern: epoch)]).map {
      ($0.bytes("sealed"), Day(clamping: $0.integer("until")))
    }
  }
}
