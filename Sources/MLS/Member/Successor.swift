// RFC 9420 §11.2 and §11.3: a group that continues another (ReInit), or a smaller one beside it (branching). Both are linked by a resumption PSK.
import CryptoInterface
import TLSCodec

extension Group {
  /// RFC 9420 §11.2, step 3: after the commit of a ReInit, any member sets up the new group. Its initial commit waits as the pending one.
  /// - Parameters:
  ///   - identity: the own leaf for the new suite.
  ///   - keyPackages: of all other members, for the new suite.
  /// - Returns: the new group in epoch 0, its pending commit with the Welcome for the others.
  /// - Throws: `.usage(.groupInactive)` where no ReInit has ended this group; `.rule(.reinitMembers)` where somebody is left out.
  public func reinitialize(
    identity: ClientIdentity, keyPackages: [KeyPackage], options: CommitOptions = CommitOptions(), application: some MLSApplication,
    using crypto: some CryptoProvider
  ) throws(MLSError) -> Group {
    guard case .reinitialized(let reinit) = status else { throw .usage(.groupInactive) }
    // RFC 9420 §11.2: the version is the ReInit's, and this engine speaks one.
    guard reinit.version == .mls10 else { throw .usage(.invalidArgument) }
    var group = try Group.create(
      groupID: reinit.groupID, suite: reinit.cipherSuite, identity: identity, extensions: reinit.extensions, reordering: reordering,
      application: application, using: crypto)
    let joining = keyPackages.map { $0.leafNode } + group.tree.leaves.map { $0.node }
    for (_, old) in tree.leaves {
      try check(.reinitMembers, joining.contains { application.representSameClient(old, $0) })
    }
    try group.commitSuccession(of: self, usage: .reinit, keyPackages, options, application: application, using: crypto)
    return group
  }

  /// RFC 9420 §11.3: a new group of some of this group's members, with the same version and suite. Its initial commit waits as the pending one.
  /// - Throws: `.rule(.branchMembers)` for somebody who is not a member here.
  public func branch(
    groupID: [UInt8], identity: ClientIdentity, keyPackages: [KeyPackage], extensions: Extensions = [],
    options: CommitOptions = CommitOptions(), application: some MLSApplication, using crypto: some CryptoProvider
  ) throws(MLSError) -> Group {
    try requireActive()
    var group = try Group.create(
      groupID: groupID, suite: cipherSuite, identity: identity, extensions: extensions, reordering: reordering, application: application,
      using: crypto)
    let members = tree.leaves
    for keyPackage in keyPackages {
      try check(.branchMembers, members.contains { application.representSameClient($0.node, keyPackage.leafNode) })
    }
    try group.commitSuccession(of: self, usage: .branch, keyPackages, options, application: application, using: crypto)
    return group
  }

  private mutating func commitSuccession(
    of old: Group, usage: ResumptionPSKUsage, _ keyPackages: [KeyPackage], _ options: CommitOptions, application: some MLSApplication,
    using crypto: some CryptoProvider
  ) throws(MLSError) {
    // RFC 9420 §11.3, MUST: a random nonce of KDF.Nh bytes, of the new group's suite.
    let id = PreSharedKeyID(
      .resumption(usage: usage, groupID: old.groupID, epoch: old.epoch), nonce: crypto.random(suite.hash.size))
    var psks = PreSharedKeys()
    psks.add(resumption: old.groupID, epoch: old.epoch, old.resumptionPSK)
    var options = options
    options.proposals = keyPackages.map { .add($0) } + [.psk(id)] + options.proposals
    try commit(options, psks: psks, application: application, using: crypto)
  }
}
