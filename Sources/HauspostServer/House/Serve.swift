// `hauspost serve`: puts the house together and runs it until a signal ends it.
import Delivery
import Glibc
import Identity
import Logging
import ServiceLifecycle
import UnixSignals

public enum Serve {
  /// How often what has lain long enough is deleted.
  static let expiryInterval = Duration.seconds(3_600)
  /// How long what was deleted, keys that were erased, and which rows were written together stay in the write-ahead log.
  static let logInterval = Duration.seconds(1)

  /// Runs until SIGTERM or SIGINT.
  /// - Throws: `SettingsError` for what the operator can mend.
  public static func run(_ settings: ServerSettings) async throws {
    // Whatever is written from here on is for this user alone.
    umask(0o077)
    let log = Logger(label: "server") { _ in ServerLog(level: settings.logLevel, format: settings.logFormat, write: ServerLog.standardError) }
    let metrics = Metrics()
    let house = try OpenHouse(settings, metrics: metrics)
    let server = try HouseServer(
      settings: settings, frontEnd: house.frontEnd, health: house.health, metrics: metrics, log: log,
      onRunning: { port in
        // Not a log line: it is a secret, and for the person who sits here.
        if let link = try? house.setUpLink(origin: settings.origin(port: port)) {
          print(setUpText(link))
          // Into a file or pipe too, at once.
          fflush(nil)
        }
      })
    var quiet = log
    quiet.logLevel = max(.error, log.logLevel)
    let group = ServiceGroup(
      configuration: .init(
        // The last is stopped first.
        services: [
          .init(service: Expiry(frontEnd: house.frontEnd, log: log), successTerminationBehavior: .ignore),
          .init(service: LogEmptying(house: house, log: log), successTerminationBehavior: .ignore),
          .init(service: CertificateReload { server.reloadCertificates() }, successTerminationBehavior: .ignore),
          .init(service: server, successTerminationBehavior: .gracefullyShutdownGroup),
        ], gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet))
    try await group.run()
    try house.close()
  }

  static func setUpText(_ link: String) -> String {
    """

    This house is not set up yet: with “hauspost chat join” and the following secret link, the first person becomes its administrator \
    (each start makes a new link, until one is used).

        \(link)

    """
  }
}

/// SIGHUP: the custom of servers for “read your files again”.
struct CertificateReload: Service {
  let reload: @Sendable () -> Void

  func run() async throws {
    for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() { reload() }
  }
}

/// Deletes what has lain long enough: soon after the start, then every hour.
struct Expiry: Service {
  let frontEnd: OpenHouse.FrontEnd
  let log: Logger

  func run() async throws {
    try? await cancelWhenGracefulShutdown {
      try await Task.sleep(for: .seconds(30))
      while true {
        do { try await frontEnd.expire() } catch { log.error("expiry failed, and is tried again in an hour") }
        try await Task.sleep(for: Serve.expiryInterval)
      }
    }
  }
}

/// Empties the write-ahead log soon after something was written. Whoever copies the log could read from it which mailboxes got the same message.
struct LogEmptying: Service {
  let house: OpenHouse
  let log: Logger

  func run() async throws {
    try? await cancelWhenGracefulShutdown {
      var isWell = true
      while true {
        try await Task.sleep(for: Serve.logInterval)
        do {
          try house.emptyLog()
          isWell = true
        } catch {
          if isWell { log.error("the write-ahead log cannot be emptied, and that is tried again every second") }
          isWell = false
        }
      }
    }
  }
}
