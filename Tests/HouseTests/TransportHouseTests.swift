// The house behind the network: store, key and set-up link, from folder to greeting.
import HauspostServer
import Identity
import MessengerRuntime
import SwiftCryptoProvider
import TLSCodec
import Testing
import Wire

@Suite(.serialized, .timeLimit(.minutes(1))) struct TransportHouseTests {
  @Test func aFreshHouseGreetsAndAwaitsItsSetUp() async throws {
    try await withFolder { folder async throws in
      let settings = try testSettings { input, _ in input.data = folder + "/data" }
      var secrets: [LinkSecret] = []
      for _ in 0..<2 {
        let metrics = Metrics()
        let house = try OpenHouse(settings, metrics: metrics)
        let link = try Link.parse(try #require(try house.setUpLink(origin: "http://127.0.0.1:8080")))
        #expect(link.kind == .setUp && link.origin == "http://127.0.0.1:8080" && link.secret == house.setUpSecret)
        secrets.append(link.secret)
        try await RunningServer.with(settings, frontEnd: house.frontEnd) { server async throws in
          try await WebSocketConnection.with(ConnectionEndpoint(origin: "http://127.0.0.1:\(server.port)")) { connection async throws in
            try await connection.send(ClientFrame(number: 7, request: .hello(Hello(version: WireVersion.current))).encoded())
            var frames = connection.frames.makeAsyncIterator()
            guard case .answer(7, .greeting(let greeting)) = try ServerFrame(decoding: try #require(await frames.next())).content else {
              Issue.record("no greeting")
              return
            }
            #expect(greeting.domain == Array("localhost".utf8) && greeting.house == nil)
            // Two hellos are two transactions; the size of the first is known when the second begins.
            try await connection.send(ClientFrame(number: 8, request: .hello(Hello(version: WireVersion.current))).encoded())
            _ = await frames.next()
          }
        }
        let text = metrics.exposition()
        #expect(text.contains("hauspost_commit_seconds_count 2\n"))
        // Only one house at a time in a folder.
        #expect(throws: SettingsError.self) { try OpenHouse(settings, metrics: metrics) }
        try house.close()
      }
      // Nothing of the first link is kept.
      #expect(secrets[0] != secrets[1])
    }
  }
}
