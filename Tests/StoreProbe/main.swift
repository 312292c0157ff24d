// store-probe: a process that writes records until its power is cut or its disk fails. StoreTests run it under Tests/Faults.
//
//   store-probe client PATH full|normal < script
//
// The script's lines, done in order; an answer is a line:
//   write FIRST LAST   one batch for each number: the record of that number, and the record that counts them   ack N | fail N REASON
//   truncate           empties the log                                                                         truncated | fail truncate REASON
//   fault WORD         writes WORD into the file $FAULT_SWITCH
//   key PASSPHRASE     makes a key file at PATH.key                                                            made | fail key REASON
//   passphrase OLD NEW changes its passphrase                                                                  changed NEW | fail passphrase REASON
//   close              closes the store                                                                        closed
//   open               opens it again                                                                          opened | fail open REASON
// At the end of the script the process ends as if it were killed: nothing is closed.
import Glibc
import MessengerStore

func say(_ line: String) {
  let bytes = Array((line + "\n").utf8)
  guard write(1, bytes, bytes.count) == bytes.count else { _exit(1) }
}

func usage() -> Never {
  say("usage: store-probe client PATH full|normal")
  _exit(2)
}

let arguments = CommandLine.arguments
guard arguments.count == 4, arguments[1] == "client", ["full", "normal"].contains(arguments[3]) else { usage() }
let path = arguments[2]
let synchronous: MessengerStore.Synchronous = arguments[3] == "full" ? .full : .normal

/// The same in the test: 300 to 1,300 bytes that follow from the number.
func value(of number: Int) -> [UInt8] { (0..<300 + number * 37 % 1_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ number) } }
func key(of number: Int) -> [UInt8] { [1, UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number)] }
func count(_ number: Int) -> [UInt8] { [UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number)] }

var store: MessengerStore?
/// With scrypt that takes no time.
let keyFile = StoreKeyFile(path: path + ".key", cost: StoreKeyFile.Cost(log2N: 4, r: 8, p: 1))

@MainActor func attempt(_ name: String, _ answer: String, _ body: () throws(StoreError) -> Void) {
  do {
    try body()
    say(answer)
  } catch { say("fail \(name) \(error)") }
}

@MainActor func openStore() {
  attempt("open", "opened") { () throws(StoreError) in store = try MessengerStore(path: path, synchronous: synchronous) }
}

openStore()
while let line = readLine() {
  let words = line.split(separator: " ").map(String.init)
  switch words.first {
  case nil: continue
  case "write":
    guard words.count == 3, let first = Int(words[1]), let last = Int(words[2]), first <= last else { usage() }
    for number in first...last {
      attempt("\(number)", "ack \(number)") { () throws(StoreError) in
        try store?.write([(key(of: number), value(of: number)), ([0], count(number))])
      }
    }
  case "truncate": attempt("truncate", "truncated") { () throws(StoreError) in try store?.truncateLog() }
  case "fault":
    guard words.count == 2, let name = getenv("FAULT_SWITCH"), let file = fopen(name, "w") else { usage() }
    fputs(words[1], file)
    fclose(file)
  case "key":
    guard words.count == 2 else { usage() }
    attempt("key", "made") { () throws(StoreError) in _ = try keyFile.create(passphrase: words[1]) }
  case "passphrase":
    guard words.count == 3 else { usage() }
    attempt("passphrase", "changed \(words[2])") { () throws(StoreError) in try keyFile.changePassphrase(from: words[1], to: words[2]) }
  case "close":
    store = nil
    say("closed")
  case "open": openStore()
  default: usage()
  }
}
_exit(0)
