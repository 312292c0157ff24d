// Batches over all cores. An item costs some 100 µs or more, so chunks of a few items keep the overhead of a hand-over below one per cent and the
// cores evenly busy.
import CryptoInterface
import Dispatch

private let chunk = 4

extension SwiftCryptoProvider {
  public func verify(_ scheme: SignatureScheme, batch: [SignatureToVerify]) -> [Bool] {
    concurrentMap(batch) { verify(scheme, $0) }
  }

  public func hpkeSeal(_ suite: CipherSuiteParameters, batch: [PlaintextToSeal]) throws(CryptoError) -> [HPKECiphertext] {
    let contexts = contexts(suite, for: batch)
    let sealed = concurrentMap(Array(zip(batch, contexts))) { item, context -> Result<HPKECiphertext, CryptoError> in
      do throws(CryptoError) {
        return .success(try hpkeSeal(suite, to: item.publicKey, context: context, item.plaintext))
      } catch {
        return .failure(error)
      }
    }
    var results: [HPKECiphertext] = []
    results.reserveCapacity(sealed.count)
    for item in sealed { results.append(try item.get()) }
    return results
  }
}

private func concurrentMap<Item: Sendable, Value: Sendable>(_ items: [Item], _ body: @Sendable (Item) -> Value) -> [Value] {
  guard items.count > chunk else { return items.map(body) }
  return [Value](unsafeUninitializedCapacity: items.count) { buffer, initialized in
    // Safe because: every index is written by exactly one iteration, and concurrentPerform returns after all of them.
    nonisolated(unsafe) let base = buffer.baseAddress!
    DispatchQueue.concurrentPerform(iterations: (items.count + chunk - 1) / chunk) { part in
      for i in part * chunk..<min((part + 1) * chunk, items.count) { (base + i).initialize(to: body(items[i])) }
    }
    initialized = items.count
  }
}
