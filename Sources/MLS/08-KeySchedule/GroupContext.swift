import CryptoInterface
import TLSCodec

/// RFC 9420 §8.1
///
///     struct {
///         ProtocolVersion version = mls10;
///         CipherSuite cipher_suite;
///         opaque group_id<V>;
///         uint64 epoch;
///         opaque tree_hash<V>;
///         opaque confirmed_transcript_hash<V>;
///         Extension extensions<V>;
///     } GroupContext;
public struct GroupContext: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var version: ProtocolVersion
  public var cipherSuite: CipherSuite
  public var groupID: [UInt8]
  public var epoch: UInt64
  public var treeHash: [UInt8]
  public var confirmedTranscriptHash: [UInt8]
  public var extensions: Extensions

  public init(
    version: ProtocolVersion = .mls10, cipherSuite: CipherSuite, groupID: [UInt8], epoch: UInt64, treeHash: [UInt8],
    confirmedTranscriptHash: [UInt8], extensions: Extensions = []
  ) {
    self.version = version
    self.cipherSuite = cipherSuite
    self.groupID = groupID
    self.epoch = epoch
    self.treeHash = treeHash
    self.confirmedTranscriptHash = confirmedTranscriptHash
    self.extensions = extensions
  }

  public init(from reader: inout Reader) throws(DecodingError) {
    let start = reader.offset
    version = try ProtocolVersion(from: &reader)
    guard version == .mls10 else { throw .unknownValue(type: "ProtocolVersion", value: UInt64(version.rawValue)) }
    cipherSuite = try CipherSuite(from: &reader)
    groupID = try reader.opaque()
    if groupID.count > Limits.groupIDBytes { throw .limitExceeded("groupIDBytes") }
    epoch = try reader.uint64()
    treeHash = try reader.opaque()
    confirmedTranscriptHash = try reader.opaque()
    extensions = try Extensions(from: &reader)
    if reader.offset - start > Limits.contextBytes { throw .limitExceeded("contextBytes") }
  }

  /// The epoch after this one. Nobody counts to the end, but a peer may begin a group there.
  mutating func enterNextEpoch() throws(MLSError) {
    guard epoch < .max else { throw .decoding(.limitExceeded("epoch")) }
    epoch += 1
  }

  public func encode(to writer: inout Writer) {
    version.encode(to: &writer)
    cipherSuite.encode(to: &writer)
    writer.opaque(groupID)
    writer.uint64(epoch)
    writer.opaque(treeHash)
    writer.opaque(confirmedTranscriptHash)
    extensions.encode(to: &writer)
  }
}
