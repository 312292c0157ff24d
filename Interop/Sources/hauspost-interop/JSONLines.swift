// The service without gRPC, for scripts in any language: `{"method": "CreateGroup", "request": {…}}` in, `{"response": {…}}` or `{"error": "…"}` out.
// Requests and responses are protobuf's JSON: bytes in base64, fields with default values left out.
import Foundation
import GRPCCore
import SwiftProtobuf

extension InteropService {
  /// Until the input ends.
  func answerLines() {
    while let line = readLine() {
      var answer: [String: Any]
      do {
        answer = ["response": try JSONSerialization.jsonObject(with: try call(line))]
      } catch let error as any RPCErrorConvertible {
        answer = ["error": error.rpcErrorMessage]
      } catch {
        answer = ["error": "\(error)"]
      }
      guard let data = try? JSONSerialization.data(withJSONObject: answer) else { return }
      FileHandle.standardOutput.write(data + Data("\n".utf8))
    }
  }

  private func call(_ line: String) throws -> Data {
    guard let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], let method = object["method"] as? String
    else { throw RPCError(code: .invalidArgument, message: "not an object with a method") }
    let request = try JSONSerialization.data(withJSONObject: object["request"] ?? [String: Any]())
    switch method {
    case "Name": return try call(request, name)
    case "SupportedCiphersuites": return try call(request, supportedCiphersuites)
    case "CreateGroup": return try call(request, createGroup)
    case "CreateKeyPackage": return try call(request, createKeyPackage)
    case "JoinGroup": return try call(request, joinGroup)
    case "ExternalJoin": return try call(request, externalJoin)
    case "GroupInfo": return try call(request, groupInfo)
    case "StateAuth": return try call(request, stateAuth)
    case "Export": return try call(request, export)
    case "Protect": return try call(request, protect)
    case "Unprotect": return try call(request, unprotect)
    case "StorePSK": return try call(request, storePSK)
    case "AddProposal": return try call(request, addProposal)
    case "UpdateProposal": return try call(request, updateProposal)
    case "RemoveProposal": return try call(request, removeProposal)
    case "ExternalPSKProposal": return try call(request, externalPSKProposal)
    case "ResumptionPSKProposal": return try call(request, resumptionPSKProposal)
    case "GroupContextExtensionsProposal": return try call(request, groupContextExtensionsProposal)
    case "Commit": return try call(request, commit)
    case "HandleCommit": return try call(request, handleCommit)
    case "HandlePendingCommit": return try call(request, handlePendingCommit)
    case "ReInitProposal": return try call(request, reInitProposal)
    case "ReInitCommit": return try call(request, reInitCommit)
    case "HandlePendingReInitCommit": return try call(request, handlePendingReInitCommit)
    case "HandleReInitCommit": return try call(request, handleReInitCommit)
    case "ReInitWelcome": return try call(request, reInitWelcome)
    case "HandleReInitWelcome": return try call(request, handleReInitWelcome)
    case "CreateBranch": return try call(request, createBranch)
    case "HandleBranch": return try call(request, handleBranch)
    case "NewMemberAddProposal": return try call(request, newMemberAddProposal)
    case "CreateExternalSigner": return try call(request, createExternalSigner)
    case "AddExternalSigner": return try call(request, addExternalSigner)
    case "ExternalSignerProposal": return try call(request, externalSignerProposal)
    case "Free": return try call(request, free)
    default: throw RPCError(code: .unimplemented, message: "no method \(method)")
    }
  }

  private func call<Request: SwiftProtobuf.Message, Response: SwiftProtobuf.Message>(
    _ request: Data, _ method: (Request, ServerContext) throws -> Response
  ) throws -> Data {
    try method(try Request(jsonUTF8Data: request), InteropService.context).jsonUTF8Data()
  }

  private static let context = ServerContext(
    descriptor: MlsClient_MLSClient.Method.Name.descriptor, remotePeer: "stdin", localPeer: "stdout", cancellation: .init())
}
