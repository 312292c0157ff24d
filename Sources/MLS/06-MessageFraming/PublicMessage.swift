import CryptoInterface
import TLSCodec

/// RFC 9420 §6.2
///
///     struct {
///         FramedContent content;
///         FramedContentAuthData auth;
///         select (PublicMessage.content.sender.sender_type) {
///             case member:
///                 MAC membership_tag;
///             case external:
///             case new_member_commit:
///             case new_member_proposal:
///                 struct{};
///         };
///     } PublicMessage;
public struct PublicMessage: Equatable, Sendable, TLSEncodable, TLSDecodable {
  public var content: FramedContent
  public var auth: FramedContentAuthData
  /// Present exactly for members.
  public var membershipTag: [UInt8]?

  package init(content: FramedContent, auth: FramedContentAuthData, membershipTag: [UInt8]? = nil) {
    self.content = content
    self.auth = auth
    self.membershipTag = membershipTag
  }

  public init(from reader: inout Reader) throws(DecodingError) {
    content = try FramedContent(from: &reader)
    auth = try FramedContentAuthData(content.content.type, from: &reader)
    if case .member = content.sender { membershipTag = try reader.opaque() }
  }

  public func encode(to writer: inout Writer) {
    content.encode(to: &writer)
    auth.encode(to: &writer)
    if let membershipTag { writer.opaque(membershipTag) }
  }

  package var authenticatedContent: AuthenticatedContent {
    AuthenticatedContent(wireFormat: .publicMessage, content: content, auth: auth)
  }

  /// RFC 9420 §6.2
  ///
  ///     struct {
  ///       FramedContentTBS content_tbs;
  ///       FramedContentAuthData auth;
  ///     } AuthenticatedContentTBM;
  package static func membershipTag(
    _ content: AuthenticatedContent, context: [UInt8], key: MembershipKey, _ suite: CipherSuiteParameters, using crypto: some CryptoProvider
  ) -> [UInt8] {
    var w = Writer(capacity: 1024)
    w.fixed(content.content.toBeSigned(content.wireFormat, context: context))
    content.auth.encode(to: &w)
    return crypto.hmac(suite.hash, key: key.secret, w.bytes)
  }

  /// Protects an authenticated proposal or commit of a member, or of a sender outside of the group.
  /// - Throws: `.usage(.invalidArgument)` for application data, which is only ever sent encrypted (RFC 9420 §6, MUST).
  package init(
    protecting content: AuthenticatedContent, context: [UInt8], membershipKey: MembershipKey?, _ suite: CipherSuiteParameters,
    using crypto: some CryptoProvider
  ) throws(MLSError) {
    if case .application = content.content.content { throw .usage(.invalidArgument) }
    self.init(content: content.content, auth: content.auth)
    if case .member = content.content.sender {
      guard let membershipKey else { throw .internalError("a member's message without membership key") }
      membershipTag = Self.membershipTag(content, context: context, key: membershipKey, suite, using: crypto)
    }
  }
}
