/// The checks of RFC 9420 (and of draft-ietf-mls-extensions) that a peer's message can break. The raw value is the rule's id: section and name.
/// `docs/rfc9420-coverage.md` has a row for each with the test that sees it rejected; the mutation run shows that each is really checked.
public enum Rule: String, CaseIterable, Sendable {
  // §5 Cryptographic objects
  /// The suite is one that this client offers.
  case cipherSuite = "5.1-suite"
  /// A public key has the form that its KEM demands.
  case publicKey = "5.1.1-public-key"
  /// The application finds the credential of a leaf valid.
  case credential = "5.3.1-credential"
  /// A leaf that replaces another presents identifiers that the application accepts as the same client.
  case credentialSuccession = "5.3.1-succession"
  /// The application finds the credential of an external sender valid.
  case externalSenderCredential = "5.3.1-external-sender"

  // §6 Message framing
  /// Handshake messages are public in a group whose policy says so.
  case handshakeFormat = "6-handshake-format"
  /// The message is for this group.
  case groupID = "6-group-id"
  /// Application data is never in a PublicMessage.
  case applicationIsEncrypted = "6-application-encrypted"
  /// A member who sends stands in the tree.
  case senderIsMember = "6.1-sender-member"
  case signature = "6.1-signature"
  /// An external sender's index stands in the extension.
  case externalSenderIndex = "6.1-external-index"
  /// An external sender sends proposals only.
  case externalSenderContent = "6.1-external-content"
  /// new_member_commit sends a commit with a path.
  case newMemberCommitContent = "6.1-new-member-commit"
  /// new_member_proposal sends an Add.
  case newMemberProposalContent = "6.1-new-member-proposal"
  case confirmationTag = "6.1-confirmation-tag"
  case membershipTag = "6.2-membership-tag"
  case paddingIsZero = "6.3.1-padding"
  /// The sender named in a PrivateMessage is not blank.
  case senderDataLeaf = "6.3.2-leaf"

  // §7 Ratchet tree
  /// The leaf's extensions are listed in its capabilities.
  case leafExtensionsListed = "7.2-extensions-listed"
  /// The leaf's credential type is listed in its capabilities.
  case leafCredentialListed = "7.2-credential-listed"
  case leafSignature = "7.3-signature"
  /// The leaf supports the group's version and cipher suite.
  case leafVersionAndSuite = "7.3-version-suite"
  case leafRequiredCapabilities = "7.3-required-capabilities"
  /// All members support the leaf's credential type.
  case leafCredentialSupported = "7.3-credential-supported"
  /// The leaf supports all credential types in use.
  case leafSupportsCredentials = "7.3-supports-credentials"
  case leafSourceKeyPackage = "7.3-source-key-package"
  case leafSourceUpdate = "7.3-source-update"
  case leafSourceCommit = "7.3-source-commit"
  /// An Update brings a new encryption key.
  case updateEncryptionKey = "7.3-update-key"
  case uniqueSignatureKey = "7.3-unique-signature-key"
  case uniqueEncryptionKey = "7.3-unique-encryption-key"
  /// Derived public keys equal the path's.
  case pathKeys = "7.5-path-keys"
  /// The committer's leaf carries the parent hash of its path.
  case commitParentHash = "7.5-parent-hash"
  /// The path has a node for each of the filtered direct path.
  case updatePathLength = "7.6-length"
  /// Each node has a ciphertext for each of the copath's resolution without new leaves.
  case updatePathCiphertexts = "7.6-ciphertexts"
  case parentHashes = "7.9.2-parent-hashes"

  // §8 Key schedule
  /// Each PSK is named with a nonce of KDF.Nh bytes.
  case pskNonce = "8.4-nonce"

  // §10 Key packages
  /// Version and suite are the group's.
  case keyPackageVersionAndSuite = "10.1-version-suite"
  case keyPackageSignature = "10.1-signature"
  case keyPackageInitKey = "10.1-init-key"
  /// The key package's extensions, as far as they are known here, are listed in the leaf's capabilities.
  case keyPackageExtensionsListed = "10-extensions-listed"

  // §11 Group creation
  case reinitParameters = "11.2-parameters"
  case reinitEpoch = "11.2-epoch"
  /// All members of the old group are in the new one.
  case reinitMembers = "11.2-members"
  /// The Welcome that continues a group ended by ReInit names its resumption PSK.
  case reinitPSK = "11.2-psk"
  case branchParameters = "11.3-parameters"
  case branchEpoch = "11.3-epoch"
  /// All members of the new group are in the old one.
  case branchMembers = "11.3-members"

  // §12.1 Proposals
  /// Remove names a member.
  case removeTarget = "12.1.3-target"
  /// A `reinit` PSK only in a reinitialisation.
  case pskReinitUsage = "12.1.4-reinit"
  /// A `branch` PSK only in a branching.
  case pskBranchUsage = "12.1.4-branch"
  /// ReInit does not lower the version.
  case reinitVersion = "12.1.5-version"
  /// Version and suite of a ReInit are supported by all members, its group id is not empty.
  case reinitSupported = "12.1.5-supported"
  /// All members support what the new extensions require.
  case requiredCapabilitiesSupported = "12.1.7-required"
  /// External senders send only types that are allowed for them.
  case externalProposalType = "12.1.8-type"

  // §12.2 Proposal lists
  case committerUpdate = "12.2-committer-update"
  case committerRemove = "12.2-committer-remove"
  /// Not two Updates or Removes for one leaf.
  case oneChangePerLeaf = "12.2-one-change"
  case duplicateAdd = "12.2-duplicate-add"
  case addedMemberExists = "12.2-add-member"
  case duplicatePSK = "12.2-duplicate-psk"
  case oneGroupContextExtensions = "12.2-one-gce"
  case reinitAlone = "12.2-reinit-alone"
  case externalInitInCommit = "12.2-external-init"
  /// Non-default types are supported by all members.
  case proposalTypeSupported = "12.2-type-supported"
  /// The application permits the commit as a whole.
  case commitPermitted = "12.2-commit-permitted"
  /// The application permits the proposal.
  case proposalPermitted = "12.2-permitted"
  case externalCommitInit = "12.2-external-one-init"
  case externalCommitRemove = "12.2-external-one-remove"
  /// The leaf of a resync is a successor of the removed one.
  case externalCommitSuccession = "12.2-external-succession"
  case externalCommitTypes = "12.2-external-types"

  // §12.4 Commits
  /// A commit names each waiting proposal once.
  case proposalNamedOnce = "12.4-named-once"
  case pathRequired = "12.4.2-path-required"
  /// The committer's leaf has a new encryption key.
  case commitEncryptionKey = "12.4.2-leaf-key"
  /// No key of the path stands in the tree.
  case pathKeysFresh = "12.4.2-path-keys-fresh"

  // §12.4.3 Joining
  /// The epoch is far from the end of its counter.
  case epochLimit = "12.4.3-epoch-limit"
  case groupInfoSigner = "12.4.3-signer"
  case groupInfoSignature = "12.4.3-signature"
  case welcomeOneResumption = "12.4.3.1-one-resumption"
  case welcomeSuite = "12.4.3.1-suite"
  /// The joiner, by Welcome or external commit, is in no other group of this id.
  case welcomeGroupIDUnique = "12.4.3.1-group-id"
  case welcomeTreeHash = "12.4.3.1-tree-hash"
  case unmergedLeaves = "12.4.3.1-unmerged-leaves"
  case uniqueParentKeys = "12.4.3.1-parent-keys"
  case welcomeOwnLeaf = "12.4.3.1-own-leaf"
  /// The joiner holds the private key of every node above it that it is not unmerged under.
  case welcomePathSecret = "12.4.3.1-path-secret"
  case externalCommitPath = "12.4.3.2-path"
  case externalCommitByValue = "12.4.3.2-by-value"
  case externalPub = "12.4.3.2-external-pub"

  // §13 Extensibility
  case duplicateExtension = "13.4-duplicate"
  /// A leaf supports every extension of the GroupContext.
  case groupExtensionSupported = "13.4-group-extension"

  // §15 Application messages
  case generationTooFar = "15.3-forward"

  // draft-ietf-mls-extensions
  case selfRemoveByReference = "ext-self-remove-reference"
  case selfRemovePublic = "ext-self-remove-public"
  /// A member proposes its own removal once in an epoch.
  case selfRemoveOnce = "ext-self-remove-once"
  case selfRemoveAndRemove = "ext-self-remove-and-remove"
  case appDataDictionary = "ext-dictionary"
  case appDataOperations = "ext-app-data-operations"
  case appDataRemovePresent = "ext-app-data-remove"
  case appDataAccepted = "ext-app-data-accepted"
  /// All members list the component of an update among those they support.
  case appDataComponent = "ext-app-data-component"
  /// GroupContextExtensions leaves the dictionary alone where AppDataUpdate is required.
  case appDataUntouched = "ext-app-data-untouched"
}
