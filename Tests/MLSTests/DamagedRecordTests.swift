// A store that lost or changed bytes: loading throws a typed error or gives a group that can be used; nothing traps, loops or grows.
import CryptoInterface
import Foundation
import MLS
import MLSHarness
import MLSScenarios
import SwiftCryptoProvider
import TLSCodec
import Testing

/// Groups that have a record of every kind between them.
private func groups() throws -> [Group] {
  var group = try TestGroup(5, suite: suite1, using: crypto)
  for i in 0..<5 { try group.commit(by: i) }
  let late = try (0..<4).map { _ in try group.members[1].encrypt([1], using: crypto) }
  _ = try group.members[0].receive(late[3], application: everybody, using: crypto)
  _ = try group.members[0].encrypt([1], using: crypto)
  try group.commit(by: 2, CommitOptions(proposals: [.remove(group.members[4].leafIndex)]))
  _ = try group.members[0].receive(try group.members[3].encrypt([1], using: crypto), application: everybody, using: crypto)
  let update = try group.members[0].proposeUpdate(application: everybody, using: crypto)
  try group.deliver(update, from: 0)
  let add = try group.members[1].propose(
    .add(try TestClient("new", suite: suite1, using: crypto).keyPackage(using: crypto).keyPackage), application: everybody, using: crypto)
  try group.deliver(add, from: 1)
  try group.members[0].commit(application: everybody, using: crypto)
  try group.members[1].commit(application: everybody, using: crypto)
  var ended = try TestGroup(2, suite: suite1, using: crypto)
  try ended.commit(by: 0, CommitOptions(proposals: [.reinit(ReInit(groupID: [1], cipherSuite: suite1, extensions: []))]))
  return [group.members[0], group.members[1], group.members[4], ended.members[1]]
}

private func kind(_ key: RecordKey) -> UInt8 { key.encoded()[0] }

private let seeds: [UInt64] = ProcessInfo.processInfo.environment["HAUSPOST_SEED"].flatMap(UInt64.init).map { [$0] } ?? [1, 2, 3, 4]

@Suite struct DamagedRecordTests {
  @Test func everyKindOfRecordIsThere() throws {
    let kinds = Set(try groups().flatMap { $0.records() }.filter { $0.value != nil }.map { kind($0.key) })
    #expect(kinds == Set(1...10))
    for group in try groups() { #expect(RecordsHarness.use(group.records(), using: crypto)) }
  }

  @Test func aMissingRecordIsNoticedOrHarmless() throws {
    for group in try groups() {
      let records = group.records()
      for (i, record) in records.enumerated() {
        var damaged = records
        damaged.remove(at: i)
        let loads = RecordsHarness.use(damaged, using: crypto)
        switch record.key {
        case .header, .privateKeys, .node: #expect(!loads, "\(record.key)")
        case .epoch(let epoch) where epoch == group.epoch: #expect(!loads || group.status == .removed, "\(record.key)")
        default: break
        }
      }
      #expect(throws: MLSError.corruptRecord("")) { try Group(records: [], using: crypto) }
    }
  }

  @Test(arguments: seeds) func truncatedRecordsThrow(_ seed: UInt64) throws {
    var random = SeededGenerator(seed)
    for group in try groups() {
      let records = group.records().filter { $0.value != nil }
      for (i, record) in records.enumerated() {
        guard let value = record.value else { continue }
        for _ in 0..<8 {
          var damaged = records
          damaged[i] = RecordChange(record.key, Array(value.prefix(Int.random(in: 0..<value.count, using: &random))))
          #expect(!RecordsHarness.use(damaged, using: crypto), "seed \(seed), \(record.key)")
          damaged[i] = RecordChange(record.key, value + [UInt8.random(in: 0...255, using: &random)])
          #expect(!RecordsHarness.use(damaged, using: crypto), "seed \(seed), \(record.key) with a byte more")
        }
      }
    }
  }

  /// A flipped bit may load, as another key for example; nothing that follows may trap.
  @Test(arguments: seeds) func flippedBitsDoNotTrap(_ seed: UInt64) throws {
    var random = SeededGenerator(seed)
    for group in try groups() {
      let records = group.records().filter { $0.value != nil }
      for (i, record) in records.enumerated() {
        guard var value = record.value else { continue }
        let original = value
        for round in 0..<12 {
          value = original
          // The first bytes hold versions, sizes and positions.
          let at = Int.random(in: 0..<(round < 6 ? min(16, value.count) : value.count), using: &random)
          value[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
          var damaged = records
          damaged[i] = RecordChange(record.key, value)
          _ = RecordsHarness.use(damaged, using: crypto)
        }
      }
    }
  }

  /// Sizes and positions at the edges of their range, in the key and at every place of the value.
  @Test func numbersAtTheEdgeDoNotTrap() throws {
    for group in try groups() {
      let records = group.records().filter { $0.value != nil }
      for (i, record) in records.enumerated() {
        guard let value = record.value else { continue }
        for at in stride(from: 2, to: min(value.count, 60), by: 1) {
          for number in [0xFFFF_FFFF, 0x8000_0000, 0x7FFF_FFFF, 0x8000_4000] as [UInt32] {
            var bytes = value
            for j in 0..<4 where at + j < bytes.count { bytes[at + j] = UInt8(truncatingIfNeeded: number >> UInt32(24 - 8 * j)) }
            var damaged = records
            damaged[i] = RecordChange(record.key, bytes)
            guard let loaded = try? Group(records: damaged, using: crypto) else { continue }
            _ = loaded.records()
          }
        }
        for key in [
          RecordKey.node(.max), .epoch(.max), .secretNode(epoch: group.epoch, node: .max), .ratchet(epoch: group.epoch, leaf: .max),
          .formerLeaf(epoch: .max, leaf: .max), .secretNode(epoch: .max, node: .max),
        ] { _ = RecordsHarness.use(records + [RecordChange(key, value)], using: crypto) }
      }
    }
  }

  @Test(arguments: seeds) func damagedBundlesThrowOrLoad(_ seed: UInt64) throws {
    var random = SeededGenerator(seed)
    let group = try TestGroup(1, suite: suite1, using: crypto)
    let bundle = try TestClient("new", suite: suite1, using: crypto).keyPackage(using: crypto)
    var creator = group.members[0]
    let welcome = try #require(
      try creator.commit(
        CommitOptions(proposals: [.add(bundle.keyPackage)], welcomeCarriesTree: true), application: everybody, using: crypto
      ).welcome)
    let bytes = bundle.serialized()
    for length in 0..<bytes.count { #expect(throws: MLSError.self) { try KeyPackageBundle(serialized: Array(bytes.prefix(length))) } }
    for _ in 0..<200 {
      var damaged = bytes
      damaged[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      guard let loaded = try? KeyPackageBundle(serialized: damaged) else { continue }
      _ = try? Group.join(welcome, with: loaded, application: everybody, using: crypto)
    }
  }
}
