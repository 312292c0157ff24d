// Whether the house can keep what it is given.
import Synchronization

/// Asks the store, but not more often than once a second: anybody may ask.
public final class HealthCheck: Sendable {
  public struct Report: Sendable, Equatable {
    public var isWell: Bool
    /// Seconds since 1970.
    public var time: UInt64
  }

  private let isWritable: @Sendable () async -> Bool
  private let last = Mutex<(asked: ContinuousClock.Instant, isWell: Bool)?>(nil)

  /// - Parameter isWritable: whether a transaction reaches the disk.
  public init(isWritable: @escaping @Sendable () async -> Bool) { self.isWritable = isWritable }

  func report() async -> Report {
    let now = ContinuousClock.now
    if let last = last.withLock({ $0 }), now - last.asked < .seconds(1) { return Report(isWell: last.isWell, time: ProcessFigures.now) }
    let isWell = await isWritable()
    last.withLock { $0 = (now, isWell) }
    return Report(isWell: isWell, time: ProcessFigures.now)
  }
}
