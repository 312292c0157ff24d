/// What the engine's effects need of a store. Two implementations share one conformance suite: `MessengerStore` and `MemoryStore`.
public protocol RecordStore: Sendable {
  typealias Change = (key: [UInt8], value: [UInt8]?)
  typealias Entry = (key: [UInt8], value: [UInt8])

  /// Writes a batch in order, all or nothing; a nil value deletes. When it returns, the batch survives a power cut.
  /// - Throws: then nothing of the batch is there for this process.
  func write(_ changes: [Change]) throws(StoreError)

  /// - Returns: a value for each key, in order; nil where there is no such record.
  func get(_ keys: [[UInt8]]) throws(StoreError) -> [[UInt8]?]

  /// Records whose keys begin with `prefix`, in the bytewise order of keys, or against it.
  /// - Parameters:
  ///   - from: begin behind this key in the direction of reading; nil: at the edge.
  ///   - limit: at most so many.
  ///   - newestFirst: from the largest key down.
  func scan(prefix: [UInt8], from: [UInt8]?, limit: Int, newestFirst: Bool) throws(StoreError) -> [Entry]
}

/// A bound on keys.
enum KeyRange {
  /// The smallest key behind all that begin with `prefix`; nil where there is none (no bytes, or only 0xFF).
  static func end(of prefix: [UInt8]) -> [UInt8]? {
    var end = prefix
    while let last = end.popLast() {
      if last < 0xFF { return end + [last + 1] }
    }
    return nil
  }
}
