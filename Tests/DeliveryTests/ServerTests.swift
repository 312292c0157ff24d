// The server as the WebSocket side sees it: many connections at once.
import CryptoInterface
import Delivery
import DeliveryConformance
import SwiftCryptoProvider
import Testing
import TLSCodec
import Wire

@Suite struct ServerTests {
  @Test func manyConnectionsShareTransactions() async throws {
    let crypto = SwiftCryptoProvider()
    let configuration = DeliveryConfiguration(
      domain: "haus.example", serverKey: try crypto.generateSignatureKeyPair(.ed25519), setUpKey: nil, limits: .generous)
    let server = DeliveryServer(store: MemoryDeliveryStore(), configuration: configuration, crypto: crypto, clock: { 1_800_000_000_000 })
    let received = (0...200).map { _ in ReceivedFrames() }
    let hello = ClientFrame(number: 5, request: .hello(Hello(version: 1))).encoded()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 1...200 as ClosedRange<UInt64> {
        let frames = received[Int(number)]
        group.addTask {
          let connection = ConnectionID(number)
          await server.open(connection, address: AddressTag([1]), output: { frames.append($0) })
          await server.receive(hello, on: connection)
          // The answer is there when `receive` returns.
          let answers = frames.take()
          guard answers.count == 1, case .answer(5, .greeting) = try ServerFrame(decoding: answers[0]).content else {
            throw TestFailure("connection \(number)")
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(await server.connectionCount == 200)
    for number in 1...100 as ClosedRange<UInt64> { await server.close(ConnectionID(number)) }
    #expect(await server.connectionCount == 100)
    await server.goDown()
    #expect(await server.connectionCount == 0)
    let last = try #require(received[200].take().last)
    #expect(last.isEmpty)
  }
}
