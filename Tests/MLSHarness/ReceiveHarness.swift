// A message of arbitrary bytes into a live group, and into a delivery service.
import CryptoInterface
import MLS
import MLSScenarios
import TLSCodec

enum ReceiveHarness {
  /// First byte: bits 0 to 2 which group (two of eight with real cryptography), the rest the member; then a message.
  static func run(_ bytes: [UInt8]) {
    guard let flags = bytes.first else { return }
    let message = Array(bytes.dropFirst())
    switch flags & 7 {
    case 1: run(message, flags, SharedGroups.seeded)
    case 3: run(message, flags, SharedGroups.seededFilled)
    case 2, 5, 6: run(message, flags, SharedGroups.pretendedFilled)
    default: run(message, flags, SharedGroups.pretended)
    }
  }

  private static func run<Crypto>(_ bytes: [UInt8], _ flags: UInt8, _ live: LiveGroup<Crypto>) {
    guard let message = try? MLSMessage(decoding: bytes) else { return }
    let crypto = live.crypto
    crypto.source.restart(2)
    var delivery = live.delivery
    if case .publicMessage(let publicMessage) = message {
      if let staged = try? delivery.process(commit: publicMessage, application: live.app, using: crypto) {
        precondition((try? delivery.adopt(staged)) != nil, "a commit cannot be adopted in the group that staged it")
      } else {
        _ = try? delivery.receive(proposal: publicMessage, application: live.app, using: crypto)
      }
      Afterwards.check(delivery, using: crypto)
    }
    guard var group = live.members[Int(flags >> 3) % live.members.count] else { return }
    do {
      switch try group.receive(message, application: live.app, using: crypto) {
      case .commit(let staged):
        precondition(group.takeChanges().isEmpty, "staging changed the group")
        try group.adopt(staged, at: 1)
        Afterwards.checkJoinable(group, using: crypto)
      case .ownCommit:
        try group.adoptPendingCommit(at: 1)
      case .proposal, .application: break
      }
    } catch {
      if case MLSError.internalError(let text) = error { fatalError("a peer's message reached what should be impossible: \(text)") }
      precondition(group.takeChanges().isEmpty, "a rejected message changed the group")
      return
    }
    Afterwards.check(group, using: crypto)
  }

  static func seeds() -> [[UInt8]] {
    seeds(SharedGroups.pretended, flags: 0) + seeds(SharedGroups.seeded, flags: 1) + seeds(SharedGroups.pretendedFilled, flags: 2)
      + seeds(SharedGroups.seededFilled, flags: 3)
  }

  /// Valid messages of every kind.
  private static func seeds<Crypto>(_ live: LiveGroup<Crypto>, flags: UInt8) -> [[UInt8]] {
    let crypto = live.crypto
    crypto.source.restart(3)
    var messages = live.undelivered
    if let own = live.members[0]?.pendingCommit { messages.append(own.message) }
    let proposals: [Proposal] = [
      .add(live.outsiders[1].bundle.keyPackage), .remove(LeafIndex(1)), .selfRemove,
      .psk(PreSharedKeyID(.resumption(usage: .application, groupID: live.delivery.groupID, epoch: live.delivery.epoch), nonce: crypto.random(32))),
      .reinit(ReInit(groupID: [1], cipherSuite: CipherSuite(1), extensions: [])),
      .groupContextExtensions(live.delivery.context.extensions), .appDataUpdate(AppDataUpdate(ComponentID(0x8001), .update([1]))),
    ]
    for format in [HandshakeFormat.publicMessage, .privateMessage] {
      for i in [1, 5] {
        guard let member = live.members[i] else { continue }
        for proposal in proposals {
          var copy = member
          if let message = try? copy.propose(proposal, format: format, application: live.app, using: crypto) { messages.append(message) }
          copy = member
          if let pending = try? copy.commit(CommitOptions(proposals: [proposal], format: format), application: live.app, using: crypto) {
            messages.append(pending.message)
          }
        }
        var copy = member
        if let message = try? copy.proposeUpdate(format: format, application: live.app, using: crypto) { messages.append(message) }
        if let pending = try? member.withCommit(format, crypto) { messages.append(pending.message) }
      }
    }
    if let info = try? live.members[1]?.groupInfo(withTree: true, using: crypto) {
      for replaced in [nil, LeafIndex(2)] {
        if let joining = try? Group.joinExternally(
          info, identity: live.outsiders[2].client.identity, replacing: replaced, application: live.app, using: crypto)
        { messages.append(joining.message) }
      }
      messages.append(.groupInfo(info))
    }
    if let proposal = try? ExternalProposal.join(
      live.outsiders[3].bundle, groupID: live.delivery.groupID, epoch: live.delivery.epoch, using: crypto)
    { messages.append(.publicMessage(proposal)) }
    return messages.enumerated().map { [flags | UInt8($0.offset % 6) << 3] + $0.element.encoded() }
  }
}

extension Group {
  fileprivate func withCommit(_ format: HandshakeFormat, _ crypto: some CryptoProvider) throws -> PendingCommit {
    var copy = self
    return try copy.commit(CommitOptions(format: format), application: TrustEveryone(), using: crypto)
  }
}
