// What a single client may cost: silence, slowness, numbers.
import Delivery
import HauspostServer
import NIOCore
import Testing

@Suite(.serialized, .timeLimit(.minutes(3))) struct TransportBudgetTests {
  @Test func silentClientsAreClosedAndAnsweringOnesAreNot() async throws {
    let settings = try testSettings {
      // Wide enough for a machine on which other tests compute.
      $1.pingInterval = .seconds(1)
      $1.idleTime = .seconds(5)
    }
    let frontEnd = EchoFrontEnd()
    try await RunningServer.with(settings, frontEnd: frontEnd) { server async throws in
      try await RawClient.with(server.port) { client async throws in
        try await client.upgrade()
        var pings = 0
        while let frame = await client.readFrame() { if frame.opcode == 9 { pings += 1 } }
        #expect((1...6).contains(pings))
      }
      #expect(await eventually { frontEnd.closed == 1 })
      #expect(server.metrics.exposition().contains("hauspost_connections_ended_total{reason=\"idle\"} 1\n"))
      try await RawClient.with(server.port) { client async throws in
        try await client.upgrade()
        for _ in 0..<7 {
          let ping = await client.readFrame()
          #expect(ping?.opcode == 9)
          try await client.send(10, ping?.payload ?? [])
        }
        try await client.send(2, [1])
        #expect(await client.readMessage()?.payload == [1])
      }
    }
  }

  @Test func clientsThatDoNotReadAreClosed() async throws {
    let frontEnd = EchoFrontEnd()
    try await RunningServer.with(testSettings(), frontEnd: frontEnd) { server async throws in
      try await RawClient.with(server.port) { client async throws in
        try await client.upgrade()
        try await client.send(2, [EchoFrontEnd.flood, 60])
        #expect(await eventually { server.metrics.exposition().contains("hauspost_connections_ended_total{reason=\"slow\"} 1\n") })
        #expect(await eventually { frontEnd.closed == 1 })
        // What was on its way arrives, then the connection ends, without a close frame.
        var frames = 0
        while let frame = await client.readFrame() { frames += frame.opcode == 2 ? 1 : 100 }
        #expect(frames < 60)
      }
      // The same amount for one who reads and asks for more.
      try await RawClient.with(server.port) { client async throws in
        try await client.upgrade()
        for _ in 0..<20 {
          try await client.send(2, [EchoFrontEnd.flood, 3])
          for _ in 0..<3 { #expect(await client.readMessage()?.payload.count == EchoFrontEnd.floodFrame.count) }
        }
      }
    }
  }

  @Test func halfARequestIsNotWaitedFor() async throws {
    let settings = try testSettings { $1.requestTime = .milliseconds(300) }
    try await RunningServer.with(settings, frontEnd: EchoFrontEnd()) { server async throws in
      try await RawClient.with(server.port) { client async throws in
        try await client.write("GET /connect HTTP/1.1\r\nHost: ")
        let begun = ContinuousClock.now
        #expect(await client.readToEnd() == [])
        #expect(ContinuousClock.now - begun < .seconds(3))
      }
      // Whoever asks in time stays as long as there is something to say.
      try await RawClient.with(server.port) { client async throws in
        try await client.upgrade()
        try await Task.sleep(for: .milliseconds(600))
        try await client.send(2, [1])
        #expect(await client.readMessage()?.payload == [1])
      }
    }
  }

  @Test func endlessRequestsAreCutOff() async throws {
    let settings = try testSettings { $1.requestBytes = 2_000 }
    try await RunningServer.with(settings, frontEnd: EchoFrontEnd()) { server async throws in
      #expect(try await fetch(server.port, "/", headers: ["X-Padding: " + String(repeating: "a", count: 1_500)]).status == 200)
      try await RawClient.with(server.port) { client async throws in
        try await client.write("GET / HTTP/1.1\r\nHost: x\r\nX-Padding: " + String(repeating: "a", count: 2_500))
        #expect(await client.readToEnd() == [])
      }
    }
  }

  @Test func nonsenseIsABadRequest() async throws {
    try await RunningServer.with(testSettings(), frontEnd: EchoFrontEnd()) { server async throws in
      try await RawClient.with(server.port) { client async throws in
        try await client.write("\u{1}\u{2}\u{3} nonsense\r\n\r\n")
        #expect(await client.readHead().hasPrefix("HTTP/1.1 400"))
        #expect(await client.readToEnd() == [])
      }
    }
  }

  @Test func connectionsOfOneAddressAreCounted() async throws {
    let settings = try testSettings { $1.connectionsPerAddress = 2 }
    try await RunningServer.with(settings, frontEnd: EchoFrontEnd()) { server async throws in
      try await RawClient.with(server.port) { first async throws in
        #expect(try await first.upgrade() == 101)
        try await RawClient.with(server.port) { second async throws in
          #expect(try await second.upgrade() == 101)
          try await RawClient.with(server.port) { third async throws in
            #expect(await third.readToEnd() == [])
          }
        }
        // One has left.
        #expect(await eventually { (try? await RawClient.with(server.port) { try await $0.upgrade() }) == 101 })
      }
      #expect(server.metrics.exposition().contains("hauspost_connections_turned_away_total"))
    }
  }

  @Test func forwardedAddressesCountOnlyBehindAProxy() async throws {
    func tags(_ settings: ServerSettings, _ forwarded: [String]) async throws -> [AddressTag] {
      let frontEnd = EchoFrontEnd()
      return try await RunningServer.with(settings, frontEnd: frontEnd) { server async throws in
        for address in forwarded {
          try await RawClient.with(server.port) { client async throws in
            #expect(try await client.upgrade(headers: ["X-Forwarded-For: \(address)"]) == 101)
            try await client.send(2, [1])
            _ = await client.readMessage()
          }
        }
        return frontEnd.addresses
      }
    }
    let proxy = try testSettings { input, _ in
      input.behindProxy = true
      input.domain = "haus.example"
    }
    // The last entry is the proxy's; what stands before it is the client's own invention. An IPv6 network counts as one address.
    let behind = try await tags(
      proxy, ["192.0.2.1", "192.0.2.2", "192.0.2.2, 192.0.2.1", "2001:db8::1", "2001:db8::2:0:0:2", "2001:db8:0:1::1", "nonsense"])
    #expect(behind.count == 7)
    #expect(behind[0] != behind[1] && behind[0] == behind[2] && behind[3] == behind[4] && behind[3] != behind[5])
    #expect(Set(behind).count == 5)
    #expect(Set(try await tags(testSettings(), ["192.0.2.1", "192.0.2.2"])).count == 1)
  }

  @Test func behindAProxyTheClientsAreCountedAndNotTheProxy() async throws {
    let settings = try testSettings { input, limits in
      input.behindProxy = true
      input.domain = "haus.example"
      limits.connectionsPerAddress = 1
    }
    try await RunningServer.with(settings, frontEnd: EchoFrontEnd()) { server async throws in
      func upgrade(_ client: RawClient, _ address: String) async throws -> Int { try await client.upgrade(headers: ["X-Forwarded-For: \(address)"]) }
      try await RawClient.with(server.port) { first async throws in
        #expect(try await upgrade(first, "192.0.2.1") == 101)
        #expect(try await RawClient.with(server.port) { try await upgrade($0, "192.0.2.2") } == 101)
        #expect(try await RawClient.with(server.port) { try await upgrade($0, "192.0.2.1") } == 429)
      }
    }
  }
}
