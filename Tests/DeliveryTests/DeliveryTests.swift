// The way of everyday: a house is set up, people come, a group talks, somebody goes.
import CryptoInterface
import Delivery
import DeliveryConformance
import Identity
import MLS
import Testing
import Wire

@Suite struct EverydayTests {
  @Test func aHouseIsSetUpAndPeopleTalk() throws {
    let house = try TestHouse(store: MemoryDeliveryStore())
    let anna = try house.setUp()
    let bert = try house.enrol("Bert", by: anna)
    let clara = try house.enrol("Clara", by: anna)
    for device in [anna, bert, clara] {
      try device.drain()
      try device.publish()
    }
    let room = try anna.createGroup()
    try anna.add([bert, clara], to: room)
    for device in [anna, bert, clara] { try device.settle() }
    try anna.send("good morning", in: room)
    try bert.send("morning", in: room)
    for device in [anna, bert, clara] { try device.settle() }
    #expect(anna.texts == ["morning"])
    #expect(bert.texts == ["good morning"])
    #expect(clara.texts == ["good morning", "morning"])
    // Clara is removed: she hears it, and nothing after.
    #expect(try isAccepted(anna.commit([.remove(anna.leaf(of: clara, in: room))], in: room)))
    for device in [anna, bert, clara] { try device.settle() }
    try bert.send("she is gone", in: room)
    for device in [anna, bert, clara] { try device.settle() }
    #expect(anna.texts == ["morning", "she is gone"])
    #expect(clara.texts == ["good morning", "morning"])
    #expect(try clara.room(room).isRemoved)
    // Everything is acknowledged: nothing is left of it.
    #expect(house.store.state.storedBodies == 0)
    #expect(house.store.state.storedRows == 0)
  }
}
