// A bounded memory of values that are costly to make again. What it holds is a function of the key, so forgetting is always right.

/// The most recently used values, at most `capacity`.
struct RecentValues<Key: Hashable, Value> {
  private let capacity: Int
  private var values: [Key: (value: Value, used: UInt64)] = [:]
  private var clock: UInt64 = 0

  init(capacity: Int) { self.capacity = capacity }

  mutating func value(for key: Key) -> Value? {
    guard let found = values[key] else { return nil }
    clock += 1
    values[key] = (found.value, clock)
    return found.value
  }

  mutating func keep(_ value: Value, for key: Key) {
    clock += 1
    values[key] = (value, clock)
    guard values.count > capacity else { return }
    // The older half at once, so that the search is seldom.
    let uses = values.values.map(\.used).sorted()
    let middle = uses[uses.count / 2]
    values = values.filter { $0.value.used >= middle }
  }
}
