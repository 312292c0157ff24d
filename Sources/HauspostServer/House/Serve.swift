// `hauspost serve`: puts the house together and runs it until a signal ends it.
import Delivery
import Glibc
import Logging
import ServiceLifecycle
import SwiftCryptoProvider
import UnixSignals

public enum Serve {
  /// The store's file in the data folder.
  static let database = "house.sqlite"

  /// Runs until SIGTERM or SIGINT.
  /// - Throws: `SettingsError` for what the operator can mend.
  public static func run(_ settings: ServerSettings) async throws {
    // Whatever is written from here on is for this user alone.
    umask(0o077)
    let log = Logger(label: "server") { _ in ServerLog(level: settings.logLevel, format: settings.logFormat, write: ServerLog.standardError) }
    let crypto = SwiftCryptoProvider()
    let folder = try DataFolder(settings.data, database: database, random: crypto.random)
    let metrics = Metrics()
    let server = try HouseServer(
      settings: settings, frontEnd: ClosedFrontEnd(), health: HealthCheck { folder.isWritable() }, metrics: metrics, log: log)
    var quiet = log
    quiet.logLevel = max(.error, log.logLevel)
    let group = ServiceGroup(
      configuration: .init(
        services: [
          .init(service: server, successTerminationBehavior: .gracefullyShutdownGroup),
          .init(service: CertificateReload { server.reloadCertificates() }, successTerminationBehavior: .ignore),
        ], gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet))
    try await group.run()
  }
}

/// SIGHUP: the custom of servers for “read your files again”.
struct CertificateReload: Service {
  let reload: @Sendable () -> Void

  func run() async throws {
    for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() { reload() }
  }
}
