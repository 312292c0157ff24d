// Groups that come from groups: reinitialization and branching.
import CryptoInterface
import Foundation
import GRPCCore
import MLS
import TLSCodec

extension InteropService {
  func reInitCommit(request: MlsClient_CommitRequest, context: ServerContext) throws -> MlsClient_CommitResponse {
    try commit(request: request, context: context)
  }

  func handlePendingReInitCommit(request: MlsClient_HandlePendingCommitRequest, context: ServerContext) throws
    -> MlsClient_HandleReInitCommitResponse
  {
    _ = try handlePendingCommit(request: request, context: context)
    return try end(try member(request.stateID))
  }

  func handleReInitCommit(request: MlsClient_HandleCommitRequest, context: ServerContext) throws -> MlsClient_HandleReInitCommitResponse {
    _ = try handleCommit(request: request, context: context)
    return try end(try member(request.stateID))
  }

  private func end(_ member: Member) throws -> MlsClient_HandleReInitCommitResponse {
    guard case .reinitialized(let reinit) = member.group.status else {
      throw RPCError(code: .failedPrecondition, message: "the commit has no ReInit")
    }
    let bundle = try keyPackage(member.name, reinit.cipherSuite)
    let id = store(EndedGroup(member: member, name: member.name, bundle: bundle))
    return .with {
      $0.reinitID = id
      $0.keyPackage = MLSMessage.keyPackage(bundle.keyPackage).data
      $0.epochAuthenticator = member.epochAuthenticator
    }
  }

  func reInitWelcome(request: MlsClient_ReInitWelcomeRequest, context: ServerContext) throws -> MlsClient_CreateSubgroupResponse {
    try useEndedGroup(request.reinitID) { ended in
      let group = try ended.member.group.reinitialize(
        identity: try identity(ended.name, ended.bundle.keyPackage.cipherSuite),
        keyPackages: try request.keyPackage.map { try $0.keyPackage() },
        options: CommitOptions(omitsPathWherePossible: !request.forcePath, welcomeCarriesTree: !request.externalTree),
        application: application, using: crypto)
      return try begin(group, like: ended.member, externalTree: request.externalTree)
    }
  }

  func handleReInitWelcome(request: MlsClient_HandleReInitWelcomeRequest, context: ServerContext) throws -> MlsClient_JoinGroupResponse {
    try useEndedGroup(request.reinitID) { ended in
      try join(
        request.welcome, Joiner(bundle: ended.bundle, psks: ended.member.psks), tree: request.ratchetTree, prior: ended.member.group,
        format: ended.member.format)
    }
  }

  func createBranch(request: MlsClient_CreateBranchRequest, context: ServerContext) throws -> MlsClient_CreateSubgroupResponse {
    let member = try member(request.stateID)
    let group = try member.group.branch(
      groupID: request.groupID.bytes, identity: try identity(member.name, member.group.cipherSuite),
      keyPackages: try request.keyPackages.map { try $0.keyPackage() }, extensions: request.extensions.extensions,
      options: CommitOptions(omitsPathWherePossible: !request.forcePath, welcomeCarriesTree: !request.externalTree), application: application,
      using: crypto)
    return try begin(group, like: member, externalTree: request.externalTree)
  }

  func handleBranch(request: MlsClient_HandleBranchRequest, context: ServerContext) throws -> MlsClient_HandleBranchResponse {
    let member = try member(request.stateID)
    let joined = try useJoiner(request.transactionID) { joiner in
      try join(request.welcome, joiner, tree: request.ratchetTree, prior: member.group, format: member.format)
    }
    return .with {
      $0.stateID = joined.stateID
      $0.epochAuthenticator = joined.epochAuthenticator
    }
  }

  /// The first commit of a successor waits; nobody else can commit there, so it is adopted at once.
  private func begin(_ successor: Group, like old: Member, externalTree: Bool) throws -> MlsClient_CreateSubgroupResponse {
    var group = successor
    guard let welcome = group.pendingCommit?.welcome else { throw RPCError(code: .failedPrecondition, message: "a successor of one") }
    try group.adoptPendingCommit(at: now)
    let member = Member(group: group, format: old.format, psks: old.psks)
    let id = store(member)
    return .with {
      $0.stateID = id
      $0.welcome = MLSMessage.welcome(welcome).data
      $0.epochAuthenticator = member.epochAuthenticator
      if externalTree { $0.ratchetTree = group.tree.data }
    }
  }
}
