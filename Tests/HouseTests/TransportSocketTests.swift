// The WebSocket at /connect: what is accepted, what is refused and with which code, and how connections end.
import HauspostServer
import TLSCodec
import Testing
import Wire

@Suite(.serialized, .timeLimit(.minutes(1))) struct TransportSocketTests {
  /// Upgrades, sends `bytes`, and returns the code of the server's close frame.
  func closeCode(_ settings: ServerSettings? = nil, after bytes: [[UInt8]]) async throws -> UInt16? {
    try await RunningServer.with(settings ?? testSettings(), frontEnd: EchoFrontEnd()) { server async throws in
      try await RawClient.with(server.port) { client async throws in
        try await client.upgrade()
        for piece in bytes { try await client.write(piece) }
        return await client.readClose()
      }
    }
  }

  @Test func messagesComeBack() async throws {
    let frontEnd = EchoFrontEnd()
    try await RunningServer.with(testSettings(), frontEnd: frontEnd) { server async throws in
      try await RawClient.with(server.port) { client async throws in
        try await client.write(RawClient.upgrade())
        let head = await client.readHead().lowercased()
        #expect(head.hasPrefix("http/1.1 101"))
        #expect(head.contains("sec-websocket-protocol: chat.1\r\n"))
        #expect(!head.contains("sec-websocket-extensions"))
        for size in [0, 1, 125, 126, 70_000] {
          let message = [UInt8](repeating: 5, count: size)
          try await client.send(2, message)
          // The front end takes a frame without bytes as a request to close; nothing comes back for it.
          if size > 0 { #expect(await client.readMessage() == WebSocketFrameBytes(fin: true, opcode: 2, payload: message)) } else { break }
        }
      }
      #expect(await eventually { frontEnd.closed == 1 && frontEnd.open == 0 })
    }
  }

  @Test func fragmentsBecomeOneMessageAndPingsAreAnsweredBetween() async throws {
    try await RunningServer.with(testSettings(), frontEnd: EchoFrontEnd()) { server async throws in
      try await RawClient.with(server.port) { client async throws in
        try await client.upgrade()
        try await client.send(2, [1, 2], fin: false)
        try await client.send(0, [], fin: false)
        try await client.send(9, [42])
        try await client.send(0, [3])
        #expect(await client.readMessage() == WebSocketFrameBytes(fin: true, opcode: 10, payload: [42]))
        #expect(await client.readMessage() == WebSocketFrameBytes(fin: true, opcode: 2, payload: [1, 2, 3]))
      }
    }
  }

  @Test func whatTheStandardForbidsIsAProtocolError() async throws {
    // Accepted: the same message, masked and without reserved bits, in `messagesComeBack`.
    #expect(try await closeCode(after: [RawClient.frame(2, [1], masked: false)]) == 1002)
    #expect(try await closeCode(after: [RawClient.frame(2, [1], reserved: 4)]) == 1002)
    #expect(try await closeCode(after: [RawClient.frame(3, [1])]) == 1002)
    #expect(try await closeCode(after: [RawClient.frame(0, [1])]) == 1002)
    #expect(try await closeCode(after: [RawClient.frame(9, [], fin: false)]) == 1002)
    let few = try testSettings { $1.fragments = 4 }
    let pieces = [RawClient.frame(2, [1], fin: false)] + (0..<4).map { _ in RawClient.frame(0, [1], fin: false) }
    #expect(try await closeCode(few, after: pieces) == 1002)
  }

  @Test func textIsUnacceptable() async throws {
    #expect(try await closeCode(after: [RawClient.frame(1, Array("hello".utf8))]) == 1003)
  }

  @Test func sizesAreBounded() async throws {
    let settings = try testSettings { $1.frameBytes = 1_000 }
    #expect(try await closeCode(settings, after: [RawClient.frame(2, [UInt8](repeating: 0, count: 1_001))]) == 1009)
    let half = [UInt8](repeating: 0, count: 501)
    #expect(try await closeCode(settings, after: [RawClient.frame(2, half, fin: false), RawClient.frame(0, half)]) == 1009)
    // The header alone is enough: nothing of such a message is waited for.
    #expect(try await closeCode(after: [Array(RawClient.frame(2, [UInt8](repeating: 0, count: WireLimits.frameBytes + 1))[..<14])]) == 1009)
    try await RunningServer.with(settings, frontEnd: EchoFrontEnd()) { server async throws in
      try await RawClient.with(server.port) { client async throws in
        try await client.upgrade()
        let largest = [UInt8](repeating: 1, count: 1_000)
        try await client.send(2, largest)
        #expect(await client.readMessage()?.payload == largest)
      }
    }
  }

  @Test func originsOfOthersAreRefused() async throws {
    try await RunningServer.with(testSettings(), frontEnd: EchoFrontEnd()) { server async throws in
      func status(_ headers: [String]) async throws -> Int { try await RawClient.with(server.port) { try await $0.upgrade(headers: headers) } }
      #expect(try await status([]) == 101)
      #expect(try await status(["Origin: http://127.0.0.1:\(server.port)"]) == 101)
      #expect(try await status(["Origin: http://localhost:\(server.port)"]) == 101)
      #expect(try await status(["Origin: https://evil.example"]) == 403)
      #expect(try await status(["Origin: null"]) == 403)
      #expect(try await status(["Origin: http://127.0.0.1:\(server.port).evil.example"]) == 403)
      #expect(try await status(["Origin: http://127.0.0.1:\(server.port)", "Origin: https://evil.example"]) == 403)
    }
  }

  @Test func onlyTheRightPathAndSubprotocolAreUpgraded() async throws {
    try await RunningServer.with(testSettings(), frontEnd: EchoFrontEnd()) { server async throws in
      func status(_ path: String, _ subprotocol: String?, _ headers: [String] = []) async throws -> Int {
        try await RawClient.with(server.port) { try await $0.upgrade(headers: headers, path: path, subprotocol: subprotocol) }
      }
      #expect(try await status("/connect", "chat.1") == 101)
      #expect(try await status("/connect?x=1", "chat.9, chat.1") == 101)
      #expect(try await status("/connect", "chat.2") == 400)
      #expect(try await status("/connect", "xchat.1") == 400)
      #expect(try await status("/connect", nil) == 400)
      #expect(try await status("/", "chat.1") == 200)
      #expect(try await status("/connected", "chat.1") == 404)
      #expect(try await fetch(server.port, "/connect").status == 426)
      // What curl asks for with --http2 is no WebSocket; the page comes all the same.
      #expect(try await fetch(server.port, "/", headers: ["Upgrade: h2c", "HTTP2-Settings: AAMAAABk"]).status == 200)
    }
  }

  @Test func closingIsAnsweredWithTheSameCode() async throws {
    try await RunningServer.with(testSettings(), frontEnd: EchoFrontEnd()) { server async throws in
      for (sent, answered) in [(1000, 1000), (1001, 1001), (4321, 4321), (1005, 1002), (999, 1002)] as [(UInt16, UInt16)] {
        try await RawClient.with(server.port) { client async throws in
          try await client.upgrade()
          try await client.send(8, [UInt8(sent >> 8), UInt8(sent & 0xFF)])
          #expect(await client.readClose() == answered)
          #expect(await client.readFrame() == nil)
        }
      }
    }
  }

  @Test func theFrontEndCanEndAConnection() async throws {
    try await RunningServer.with(testSettings(), frontEnd: EchoFrontEnd()) { server async throws in
      try await RawClient.with(server.port) { client async throws in
        try await client.upgrade()
        try await client.send(2, [EchoFrontEnd.end])
        #expect(await client.readMessage()?.payload == ServerFrame(.push(.goodbye(.revoked))).encoded())
        #expect(await client.readClose() == 1008)
      }
    }
  }

  @Test func messagesOfAConnectionAreHandledOneAfterTheOther() async throws {
    let frontEnd = EchoFrontEnd(delay: .milliseconds(20))
    try await RunningServer.with(testSettings(), frontEnd: frontEnd) { server async throws in
      try await RawClient.with(server.port) { client async throws in
        try await client.upgrade()
        try await client.write((0..<10).flatMap { RawClient.frame(2, [UInt8($0)]) })
        for number in 0..<10 { #expect(await client.readMessage()?.payload == [UInt8(number)]) }
      }
      #expect(frontEnd.mostRunning == 1)
    }
  }

  @Test func stoppingSaysGoodbye() async throws {
    let frontEnd = EchoFrontEnd()
    try await RunningServer.with(testSettings(), frontEnd: frontEnd) { server async throws in
      try await RawClient.with(server.port) { client async throws in
        try await client.upgrade()
        try await client.send(2, [1])
        #expect(await client.readMessage()?.payload == [1])
        async let stopped: Void = server.stop()
        #expect(await client.readMessage()?.payload == ServerFrame(.push(.goodbye(.goingDown))).encoded())
        // The answer is not given; the server does not wait for it for ever.
        #expect(await client.readClose() == 1001)
        #expect(await client.readFrame() == nil)
        await stopped
      }
      #expect(await eventually { frontEnd.closed == 1 })
      await #expect(throws: (any Error).self) { try await RawClient.with(server.port) { _ in } }
    }
  }
}
