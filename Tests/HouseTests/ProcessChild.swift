// A child process of a test: its output goes into files, its input is a socket, and it is ended by its own id.
import Foundation
import Glibc
import Synchronization

/// One running program. Whoever lets go of it ends it.
final class ChildProcess: Sendable {
  struct CannotStart: Error { var program: String, code: Int32 }
  struct TooSlow: Error { var seconds: Int, output: String }

  private let id: pid_t
  private let input: Int32
  private let ended = Mutex<Int32?>(nil)
  let outputPath: String
  let errorPath: String

  /// - Parameters:
  ///   - folder: where it works.
  ///   - output: a path that nothing has yet; standard error goes to the same with `.err`.
  ///   - isMerged: both go to `output`, in the order in which they came.
  init(_ program: String, _ arguments: [String], environment: [String: String], folder: String, output: String, isMerged: Bool = false) throws {
    outputPath = output
    errorPath = isMerged ? output : output + ".err"
    var sockets: [Int32] = [0, 0]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &sockets) == 0 else {
      throw CannotStart(program: program, code: errno)
    }
    input = sockets[0]
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_adddup2(&actions, sockets[1], 0)
    posix_spawn_file_actions_addopen(&actions, 1, outputPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, errorPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    // `env` becomes the program, so the process's id is its.
    let env = "/usr/bin/env"
    var argv = ([env, "-C", folder, program] + arguments).map { strdup($0) } + [nil]
    var envp = environment.map { strdup("\($0)=\($1)") } + [nil]
    defer {
      for pointer in argv + envp { free(pointer) }
      posix_spawn_file_actions_destroy(&actions)
      close(sockets[1])
    }
    var id: pid_t = 0
    let code = posix_spawn(&id, env, &actions, nil, &argv, &envp)
    self.id = id
    guard code == 0 else {
      ended.withLock { $0 = -1 }
      throw CannotStart(program: program, code: code)
    }
  }

  deinit {
    signal(SIGKILL)
    var status: Int32 = 0
    if ended.withLock({ $0 }) == nil { waitpid(id, &status, 0) }
    close(input)
  }

  /// The exit status, 128 and more for the signal that ended it; nil while it runs.
  var status: Int32? {
    ended.withLock { ended in
      var raw: Int32 = 0
      if ended == nil, waitpid(id, &raw, WNOHANG) == id { ended = raw & 0x7F == 0 ? raw >> 8 & 0xFF : 128 + raw & 0x7F }
      return ended
    }
  }

  /// To this process alone; nothing where it has ended.
  func signal(_ number: Int32) { ended.withLock { if $0 == nil { kill(id, number) } } }

  /// Gives it a line to read; one that has ended reads nothing.
  func write(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = Glibc.send(input, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }
  func endInput() { shutdown(input, Int32(SHUT_WR)) }

  var output: String { text(outputPath) }
  var errors: String { text(errorPath) }
  private func text(_ path: String) -> String { (try? Data(contentsOf: URL(filePath: path))).map { String(decoding: $0, as: UTF8.self) } ?? "" }

  /// Waits for its end. - Returns: the exit status.
  @discardableResult func end(within seconds: Int = 30) async throws -> Int32 {
    if try await soon(within: seconds, { self.status != nil }) { return status ?? -1 }
    signal(SIGKILL)
    throw TooSlow(seconds: seconds, output: output + errors)
  }

  func killed() async throws {
    signal(SIGKILL)
    try await end()
  }
}

/// Asks again and again until something is so. - Returns: false where it did not come about in time.
func soon(within seconds: Int = 10, _ condition: () async throws -> Bool) async throws -> Bool {
  let end = ContinuousClock.now + .seconds(seconds)
  while true {
    if try await condition() { return true }
    if ContinuousClock.now > end { return false }
    try await Task.sleep(for: .milliseconds(4))
  }
}
