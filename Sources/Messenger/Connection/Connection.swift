// One connection to the server: greeting, log-in, and which answer belongs to which request. Nothing here is stored: after a break all is asked anew.
import Content
import CryptoInterface
import Identity
import TLSCodec
import Wire

struct Connection: Sendable {
  enum Phase: Sendable, Equatable {
    case down
    case greeting
    /// Greeted, not logged in: this client has no account yet, or the log-in was refused for good.
    case greeted
    case loggingIn
    case loggedIn
  }
  var phase = Phase.down
  var greeting: Greeting?
  var requests: [UInt32: PendingRequest] = [:]
  var shown = ConnectionState.offline
  /// The server's feed is known up to this head, signed.
  var announcedFeedHead: [UInt8]?
  var isAskingFeed = false
  var isDraining = false
  /// The mailbox is read when this number is reached.
  var caughtUpAt: UInt64 = 0
  var acknowledged: UInt64 = 0
  var isAcknowledging = false
  var keyPackageCount: UInt32?
  var isPublishing = false
  var chainsAsked: Set<AccountID> = []
  /// Trees that were fetched for Welcomes that wait, by group and epoch.
  var trees: [TreeName: [UInt8]?] = [:]
  var treesAsked: Set<TreeName> = []
  var poked: Set<UInt32> = []
  /// Claimed key packages by intent.
  var claims: [UInt64: [ClaimedKeyPackage]] = [:]
  /// A GroupInfo for a resync.
  var groupInfos: [UInt32: GroupInfoAnswer] = [:]
  var groupInfosAsked: Set<UInt32> = []
  /// Milliseconds: since when an answer is waited for.
  var askedAt: UInt64?
  /// Milliseconds: chains, or trees, are not to be asked for before.
  var chainsDue: UInt64 = 0
  var treesDue: UInt64 = 0
  /// Chats whose freezing was looked at.
  var frozenAsked: Set<UInt32> = []
  /// Commands that go on when an account's chain is there.
  var waitingForChain: [(account: AccountID, token: UInt32, command: Command)] = []
  /// Accounts whose chains the server does not give.
  var missingChains: Set<AccountID> = []
}

struct TreeName: Hashable, Sendable {
  var group: [UInt8]
  var epoch: UInt64
}

/// What to do with an answer.
indirect enum PendingRequest: Sendable {
  case hello
  case logIn
  case enrolment(token: UInt32)
  case inspect(token: UInt32, LinkSecret)
  case lookUp(token: UInt32, EnrolmentWish)
  case linkOffer(token: UInt32)
  case feed
  case chains([AccountID])
  case publish([[UInt8]])
  case claim(sequence: UInt64, devices: [DeviceID])
  case outbox(sequence: UInt64)
  case drain
  case acknowledge(UInt64)
  case tree(TreeName)
  case groupInfo(chat: UInt32)
  case resync(chat: UInt32)
  case poke(chat: UInt32)
  case report(chat: UInt32)
  case find(token: UInt32)
  case invitations(token: UInt32, [InvitationView])
  case listInvitations(token: UInt32)
  case command(token: UInt32)
  case policy(token: UInt32, [UInt8])
  case statement(token: UInt32?, [UInt8])
  case openLink(token: UInt32, LinkSecret)
  case ignored
}

extension Core {
  /// Sends a request and remembers what its answer is for.
  @discardableResult
  mutating func ask(_ request: Request, _ pending: PendingRequest) -> UInt32 {
    let number = nextRequest
    nextRequest = nextRequest == .max ? 1 : nextRequest + 1
    connection.requests[number] = pending
    transmit(ClientFrame(number: number, request: request))
    return number
  }

  func newRequestID() -> [UInt8] { crypto.random(16) }

  var isOnline: Bool { connection.phase == .loggedIn }
  /// Whether all that had arrived before the log-in is read.
  var isCaughtUp: Bool { isOnline && inbound.isEmpty && (mailbox?.next ?? 0) >= connection.caughtUpAt && connection.isDraining }

  mutating func connected() {
    let shown = connection.shown
    connection = Connection()
    connection.shown = shown
    greetAgain()
  }

  /// A challenge is used once, and the house may have come to be meanwhile.
  mutating func greetAgain() {
    connection.phase = .greeting
    ask(.hello(Hello(version: WireVersion.current)), .hello)
  }

  mutating func disconnected() {
    let shown = connection.shown
    connection = Connection()
    connection.shown = shown
    inbound = []
    link = LinkState()
    for i in outbox.indices { outbox[i].underWay = nil }
    statement?.isUnderWay = false
    externalCommits = [:]
    wantedChains = []
    feedEntries = []
    comparesChains = true
  }

  mutating func received(_ frame: [UInt8]) throws(Stop) {
    guard frame.count <= WireLimits.frameBytes, let decoded = try? ServerFrame(decoding: frame) else {
      // Not our protocol: begin again.
      emit(.trouble(.serverMisbehaves))
      disconnects = true
      return
    }
    switch decoded.content {
    case .push(let push): try received(push)
    case .answer(let number, let answer):
      guard let pending = connection.requests.removeValue(forKey: number) else { return }
      // The intent was taken up anew since: this is not its answer any more.
      if case .outbox(let sequence) = pending, outbox.first(where: { $0.sequence == sequence })?.underWay != number { return }
      connection.askedAt = now
      try answered(pending, answer)
    }
  }

  private mutating func received(_ push: Push) throws(Stop) {
    switch push {
    case .delivery(let delivered):
      // A row that was seen before (a drain repeated) is passed over.
      if delivered.number >= (inbound.last.map { $0.number + 1 } ?? mailbox?.next ?? 1) { inbound.append(delivered) }
    case .ephemeral(let ephemeral): try received(ephemeral)
    case .feedHead(let head): connection.announcedFeedHead = head
    case .policy(let policy): try take(policy: policy)
    case .linkOffered(let offer): try linkOffered(offer)
    case .linkAnswered(let answer): try linkAnswered(answer)
    case .goodbye(let code):
      if code == .revoked { try wasRevoked() }
      disconnects = true
    }
  }

  mutating func greeted(_ greeting: Greeting) throws(Stop) {
    connection.greeting = greeting
    if let house {
      // The house that was joined, and no other.
      guard let shown = greeting.house, shown == house.encoded() else {
        raise(.houseChanged)
        connection.phase = .greeted
        return
      }
    }
    if let policy = greeting.policy { try take(policy: policy) }
    guard let own else {
      connection.phase = .greeted
      if let enrolment { sendEnrolment(enrolment) }
      return
    }
    if alarm == .staleStore || alarm == .revoked {
      connection.phase = .greeted
      return
    }
    try logIn(own, greeting)
  }

  private mutating func logIn(_ own: OwnDevice, _ greeting: Greeting) throws(Stop) {
    guard let house else { throw .failed(.corruptStore) }
    session.count += 1
    put(key(.session), session.encoded())
    var request = LogIn(
      account: own.account.bytes, device: own.device.bytes, instance: session.instance, session: session.count, afresh: session.afresh, signature: [])
    let content = request.signedContent(
      challenge: greeting.challenge, house: house.house.id(using: crypto).bytes, incarnation: greeting.incarnation)
    do { request.signature = try Signing.sign(.logIn, content, with: own.signatureKeyPair.privateKey, using: crypto) } catch {
      throw .failed(.internalError("sign log-in"))
    }
    connection.phase = .loggingIn
    ask(.logIn(request), .logIn)
  }

  mutating func loggedIn(_ answer: LoggedIn) throws(Stop) {
    guard var mailbox else { throw .failed(.corruptStore) }
    connection.phase = .loggedIn
    connection.announcedFeedHead = answer.feedHead
    connection.keyPackageCount = answer.keyPackages
    connection.caughtUpAt = answer.next
    connection.acknowledged = mailbox.next - 1
    if session.afresh {
      session.afresh = false
      put(key(.session), session.encoded())
    }
    // Rows that are gone were acknowledged before, or have expired.
    if answer.lowest > mailbox.confirmed { mailbox.confirm(upTo: answer.lowest, crypto) }
    if answer.lowest > mailbox.next {
      mailbox.next = answer.lowest
      // What was acknowledged is not here: this store is older than the mailbox, and its ratchets may have been used since.
      for number in chats.keys.sorted() where chats[number]?.isOpen == true {
        markForResync(number)
        if var chat = chats[number] {
          chat.isStale = true
          save(chat)
        }
      }
    }
    self.mailbox = mailbox
    put(key(.mailbox), mailbox.encoded())
    ask(.drain(Drain(lowest: mailbox.confirmed, key: mailbox.key.exposed, from: mailbox.next)), .drain)
  }

  mutating func refusedLogIn(_ refusal: Refusal) throws(Stop) {
    switch refusal.code {
    case .behind:
      raise(.staleStore)
      connection.phase = .greeted
    case .revoked: try wasRevoked()
    default:
      emit(.trouble(.refused(refusal.code.rawValue)))
      disconnects = true
    }
  }

  /// This device was revoked: it never comes back.
  mutating func wasRevoked() throws(Stop) {
    raise(.revoked)
    connection.phase = .greeted
  }

  mutating func raise(_ what: Alarm) {
    // The first one stays on the screen, but that nothing is left to settle when this device is out.
    if alarm == nil || what == .revoked { alarm = what }
    if raisedAlarms.insert(what).inserted { emit(.alarm(what)) }
  }

  mutating func showConnection() {
    let state: ConnectionState
    switch connection.phase {
    case .down: state = .offline
    case .greeting, .loggingIn: state = .connecting
    case .greeted: state = own == nil ? .online : .connecting
    case .loggedIn: state = isCaughtUp ? .online : .catchingUp
    }
    if state != connection.shown {
      connection.shown = state
      emit(.connection(state))
    }
  }
}
