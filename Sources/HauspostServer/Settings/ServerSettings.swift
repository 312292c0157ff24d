// What an operator can choose, checked before anything is opened. Flags, environment and file arrive here as one `SettingsInput`.
import Logging

/// A setting that cannot be used: which one, why, and what to do.
public struct SettingsError: Error, Equatable, CustomStringConvertible {
  /// As on the command line, `--listen`.
  public var flag: String
  public var problem: String
  public var remedy: String
  public init(flag: String, problem: String, remedy: String) {
    self.flag = flag
    self.problem = problem
    self.remedy = remedy
  }
  public var description: String { "\(flag): \(problem)\n\(remedy)" }
}

public enum LogFormat: String, Sendable, CaseIterable {
  case text, json
}

/// What was said, and where nothing was said, nil.
public struct SettingsInput: Sendable, Equatable {
  public var data: String?
  public var listen: String?
  public var domain: String?
  public var name: String?
  public var tlsCertificate: String?
  public var tlsKey: String?
  public var behindProxy: Bool?
  public var metricsPublic: Bool?
  public var logLevel: String?
  public var logFormat: String?
  public init() {}

  /// What is missing here is taken from `other`.
  public func filled(from other: SettingsInput) -> SettingsInput {
    var result = self
    result.data = data ?? other.data
    result.listen = listen ?? other.listen
    result.domain = domain ?? other.domain
    result.name = name ?? other.name
    result.tlsCertificate = tlsCertificate ?? other.tlsCertificate
    result.tlsKey = tlsKey ?? other.tlsKey
    result.behindProxy = behindProxy ?? other.behindProxy
    result.metricsPublic = metricsPublic ?? other.metricsPublic
    result.logLevel = logLevel ?? other.logLevel
    result.logFormat = logFormat ?? other.logFormat
    return result
  }
}

/// Settings that fit together.
public struct ServerSettings: Sendable {
  public struct TLSFiles: Sendable, Equatable {
    public var certificate: String
    public var key: String
    public init(certificate: String, key: String) {
      self.certificate = certificate
      self.key = key
    }
  }

  public static let defaultData = "./data"
  public static let defaultListen = "127.0.0.1:8080"

  public var data: String
  public var listen: ListenAddress
  /// The part of addresses behind the @.
  public var domain: String
  /// What the house is called until its certificate says it.
  public var name: String
  public var tls: TLSFiles?
  public var behindProxy: Bool
  public var metricsPublic: Bool
  public var logLevel: Logger.Level
  public var logFormat: LogFormat
  public var limits = TransportLimits()

  public init(_ input: SettingsInput) throws(SettingsError) {
    data = input.data ?? Self.defaultData
    guard !data.isEmpty else {
      throw SettingsError(flag: "--data", problem: "The folder's name is empty.", remedy: "Name a folder, or leave the flag out for \(Self.defaultData).")
    }
    let listenText = input.listen ?? Self.defaultListen
    guard let listen = ListenAddress(listenText) else {
      throw SettingsError(
        flag: "--listen", problem: "“\(listenText)” is not HOST:PORT.", remedy: "Write it like \(Self.defaultListen), 0.0.0.0:443 or [::]:443.")
    }
    self.listen = listen
    behindProxy = input.behindProxy ?? false
    metricsPublic = input.metricsPublic ?? false
    tls = try Self.tlsFiles(input)
    if tls == nil && !listen.isLoopback {
      throw SettingsError(
        flag: "--listen", problem: "\(listen) can be reached from other machines, and without TLS anybody on the way could read and change what is sent.",
        remedy: """
          Give --tls-certificate and --tls-key; or listen on 127.0.0.1 and put a reverse proxy with TLS in front (--behind-proxy); \
          or, to try it out on this machine alone, leave --listen at \(Self.defaultListen).
          """)
    }
    domain = try Self.domain(input, listen: listen, reachable: tls != nil || behindProxy)
    name = input.name ?? domain
    guard (1...200).contains(name.utf8.count) else {
      throw SettingsError(flag: "--name", problem: "The name has \(name.utf8.count) bytes.", remedy: "Use 1 to 200 bytes of UTF-8.")
    }
    let level = input.logLevel ?? "info"
    guard let logLevel = Logger.Level(rawValue: level.lowercased()) else {
      throw SettingsError(
        flag: "--log-level", problem: "There is no level “\(level)”.", remedy: "Use one of trace, debug, info, notice, warning, error, critical.")
    }
    self.logLevel = logLevel
    let format = input.logFormat ?? LogFormat.text.rawValue
    guard let logFormat = LogFormat(rawValue: format.lowercased()) else {
      throw SettingsError(flag: "--log-format", problem: "There is no format “\(format)”.", remedy: "Use text or json.")
    }
    self.logFormat = logFormat
  }

  private static func tlsFiles(_ input: SettingsInput) throws(SettingsError) -> TLSFiles? {
    switch (input.tlsCertificate, input.tlsKey) {
    case (nil, nil): return nil
    case (let certificate?, let key?): return TLSFiles(certificate: certificate, key: key)
    case (_?, nil):
      throw SettingsError(flag: "--tls-key", problem: "There is a certificate but no key.", remedy: "Name the PEM file of its private key with --tls-key.")
    case (nil, _?):
      throw SettingsError(
        flag: "--tls-certificate", problem: "There is a key but no certificate.", remedy: "Name the PEM file of the certificate chain with --tls-certificate.")
    }
  }

  /// Reachable houses need a name that does not change; one that is tried out on one machine is `localhost`.
  private static func domain(_ input: SettingsInput, listen: ListenAddress, reachable: Bool) throws(SettingsError) -> String {
    guard let domain = input.domain else {
      if reachable {
        throw SettingsError(
          flag: "--domain", problem: "A house that others can reach needs a domain; it stands in everybody's address and in every link.",
          remedy: "Give the name under which clients reach this server, for example --domain haus.example.")
      }
      return "localhost"
    }
    let labels = domain.split(separator: ".", omittingEmptySubsequences: false)
    let fine =
      domain.utf8.count <= 200
      && labels.allSatisfy { label in
        !label.isEmpty && label.utf8.count <= 63 && label.first != "-" && label.last != "-"
          && label.utf8.allSatisfy { ($0 >= 0x61 && $0 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2D }
      }
    guard fine else {
      throw SettingsError(
        flag: "--domain", problem: "“\(domain)” is not a domain name in lower case.",
        remedy: "Use letters a to z, digits and hyphens, without https:// and without a port; an international name in its xn-- form.")
    }
    return domain
  }

  /// What stands before `/#` in links. `port` is the one that is really listened on.
  public func origin(port: Int) -> String {
    if behindProxy { return "https://\(domain)" }
    if tls != nil { return port == 443 ? "https://\(domain)" : "https://\(domain):\(port)" }
    return "http://\(ListenAddress(host: listen.host, port: port))"
  }

  /// The origins of pages that may open a connection: this house's, under the names by which a browser may have reached it.
  func allowedOrigins(port: Int) -> Set<String> {
    if behindProxy { return ["https://\(domain)"] }
    if tls != nil { return ["https://\(domain)", "https://\(domain):\(port)"] }
    return [origin(port: port), "http://localhost:\(port)", "http://127.0.0.1:\(port)", "http://[::1]:\(port)"]
  }
}
