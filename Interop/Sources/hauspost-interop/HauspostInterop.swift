// The engine as others see it: the MLSClient service of mlswg's test runner over gRPC, or the same calls as lines of JSON. See ../../README.md.
import ArgumentParser
import CryptoInterface
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import SwiftCryptoProvider

@main
struct HauspostInterop: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hauspost-interop", abstract: "Hauspost's MLS engine as a peer in interoperability tests. For tests only: it hands out private keys.")

  @Option(help: "Serve gRPC on this port of 127.0.0.1; 0 lets the system choose.")
  var port: Int?

  @Flag(help: "Answer calls from standard input, one JSON object per line, on standard output.")
  var stdio = false

  @Flag(help: "Offer nothing but rine-mls's own form of X-Wing, suite 0xF057.")
  var rine = false

  private var service: InteropService { InteropService(crypto: rine ? RineProvider() : SwiftCryptoProvider()) }

  func validate() throws {
    guard (port != nil) != stdio else { throw ValidationError("Give either --port or --stdio.") }
    guard (0...65_535).contains(port ?? 0) else { throw ValidationError("--port must lie between 0 and 65535.") }
  }

  func run() async throws {
    if let port { try await serve(on: port) } else { await service.answerLines() }
  }

  /// The service trusts its caller and holds keys in the clear: it never binds anything but loopback.
  private func serve(on port: Int) async throws {
    let transport = HTTP2ServerTransport.Posix(address: .ipv4(host: "127.0.0.1", port: port), transportSecurity: .plaintext)
    let server = GRPCServer(transport: transport, services: [service])
    try await withThrowingDiscardingTaskGroup { group in
      group.addTask { try await server.serve() }
      // Without an address, because the port is in use, `serve` throws the reason.
      if let address = try? await transport.listeningAddress.ipv4 {
        FileHandle.standardError.write(Data("listening on \(address.host):\(address.port)\n".utf8))
      }
    }
  }
}
