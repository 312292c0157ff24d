// What a group is used for: messages, exported secrets, GroupInfos.
import CryptoInterface
import Foundation
import GRPCCore
import MLS
import TLSCodec

extension InteropService {
  func groupInfo(request: MlsClient_GroupInfoRequest, context: ServerContext) throws -> MlsClient_GroupInfoResponse {
    let group = try member(request.stateID).group
    let info = try group.groupInfo(withTree: !request.externalTree, using: crypto)
    return .with {
      $0.groupInfo = MLSMessage.groupInfo(info).data
      if request.externalTree { $0.ratchetTree = group.tree.data }
    }
  }

  func stateAuth(request: MlsClient_StateAuthRequest, context: ServerContext) throws -> MlsClient_StateAuthResponse {
    let member = try member(request.stateID)
    return .with { $0.stateAuthSecret = member.epochAuthenticator }
  }

  func export(request: MlsClient_ExportRequest, context: ServerContext) throws -> MlsClient_ExportResponse {
    let secret = try member(request.stateID).group.export(
      label: Array(request.label.utf8), context: request.context.bytes, length: Int(request.keyLength), using: crypto)
    return .with { $0.exportedSecret = Data(secret.exposed) }
  }

  func protect(request: MlsClient_ProtectRequest, context: ServerContext) throws -> MlsClient_ProtectResponse {
    let message = try change(request.stateID) {
      try $0.group.encrypt(request.plaintext.bytes, authenticatedData: request.authenticatedData.bytes, using: crypto)
    }
    return .with { $0.ciphertext = message.data }
  }

  func unprotect(request: MlsClient_UnprotectRequest, context: ServerContext) throws -> MlsClient_UnprotectResponse {
    let received = try change(request.stateID) {
      try $0.group.receive(try request.ciphertext.message(), psks: $0.psks, application: application, using: crypto)
    }
    guard case .application(let message) = received else { throw RPCError(code: .invalidArgument, message: "not application data") }
    return .with {
      $0.plaintext = Data(message.data)
      $0.authenticatedData = Data(message.authenticatedData)
    }
  }

  func storePSK(request: MlsClient_StorePSKRequest, context: ServerContext) throws -> MlsClient_StorePSKResponse {
    try addPSK(request.stateOrTransactionID, request.pskID.bytes, Secret(request.pskSecret.bytes))
    return MlsClient_StorePSKResponse()
  }
}
