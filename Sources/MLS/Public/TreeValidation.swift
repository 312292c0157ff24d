// RFC 9420 §7.3 and §12.4.3.1: whether a leaf, and whether a tree received as a whole, is valid.
import CryptoInterface
import TLSCodec

extension LeafNode {
  /// RFC 9420 §7.3 but for the signature (verified in batches), the source, the group-wide support of credential types and uniqueness.
  /// - Parameter context: the group's, with the extensions of the new epoch.
  func validate(
    in context: GroupContext, required: RequiredCapabilities?, _ suite: CipherSuiteParameters, application: some MLSApplication,
    using crypto: some CryptoProvider
  ) throws(MLSError) {
    try check(.credential, application.validate(self, in: context))
    try check(.publicKey, crypto.isValid(encryptionKey, suite))
    try check(.duplicateExtension, !extensions.hasDuplicates)
    try check(
      .leafVersionAndSuite, capabilities.versions.contains(context.version) && capabilities.cipherSuites.contains(context.cipherSuite))
    try check(.leafCredentialListed, capabilities.supports(credential.type))
    for entry in extensions.entries { try check(.leafExtensionsListed, capabilities.supports(entry.type)) }
    if let required { try check(.leafRequiredCapabilities, capabilities.satisfies(required)) }
    for entry in context.extensions.entries { try check(.groupExtensionSupported, capabilities.supports(entry.type)) }
    if extensions[.appDataDictionary] != nil { _ = try extensions.appDataDictionary() }
  }
}

extension CryptoProvider {
  func isValid(_ key: HPKEPublicKey, _ suite: CipherSuiteParameters) -> Bool {
    do {
      try validate(suite.kem, key)
      return true
    } catch { return false }
  }
}

extension RatchetTree {
  /// RFC 9420 §7.3: what a leaf that is in the tree must have in common with all others.
  func validateAmongMembers(_ index: LeafIndex) throws(MLSError) {
    guard let leaf = self[index] else { throw .internalError("validated leaf is blank") }
    try check(.leafCredentialSupported, census.allSupport(leaf.credential.type))
    for type in census.typesInUse { try check(.leafSupportsCredentials, leaf.capabilities.supports(type)) }
    try check(.uniqueSignatureKey, signatureKeyCount(leaf.signatureKey) == 1)
    try check(.uniqueEncryptionKey, count(of: leaf.encryptionKey) == 1)
  }

  /// RFC 9420 §12.4.3.1, "Verify the integrity of the ratchet tree", as a joiner does.
  mutating func validate(
    for context: GroupContext, _ suite: CipherSuiteParameters, application: some MLSApplication, using crypto: some CryptoProvider
  ) throws(MLSError) {
    try check(.welcomeTreeHash, treeHash(suite.hash, using: crypto) == context.treeHash)
    try check(.unmergedLeaves, hasValidUnmergedLeaves())
    try check(.uniqueParentKeys, hasUniqueParentKeys())
    try check(.parentHashes, hasValidParentHashes(suite.hash, using: crypto))
    let required = try context.extensions.parsed(.requiredCapabilities, as: RequiredCapabilities.self)
    var batch: [SignatureToVerify] = []
    batch.reserveCapacity(Int(memberCount))
    // Each leaf by itself first, so that its own fault is named and not its neighbour's trouble with it.
    let leaves = self.leaves
    for (index, leaf) in leaves {
      try leaf.validate(in: context, required: required, suite, application: application, using: crypto)
      batch.append(leaf.signatureToVerify(groupID: context.groupID, leafIndex: index))
    }
    for (index, _) in leaves { try validateAmongMembers(index) }
    try check(.leafSignature, !crypto.verify(suite.signature, batch: batch).contains(false))
    for i in 0..<nodeCount {
      if let parent = parentNode(NodeIndex(i)) { try check(.publicKey, crypto.isValid(parent.encryptionKey, suite)) }
    }
  }
}
