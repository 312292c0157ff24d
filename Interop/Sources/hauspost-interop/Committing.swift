// Commits, made and received.
import Foundation
import GRPCCore
import MLS
import TLSCodec

extension InteropService {
  func commit(request: MlsClient_CommitRequest, context: ServerContext) throws -> MlsClient_CommitResponse {
    let made = try change(request.stateID) { member in
      try receive(request.byReference, at: &member)
      let proposals = try request.byValue.map { try proposal($0, member.group.context, member.group.tree) }
      let made = try member.group.commit(
        CommitOptions(
          proposals: proposals, coversReInit: true, omitsPathWherePossible: !request.forcePath, format: member.format,
          welcomeCarriesTree: !request.externalTree),
        psks: member.offeredPSKs, application: application, using: crypto)
      // The engine may leave out what it would rather not commit; a script means all that it names.
      guard made.leftOut.isEmpty else { throw RPCError(code: .failedPrecondition, message: "proposals were left out of the commit") }
      return made
    }
    return .with {
      $0.commit = made.message.data
      if let welcome = made.welcome { $0.welcome = MLSMessage.welcome(welcome).data }
      if request.externalTree { $0.ratchetTree = made.tree.data }
    }
  }

  func handlePendingCommit(request: MlsClient_HandlePendingCommitRequest, context: ServerContext) throws -> MlsClient_HandleCommitResponse {
    let authenticator = try change(request.stateID) { member in
      try member.group.adoptPendingCommit(at: now)
      member.sent = []
      return member.epochAuthenticator
    }
    return .with {
      $0.stateID = request.stateID
      $0.epochAuthenticator = authenticator
    }
  }

  func handleCommit(request: MlsClient_HandleCommitRequest, context: ServerContext) throws -> MlsClient_HandleCommitResponse {
    let authenticator = try change(request.stateID) { member in
      try receive(request, at: &member)
      return member.epochAuthenticator
    }
    return .with {
      $0.stateID = request.stateID
      $0.epochAuthenticator = authenticator
    }
  }

  /// Takes a commit's proposals, then the commit.
  func receive(_ request: MlsClient_HandleCommitRequest, at member: inout Member) throws {
    try receive(request.proposal, at: &member)
    switch try member.group.receive(try request.commit.message(), psks: member.psks, application: application, using: crypto) {
    case .commit(let staged): try member.group.adopt(staged, at: now)
    case .ownCommit: try member.group.adoptPendingCommit(at: now)
    case .application, .proposal: throw RPCError(code: .invalidArgument, message: "not a commit")
    }
    member.sent = []
  }

  private func receive(_ proposals: [Data], at member: inout Member) throws {
    for data in proposals where !member.sent.contains(data.bytes) {
      guard case .proposal = try member.group.receive(try data.message(), psks: member.psks, application: application, using: crypto) else {
        throw RPCError(code: .invalidArgument, message: "not a proposal")
      }
    }
  }
}

extension Member {
  /// External PSKs, and those of earlier epochs that proposals name: the engine covers a waiting PreSharedKey only where its secret is offered.
  fileprivate var offeredPSKs: PreSharedKeys {
    var psks = psks
    for entry in group.proposals {
      guard case .psk(let id) = entry.proposal, case .resumption(_, group.groupID, let epoch) = id.kind,
        let psk = group.resumptionPSK(of: epoch)
      else { continue }
      psks.add(resumption: group.groupID, epoch: epoch, psk)
    }
    return psks
  }
}
