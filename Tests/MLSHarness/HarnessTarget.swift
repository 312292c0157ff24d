import CryptoInterface
import MLS
import TLSCodec

/// What hostile bytes are fed to. A trap, a hang or an exhausted memory is a finding; so is a broken promise, which the harness turns into a trap.
public enum HarnessTarget: String, CaseIterable, Sendable {
  /// Every decoder.
  case decode
  /// A message into a live group.
  case receive
  /// A malicious member.
  case member
  /// Welcome, GroupInfo and tree into joining.
  case join
  /// Damaged records.
  case records

  public func run(_ bytes: [UInt8]) {
    switch self {
    case .decode: DecodeHarness.run(bytes)
    case .receive: ReceiveHarness.run(bytes)
    case .member: MemberHarness.run(bytes)
    case .join: JoinHarness.run(bytes)
    case .records: RecordsHarness.run(bytes)
    }
  }

  /// Good inputs to begin with.
  public var seeds: [[UInt8]] {
    switch self {
    case .decode: Self.decodeSeeds()
    case .receive: ReceiveHarness.seeds()
    case .member: (0..<4).flatMap { flags in (0..<24).map { i in [flags] + (0..<32).map { UInt8(truncatingIfNeeded: $0 &* 29 &+ i &* 53) } } }
    case .join: JoinHarness.seeds()
    case .records: RecordsHarness.seeds()
    }
  }

  /// Every encoded structure for every decoder that takes it.
  private static func decodeSeeds() -> [[UInt8]] {
    var structures: [[UInt8]] = []
    for seed in ReceiveHarness.seeds() {
      let bytes = Array(seed.dropFirst())
      structures.append(bytes)
      structures.append(Array(bytes.dropFirst(4)))
      guard let message = try? MLSMessage(decoding: bytes), case .publicMessage(let publicMessage) = message else { continue }
      structures.append(publicMessage.content.encoded())
      structures.append(publicMessage.authenticatedContent.encoded())
      switch publicMessage.content.content {
      case .commit(let commit):
        structures.append(commit.encoded())
        if let path = commit.path { structures.append(path.encoded()) }
      case .proposal(let proposal): structures.append(proposal.encoded())
      case .application: break
      }
    }
    structures += JoinHarness.seeds().map { Array($0.dropFirst()) }
    let live = SharedGroups.pretendedFilled
    structures.append(live.delivery.tree.encoded())
    structures.append(live.delivery.serialized())
    for text in ["{\"a\": [1, -2.5e3, true, false, null, \"\\u00e9\\n\"], \"b\": {}}", "[]", "\"\"", "18446744073709551616"] {
      structures.append(Array(text.utf8))
    }
    structures.append(live.delivery.context.encoded())
    structures.append(live.delivery.context.extensions.encoded())
    structures.append(live.outsiders[0].bundle.serialized())
    structures.append(live.outsiders[0].bundle.keyPackage.encoded())
    structures += live.delivery.tree.leaves.prefix(2).map { $0.node.encoded() }
    for record in live.members[0]?.records() ?? [] {
      structures.append(record.key.encoded())
      structures.append(Array((record.value ?? []).dropFirst(2)))
    }
    // Kept where it decodes.
    var result: [[UInt8]] = []
    for bytes in Set(structures) {
      for (i, decoder) in DecodeHarness.decoders.enumerated() where decoder(bytes) { result.append([UInt8(i)] + bytes) }
    }
    return result.sorted { $0.lexicographicallyPrecedes($1) }
  }
}
