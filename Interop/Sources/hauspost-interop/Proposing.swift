// Proposals of members and of others.
import CryptoInterface
import Foundation
import GRPCCore
import MLS
import TLSCodec

extension InteropService {
  func addProposal(request: MlsClient_AddProposalRequest, context: ServerContext) throws -> MlsClient_ProposalResponse {
    try propose(request.stateID, .add(try request.keyPackage.keyPackage()))
  }

  func updateProposal(request: MlsClient_UpdateProposalRequest, context: ServerContext) throws -> MlsClient_ProposalResponse {
    try send(request.stateID) { try $0.group.proposeUpdate(format: $0.format, application: application, using: crypto) }
  }

  func removeProposal(request: MlsClient_RemoveProposalRequest, context: ServerContext) throws -> MlsClient_ProposalResponse {
    try propose(request.stateID, .remove(try member(request.stateID).group.tree.leaf(of: request.removedID.bytes)))
  }

  func externalPSKProposal(request: MlsClient_ExternalPSKProposalRequest, context: ServerContext) throws -> MlsClient_ProposalResponse {
    try propose(
      request.stateID, try pskProposal(.external(id: request.pskID.bytes), try member(request.stateID).group.cipherSuite))
  }

  func resumptionPSKProposal(request: MlsClient_ResumptionPSKProposalRequest, context: ServerContext) throws -> MlsClient_ProposalResponse {
    let group = try member(request.stateID).group
    return try propose(
      request.stateID, try pskProposal(.resumption(usage: .application, groupID: group.groupID, epoch: request.epochID), group.cipherSuite))
  }

  func groupContextExtensionsProposal(request: MlsClient_GroupContextExtensionsProposalRequest, context: ServerContext) throws
    -> MlsClient_ProposalResponse
  {
    try propose(request.stateID, .groupContextExtensions(request.extensions.extensions))
  }

  func reInitProposal(request: MlsClient_ReInitProposalRequest, context: ServerContext) throws -> MlsClient_ProposalResponse {
    try propose(
      request.stateID,
      .reinit(
        ReInit(groupID: request.groupID.bytes, cipherSuite: try suite(request.cipherSuite), extensions: request.extensions.extensions)))
  }

  private func propose(_ id: UInt32, _ proposal: Proposal) throws -> MlsClient_ProposalResponse {
    try send(id) { try $0.group.propose(proposal, format: $0.format, application: application, using: crypto) }
  }

  private func send(_ id: UInt32, _ make: (inout Member) throws -> MLSMessage) throws -> MlsClient_ProposalResponse {
    let message = try change(id) { member in
      let message = try make(&member).encoded()
      member.sent.insert(message)
      return message
    }
    return .with { $0.proposal = Data(message) }
  }

  /// RFC 9420 §8.4, MUST: a fresh nonce of KDF.Nh bytes.
  func pskProposal(_ kind: PreSharedKeyID.Kind, _ suite: CipherSuite) throws -> Proposal {
    .psk(PreSharedKeyID(kind, nonce: crypto.random(try parameters(suite).hash.size)))
  }

  /// A proposal that the runner describes.
  func proposal(_ description: MlsClient_ProposalDescription, _ context: GroupContext, _ tree: RatchetTree) throws -> Proposal {
    switch String(decoding: description.proposalType, as: UTF8.self) {
    case "add": .add(try description.keyPackage.keyPackage())
    case "remove": .remove(try tree.leaf(of: description.removedID.bytes))
    case "externalPSK": try pskProposal(.external(id: description.pskID.bytes), context.cipherSuite)
    case "resumptionPSK":
      try pskProposal(
        .resumption(usage: .application, groupID: context.groupID, epoch: description.epochID), context.cipherSuite)
    case "groupContextExtensions": .groupContextExtensions(description.extensions.extensions)
    case "reinit":
      .reinit(
        ReInit(
          groupID: description.groupID.bytes, cipherSuite: try suite(description.cipherSuite), extensions: description.extensions.extensions))
    case let type: throw RPCError(code: .invalidArgument, message: "no proposal type \(type)")
    }
  }

  // MARK: From outside

  func newMemberAddProposal(request: MlsClient_NewMemberAddProposalRequest, context: ServerContext) throws
    -> MlsClient_NewMemberAddProposalResponse
  {
    let group = try request.groupInfo.groupInfo().groupContext
    let bundle = try keyPackage(request.identity.bytes, group.cipherSuite)
    let proposal = try ExternalProposal.join(bundle, groupID: group.groupID, epoch: group.epoch, using: crypto)
    let keys = try bundle.privateKeys()
    let id = store(Joiner(bundle: bundle))
    return .with {
      $0.transactionID = id
      $0.proposal = MLSMessage.publicMessage(proposal).data
      $0.initPriv = keys.initKey
      $0.encryptionPriv = keys.encryption
      $0.signaturePriv = keys.signature
    }
  }

  func createExternalSigner(request: MlsClient_CreateExternalSignerRequest, context: ServerContext) throws
    -> MlsClient_CreateExternalSignerResponse
  {
    let suite = try suite(request.cipherSuite)
    let identity = try identity(request.identity.bytes, suite)
    let id = store(Signer(keyPair: identity.signatureKeyPair, suite: suite))
    return .with {
      $0.signerID = id
      $0.externalSender = ExternalSender(signatureKey: identity.signatureKeyPair.publicKey, credential: identity.credential).data
    }
  }

  func addExternalSigner(request: MlsClient_AddExternalSignerRequest, context: ServerContext) throws -> MlsClient_ProposalResponse {
    let group = try member(request.stateID).group
    let senders = try group.publicGroup.externalSenders() + [try ExternalSender(decoding: request.externalSender.bytes)]
    var extensions = group.context.extensions
    extensions[.externalSenders] = ExternalSenders(senders).encoded()
    return try propose(request.stateID, .groupContextExtensions(extensions))
  }

  func externalSignerProposal(request: MlsClient_ExternalSignerProposalRequest, context: ServerContext) throws
    -> MlsClient_ProposalResponse
  {
    let signer = try signer(request.signerID)
    let group = try PublicGroup(
      groupInfo: try request.groupInfo.groupInfo(), tree: try request.ratchetTree.ratchetTree(), application: application, using: crypto)
    // The runner leaves `signer_index` empty, so the signer looks for itself.
    guard let index = try group.externalSenders().firstIndex(where: { $0.signatureKey == signer.keyPair.publicKey }) else {
      throw RPCError(code: .failedPrecondition, message: "the group does not know this signer")
    }
    let message = try ExternalProposal.make(
      try proposal(request.description_p, group.context, group.tree), groupID: group.groupID, epoch: group.epoch, suite: signer.suite,
      senderIndex: UInt32(index), signatureKey: signer.keyPair.privateKey, using: crypto)
    return .with { $0.proposal = MLSMessage.publicMessage(message).data }
  }
}
