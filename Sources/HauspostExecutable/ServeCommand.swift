// `hauspost serve`: flags of the command line; what they mean is checked in HauspostServer.
import ArgumentParser
import HauspostServer

struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Run the server of a house.",
    discussion: """
      Without flags it serves this machine alone, for trying it out: http://127.0.0.1:8080, data in ./data. The first start prints a link with which \
      the first person sets the house up.

      Every flag can also be an environment variable (--tls-key is HAUSPOST_TLS_KEY) or a key of the settings file ("tlsKey"). A flag wins over the \
      environment, the environment over the file. SIGTERM and SIGINT stop the server cleanly, SIGHUP makes it read the certificate again.
      """)

  @Option(help: ArgumentHelp("Folder for everything the house owns. Made with access for this user only. (default: \(ServerSettings.defaultData))", valueName: "folder"))
  var data: String?

  @Option(
    help: ArgumentHelp(
      "Where to listen. Without TLS only on this machine's own addresses. (default: \(ServerSettings.defaultListen))", valueName: "host:port"))
  var listen: String?

  @Option(help: ArgumentHelp("The house's domain, as in anna@haus.example. Needed with TLS or behind a proxy; it cannot be changed later.", valueName: "domain"))
  var domain: String?

  @Option(help: ArgumentHelp("What the house is called on its page. (default: the domain)", valueName: "name"))
  var name: String?

  @Option(help: ArgumentHelp("PEM file with the TLS certificate and its chain.", valueName: "file"))
  var tlsCertificate: String?

  @Option(help: ArgumentHelp("PEM file with the certificate's private key.", valueName: "file"))
  var tlsKey: String?

  @Flag(
    inversion: .prefixedNo,
    help: "A reverse proxy with TLS on this machine stands in front: links begin with https, and its X-Forwarded-For is believed. (default: no)")
  var behindProxy: Bool?

  @Flag(inversion: .prefixedNo, help: "Show /metrics to everybody, not only to this machine. (default: no)")
  var metricsPublic: Bool?

  @Option(help: ArgumentHelp("How much is logged: trace, debug, info, notice, warning, error or critical. (default: info)", valueName: "level"))
  var logLevel: String?

  @Option(help: ArgumentHelp("How it is logged: text or json. (default: text)", valueName: "format"))
  var logFormat: String?

  @Option(help: ArgumentHelp("JSON file with settings, for example {\"listen\": \"127.0.0.1:8080\"}.", valueName: "file"))
  var settings: String?

  func run() async throws {
    var said = SettingsInput()
    said.data = data
    said.listen = listen
    said.domain = domain
    said.name = name
    said.tlsCertificate = tlsCertificate
    said.tlsKey = tlsKey
    said.behindProxy = behindProxy
    said.metricsPublic = metricsPublic
    said.logLevel = logLevel
    said.logFormat = logFormat
    let settings = try ServerSettings(said.filled(from: try await SettingsSources.read(file: settings)))
    try await Serve.run(settings)
  }
}
