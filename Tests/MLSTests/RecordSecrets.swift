// What a thief of a stored group finds: the secrets in its records, each with the place where it stood.
import CryptoInterface
import MLS
import TLSCodec

/// A group's records, searched as bytes: what is not in them is not in the store.
struct StolenRecords {
  let changes: [RecordChange]
  private let joined: [UInt8]

  init(_ group: Group) { self.init(group.records()) }

  init(_ changes: [RecordChange]) {
    self.changes = changes
    var all: [UInt8] = []
    for change in changes { all += change.value ?? [] }
    joined = all
  }

  /// Whether the byte string stands anywhere in any record.
  func contain(_ secret: [UInt8]) -> Bool {
    precondition(secret.count >= 16, "a shorter string would be found by accident")
    guard let first = secret.first, joined.count >= secret.count else { return false }
    return joined.withUnsafeBytes { (all: UnsafeRawBufferPointer) -> Bool in
      for start in 0...(all.count - secret.count) where all[start] == first {
        var i = 1
        while i < secret.count && all[start + i] == secret[i] { i += 1 }
        if i == secret.count { return true }
      }
      return false
    }
  }

  func value(_ key: RecordKey) -> [UInt8]? { changes.first { $0.key == key }?.value }

  /// Ratchet secrets and kept message keys of a sender.
  func ratchets(epoch: UInt64, leaf: LeafIndex) throws -> (handshake: [[UInt8]], application: [[UInt8]])? {
    guard let bytes = value(.ratchet(epoch: epoch, leaf: leaf.value)) else { return nil }
    var r = Reader(bytes)
    _ = try r.uint16()
    func ratchet() throws -> [[UInt8]] {
      var found = [try r.opaque()]
      _ = try r.uint32()
      var keys = try r.nested()
      while !keys.isAtEnd {
        _ = try keys.uint32()
        found.append(try keys.opaque())
        _ = try keys.opaque()
      }
      return found
    }
    return (try ratchet(), try ratchet())
  }

  /// The unexpanded secrets of an epoch's secret tree, by node.
  func treeSecrets(epoch: UInt64) throws -> [UInt32: [UInt8]] {
    var found: [UInt32: [UInt8]] = [:]
    for change in changes {
      guard case .secretNode(epoch, let node) = change.key, let bytes = change.value else { continue }
      var r = Reader(bytes)
      _ = try r.uint16()
      found[node] = try r.opaque()
    }
    return found
  }

  /// The secrets of the current epoch's key schedule.
  func epochSecrets(_ epoch: UInt64) throws -> [String: [UInt8]] {
    guard let bytes = value(.epoch(epoch)) else { return [:] }
    var r = Reader(bytes)
    _ = try r.uint16()
    guard try r.uint8() == 1 else { return [:] }
    _ = try r.opaque()
    _ = try r.opaque()
    var found: [String: [UInt8]] = [:]
    for name in [
      "sender data", "exporter", "external", "confirm", "membership", "resumption", "authentication", "init",
    ] {
      found[name] = try r.opaque()
    }
    return found
  }

  /// Private keys of leaf and path, by node.
  func privateKeys() throws -> [UInt32: [UInt8]] {
    guard let bytes = value(.privateKeys) else { return [:] }
    var r = Reader(bytes)
    _ = try r.uint16()
    _ = try r.uint32()
    var list = try r.nested()
    var found: [UInt32: [UInt8]] = [:]
    while !list.isAtEnd { found[try list.uint32()] = try list.opaque() }
    return found
  }

  /// The thief's group, from the records alone.
  func loaded() throws -> Group { try Group(records: changes, using: crypto) }
}
