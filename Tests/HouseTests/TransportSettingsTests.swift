// Settings: what is refused before anything is opened, and where they come from; and the data folder.
import CryptoInterface
import Foundation
import HauspostServer
import Testing

@Suite struct TransportSettingsTests {
  func settings(_ change: (inout SettingsInput) -> Void) throws(SettingsError) -> ServerSettings {
    var input = SettingsInput()
    change(&input)
    return try ServerSettings(input)
  }

  /// The flag that an error names.
  func refused(_ change: (inout SettingsInput) -> Void) -> String? {
    do {
      _ = try settings(change)
      return nil
    } catch {
      #expect(!error.problem.isEmpty && !error.remedy.isEmpty)
      return error.flag
    }
  }

  @Test func plainHTTPStaysOnThisMachine() throws {
    for address in ["0.0.0.0:8080", "192.168.1.5:80", "[::]:8080", "haus.example:80", "[2001:db8::1]:80"] {
      #expect(refused { $0.listen = address } == "--listen", "\(address)")
      // A proxy does not make plain HTTP over the network any better.
      #expect(
        refused {
          $0.listen = address
          $0.behindProxy = true
          $0.domain = "haus.example"
        } == "--listen")
      #expect(
        refused {
          $0.listen = address
          $0.tlsCertificate = "a"
          $0.tlsKey = "b"
          $0.domain = "haus.example"
        } == nil)
    }
    for address in ["127.0.0.1:8080", "127.3.2.1:0", "[::1]:8080", "localhost:8080", "[::ffff:127.0.0.1]:80"] {
      #expect(refused { $0.listen = address } == nil, "\(address)")
    }
  }

  @Test func valuesAreChecked() {
    for address in ["8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "::1:80", ":80", "a b:80"] { #expect(refused { $0.listen = address } == "--listen") }
    #expect(refused { $0.tlsKey = "b" } == "--tls-certificate")
    #expect(refused { $0.tlsCertificate = "a" } == "--tls-key")
    #expect(refused { $0.behindProxy = true } == "--domain")
    for domain in ["https://haus.example", "haus.example:443", "Haus.example", "-a.example", "a..example", "", "häuser.example"] {
      #expect(refused { $0.domain = domain } == "--domain", "\(domain)")
    }
    #expect(refused { $0.domain = "xn--huser-gra.example" } == nil)
    #expect(refused { $0.name = "" } == "--name")
    #expect(refused { $0.logLevel = "loud" } == "--log-level")
    #expect(refused { $0.logFormat = "xml" } == "--log-format")
    #expect(refused { $0.data = "" } == "--data")
    #expect(refused { $0.logLevel = "DEBUG" } == nil)
  }

  @Test func linksBeginWithTheRightOrigin() throws {
    #expect(try settings { _ in }.origin(port: 8080) == "http://127.0.0.1:8080")
    #expect(try settings { $0.listen = "[::1]:0" }.origin(port: 9) == "http://[::1]:9")
    let tls: (inout SettingsInput) -> Void = {
      $0.tlsCertificate = "a"
      $0.tlsKey = "b"
      $0.domain = "haus.example"
    }
    #expect(try settings(tls).origin(port: 443) == "https://haus.example")
    #expect(try settings(tls).origin(port: 8443) == "https://haus.example:8443")
    let proxy: (inout SettingsInput) -> Void = {
      $0.behindProxy = true
      $0.domain = "haus.example"
    }
    #expect(try settings(proxy).origin(port: 8080) == "https://haus.example")
  }

  @Test func flagsWinOverTheEnvironmentAndThatOverTheFile() async throws {
    try await withFolder { folder async throws in
      let file = folder + "/settings.json"
      try #"{"listen": "127.0.0.1:1", "domain": "file.example", "name": "File", "behindProxy": true, "tlsKey": "k"}"#.write(
        toFile: file, atomically: true, encoding: .utf8)
      let environment = ["HAUSPOST_DOMAIN": "environment.example", "HAUSPOST_NAME": "Environment", "HAUSPOST_METRICS_PUBLIC": "yes", "HAUSPOST_TLS_CERTIFICATE": "c"]
      let read = try await SettingsSources.read(file: file, environment: environment)
      var flags = SettingsInput()
      flags.name = "Flag"
      flags.behindProxy = false
      let all = flags.filled(from: read)
      #expect(all.listen == "127.0.0.1:1" && all.domain == "environment.example" && all.name == "Flag")
      #expect(all.behindProxy == false && all.metricsPublic == true && all.tlsCertificate == "c" && all.tlsKey == "k" && all.data == nil)
      #expect(try await SettingsSources.read(file: nil, environment: ["HAUSPOST_SETTINGS": file]).listen == "127.0.0.1:1")
      await #expect(throws: SettingsError.self) { try await SettingsSources.read(file: nil, environment: ["HAUSPOST_BEHIND_PROXY": "maybe"]) }
      await #expect(throws: SettingsError.self) { try await SettingsSources.read(file: folder + "/none.json", environment: [:]) }
      try "no json".write(toFile: file, atomically: true, encoding: .utf8)
      await #expect(throws: SettingsError.self) { try await SettingsSources.read(file: file, environment: [:]) }
    }
  }
}

/// A folder of its own for the time of a closure.
func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "house-\(UInt64.random(in: 0 ... .max))").path(percentEncoded: false)
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try await body(folder)
}

@Suite struct TransportDataFolderTests {
  func open(_ path: String, byte: UInt8 = 1) throws(SettingsError) -> DataFolder {
    try DataFolder(path, database: "house.sqlite") { Array(repeating: byte, count: $0) }
  }

  func mode(_ path: String) throws -> Int { try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int) }

  @Test func theKeyIsMadeOnceAndForThisUserAlone() async throws {
    try await withFolder { parent async throws in
      let path = parent + "/data"
      do {
        let first = try open(path)
        #expect(first.isNew && first.serverKey == Secret([UInt8](repeating: 1, count: 32)) && first.isWritable())
      }
      #expect(try mode(path) == 0o700 && mode(path + "/server.key") == 0o600)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
      do {
        let second = try open(path, byte: 2)
        #expect(!second.isNew && second.serverKey == Secret([UInt8](repeating: 1, count: 32)))
      }
      #expect(try mode(path) == 0o700)
      #expect(try FileManager.default.contentsOfDirectory(atPath: path).sorted() == ["lock", "server.key"])
    }
  }

  @Test func twoServersNeverShareAFolder() async throws {
    try await withFolder { path async throws in
      do {
        let first = try open(path)
        #expect(throws: SettingsError.self) { try open(path) }
        #expect(first.isWritable())
      }
      #expect(throws: Never.self) { try open(path) }
    }
  }

  @Test func whatLooksWrongIsNotUsed() async throws {
    try await withFolder { path async throws in
      let key = path + "/server.key"
      do { _ = try open(path) }
      try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: key)
      #expect(throws: SettingsError.self) { try open(path) }
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
      do { _ = try open(path) }
      for size in [0, 31, 33] {
        try Data(repeating: 1, count: size).write(to: URL(filePath: key))
        #expect(throws: SettingsError.self) { try open(path) }
      }
      // A store without its key: something was lost, and a new key would make a house that nobody knows.
      try FileManager.default.removeItem(atPath: key)
      try Data([1]).write(to: URL(filePath: path + "/house.sqlite"))
      #expect(throws: SettingsError.self) { try open(path) }
      try FileManager.default.removeItem(atPath: path + "/house.sqlite")
      do { #expect(try open(path).isNew) }
      #expect(throws: SettingsError.self) { try open(key) }
      #expect(throws: SettingsError.self) { try open(path + "/no/such") }
    }
  }
}
