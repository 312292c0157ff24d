// Who connects, without knowing who: addresses become keyed hashes at once, and are only ever counted.
import CryptoInterface
import Delivery
import NIOCore
import SwiftCryptoProvider
import Synchronization

/// Makes tags of addresses. The key is drawn at start and kept in memory alone, so tags of two runs cannot be compared.
struct AddressTagger: Sendable {
  private let key: Secret
  private let crypto = SwiftCryptoProvider()

  init() { key = Secret(crypto.random(32)) }

  /// One tag for each IPv4 address and for each IPv6 network of 64 bits: a single host owns all addresses of such a network.
  func tag(_ address: SocketAddress?) -> AddressTag {
    let bytes = address?.addressBytes ?? []
    let counted = bytes.count == 16 ? Array(bytes[..<8]) : bytes
    return AddressTag(Array(crypto.hmac(.sha256, key: key, counted)[..<16]))
  }
}

/// Open connections, in all and from each address. Nothing of it outlives the connection.
final class ConnectionCounter: Sendable {
  private struct State {
    var total = 0
    var byAddress: [AddressTag: Int] = [:]
  }
  private let state = Mutex(State())
  private let limit: Int
  private let limitPerAddress: Int

  init(limit: Int, limitPerAddress: Int) {
    self.limit = limit
    self.limitPerAddress = limitPerAddress
  }

  /// Counts a connection. - Returns: false, and counts nothing, where there are too many.
  func enter() -> Bool {
    state.withLock { state in
      guard state.total < limit else { return false }
      state.total += 1
      return true
    }
  }

  func leave() { state.withLock { $0.total -= 1 } }

  /// The same for one address.
  func enter(_ address: AddressTag) -> Bool {
    state.withLock { state in
      guard state.byAddress[address, default: 0] < limitPerAddress else { return false }
      state.byAddress[address, default: 0] += 1
      return true
    }
  }

  func leave(_ address: AddressTag) {
    state.withLock { state in
      guard let count = state.byAddress[address] else { return }
      state.byAddress[address] = count > 1 ? count - 1 : nil
    }
  }
}
