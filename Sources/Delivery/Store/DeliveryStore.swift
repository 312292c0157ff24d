// What the server's decisions ask of a store. Two kinds implement it, memory and a database; Tests/DeliveryConformance holds both to it.

/// Why a store cannot do what it is asked.
public enum StoreError: Error, Equatable, Sendable {
  /// The disk is full, or reading or writing failed. Nothing of the transaction is kept.
  case unavailable
  /// What is stored cannot be: the name says what.
  case corrupt(String)
}

/// Runs transactions, one writer at a time.
public protocol DeliveryStore: Sendable {
  /// One durable transaction. When it returns, what `body` did is on disk; when it throws, nothing of it is.
  /// - Throws: what `body` throws, or `StoreError`.
  func write<R>(_ body: (any DeliveryTransaction) throws -> R) throws -> R

  /// Reads a state that no writer changes meanwhile. `body` must not change anything.
  func read<R>(_ body: (any DeliveryTransaction) throws -> R) throws -> R
}

/// The operations of a transaction. Each keeps the store's invariants by itself; none of them is a decision.
///
/// "Returns false" means: refused, since it would break an invariant, and nothing was changed.
public protocol DeliveryTransaction {
  /// Runs `body`; where it throws, undoes what it did and throws on.
  func savepoint<R>(_ body: () throws -> R) throws -> R

  // MARK: House and feed
  func house() throws(StoreError) -> HouseRecord
  /// Only once. Returns false where the house has one.
  func setCertificate(_ certificate: [UInt8]) throws(StoreError) -> Bool
  func setPolicy(_ policy: [UInt8]) throws(StoreError)
  func raiseIncarnation() throws(StoreError)
  /// Appends to the feed; `hash` is the feed's hash with the entry.
  func appendFeed(_ entry: [UInt8], hash: [UInt8]) throws(StoreError)
  /// Entries from an index on, oldest first.
  func feed(from: UInt64, limit: Int) throws(StoreError) -> [[UInt8]]

  // MARK: Accounts and chains
  func account(_ account: [UInt8]) throws(StoreError) -> AccountRecord?
  /// By the part of the address before the @.
  func account(localPart: [UInt8]) throws(StoreError) -> AccountRecord?
  /// A new account with its genesis. Returns false where id or address are taken.
  func insert(_ account: AccountRecord, genesis: [UInt8]) throws(StoreError) -> Bool
  /// Appends to the chain of an account, whose length grows with it. Returns false where `position` is not its length.
  func append(statement: [UInt8], to account: [UInt8], position: UInt32) throws(StoreError) -> Bool
  func setActive(_ isActive: Bool, account: [UInt8]) throws(StoreError)
  /// Statements from a position on, in order.
  func statements(of account: [UInt8], from: UInt32, limit: Int) throws(StoreError) -> [[UInt8]]
  /// Active accounts whose folded text contains `folded`, ordered by it, then by id.
  func find(folded: [UInt8], offset: Int, limit: Int) throws(StoreError) -> [AccountRecord]

  // MARK: Devices
  func device(_ device: [UInt8]) throws(StoreError) -> DeviceRecord?
  /// A new device with an empty mailbox. Returns false where id or mailbox are taken.
  func insert(_ device: DeviceRecord, mailboxKey: [UInt8]) throws(StoreError) -> Bool
  func setSession(device: [UInt8], instance: [UInt8], session: UInt64) throws(StoreError)
  func setSignatureKey(_ key: [UInt8], device: [UInt8]) throws(StoreError)
  /// Marks it revoked, closes its mailbox, deletes what lies there and its key packages, and counts the revocation. Once.
  func revoke(device: [UInt8]) throws(StoreError)

  // MARK: Invitations
  func invitation(_ key: [UInt8]) throws(StoreError) -> InvitationRecord?
  /// Returns false where the key was ever used.
  func insert(_ invitation: InvitationRecord) throws(StoreError) -> Bool
  /// Uses it up or withdraws it: its text is deleted, its key remembered. Returns false where it was not open.
  func closeInvitation(_ key: [UInt8]) throws(StoreError) -> Bool
  /// The open ones, in the order of their keys.
  func openInvitations(limit: Int) throws(StoreError) -> [InvitationRecord]

  // MARK: Key packages
  func add(keyPackages: [KeyPackageRecord], device: [UInt8]) throws(StoreError)
  func setLastResort(_ keyPackage: KeyPackageRecord, device: [UInt8]) throws(StoreError)
  /// Deletes the pool and, where told so, the last resort.
  func deleteKeyPackages(device: [UInt8], lastResort: Bool) throws(StoreError)
  /// Takes one whose lifetime holds at `now` (seconds since 1970) out of the pool, any; else gives the last resort and leaves it.
  func claimKeyPackage(device: [UInt8], now: UInt64) throws(StoreError) -> [UInt8]?
  /// In the pool, without the last resort.
  func countKeyPackages(device: [UInt8]) throws(StoreError) -> Int

  // MARK: Groups
  func group(_ group: [UInt8]) throws(StoreError) -> GroupRecord?
  /// The present sealed tree of a group.
  func tree(group: [UInt8]) throws(StoreError) -> [UInt8]?
  /// A new group at its first epoch. Returns false where the id is taken.
  func insert(group: [UInt8], _ generation: GroupRecord.Generation, tree: SealedTree) throws(StoreError) -> Bool
  /// Compare and set: replaces the roster, and where one is given the tree, if the group is still at `epoch`. Returns false where it is not.
  /// - Parameter keepsPrevious: keeps what is replaced, roster and tree, as the previous generation, unless an older one is kept already.
  func replace(
    group: [UInt8], atEpoch epoch: UInt64, _ generation: GroupRecord.Generation, tree: SealedTree?, keepsPrevious: Bool
  ) throws(StoreError) -> Bool
  /// Deletes the previous generation.
  func dropPrevious(group: [UInt8]) throws(StoreError)
  func freeze(group: [UInt8]) throws(StoreError)
  /// The tree of an epoch that joiners still have to fetch; replaces one that is there.
  func keepTree(_ sealed: [UInt8], group: [UInt8], epoch: UInt64, until day: Day) throws(StoreError)
  func keptTree(group: [UInt8], epoch: UInt64) throws(StoreError) -> (sealed: [UInt8], until: Day)?

  // MARK: Mailboxes
  /// Nil where it is closed or there is none.
  func mailbox(_ mailbox: [UInt8]) throws(StoreError) -> MailboxRecord?
  /// Puts a row under the number `next` and the key after it in place of its key. Returns false where `number` is not `next`.
  func enqueue(_ sealed: [UInt8], mailbox: [UInt8], number: UInt64, nextKey: [UInt8], day: Day) throws(StoreError) -> Bool
  /// Rows from a number on, in order.
  func rows(of mailbox: [UInt8], from: UInt64, limit: Int) throws(StoreError) -> [(number: UInt64, sealed: [UInt8])]
  func deleteRows(of mailbox: [UInt8], through number: UInt64) throws(StoreError)
  func insertBody(_ body: BodyRecord, id: [UInt8], day: Day) throws(StoreError)
  func body(_ id: [UInt8]) throws(StoreError) -> BodyRecord?
  func setCount(_ sealedCount: [UInt8], body id: [UInt8]) throws(StoreError)
  func deleteBody(_ id: [UInt8]) throws(StoreError)

  // MARK: Requests that were answered
  func answer(to request: [UInt8]) throws(StoreError) -> [UInt8]?
  func remember(_ sealedAnswer: [UInt8], of request: [UInt8], day: Day) throws(StoreError)

  // MARK: Retention
  /// Deletes mail of days before `mail`, remembered requests of days before `requests`, kept trees whose last day is before `today`, invitations and
  /// key packages that ended before `now` (seconds since 1970). After the transaction, what was deleted so far leaves also what the store keeps of earlier
  /// contents for its own safety.
  func expire(mailBefore mail: Day, requestsBefore requests: Day, today: Day, now: UInt64) throws(StoreError)
}
