// The server as a whole: one port, one front end, from start to a clean stop.
import Delivery
import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Serves WebSockets and pages until it is told to stop; then says goodbye to every client.
public struct HouseServer<FrontEnd: DeliveryFrontEnd>: Service {
  let settings: ServerSettings
  let frontEnd: FrontEnd
  let health: HealthCheck
  let metrics: Metrics
  let certificates: Certificates?
  let log: Logger
  let onRunning: @Sendable (Int) -> Void

  /// - Parameter onRunning: called with the port once connections are accepted.
  public init(
    settings: ServerSettings, frontEnd: FrontEnd, health: HealthCheck, metrics: Metrics, log: Logger, onRunning: @escaping @Sendable (Int) -> Void = { _ in }
  ) throws(SettingsError) {
    self.settings = settings
    self.frontEnd = frontEnd
    self.health = health
    self.metrics = metrics
    self.log = log
    self.onRunning = onRunning
    if let files = settings.tls { certificates = try Certificates(files) } else { certificates = nil }
  }

  public func run() async throws {
    let files = ProcessFigures.raiseFileLimit()
    let house = HouseState(
      settings: settings, certificates: certificates, connections: max(16, min(settings.limits.connections, files - settings.limits.reservedFiles)),
      metrics: metrics, log: log)
    house.listens(on: settings.listen.port)
    var quiet = log
    // Hummingbird's own words, and above all the system's, can name addresses.
    quiet.logLevel = max(.error, log.logLevel)
    let application = Application(
      responder: FrontDoor(house: house, health: health),
      server: HTTPServerBuilder { [frontEnd] responder in HouseChannel(responder: responder, frontEnd: frontEnd, house: house) },
      configuration: ApplicationConfiguration(address: .hostname(settings.listen.host, port: settings.listen.port), backlog: 1_024),
      onServerRunning: { channel in
        let port = channel.localAddress?.port ?? settings.listen.port
        house.listens(on: port)
        log.info("listening", metadata: ["port": "\(port)", "tls": "\(settings.tls != nil)"])
        onRunning(port)
      }, logger: quiet)
    do {
      try await application.run()
    } catch let error as IOError {
      throw Self.explained(error, settings.listen)
    }
    log.info("stopped")
  }

  /// Reads the certificate files again; what is wrong with them goes to the log, and the old ones stay.
  func reloadCertificates() {
    do {
      try certificates?.reload()
      log.info("certificates read again")
    } catch {
      log.error("certificates kept: the new ones cannot be used", metadata: ["reason": "\(error.problem)", "flag": "\(error.flag)"])
    }
  }

  private static func explained(_ error: IOError, _ listen: ListenAddress) -> SettingsError {
    switch error.errnoCode {
    case EADDRINUSE:
      SettingsError(flag: "--listen", problem: "Something else is listening on \(listen).", remedy: "Stop it, or choose another port.")
    case EACCES:
      SettingsError(
        flag: "--listen", problem: "This user may not listen on \(listen).",
        remedy: "Choose a port above 1023, or give the program the right: setcap cap_net_bind_service=+ep.")
    case EADDRNOTAVAIL:
      SettingsError(flag: "--listen", problem: "This machine has no address \(listen.host).", remedy: "Use one of its own, or 0.0.0.0 for all.")
    default:
      SettingsError(
        flag: "--listen", problem: "Listening on \(listen) failed: \(String(cString: strerror(error.errnoCode))).", remedy: "Choose another address or port.")
    }
  }
}
