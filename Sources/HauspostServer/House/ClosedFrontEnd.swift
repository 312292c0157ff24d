// Stands in until the store is wired: ends each connection.
import Delivery

struct ClosedFrontEnd: DeliveryFrontEnd {
  func open(_ connection: ConnectionID, address: AddressTag, output: @escaping @Sendable ([UInt8]) -> Void) async { output([]) }
  func receive(_ frame: [UInt8], on connection: ConnectionID) async {}
  func close(_ connection: ConnectionID) async {}
}
