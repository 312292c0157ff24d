// Live counters against abuse: in memory only, forgotten when the server stops, never stored with what people send.
import Wire

/// How much of their allowances devices, connections and addresses have used.
struct Budgets {
  enum Kind: UInt8 {
    case requests, claims, lookups, chains, groups, statements, strangers, logIns, ratchet
  }
  private struct Key: Hashable {
    var kind: Kind
    var who: [UInt8]
  }
  private struct Bucket {
    var left: Double
    var at: UInt64
  }
  private var buckets: [Key: Bucket] = [:]
  /// Buckets held before the full ones are dropped.
  private static let most = 20_000

  /// Takes from an allowance.
  /// - Parameters:
  ///   - now: milliseconds.
  /// - Throws: `Refusal(.tooMany)` with the time to wait.
  mutating func spend(_ cost: Double = 1, of kind: Kind, _ allowance: Allowance, by who: [UInt8], at now: UInt64) throws {
    let key = Key(kind: kind, who: who)
    var bucket = buckets[key] ?? Bucket(left: allowance.burst, at: now)
    // A clock that goes back gives nothing.
    if now > bucket.at { bucket.left = min(allowance.burst, bucket.left + Double(now - bucket.at) / 1_000 * allowance.perSecond) }
    bucket.at = max(bucket.at, now)
    guard bucket.left >= cost else {
      buckets[key] = bucket
      let seconds = cost > allowance.burst ? 0 : ((cost - bucket.left) / max(allowance.perSecond, 1e-6)).rounded(.up)
      throw Refusal(.tooMany, retryAfter: UInt32(min(seconds, 86_400)), detail: "allowance used up")
    }
    bucket.left -= cost
    buckets[key] = bucket
    if buckets.count > Self.most { drop(at: now) }
  }

  /// Forgets who has not asked for an hour; if that is not enough, everybody: a restart would do the same.
  private mutating func drop(at now: UInt64) {
    buckets = buckets.filter { $0.value.at + 3_600_000 > now }
    if buckets.count > Self.most { buckets = [:] }
  }
}
