// One step: an input is taken in, then everything that is due is done. What is due is read off the state, never off the input, so a crash between two
// steps only delays it.
import CryptoInterface
import Identity
import MLS
import TLSCodec
import Wire

extension Core {
  static var startRequest: LoadRequest {
    let kinds: [RecordKind] = [
      .own, .session, .mailbox, .house, .policy, .feed, .chain, .contact, .chat, .outbox, .keyPackage, .enrolment, .statement,
    ]
    return .ranges(prefixes: kinds.map { [$0.rawValue] })
  }

  mutating func process(_ input: Input) throws(Stop) {
    switch input {
    case .connected: connected()
    case .disconnected: disconnected()
    case .frame(let frame): try received(frame)
    case .command(let token, let command): try perform(command, token: token)
    case .tick: nextWake = nil
    case .loaded: break
    }
  }

  /// Everything that the state calls for.
  mutating func drive() throws(Stop) {
    try readInbound()
    watchConnection()
    if isOnline {
      try askFeed()
      try askChains()
      try sendStatement()
      try publishKeyPackages()
      acknowledge()
    }
    try expireTyping()
    if isCaughtUp {
      try reconcile()
      try repair()
      try electCommitters()
      try sendOutbox()
    }
    showConnection()
    if outbox.isEmpty != isOutboxShownEmpty {
      isOutboxShownEmpty = outbox.isEmpty
      if outbox.isEmpty { emit(.outboxEmpty) }
    }
  }

  /// A server that does not answer any more: the connection is dead, though nobody has said so.
  private mutating func watchConnection() {
    guard !connection.requests.isEmpty else {
      connection.askedAt = nil
      return
    }
    let askedAt = connection.askedAt ?? now
    connection.askedAt = askedAt
    if now >= askedAt + settings.answerTimeout {
      connection.askedAt = nil
      disconnects = true
    } else {
      wake(at: askedAt + settings.answerTimeout)
    }
  }

  // MARK: Reading the store

  mutating func restore(_ records: [StoredRecord]) throws(MessengerError) {
    do throws(DecodingError) {
      var feedRecords: [FeedRecord] = []
      var chainRecords: [[UInt8]] = []
      for record in records {
        guard let sealed = record.value, let kind = record.key.first.flatMap({ RecordKind(rawValue: $0) }) else { continue }
        let value: [UInt8]
        do { value = try vault.open(sealed, key: record.key, crypto) } catch { throw .invalidValue("sealed record") }
        switch kind {
        case .own: own = try OwnDevice(decoding: value)
        case .session: session = try SessionRecord(decoding: value)
        case .mailbox: mailbox = try MailboxRecord(decoding: value)
        case .house: house = try SignedHouse(decoding: value)
        case .policy: policy = try SignedPolicy(decoding: value)
        case .feed:
          var r = Reader(value)
          feedRecords.append(FeedRecord(key: try FeedRecordKey(from: &r), value: try r.opaque()))
        case .chain: chainRecords.append(value)
        case .contact:
          let contact = try Contact(decoding: value)
          contacts[contact.account] = contact
        case .chat:
          let chat = try Chat(decoding: value)
          chats[chat.number] = chat
          nextChat = max(nextChat, chat.number + 1)
        case .outbox: outbox.append(try OutboxEntry(decoding: value))
        case .keyPackage:
          let package = try KeyPackageRecord(decoding: value)
          guard let ref = try? package.bundle.keyPackage.ref(using: crypto) else { throw .invalidValue("key package record") }
          keyPackages[ref.bytes] = package
        case .enrolment: enrolment = try Enrolment(decoding: value)
        case .statement: statement = try PendingStatement(decoding: value)
        case .group, .message, .messageIndex: break
        }
      }
      outbox.sort { $0.sequence < $1.sequence }
      isOutboxShownEmpty = outbox.isEmpty
      nextOutbox = (outbox.last?.sequence ?? 0) + 1
      for bytes in chainRecords {
        guard let house else { throw .invalidValue("chain without house") }
        let chain = try decodeChain(bytes, house: house.house)
        chains[chain.account] = chain
      }
      if !feedRecords.isEmpty {
        do throws(IdentityError) { feed = try Feed(records: feedRecords) } catch { throw .invalidValue("stored feed") }
      }
    } catch { throw .corruptStore }
  }

  // MARK: Acknowledging

  /// Tells the server what is stored here: after the write, since sends leave after it.
  private mutating func acknowledge() {
    guard let mailbox, connection.isDraining, !connection.isAcknowledging, mailbox.next - 1 > connection.acknowledged else { return }
    connection.isAcknowledging = true
    ask(.acknowledge(Acknowledge(number: mailbox.next - 1)), .acknowledge(mailbox.next - 1))
  }

  mutating func acknowledged(_ answer: Answer, _ number: UInt64) {
    // Refused: not asked again on this connection, or the two would go on for ever.
    guard case .done = answer, var mailbox else { return }
    connection.isAcknowledging = false
    connection.acknowledged = number
    mailbox.confirm(upTo: number + 1, crypto)
    self.mailbox = mailbox
    put(key(.mailbox), mailbox.encoded())
  }

  // MARK: Inbound

  /// Reads the mailbox in order. A message that needs chains or a tree stays until they are there; one that is no message is passed over.
  private mutating func readInbound() throws(Stop) {
    var position = 0
    defer { inbound.removeFirst(position) }
    while position < inbound.count, var mailbox {
      let before = self
      let delivered = inbound[position]
      do throws(Problem) {
        try receive(delivered)
      } catch {
        switch error {
        case .load(let request):
          if position == 0 { throw .load(request) }
          // What was read so far is a step of its own; a step that loads is done again from its beginning.
          self = before
          hasMore = true
          return
        case .needs(let needs):
          self = before
          try ask(for: needs)
          return
        case .alarm(let alarm):
          self = before
          raise(alarm)
        case .invalid(let error):
          // Undone; what is stored is that it was read.
          self = before
          emit(.trouble(error))
        }
      }
      mailbox = self.mailbox ?? mailbox
      mailbox.next = delivered.number + 1
      self.mailbox = mailbox
      put(key(.mailbox), mailbox.encoded())
      position += 1
    }
  }

  private mutating func ask(for needs: Needs) throws(Stop) {
    switch needs {
    case .chains(let accounts):
      for account in accounts where !connection.chainsAsked.contains(account) { wantedChains.insert(account) }
    case .tree(let name, let groupKey):
      if now < connection.treesDue {
        wake(at: connection.treesDue)
      } else if connection.treesAsked.insert(name).inserted {
        ask(.tree(TreeRequest(group: name.group, key: groupKey, epoch: name.epoch)), .tree(name))
      }
    }
  }
}

/// Why a delivered message cannot be taken in now, or at all.
enum Problem: Error {
  case load(LoadRequest)
  case needs(Needs)
  case invalid(MessengerError)
  /// The server shows what cannot be true; the message is passed over.
  case alarm(Alarm)

  init(_ stop: Stop) {
    switch stop {
    case .load(let request): self = .load(request)
    case .failed(let error): self = .invalid(error)
    }
  }
}

/// What the server must give first.
enum Needs: Sendable {
  case chains([AccountID])
  case tree(TreeName, groupKey: [UInt8])
}
