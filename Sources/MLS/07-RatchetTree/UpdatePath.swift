import CryptoInterface
import TLSCodec

/// RFC 9420 §7.6
///
///     struct {
///         HPKEPublicKey encryption_key;
///         HPKECiphertext encrypted_path_secret<V>;
///     } UpdatePathNode;
public struct UpdatePathNode: Equatable, Sendable, TLSEncodable, TLSDecodable {
  public var encryptionKey: HPKEPublicKey
  public var encryptedPathSecret: [HPKECiphertext]
  package init(encryptionKey: HPKEPublicKey, encryptedPathSecret: [HPKECiphertext]) {
    self.encryptionKey = encryptionKey
    self.encryptedPathSecret = encryptedPathSecret
  }
  public init(from reader: inout Reader) throws(DecodingError) {
    encryptionKey = try HPKEPublicKey(from: &reader)
    encryptedPathSecret = try reader.vector(atMost: Int(Limits.treeLeaves))
  }
  public func encode(to writer: inout Writer) {
    encryptionKey.encode(to: &writer)
    writer.vector(encryptedPathSecret)
  }
}

/// RFC 9420 §7.6
///
///     struct {
///         LeafNode leaf_node;
///         UpdatePathNode nodes<V>;
///     } UpdatePath;
public struct UpdatePath: Equatable, Sendable, TLSEncodable, TLSDecodable {
  public var leafNode: LeafNode
  public var nodes: [UpdatePathNode]
  package init(leafNode: LeafNode, nodes: [UpdatePathNode]) {
    self.leafNode = leafNode
    self.nodes = nodes
  }
  public init(from reader: inout Reader) throws(DecodingError) {
    leafNode = try LeafNode(from: &reader)
    nodes = try reader.vector(atMost: Limits.pathNodes)
  }
  public func encode(to writer: inout Writer) {
    leafNode.encode(to: &writer)
    writer.vector(nodes)
  }
}
