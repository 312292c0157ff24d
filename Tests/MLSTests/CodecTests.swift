import CryptoInterface
import MLS
import MLSScenarios
import SwiftCryptoProvider
import TLSCodec
import SwiftCryptoProvider
import Testing

/// Obligations that the decoder holds by itself: what breaks them never becomes a value.
@Suite struct CodecTests {
  // MARK: RFC 9420 §2.1

  @Test(arguments: [0, 1, 63, 64, 16_383, 16_384, 70_000]) func lengthsRoundTrip(_ length: Int) throws {
    var w = Writer()
    w.opaque([UInt8](repeating: 7, count: length))
    #expect(w.bytes.count == length + (length < 64 ? 1 : length < 16_384 ? 2 : 4))
    var r = Reader(w.bytes)
    #expect(try r.opaque().count == length)
    try r.finish()
  }

  @Test(arguments: [[0x40, 0x00], [0x40, 0x3F], [0x80, 0, 0, 0], [0x80, 0, 0, 0x3F], [0x80, 0, 0x3F, 0xFF]] as [[UInt8]])
  func lengthsAreMinimal(_ header: [UInt8]) {
    #expect(throws: DecodingError.nonMinimalLength) {
      var r = Reader(header + [UInt8](repeating: 0, count: 20_000))
      _ = try r.opaque()
    }
  }

  @Test(arguments: [0xC0, 0xFF] as [UInt8]) func theFourthLengthPrefixIsInvalid(_ first: UInt8) {
    #expect(throws: DecodingError.invalidLengthPrefix) {
      var r = Reader([first] + [UInt8](repeating: 0, count: 8))
      _ = try r.opaque()
    }
  }

  @Test(arguments: 2...255 as ClosedRange<UInt8>) func presenceIsZeroOrOne(_ octet: UInt8) {
    #expect(throws: DecodingError.invalidPresence(octet)) {
      var r = Reader([octet, 0, 0])
      let _: UInt16? = try r.optional()
    }
  }

  @Test func elementsDoNotCrossTheirVector() {
    #expect(throws: DecodingError.truncated) { try Extensions(decoding: [3, 0, 1, 5, 0, 0, 0, 0, 0]) }
  }

  // MARK: Whole messages

  struct Sample: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
  }

  /// A message of each kind.
  static let samples: [Sample] = {
    do {
      var group = try TestGroup(3, suite: suite1, using: crypto)
      let bundle = try TestClient("new", suite: suite1, using: crypto).keyPackage(using: crypto)
      let info = try group.members[1].groupInfo(withTree: true, using: crypto)
      let application = try group.members[1].encrypt([1, 2, 3], using: crypto)
      let proposal = try group.members[1].propose(.remove(group.members[2].leafIndex), application: everybody, using: crypto)
      let commit = try group.commit(by: 0, CommitOptions(proposals: [.add(bundle.keyPackage)]))
      return [
        Sample(testDescription: "proposal", bytes: proposal.encoded()),
        Sample(testDescription: "commit", bytes: commit.message.encoded()),
        Sample(testDescription: "application", bytes: application.encoded()),
        Sample(testDescription: "welcome", bytes: MLSMessage.welcome(commit.welcome!).encoded()),
        Sample(testDescription: "group info", bytes: MLSMessage.groupInfo(info).encoded()),
        Sample(testDescription: "key package", bytes: MLSMessage.keyPackage(bundle.keyPackage).encoded()),
      ]
    } catch { fatalError("no samples: \(error)") }
  }()

  @Test(arguments: samples) func messagesRoundTrip(_ sample: Sample) throws {
    #expect(try MLSMessage(decoding: sample.bytes).encoded() == sample.bytes)
  }

  @Test(arguments: samples) func everyTruncationIsRefused(_ sample: Sample) {
    for end in 0..<sample.bytes.count {
      #expect(throws: DecodingError.self) { try MLSMessage(decoding: Array(sample.bytes[..<end])) }
    }
  }

  @Test(arguments: samples) func trailingBytesAreRefused(_ sample: Sample) {
    #expect(throws: DecodingError.trailingBytes) { try MLSMessage(decoding: sample.bytes + [0]) }
  }

  /// Whatever is decoded is encoded to the same bytes: nothing has two encodings.
  @Test(arguments: samples) func changedBytesAreRefusedOrKept(_ sample: Sample) {
    for i in sample.bytes.indices {
      for bit in [0x01, 0x40, 0x80] as [UInt8] {
        var bytes = sample.bytes
        bytes[i] ^= bit
        if let message = try? MLSMessage(decoding: bytes) { #expect(message.encoded() == bytes) }
      }
    }
  }

  @Test func theVersionIsMLS10() throws {
    for sample in Self.samples {
      var bytes = sample.bytes
      bytes[1] = 2
      #expect(throws: DecodingError.unknownValue(type: "ProtocolVersion", value: 2)) { try MLSMessage(decoding: bytes) }
    }
  }

  @Test func theGroupContextsVersionIsMLS10() throws {
    var context = try TestGroup(1, suite: suite1, using: crypto).members[0].context
    _ = try GroupContext(decoding: context.encoded())
    context.version = ProtocolVersion(2)
    #expect(throws: DecodingError.unknownValue(type: "ProtocolVersion", value: 2)) { try GroupContext(decoding: context.encoded()) }
  }

  @Test(arguments: [[0, 1, 0, 0], [0, 1, 0, 6], [0, 1, 0xF0, 0]] as [[UInt8]]) func unknownWireFormatsAreRefused(_ bytes: [UInt8]) {
    #expect(throws: DecodingError.unknownValue(type: "WireFormat", value: 0)) { try MLSMessage(decoding: bytes) }
  }

  // MARK: Discriminants. A value without a length of its own cannot be skipped, so unknown ones are refused.

  @Test func unknownDiscriminantsAreRefused() {
    let unknown = DecodingError.unknownValue(type: "", value: 0)
    #expect(throws: unknown) { try Sender(decoding: [0]) }
    #expect(throws: unknown) { try Sender(decoding: [5]) }
    #expect(throws: unknown) { try Proposal(decoding: [0x0A, 0x0A]) }
    #expect(throws: unknown) { try Proposal(decoding: [0, 0]) }
    #expect(throws: unknown) { try ProposalOrRef(decoding: [0]) }
    #expect(throws: unknown) { try ProposalOrRef(decoding: [3]) }
    #expect(throws: unknown) { try Credential(decoding: [0x0A, 0x0A, 0]) }
    #expect(throws: unknown) { try Node(decoding: [0]) }
    #expect(throws: unknown) { try Node(decoding: [3]) }
    #expect(throws: unknown) { try PreSharedKeyID(decoding: [0, 0, 0]) }
    #expect(throws: unknown) { try PreSharedKeyID(decoding: [4, 0, 0]) }
    #expect(throws: unknown) { try PreSharedKeyID(decoding: [2, 0]) }
    #expect(throws: unknown) { try PreSharedKeyID(decoding: [2, 4]) }
    #expect(throws: unknown) { try AppDataUpdate(decoding: [0, 1, 0]) }
    #expect(throws: unknown) { try AppDataUpdate(decoding: [0, 1, 3]) }
  }

  @Test func aMembershipTagStandsExactlyInMembersMessages() throws {
    guard case .publicMessage(var message) = try MLSMessage(decoding: Self.samples[0].bytes) else {
      Issue.record("not public")
      return
    }
    message.membershipTag = nil
    #expect(throws: DecodingError.truncated) { try PublicMessage(decoding: message.encoded()) }
    message.content.sender = .external(0)
    _ = try PublicMessage(decoding: message.encoded())
    message.membershipTag = [1]
    #expect(throws: DecodingError.trailingBytes) { try PublicMessage(decoding: message.encoded()) }
  }

  @Test func aConfirmationTagStandsExactlyInCommits() throws {
    guard case .publicMessage(var message) = try MLSMessage(decoding: Self.samples[1].bytes) else {
      Issue.record("not public")
      return
    }
    message.content.sender = .newMemberCommit
    message.membershipTag = nil
    _ = try PublicMessage(decoding: message.encoded())
    message.auth.confirmationTag = nil
    #expect(throws: DecodingError.truncated) { try PublicMessage(decoding: message.encoded()) }
  }

  // MARK: Trees (RFC 9420 §7.1, §12.4.3.3)

  static func tree() throws -> [Node?] {
    var group = try TestGroup(4, suite: suite1, using: crypto)
    try group.commit(by: 2)
    let tree = group.members[0].tree
    return (0..<tree.nodeCount).map { tree[NodeIndex($0)] }
  }

  static func encoded(_ nodes: [Node?]) -> [UInt8] {
    var w = Writer()
    w.vector { (w: inout Writer) in for node in nodes { w.optional(node) } }
    return w.bytes
  }

  @Test func treesRoundTrip() throws {
    let nodes = try Self.tree()
    let bytes = Self.encoded(nodes)
    #expect(try RatchetTree(decoding: bytes).encoded() == bytes)
    let padded = try RatchetTree(decoding: Self.encoded(Array(nodes[..<5])))
    #expect(padded.leafCount == 4)
    #expect(padded.nodeCount == 7)
  }

  @Test func theLastNodeIsNotBlank() throws {
    let nodes = try Self.tree()
    #expect(throws: DecodingError.invalidValue("")) { try RatchetTree(decoding: Self.encoded(nodes + [nil])) }
    #expect(throws: DecodingError.invalidValue("")) { try RatchetTree(decoding: [0]) }
    #expect(throws: DecodingError.invalidValue("")) { try RatchetTree(decoding: [1, 0]) }
  }

  @Test func leavesAndParentsStandInTheirPlaces() throws {
    var nodes = try Self.tree()
    nodes.swapAt(0, 1)
    #expect(throws: DecodingError.invalidValue("")) { try RatchetTree(decoding: Self.encoded(nodes)) }
    nodes = try Self.tree()
    nodes[1] = nodes[0]
    #expect(throws: DecodingError.invalidValue("")) { try RatchetTree(decoding: Self.encoded(nodes)) }
    nodes = try Self.tree()
    nodes[2] = nodes[1]
    #expect(throws: DecodingError.invalidValue("")) { try RatchetTree(decoding: Self.encoded(nodes)) }
  }

  @Test(arguments: [[1, 0], [1, 1]] as [[UInt32]]) func unmergedLeavesAreSorted(_ leaves: [UInt32]) throws {
    var nodes = try Self.tree()
    guard case .parent(var parent)? = nodes[1] else {
      Issue.record("node 1 is blank")
      return
    }
    parent.unmergedLeaves = leaves.sorted().map { LeafIndex($0) }
    nodes[1] = .parent(parent)
    if leaves[0] != leaves[1] { _ = try RatchetTree(decoding: Self.encoded(nodes)) }
    parent.unmergedLeaves = leaves.map { LeafIndex($0) }
    nodes[1] = .parent(parent)
    #expect(throws: DecodingError.invalidValue("")) { try RatchetTree(decoding: Self.encoded(nodes)) }
  }

  // MARK: Limits

  @Test func treesAreLimited() {
    let limit = DecodingError.limitExceeded("")
    // One non-blank node behind as many blank ones as the largest tree has nodes.
    let bytes = [UInt8](repeating: 0, count: Int(2 * Limits.treeLeaves))
    var w = Writer()
    w.opaque(bytes)
    #expect(throws: limit) { try RatchetTree(decoding: w.bytes) }
  }

  @Test func listsAreLimited() {
    let limit = DecodingError.limitExceeded("")
    let many = Extensions((0...Limits.extensions).map { Extension(ExtensionType(UInt16($0)), []) })
    #expect(throws: limit) { try Extensions(decoding: many.encoded()) }
    let capabilities = Capabilities(cipherSuites: (0...Limits.capabilityEntries).map { CipherSuite(UInt16($0)) })
    #expect(throws: limit) { try Capabilities(decoding: capabilities.encoded()) }
  }

  @Test func messagesAreLimited() {
    #expect(throws: DecodingError.limitExceeded("")) {
      try MLSMessage(decoding: [UInt8](repeating: 0, count: Limits.messageBytes + 1))
    }
  }

  @Test func theLastEpochHasNoSuccessor() throws {
    let client = try TestClient("0", suite: suite1, using: crypto)
    let group = try client.createGroup(using: crypto)
    var info = try group.groupInfo(withTree: true, using: crypto)
    info.groupContext.epoch = .max
    let parameters = try #require(crypto.suites.parameters(of: suite1))
    try info.sign(parameters, with: client.identity.signatureKeyPair.privateKey, using: crypto)
    let newcomer = try TestClient("1", suite: suite1, using: crypto)
    #expect(throws: MLSError.rule(.epochLimit)) {
      try Group.joinExternally(info, identity: newcomer.identity, application: everybody, using: crypto)
    }
  }

  // MARK: What we send

  /// RFC 9420 §7.2, §10, §13.5.
  @Test func ownKeyPackagesListWhatTheyUse() throws {
    var client = try TestClient("0", suite: suite1, using: crypto)
    client.identity.capabilities.extensions += [.ratchetTree, .externalPub]
    client.identity.capabilities.proposals += [.add, .remove]
    for _ in 0..<20 {
      let keyPackage = try client.keyPackage(isLastResort: true, using: crypto).keyPackage
      let capabilities = keyPackage.leafNode.capabilities
      #expect(!capabilities.extensions.contains { $0.isDefault })
      #expect(!capabilities.proposals.contains { $0.isDefault })
      for entry in keyPackage.extensions.entries { #expect(capabilities.extensions.contains(entry.type)) }
      #expect(Set(keyPackage.extensions.entries.map(\.type)).count == keyPackage.extensions.entries.count)
      #expect(keyPackage.isLastResort)
      try keyPackage.validate(at: 0, application: everybody, using: crypto)
    }
  }
}
