// One suite for both stores: what a batch, a read and a scan do.
import MessengerStore
import Testing

enum StoreKind: CaseIterable {
  case memory, sqlite

  /// Runs `body` on an empty store.
  func run(_ body: (any RecordStore) throws -> Void) throws {
    switch self {
    case .memory: try body(MemoryStore())
    case .sqlite:
      let folder = try TestFolder()
      try body(try MessengerStore(path: folder.file("records.sqlite")))
      withExtendedLifetime(folder) {}
    }
  }
}

@Suite struct RecordStoreTests {
  @Test(arguments: StoreKind.allCases)
  func batches(kind: StoreKind) throws {
    try kind.run { store in
      #expect(try store.get([]) == [])
      #expect(try store.get([[1]]) == [nil])
      try store.write([])
      try store.write([([1], [10]), ([2], [20]), ([3], [30])])
      #expect(try store.get([[3], [4], [1], [3]]) == [[30], nil, [10], [30]])
      // Overwriting, deleting, and deleting what is not there.
      try store.write([([1], [11]), ([2], nil), ([9], nil)])
      #expect(try store.get([[1], [2], [3]]) == [[11], nil, [30]])
      // The later of two changes counts.
      try store.write([([5], [50]), ([5], nil), ([6], nil), ([6], [60]), ([7], [70]), ([7], [71])])
      #expect(try store.get([[5], [6], [7]]) == [nil, [60], [71]])
    }
  }

  @Test(arguments: StoreKind.allCases)
  func emptyKeysAndValues(kind: StoreKind) throws {
    try kind.run { store in
      try store.write([([], []), ([0], []), ([0, 0], [1])])
      #expect(try store.get([[], [0], [0, 0]]) == [[], [], [1]])
      let all = try store.scan(prefix: [], from: nil, limit: 9, newestFirst: false)
      #expect(all.map { $0.key } == [[], [0], [0, 0]])
      #expect(all.map { $0.value } == [[], [], [1]])
      #expect(try store.scan(prefix: [], from: [], limit: 9, newestFirst: false).map { $0.key } == [[0], [0, 0]])
      #expect(try store.scan(prefix: [], from: [], limit: 9, newestFirst: true).isEmpty)
      try store.write([([], nil)])
      #expect(try store.get([[]]) == [nil])
    }
  }

  @Test(arguments: StoreKind.allCases)
  func scans(kind: StoreKind) throws {
    try kind.run { store in
      let keys: [[UInt8]] = [[1], [1, 0], [1, 2], [1, 2, 3], [1, 255], [1, 255, 255], [2], [254, 255], [255], [255, 1], [255, 255], [255, 255, 0]]
      try store.write(keys.shuffled().map { ($0, $0) })
      func scan(_ prefix: [UInt8], _ from: [UInt8]? = nil, limit: Int = 99, newestFirst: Bool = false) throws -> [[UInt8]] {
        let records = try store.scan(prefix: prefix, from: from, limit: limit, newestFirst: newestFirst)
        #expect(records.allSatisfy { $0.key == $0.value })
        return records.map { $0.key }
      }
      #expect(try scan([]) == keys)
      #expect(try scan([], newestFirst: true) == keys.reversed())
      #expect(try scan([1]) == Array(keys[0..<6]))
      #expect(try scan([1, 255]) == [[1, 255], [1, 255, 255]])
      #expect(try scan([255]) == [[255], [255, 1], [255, 255], [255, 255, 0]])
      #expect(try scan([255, 255], newestFirst: true) == [[255, 255, 0], [255, 255]])
      #expect(try scan([3]).isEmpty)
      #expect(try scan([1], [1, 2]) == [[1, 2, 3], [1, 255], [1, 255, 255]])
      #expect(try scan([1], [1, 2], newestFirst: true) == [[1, 0], [1]])
      // `from` need not be there, nor begin with the prefix.
      #expect(try scan([1], [1, 1], limit: 1) == [[1, 2]])
      #expect(try scan([1], [0]) == Array(keys[0..<6]))
      #expect(try scan([1], [2]).isEmpty)
      #expect(try scan([1], [2], limit: 2, newestFirst: true) == [[1, 255, 255], [1, 255]])
      #expect(try scan([], limit: 0).isEmpty)
      #expect(try scan([], limit: -1).isEmpty)
      #expect(try scan([], limit: .max) == keys)
    }
  }

  /// Random batches against a dictionary, and pages of every size against the sorted whole.
  @Test(arguments: StoreKind.allCases)
  func seededBatches(kind: StoreKind) throws {
    try kind.run { store in
      var random = SeededBytes(20)
      var model: [[UInt8]: [UInt8]] = [:]
      for _ in 0..<200 {
        let batch: [RecordStore.Change] = (0..<Int.random(in: 0...12, using: &random)).map { _ in
          // Few different keys, so that they meet again.
          let key = random.bytes(upTo: 3).map { $0 & 0x83 }
          return (key, Int.random(in: 0..<4, using: &random) == 0 ? nil : random.bytes(upTo: 700))
        }
        try store.write(batch)
        for change in batch { model[change.key] = change.value }
      }
      let sorted = model.keys.sorted { $0.lexicographicallyPrecedes($1) }
      #expect(sorted.count > 50)
      #expect(try store.get(sorted) == sorted.map { model[$0] })
      for newestFirst in [false, true] {
        let expected = newestFirst ? sorted.reversed() : sorted
        for size in [1, 7, 64] {
          var paged: [[UInt8]] = []
          while true {
            let page = try store.scan(prefix: [], from: paged.last, limit: size, newestFirst: newestFirst)
            if page.isEmpty { break }
            paged += page.map { $0.key }
          }
          #expect(paged == expected)
        }
        for prefix in [[0x80], [0x83, 0x81]] as [[UInt8]] {
          let found = try store.scan(prefix: prefix, from: nil, limit: .max, newestFirst: newestFirst)
          #expect(found.map { $0.key } == expected.filter { $0.starts(with: prefix) })
          #expect(found.allSatisfy { model[$0.key] == $0.value })
        }
      }
    }
  }
}

/// The same numbers for a seed everywhere (SplitMix64).
struct SeededBytes: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func bytes(upTo most: Int) -> [UInt8] { (0..<Int.random(in: 0...most, using: &self)).map { _ in UInt8.random(in: 0...255, using: &self) } }
}
