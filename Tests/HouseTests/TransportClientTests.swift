// The client's connection, against the real server and against things that are no house; TLS; and when it connects again.
import Foundation
import HauspostServer
import MessengerRuntime
import NIOCore
import NIOPosix
import TLSCodec
import Testing
import Wire

@Suite(.serialized, .timeLimit(.minutes(1))) struct TransportClientTests {
  func endpoint(_ port: Int) throws -> ConnectionEndpoint { try ConnectionEndpoint(origin: "http://127.0.0.1:\(port)") }

  /// Why there is no connection.
  func failure(_ endpoint: ConnectionEndpoint, trust: ConnectionTrust = .system, _ settings: ConnectionSettings = ConnectionSettings()) async -> ConnectionError? {
    do {
      try await WebSocketConnection.with(endpoint, trust: trust, settings: settings) { _ in }
      return nil
    } catch { return error as? ConnectionError ?? .closed }
  }

  /// A server that takes connections, says `answer` to the first bytes, and nothing more.
  func withMute<Result>(_ answer: String?, _ body: (Int) async throws -> Result) async throws -> Result {
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { $0.eventLoop.makeCompletedFuture { [channel = $0] in try channel.pipeline.syncOperations.addHandler(MuteHandler(answer: answer)) } }
      .bind(host: "127.0.0.1", port: 0).get()
    let result = try await body(channel.localAddress?.port ?? 0)
    try await channel.close()
    return result
  }

  final class MuteHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    let answer: String?
    init(answer: String?) { self.answer = answer }
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      if let answer { context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(string: answer)), promise: nil) }
    }
  }

  @Test func messagesOfAllSizesComeBackInOrder() async throws {
    try await RunningServer.with(testSettings(), frontEnd: EchoFrontEnd()) { server async throws in
      let end = try await WebSocketConnection.with(endpoint(server.port)) { connection async throws in
        var frames = connection.frames.makeAsyncIterator()
        for size in [1, 125, 126, 65_536, 3 << 20] {
          let message = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
          try await connection.send(message)
          #expect(await frames.next() == message)
        }
        for number in 0..<200 { try await connection.send([1, UInt8(number)]) }
        for number in 0..<200 { #expect(await frames.next() == [1, UInt8(number)]) }
        #expect(connection.end == nil)
        connection.close()
        #expect(await frames.next() == nil)
        await #expect(throws: ConnectionError.closed) { try await connection.send([1]) }
        return connection.end
      }
      #expect(end == .ended)
      #expect(await eventually { server.metrics.exposition().contains("hauspost_connections_ended_total{reason=\"peer\"} 1\n") })
    }
  }

  @Test func aStoppingServerSaysSo() async throws {
    try await RunningServer.with(testSettings(), frontEnd: EchoFrontEnd()) { server async throws in
      try await WebSocketConnection.with(endpoint(server.port)) { connection async throws in
        await server.stop()
        var received: [[UInt8]] = []
        for await frame in connection.frames { received.append(frame) }
        #expect(received == [ServerFrame(.push(.goodbye(.goingDown))).encoded()])
        #expect(connection.end == .closed(code: 1001))
      }
    }
  }

  @Test func silenceEndsAConnectionAndPingsKeepIt() async throws {
    try await RunningServer.with(testSettings(), frontEnd: EchoFrontEnd()) { server async throws in
      var deaf = ConnectionSettings()
      deaf.pingMilliseconds = 60_000
      deaf.idleMilliseconds = 300
      try await WebSocketConnection.with(endpoint(server.port), settings: deaf) { connection async throws in
        for await _ in connection.frames {}
        #expect(connection.end == .idle)
      }
      var lively = deaf
      lively.pingMilliseconds = 100
      lively.idleMilliseconds = 1_000
      try await WebSocketConnection.with(endpoint(server.port), settings: lively) { connection async throws in
        try await Task.sleep(for: .milliseconds(2_500))
        #expect(connection.end == nil)
        try await connection.send([1])
        var frames = connection.frames.makeAsyncIterator()
        #expect(await frames.next() == [1])
      }
    }
  }

  @Test func whatIsNoHouseIsNamed() async throws {
    let unused = try await withMute(nil) { $0 }
    #expect(await failure(try endpoint(unused)) == .unreachable)
    var short = ConnectionSettings()
    short.connectMilliseconds = 300
    #expect(try await withMute(nil) { await failure(try endpoint($0), short) } == .timedOut)
    #expect(try await withMute("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n") { await failure(try endpoint($0)) } == .refused(status: 503))
    #expect(try await withMute("220 mail.example ESMTP\r\n") { await failure(try endpoint($0), short) } == .notAHouse)
    // The right answer to a key that was not asked with.
    let forged =
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: chat.1\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    let reason = try await withMute(forged) { await failure(try endpoint($0), short) }
    #expect(reason != nil)
    try await RunningServer.with(testSettings(), frontEnd: EchoFrontEnd()) { server async throws in #expect(await failure(try endpoint(server.port)) == nil) }
  }

  @Test func addressesAreRead() throws {
    #expect(try ConnectionEndpoint(origin: "https://Haus.example").origin == "https://haus.example")
    #expect(try ConnectionEndpoint(origin: "https://haus.example:8443/").port == 8443)
    #expect(try ConnectionEndpoint(origin: "http://[::1]:8080").host == "::1")
    for origin in ["haus.example", "https://", "https://a/b", "https://a#b", "https://u@a", "https://a:0", "https://a:x", "https://::1", "ftp://a", "https://a b"] {
      #expect(throws: ConnectionError.invalidAddress, "\(origin)") { try ConnectionEndpoint(origin: origin) }
    }
    for origin in ["http://haus.example", "http://127.0.0.1.evil.example", "http://192.168.0.1", "http://127.0.0.300"] {
      #expect(throws: ConnectionError.notSecure, "\(origin)") { try ConnectionEndpoint(origin: origin) }
    }
  }

  /// A certificate for `localhost` and an authority of its own; both are made by openssl.
  func certificate(in folder: String, _ name: String, for host: String = "DNS:localhost") throws -> (certificate: String, key: String) {
    let (certificate, key) = ("\(folder)/\(name).pem", "\(folder)/\(name).key")
    let openssl = Process()
    openssl.executableURL = URL(filePath: "/usr/bin/openssl")
    openssl.arguments = [
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=\(name)", "-addext", "subjectAltName=\(host)",
      "-keyout", key, "-out", certificate,
    ]
    openssl.standardError = FileHandle.nullDevice
    try openssl.run()
    openssl.waitUntilExit()
    try #require(openssl.terminationStatus == 0)
    return (certificate, key)
  }

  @Test func tlsIsCheckedOnBothSides() async throws {
    try await withFolder { folder async throws in
      let house = try certificate(in: folder, "house")
      let other = try certificate(in: folder, "other")
      let settings = try testSettings { input, _ in
        input.domain = "localhost"
        input.tlsCertificate = house.certificate
        input.tlsKey = house.key
      }
      try await RunningServer.with(settings, frontEnd: EchoFrontEnd()) { server async throws in
        func reason(_ host: String, _ trust: ConnectionTrust) async throws -> ConnectionError? {
          await failure(try ConnectionEndpoint(origin: "https://\(host):\(server.port)"), trust: trust)
        }
        try await WebSocketConnection.with(
          try ConnectionEndpoint(origin: "https://localhost:\(server.port)"), trust: .authorities(file: house.certificate)
        ) { connection async throws in
          let message = [UInt8](repeating: 3, count: 1 << 20)
          try await connection.send(message)
          var frames = connection.frames.makeAsyncIterator()
          #expect(await frames.next() == message)
        }
        #expect(try await reason("localhost", .system) == .certificate)
        #expect(try await reason("localhost", .authorities(file: other.certificate)) == .certificate)
        // Where the address is not in it, a certificate is worth nothing, however trusted.
        for _ in 0..<20 { #expect(try await reason("127.0.0.1", .authorities(file: house.certificate)) == .certificate) }
        #expect(try await reason("localhost", .authorities(file: folder + "/none.pem")) == .trustFile)
        // Plain HTTP gets nothing from a TLS port.
        try await RawClient.with(server.port) { client async throws in
          try await client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
          #expect(!String(decoding: await client.readToEnd(), as: UTF8.self).contains("HTTP/1.1 200"))
        }
        // A renewed certificate serves from the next connection on; one that does not fit its key changes nothing.
        try FileManager.default.removeItem(atPath: house.certificate)
        try FileManager.default.copyItem(atPath: other.certificate, toPath: house.certificate)
        server.reloadCertificates()
        #expect(try await reason("localhost", .authorities(file: other.certificate)) == .certificate)
        try FileManager.default.removeItem(atPath: house.key)
        try FileManager.default.copyItem(atPath: other.key, toPath: house.key)
        server.reloadCertificates()
        #expect(try await reason("localhost", .authorities(file: other.certificate)) == nil)
      }
      let mixed = try testSettings { input, _ in
        input.domain = "localhost"
        input.tlsCertificate = house.certificate
        input.tlsKey = folder + "/none.key"
      }
      await #expect(throws: SettingsError.self) { try await RunningServer.with(mixed, frontEnd: EchoFrontEnd()) { _ in } }
    }
  }

  @Test func aTakenPortIsExplained() async throws {
    try await RunningServer.with(testSettings(), frontEnd: EchoFrontEnd()) { server async throws in
      let same = try testSettings { input, _ in input.listen = "127.0.0.1:\(server.port)" }
      do {
        try await RunningServer.with(same, frontEnd: EchoFrontEnd()) { _ in }
        Issue.record("two servers on one port")
      } catch { #expect((error as? SettingsError)?.flag == "--listen") }
    }
  }
}

@Suite struct TransportReconnectTests {
  struct NoWait: Error {}

  func until(_ step: Reconnect.Step) throws(NoWait) -> UInt64 {
    guard case .wait(let until) = step else { throw NoWait() }
    return until
  }

  @Test func pausesGrowToAMinuteAndStayRandom() throws {
    var policy = Reconnect()
    #expect(policy.step(at: 0) == .connect)
    var now: UInt64 = 1_000
    var shortest: [UInt64] = []
    for failure in 0..<20 {
      let earliest = try until(policy.ended(.lost, at: now, random: 0))
      shortest.append(earliest - now)
      #expect(policy.step(at: earliest - 1) == .wait(until: earliest) && policy.step(at: earliest) == .connect)
      #expect(earliest - now == min(60_000, 500 << UInt64(min(failure, 16))) / 2)
      now = earliest
    }
    #expect(shortest.last == 30_000)
    var pauses: Set<UInt64> = []
    for random: UInt64 in [1, 12_345, .max] {
      var copy = policy
      pauses.insert(try until(copy.ended(.lost, at: now, random: random)) - now)
    }
    #expect(pauses.count == 3 && pauses.allSatisfy { (30_000...60_000).contains($0) })
  }

  @Test func onlyAGoodConnectionForgetsFailures() {
    var policy = Reconnect()
    for _ in 0..<5 { _ = policy.ended(.lost, at: 0, random: 0) }
    var short = policy
    short.connected(at: 1_000)
    #expect(short.ended(.lost, at: 1_100, random: 0) == .wait(until: 1_100 + 8_000))
    var good = policy
    good.connected(at: 1_000)
    #expect(good.ended(.lost, at: 31_000, random: 0) == .wait(until: 31_000 + 250))
  }

  @Test func theServersWordCounts() throws {
    var policy = Reconnect()
    for random: UInt64 in [0, 9_999, .max] {
      #expect((1_000...11_000).contains(try until(policy.ended(.goingDown, at: 0, random: random))))
    }
    #expect((40_000...51_000).contains(try until(policy.ended(.later(seconds: 40), at: 0, random: .max))))
    #expect(policy.ended(.lost, at: .max - 1, random: 0) == .wait(until: .max))
    #expect(policy.wake(at: 5) == .connect)
    #expect(policy.ended(.final, at: 6, random: 0) == .giveUp)
    #expect(policy.wake(at: 7) == .giveUp && policy.step(at: .max) == .giveUp)
  }
}
