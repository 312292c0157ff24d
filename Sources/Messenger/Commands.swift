// What people want, turned into intents and requests.
import Content
import CryptoInterface
import Identity
import MLS
import TLSCodec
import Wire

extension Core {
  mutating func perform(_ command: Command, token: UInt32) throws(Stop) {
    switch command {
    case .setUp(let secret, let houseName, let name, let localPart, let deviceName):
      try setUp(secret, houseName: houseName, name: name, localPart: localPart, deviceName: deviceName, token: token)
    case .enrol(let secret, let name, let localPart, let deviceName):
      try enrol(EnrolmentWish(secret: secret, name: name, localPart: localPart, deviceName: deviceName), token: token)
    case .linkDevice(let secret, let deviceName): try linkDevice(secret, deviceName: deviceName, token: token)
    case .inspect(let secret): try inspect(secret, token: token)
    case .send(let chat, let text, let inReplyTo): try send(text, to: chat, inReplyTo: inReplyTo, token: token)
    case .openDirect(let account): try openDirect(account, token: token)
    case .createGroup(let title, let color, let members): try createGroup(title, color: color, members: members, token: token)
    case .rename(let number, let title):
      let chat = try administered(number)
      guard Naming.isName(title) else { throw .failed(.unsuitableText) }
      finished(.profile(title: title, color: chat.color), in: chat, token: token)
    case .setColor(let number, let color):
      let chat = try administered(number)
      finished(.profile(title: chat.title, color: color), in: chat, token: token)
    case .add(let number, let accounts):
      let chat = try administered(number)
      finished(.add(accounts), in: chat, token: token)
    case .remove(let number, let accounts):
      let chat = try administered(number)
      guard let own, !accounts.contains(own.account) else { throw .failed(.notPermitted) }
      for account in accounts where !chat.members.contains(account) { throw .failed(.noSuchPerson) }
      finished(.remove(accounts), in: chat, token: token)
    case .setRole(let number, let account, let isAdministrator):
      let chat = try administered(number)
      guard chat.members.contains(account) else { throw .failed(.noSuchPerson) }
      finished(.role(account, isAdministrator: isAdministrator), in: chat, token: token)
    case .leave(let number):
      let chat = try sendingRoom(of: number)
      guard chat.kind == .group else { throw .failed(.notPermitted) }
      finished(.leave, in: chat, token: token)
    case .markRead(let number):
      try markRead(number)
      emit(.completed(token: token, .done))
    case .typing(let number):
      try sendTyping(chat: number)
      emit(.completed(token: token, .done))
    case .messages(let number, let before, let limit): try readLines(of: number, before: before, limit: limit, token: token)
    case .find(let text):
      guard isOnline else { throw .failed(.offline) }
      guard text.utf8.count <= WireLimits.queryBytes else { throw .failed(.unsuitableText) }
      ask(.find(Find(text: Array(text.utf8), offset: 0)), .find(token: token))
    case .resolve(let localPart):
      guard isOnline else { throw .failed(.offline) }
      ask(.resolve(Resolve(localPart: Array(localPart.utf8))), .find(token: token))
    case .safetyNumber(let account):
      if fetchesChain(of: account, for: command, token: token) { return }
      emit(.completed(token: token, .safetyNumber(try safetyNumber(with: account))))
    case .markVerified(let account):
      try markVerified(account)
      emit(.completed(token: token, .done))
    case .confirmReset(let account):
      try confirmReset(account)
      emit(.completed(token: token, .done))
    case .openLink: try openLink(token: token)
    case .openReset(let account):
      if fetchesChain(of: account, for: command, token: token) { return }
      try openLink(resetting: account, token: token)
    case .revokeDevice(let device): try revokeDevice(device, token: token)
    case .invite(let wishes): try invite(wishes, token: token)
    case .listInvitations: try listInvitations(token: token)
    case .withdrawInvitation(let key): try withdrawInvitation(key, token: token)
    case .setPolicy(let entries): try setPolicy(entries, token: token)
    case .rejoinAfresh:
      try rejoinAfresh()
      emit(.completed(token: token, .done))
    }
  }

  /// Whether the command waits for an account's chain, which is fetched now.
  private mutating func fetchesChain(of account: AccountID, for command: Command, token: UInt32) -> Bool {
    guard chains[account] == nil, isOnline, !connection.missingChains.contains(account) else { return false }
    wantedChains.insert(account)
    connection.waitingForChain.append((account: account, token: token, command: command))
    return true
  }

  /// Commands that waited for chains which are there now, or will not come.
  mutating func resumeCommands() throws(Stop) {
    let waiting = connection.waitingForChain
    connection.waitingForChain = []
    for entry in waiting {
      if chains[entry.account] == nil, !connection.missingChains.contains(entry.account) {
        connection.waitingForChain.append(entry)
        continue
      }
      do throws(Stop) { try perform(entry.command, token: entry.token) } catch {
        guard case .failed(let problem) = error else { throw error }
        fail(entry.token, problem)
      }
    }
  }

  private mutating func finished(_ intent: Intent, in chat: Chat, token: UInt32) {
    want(intent, in: chat.number)
    emit(.completed(token: token, .done))
  }

  /// A group that this person may change.
  private func administered(_ number: UInt32) throws(Stop) -> Chat {
    let chat = try sendingRoom(of: number)
    guard chat.kind == .group, isAdministrator(of: chat) else { throw .failed(.notPermitted) }
    return chat
  }

  // MARK: Writing

  private mutating func send(_ text: String, to conversation: UInt32, inReplyTo: MessageID?, token: UInt32) throws(Stop) {
    guard let own else { throw .failed(.notEnrolled) }
    guard !text.isEmpty, text.utf8.count <= Self.textBytes else { throw .failed(.unsuitableText) }
    let chat = try sendingRoom(of: conversation)
    if let peer = peer(of: chat), needsConfirmation(peer) { throw .failed(.confirmationNeeded) }
    if let inReplyTo {
      guard let quoted = try message(inReplyTo.bytes), quoted.conversation == chat.conversation else { throw .failed(.noSuchMessage) }
    }
    let salt = crypto.random(MIMIContent.saltSize)
    guard let content = try? MIMIContent.text(text, inReplyTo: inReplyTo, salt: salt).encoded(),
      let id = messageID(content, salt: salt, sender: own.account, room: chat.roomURI)
    else { throw .failed(.unsuitableText) }
    messageCounter = max(messageCounter &+ 1, UInt32(truncatingIfNeeded: seconds))
    let message = StoredMessage(
      id: id.bytes, conversation: chat.conversation, roomURI: chat.roomURI, kind: .message, sender: own.account,
      time: StoredMessage.pendingTime + nextOutbox, counter: messageCounter, content: content, state: .pending)
    save(message)
    noteLast(message, in: chat.conversation, counts: false)
    want(.message(id: id.bytes), in: chat.number)
    emit(.line(view(message)))
    emit(.completed(token: token, .message(id)))
  }

  /// What fits into 64 kB of content with what stands around it.
  static var textBytes: Int { 60_000 }

  private mutating func openDirect(_ account: AccountID, token: UInt32) throws(Stop) {
    guard let own else { throw .failed(.notEnrolled) }
    guard account != own.account else { throw .failed(.noSuchPerson) }
    if let known = chats.values.first(where: { ($0.isOpen || $0.state == .frozen) && $0.kind == .direct && peer(of: $0) == account }) {
      emit(.completed(token: token, .chat(known.conversation)))
      return
    }
    let number = try makeRoom(.direct, administrators: [own.account, account].sorted())
    // With the own other devices, so that they miss nothing that is said.
    want(.add([account, own.account]), in: number)
    if chains[account] == nil { wantedChains.insert(account) }
    emit(.completed(token: token, .chat(number)))
  }

  private mutating func createGroup(_ title: String, color: UInt8, members: [AccountID], token: UInt32) throws(Stop) {
    guard let own else { throw .failed(.notEnrolled) }
    guard Naming.isName(title) else { throw .failed(.unsuitableText) }
    let number = try makeRoom(.group, administrators: [own.account])
    guard var chat = chats[number] else { throw .failed(.internalError("room")) }
    chat.title = title
    chat.color = color
    save(chat)
    let others = Set(members).subtracting([own.account]).sorted()
    if others.isEmpty { want(.profile(title: title, color: color), in: number) }
    want(.add(others + [own.account]), in: number)
    for account in others where chains[account] == nil { wantedChains.insert(account) }
    emit(.completed(token: token, .chat(number)))
  }

  private mutating func markRead(_ conversation: UInt32) throws(Stop) {
    guard var chat = chats[conversation] else { throw .failed(.noSuchChat) }
    let prefix = key(.message, [UInt8](bigEndian: conversation))
    // The newest lines: enough to report, the mark covers the rest.
    let lines = try range(.range(prefix: prefix, from: nil, limit: 100, newestFirst: true))
    var read: [UInt32: [[UInt8]]] = [:]
    var newest = chat.readTime
    for record in lines {
      guard let message = try? StoredMessage(decoding: record.value), message.time < StoredMessage.pendingTime else { continue }
      newest = max(newest, message.time)
      if message.kind == .message, message.state == .received, message.time > chat.readTime,
        let room = chats.values.first(where: { $0.roomURI == message.roomURI })
      {
        read[room.number, default: []].append(message.id)
      }
    }
    guard newest > chat.readTime || chat.unread > 0 else { return }
    chat.readTime = newest
    chat.unread = 0
    save(chat)
    if let room = ownDevicesRoom, (chats[room]?.deviceCount ?? 0) > 1 {
      want(.ownDevices(type: PayloadType.readMark, body: ReadMark(roomURI: chat.roomURI, time: newest).encoded()), in: room)
    }
    guard settings.reports, setting(.readReceipts) == .on || (setting(.readReceipts) == .personDecides && settings.sendsReadReports) else { return }
    for (room, ids) in read.sorted(by: { $0.key < $1.key }) where (chats[room]?.deviceCount ?? 0) <= Self.reportingDevices {
      want(.report(status: MessageStatus.read.number, ids: ids), in: room)
    }
  }

  private mutating func readLines(of conversation: UInt32, before: LinePlace?, limit: Int, token: UInt32) throws(Stop) {
    guard chats[conversation] != nil else { throw .failed(.noSuchChat) }
    let prefix = key(.message, [UInt8](bigEndian: conversation))
    let records = try range(
      .range(prefix: prefix, from: before.map { prefix + $0.suffix }, limit: max(1, min(limit, 1_000)), newestFirst: true))
    var lines: [LineView] = []
    for record in records {
      guard let message = try? StoredMessage(decoding: record.value) else { throw .failed(.corruptStore) }
      lines.append(view(message))
    }
    emit(.completed(token: token, .lines(lines)))
  }

  /// A store that was restored: nothing of its groups is used any more but to come back into them.
  private mutating func rejoinAfresh() throws(Stop) {
    guard alarm == .staleStore else { throw .failed(.notPermitted) }
    alarm = nil
    raisedAlarms = []
    session = SessionRecord()
    session.instance = crypto.random(16)
    session.afresh = true
    put(key(.session), session.encoded())
    for number in chats.keys.sorted() {
      guard var chat = chats[number], chat.isOpen else { continue }
      chat.needsResync = true
      chat.isStale = true
      chat.resyncs = 0
      chat.resyncDue = 0
      save(chat)
      restartIntents(of: number)
    }
    disconnects = true
  }
}
