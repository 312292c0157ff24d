// RFC 9420 §8.2: the transcript hashes chain all commits of a group.
import CryptoInterface
import TLSCodec

package enum TranscriptHash {
  ///     struct {
  ///         WireFormat wire_format;
  ///         FramedContent content; /* with content_type == commit */
  ///         opaque signature<V>;
  ///     } ConfirmedTranscriptHashInput;
  ///
  /// `confirmed_transcript_hash[n] = Hash(interim_transcript_hash[n-1] || ConfirmedTranscriptHashInput[n])`
  package static func confirmed(
    interim: [UInt8], wireFormat: WireFormat, content: FramedContent, signature: [UInt8], _ hash: HashAlgorithm,
    using crypto: some CryptoProvider
  ) -> [UInt8] {
    var w = Writer(capacity: 1024)
    w.fixed(interim)
    wireFormat.encode(to: &w)
    content.encode(to: &w)
    w.opaque(signature)
    return crypto.hash(hash, w.bytes)
  }

  ///     struct {
  ///         MAC confirmation_tag;
  ///     } InterimTranscriptHashInput;
  ///
  /// `interim_transcript_hash[n] = Hash(confirmed_transcript_hash[n] || InterimTranscriptHashInput[n])`
  package static func interim(
    confirmed: [UInt8], confirmationTag: [UInt8], _ hash: HashAlgorithm, using crypto: some CryptoProvider
  ) -> [UInt8] {
    var w = Writer(capacity: 160)
    w.fixed(confirmed)
    w.opaque(confirmationTag)
    return crypto.hash(hash, w.bytes)
  }
}
