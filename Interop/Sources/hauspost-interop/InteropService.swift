// What the service holds: members, joiners and signers by the numbers that the runner knows them by. The calls are in the files beside this one.
import CryptoInterface
import Foundation
import GRPCCore
import MLS
import TLSCodec

/// A place in a group.
struct Member {
  var group: Group
  var format: HandshakeFormat
  var psks = PreSharedKeys()
  /// The member's own proposals of this epoch: the runner hands them back with everybody else's.
  var sent: Set<[UInt8]> = []
}

/// A key package that waits for its Welcome.
struct Joiner {
  var bundle: KeyPackageBundle
  var psks = PreSharedKeys()
}

/// A group that a ReInit has ended, and this member's key package for the next.
struct EndedGroup {
  var member: Member
  var name: [UInt8]
  var bundle: KeyPackageBundle
}

/// Somebody outside of the group who may propose.
struct Signer {
  var keyPair: SignatureKeyPair
  var suite: CipherSuite
}

actor InteropService: MlsClient_MLSClient.SimpleServiceProtocol {
  let crypto: any CryptoProvider
  /// The runner's credentials are names that nobody vouches for.
  let application = TrustEveryone()
  private var lastID: UInt32 = 0
  private var members: [UInt32: Member] = [:]
  private var joiners: [UInt32: Joiner] = [:]
  private var endedGroups: [UInt32: EndedGroup] = [:]
  private var signers: [UInt32: Signer] = [:]

  init(crypto: any CryptoProvider) { self.crypto = crypto }

  func name(request: MlsClient_NameRequest, context: ServerContext) -> MlsClient_NameResponse { .with { $0.name = "Hauspost" } }

  func supportedCiphersuites(request: MlsClient_SupportedCiphersuitesRequest, context: ServerContext)
    -> MlsClient_SupportedCiphersuitesResponse
  {
    .with { $0.ciphersuites = crypto.suites.entries.map { UInt32($0.suite.rawValue) } }
  }

  func free(request: MlsClient_FreeRequest, context: ServerContext) -> MlsClient_FreeResponse {
    members[request.stateID] = nil
    return MlsClient_FreeResponse()
  }

  // MARK: What is held

  /// One series of numbers for everything, because StorePSK takes a state's or a transaction's.
  private func nextID() -> UInt32 {
    lastID += 1
    return lastID
  }

  func store(_ member: Member) -> UInt32 {
    let id = nextID()
    members[id] = member
    return id
  }

  func store(_ joiner: Joiner) -> UInt32 {
    let id = nextID()
    joiners[id] = joiner
    return id
  }

  func store(_ ended: EndedGroup) -> UInt32 {
    let id = nextID()
    endedGroups[id] = ended
    return id
  }

  func store(_ signer: Signer) -> UInt32 {
    let id = nextID()
    signers[id] = signer
    return id
  }

  func member(_ id: UInt32) throws -> Member {
    guard let member = members[id] else { throw RPCError(code: .notFound, message: "no state \(id)") }
    return member
  }

  /// Changes a member, who keeps the number; not where the body throws.
  func change<Result>(_ id: UInt32, _ body: (inout Member) throws -> Result) throws -> Result {
    var member = try member(id)
    let result = try body(&member)
    members[id] = member
    return result
  }

  /// Uses a key package up; not where the body throws.
  func useJoiner<Result>(_ id: UInt32, _ body: (Joiner) throws -> Result) throws -> Result {
    guard let joiner = joiners[id] else { throw RPCError(code: .notFound, message: "no transaction \(id)") }
    let result = try body(joiner)
    joiners[id] = nil
    return result
  }

  /// Continues an ended group; not where the body throws.
  func useEndedGroup<Result>(_ id: UInt32, _ body: (EndedGroup) throws -> Result) throws -> Result {
    guard let ended = endedGroups[id] else { throw RPCError(code: .notFound, message: "no reinit \(id)") }
    let result = try body(ended)
    endedGroups[id] = nil
    return result
  }

  func signer(_ id: UInt32) throws -> Signer {
    guard let signer = signers[id] else { throw RPCError(code: .notFound, message: "no signer \(id)") }
    return signer
  }

  func addPSK(_ id: UInt32, _ pskID: [UInt8], _ psk: Secret) throws {
    if members[id] != nil {
      members[id]?.psks.add(external: pskID, psk)
    } else if joiners[id] != nil {
      joiners[id]?.psks.add(external: pskID, psk)
    } else {
      throw RPCError(code: .notFound, message: "no state or transaction \(id)")
    }
  }

  // MARK: Who somebody is

  /// What a fixed time would spoil: key packages are checked for their lifetime by some peers.
  var now: UInt64 { UInt64(Date().timeIntervalSince1970) }
  var lifetime: Lifetime { Lifetime(notBefore: now - 3_600, notAfter: now + 90 * 86_400) }
  /// Scripts go back to old epochs and ask for their resumption PSKs.
  let reordering = ReorderingPolicy(pastEpochs: 32)

  func suite(_ number: UInt32) throws -> CipherSuite {
    guard let raw = UInt16(exactly: number), crypto.suites.parameters(of: CipherSuite(raw)) != nil else {
      throw RPCError(code: .invalidArgument, message: "no suite \(number)")
    }
    return CipherSuite(raw)
  }

  func parameters(_ suite: CipherSuite) throws -> CipherSuiteParameters {
    guard let parameters = crypto.suites.parameters(of: suite) else { throw MLSError.rule(.cipherSuite) }
    return parameters
  }

  func identity(_ name: [UInt8], _ suite: CipherSuite) throws -> ClientIdentity {
    ClientIdentity(
      credential: .basic(identity: name), signatureKeyPair: try crypto.generateSignatureKeyPair(try parameters(suite).signature),
      capabilities: Capabilities(
        cipherSuites: crypto.suites.entries.map { $0.suite }, extensions: [.appDataDictionary], proposals: [.appDataUpdate, .selfRemove],
        credentials: [.basic, .x509]))
  }

  func keyPackage(_ name: [UInt8], _ suite: CipherSuite) throws -> KeyPackageBundle {
    try KeyPackageBundle.create(try identity(name, suite), suite: suite, lifetime: lifetime, using: crypto)
  }
}

extension MLSError: @retroactive RPCErrorConvertible {
  public var rpcErrorCode: RPCError.Code { .failedPrecondition }
  public var rpcErrorMessage: String { "\(self)" }
}

extension CryptoError: @retroactive RPCErrorConvertible {
  public var rpcErrorCode: RPCError.Code { .internalError }
  public var rpcErrorMessage: String { "\(self)" }
}

extension TLSCodec.DecodingError: @retroactive RPCErrorConvertible {
  public var rpcErrorCode: RPCError.Code { .invalidArgument }
  public var rpcErrorMessage: String { "\(self)" }
}
