// mls-vectors: verifies and generates the MLS working group's test vectors on the command line.
import ArgumentParser
import CryptoInterface
import Foundation
import MLSVectors
import SwiftCryptoProvider

@main
struct MLSVectorsTool: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mls-vectors", abstract: "Verify or generate test vectors for Messaging Layer Security (RFC 9420).",
    subcommands: [Verify.self, Generate.self])
}

/// The numbers of the X-Wing suites, which are not assigned yet.
struct XWingNumbers: ParsableArguments {
  @Option(name: .customLong("xwing-aes128"), help: "Number of the X-Wing suite with AES-128-GCM and SHA-256.")
  var aes128 = SuiteNumber(XWingCodePoints.draft06.aes128)
  @Option(name: .customLong("xwing-aes256"), help: "Number of the X-Wing suite with AES-256-GCM and SHA-384.")
  var aes256 = SuiteNumber(XWingCodePoints.draft06.aes256)

  var provider: SwiftCryptoProvider {
    SwiftCryptoProvider(suites: CipherSuiteTable(xwing: XWingCodePoints(aes128: aes128.suite, aes256: aes256.suite)))
  }

  func validate() throws {
    if aes128.suite == aes256.suite { throw ValidationError("The two X-Wing suites must have different numbers.") }
    for number in [aes128, aes256] where (1...7).contains(number.suite.rawValue) {
      throw ValidationError("\(number.suite) is the number of a suite of RFC 9420 and cannot stand for X-Wing.")
    }
  }
}

/// A suite's number, decimal or as 0x….
struct SuiteNumber: ExpressibleByArgument {
  var suite: CipherSuite
  init(_ suite: CipherSuite) { self.suite = suite }
  init?(argument: String) {
    let hex = argument.lowercased().hasPrefix("0x")
    guard let value = UInt16(hex ? String(argument.dropFirst(2)) : argument, radix: hex ? 16 : 10) else { return nil }
    suite = CipherSuite(value)
  }
  var defaultValueDescription: String { "\(suite)" }
}

extension VectorKind: ExpressibleByArgument {
  public init?(argument: String) { self.init(named: Array(argument.utf8)) }
  public static var allValueStrings: [String] { allCases.map { $0.rawValue } }
}

struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Verify files of test vectors.",
    discussion: """
      What a file holds is found out from its content; its name does not matter. Cases are counted from 0. The last line has the totals, \
      in which a file that cannot be read counts as one failure. The exit status is 0 only where nothing failed.
      """)

  @Argument(help: "Files of test vectors.")
  var files: [String]
  @Option(help: "The kind of all files, where their content should not decide.")
  var kind: VectorKind?
  @OptionGroup var xwing: XWingNumbers

  func run() throws {
    let provider = xwing.provider
    var passed: UInt64 = 0
    var failed: UInt64 = 0
    var skipped: UInt64 = 0
    for file in files {
      do {
        let report = try MLSVectors.verify(file: try read(file), kind: kind, using: provider)
        passed += UInt64(report.passed)
        failed += UInt64(report.failed)
        skipped += UInt64(report.skipped)
        print("\(file): \(report.kind.rawValue): \(report.summary)")
        for (reason, count) in report.skipReasons { print("  skipped \(count): \(reason)") }
        for failure in report.failures { print("\(file): case \(failure.index): \(failure.reason)") }
      } catch {
        failed += 1
        print("\(file): \(error)")
      }
    }
    print("\(passed) passed, \(failed) failed, \(skipped) skipped")
    if failed > 0 { throw ExitCode(1) }
  }

  private func read(_ file: String) throws(UnreadableFile) -> [UInt8] {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: file, isDirectory: &isFolder), isFolder.boolValue { throw UnreadableFile(reason: "it is a folder") }
    do { return [UInt8](try Data(contentsOf: URL(fileURLWithPath: file))) } catch {
      throw UnreadableFile(reason: (error as NSError).localizedFailureReason ?? error.localizedDescription)
    }
  }
}

struct UnreadableFile: Error, CustomStringConvertible {
  var reason: String
  var description: String { "cannot be read: \(reason)" }
}

struct Generate: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Generate test vectors with random content.")

  @Argument(help: "The kind of vectors.")
  var kind: VectorKind
  @Option(help: "The number of the cipher suite, decimal or as 0x…; all suites where it is not given.")
  var suite: SuiteNumber?
  @Option(help: "Cases for each suite (tree-math, deserialization: in all); as many as the kind has shapes where it is not given.")
  var count: Int?
  @Option(name: .shortAndLong, help: "The file to write; standard output where it is not given.")
  var output: String?
  @OptionGroup var xwing: XWingNumbers

  func validate() throws {
    if let count, count < 1 { throw ValidationError("The count must be at least 1.") }
    if let suite, xwing.provider.suites.parameters(of: suite.suite) == nil {
      let known = xwing.provider.suites.entries.map { "\($0.suite)" }.joined(separator: ", ")
      throw ValidationError("There is no cipher suite \(suite.suite) here; known are \(known).")
    }
  }

  func run() throws {
    let provider = xwing.provider
    let suites = provider.suites.entries.filter { suite == nil || $0.suite == suite?.suite }
    let vectors: JSON
    do { vectors = try generate(kind, suites: suites, count: count, using: provider) } catch {
      FileHandle.standardError.write(Data("generating \(kind.rawValue): \(describe(error))\n".utf8))
      throw ExitCode(1)
    }
    let text = Data(vectors.written())
    guard let output else {
      FileHandle.standardOutput.write(text)
      return
    }
    do { try text.write(to: URL(fileURLWithPath: output)) } catch {
      FileHandle.standardError.write(Data("\(output) cannot be written: \(error.localizedDescription)\n".utf8))
      throw ExitCode(1)
    }
  }
}
