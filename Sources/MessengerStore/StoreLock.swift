import Glibc

/// Keeps a second process, or a second store in this one, out: two engines over one store would use a ratchet's keys twice.
/// The lock is the kernel's and ends with the process; the file stays, with the id of who had it last.
final class StoreLock: Sendable {
  private let descriptor: Int32

  /// - Throws: `.inUse`.
  init(path: String) throws(StoreError) {
    let file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw StoreFolder.error(errno) }
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
      let reason = errno
      let holder = StoreLock.holder(file)
      close(file)
      throw reason == EWOULDBLOCK ? .inUse(process: holder) : StoreFolder.error(reason)
    }
    descriptor = file
    // For people only: where the disk is full the lock holds all the same.
    let text = Array("\(getpid())\n".utf8)
    if ftruncate(file, 0) == 0 { _ = pwrite(file, text, text.count, 0) }
  }

  deinit { close(descriptor) }

  private static func holder(_ file: Int32) -> Int32? {
    var text = [UInt8](repeating: 0, count: 12)
    let count = pread(file, &text, text.count, 0)
    guard count > 0 else { return nil }
    let digits = text[..<count].prefix { (0x30...0x39).contains($0) }
    return Int32(String(decoding: digits, as: UTF8.self))
  }
}
