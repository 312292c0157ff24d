// Every decoder: what decodes encodes again to the same bytes.
import CryptoInterface
import MLS
import MLSVectors
import TLSCodec

enum DecodeHarness {
  private static func same<T: TLSDecodable & TLSEncodable & SendableMetatype>(_: T.Type) -> @Sendable ([UInt8]) -> Bool {
    { bytes in
      guard let value = try? T(decoding: bytes) else { return false }
      precondition(value.encoded() == bytes, "decoding and encoding again gives other bytes")
      return true
    }
  }

  /// By the first byte of the input. Each says whether the bytes are such a value.
  static let decoders: [@Sendable ([UInt8]) -> Bool] = [
    same(MLSMessage.self), same(PublicMessage.self), same(PrivateMessage.self), same(Welcome.self), same(GroupInfo.self),
    same(KeyPackage.self), same(RatchetTree.self), same(LeafNode.self), same(ParentNode.self), same(Node.self), same(Commit.self),
    same(Proposal.self), same(ProposalOrRef.self), same(UpdatePath.self), same(GroupContext.self), same(Extensions.self),
    same(Capabilities.self), same(Credential.self), same(RequiredCapabilities.self), same(ExternalSenders.self), same(ExternalPub.self),
    same(AppDataDictionary.self), same(AppDataUpdate.self), same(PreSharedKeyID.self), same(GroupSecrets.self), same(FramedContent.self),
    same(AuthenticatedContent.self), same(Sender.self), same(ReInit.self), same(EncryptedGroupSecrets.self), same(HPKECiphertext.self),
    same(Lifetime.self), same(RecordKey.self), same(LeafRatchets.self), same(EpochSecrets.self), same(TreeKEMPrivateState.self),
    { bytes in
      guard let bundle = try? KeyPackageBundle(serialized: bytes) else { return false }
      precondition(bundle.serialized() == bytes, "decoding and encoding again gives other bytes")
      return true
    },
    { bytes in
      // A vector file: what is written again says the same.
      guard let value = try? JSON(parsing: bytes) else { return false }
      precondition((try? JSON(parsing: value.written())) == value, "reading what was written gives another value")
      return true
    },
    { bytes in
      guard let group = try? PublicGroup(serialized: bytes, using: SharedCrypto.pretended) else { return false }
      _ = group.serialized()
      return true
    },
    { bytes in
      // What a delivery service and a claiming client do with a key package.
      guard let keyPackage = try? KeyPackage(decoding: bytes) else { return false }
      _ = keyPackage.isLastResort
      _ = try? keyPackage.ref(using: SharedCrypto.seeded)
      try? keyPackage.validate(at: 1, application: TrustEveryone(), using: SharedCrypto.pretended)
      try? keyPackage.validate(at: 1, application: TrustEveryone(), using: SharedCrypto.seeded)
      return true
    },
  ]

  static func run(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    _ = decoders[Int(first) % decoders.count](Array(bytes.dropFirst()))
  }
}

enum SharedCrypto {
  static let seeded = SeededCrypto()
  static let pretended = PretendCrypto()
}
