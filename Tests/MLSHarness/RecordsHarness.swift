// A group's records, damaged: they load or throw, and what loads can be used without a trap.
import CryptoInterface
import MLS
import TLSCodec

public enum RecordsHarness {
  /// First byte: bits 0 to 2 which group (two of eight with real cryptography), the rest the member. Then damages.
  static func run(_ bytes: [UInt8]) {
    guard let flags = bytes.first else { return }
    let script = ByteSource(Array(bytes.dropFirst()))
    switch flags & 7 {
    case 1: run(script, flags, SharedGroups.seeded)
    case 3: run(script, flags, SharedGroups.seededFilled)
    case 2, 5, 6: run(script, flags, SharedGroups.pretendedFilled)
    default: run(script, flags, SharedGroups.pretended)
    }
  }

  private static func run<Crypto>(_ script: ByteSource, _ flags: UInt8, _ live: LiveGroup<Crypto>) {
    live.crypto.source.restart(7)
    var script = script
    guard let group = live.members[Int(flags >> 3) % live.members.count] else { return }
    var records = group.records().sorted { $0.key.encoded().lexicographicallyPrecedes($1.key.encoded()) }
    var count = 0
    while !script.isEmpty && count < 8 {
      damage(&records, &script)
      count += 1
    }
    use(records, live)
  }

  private static func damage(_ records: inout [RecordChange], _ script: inout ByteSource) {
    guard !records.isEmpty else { return }
    let i = Int(script.uint16()) % records.count
    var value = records[i].value ?? []
    switch script.byte() % 8 {
    case 0: records.remove(at: i)
    case 1: records[i] = RecordChange(records[i].key, Array(value.prefix(Int(script.uint16()) % (value.count + 1))))
    case 2, 3:
      if value.isEmpty { return }
      let at = Int(script.uint16()) % value.count
      value[at] ^= 1 << (script.byte() % 8)
      records[i] = RecordChange(records[i].key, value)
    case 4:
      if value.isEmpty { return }
      let at = Int(script.uint16()) % value.count
      let edge = script.edge()
      for j in 0..<4 where at + j < value.count { value[at + j] = UInt8(truncatingIfNeeded: edge >> UInt64(8 * j)) }
      records[i] = RecordChange(records[i].key, value)
    case 5: records.append(RecordChange(records[i].key, records[Int(script.uint16()) % records.count].value))
    case 6:
      let key: RecordKey
      switch script.byte() % 5 {
      case 0: key = .node(UInt32(truncatingIfNeeded: script.edge()))
      case 1: key = .epoch(script.edge())
      case 2: key = .secretNode(epoch: script.edge(), node: UInt32(truncatingIfNeeded: script.edge()))
      case 3: key = .ratchet(epoch: script.edge(), leaf: UInt32(truncatingIfNeeded: script.edge()))
      default: key = .formerLeaf(epoch: script.edge(), leaf: UInt32(truncatingIfNeeded: script.edge()))
      }
      records.append(RecordChange(key, value))
    default:
      value.insert(contentsOf: script.take(script.choice(9)), at: value.isEmpty ? 0 : Int(script.uint16()) % value.count)
      records[i] = RecordChange(records[i].key, value)
    }
  }

  /// Loads records; what loads is used: messages in and out, commits, another round of records.
  private static func use<Crypto>(_ records: [RecordChange], _ live: LiveGroup<Crypto>) {
    guard var group = try? Group(records: records, using: live.crypto) else { return }
    let crypto = live.crypto
    for message in live.undelivered { _ = try? group.receive(message, application: live.app, using: crypto) }
    _ = group.records()
    _ = try? group.groupInfo(withTree: true, using: crypto)
    if let other = live.members[2] {
      var sender = other
      if let pending = try? sender.commit(application: live.app, using: crypto) {
        var copy = group
        if case .commit(let staged)? = try? copy.receive(pending.message, application: live.app, using: crypto) {
          _ = try? copy.adopt(staged, at: 1)
          _ = copy.records()
        }
      }
    }
    Afterwards.live(group, using: crypto)
  }

  /// Loads and uses records of a test's own group.
  public static func use(_ records: [RecordChange], using crypto: some CryptoProvider) -> Bool {
    guard let group = try? Group(records: records, using: crypto) else { return false }
    _ = group.records()
    Afterwards.live(group, using: crypto)
    return true
  }

  static func seeds() -> [[UInt8]] { (0..<48).map { [$0] } + (0..<48).map { i in [i] + (0..<24).map { i &* 31 &+ $0 &* 7 } } }
}
