// The store with a watch beside it.
import Delivery

/// Counts each transaction and its time to disk.
public struct MeasuredStore<Base: DeliveryStore>: DeliveryStore {
  let base: Base
  let metrics: Metrics

  public func write<R>(_ body: (any DeliveryTransaction) throws -> R) throws -> R {
    let begun = ContinuousClock.now
    let result = try base.write(body)
    metrics.stored(took: ContinuousClock.now - begun)
    return result
  }

  public func read<R>(_ body: (any DeliveryTransaction) throws -> R) throws -> R { try base.read(body) }
}
