// Copying a tree for a staged commit must not cost a member each (10,000 members). So nodes live in chunks that copies share.

/// An array in chunks of 32: a copy shares all chunks, a write copies one.
struct PersistentArray<Element: Sendable>: Sendable {
  private static var chunkSize: Int { 32 }
  private var chunks: [[Element]] = []
  private(set) var count = 0

  init() {}

  subscript(index: UInt32) -> Element {
    get { chunks[Int(index) / Self.chunkSize][Int(index) % Self.chunkSize] }
    set { chunks[Int(index) / Self.chunkSize][Int(index) % Self.chunkSize] = newValue }
  }

  mutating func append(_ element: Element) {
    if count % Self.chunkSize == 0 {
      chunks.append([])
      chunks[chunks.count - 1].reserveCapacity(Self.chunkSize)
    }
    chunks[chunks.count - 1].append(element)
    count += 1
  }

  /// Grows with `element`, or drops from the end.
  mutating func resize(to newCount: Int, with element: Element) {
    while count < newCount { append(element) }
    while count > newCount {
      chunks[chunks.count - 1].removeLast()
      count -= 1
      if chunks[chunks.count - 1].isEmpty { chunks.removeLast() }
    }
  }
}

/// A dictionary from keys to values in 128 shards, for the same reason.
struct PersistentDictionary<Value: Sendable>: Sendable {
  private static var shardCount: Int { 128 }
  private var shards: [[[UInt8]: Value]] = Array(repeating: [:], count: PersistentDictionary.shardCount)

  subscript(key: [UInt8]) -> Value? {
    get { shards[Self.shard(key)][key] }
    set { shards[Self.shard(key)][key] = newValue }
  }

  /// In place: appending to a value does not copy it.
  subscript(key: [UInt8], default value: @autoclosure () -> Value) -> Value {
    get { shards[Self.shard(key)][key, default: value()] }
    _modify { yield &shards[Self.shard(key)][key, default: value()] }
  }

  /// By the last byte: uniform in honest keys. A peer who chooses his makes one shard as slow as an unsharded dictionary.
  private static func shard(_ key: [UInt8]) -> Int { Int(key.last ?? 0) % shardCount }
}
