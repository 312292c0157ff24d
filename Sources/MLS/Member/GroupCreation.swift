import CryptoInterface
import TLSCodec

extension Group {
  /// RFC 9420 §11: a group of one, in epoch 0.
  /// - Parameters:
  ///   - groupID: unique in the world, best random; at most `Limits.groupIDBytes`.
  ///   - extensions: of the GroupContext; the creator must support them.
  /// - Throws: the rule that the creator's own leaf would break.
  public static func create(
    groupID: [UInt8], suite: CipherSuite, identity: ClientIdentity, extensions: Extensions = [], lifetime: Lifetime = .always,
    reordering: ReorderingPolicy = ReorderingPolicy(), application: some MLSApplication, using crypto: some CryptoProvider
  ) throws(MLSError) -> Group {
    guard groupID.count <= Limits.groupIDBytes else { throw .usage(.invalidArgument) }
    let parameters = try crypto.parameters(of: suite)
    let pair = try crypto.freshKeyPair(parameters.kem)
    var leaf = try identity.leaf(encryptionKey: pair.publicKey, source: .keyPackage(lifetime), using: crypto)
    try leaf.sign(parameters, with: identity.signatureKeyPair.privateKey, using: crypto)
    var tree = RatchetTree()
    let index = try tree.add(leaf)
    let context = GroupContext(
      cipherSuite: suite, groupID: groupID, epoch: 0, treeHash: tree.treeHash(parameters.hash, using: crypto), confirmedTranscriptHash: [],
      extensions: extensions)
    try extensions.validateForGroup(application: application)
    let required = try extensions.parsed(.requiredCapabilities, as: RequiredCapabilities.self)
    try leaf.validate(in: context, required: required, parameters, application: application, using: crypto)
    // RFC 9420 §11: "a fresh random value" for the epoch secret's input, through the ordinary key schedule.
    let secrets = EpochSecrets(
      joiner: EpochSecrets.joinerSecret(
        InitSecret(crypto.randomSecret(parameters.hash.size)), commitSecret: .zeros(parameters.hash.size), context: context.encoded(),
        parameters, using: crypto),
      psk: .zeros(parameters.hash.size), context: context.encoded(), parameters, using: crypto)
    let tag = secrets.confirmationTag([], parameters, using: crypto)
    let publicGroup = PublicGroup(
      context: context, tree: tree, confirmationTag: tag,
      interimTranscriptHash: TranscriptHash.interim(confirmed: [], confirmationTag: tag, parameters.hash, using: crypto), suite: parameters)
    let state = EpochState(
      publicGroup: publicGroup, secrets: secrets, privateState: TreeKEMPrivateState(leafIndex: index, leafKey: pair.privateKey),
      signingKey: identity.signatureKeyPair.privateKey)
    return Group(state: state, reordering: reordering)
  }
}
