// The house feed: what the server writes and a client follows, and each contradiction that a client notices.
import CryptoInterface
import Identity
import TLSCodec
import Testing

@Suite struct FeedTests {
  let house: TestHouse
  let accounts: [AccountID]
  init() throws {
    house = try TestHouse()
    accounts = (0..<5).map { _ in crypto.randomBytes() }
  }

  /// A server's log with what it has written.
  struct Server {
    let house: TestHouse
    var log: FeedLog
    var entries: [FeedEntry] = []
    init(_ house: TestHouse, incarnation: UInt32 = 1) {
      self.house = house
      log = FeedLog(house: house.id, incarnation: incarnation)
    }
    mutating func write(_ account: AccountID, _ length: UInt32, _ head: Digest) {
      entries.append(log.append(account, length: length, head: head, using: crypto))
    }
    func head(by key: SignatureKeyPair? = nil) throws -> SignedFeedHead {
      try log.head(at: noon + 99, serverKey: (key ?? house.server).privateKey, using: crypto)
    }
    /// Restored from a backup of its first entries.
    func restored(_ count: Int, incarnation: UInt32) -> Server {
      var result = Server(house, incarnation: incarnation)
      for entry in entries.prefix(count) {
        result.log.append(entry, using: crypto)
        result.entries.append(entry)
      }
      return result
    }
    /// What a client that has `count` entries is sent.
    func after(_ size: UInt64) -> [FeedEntry] { Array(entries.dropFirst(Int(size))) }
  }

  func head(_ seed: UInt8) -> Digest { Digest([UInt8](repeating: seed, count: 32))! }
  func emptyFeed(_ incarnation: UInt32 = 1) -> Feed { Feed(house: house.id, serverKey: house.server.publicKey, incarnation: incarnation) }

  /// Six entries of three accounts, and a client that has them.
  func both() throws -> (Server, Feed) {
    var server = Server(house)
    for (i, length) in [(0, 1), (1, 1), (0, 2), (2, 1), (1, 2), (1, 5)] as [(Int, UInt32)] { server.write(accounts[i], length, head(UInt8(10 * i) + UInt8(length))) }
    var feed = emptyFeed()
    try feed.append(server.entries, to: try server.head(), using: crypto)
    return (server, feed)
  }

  /// That a feed refuses what a server sends, and stays as it was.
  func expectRefused(_ error: IdentityError, _ feed: Feed, _ entries: [FeedEntry], _ head: SignedFeedHead, sourceLocation: SourceLocation = #_sourceLocation) {
    var copy = feed
    #expect(throws: error, sourceLocation: sourceLocation) { try copy.append(entries, to: head, using: crypto) }
    #expect(copy.mark == feed.mark, sourceLocation: sourceLocation)
    for account in accounts {
      #expect(copy.position(of: account, using: crypto) == feed.position(of: account, using: crypto), sourceLocation: sourceLocation)
    }
  }

  @Test func followsTheServer() throws {
    var (server, feed) = try both()
    #expect(feed.size == 6)
    #expect(feed.position(of: accounts[1], using: crypto) == FeedPosition(length: 5, head: head(15)))
    #expect(feed.position(of: accounts[4], using: crypto) == nil)
    server.write(accounts[4], 1, head(1))
    try feed.append(server.after(6), to: try server.head(), using: crypto)
    #expect(feed.position(of: accounts[4], using: crypto)?.length == 1)
    #expect(feed.mark == FeedMark(incarnation: 1, size: 7, hash: server.log.hash))
    try feed.append([], to: try server.head(), using: crypto)
    #expect(feed.head?.head.time == noon)
    // The server's rows lead to the same log after a restart of its process.
    #expect(server.restored(7, incarnation: 1).log == server.log)
    #expect(server.entries.allSatisfy { $0.encoded().count == 68 })
    for entry in server.entries { #expect(try FeedEntry(received: entry.encoded()) == entry) }
    #expect(try SignedFeedHead(received: try server.head().encoded()) == (try server.head()))
  }

  @Test func headsAreTheServers() throws {
    var (server, feed) = try both()
    server.write(accounts[3], 1, head(1))
    let entries = server.after(6)
    expectRefused(.feedHeadSignature, feed, entries, try server.head(by: house.administrator))
    var head = try server.head()
    head.head.time += 3_600
    expectRefused(.feedHeadSignature, feed, entries, head)
    var other = Server(try TestHouse())
    for entry in server.entries {
      other.log.append(entry, using: crypto)
    }
    expectRefused(.feedHouse, feed, entries, try other.head())
    expectRefused(.feedIncarnation, feed, entries, try server.restored(7, incarnation: 2).head())
    expectRefused(.feedSize, feed, [], try server.head())
    expectRefused(.feedSize, feed, server.entries, try server.head())
    expectRefused(.feedHash, feed, [FeedEntry(account: BlindedAccount(accounts[3], using: crypto), length: 2, head: .zero)], try server.head())
    #expect(throws: Never.self) { try feed.append(entries, to: try server.head(), using: crypto) }
  }

  @Test func theLogDoesNotShrinkOrFork() throws {
    let (server, feed) = try both()
    expectRefused(.shorter, feed, [], try server.restored(5, incarnation: 1).head())
    var other = server.restored(5, incarnation: 1)
    other.write(accounts[3], 1, head(77))
    expectRefused(.fork, feed, [], try other.head())
    other.write(accounts[4], 1, head(78))
    expectRefused(.feedHash, feed, other.after(6), try other.head())
    var good = server
    good.write(accounts[4], 1, head(78))
    var copy = feed
    #expect(throws: Never.self) { try copy.append(good.after(6), to: try good.head(), using: crypto) }
  }

  @Test(arguments: [false, true]) func chainsDoNotShrinkOrFork(_ together: Bool) throws {
    let (server, feed) = try both()
    // Account 1 stands at 5, account 0 at 2; in the second round they do so within the same answer.
    func check(_ error: IdentityError?, _ account: Int, _ length: UInt32, _ head: Digest, sourceLocation: SourceLocation = #_sourceLocation) throws {
      var changed = server
      changed.write(accounts[account], length, head)
      let before = together ? emptyFeed() : feed
      if let error {
        expectRefused(error, before, changed.after(before.size), try changed.head(), sourceLocation: sourceLocation)
      } else {
        var copy = before
        #expect(throws: Never.self, sourceLocation: sourceLocation) { try copy.append(changed.after(before.size), to: try changed.head(), using: crypto) }
      }
    }
    try check(nil, 1, 6, head(1))
    try check(nil, 1, 5, head(15))
    try check(.fork, 1, 5, head(16))
    try check(.shorter, 1, 4, head(1))
    try check(.shorter, 1, 0, head(1))
    try check(.shorter, 3, 0, head(1))
    // A second genesis.
    try check(.shorter, 1, 1, head(99))
    try check(.fork, 2, 1, head(99))
    try check(nil, 2, 1, head(21))
  }

  @Test func marksAreCompared() throws {
    let (server, feed) = try both()
    func mark(_ size: Int, _ incarnation: UInt32 = 1) -> FeedMark {
      let log = server.restored(size, incarnation: incarnation).log
      return FeedMark(incarnation: incarnation, size: log.size, hash: log.hash)
    }
    for size in 0...6 {
      #expect(feed.compare(seen: mark(size)) == .same)
      var forged = mark(size)
      forged.hash = head(200)
      #expect(feed.compare(seen: forged) == .forked)
    }
    var longer = server
    longer.write(accounts[3], 1, head(3))
    #expect(feed.compare(seen: FeedMark(incarnation: 1, size: 7, hash: longer.log.hash)) == .ahead)
    #expect(feed.compare(seen: mark(3, 2)) == .ahead)
    #expect(feed.compare(seen: mark(3, 0)) == .unknown)
    #expect(try FeedMark(decoding: feed.mark.encoded()) == feed.mark)
  }

  @Test func oldMarksAreUnknown() throws {
    var server = Server(house)
    for i in 0..<UInt32(IdentityLimits.rememberedHeads) + 3 { server.write(accounts[Int(i % 5)], i / 5 + 1, head(UInt8(i % 251))) }
    var feed = emptyFeed()
    try feed.append(Array(server.entries.prefix(2_000)), to: try server.restored(2_000, incarnation: 1).head(), using: crypto)
    try feed.append(server.after(2_000), to: try server.head(), using: crypto)
    func mark(_ size: Int) -> FeedMark {
      let log = server.restored(size, incarnation: 1).log
      return FeedMark(incarnation: 1, size: log.size, hash: log.hash)
    }
    #expect(feed.compare(seen: mark(3)) == .unknown)
    #expect(feed.compare(seen: mark(4)) == .same)
    #expect(feed.compare(seen: mark(4_000)) == .same)
    #expect(feed.compare(seen: mark(0)) == .same)
    var copy = feed
    #expect(throws: IdentityError.feedTooOld) { try copy.restart(at: 3, incarnation: 2) }
    #expect(copy.mark == feed.mark)
    #expect(throws: Never.self) { try copy.restart(at: 4, incarnation: 2) }
    #expect(copy.size == 4)
    #expect(copy.position(of: accounts[0], using: crypto) == feed.position(of: accounts[0], using: crypto))
    copy = feed
    #expect(throws: Never.self) { try copy.restart(at: 0, incarnation: 2) }
  }

  @Test(arguments: [0, 3, 6, 9]) func serversAreRestored(_ size: UInt64) throws {
    let (server, feed) = try both()
    // Restored from a backup of three entries, the server goes on.
    var restored = server.restored(3, incarnation: 2)
    var copy = feed
    #expect(throws: IdentityError.feedIncarnation) { try copy.restart(at: size, incarnation: 1) }
    try copy.restart(at: size, incarnation: 2)
    #expect(copy.size == min(size, 6))
    // What was seen of account 1 is not forgotten, although the backup knows less.
    #expect(copy.position(of: accounts[1], using: crypto) == FeedPosition(length: 5, head: head(15)))
    guard size <= 3 else {
      // The client thought that more of the old holds than does: it sees that, and goes back further.
      #expect(throws: IdentityError.shorter) { try copy.append([], to: try restored.head(), using: crypto) }
      restored.write(accounts[3], 1, head(31))
      restored.write(accounts[3], 2, head(32))
      restored.write(accounts[3], 3, head(33))
      #expect(throws: IdentityError.fork) { try copy.append([], to: try restored.head(), using: crypto) }
      return
    }
    try copy.append(restored.after(copy.size), to: try restored.head(), using: crypto)
    #expect(copy.position(of: accounts[1], using: crypto)?.length == 5)
    // The account brings its chain up to date: as it was.
    var honest = restored
    honest.write(accounts[1], 5, head(15))
    var follows = copy
    #expect(throws: Never.self) { try follows.append(honest.after(3), to: try honest.head(), using: crypto) }
    // Or otherwise, which is a fork.
    var forked = restored
    forked.write(accounts[1], 5, head(55))
    expectRefused(.fork, copy, forked.after(3), try forked.head())
    // What is in the log now does not shrink either.
    var shrunk = honest
    shrunk.write(accounts[1], 4, head(14))
    expectRefused(.shorter, follows, shrunk.after(4), try shrunk.head())
    // Marks of before: up to the shared size they say something, beyond it nothing.
    let old = server.restored(Int(size), incarnation: 1).log
    #expect(copy.compare(seen: FeedMark(incarnation: 1, size: old.size, hash: old.hash)) == .same)
    #expect(copy.compare(seen: FeedMark(incarnation: 1, size: size, hash: head(9))) == .forked)
    #expect(copy.compare(seen: feed.mark) == .unknown)
  }

  /// A store as a dictionary: what comes out of it goes on like what went in.
  @Test func recordsBringItBack() throws {
    var server = Server(house)
    var feed = emptyFeed()
    var store: [FeedRecordKey: [UInt8]] = [:]
    func save() { for record in feed.takeChanges() { store[record.key] = record.value } }
    func load() throws -> Feed { try Feed(records: store.map { FeedRecord(key: $0.key, value: $0.value) }) }
    func agrees() throws -> Bool {
      let loaded = try load()
      for account in accounts where loaded.position(of: account, using: crypto) != feed.position(of: account, using: crypto) { return false }
      for size in 0...server.entries.count {
        let log = server.restored(size, incarnation: feed.incarnation).log
        let mark = FeedMark(incarnation: feed.incarnation, size: log.size, hash: log.hash)
        if loaded.compare(seen: mark) != feed.compare(seen: mark) { return false }
      }
      return loaded.mark == feed.mark && loaded.head == feed.head
    }
    save()
    #expect(try agrees())
    for round in 1...4 as ClosedRange<UInt32> {
      for i in 0..<5 { server.write(accounts[i], round, head(UInt8(round) * 10 + UInt8(i))) }
      try feed.append(server.after(feed.size), to: try server.head(), using: crypto)
      let changes = feed.takeChanges()
      #expect(changes.count == 5 + 5 + 1)
      #expect(feed.takeChanges().isEmpty)
      for record in changes { store[record.key] = record.value }
      #expect(try agrees())
    }
    // A restart leaves old records behind, which must not count.
    server = server.restored(7, incarnation: 2)
    try feed.restart(at: 7, incarnation: 2)
    save()
    #expect(try agrees())
    feed = try load()
    server.write(accounts[0], 3, head(30))
    try feed.append(server.after(7), to: try server.head(), using: crypto)
    save()
    #expect(try agrees())
    try feed.restart(at: 0, incarnation: 3)
    save()
    feed = try load()
    server = server.restored(8, incarnation: 3)
    try feed.append(server.entries, to: try server.head(), using: crypto)
    #expect(feed.position(of: accounts[0], using: crypto)?.length == 4)

    for key in store.keys { #expect(try FeedRecordKey(decoding: key.encoded()) == key) }
    let records = store.map { FeedRecord(key: $0.key, value: $0.value) }
    #expect(throws: IdentityError.corruptRecord) { try Feed(records: records.filter { $0.key != .state }) }
    for (i, record) in records.enumerated() {
      for count in record.value.indices {
        var changed = records
        changed[i].value = Array(record.value.prefix(count))
        #expect(throws: IdentityError.corruptRecord) { try Feed(records: changed) }
      }
    }
  }

  @Test func accountsAreBlinded() {
    let blinded = BlindedAccount(accounts[0], using: crypto)
    #expect(blinded == BlindedAccount(accounts[0], using: crypto))
    #expect(blinded != BlindedAccount(accounts[1], using: crypto))
    #expect(blinded.bytes != accounts[0].bytes)
  }
}
