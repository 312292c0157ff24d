// What earlier versions stored, this one reads and goes on with. Files: Tests/Golden/records.
//
// HAUSPOST_WRITE_GOLDEN=1 makes them anew: only for a record version that did not exist before, under another name, beside the old ones.
import CryptoInterface
import Foundation
import MLS
import MLSScenarios
import SwiftCryptoProvider
import TLSCodec
import Testing

/// Named byte strings: what a store held, what was on its way, and what it said.
private struct GoldenFile {
  var entries: [(name: String, bytes: [UInt8])] = []

  static let folder = Project.root.appending(path: "Tests/Golden/records", directoryHint: .isDirectory)

  init() {}

  init(_ name: String) throws {
    var r = Reader([UInt8](try Data(contentsOf: Self.folder.appending(path: name))))
    var list = try r.nested()
    while !list.isAtEnd { entries.append((String(decoding: try list.opaque(), as: UTF8.self), try list.opaque())) }
    try r.finish()
  }

  func write(_ name: String) throws {
    var w = Writer()
    w.vector { (w: inout Writer) in
      for entry in entries {
        w.opaque(Array(entry.name.utf8))
        w.opaque(entry.bytes)
      }
    }
    try FileManager.default.createDirectory(at: Self.folder, withIntermediateDirectories: true)
    try Data(w.bytes).write(to: Self.folder.appending(path: name))
  }

  subscript(name: String) -> [UInt8] {
    get throws {
      guard let entry = entries.first(where: { $0.name == name }) else { throw MLSError.corruptRecord("golden file") }
      return entry.bytes
    }
  }

  mutating func add(_ name: String, _ bytes: [UInt8]) { entries.append((name, bytes)) }

  mutating func add(_ name: String, _ group: Group) {
    var w = Writer()
    for record in group.records().sorted(by: { $0.key.encoded().lexicographicallyPrecedes($1.key.encoded()) }) {
      guard let value = record.value else { continue }
      w.opaque(record.key.encoded())
      w.opaque(value)
    }
    add(name, w.bytes)
  }

  func records(_ name: String) throws -> [RecordChange] {
    var r = Reader(try self[name])
    var records: [RecordChange] = []
    while !r.isAtEnd { records.append(RecordChange(try RecordKey(decoding: r.opaque()), try r.opaque())) }
    return records
  }

  func group(_ name: String) throws -> Group { try Group(records: records(name), using: crypto) }
  func message(_ name: String) throws -> MLSMessage { try MLSMessage(decoding: self[name]) }
}

private let isWriting = ProcessInfo.processInfo.environment["HAUSPOST_WRITE_GOLDEN"] == "1"

@Suite(.serialized) struct GoldenRecordTests {
  /// Three members: past epochs, skipped keys, waiting proposals, an own Update, a discarded and a pending commit.
  static func writeSmallGroup() throws {
    var file = GoldenFile()
    var group = try TestGroup(3, suite: suite1, using: crypto)
    try group.commit(by: 1)
    func send(_ prefix: String, _ count: Int, read: Int) throws {
      for i in 0..<count {
        let message = try group.members[1].encrypt(Array("\(prefix) \(i)".utf8), using: crypto)
        file.add("\(prefix) \(i)", message.encoded())
        if i == read { _ = try group.members[0].receive(message, application: everybody, using: crypto) }
      }
    }
    try send("late", 3, read: 1)
    try group.commit(by: 2, CommitOptions(proposals: [.appDataUpdate(AppDataUpdate(ComponentID(0x8000), .update([7])))]))
    try send("now", 3, read: 1)
    var delivery = try PublicGroup(
      groupInfo: group.members[0].groupInfo(withTree: true, using: crypto), application: everybody, using: crypto)
    let bundle = try TestClient("new", suite: suite1, using: crypto).keyPackage(using: crypto)
    let proposals = [
      try group.members[0].proposeUpdate(application: everybody, using: crypto),
      try group.members[1].propose(.add(bundle.keyPackage), application: everybody, using: crypto),
    ]
    for (i, message) in proposals.enumerated() {
      try group.deliver(message, from: i)
      if case .publicMessage(let proposal) = message { try delivery.receive(proposal: proposal, application: everybody, using: crypto) }
    }
    try group.members[0].commit(CommitOptions(coversPending: false), application: everybody, using: crypto)
    group.members[0].discardPendingCommit()
    try group.members[0].commit(application: everybody, using: crypto)
    file.add("member", group.members[0])
    file.add("other", group.members[1])
    file.add("public group", delivery.serialized())
    file.add("bundle", bundle.serialized())
    var ended = try TestGroup(2, suite: suite1, using: crypto)
    try ended.commit(by: 0, CommitOptions(proposals: [.reinit(ReInit(groupID: [1], cipherSuite: suite1, extensions: []))]))
    file.add("reinitialized", ended.members[1])
    var left = try TestGroup(2, suite: suite1, using: crypto)
    try left.commit(by: 0, CommitOptions(proposals: [.remove(left.members[1].leafIndex)]))
    file.add("removed", left.members[1])
    left.members[1].forget()
    file.add("forgotten", left.members[1])
    try file.write("suite1-v1.bin")
  }

  /// Two members with X-Wing: a skipped key and a pending commit.
  static func writeXWingGroup() throws {
    var file = GoldenFile()
    var group = try TestGroup(2, suite: .standard, using: crypto)
    for i in 0..<2 {
      let message = try group.members[1].encrypt(Array("now \(i)".utf8), using: crypto)
      file.add("now \(i)", message.encoded())
      if i == 1 { _ = try group.members[0].receive(message, application: everybody, using: crypto) }
    }
    try group.members[0].commit(application: everybody, using: crypto)
    file.add("member", group.members[0])
    file.add("other", group.members[1])
    try file.write("xwing-v1.bin")
  }

  @Test(.enabled(if: isWriting)) func write() throws {
    try Self.writeSmallGroup()
    try Self.writeXWingGroup()
  }

  @Test func filesAreSmall() throws {
    let sizes = try FileManager.default.contentsOfDirectory(at: GoldenFile.folder, includingPropertiesForKeys: [.fileSizeKey])
      .map { try $0.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0 }
    #expect(sizes.count >= 2 && sizes.reduce(0, +) < 60_000)
  }

  private func expect(_ text: String, of file: GoldenFile, by group: inout Group) throws {
    guard case .application(let message) = try group.receive(file.message(text), application: everybody, using: crypto) else {
      Issue.record("not an application message")
      return
    }
    #expect(message.data == Array(text.utf8))
  }

  /// Both members enter the pending commit's epoch and talk.
  private func goOn(_ file: GoldenFile) throws -> (member: Group, other: Group, commit: PendingCommit) {
    var member = try file.group("member")
    var other = try file.group("other")
    let commit = try #require(member.pendingCommit)
    guard case .commit(let staged) = try other.receive(
      MLSMessage(decoding: commit.message.encoded()), application: everybody, using: crypto)
    else { throw MLSError.corruptRecord("golden file") }
    try other.adopt(staged, at: 2)
    guard case .ownCommit = try member.receive(commit.message, application: everybody, using: crypto) else {
      throw MLSError.corruptRecord("golden file")
    }
    try member.adoptPendingCommit(at: 2)
    #expect(member.epochAuthenticator == other.epochAuthenticator && member.context == other.context)
    func talk(_ sender: inout Group, _ receiver: inout Group) throws {
      let message = try sender.encrypt([1, 2], using: crypto)
      guard case .application(let received) = try receiver.receive(message, application: everybody, using: crypto) else {
        throw MLSError.corruptRecord("golden file")
      }
      #expect(received.data == [1, 2])
    }
    try talk(&member, &other)
    try talk(&other, &member)
    return (member, other, commit)
  }

  @Test(arguments: ["suite1-v1.bin", "xwing-v1.bin"]) func storedGroupsLoadAndWriteTheSame(_ name: String) throws {
    let file = try GoldenFile(name)
    for group in ["member", "other", "reinitialized", "removed", "forgotten"] where file.entries.contains(where: { $0.name == group }) {
      let records = try file.records(group)
      let loaded = try Group(records: records, using: crypto)
      let written = Dictionary(uniqueKeysWithValues: loaded.records().compactMap { record in record.value.map { (record.key, $0) } })
      #expect(written.count == records.count)
      for record in records { #expect(written[record.key] == record.value, "\(group), \(record.key)") }
    }
  }

  @Test func theSmallGroupGoesOn() throws {
    let file = try GoldenFile("suite1-v1.bin")
    let kinds = Set(try file.records("member").map { $0.key.encoded()[0] })
    #expect(kinds == Set(1...11), "a record of every kind")
    var member = try file.group("member")
    for text in ["late 0", "late 2", "now 0", "now 2"] { try expect(text, of: file, by: &member) }
    for text in ["late 1", "now 1"] {
      #expect(throws: MLSError.generationUsed) { try member.receive(file.message(text), application: everybody, using: crypto) }
    }
    var (_, other, commit) = try goOn(file)
    // The delivery service and the newcomer follow the same commit.
    var delivery = try PublicGroup(serialized: file["public group"], using: crypto)
    guard case .publicMessage(let message) = commit.message else { return }
    try delivery.adopt(delivery.process(commit: message, application: everybody, using: crypto))
    #expect(delivery.context == other.context)
    let bundle = try KeyPackageBundle(serialized: file["bundle"])
    var newcomer = try Group.join(
      #require(commit.welcome), with: bundle, JoiningContext(tree: delivery.tree), application: everybody, using: crypto)
    #expect(newcomer.epochAuthenticator == other.epochAuthenticator)
    let hello = try newcomer.encrypt([3], using: crypto)
    guard case .application = try other.receive(hello, application: everybody, using: crypto) else { return }
  }

  @Test func thoseThatEndedAreStillEnded() throws {
    let file = try GoldenFile("suite1-v1.bin")
    guard case .reinitialized(let reinit) = try file.group("reinitialized").status else {
      Issue.record("not reinitialised")
      return
    }
    #expect(reinit.groupID == [1])
    #expect(try file.group("removed").status == .removed)
    #expect(try file.group("forgotten").status == .forgotten)
  }

  @Test func theXWingGroupGoesOn() throws {
    let file = try GoldenFile("xwing-v1.bin")
    var member = try file.group("member")
    #expect(member.cipherSuite == .standard)
    try expect("now 0", of: file, by: &member)
    #expect(throws: MLSError.generationUsed) { try member.receive(file.message("now 1"), application: everybody, using: crypto) }
    _ = try goOn(file)
  }
}
