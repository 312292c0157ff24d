import Synchronization

/// The store without a disk: for tests and for clients that keep nothing.
public final class MemoryStore: RecordStore {
  private let records = Mutex<[[UInt8]: [UInt8]]>([:])

  public init() {}

  public func write(_ changes: [Change]) throws(StoreError) {
    records.withLock { records in
      for change in changes { records[change.key] = change.value }
    }
  }

  public func get(_ keys: [[UInt8]]) throws(StoreError) -> [[UInt8]?] {
    records.withLock { records in keys.map { records[$0] } }
  }

  public func scan(prefix: [UInt8], from: [UInt8]?, limit: Int, newestFirst: Bool) throws(StoreError) -> [Entry] {
    records.withLock { records in
      let keys = records.keys.filter { key in
        guard key.starts(with: prefix) else { return false }
        guard let from else { return true }
        return newestFirst ? key.lexicographicallyPrecedes(from) : from.lexicographicallyPrecedes(key)
      }
      let sorted = keys.sorted { newestFirst ? $1.lexicographicallyPrecedes($0) : $0.lexicographicallyPrecedes($1) }
      return sorted.prefix(max(0, limit)).map { ($0, records[$0] ?? []) }
    }
  }
}
