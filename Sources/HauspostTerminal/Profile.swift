// Where a client's things are: one folder for each profile, by the XDG base directory specification.
import CryptoInterface
import Foundation
import Glibc
import MessengerRuntime
import MessengerStore

struct Profile {
  let folder: URL

  init(_ name: String) throws {
    guard !name.isEmpty, name.allSatisfy({ $0.isLetter || $0.isNumber || "-_.".contains($0) }), !name.hasPrefix(".") else {
      throw TerminalError("profile", "A profile's name is made of letters, digits, - and _.")
    }
    let environment = ProcessInfo.processInfo.environment
    let data: URL
    if let set = environment["XDG_DATA_HOME"], set.hasPrefix("/") {
      data = URL(filePath: set, directoryHint: .isDirectory)
    } else {
      data = FileManager.default.homeDirectoryForCurrentUser.appending(path: ".local/share", directoryHint: .isDirectory)
    }
    folder = data.appending(path: "hauspost").appending(path: name, directoryHint: .isDirectory)
  }

  private var originFile: URL { folder.appending(path: "server") }
  var exists: Bool { FileManager.default.fileExists(atPath: folder.appending(path: "key").path) }

  /// The house's address, as joined.
  func origin() -> String? {
    (try? String(contentsOf: originFile, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Whole or not at all, also when the power fails: without it the program would not know where its house is.
  func keep(origin: String) throws {
    let draft = folder.appending(path: "server.new")
    guard FileManager.default.createFile(atPath: draft.path, contents: Data((origin + "\n").utf8), attributes: [.posixPermissions: 0o600]),
      Self.reachesDisk(draft.path), rename(draft.path, originFile.path) == 0, Self.reachesDisk(folder.path)
    else { throw TerminalError("store", "\(originFile.path) cannot be written.", hint: "Is there room on the disk?") }
  }

  private static func reachesDisk(_ path: String) -> Bool {
    let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    return fsync(file) == 0
  }

  /// Opens the store; makes it where `creating`.
  func open(creating: Bool, passphrase: () throws -> String?, newPassphrase: String?) throws -> (store: MessengerStore, key: Secret) {
    let keyFile = StoreKeyFile(path: folder.appending(path: "key").path)
    if !exists {
      guard creating else { throw TerminalError("not-enrolled", "You have not joined a house yet.", hint: "hauspost chat join LINK") }
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }
    // The store's lock first, so that two processes do not make two keys.
    let store = try MessengerStore(path: folder.appending(path: "store.sqlite").path)
    let key: Secret
    if exists {
      key = try keyFile.open(passphrase: try keyFile.needsPassphrase ? try passphrase() : nil)
    } else {
      key = try keyFile.create(passphrase: newPassphrase)
    }
    return (store, key)
  }
}

extension Profile {
  /// Whether the store needs a passphrase.
  var isProtected: Bool {
    get throws { try StoreKeyFile(path: folder.appending(path: "key").path).needsPassphrase }
  }

  /// Rewraps the store's key.
  func changePassphrase(old: () throws -> String?, new: () throws -> String?) throws {
    guard exists else { throw TerminalError("not-enrolled", "You have not joined a house yet.", hint: "hauspost chat join LINK") }
    let keyFile = StoreKeyFile(path: folder.appending(path: "key").path)
    let former = try keyFile.needsPassphrase ? try old() : nil
    let next = try new()
    try keyFile.changePassphrase(from: former, to: (next ?? "").isEmpty ? nil : next)
  }
}
