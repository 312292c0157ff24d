// Prometheus' text format, as much of it as we need.

/// Counts of values up to each bound, and their sum.
struct Histogram: Sendable {
  let bounds: [Double]
  /// One more than bounds: the last is what exceeds them all.
  private(set) var counts: [UInt64]
  private(set) var sum = 0.0

  init(bounds: [Double]) {
    self.bounds = bounds
    counts = Array(repeating: 0, count: bounds.count + 1)
  }

  mutating func add(_ value: Double) {
    counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
    sum += value
  }
}

struct Exposition {
  private(set) var text = ""

  private mutating func header(_ name: String, _ help: String, _ type: String) { text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n" }

  mutating func gauge(_ name: String, _ help: String, _ value: Double) {
    header(name, help, "gauge")
    text += "\(name) \(Self.number(value))\n"
  }

  mutating func counter(_ name: String, _ help: String, _ value: UInt64) {
    header(name, help, "counter")
    text += "\(name) \(value)\n"
  }

  /// - Parameter values: label values are our own words; they need no escaping.
  mutating func counters(_ name: String, _ help: String, label: String, _ values: [(String, UInt64)]) {
    header(name, help, "counter")
    for (value, count) in values { text += "\(name){\(label)=\"\(value)\"} \(count)\n" }
  }

  mutating func histogram(_ name: String, _ help: String, _ histogram: Histogram) {
    header(name, help, "histogram")
    var total: UInt64 = 0
    for (bound, count) in zip(histogram.bounds, histogram.counts) {
      total += count
      text += "\(name)_bucket{le=\"\(Self.number(bound))\"} \(total)\n"
    }
    total += histogram.counts.last ?? 0
    text += "\(name)_bucket{le=\"+Inf\"} \(total)\n\(name)_sum \(histogram.sum)\n\(name)_count \(total)\n"
  }

  /// Whole numbers without a decimal point.
  private static func number(_ value: Double) -> String { value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)" }
}
