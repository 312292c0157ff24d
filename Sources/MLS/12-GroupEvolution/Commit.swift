import CryptoInterface
import TLSCodec

/// RFC 9420 §12.4
///
///     struct {
///       ProposalOrRefType type;
///       select (ProposalOrRef.type) {
///         case proposal:  Proposal proposal;
///         case reference: ProposalRef reference;
///       };
///     } ProposalOrRef;
public enum ProposalOrRef: Equatable, Sendable, TLSEncodable, TLSDecodable {
  case proposal(Proposal)
  case reference(ProposalRef)

  public init(from reader: inout Reader) throws(DecodingError) {
    switch try reader.uint8() {
    case 1: self = .proposal(try Proposal(from: &reader))
    case 2: self = .reference(try ProposalRef(from: &reader))
    case let other: throw .unknownValue(type: "ProposalOrRefType", value: UInt64(other))
    }
  }

  public func encode(to writer: inout Writer) {
    switch self {
    case .proposal(let proposal):
      writer.uint8(1)
      proposal.encode(to: &writer)
    case .reference(let ref):
      writer.uint8(2)
      ref.encode(to: &writer)
    }
  }
}

/// RFC 9420 §12.4
///
///     struct {
///         ProposalOrRef proposals<V>;
///         optional<UpdatePath> path;
///     } Commit;
public struct Commit: Equatable, Sendable, TLSEncodable, TLSDecodable {
  public var proposals: [ProposalOrRef]
  public var path: UpdatePath?

  package init(proposals: [ProposalOrRef], path: UpdatePath? = nil) {
    self.proposals = proposals
    self.path = path
  }

  public init(from reader: inout Reader) throws(DecodingError) {
    proposals = try reader.vector(atMost: Limits.commitProposals, "commitProposals")
    path = try reader.optional()
  }

  public func encode(to writer: inout Writer) {
    writer.vector(proposals)
    writer.optional(path)
  }
}
