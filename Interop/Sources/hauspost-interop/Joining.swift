// Ways into a group.
import CryptoInterface
import Foundation
import GRPCCore
import MLS
import TLSCodec

extension InteropService {
  func createGroup(request: MlsClient_CreateGroupRequest, context: ServerContext) throws -> MlsClient_CreateGroupResponse {
    let suite = try suite(request.cipherSuite)
    let group = try Group.create(
      groupID: request.groupID.bytes, suite: suite, identity: try identity(request.identity.bytes, suite), lifetime: lifetime,
      reordering: reordering, application: application, using: crypto)
    let id = store(Member(group: group, format: format(encrypted: request.encryptHandshake)))
    return .with { $0.stateID = id }
  }

  func createKeyPackage(request: MlsClient_CreateKeyPackageRequest, context: ServerContext) throws -> MlsClient_CreateKeyPackageResponse {
    let bundle = try keyPackage(request.identity.bytes, try suite(request.cipherSuite))
    let keys = try bundle.privateKeys()
    let id = store(Joiner(bundle: bundle))
    return .with {
      $0.transactionID = id
      $0.keyPackage = MLSMessage.keyPackage(bundle.keyPackage).data
      $0.initPriv = keys.initKey
      $0.encryptionPriv = keys.encryption
      $0.signaturePriv = keys.signature
    }
  }

  func joinGroup(request: MlsClient_JoinGroupRequest, context: ServerContext) throws -> MlsClient_JoinGroupResponse {
    try useJoiner(request.transactionID) { joiner in
      try join(request.welcome, joiner, tree: request.ratchetTree, prior: nil, format: format(encrypted: request.encryptHandshake))
    }
  }

  /// By a Welcome, where `prior` says whose ReInit or branching it continues.
  func join(_ welcome: Data, _ joiner: Joiner, tree: Data, prior: Group?, format: HandshakeFormat) throws -> MlsClient_JoinGroupResponse {
    let group = try Group.join(
      try welcome.welcome(), with: joiner.bundle,
      JoiningContext(tree: try tree.ratchetTree(), psks: joiner.psks, priorGroup: prior, reordering: reordering),
      application: application, using: crypto)
    let member = Member(group: group, format: format, psks: joiner.psks)
    let id = store(member)
    return .with {
      $0.stateID = id
      $0.epochAuthenticator = member.epochAuthenticator
    }
  }

  func externalJoin(request: MlsClient_ExternalJoinRequest, context: ServerContext) throws -> MlsClient_ExternalJoinResponse {
    let info = try request.groupInfo.groupInfo()
    let suite = info.groupContext.cipherSuite
    let tree = try request.ratchetTree.ratchetTree()
    let name = request.identity.bytes
    var prior: LeafIndex?
    if request.removePrior {
      guard let tree = try tree ?? info.ratchetTree() else { throw MLSError.usage(.missingTree) }
      prior = try tree.leaf(of: name)
    }
    var psks = PreSharedKeys()
    var proposals: [Proposal] = []
    for psk in request.psks {
      psks.add(external: psk.pskID.bytes, Secret(psk.pskSecret.bytes))
      proposals.append(try pskProposal(.external(id: psk.pskID.bytes), suite))
    }
    let pending = try Group.joinExternally(
      info, tree: tree, identity: try identity(name, suite), replacing: prior, proposals: proposals, psks: psks, reordering: reordering,
      application: application, using: crypto)
    let member = Member(group: pending.group, format: format(encrypted: request.encryptHandshake), psks: psks)
    let id = store(member)
    return .with {
      $0.stateID = id
      $0.commit = pending.message.data
      $0.epochAuthenticator = member.epochAuthenticator
    }
  }

  func format(encrypted: Bool) -> HandshakeFormat { encrypted ? .privateMessage : .publicMessage }
}
