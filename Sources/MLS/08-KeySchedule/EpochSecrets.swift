// RFC 9420 §8: the key schedule. One type for each secret, so that none is used for another.
import CryptoInterface
import TLSCodec

/// A secret of the key schedule with a type of its own.
package protocol KeyScheduleSecret: Sendable, Equatable {
  var secret: Secret { get }
  init(_ secret: Secret)
}

package struct InitSecret: KeyScheduleSecret {
  package let secret: Secret
  package init(_ secret: Secret) { self.secret = secret }
}
package struct JoinerSecret: KeyScheduleSecret {
  package let secret: Secret
  package init(_ secret: Secret) { self.secret = secret }
}
package struct WelcomeSecret: KeyScheduleSecret {
  package let secret: Secret
  package init(_ secret: Secret) { self.secret = secret }
}
package struct SenderDataSecret: KeyScheduleSecret {
  package let secret: Secret
  package init(_ secret: Secret) { self.secret = secret }
}
package struct EncryptionSecret: KeyScheduleSecret {
  package let secret: Secret
  package init(_ secret: Secret) { self.secret = secret }
}
package struct ExporterSecret: KeyScheduleSecret {
  package let secret: Secret
  package init(_ secret: Secret) { self.secret = secret }
}
package struct ExternalSecret: KeyScheduleSecret {
  package let secret: Secret
  package init(_ secret: Secret) { self.secret = secret }
}
package struct ConfirmationKey: KeyScheduleSecret {
  package let secret: Secret
  package init(_ secret: Secret) { self.secret = secret }
}
package struct MembershipKey: KeyScheduleSecret {
  package let secret: Secret
  package init(_ secret: Secret) { self.secret = secret }
}
/// RFC 9420 §8.6.
public struct ResumptionPSK: KeyScheduleSecret {
  public let secret: Secret
  public init(_ secret: Secret) { self.secret = secret }
}
/// RFC 9420 §8.7: equal for all members who agree on the epoch. Not secret towards them, and safe to show.
public struct EpochAuthenticator: KeyScheduleSecret {
  public let secret: Secret
  public init(_ secret: Secret) { self.secret = secret }
}

/// RFC 9420 §8, Table 4, and the secrets above it.
package struct EpochSecrets: Sendable, Equatable {
  package var senderDataSecret: SenderDataSecret
  package var encryptionSecret: EncryptionSecret
  package var exporterSecret: ExporterSecret
  package var externalSecret: ExternalSecret
  package var confirmationKey: ConfirmationKey
  package var membershipKey: MembershipKey
  package var resumptionPSK: ResumptionPSK
  package var epochAuthenticator: EpochAuthenticator
  package var initSecret: InitSecret

  /// `joiner_secret`, from the previous epoch's `init_secret` and this commit's `commit_secret`.
  package static func joinerSecret(
    _ initSecret: InitSecret, commitSecret: Secret, context: [UInt8], _ suite: CipherSuiteParameters, using crypto: some CryptoProvider
  ) -> JoinerSecret {
    let extracted = crypto.hkdfExtract(suite.hash, salt: initSecret.secret, ikm: commitSecret)
    return JoinerSecret(crypto.expandWithLabel(suite, extracted, "joiner", context: context))
  }

  /// The value between `joiner_secret` and both `welcome_secret` and `epoch_secret`.
  private static func memberSecret(
    _ joiner: JoinerSecret, psk: Secret, _ suite: CipherSuiteParameters, using crypto: some CryptoProvider
  ) -> Secret {
    crypto.hkdfExtract(suite.hash, salt: joiner.secret, ikm: psk)
  }

  package static func welcomeSecret(
    _ joiner: JoinerSecret, psk: Secret, _ suite: CipherSuiteParameters, using crypto: some CryptoProvider
  ) -> WelcomeSecret {
    WelcomeSecret(crypto.deriveSecret(suite, memberSecret(joiner, psk: psk, suite, using: crypto), "welcome"))
  }

  /// All secrets of an epoch.
  /// - Parameters:
  ///   - psk: `psk_secret`, zeros without PSKs.
  ///   - context: the encoded GroupContext of the epoch.
  package init(
    joiner: JoinerSecret, psk: Secret, context: [UInt8], _ suite: CipherSuiteParameters, using crypto: some CryptoProvider
  ) {
    let member = Self.memberSecret(joiner, psk: psk, suite, using: crypto)
    let epoch = crypto.expandWithLabel(suite, member, "epoch", context: context)
    func derive(_ label: StaticString) -> Secret { crypto.deriveSecret(suite, epoch, label) }
    senderDataSecret = SenderDataSecret(derive("sender data"))
    encryptionSecret = EncryptionSecret(derive("encryption"))
    exporterSecret = ExporterSecret(derive("exporter"))
    externalSecret = ExternalSecret(derive("external"))
    confirmationKey = ConfirmationKey(derive("confirm"))
    membershipKey = MembershipKey(derive("membership"))
    resumptionPSK = ResumptionPSK(derive("resumption"))
    epochAuthenticator = EpochAuthenticator(derive("authentication"))
    initSecret = InitSecret(derive("init"))
  }

  package init(
    senderDataSecret: SenderDataSecret, encryptionSecret: EncryptionSecret, exporterSecret: ExporterSecret, externalSecret: ExternalSecret,
    confirmationKey: ConfirmationKey, membershipKey: MembershipKey, resumptionPSK: ResumptionPSK, epochAuthenticator: EpochAuthenticator,
    initSecret: InitSecret
  ) {
    self.senderDataSecret = senderDataSecret
    self.encryptionSecret = encryptionSecret
    self.exporterSecret = exporterSecret
    self.externalSecret = externalSecret
    self.confirmationKey = confirmationKey
    self.membershipKey = membershipKey
    self.resumptionPSK = resumptionPSK
    self.epochAuthenticator = epochAuthenticator
    self.initSecret = initSecret
  }

  /// RFC 9420 §6.1: `MAC(confirmation_key, GroupContext.confirmed_transcript_hash)`.
  package func confirmationTag(_ confirmedTranscriptHash: [UInt8], _ suite: CipherSuiteParameters, using crypto: some CryptoProvider)
    -> [UInt8]
  {
    crypto.hmac(suite.hash, key: confirmationKey.secret, confirmedTranscriptHash)
  }

  /// RFC 9420 §8.3: `external_priv, external_pub = KEM.DeriveKeyPair(external_secret)`.
  package func externalKeyPair(_ suite: CipherSuiteParameters, using crypto: some CryptoProvider) throws(MLSError) -> HPKEKeyPair {
    try crypto.makeKeyPair(suite.kem, ikm: externalSecret.secret)
  }

  /// RFC 9420 §8.5: `MLS-Exporter(Label, Context, Length)`.
  package func export(
    label: [UInt8], context: [UInt8], length: Int, _ suite: CipherSuiteParameters, using crypto: some CryptoProvider
  ) -> Secret {
    let derived = crypto.expandWithLabel(suite, exporterSecret.secret, label: label, context: [], length: suite.hash.size)
    return crypto.expandWithLabel(
      suite, derived, label: Array("exported".utf8), context: crypto.hash(suite.hash, context), length: length)
  }
}

/// RFC 9420 §8.3: the label under which an external joiner and the group derive the same `init_secret`.
package let externalInitExportLabel = Array("MLS 1.0 external init secret".utf8)
