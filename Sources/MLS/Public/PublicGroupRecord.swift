// A delivery service puts a group away between requests and goes on with it; what it verified once it does not verify again.
import CryptoInterface
import TLSCodec

extension PublicGroup {
  private static let recordVersion: UInt16 = 1

  /// Everything of the group, waiting proposals and a ReInit included. Holds no secrets of the group, but its members and keys: store it sealed.
  public func serialized() -> [UInt8] {
    var w = Writer()
    w.uint16(Self.recordVersion)
    context.encode(to: &w)
    w.opaque(confirmationTag)
    w.opaque(interimTranscriptHash)
    w.optional(reinit)
    w.vector { (w: inout Writer) in
      for entry in proposals {
        entry.ref.encode(to: &w)
        entry.sender.encode(to: &w)
        entry.proposal.encode(to: &w)
      }
    }
    w.uint32(tree.leafCount)
    w.vector { (w: inout Writer) in
      for node in 0..<tree.nodeCount { tree.stored(node).encode(to: &w) }
    }
    return w.bytes
  }

  /// Goes on with a group that was serialised. The bytes are trusted: keep them where only the service can write.
  /// - Throws: `.decoding` for bytes that are not a group or of another version; `.rule(.cipherSuite)`.
  public init(serialized bytes: [UInt8], using crypto: some CryptoProvider) throws(MLSError) {
    var r = Reader(bytes)
    let context: GroupContext
    let tag: [UInt8]
    let interim: [UInt8]
    let reinit: ReInit?
    var proposals: [PendingProposal] = []
    let leafCount: UInt32
    var nodes: [(UInt32, StoredNode)] = []
    do throws(DecodingError) {
      guard try r.uint16() == Self.recordVersion else { throw .invalidValue("public group: version") }
      context = try GroupContext(from: &r)
      tag = try r.opaque()
      interim = try r.opaque()
      reinit = try r.optional()
      var list = try r.nested()
      while !list.isAtEnd {
        let ref = try ProposalRef(from: &list)
        let sender = try Sender(from: &list)
        proposals.append(PendingProposal(ref: ref, proposal: try Proposal(from: &list), sender: sender))
      }
      leafCount = try r.uint32()
      guard leafCount.nonzeroBitCount == 1, leafCount <= Limits.treeLeaves else { throw .invalidValue("public group: leaf count") }
      list = try r.nested()
      while !list.isAtEnd { nodes.append((UInt32(nodes.count), try StoredNode(from: &list))) }
      guard nodes.count == Int(2 * leafCount - 1), context.epoch < .max else { throw .invalidValue("public group: nodes") }
      try r.finish()
    } catch { throw .decoding(error) }
    var tree = RatchetTree()
    try tree.resize(toLeaves: leafCount, nodes)
    tree.forgetTouched()
    self.init(
      context: context, tree: tree, confirmationTag: tag, interimTranscriptHash: interim, suite: try crypto.parameters(of: context.cipherSuite))
    self.reinit = reinit
    for proposal in proposals { try append(proposal) }
  }
}
