// docs/threat-model.md promises that tests play the attackers: they exist.
import Foundation
import Testing

@Suite struct ThreatModelTests {
  @Test func namedTestsExist() throws {
    let page = try String(contentsOf: Project.root.appending(path: "docs/threat-model.md"), encoding: .utf8)
    let sources = try Project.files(below: "Tests").filter { $0.has(extension: "swift") }.map { $0.text }.joined(separator: "\n")
    var checked = 0
    for name in Self.tests(in: page) {
      checked += 1
      #expect(sources.contains("func \(name)("), "docs/threat-model.md names \(name), which is no test")
    }
    #expect(checked > 40)
  }

  @Test func namesAreFound() {
    #expect(Self.tests(in: "| a | `Group` | `oneTest`, `anotherTest` |\n(`aThird`) `server.key` and `behind` do not count") == ["oneTest", "anotherTest", "aThird"])
  }

  /// Words in backticks that begin small and have a capital within, as our tests are called.
  private static func tests(in page: String) -> [String] {
    page.matches(of: /`([a-z][A-Za-z0-9]*[A-Z][A-Za-z0-9]*)`/).map { String($0.1) }
  }
}
