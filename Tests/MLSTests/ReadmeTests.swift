// The documentation's Swift, compiled and run. A code block in README.md, docs/ or a .docc catalogue below `<!-- snippet: NAME -->` equals the lines here
// between `// snippet: NAME` and `// end`, but for indentation; its imports are this file's.
import CryptoInterface
import Foundation
import MLS
import SwiftCryptoProvider
import TLSCodec
import Testing

@Suite struct ReadmeTests {
  @Test func twoPeopleTalk() throws {
    // snippet: talk
    let crypto = SwiftCryptoProvider()
    let suite = CipherSuite.standard  // X-Wing, AES-256-GCM, SHA-384, Ed25519
    func identity(_ name: String) throws -> ClientIdentity {
      ClientIdentity(
        credential: .basic(identity: Array(name.utf8)), signatureKeyPair: try crypto.generateSignatureKeyPair(.ed25519),
        capabilities: Capabilities(cipherSuites: [suite]))
    }
    let everybody = TrustEveryone()  // for tests: an application says here who is who and who may do what
    let bens = try KeyPackageBundle.create(identity("ben"), suite: suite, lifetime: .always, using: crypto)
    var anna = try Group.create(
      groupID: crypto.random(32), suite: suite, identity: identity("anna"), application: everybody, using: crypto)
    let commit = try anna.commit(
      CommitOptions(proposals: [.add(bens.keyPackage)], welcomeCarriesTree: true), application: everybody, using: crypto)
    try anna.adoptPendingCommit(at: 0)  // once the delivery service has accepted commit.message; seconds since 1970
    var ben = try Group.join(commit.welcome!, with: bens, application: everybody, using: crypto)
    let message = try anna.encrypt(Array("Moin".utf8), using: crypto)
    let changes = anna.takeChanges()  // into the store, before message.encoded() leaves
    if case .application(let received) = try ben.receive(message, application: everybody, using: crypto) {
      print(String(decoding: received.data, as: UTF8.self), "from leaf", received.sender.value)
    }
    // end
    #expect(anna.epochAuthenticator == ben.epochAuthenticator)
    #expect(!changes.isEmpty)
    #expect(throws: MLSError.generationUsed) { try ben.receive(message, application: everybody, using: crypto) }
  }

  @Test func structureIsItsEncoding() throws {
    let ticket = Ticket(version: 1, name: [0x61], expiry: 7)
    #expect(ticket.encoded() == [0, 1, 1, 0x61, 1, 0, 0, 0, 7])
    #expect(try Ticket(decoding: ticket.encoded()) == ticket)
    #expect(throws: TLSCodec.DecodingError.trailingBytes) { try Ticket(decoding: ticket.encoded() + [0]) }
  }

  @Test func houseNumbersItsSuites() throws {
    // snippet: suites
    let numbers = XWingCodePoints(aes128: CipherSuite(0xF0A1), aes256: CipherSuite(0xF0A2))
    let crypto = SwiftCryptoProvider(suites: CipherSuiteTable(xwing: numbers))
    guard let suite = crypto.suites.parameters(of: numbers.aes256) else { return }
    let pair = try crypto.generateKeyPair(suite.kem)
    let sealed = try crypto.hpkeSeal(suite, to: pair.publicKey, info: [], Secret([1, 2, 3]))
    let opened = try crypto.hpkeOpen(suite, with: pair.privateKey, info: [], sealed)
    // end
    #expect(opened.exposed == [1, 2, 3])
    #expect(crypto.suites.parameters(of: XWingCodePoints.draft06.aes256) == nil)
  }

  /// A group with a delivery service in the middle, and a member who is stopped and started again.
  @Test func commitGoesItsWay() throws {
    let crypto = SwiftCryptoProvider()
    let names: Set<[UInt8]> = [Array("anna".utf8), Array("ben".utf8)]
    let directory = Directory(names: names)
    func identity(_ name: String) throws -> ClientIdentity {
      ClientIdentity(
        credential: .basic(identity: Array(name.utf8)), signatureKeyPair: try crypto.generateSignatureKeyPair(.ed25519),
        capabilities: Capabilities(cipherSuites: [suite1]))
    }
    #expect(throws: MLSError.rule(.credential)) {
      try Group.create(groupID: [1], suite: suite1, identity: identity("eve"), application: directory, using: crypto)
    }
    var anna = try Group.create(groupID: [1], suite: suite1, identity: identity("anna"), application: directory, using: crypto)
    let bundle = try KeyPackageBundle.create(identity("ben"), suite: suite1, lifetime: .always, using: crypto)
    var service = try PublicGroup(groupInfo: anna.groupInfo(withTree: true, using: crypto), application: directory, using: crypto)
    let first = try anna.commit(CommitOptions(proposals: [.add(bundle.keyPackage)]), application: directory, using: crypto)
    try accept(first.message.encoded(), in: &service, directory, using: crypto)
    #expect(try open(first.message.encoded(), in: &anna, directory, at: 1, using: crypto).text == nil)
    let welcome = try #require(first.welcome)
    var ben = try Group.join(welcome, with: bundle, JoiningContext(tree: service.tree), application: directory, using: crypto)

    let stored = anna.records()
    let update = try ben.commit(application: directory, using: crypto)
    try accept(update.message.encoded(), in: &service, directory, using: crypto)
    #expect(throws: MLSError.self) { try accept(update.message.encoded(), in: &service, directory, using: crypto) }
    try ben.adoptPendingCommit(at: 2)
    let changes = try open(update.message.encoded(), in: &anna, directory, at: 2, using: crypto).changes
    anna = try load(stored, then: changes, using: crypto)
    #expect(anna.epochAuthenticator == ben.epochAuthenticator)
    #expect(anna.context == service.context)
    let message = try ben.encrypt([1, 2, 3], using: crypto)
    #expect(try open(message.encoded(), in: &anna, directory, at: 3, using: crypto).text == [1, 2, 3])
  }

  // MARK: Documents

  static let marker = "<!-- snippet: "

  @Test func documentsShowWhatRuns() throws {
    let snippets = try Self.snippets()
    var shown: Set<String> = []
    for document in try Project.files() where document.has(extension: "md") {
      for block in document.swiftBlocks {
        guard let name = block.name else {
          // Elsewhere a block may be a sketch; what newcomers copy first must run.
          if document.path == "README.md" || document.path.contains(".docc/") {
            Issue.record("\(document.path):\(block.line): Swift that is not run; mark it with `\(Self.marker)NAME -->`")
          }
          continue
        }
        shown.insert(name)
        let code = block.code.filter { !$0.hasPrefix("import ") }
        for line in block.code where line.hasPrefix("import ") { #expect(snippets.imports.contains(line), "\(document.path): \(line)") }
        let expected = snippets.code[name] ?? []
        #expect(code.joined(separator: "\n").trimmed == expected.joined(separator: "\n").trimmed, "\(document.path):\(block.line) differs from \(name)")
      }
    }
    #expect(shown == Set(snippets.code.keys), "a snippet that no document shows, or none of that name")
  }

  /// A link into the project leads somewhere.
  @Test func linksLeadSomewhere() throws {
    for document in try Project.files() where document.has(extension: "md") {
      let folder = document.path.split(separator: "/").dropLast().joined(separator: "/")
      for match in document.text.matches(of: /\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"/) {
        let target = String(match.1 ?? match.2 ?? "").split(separator: "#", omittingEmptySubsequences: false)[0]
        if target.isEmpty || target.contains(":") { continue }
        #expect(Project.exists(folder.isEmpty ? String(target) : folder + "/" + target), "\(document.path) links to \(target)")
      }
    }
  }

  private static func snippets() throws -> (code: [String: [String]], imports: Set<String>) {
    let source = try String(contentsOf: URL(filePath: #filePath), encoding: .utf8)
    var code: [String: [String]] = [:]
    var imports: Set<String> = []
    var current: (name: String, indentation: Int)?
    for line in source.split(separator: "\n", omittingEmptySubsequences: false) {
      let text = line.trimmingCharacters(in: .whitespaces)
      if text.hasPrefix("import ") { imports.insert(text) }
      if text.hasPrefix("// snippet: ") {
        current = (String(text.dropFirst(12)), line.prefix { $0 == " " }.count)
        code[current!.name] = []
      } else if text == "// end" {
        current = nil
      } else if let current {
        code[current.name]?.append(String(line.dropFirst(min(current.indentation, line.prefix { $0 == " " }.count))))
      }
    }
    return (code, imports)
  }
}

extension ProjectFile {
  /// The ```swift blocks, each with the name in the marker above it.
  fileprivate var swiftBlocks: [(name: String?, line: Int, code: [String])] {
    var blocks: [(name: String?, line: Int, code: [String])] = []
    var open = false
    var name: String?
    for (number, line) in lines.enumerated() {
      if open {
        if line == "```" { open = false } else { blocks[blocks.count - 1].code.append(String(line)) }
      } else if line == "```swift" {
        open = true
        blocks.append((name, number + 1, []))
        name = nil
      } else if line.hasPrefix(ReadmeTests.marker) {
        name = line.dropFirst(ReadmeTests.marker.count).split(separator: " ").first.map(String.init)
      }
    }
    return blocks
  }
}

extension String {
  fileprivate var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}

// MARK: What the articles show

extension ReadmeTests {
  // snippet: codec
  ///     struct {
  ///         uint16 version;
  ///         opaque name<V>;
  ///         optional<uint32> expiry;
  ///     } Ticket;
  struct Ticket: Equatable, TLSEncodable, TLSDecodable {
    var version: UInt16
    var name: [UInt8]
    var expiry: UInt32?

    init(version: UInt16, name: [UInt8], expiry: UInt32? = nil) {
      self.version = version
      self.name = name
      self.expiry = expiry
    }
    init(from reader: inout Reader) throws(DecodingError) {
      version = try reader.uint16()
      name = try reader.opaque()
      expiry = try reader.optional()
    }
    func encode(to writer: inout Writer) {
      writer.uint16(version)
      writer.opaque(name)
      writer.optional(expiry)
    }
  }
  // end

  // snippet: application
  /// Everybody here has the same list, so everybody decides alike.
  struct Directory: MLSApplication {
    var names: Set<[UInt8]>

    func validate(_ leaf: LeafNode, in context: GroupContext?) -> Bool {
      guard case .basic(let name) = leaf.credential else { return false }
      return names.contains(name)
    }
  }
  // end

  // snippet: receive
  /// What a client does with one message of the group. The changes go to the store in one transaction with the text.
  func open(_ bytes: [UInt8], in group: inout Group, _ directory: Directory, at now: UInt64, using crypto: some CryptoProvider) throws(MLSError)
    -> (text: [UInt8]?, changes: [RecordChange])
  {
    let message: MLSMessage
    do { message = try MLSMessage(decoding: bytes) } catch { throw .decoding(error) }
    var text: [UInt8]?
    switch try group.receive(message, application: directory, using: crypto) {
    case .application(let received): text = received.data
    case .proposal: break
    case .commit(let staged): try group.adopt(staged, at: now)
    case .ownCommit: try group.adoptPendingCommit(at: now)
    }
    return (text, group.takeChanges())
  }
  // end

  // snippet: deliver
  /// What a delivery service does with a handshake message: at most one commit ends an epoch.
  func accept(_ bytes: [UInt8], in group: inout PublicGroup, _ directory: Directory, using crypto: some CryptoProvider) throws(MLSError) {
    let message: MLSMessage
    do { message = try MLSMessage(decoding: bytes) } catch { throw .decoding(error) }
    guard case .publicMessage(let handshake) = message else { throw .usage(.invalidArgument) }
    if case .commit = handshake.content.content {
      let staged = try group.process(commit: handshake, application: directory, using: crypto)
      try group.adopt(staged)
    } else {
      try group.receive(proposal: handshake, application: directory, using: crypto)
    }
  }
  // end

  // snippet: load
  /// A store keeps the last value of each key; a change without a value deletes its record.
  func load(_ records: [RecordChange], then changes: [RecordChange], using crypto: some CryptoProvider) throws(MLSError) -> Group {
    var stored: [RecordKey: [UInt8]] = [:]
    for record in records + changes { stored[record.key] = record.value }
    var all: [RecordChange] = []
    for (key, value) in stored { all.append(RecordChange(key, value)) }
    return try Group(records: all, using: crypto)
  }
  // end
}
