// mls-mutation: switches the validation rules off one at a time. A rule whose rejections all still come is not proven by any test, and "survives".
// Then all rejections run with all rules on: every single check in the source must have refused one of them.
// Every rule runs in a process of its own, so that a trap is told apart from a refusal. `make mutation` builds and runs it.
import Foundation
import MLS
import MLSScenarios
import SwiftCryptoProvider

#if HAUSPOST_RULE_SWITCH
  typealias Catalogue = Rejections<SwiftCryptoProvider>

  /// What became of a rule's rejections with the rule switched off.
  enum Verdict: Int32 {
    case killed = 10
    case survived = 11
  }

  /// In the child: runs the rule's rejections until one is not refused by it.
  func judge(_ rule: Rule) -> Verdict {
    let rejections = Catalogue.all.filter { $0.rule == rule }
    RuleSwitch.off = rule
    var verdict = Verdict.survived
    // All of them, also after the first: none may trap.
    for rejection in rejections {
      let error = try? rejection.run(SwiftCryptoProvider())
      if error != .some(.rule(rule)) { verdict = .killed }
    }
    return verdict
  }

  let arguments = CommandLine.arguments
  if arguments.count == 3, arguments[1] == "explain", let rule = Rule(rawValue: arguments[2]) {
    RuleSwitch.off = rule
    for rejection in Catalogue.all where rejection.rule == rule {
      do { print("\(rejection.name): " + (try rejection.run(SwiftCryptoProvider()).map { "\($0)" } ?? "accepted")) } catch {
        print("\(rejection.name): \(error)")
      }
    }
    exit(0)
  }
  if arguments.count == 2, let rule = Rule(rawValue: arguments[1]) { exit(judge(rule).rawValue) }

  /// The checks in the engine's source that no rejection has broken, as file and line.
  func unbroken() throws -> [String] {
    for rejection in Catalogue.all { _ = try? rejection.run(SwiftCryptoProvider()) }
    var places: [String] = []
    let folder = FileManager.default.currentDirectoryPath + "/Sources/MLS"
    for case let path as String in FileManager.default.enumerator(atPath: folder) ?? .init() where path.hasSuffix(".swift") {
      let text = try String(contentsOfFile: folder + "/" + path, encoding: .utf8)
      for (i, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() where line.contains("try check(") {
        places.append("MLS/\(path.split(separator: "/").last ?? ""):\(i + 1)")
      }
    }
    if places.isEmpty { throw CocoaError(.fileReadNoSuchFile) }
    return places.filter { !RuleSwitch.broken.contains($0) }.sorted()
  }

  var killed = 0
  var survived = 0
  for rule in Rule.allCases {
    let child = Process()
    child.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    child.arguments = [rule.rawValue]
    try child.run()
    child.waitUntilExit()
    if child.terminationReason == .exit, child.terminationStatus == Verdict.killed.rawValue {
      killed += 1
    } else {
      survived += 1
      print("\(rule.rawValue): " + (child.terminationReason == .exit ? "survived" : "trapped"))
    }
  }
  let idle = try unbroken()
  for place in idle { print("\(place): no rejection breaks this check") }
  print("\(Rule.allCases.count) rules, \(killed) killed, \(survived) survived")
  exit(survived == 0 && idle.isEmpty ? 0 : 1)
#else
  print("mls-mutation: compiled without HAUSPOST_RULE_SWITCH=1; run Scripts/mutation")
  exit(2)
#endif
