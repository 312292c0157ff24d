// The memory twin keeps the rules of a store.
import Delivery
import DeliveryConformance
import Testing

@Suite struct MemoryStoreTests {
  @Test(arguments: storeRules(of: MemoryDeliveryStore.self))
  func keeps(_ rule: StoreRule<MemoryDeliveryStore>) throws { try rule.check(MemoryDeliveryStore()) }

  @Test func aFullDiskKeepsNothing() throws {
    let store = MemoryDeliveryStore()
    store.setFailing(true)
    #expect(throws: StoreError.unavailable) { try store.write { try $0.setPolicy([1]) } }
    #expect(try store.read { try $0.house().policy } == nil)
    store.setFailing(false)
    try store.write { try $0.setPolicy([1]) }
    #expect(try store.read { try $0.house().policy } == [1])
  }
}
