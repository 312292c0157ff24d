/// Bounds on what a peer can make this engine allocate or compute. Each is far above what an honest peer sends and stands here with its reason.
public enum Limits {
  /// Leaves of a ratchet tree, blank ones included. 10,000 members are the largest group that is measured; 65,536 is the next power of two but two.
  public static let treeLeaves: UInt32 = 65_536
  /// Bytes of a leaf. So a full tree of X-Wing keys still has an encoding, which ends at 2^30 bytes (RFC 9420 §2.1.2).
  public static let leafBytes = 12_000
  /// Entries of one list in `Capabilities`: every entry is counted for the whole group when a member is added.
  public static let capabilityEntries = 1_024
  /// Nodes of an update path: the depth of the largest tree.
  public static let pathNodes = 17
  /// Certificates in one credential, senders in `external_senders`.
  public static let shortList = 256
  /// Epochs end here, so that counting on cannot overflow. A commit a second reaches it after 10^11 years.
  public static let epoch: UInt64 = 1 << 62
  /// Waiting proposals of one sender: a member has few, an external sender removes many.
  public static let pendingProposalsPerSender = 1_024
  /// Commits of one's own whose fate was unclear when they were discarded, kept until the epoch ends.
  static let abandonedCommits = 8
  /// Bytes of a GroupContext: every signature, membership tag and sealed path secret covers it, so every message costs a hash of it.
  public static let contextBytes = 1 << 20
  /// Bytes of a group's id: the signature of every leaf of a tree covers it, and all of them are verified at once.
  public static let groupIDBytes = 256
  /// Proposals in one commit: two bytes name one and it takes hundreds decoded. As many as a tree has leaves, less one, since PSKLabel (RFC 9420 §8.4)
  /// counts in 16 bits.
  public static let commitProposals = 65_535
  /// Extensions in one list.
  public static let extensions = 256
  /// Proposals waiting for a commit in one epoch; each holds up to a key package or a leaf.
  public static let pendingProposals = 16_384
  /// Lists that a committer validates at most, to find out which of the waiting proposals do not go together.
  public static let proposalTrials = 64
  /// Bytes of the proposals that wait: together as much as one message may have.
  public static let pendingProposalBytes = messageBytes
  /// Bytes of a decoded extension that the engine itself keeps parsed (required capabilities, external senders, dictionary).
  public static let parsedExtensionBytes = 1 << 20
  /// Components in one app_data_dictionary.
  public static let dictionaryEntries = 1_024
  /// Bytes of one MLSMessage. A commit that adds 1,000 X-Wing members takes 2.7 MB, the filled tree of 10,000 takes 27 MB.
  public static let messageBytes = 64 << 20
}

/// How far messages may be late or ahead (RFC 9420 §15.3). A group is given one when it is loaded or created; it is not part of the group's shared state.
public struct ReorderingPolicy: Sendable, Equatable {
  /// Earlier epochs whose messages can still be read.
  public var pastEpochs: Int
  /// Steps that a sender's ratchet may jump ahead for one message.
  public var forward: UInt32
  /// Keys kept per sender and ratchet for messages that have not arrived.
  public var outOfOrder: Int
  public init(pastEpochs: Int = 5, forward: UInt32 = 1_000, outOfOrder: Int = 20) {
    self.pastEpochs = pastEpochs
    self.forward = forward
    self.outOfOrder = outOfOrder
  }
}
