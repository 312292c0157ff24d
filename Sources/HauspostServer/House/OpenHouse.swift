// Everything behind the network: folder, key, store, and the server's decisions on them.
import CryptoInterface
import Delivery
import DeliverySQLite
import Glibc
import Identity
import SwiftCryptoProvider

/// A house that is opened for one run of the server.
public final class OpenHouse: Sendable {
  public typealias FrontEnd = DeliveryServer<MeasuredStore<SQLiteDeliveryStore>, SwiftCryptoProvider>

  /// The store's file in the data folder.
  static let database = "house.sqlite"

  public let frontEnd: FrontEnd
  public let health: HealthCheck
  /// With which the first person sets the house up; nil where that has been done. Made anew at each start and kept nowhere: the server needs only its
  /// public key, and that only while it runs.
  public let setUpSecret: LinkSecret?
  private let folder: DataFolder
  private let store: SQLiteDeliveryStore

  /// - Throws: `SettingsError`.
  public init(_ settings: ServerSettings, metrics: Metrics) throws(SettingsError) {
    let crypto = SwiftCryptoProvider()
    let folder = try DataFolder(settings.data, database: Self.database, random: crypto.random)
    let store = try Self.openStore(settings.data)
    let serverKey: SignatureKeyPair
    let certificate: [UInt8]?
    do {
      serverKey = try Signing.keyPair(seed: folder.serverKey, using: crypto)
      certificate = try store.read { try $0.house().certificate }
    } catch { throw Self.damaged(settings.data) }
    var setUpKey: SignaturePublicKey?
    if let certificate {
      setUpSecret = nil
      try Self.check(certificate, settings, serverKey.publicKey, crypto)
    } else {
      let secret = LinkSecret.make(using: crypto)
      do { setUpKey = try secret.invitationKey(using: crypto).publicKey } catch { throw Self.damaged(settings.data) }
      setUpSecret = secret
    }
    self.folder = folder
    self.store = store
    frontEnd = DeliveryServer(
      store: MeasuredStore(base: store, metrics: metrics),
      configuration: DeliveryConfiguration(domain: settings.domain, serverKey: serverKey, setUpKey: setUpKey), crypto: crypto,
      clock: { ProcessFigures.milliseconds })
    health = HealthCheck {
      guard folder.isWritable() else { return false }
      return (try? store.write { _ = try $0.house() }) != nil
    }
  }

  /// Says that the data in a folder was restored from a backup, once, before the server starts on it: clients then offer again what the backup lacks,
  /// and do not take the shorter feed for a lie.
  /// - Throws: `SettingsError`, also where a server runs on the folder.
  public static func markRestored(_ data: String) throws(SettingsError) {
    let folder = try DataFolder(data, database: database, random: SwiftCryptoProvider().random)
    let store = try openStore(data)
    do {
      try store.write { try $0.raiseIncarnation() }
      try store.checkpoint()
      try store.close()
    } catch { throw damaged(data) }
    withExtendedLifetime(folder) {}
  }

  /// Empties the store's write-ahead log into its file, where there is something in it.
  func emptyLog() throws {
    var status = stat()
    guard stat(folder.path + "/" + Self.database + "-wal", &status) == 0, status.st_size > 0 else { return }
    try store.checkpoint()
  }

  /// After the last connection has ended.
  public func close() throws {
    try store.checkpoint()
    try store.close()
  }

  /// The text of the set-up link. - Parameter origin: where the server is reached.
  public func setUpLink(origin: String) throws(IdentityError) -> String? {
    guard let setUpSecret else { return nil }
    return try Link(.setUp, origin: origin, secret: setUpSecret).text
  }

  private static func openStore(_ data: String) throws(SettingsError) -> SQLiteDeliveryStore {
    do { return try SQLiteDeliveryStore(path: data + "/" + database) } catch SQLiteStoreError.newerSchema {
      throw SettingsError(
        flag: "--data", problem: "\(data) was last used by a newer version of this program.", remedy: "Use that version, or a newer one.")
    } catch {
      throw SettingsError(
        flag: "--data", problem: "\(data)/\(database) cannot be opened.",
        remedy: "See that this user owns it and that the disk has room; if the file is damaged, restore the folder from the backup.")
    }
  }

  private static func damaged(_ data: String) -> SettingsError {
    SettingsError(flag: "--data", problem: "\(data) cannot be read.", remedy: "Restore the folder from the backup.")
  }

  /// The certificate is for one domain and one key; a server with others would be refused by every client.
  private static func check(
    _ certificate: [UInt8], _ settings: ServerSettings, _ key: SignaturePublicKey, _ crypto: SwiftCryptoProvider
  ) throws(SettingsError) {
    let house: House
    do { house = try SignedHouse(received: certificate).verified(using: crypto) } catch { throw damaged(settings.data) }
    guard house.domain == settings.domain else {
      throw SettingsError(
        flag: "--domain", problem: "The house in \(settings.data) is \(house.domain), not \(settings.domain).",
        remedy: "Start it with --domain \(house.domain); a house of another name needs a folder of its own.")
    }
    guard house.serverKey == key else {
      throw SettingsError(
        flag: "--data", problem: "The server key in \(settings.data) is not the one that the house's certificate names.",
        remedy: "Put \(DataFolder.keyName) back from the backup of this house.")
    }
  }
}
