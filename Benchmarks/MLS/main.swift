// What groups cost: `make bench-mls`. One JSON object a line with `--json`, else a table. Times are medians in milliseconds.
import CryptoInterface
import Foundation
import MLS
import MLSScenarios
import SwiftCryptoProvider
import TLSCodec

let crypto = SwiftCryptoProvider()
let everybody = TrustEveryone()
let clock = ContinuousClock()

struct Row {
  var name: String
  var values: [String] = []
}

func milliseconds(_ duration: Duration) -> Double {
  Double(duration.components.seconds) * 1e3 + Double(duration.components.attoseconds) / 1e15
}

/// The median over runs; the body's preparation is not counted.
func median(_ runs: Int, _ body: () throws -> Duration) rethrows -> Double {
  var times: [Double] = []
  for _ in 0..<runs { times.append(milliseconds(try body())) }
  return times.sorted()[runs / 2]
}

/// Bytes of the process in memory now.
func residentBytes() -> Int {
  guard let status = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
  let pages = status.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
  return pages * Int(getpagesize())
}

func text(_ value: Double) -> String {
  value >= 100 ? String(format: "%.0f", value) : value >= 1 ? String(format: "%.2f", value) : String(format: "%.4f", value)
}

/// All figures for one suite and size.
func measure(_ suite: CipherSuite, _ count: Int) throws -> [(String, String)] {
  var figures: [(String, String)] = []
  func add(_ name: String, _ value: Double) { figures.append((name, text(value))) }
  func add(_ name: String, bytes: Int) { figures.append((name, String(bytes))) }
  let runs = count >= 3_000 ? 3 : count >= 1_000 ? 5 : 11

  var durations: [Double] = []
  var made: OmniscientGroup<SwiftCryptoProvider>?
  for _ in 0..<(count >= 3_000 ? 1 : 3) {
    made = try OmniscientGroup(count, suite: suite, using: crypto) { (work: () throws(MLSError) -> Void) throws(MLSError) in
      let start = clock.now
      try work()
      durations.append(milliseconds(clock.now - start))
    }
  }
  guard var omniscient = made else { return [] }
  add("create and add N (ms)", durations.sorted()[durations.count / 2])
  guard let welcome = omniscient.addAll.welcome else { return [] }
  let bundle = omniscient.bundles[count / 2]
  let slice = welcome.slice(for: try bundle.keyPackage.ref(using: crypto))!
  let treeBytes = omniscient.addAll.tree.encoded()
  let sliceBytes = slice.encoded()
  add(
    "join (ms)",
    try median(runs) {
      let start = clock.now
      let tree = try RatchetTree(decoding: treeBytes)
      let group = try Group.join(
        try Welcome(decoding: sliceBytes), with: bundle, JoiningContext(tree: tree), application: everybody, using: crypto)
      precondition(group.epoch == 1)
      return clock.now - start
    })
  let addCommitBytes = omniscient.addAll.message.encoded().count

  func update(_ name: String) throws -> Int {
    var size = 0
    let first = omniscient.member(0)
    let second = omniscient.member(count - 1)
    var commits: [MLSMessage] = []
    add(
      "update commit, \(name) tree (ms)",
      try median(runs) {
        var member = first
        let start = clock.now
        let pending = try member.commit(application: everybody, using: crypto)
        let bytes = pending.message.encoded()
        let duration = clock.now - start
        size = bytes.count
        commits.append(pending.message)
        return duration
      })
    var next = 0
    add(
      "apply it, \(name) tree (ms)",
      try median(runs) {
        var member = second
        let bytes = commits[next].encoded()
        next += 1
        let start = clock.now
        guard case .commit(let staged) = try member.receive(try MLSMessage(decoding: bytes), application: everybody, using: crypto) else {
          fatalError("not a commit")
        }
        try member.adopt(staged, at: 0)
        return clock.now - start
      })
    return size
  }
  let blankBytes = try update("blank")
  try omniscient.fill()
  let filledBytes = try update("filled")

  let newcomer = try TestClient("newcomer", suite: suite, using: crypto).keyPackage(using: crypto)
  let base = omniscient.member(1)
  add(
    "add one (ms)",
    try median(runs) {
      var member = base
      let start = clock.now
      try member.commit(CommitOptions(proposals: [.add(newcomer.keyPackage)]), application: everybody, using: crypto)
      return clock.now - start
    })
  add(
    "remove one (ms)",
    try median(runs) {
      var member = base
      let start = clock.now
      try member.commit(
        CommitOptions(proposals: [.remove(LeafIndex(UInt32(count - 1)))]), application: everybody, using: crypto)
      return clock.now - start
    })

  // Messages: many of one sender, so that the first use of its ratchets does not count.
  var sender = omniscient.member(0)
  var receiver = omniscient.member(count - 1)
  let kilobyte = [UInt8](repeating: 7, count: 1_000)
  var messages: [[UInt8]] = []
  let encryptions = 401
  add(
    "encrypt 1 kB (ms)",
    try median(encryptions) {
      let start = clock.now
      let message = try sender.encrypt(kilobyte, using: crypto).encoded()
      let duration = clock.now - start
      messages.append(message)
      return duration
    })
  _ = receiver.takeChanges()
  var next = 0
  var written = 0
  add(
    "decrypt 1 kB (ms)",
    try median(encryptions) {
      let start = clock.now
      guard case .application = try receiver.receive(try MLSMessage(decoding: messages[next]), application: everybody, using: crypto) else {
        fatalError("not an application message")
      }
      let duration = clock.now - start
      next += 1
      written = receiver.takeChanges().reduce(0) { $0 + ($1.value?.count ?? 0) }
      return duration
    })
  add("commit, add all (bytes)", bytes: addCommitBytes)
  add("commit, blank tree (bytes)", bytes: blankBytes)
  add("commit, filled tree (bytes)", bytes: filledBytes)
  add("Welcome, whole (bytes)", bytes: welcome.encoded().count)
  add("Welcome, slice (bytes)", bytes: sliceBytes.count)
  add("tree, blank (bytes)", bytes: treeBytes.count)
  add("tree, filled (bytes)", bytes: omniscient.group.tree.encoded().count)
  add("written per message (bytes)", bytes: written)

  // A group loaded from its records, as a client has it: memory by how much ten of them add.
  let records = omniscient.member(1).records()
  add(
    "load from records (ms)",
    try median(min(runs, 5)) {
      let start = clock.now
      let group = try Group(records: records, using: crypto)
      let duration = clock.now - start
      precondition(group.epoch == omniscient.group.epoch)
      return duration
    })
  let before = residentBytes()
  var loaded: [Group] = []
  let copies = count >= 3_000 ? 2 : 5
  for _ in 0..<copies { loaded.append(try Group(records: records, using: crypto)) }
  add("memory per member (bytes)", bytes: max(0, residentBytes() - before) / copies / count)
  precondition(loaded.count == copies)
  return figures
}

var sizes = [10, 100, 300, 1_000]
var numbers: [CipherSuite] = [CipherSuite(1), .standard]
var json = false
var arguments = Array(CommandLine.arguments.dropFirst())
while !arguments.isEmpty {
  let argument = arguments.removeFirst()
  switch argument {
  case "--json": json = true
  case "--sizes" where !arguments.isEmpty:
    sizes = arguments.removeFirst().split(separator: ",").compactMap { Int($0) }
  case "--suites" where !arguments.isEmpty:
    numbers = arguments.removeFirst().split(separator: ",").compactMap { UInt16($0).map { CipherSuite($0) } }
  default:
    print("usage: bench-mls [--json] [--sizes 10,100,…] [--suites 1,61538,…]")
    exit(2)
  }
}
for suite in numbers {
  var columns: [[(String, String)]] = []
  for size in sizes {
    let figures = try measure(suite, size)
    if json {
      let fields = figures.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ")
      print("{\"suite\": \(suite), \"n\": \(size), \(fields)}")
      fflush(nil)
    }
    columns.append(figures)
  }
  if json { continue }
  print("\nsuite \(suite)")
  print("N".padding(toLength: 34, withPad: " ", startingAt: 0) + sizes.map { String($0).leftPadded(12) }.joined())
  for (i, figure) in (columns.first ?? []).enumerated() {
    print(figure.0.padding(toLength: 34, withPad: " ", startingAt: 0) + columns.map { $0[i].1.leftPadded(12) }.joined())
  }
}

extension String {
  func leftPadded(_ width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
