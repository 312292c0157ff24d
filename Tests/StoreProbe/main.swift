// store-probe: a process that writes records until its power is cut or its disk fails. StoreTests run it under Tests/Faults.
//
//   store-probe client|server PATH full|normal < script
//
// The script's lines, done in order; an answer is a line:
//   write FIRST LAST   for each number one transaction, which belongs together                                 ack N | fail N REASON
//   truncate           empties the log                                                                         truncated | fail truncate REASON
//   fault WORD         writes WORD into the file $FAULT_SWITCH
//   key PASSPHRASE     makes a client's key file at PATH.key                                                   made | fail key REASON
//   passphrase OLD NEW changes its passphrase                                                                  changed NEW | fail passphrase REASON
//   close              closes the store                                                                        closed | fail close REASON
//   open               opens it again                                                                          opened | fail open REASON
// At the end of the script the process ends as if it were killed: nothing is closed.
import Glibc
import MessengerStore

/// A store under test.
protocol Probed {
  func write(_ number: Int) throws
  func truncate() throws
  func close() throws
}

func say(_ line: String) {
  let bytes = Array((line.split(separator: "\n").joined(separator: " ") + "\n").utf8)
  guard write(1, bytes, bytes.count) == bytes.count else { _exit(1) }
}

func usage() -> Never {
  say("usage: store-probe client|server PATH full|normal")
  _exit(2)
}

let arguments = CommandLine.arguments
guard arguments.count == 4, ["full", "normal"].contains(arguments[3]) else { usage() }
let path = arguments[2]

func makeProbed() throws -> any Probed {
  switch arguments[1] {
  case "client": return try ClientProbe(path: arguments[2], synchronous: arguments[3] == "full" ? .full : .normal)
  case "server": return try ServerProbe(path: arguments[2])
  default: usage()
  }
}

var store: (any Probed)?
/// With scrypt that takes no time.
let keyFile = StoreKeyFile(path: path + ".key", cost: StoreKeyFile.Cost(log2N: 4, r: 8, p: 1))

func attempt(_ name: String, _ answer: String, _ body: () throws -> Void) {
  do {
    try body()
    say(answer)
  } catch { say("fail \(name) \(error)") }
}

attempt("open", "opened") { store = try makeProbed() }
while let line = readLine() {
  let words = line.split(separator: " ").map(String.init)
  switch words.first {
  case nil: continue
  case "write":
    guard words.count == 3, let first = Int(words[1]), let last = Int(words[2]), first <= last else { usage() }
    for number in first...last { attempt("\(number)", "ack \(number)") { try store?.write(number) } }
  case "truncate": attempt("truncate", "truncated") { try store?.truncate() }
  case "fault":
    guard words.count == 2, let name = getenv("FAULT_SWITCH"), let file = fopen(name, "w") else { usage() }
    fputs(words[1], file)
    fclose(file)
  case "key":
    guard words.count == 2 else { usage() }
    attempt("key", "made") { _ = try keyFile.create(passphrase: words[1]) }
  case "passphrase":
    guard words.count == 3 else { usage() }
    attempt("passphrase", "changed \(words[2])") { try keyFile.changePassphrase(from: words[1], to: words[2]) }
  case "close":
    attempt("close", "closed") {
      try store?.close()
      store = nil
    }
  case "open": attempt("open", "opened") { store = try makeProbed() }
  default: usage()
  }
}
_exit(0)
