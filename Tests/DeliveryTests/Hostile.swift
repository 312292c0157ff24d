// What the tests about hostile clients have in common: a refusal has its name, and nothing in the store has changed.
import CryptoInterface
import Delivery
import DeliveryConformance
import Identity
import MLS
import SwiftCryptoProvider
import Testing
import TLSCodec
import Wire

typealias MemoryHouse = TestHouse<MemoryDeliveryStore>
typealias MemoryDevice = TestDevice<MemoryDeliveryStore>

/// Whether an answer says accepted.
func isAccepted(_ answer: Answer) -> Bool {
  if case .accepted = answer { return true }
  return false
}

/// The code of a refusal.
func refusal(_ answer: Answer) -> RefusalCode? {
  if case .refused(let refusal) = answer { return refusal.code }
  return nil
}

/// Asks for what must be refused.
func refused(
  _ code: RefusalCode, _ request: Request, on connection: TestConnection<MemoryDeliveryStore>,
  at location: SourceLocation = #_sourceLocation
) throws {
  let before = connection.house.store.state
  let answer = try connection.ask(request)
  #expect(refusal(answer) == code, "\(answer)", sourceLocation: location)
  #expect(connection.house.store.state == before, "the store has changed", sourceLocation: location)
}

func refused(_ code: RefusalCode, _ request: Request, by device: MemoryDevice, at location: SourceLocation = #_sourceLocation) throws {
  try refused(code, request, on: device.connection, at: location)
}

/// Asks for what must not be refused.
func accepted(_ request: Request, by device: MemoryDevice, at location: SourceLocation = #_sourceLocation) throws {
  let answer = try device.ask(request)
  #expect(refusal(answer) == nil, "\(answer)", sourceLocation: location)
}

/// Anna, Bert and Clara in a group of Anna's, Dora outside of it; all logged in.
struct Quartet {
  let house: MemoryHouse
  let anna: MemoryDevice
  let bert: MemoryDevice
  let clara: MemoryDevice
  let dora: MemoryDevice
  let room: [UInt8]
  var all: [MemoryDevice] { [anna, bert, clara, dora] }

  init(limits: DeliveryLimits = .generous) throws {
    house = try TestHouse(store: MemoryDeliveryStore(), limits: limits)
    anna = try house.setUp()
    bert = try house.enrol("Bert", by: anna)
    clara = try house.enrol("Clara", by: anna)
    dora = try house.enrol("Dora", by: anna)
    for device in [anna, bert, clara, dora] {
      try device.drain()
      try device.publish(8)
    }
    room = try anna.createGroup()
    try anna.add([bert, clara], to: room)
    try settle()
  }

  func settle() throws { for device in all { try device.settle() } }

  /// A key package of a device, not taken from the pool.
  func addition(of device: MemoryDevice) throws -> Proposal {
    let bundle = try device.keyPackage()
    device.bundles.append(bundle)
    return .add(bundle.keyPackage)
  }
}
