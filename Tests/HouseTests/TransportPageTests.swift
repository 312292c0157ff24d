// The pages: what the house is, whether it is well, what it counts; and what the log does not say.
import HauspostServer
import Synchronization
import TLSCodec
import Testing
import Wire

@Suite(.serialized, .timeLimit(.minutes(1))) struct TransportPageTests {
  @Test func everyAnswerCarriesTheSecurityHeaders() async throws {
    try await RunningServer.with(testSettings(), frontEnd: EchoFrontEnd()) { server async throws in
      for (path, status) in [("/", 200), ("/house.css", 200), ("/healthz", 200), ("/metrics", 200), ("/nowhere", 404), ("/connect", 426)] {
        let answer = try await fetch(server.port, path)
        #expect(answer.status == status, "\(path)")
        let head = answer.head.lowercased()
        for field in [
          "content-security-policy: default-src 'none';", "x-content-type-options: nosniff", "referrer-policy: no-referrer", "cache-control: no-store",
          "cross-origin-opener-policy: same-origin", "cross-origin-resource-policy: same-origin", "x-frame-options: deny",
        ] { #expect(head.contains(field), "\(path) lacks \(field)") }
        #expect(!head.contains("server:") && !head.contains("strict-transport-security"))
      }
      let posted = try await fetch(server.port, "/", method: "POST", headers: ["Content-Length: 0"])
      #expect(posted.status == 405 && posted.head.lowercased().contains("content-security-policy"))
      let head = try await fetch(server.port, "/", method: "HEAD")
      #expect(head.status == 200 && head.body.isEmpty)
    }
    let proxied = try testSettings { input, _ in
      input.behindProxy = true
      input.domain = "haus.example"
    }
    try await RunningServer.with(proxied, frontEnd: EchoFrontEnd()) { server async throws in
      #expect(try await fetch(server.port, "/").head.lowercased().contains("strict-transport-security: max-age="))
    }
  }

  @Test func theWelcomePageSpeaksTheVisitorsLanguage() async throws {
    let settings = try testSettings { input, _ in input.name = "Haus <Linde> & Co" }
    try await RunningServer.with(settings, frontEnd: EchoFrontEnd()) { server async throws in
      func page(_ language: String?) async throws -> String {
        try await fetch(server.port, "/", headers: language.map { ["Accept-Language: \($0)"] } ?? []).body
      }
      #expect(try await page("de-DE,de;q=0.9,en;q=0.8").contains("<html lang=\"de\">"))
      #expect(try await page("en-GB,de;q=0.5").contains("<html lang=\"en\">"))
      #expect(try await page("fr, de;q=0.3").contains("<html lang=\"de\">"))
      #expect(try await page("de;q=0, fr").contains("<html lang=\"en\">"))
      let text = try await page(nil)
      #expect(text.contains("<html lang=\"en\">") && text.contains("hauspost chat join LINK"))
      #expect(text.contains("<h1>Haus &lt;Linde&gt; &amp; Co</h1>") && !text.contains("<Linde>"))
      // Nothing from elsewhere.
      #expect(!text.contains("://") && !text.contains("<script") && !text.contains("style="))
    }
  }

  @Test func healthIsWhetherTheStoreCanBeWritten() async throws {
    let isWritable = Mutex(true)
    try await RunningServer.with(testSettings(), frontEnd: EchoFrontEnd(), isWritable: { isWritable.withLock { $0 } }) { server async throws in
      let well = try await fetch(server.port, "/healthz")
      #expect(well.status == 200 && well.body.hasPrefix("{\"status\":\"ok\",\"time\":"))
      isWritable.withLock { $0 = false }
      // Asked at most once a second.
      try await Task.sleep(for: .milliseconds(1_100))
      #expect(try await fetch(server.port, "/healthz").status == 503)
    }
  }

  @Test func metricsCountAndStayInside() async throws {
    try await RunningServer.with(testSettings(), frontEnd: EchoFrontEnd()) { server async throws in
      try await RawClient.with(server.port) { client async throws in
        try await client.upgrade()
        // The echo of a refusal's bytes is a refusal: number 1, type 2, code 7.
        for frame in [ClientFrame(number: 1, request: .hello(Hello(version: 1))).encoded(), [0, 0, 0, 1, 0, 2, 0, 7, 0, 0, 0, 0, 0]] {
          try await client.send(2, frame)
          #expect(await client.readMessage()?.payload == frame)
        }
        #expect(await eventually { server.metrics.exposition().contains("hauspost_requests_total{type=\"setUp\"} 1\n") })
        let text = try await fetch(server.port, "/metrics").body
        for line in [
          "hauspost_connections 1\n", "hauspost_requests_total{type=\"hello\"} 1\n", "hauspost_refusals_total{code=\"tooMany\"} 1\n",
          "hauspost_request_seconds_count 2\n", "hauspost_request_seconds_bucket{le=\"+Inf\"} 2\n", "process_resident_memory_bytes ",
        ] { #expect(text.contains(line), "no \(line)") }
      }
      #expect(try await fetch(server.port, "/metrics", headers: ["X-Forwarded-For: 192.0.2.1"]).status == 403)
    }
    let open = try testSettings { input, _ in input.metricsPublic = true }
    try await RunningServer.with(open, frontEnd: EchoFrontEnd()) { server async throws in
      #expect(try await fetch(server.port, "/metrics", headers: ["X-Forwarded-For: 192.0.2.1"]).status == 200)
    }
  }

  @Test(arguments: ["text", "json"]) func theLogNamesNobody(format: String) async throws {
    let settings = try testSettings { input, _ in
      input.logLevel = "trace"
      input.logFormat = format
      input.behindProxy = true
      input.domain = "haus.example"
    }
    let log = try await RunningServer.with(settings, frontEnd: EchoFrontEnd()) { server async throws in
      let headers = ["User-Agent: Spy/7", "X-Forwarded-For: 192.0.2.77", "Cookie: secret=1"]
      _ = try await fetch(server.port, "/?private", headers: headers)
      try await RawClient.with(server.port) { client async throws in
        try await client.upgrade(headers: headers)
        try await client.send(1, Array("text".utf8))
        _ = await client.readClose()
      }
      try await RawClient.with(server.port) { try await $0.write("nonsense\r\n\r\n") }
      _ = await eventually { server.log.contains { $0.contains("connection closed") } }
      return server.log
    }
    // There is a log.
    #expect(log.contains { $0.contains("listening") } && log.contains { $0.contains("connection opened") })
    for line in log {
      for word in ["127.0.0.1", "192.0.2", "Spy", "secret", "private", "haus.example", "\n"] { #expect(!line.contains(word), "\(line)") }
      if format == "json" { #expect(line.hasPrefix("{\"time\":\"") && line.hasSuffix("}")) }
    }
  }
}
