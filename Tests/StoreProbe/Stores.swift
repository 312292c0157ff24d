// What a numbered transaction is in each store. The tests compute the same values.
import Delivery
import DeliverySQLite
import MessengerStore

/// 300 to 1,300 bytes that follow from the number.
func value(of number: Int) -> [UInt8] { (0..<300 + number * 37 % 1_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ number) } }
func twoBytes(_ number: Int) -> [UInt8] { [UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number)] }

/// A record, and the record that counts them.
final class ClientProbe: Probed {
  private let store: MessengerStore

  init(path: String, synchronous: MessengerStore.Synchronous) throws { store = try MessengerStore(path: path, synchronous: synchronous) }

  func write(_ number: Int) throws { try store.write([([1] + twoBytes(number), value(of: number)), ([0], twoBytes(number))]) }
  func truncate() throws { try store.truncateLog() }
  /// With the last reference.
  func close() {}
}

/// A mailbox row, its body, and the key of the next row.
final class ServerProbe: Probed {
  private let store: SQLiteDeliveryStore
  private let mailbox = [UInt8](repeating: 2, count: 16)

  init(path: String) throws { store = try SQLiteDeliveryStore(path: path) }

  func write(_ number: Int) throws {
    try store.write { transaction in
      if number == 1 {
        let device = DeviceRecord(device: [UInt8](repeating: 1, count: 16), account: [], mailbox: mailbox, signatureKey: [])
        guard try transaction.insert(device, mailboxKey: twoBytes(1)) else { throw Refused() }
      }
      try transaction.insertBody(BodyRecord(sealedCount: [1], sealed: value(of: number)), id: twoBytes(number), day: 1)
      guard try transaction.enqueue(twoBytes(number), mailbox: mailbox, number: UInt64(number), nextKey: twoBytes(number + 1), day: 1) else { throw Refused() }
    }
  }
  func truncate() throws { try store.checkpoint() }
  func close() throws { try store.close() }

  struct Refused: Error {}
}
