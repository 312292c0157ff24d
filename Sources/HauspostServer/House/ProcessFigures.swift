// What Linux says about this process, read without Foundation.
import Glibc

enum ProcessFigures {
  /// Second field of /proc/self/statm, in pages.
  static var residentBytes: UInt64? {
    guard let file = fopen("/proc/self/statm", "r") else { return nil }
    defer { fclose(file) }
    var buffer = [CChar](repeating: 0, count: 128)
    guard fgets(&buffer, Int32(buffer.count), file) != nil else { return nil }
    let fields = buffer.prefix { $0 != 0 }.split(separator: 0x20)
    guard fields.count > 1 else { return nil }
    var pages: UInt64 = 0
    for digit in fields[1] where (0x30...0x39).contains(digit) { pages = pages &* 10 &+ UInt64(digit - 0x30) }
    return pages * UInt64(sysconf(Int32(_SC_PAGESIZE)))
  }

  static var openFiles: Int? {
    guard let folder = opendir("/proc/self/fd") else { return nil }
    defer { closedir(folder) }
    var count = 0
    while let entry = readdir(folder) { if entry.pointee.d_name.0 != 0x2E { count += 1 } }
    // The one that reads the folder.
    return count - 1
  }

  /// Raises the limit of open files as far as the system lets us.
  /// - Returns: the limit.
  static func raiseFileLimit() -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1_024 }
    if limit.rlim_cur < limit.rlim_max {
      limit.rlim_cur = limit.rlim_max
      _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      _ = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
    return Int(min(limit.rlim_cur, 1 << 20))
  }

  /// Milliseconds since 1970.
  static var milliseconds: UInt64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return UInt64(max(0, now.tv_sec)) * 1_000 + UInt64(max(0, now.tv_nsec)) / 1_000_000
  }

  /// Seconds since 1970.
  static var now: UInt64 { UInt64(max(0, time(nil))) }
}
