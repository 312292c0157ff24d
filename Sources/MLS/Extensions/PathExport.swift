// A secret that goes with a commit's path: known to the committer and to those who open the path, before the new epoch's secrets exist.
import CryptoInterface

/// A secret of a commit's path, for application data that the commit itself must authenticate.
///
/// What the exporter of the new epoch gives (RFC 9420 §8.5) depends on the whole commit, so a commit cannot contain a hash of it. This secret is a
/// sibling of those that RFC 9420 §7.4 derives from a path secret: `ExpandWithLabel(commit_secret, "path export", "", KDF.Nh)`. Members whom the commit
/// removes cannot compute it; members whom it adds cannot either, and are told in their Welcome.
public struct PathExport: Sendable {
  public let secret: Secret

  /// Of a stored pending commit.
  init(stored secret: Secret) { self.secret = secret }

  init(_ commitSecret: Secret, _ suite: CipherSuiteParameters, using crypto: some CryptoProvider) {
    secret = crypto.deriveSecret(suite, commitSecret, "path export")
  }
}

/// What `CommitOptions.binding` gives.
public struct CommitBinding: Sendable {
  public var authenticatedData: [UInt8]
  /// Added to the GroupInfo in the Welcome, and to no other.
  public var welcomeExtensions: Extensions
  public init(authenticatedData: [UInt8], welcomeExtensions: Extensions = []) {
    self.authenticatedData = authenticatedData
    self.welcomeExtensions = welcomeExtensions
  }
}
