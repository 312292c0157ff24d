// Reads and runs the scripts of Tests/HouseTests/Scripts: people at their devices, a server, what they do and what they must see.
//
//   # …                         a remark
//   server starts|stops|dies    dies is kill -9; the first start keeps the set-up link as $SETUP and the address as $SERVER
//   anna: send bert Hello       runs `hauspost chat send bert Hello` on anna's device and expects success
//   anna fails: …               the same, and expects that it is refused
//   wait anna: …                runs it until the output is as expected, ten seconds at most
//   > text                      a line of output, standard error after standard output; see ScriptPattern. Without any such line it may be anything
//   anna runs: device link      starts it and goes on; `anna follows: X` is `follow X`, and waits until it follows
//   anna sees: text             waits for a line of what was started; lines before the one that was seen last do not count
//   anna has not seen: text
//   anna types: text            gives it a line
//   anna ends|dies|is done      with Ctrl-C, with kill -9, by itself
//   file NAME                   makes a file of the following lines that begin with |
//   codes FILE                  reads the QR codes of an HTML file
//   database: SQL               asks the server's database
import Foundation
import Glibc

struct Script {
  struct Step {
    var number: Int
    var text: String
    var expected: [String] = []
    var content: [String] = []
  }
  var steps: [Step] = []

  init(_ text: String) {
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if line.hasPrefix("#") || line.allSatisfy(\.isWhitespace) { continue }
      if line.hasPrefix("> ") || line == ">", !steps.isEmpty {
        steps[steps.count - 1].expected.append(String(line.dropFirst(2)))
      } else if line.hasPrefix("|"), !steps.isEmpty {
        steps[steps.count - 1].content.append(String(line.dropFirst(2)))
      } else {
        steps.append(Step(number: index + 1, text: String(line)))
      }
    }
  }

  struct Failure: Error, CustomStringConvertible { var description: String }
}

/// One run of a script.
final class ScriptRun {
  private struct Started {
    var process: ChildProcess
    var seen = 0
    var lines: [String] { process.output.split(separator: "\n").map(String.init) }
  }
  private let house: ProcessHouse
  private var variables: ScriptPattern.Variables = [:]
  private var started: [String: Started] = [:]

  init() throws { house = try ProcessHouse() }

  func run(_ script: Script) async throws {
    for step in script.steps {
      do { try await carry(out: step) } catch {
        throw Script.Failure(description: "line \(step.number): \(step.text)\n\(error)\nthe server: \(house.server?.errors ?? "")")
      }
    }
    for (_, other) in started { try await other.process.killed() }
    if let server = house.server, server.status == nil { try await house.stop() }
  }

  private func carry(out step: Script.Step) async throws {
    let colon = step.text.firstIndex(of: ":")
    let head = step.text[..<(colon ?? step.text.endIndex)].split(separator: " ").map(String.init)
    let rest = ScriptPattern.filled(colon.map { step.text[step.text.index(after: $0)...].trimmingCharacters(in: .whitespaces) } ?? "", variables)
    switch (head[0], head.dropFirst().joined(separator: " ")) {
    case ("server", let verb): try await server(verb)
    case ("file", let name): try Data((step.content.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: house.path(name)))
    case ("codes", let name): try expect(step.expected, try await QRImage.texts(inHTML: house.path(name), in: house.folder))
    case ("database", ""): try expect(step.expected, try house.rows(rest))
    case ("wait", let device): try await wait(device, Self.words(rest), step.expected)
    case (let device, ""), (let device, "fails"):
      let finished = try await house.run(device, Self.words(rest))
      guard (finished.status == 0) == head.dropFirst().isEmpty else { throw failure("it ended with \(finished.status)", finished.all) }
      if !step.expected.isEmpty { try expect(step.expected, finished.all) }
    case (let device, "runs"): started[device] = Started(process: try house.begin(device, Self.words(rest)))
    case (let device, "follows"):
      started[device] = Started(process: try house.begin(device, ["follow"] + Self.words(rest)))
      try await see(device, "…following; Ctrl-C ends…")
    case (let device, "sees"): try await see(device, rest)
    case (let device, "has not seen"):
      if let line = started[device]?.lines.first(where: { ScriptPattern.match(rest, $0, variables) != nil }) { throw failure("it was seen", [line]) }
    case (let device, "types"): started[device]?.process.write(rest)
    case (let device, "ends"):
      started[device]?.process.signal(SIGINT)
      try await started.removeValue(forKey: device)?.process.end()
    case (let device, "dies"): try await started.removeValue(forKey: device)?.process.killed()
    case (let device, "is done"):
      guard let process = started.removeValue(forKey: device)?.process else { throw failure("nothing was started", []) }
      let status = try await process.end()
      guard status == 0 else { throw failure("it ended with \(status)", [process.output]) }
    default: throw failure("no such step", [])
    }
  }

  private func server(_ verb: String) async throws {
    switch verb {
    case "starts":
      if let link = try await house.start() { variables["SETUP"] = link }
      variables["SERVER"] = house.address
    case "stops": try await house.stop()
    case "dies": try await house.killServer()
    default: throw failure("no such step", [])
    }
  }

  private func wait(_ device: String, _ words: [String], _ expected: [String]) async throws {
    var last: [String] = []
    let isSo = try await soon {
      last = try await house.run(device, words).all
      guard let found = ScriptPattern.match(expected[...], last[...], variables) else { return false }
      variables = found
      return true
    }
    if !isSo { throw failure("in ten seconds it did not come about", last) }
  }

  /// Waits for a line after the last that was seen.
  private func see(_ device: String, _ pattern: String) async throws {
    let isSeen = try await soon {
      guard let lines = started[device]?.lines else { return false }
      let from = started[device]?.seen ?? 0
      for (index, line) in lines.enumerated().dropFirst(from) {
        guard let found = ScriptPattern.match(pattern, line, variables) else { continue }
        variables = found
        started[device]?.seen = index + 1
        return true
      }
      return false
    }
    if !isSeen { throw failure("it was not seen in ten seconds", started[device]?.lines ?? ["nothing was started"]) }
  }

  private func expect(_ expected: [String], _ lines: [String]) throws {
    guard let found = ScriptPattern.match(expected[...], lines[...], variables) else { throw failure("expected\n  \(expected.joined(separator: "\n  "))", lines) }
    variables = found
  }

  private func failure(_ text: String, _ lines: [String]) -> Script.Failure {
    Script.Failure(description: "\(text)\nthere was\n  \(lines.joined(separator: "\n  "))")
  }

  /// Words parted by blanks; quotation marks hold them together.
  private static func words(_ text: String) -> [String] {
    var words: [String] = []
    var word: String?
    var isQuoted = false
    for character in text {
      if character == "\"" {
        isQuoted.toggle()
        word = word ?? ""
      } else if character == " ", !isQuoted {
        if let word { words.append(word) }
        word = nil
      } else {
        word = (word ?? "") + String(character)
      }
    }
    return words + (word.map { [$0] } ?? [])
  }
}
