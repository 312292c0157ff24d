// A server for the time of a closure: for tests, here and in other targets.
import Delivery
import Logging
import ServiceLifecycle
import Synchronization

/// A server that accepts connections.
package struct RunningServer: Sendable {
  package let port: Int
  package let metrics: Metrics
  private let lines: LogLines
  private let group: ServiceGroup
  private let reload: @Sendable () -> Void

  /// Everything logged so far.
  package var log: [String] { lines.all }
  /// What SIGTERM does.
  package func stop() async { await group.triggerGracefulShutdown() }
  /// What SIGHUP does.
  package func reloadCertificates() { reload() }

  private final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
  }

  /// Starts a server, runs `body`, stops it. Where the server does not start, its error is thrown.
  package static func with<FrontEnd: DeliveryFrontEnd, Result: Sendable>(
    _ settings: ServerSettings, frontEnd: FrontEnd, isWritable: @escaping @Sendable () async -> Bool = { true },
    _ body: @Sendable (RunningServer) async throws -> Result
  ) async throws -> Result {
    let lines = LogLines()
    let log = Logger(label: "server") { _ in ServerLog(level: settings.logLevel, format: settings.logFormat) { lines.add($0) } }
    let metrics = Metrics()
    let (ports, running) = AsyncStream<Int>.makeStream()
    let server = try HouseServer(
      settings: settings, frontEnd: frontEnd, health: HealthCheck(isWritable: isWritable), metrics: metrics, log: log, onRunning: { running.yield($0) })
    let group = ServiceGroup(
      configuration: .init(
        services: [.init(service: server, successTerminationBehavior: .gracefullyShutdownGroup)], logger: Logger(label: "quiet") { _ in SwiftLogNoOpLogHandler() }))
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask {
        defer { running.finish() }
        try await group.run()
      }
      var iterator = ports.makeAsyncIterator()
      guard let port = await iterator.next() else {
        try await tasks.waitForAll()
        throw CancellationError()
      }
      do {
        let result = try await body(RunningServer(port: port, metrics: metrics, lines: lines, group: group, reload: { server.reloadCertificates() }))
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
        return result
      } catch {
        await group.triggerGracefulShutdown()
        throw error
      }
    }
  }
}
