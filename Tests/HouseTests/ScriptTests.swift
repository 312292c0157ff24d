// Runs every script of the folder Scripts; Script.swift says how they are written.
import Foundation
import Testing

@Suite(.serialized, .oneAtATime) struct ScriptTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Scripts")
  static let names: [String] = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { $0.hasSuffix(".txt") }.sorted()

  @Test(arguments: names) func script(name: String) async throws {
    let text = try String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
    let script = Script(text)
    #expect(script.steps.count > 3)
    do { try await ScriptRun().run(script) } catch let failure as Script.Failure { Issue.record("\(name), \(failure)") }
  }

  @Test func theScriptsAreFound() { #expect(Self.names.count >= 15) }

  /// The runner itself: what a script does not expect makes it fail.
  @Test(arguments: [
    "server starts\nanna: status", "server starts\nanna fails: join $SETUP --name Anna", "server starts\nanna: join $SETUP --name Anna\n> You are Bert…",
    "server starts\nanna: join $SETUP --name Anna\nanna follows: \nanna has not seen: following…",
    "server starts\nanna walks",
  ])
  func aWrongScriptFails(text: String) async throws {
    let run = try ScriptRun()
    await #expect(throws: Script.Failure.self) { try await run.run(Script(text)) }
  }
}
