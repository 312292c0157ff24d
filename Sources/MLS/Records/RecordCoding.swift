// The formats of the records, each with a version of its own. Golden files prove that later versions read them.
import CryptoInterface
import TLSCodec

/// The version that begins every record's value.
enum RecordVersion {
  static let current: UInt16 = 1
}

extension Writer {
  mutating func secret(_ secret: Secret) { opaque(secret.exposed) }
}

extension Reader {
  mutating func secret() throws(DecodingError) -> Secret { Secret(try opaque()) }

  mutating func version() throws(DecodingError) {
    guard try uint16() == RecordVersion.current else { throw .invalidValue("record version") }
  }
}

extension Ratchet: TLSEncodable, TLSDecodable {
  package func encode(to w: inout Writer) {
    w.secret(secret)
    w.uint32(generation)
    w.vector { (w: inout Writer) in
      for key in skipped {
        w.uint32(key.generation)
        w.secret(key.key)
        w.secret(key.nonce)
      }
    }
  }

  package init(from r: inout Reader) throws(DecodingError) {
    self.init(secret: try r.secret(), generation: try r.uint32())
    var list = try r.nested()
    while !list.isAtEnd {
      let generation = try list.uint32()
      skipped.append(MessageKey(key: try list.secret(), nonce: try list.secret(), generation: generation))
    }
  }
}

extension LeafRatchets: TLSEncodable, TLSDecodable {
  package func encode(to w: inout Writer) {
    handshake.encode(to: &w)
    application.encode(to: &w)
  }
  package init(from r: inout Reader) throws(DecodingError) {
    self.init(handshake: try Ratchet(from: &r), application: try Ratchet(from: &r))
  }
}

extension EpochSecrets: TLSEncodable, TLSDecodable {
  /// Without the encryption secret, which is gone when an epoch is stored.
  package func encode(to w: inout Writer) {
    w.secret(senderDataSecret.secret)
    w.secret(exporterSecret.secret)
    w.secret(externalSecret.secret)
    w.secret(confirmationKey.secret)
    w.secret(membershipKey.secret)
    w.secret(resumptionPSK.secret)
    w.secret(epochAuthenticator.secret)
    w.secret(initSecret.secret)
  }

  package init(from r: inout Reader) throws(DecodingError) {
    self.init(
      senderDataSecret: SenderDataSecret(try r.secret()), encryptionSecret: EncryptionSecret(Secret([])),
      exporterSecret: ExporterSecret(try r.secret()), externalSecret: ExternalSecret(try r.secret()),
      confirmationKey: ConfirmationKey(try r.secret()), membershipKey: MembershipKey(try r.secret()),
      resumptionPSK: ResumptionPSK(try r.secret()), epochAuthenticator: EpochAuthenticator(try r.secret()),
      initSecret: InitSecret(try r.secret()))
  }
}

extension TreeKEMPrivateState: TLSEncodable, TLSDecodable {
  package func encode(to w: inout Writer) {
    w.uint32(leafIndex.value)
    w.vector { (w: inout Writer) in
      for node in keys.keys.sorted() {
        guard let key = keys[node] else { continue }
        w.uint32(node)
        w.secret(key.secret)
      }
    }
  }

  package init(from r: inout Reader) throws(DecodingError) {
    leafIndex = LeafIndex(try r.uint32())
    keys = [:]
    var list = try r.nested()
    var last: UInt32?
    while !list.isAtEnd {
      let node = try list.uint32()
      if let last, node <= last { throw .invalidValue("private keys: not in increasing order") }
      last = node
      keys[node] = HPKEPrivateKey(try list.secret())
    }
  }
}

/// A node as stored: with the hash of its subtree, so that loading computes none.
struct StoredNode: TLSEncodable, TLSDecodable {
  var node: Node?
  var hash: [UInt8]?
  init(node: Node?, hash: [UInt8]?) {
    self.node = node
    self.hash = hash
  }
  init(from r: inout Reader) throws(DecodingError) {
    node = try r.optional()
    hash = try r.presence() ? try r.opaque() : nil
  }
  func encode(to w: inout Writer) {
    w.optional(node)
    if let hash {
      w.uint8(1)
      w.opaque(hash)
    } else {
      w.uint8(0)
    }
  }
}

extension RatchetTree {
  func stored(_ node: UInt32) -> StoredNode { StoredNode(node: self[NodeIndex(node)], hash: cachedHash(NodeIndex(node))) }

  /// The nodes whose record a change rewrites: those written, and those above, whose hash changed with them.
  func changedNodes(_ touched: Set<UInt32>) -> Set<UInt32> {
    var result = touched
    for node in touched where node < nodeCount {
      var above = NodeIndex(node)
      while above != root {
        above = above.parent
        if !result.insert(above.value).inserted && above.value != node { break }
      }
    }
    return result
  }

  /// Sets nodes as stored, and their hashes after all nodes are set.
  mutating func restore(_ nodes: [(UInt32, StoredNode)]) throws(MLSError) {
    for (index, stored) in nodes {
      guard index < nodeCount, stored.node == nil || NodeIndex(index).isLeaf == stored.node?.isLeaf else {
        throw .corruptRecord("node")
      }
      if stored.node != nil || self[NodeIndex(index)] != nil { set(NodeIndex(index), stored.node) }
    }
    for (index, stored) in nodes { if let hash = stored.hash { restoreHash(NodeIndex(index), hash) } }
  }
}

extension Node {
  var isLeaf: Bool {
    if case .leaf = self { return true }
    return false
  }
}
