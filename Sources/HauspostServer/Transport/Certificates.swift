// The TLS certificate and its key, read at start and again on SIGHUP, so that a renewed certificate needs no restart.
import NIOCore
import NIOSSL
import Synchronization

final class Certificates: Sendable {
  private let files: ServerSettings.TLSFiles
  private let context: Mutex<NIOSSLContext>

  init(_ files: ServerSettings.TLSFiles) throws(SettingsError) {
    self.files = files
    context = Mutex(try Self.load(files))
  }

  /// Connections from now on use what the files hold now. Where that is unusable, everything stays as it was.
  func reload() throws(SettingsError) {
    let fresh = try Self.load(files)
    context.withLock { $0 = fresh }
  }

  func makeHandler() -> NIOSSLServerHandler { NIOSSLServerHandler(context: context.withLock { $0 }) }

  private static func load(_ files: ServerSettings.TLSFiles) throws(SettingsError) -> NIOSSLContext {
    let chain: [NIOSSLCertificate]
    do { chain = try NIOSSLCertificate.fromPEMFile(files.certificate) } catch {
      throw SettingsError(
        flag: "--tls-certificate", problem: "“\(files.certificate)” cannot be read as certificates.",
        remedy: "It must be a PEM file, the server's own certificate first, that the server may read.")
    }
    let key: NIOSSLPrivateKey
    do { key = try NIOSSLPrivateKey(file: files.key, format: .pem) } catch {
      throw SettingsError(
        flag: "--tls-key", problem: "“\(files.key)” cannot be read as a private key.", remedy: "It must be a PEM file without a passphrase that the server may read.")
    }
    var configuration = TLSConfiguration.makeServerConfiguration(certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    // RFC 8996 retires TLS 1.0 and 1.1.
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = ["http/1.1"]
    configuration.shutdownTimeout = .seconds(1)
    do { return try NIOSSLContext(configuration: configuration) } catch {
      throw SettingsError(
        flag: "--tls-key", problem: "“\(files.key)” is not the key of “\(files.certificate)”.", remedy: "Give both files of the same certificate.")
    }
  }
}
