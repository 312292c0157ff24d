import CryptoInterface
import TLSCodec

/// RFC 9420 §7.1
///
///     struct {
///         HPKEPublicKey encryption_key;
///         opaque parent_hash<V>;
///         uint32 unmerged_leaves<V>;
///     } ParentNode;
public struct ParentNode: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var encryptionKey: HPKEPublicKey
  public var parentHash: [UInt8]
  /// In increasing order.
  public var unmergedLeaves: [LeafIndex]

  package init(encryptionKey: HPKEPublicKey, parentHash: [UInt8] = [], unmergedLeaves: [LeafIndex] = []) {
    self.encryptionKey = encryptionKey
    self.parentHash = parentHash
    self.unmergedLeaves = unmergedLeaves
  }

  public init(from reader: inout Reader) throws(DecodingError) {
    encryptionKey = try HPKEPublicKey(from: &reader)
    parentHash = try reader.opaque()
    unmergedLeaves = try reader.vector(atMost: Int(Limits.treeLeaves))
  }

  public func encode(to writer: inout Writer) {
    encryptionKey.encode(to: &writer)
    writer.opaque(parentHash)
    writer.vector(unmergedLeaves)
  }
}

/// RFC 9420 §12.4.3.3
///
///     struct {
///         NodeType node_type;
///         select (Node.node_type) {
///             case leaf:   LeafNode leaf_node;
///             case parent: ParentNode parent_node;
///         };
///     } Node;
public enum Node: Hashable, Sendable, TLSEncodable, TLSDecodable {
  case leaf(LeafNode)
  case parent(ParentNode)

  public init(from reader: inout Reader) throws(DecodingError) {
    switch try reader.uint8() {
    case 1: self = .leaf(try LeafNode(from: &reader))
    case 2: self = .parent(try ParentNode(from: &reader))
    case let other: throw .unknownValue(type: "NodeType", value: UInt64(other))
    }
  }

  public func encode(to writer: inout Writer) {
    switch self {
    case .leaf(let leaf):
      writer.uint8(1)
      leaf.encode(to: &writer)
    case .parent(let parent):
      writer.uint8(2)
      parent.encode(to: &writer)
    }
  }

  public var encryptionKey: HPKEPublicKey {
    switch self {
    case .leaf(let leaf): leaf.encryptionKey
    case .parent(let parent): parent.encryptionKey
    }
  }

  /// RFC 9420 §7.9.1: the parent hash that a node carries; nil for a leaf that was not set by a commit.
  var parentHash: [UInt8]? {
    switch self {
    case .leaf(let leaf): leaf.parentHash
    case .parent(let parent): parent.parentHash
    }
  }
}
