import Glibc

/// Files of the store: for their owner alone, and on the disk when we say so.
enum StoreFolder {
  /// Makes the folder of `path` where it is missing, for its owner alone. One that is there keeps its mode: it may be shared, the files in it are not.
  static func prepare(for path: String) throws(StoreError) {
    let folder = parent(of: path)
    var status = stat()
    if stat(folder, &status) == 0 {
      guard status.st_mode & S_IFMT == S_IFDIR else { throw .noAccess }
      return
    }
    guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw error(errno) }
    try synchronise(parent(of: folder))
  }

  /// Makes the file where it is missing, with mode 0600, and takes rights of others away where it is there.
  /// - Returns: whether it was made now. Its name is on the disk then.
  static func secure(_ path: String) throws(StoreError) -> Bool {
    let created = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    if created >= 0 {
      close(created)
      try synchronise(parent(of: path))
      return true
    }
    guard errno == EEXIST else { throw error(errno) }
    // Not through `open`: to close a descriptor of the database would drop SQLite's locks on it, were it open in this process.
    var status = stat()
    guard lstat(path, &status) == 0 else { throw error(errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .noAccess }
    if status.st_mode & 0o077 != 0 { guard chmod(path, 0o600) == 0 else { throw error(errno) } }
    return false
  }

  /// Writes a file so that after a crash there is the old one or the new one, whole.
  /// - Parameter replacing: false to refuse where there is one.
  static func write(_ bytes: [UInt8], to path: String, replacing: Bool) throws(StoreError) {
    let temporary = path + ".new"
    unlink(temporary)
    let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw error(errno) }
    var isNamed = false
    defer { if !isNamed { unlink(temporary) } }
    do throws(StoreError) {
      try write(bytes, to: file)
      guard fsync(file) == 0 else { throw error(errno) }
    } catch {
      close(file)
      throw error
    }
    guard close(file) == 0 else { throw error(errno) }
    if replacing {
      guard rename(temporary, path) == 0 else { throw error(errno) }
    } else {
      // A second name instead of a new one: that never replaces.
      guard link(temporary, path) == 0 else { throw errno == EEXIST ? .keyExists : error(errno) }
      unlink(temporary)
    }
    isNamed = true
    try synchronise(parent(of: path))
  }

  private static func write(_ bytes: [UInt8], to file: Int32) throws(StoreError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        throw error(errno)
      }
      rest = rest.dropFirst(count)
    }
  }

  /// - Returns: nil where there is no such file.
  static func read(_ path: String, atMost most: Int) throws(StoreError) -> [UInt8]? {
    let file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
    guard file >= 0 else {
      if errno == ENOENT { return nil }
      throw error(errno)
    }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: most + 1)
    var count = 0
    while count < bytes.count {
      let got = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress! + count, $0.count - count) }
      if got < 0 {
        if errno == EINTR { continue }
        throw error(errno)
      }
      if got == 0 { break }
      count += got
    }
    guard count <= most else { throw .damaged }
    return Array(bytes[..<count])
  }

  /// Brings the names in a folder to the disk.
  static func synchronise(_ folder: String) throws(StoreError) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw error(errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw error(errno) }
  }

  static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  static func error(_ number: Int32) -> StoreError {
    switch number {
    case ENOSPC, EDQUOT: .full
    case EACCES, EPERM, EROFS, ELOOP, ENOENT, ENOTDIR, EISDIR: .noAccess
    default: .failed(code: number)
    }
  }
}
