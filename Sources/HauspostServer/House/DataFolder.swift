// The folder with everything the house owns: only the server's own user may look in, and only one server at a time.
import CryptoInterface
import FoundationEssentials
import Glibc

/// Holds the folder's lock as long as it lives.
public final class DataFolder: Sendable {
  public let path: String
  private let lock: Int32
  /// Whether this start made the folder's server key.
  public let isNew: Bool
  /// The seed of the server's Ed25519 key.
  public let serverKey: Secret

  static let lockName = "lock"
  static let keyName = "server.key"
  static let keyBytes = 32

  deinit { close(lock) }

  /// Opens the folder, and makes it and the key on first start.
  /// - Parameters:
  ///   - database: the store's file in it; where that is there and the key is not, something was lost and nothing is made anew.
  ///   - random: bytes for a new key.
  public init(_ path: String, database: String, random: (Int) -> [UInt8]) throws(SettingsError) {
    self.path = path
    try Self.makeFolder(path)
    lock = try Self.takeLock(path)
    let keyPath = path + "/" + Self.keyName
    do throws(SettingsError) {
      if access(keyPath, F_OK) == 0 {
        serverKey = try Self.readKey(keyPath)
        isNew = false
      } else {
        if access(path + "/" + database, F_OK) == 0 {
          throw SettingsError(
            flag: "--data", problem: "\(path) holds a house but not its key, \(Self.keyName).",
            remedy: "Put \(Self.keyName) back from the backup; clients know the house by it. A new house needs an empty folder.")
        }
        serverKey = try Self.makeKey(keyPath, in: path, random: random)
        isNew = true
      }
    } catch {
      close(lock)
      throw error
    }
  }

  /// Whether a small file can be written here and reaches the disk.
  public func isWritable() -> Bool {
    let probe = path + "/probe"
    let file = open(probe, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else { return false }
    defer {
      close(file)
      unlink(probe)
    }
    var byte: UInt8 = 1
    return write(file, &byte, 1) == 1 && fdatasync(file) == 0
  }

  private static var reason: String { String(cString: strerror(errno)) }

  /// Whether group or others have any right; also where that cannot be found out.
  private static func othersMayUse(_ path: String) -> Bool {
    guard let permissions = try? FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] else { return true }
    guard let mode = permissions as? UInt ?? (permissions as? Int).map(UInt.init) else { return true }
    return mode & 0o077 != 0
  }

  private static func makeFolder(_ path: String) throws(SettingsError) {
    if mkdir(path, 0o700) == 0 { return }
    guard errno == EEXIST else {
      throw SettingsError(
        flag: "--data", problem: "\(path) cannot be made: \(reason).", remedy: "Make the folder above it, or name one that this user may write to.")
    }
    let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if folder >= 0 { close(folder) }
    guard folder >= 0 || errno != ENOTDIR else {
      throw SettingsError(flag: "--data", problem: "\(path) is not a folder.", remedy: "Name a folder, or a path where one can be made.")
    }
    guard othersMayUse(path) else { return }
    guard chmod(path, 0o700) == 0 else {
      throw SettingsError(
        flag: "--data", problem: "Others may look into \(path), and that cannot be changed: \(reason).",
        remedy: "As its owner: chmod 700 \(path); or name a folder that belongs to this user.")
    }
  }

  private static func takeLock(_ path: String) throws(SettingsError) -> Int32 {
    let lock = open(path + "/" + lockName, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
    guard lock >= 0 else {
      throw SettingsError(flag: "--data", problem: "\(path) cannot be written to: \(reason).", remedy: "Name a folder that this user may write to.")
    }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      close(lock)
      throw SettingsError(
        flag: "--data", problem: "Another server is using \(path).", remedy: "Stop it first, or give this one a folder of its own.")
    }
    return lock
  }

  private static func readKey(_ path: String) throws(SettingsError) -> Secret {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else {
      throw SettingsError(flag: "--data", problem: "\(path) cannot be read: \(reason).", remedy: "It must belong to the user that runs the server.")
    }
    defer { close(file) }
    guard !othersMayUse(path) else {
      throw SettingsError(flag: "--data", problem: "Others may read \(path).", remedy: "chmod 600 \(path); if others had access, the key is no secret any more.")
    }
    var bytes = [UInt8](repeating: 0, count: keyBytes + 1)
    defer { wipe(&bytes) }
    guard read(file, &bytes, bytes.count) == keyBytes else {
      throw SettingsError(flag: "--data", problem: "\(path) is damaged: it must have \(keyBytes) bytes.", remedy: "Put it back from the backup.")
    }
    return bytes.withUnsafeBytes { Secret(copying: UnsafeRawBufferPointer(rebasing: $0[..<keyBytes])) }
  }

  /// Whole or not at all: written beside, brought to disk, then renamed.
  private static func makeKey(_ path: String, in folder: String, random: (Int) -> [UInt8]) throws(SettingsError) -> Secret {
    var seed = random(keyBytes)
    defer { wipe(&seed) }
    let draft = path + ".new"
    unlink(draft)
    let file = open(draft, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
    var done = file >= 0 && write(file, seed, seed.count) == seed.count && fsync(file) == 0
    if file >= 0 { close(file) }
    done = done && rename(draft, path) == 0
    let parent = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    done = done && parent >= 0 && fsync(parent) == 0
    if parent >= 0 { close(parent) }
    guard done else {
      throw SettingsError(flag: "--data", problem: "\(path) cannot be written: \(reason).", remedy: "See that the disk has room and that this user may write there.")
    }
    return Secret(seed)
  }
}
