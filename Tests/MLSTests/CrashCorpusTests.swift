// Everything that fuzzing has found, and a small corpus, through the same functions as under libFuzzer (Scripts/fuzz). A trap here is a failure there.
import Foundation
import MLSHarness
import MLSScenarios
import Testing

@Suite struct CrashCorpusTests {
  /// `Tests/Crashes/<target>/…`; Scripts/fuzz puts findings there.
  @Test(arguments: HarnessTarget.allCases) func findingsStayMended(_ target: HarnessTarget) throws {
    let folder = Project.root.appending(path: "Tests/Crashes/\(target.rawValue)", directoryHint: .isDirectory)
    guard FileManager.default.fileExists(atPath: folder.path(percentEncoded: false)) else { return }
    for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil) {
      target.run([UInt8](try Data(contentsOf: file)))
    }
  }

  @Test(arguments: HarnessTarget.allCases) func seedsAndTheirMutationsDoNotTrap(_ target: HarnessTarget) {
    var random = SeededGenerator(7)
    for seed in target.seeds {
      target.run(seed)
      guard seed.count > 1, Int.random(in: 0..<4, using: &random) == 0 else { continue }
      var mutated = seed
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let at = Int.random(in: 0..<mutated.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: mutated[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: mutated[at] = UInt8.random(in: 0...255, using: &random)
        case 2: mutated.insert(UInt8.random(in: 0...255, using: &random), at: at)
        default: if mutated.count > 2 { mutated.remove(at: at) }
        }
      }
      target.run(mutated)
    }
  }

  /// Scripts and raw bytes without any seed.
  @Test(arguments: HarnessTarget.allCases) func randomInputsDoNotTrap(_ target: HarnessTarget) {
    var random = SeededGenerator(11)
    for _ in 0..<100 {
      target.run((0..<Int.random(in: 0...80, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) })
    }
  }
}
