// Environment variables and the settings file. Both know the same names as the command line.
import Configuration

/// Reads what was not said on the command line.
public enum SettingsSources {
  /// `HAUSPOST_DATA`, `HAUSPOST_LISTEN`, `HAUSPOST_TLS_CERTIFICATE` and so on win over the same keys (`data`, `listen`, `tlsCertificate`) of the JSON file,
  /// which is named by `file` or by `HAUSPOST_SETTINGS`.
  public static func read(file: String?, environment: [String: String]? = nil) async throws(SettingsError) -> SettingsInput {
    let variables = environment.map { EnvironmentVariablesProvider(environmentVariables: $0) } ?? EnvironmentVariablesProvider()
    let outer = ConfigReader(provider: variables).scoped(to: "hauspost")
    let fromEnvironment = try input(outer, named: { "HAUSPOST_\($0)" })
    guard let path = file ?? outer.string(forKey: "settings") else { return fromEnvironment }
    let reader: ConfigReader
    do {
      let location = ConfigReader(provider: InMemoryProvider(values: ["filePath": ConfigValue(.string(path), isSecret: false)]))
      reader = ConfigReader(provider: try await FileProvider<JSONSnapshot>(config: location))
    } catch {
      throw SettingsError(
        flag: "--settings", problem: "“\(path)” cannot be read as JSON.", remedy: "It must hold an object such as {\"listen\": \"127.0.0.1:8080\"}.")
    }
    return fromEnvironment.filled(from: try input(reader, named: { "\($0) in \(path)" }))
  }

  private static func input(_ reader: ConfigReader, named name: (String) -> String) throws(SettingsError) -> SettingsInput {
    var input = SettingsInput()
    input.data = reader.string(forKey: "data")
    input.listen = reader.string(forKey: "listen")
    input.domain = reader.string(forKey: "domain")
    input.name = reader.string(forKey: "name")
    input.tlsCertificate = reader.string(forKey: "tlsCertificate")
    input.tlsKey = reader.string(forKey: "tlsKey")
    input.behindProxy = try flag(reader, "behindProxy", name("BEHIND_PROXY"), "--behind-proxy")
    input.metricsPublic = try flag(reader, "metricsPublic", name("METRICS_PUBLIC"), "--metrics-public")
    input.logLevel = reader.string(forKey: "logLevel")
    input.logFormat = reader.string(forKey: "logFormat")
    return input
  }

  /// A word that is neither yes nor no is an error, not a no: these settings open doors.
  private static func flag(_ reader: ConfigReader, _ key: String, _ name: String, _ flag: String) throws(SettingsError) -> Bool? {
    guard let text = reader.string(forKey: ConfigKey(key)) else { return reader.bool(forKey: ConfigKey(key)) }
    switch text.lowercased() {
    case "true", "yes", "1": return true
    case "false", "no", "0", "": return false
    default: throw SettingsError(flag: flag, problem: "\(name) is “\(text)”.", remedy: "Use true or false.")
    }
  }
}
