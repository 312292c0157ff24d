// MessengerStore: the client's records on Linux, in SQLite. It sees sealed bytes only; the key that seals them is in `StoreKeyFile`.

/// Why the store cannot do what was asked. No error carries keys, values or paths.
public enum StoreError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Another process has this store open; its id where it is known.
  case inUse(process: Int32?)
  /// The file is something else.
  case notAStore
  /// A newer version of the program has written here.
  case newerVersion(Int)
  /// The file's content is broken.
  case damaged
  /// The disk is full. Nothing was changed.
  case full
  /// The folder or the file may not be read or written, or is a link.
  case noAccess
  /// The disk failed. A batch that fails so is not there for this process; after a crash it may be there whole.
  case failed(code: Int32)
  /// There is no key file.
  case noKey
  /// There is a key file already: a second one would make the store unreadable.
  case keyExists
  /// The key is under a passphrase and none was given.
  case passphraseNeeded
  /// The passphrase is another one.
  case wrongPassphrase
  /// A passphrase of no characters.
  case emptyPassphrase

  public var description: String {
    switch self {
    case .inUse(let process?): "the store is in use by process \(process); end that one first"
    case .inUse(nil): "the store is in use by another process; end that one first"
    case .notAStore: "the file is not a store of this program"
    case .newerVersion(let version): "the store was written by a newer version of this program (format \(version))"
    case .damaged: "the store's file is damaged; restore it from a backup, or link this device anew"
    case .full: "the disk is full; nothing was changed"
    case .noAccess: "the store's folder or file cannot be opened: it must belong to you and be no link"
    case .failed(let code): "the disk failed (code \(code))"
    case .noKey: "the store's key file is missing; without it the store cannot be read"
    case .keyExists: "there is a key file already"
    case .passphraseNeeded: "the store is locked; its passphrase is needed"
    case .wrongPassphrase: "this is not the passphrase"
    case .emptyPassphrase: "a passphrase has at least one character"
    }
  }
}

/// For files that import another module with a `StoreError`: this module's name is also that of its class, so it cannot be written before the type.
public typealias RecordStoreError = StoreError
