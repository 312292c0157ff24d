// From the runner's bytes to the engine's types and back.
import CryptoInterface
import Foundation
import GRPCCore
import MLS
import TLSCodec

extension Data {
  var bytes: [UInt8] { Array(self) }
  func message() throws -> MLSMessage { try MLSMessage(decoding: bytes) }

  func welcome() throws -> Welcome {
    guard case .welcome(let welcome) = try message() else { throw wrongKind("Welcome") }
    return welcome
  }

  func groupInfo() throws -> GroupInfo {
    guard case .groupInfo(let info) = try message() else { throw wrongKind("GroupInfo") }
    return info
  }

  func keyPackage() throws -> KeyPackage {
    guard case .keyPackage(let keyPackage) = try message() else { throw wrongKind("KeyPackage") }
    return keyPackage
  }

  /// The tree, nil for no bytes: then a GroupInfo carries it.
  func ratchetTree() throws -> RatchetTree? { isEmpty ? nil : try RatchetTree(decoding: bytes) }

  private func wrongKind(_ expected: String) -> RPCError { RPCError(code: .invalidArgument, message: "not a \(expected)") }
}

extension TLSEncodable {
  var data: Data { Data(encoded()) }
}

extension [MlsClient_Extension] {
  var extensions: Extensions { Extensions(map { Extension(ExtensionType(UInt16(truncatingIfNeeded: $0.extensionType)), $0.extensionData.bytes) }) }
}

extension RatchetTree {
  /// The leaf of a name; where several have it, the last.
  func leaf(of name: [UInt8]) throws -> LeafIndex {
    guard let leaf = leaves.last(where: { $0.node.credential == .basic(identity: name) }) else {
      throw RPCError(code: .notFound, message: "nobody of this name in the tree")
    }
    return leaf.index
  }
}

extension Member {
  /// The member's own name.
  var name: [UInt8] {
    if case .basic(let name) = group.tree[group.leafIndex]?.credential { return name }
    return []
  }
  var epochAuthenticator: Data { Data(group.epochAuthenticator.secret.exposed) }
}

extension KeyPackageBundle {
  /// The private keys, which the runner writes into its transcripts: of the init key, the leaf and the signature.
  func privateKeys() throws -> (initKey: Data, encryption: Data, signature: Data) {
    var r = Reader(serialized())
    _ = try r.uint16()
    _ = try KeyPackage(from: &r)
    return (Data(try r.opaque()), Data(try r.opaque()), Data(try r.opaque()))
  }
}
