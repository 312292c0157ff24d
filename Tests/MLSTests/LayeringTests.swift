// House rules that no compiler checks, each with its reason. A ban that is in the way is a decision to discuss (docs/adr), not a line to delete.
import Foundation
import Testing

@Suite struct LayeringTests {
  /// Targets that run in the browser too. They are sans-I/O and know nothing above them; Embedded Swift has no Foundation and no Dispatch.
  /// A portable target that is not listed here imports what it wants: add it.
  static let portable: [String: Set<String>] = [
    "TLSCodec": [],
    "CryptoInterface": ["TLSCodec"],
    "CryptoSelfCheck": ["CryptoInterface"],
    "MLS": ["TLSCodec", "CryptoInterface"],
    "MLSVectors": ["TLSCodec", "CryptoInterface", "MLS"],
    "CBOR": [],
    "Content": ["CBOR", "CryptoInterface"],
    "Identity": ["TLSCodec", "CryptoInterface", "MLS"],
    "Wire": ["TLSCodec"],
    "Messenger": ["TLSCodec", "CBOR", "CryptoInterface", "MLS", "Content", "Identity", "Wire"],
    // The one C module of the project: it comes with swift-crypto, and is built for wasm by Scripts/build-boringssl-wasm.
    "BoringSSLProvider": ["CryptoInterface", "CCryptoBoringSSL"],
    "MessengerWasm": ["TLSCodec", "CryptoInterface", "MLS", "Content", "Identity", "Messenger", "BoringSSLProvider"],
    "MLSVectorsWasm": ["CryptoSelfCheck", "TLSCodec", "CryptoInterface", "MLS", "MLSVectors", "BoringSSLProvider"],
  ]

  /// Targets for Linux. Foundation proper takes seconds to load and megabytes to link, so the provider takes what it needs of it.
  static let native: [String: Set<String>] = [
    "SwiftCryptoProvider": ["CryptoInterface", "Crypto", "Dispatch", "FoundationEssentials", "Glibc", "Synchronization"],
    "MLSVectorsTool": ["CryptoInterface", "MLSVectors", "SwiftCryptoProvider", "ArgumentParser", "Foundation"],
    "Delivery": ["TLSCodec", "CryptoInterface", "MLS", "Identity", "Wire", "Synchronization"],
    "DeliverySQLite": ["Delivery", "GRDB", "Foundation", "Glibc"],
    "MessengerStore": ["TLSCodec", "CryptoInterface", "Messenger", "Crypto", "CryptoExtras", "GRDB", "Foundation", "Glibc", "Synchronization"],
    "MessengerRuntime": [
      "CryptoInterface", "Wire", "Messenger", "MessengerStore", "SwiftCryptoProvider", "NIOCore", "NIOPosix", "NIOHTTP1", "NIOWebSocket", "NIOSSL",
      "Glibc", "Synchronization",
    ],
    "HauspostServer": [
      "TLSCodec", "CryptoInterface", "Identity", "Wire", "Delivery", "DeliverySQLite", "SwiftCryptoProvider", "NIOCore", "NIOPosix", "NIOHTTP1",
      "NIOWebSocket", "NIOSSL", "NIOHTTPTypes", "NIOHTTPTypesHTTP1", "HTTPTypes", "Hummingbird", "HummingbirdCore", "Configuration", "Logging",
      "ServiceLifecycle", "UnixSignals", "FoundationEssentials", "Glibc", "Synchronization",
    ],
    // A module map over Debian's library; it has no Swift.
    "CQREncode": [],
    "HauspostTerminal": [
      "TLSCodec", "CryptoInterface", "Content", "Identity", "Wire", "Messenger", "MessengerStore", "MessengerRuntime", "CQREncode", "ArgumentParser",
      "Foundation", "Glibc",
    ],
    "HauspostExecutable": ["HauspostServer", "HauspostTerminal", "ArgumentParser"],
  ]

  /// What decides and runs on the server.
  static let server = ["Delivery", "DeliverySQLite", "HauspostServer"]
  /// What runs at people's ends.
  static let client = ["Messenger", "MessengerStore", "MessengerRuntime", "HauspostTerminal", "MessengerWasm"]

  static func sources(of targets: some Sequence<String>) throws -> [ProjectFile] {
    try targets.sorted().filter { Project.exists("Sources/" + $0) }
      .flatMap { try Project.files(below: "Sources/" + $0) }.filter { $0.has(extension: "swift") }
  }

  @Test func importsGoDownwards() throws {
    let allowed = Self.portable.merging(Self.native) { first, _ in first }
    for target in try Project.subfolders(of: "Sources") {
      guard let allowed = allowed[target] else {
        Issue.record("Sources/\(target) is new: say in LayeringTests what it may import, and in ARCHITECTURE.md what it is")
        continue
      }
      for file in try Self.sources(of: [target]) {
        for module in file.importedModules where !allowed.contains(module) {
          Issue.record("\(file.path) imports \(module): \(target) may import \(allowed.sorted())")
        }
      }
    }
  }

  /// A server that cannot read messages has no code that could: neither the client engine nor what people say. A client trusts what it verifies, not how
  /// its server happens to decide; another server may decide otherwise. They meet in `Wire`. Only the executable holds both, to be one file to install.
  @Test func serverAndClientsMeetInTheWire() throws {
    let forbidden = [(Self.server, Set(Self.client + ["Content", "CBOR"])), (Self.client, Set(Self.server))]
    for (targets, others) in forbidden {
      for file in try Self.sources(of: targets) {
        for module in file.importedModules where others.contains(module) { Issue.record("\(file.path) imports \(module), which is for the other side") }
      }
    }
  }

  /// A row for a target that is gone allows nothing and misleads.
  @Test func tablesNameWhatIsThere() throws {
    let folders = Set(try Project.subfolders(of: "Sources"))
    for target in [String](Self.portable.keys) + Self.native.keys + Self.server + Self.client {
      #expect(folders.contains(target), "LayeringTests speaks of \(target), which is no folder of Sources")
    }
  }

  /// `any P` needs run-time type information, which Embedded Swift leaves out, and hides what an error or a provider is. Untyped `throws` is `any Error`.
  @Test func portableCodeHasNoExistentials() throws {
    for file in try Self.sources(of: Self.portable.keys) {
      for (line, problem) in file.existentials { Issue.record("\(file.path):\(line): \(problem)") }
    }
  }

  /// What switches a check of the compiler off says why that is safe, on the same line or just above.
  @Test func uncheckedCodeSaysWhyItIsSafe() throws {
    for file in try Project.files(below: "Sources") where file.has(extension: "swift") {
      for (i, line) in file.codeLines.enumerated()
      where line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)") || line.contains("try!") {
        let above = file.lines[max(0, i - 3)...i]
        #expect(above.contains { $0.contains("Safe because:") }, "\(file.path):\(i + 1) has no `// Safe because:`")
      }
    }
  }

  /// Labels and media types are for every implementation of the protocols; the product's name in one would be a fork of the protocol.
  @Test func productNameIsNotInProtocols() throws {
    for file in try Self.sources(of: Self.portable.keys) {
      #expect(!file.literals.lowercased().contains("hauspost"), "\(file.path): the product's name in a string")
    }
  }

  /// The first lines of a file say what room this is: a comment at the top, or on the first declaration.
  @Test func filesIntroduceThemselves() throws {
    for file in try Project.files(below: "Sources") + Project.files(below: "Benchmarks") where file.has(extension: "swift") {
      let first = file.lines.lazy.map { $0.trimmingCharacters(in: .whitespaces) }.first { line in
        !line.isEmpty && !["import ", "package import ", "public import ", "@", "#if", "extension "].contains { line.hasPrefix($0) }
      }
      let introduced = file.text.hasPrefix("//") || first?.hasPrefix("//") == true
      #expect(introduced, "\(file.path) does not say what it is")
    }
  }

  /// Such a path is true on one machine only.
  @Test func filesNameNoMachine() throws {
    let folders = ["work", "tmp", "root", "opt"].map { "/" + $0 }
    for file in try Project.files() {
      for (number, line) in file.lines.enumerated() where line.contains("/") {
        for folder in folders where line.names(path: folder) {
          Issue.record("\(file.path):\(number + 1) names \(folder)")
        }
      }
    }
  }

  /// Above 400 lines think, above 800 split: nobody reads such a file to its end.
  @Test func filesAreShort() throws {
    for file in try Project.files() where file.has(extension: "swift", "c", "h", "mjs", "ts", "tsx", "py") || file.path.hasPrefix("Scripts/") {
      if file.path.contains("/Generated/") { continue }
      #expect(file.lines.count <= 800, "\(file.path) has \(file.lines.count) lines")
    }
  }

  /// ARCHITECTURE.md is the map: every target, and every folder of the engine, is on it.
  @Test func architectureNamesEveryFolder() throws {
    let map = try String(contentsOf: Project.root.appending(path: "ARCHITECTURE.md"), encoding: .utf8)
    for folder in try Project.subfolders(of: "Sources") + Project.subfolders(of: "Sources/MLS") where !folder.hasSuffix(".docc") {
      #expect(map.contains("`\(folder)`"), "ARCHITECTURE.md does not say what \(folder) is")
    }
  }
}

/// The checks above find nothing in a good project; here each finds what it is for.
@Suite struct LayeringChecksTests {
  @Test func importsAreFound() {
    let file = ProjectFile(
      path: "", text: "// import A\nimport B\n@_exported import C\nimport enum D.E\npackage import F\nlet s = \"import G\"\n/* import H */ import I")
    #expect(file.importedModules == ["B", "C", "D", "F", "I"])
  }

  @Test func existentialsAreFound() {
    let file = ProjectFile(
      path: "", text: "var a: any P // any Q\nfunc f() throws {}\nfunc g() throws(E) -> R\n/// any Reader\nlet s = \"\\(any(1)) any X\"\nvar any = 1")
    #expect(file.existentials.map { $0.line } == [1, 2])
  }

  @Test func machinePathsAreFound() {
    let folder = "/" + "tmp"
    for line in [folder, "cd \(folder)/x", "\"\(folder)\"", "`\(folder)/`"] { #expect(line[...].names(path: folder), "\(line)") }
    for line in ["a\(folder)", "$HOME\(folder)", "..\(folder)", folder + "late", "https://example.org\(folder)"] {
      #expect(!line[...].names(path: folder), "\(line)")
    }
  }

  @Test func literalsAreFound() {
    let file = ProjectFile(path: "", text: "let a = \"x\\\"y\" + z // \"no\"")
    #expect(file.literals.contains("x") && file.literals.contains("y") && !file.literals.contains("z") && !file.literals.contains("no"))
    #expect(file.code.contains("z") && !file.code.contains("x"))
  }
}

extension ProjectFile {
  fileprivate var codeLines: [Substring] { code.split(separator: "\n", omittingEmptySubsequences: false) }

  fileprivate var existentials: [(line: Int, problem: String)] {
    codeLines.enumerated().flatMap { number, line -> [(line: Int, problem: String)] in
      var problems: [(line: Int, problem: String)] = []
      if line.contains("any "), line.contains(/\bany\s+[A-Z(]/) { problems.append((number + 1, "an existential; use a generic parameter")) }
      if line.contains("throws"), line.contains(/\bthrows\b(?!\s*\()/) { problems.append((number + 1, "throws without a type; use throws(E)")) }
      return problems
    }
  }

  /// `import X`, `import enum X.Y`, `package import X`, `@_exported import X`: X.
  fileprivate var importedModules: [String] {
    codeLines.filter { $0.contains("import ") }.compactMap { line in
      line.firstMatch(of: /^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:\w+\s+)?import\s+(?:(?:enum|struct|class|protocol|typealias|func|var|let)\s+)?(\w+)/)
        .map { String($0.1) }
    }
  }
}

extension Substring {
  /// Whether an absolute path begins with this folder: `/x` or `/x/…`, but not `…/x` behind a word, a variable or a dot.
  fileprivate func names(path: String) -> Bool {
    var rest = self[...]
    while let range = rest.firstRange(of: path) {
      let before = range.lowerBound == startIndex ? " " : self[index(before: range.lowerBound)]
      let after = range.upperBound == endIndex ? " " : self[range.upperBound]
      let begins = !(before.isLetter || before.isNumber || "_-.$}*/".contains(before))
      if begins && !(after.isLetter || after.isNumber || after == "_" || after == "-") { return true }
      rest = rest[range.upperBound...]
    }
    return false
  }
}
