// The house's feed: every client holds all of it, so it learns of new chains without asking about anybody, and a server that shows two is found out.
import CryptoInterface
import Identity
import TLSCodec
import Wire

extension Core {
  /// A new member of the house begins with an empty feed.
  mutating func startFeed() {
    guard let house else { return }
    feed = Feed(
      house: house.house.id(using: crypto), serverKey: house.house.serverKey, incarnation: connection.greeting?.incarnation ?? 1)
    saveFeed()
  }

  private mutating func saveFeed() {
    guard var feed else { return }
    for record in feed.takeChanges() {
      var w = Writer()
      record.key.encode(to: &w)
      w.opaque(record.value)
      put(key(.feed, record.key.encoded()), w.bytes)
    }
    self.feed = feed
  }

  /// Asks for entries where the server has announced more.
  mutating func askFeed() throws(Stop) {
    guard var feed, !connection.isAskingFeed, let announced = connection.announcedFeedHead else { return }
    guard let head = try? SignedFeedHead(received: announced),
      let content = try? head.verified(house: feed.house, serverKey: feed.serverKey, using: crypto)
    else {
      connection.announcedFeedHead = nil
      emit(.trouble(.serverMisbehaves))
      return
    }
    if content.incarnation > feed.incarnation {
      // The server was restored. What is shared with the old feed is not known: go over it all, it is some bytes for each account.
      do throws(IdentityError) { try feed.restart(at: 0, incarnation: content.incarnation) } catch { throw .failed(.internalError("feed restart")) }
      self.feed = feed
      feedEntries = []
      saveFeed()
    }
    if content.size == feed.size, content.hash == feed.hash, content.incarnation == feed.incarnation {
      connection.announcedFeedHead = nil
      return
    }
    if content.size <= feed.size || content.incarnation < feed.incarnation {
      connection.announcedFeedHead = nil
      // Announced before the pages that were fetched since, or a server that has forgotten.
      if content.incarnation == feed.incarnation, feed.compare(seen: FeedMark(incarnation: content.incarnation, size: content.size, hash: content.hash)) == .same {
        return
      }
      raise(.feedForked)
      return
    }
    connection.isAskingFeed = true
    ask(.feed(FeedRequest(from: feed.size + UInt64(feedEntries.count), limit: WireLimits.feedEntries)), .feed)
  }

  mutating func receivedFeed(_ answer: Answer) throws(Stop) {
    connection.isAskingFeed = false
    guard case .feed(let page) = answer, var feed else { return }
    do throws(IdentityError) {
      for bytes in page.entries { feedEntries.append(try FeedEntry(received: bytes)) }
      let head = try SignedFeedHead(received: page.head)
      let reached = feed.size + UInt64(feedEntries.count)
      if reached < head.head.size {
        if page.entries.isEmpty { throw .feedSize }
        connection.announcedFeedHead = page.head
        return
      }
      let entries = feedEntries
      feedEntries = []
      try feed.append(entries, to: head, using: crypto)
      self.feed = feed
      saveFeed()
      comparesChains = true
      if let mark = aheadMark {
        aheadMark = nil
        compare(mark)
      }
      if head.encoded() == connection.announcedFeedHead { connection.announcedFeedHead = nil }
      checkOwnChain()
    } catch {
      feedEntries = []
      connection.announcedFeedHead = nil
      raise(.feedForked)
    }
  }

  /// The own account's entry must not be longer than what its devices have said, but for another of them.
  private mutating func checkOwnChain() {
    guard let own, let chain = chains[own.account], let entry = feed?.position(of: own.account, using: crypto) else { return }
    if entry.length > chain.length {
      wantedChains.insert(own.account)
    } else if chain.head(at: entry.length) != entry.head {
      raise(.chainForked)
    }
  }

  /// How far a member says that it has seen the feed; only the server's own word counts.
  mutating func compare(received bytes: [UInt8]) {
    guard !bytes.isEmpty, let feed, let signed = try? SignedFeedHead(received: bytes),
      let head = try? signed.verified(house: feed.house, serverKey: feed.serverKey, using: crypto)
    else { return }
    compare(FeedMark(incarnation: head.incarnation, size: head.size, hash: head.hash))
  }

  mutating func compare(_ mark: FeedMark) {
    guard let feed else { return }
    switch feed.compare(seen: mark) {
    case .forked: raise(.feedForked)
    // Compared when this client has come so far.
    case .ahead: if mark.size > (aheadMark?.size ?? 0) { aheadMark = mark }
    default: break
    }
  }

  // MARK: Policy

  /// A policy of the administrator, with a higher serial than the one that holds.
  mutating func take(policy bytes: [UInt8]) throws(Stop) {
    guard let house, let signed = try? SignedPolicy(received: bytes) else { return }
    if let policy, policy.policy.serial >= signed.policy.serial { return }
    guard (try? signed.verified(for: house.house, replacing: policy?.policy, using: crypto)) != nil else {
      emit(.trouble(.serverMisbehaves))
      return
    }
    policy = signed
    put(key(.policy), signed.encoded())
    emit(.policyChanged)
  }

  func setting(_ key: PolicyKey) -> PolicySetting { policy?.policy.setting(key) ?? Policy.standard(key) }
}
