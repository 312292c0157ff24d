// What screens see of the engine's state.
import Content
import Identity
import TLSCodec

extension Core {
  func view(_ message: StoredMessage) -> LineView {
    var text = String(decoding: message.content, as: UTF8.self)
    var inReplyTo: MessageID?
    if message.kind == .message {
      let content = try? MIMIContent(decoding: message.content)
      text = content?.plainText ?? ""
      inReplyTo = content?.inReplyTo
    }
    return LineView(
      chat: message.conversation, place: LinePlace(suffix: message.suffix), kind: message.kind, id: MessageID(message.id) ?? Self.noID,
      sender: message.sender, senderName: name(of: message.sender), isOwn: message.sender == own?.account,
      time: message.time < StoredMessage.pendingTime ? message.time : nil, text: text, inReplyTo: inReplyTo, state: message.state,
      deliveredTo: message.deliveredTo, readBy: message.readBy)
  }

  /// Ids are 32 bytes throughout; this one is never seen.
  private static var noID: MessageID {
    guard let id = MessageID([UInt8](repeating: 0, count: MessageID.size)) else { fatalError("a message id has 32 bytes") }
    return id
  }

  func view(_ chat: Chat) -> ChatView {
    let peer = peer(of: chat)
    return ChatView(
      number: chat.conversation, kind: chat.kind, title: peer.map { name(of: $0) } ?? chat.title, color: chat.color, isOpen: chat.isOpen,
      isFrozen: chat.state == .frozen, members: chat.members, administrators: chat.administrators, unread: chat.unread, lastTime: chat.lastTime,
      lastText: chat.lastText, lastSenderName: chat.lastSender.map { name(of: $0) } ?? "", peer: peer)
  }

  func view(_ chain: Chain) -> PersonView {
    PersonView(
      account: chain.account, kind: chain.state.kind, name: chain.state.name, localPart: chain.state.localPart, function: "",
      isVerified: isVerified(chain.account))
  }

  var view: EngineView {
    let chain = own.flatMap { chains[$0.account] }
    return EngineView(
      isEnrolled: own != nil, isAdministrator: own?.administratorKeyPair != nil, connection: connection.shown, account: own?.account,
      address: chain?.state.address ?? "", name: chain?.state.name ?? "", houseName: house?.house.name ?? "", domain: own?.domain ?? "",
      chats: chats.values.filter { $0.kind != .ownDevices && $0.conversation == $0.number }
        .sorted { ($1.lastTime, $0.number) < ($0.lastTime, $1.number) }.map { view($0) },
      devices: (chain?.state.devices ?? []).map { DeviceView(id: $0.id, name: $0.name, isThis: $0.id == own?.device) },
      policy: policy?.policy, alarm: alarm, waiting: outbox.count + (statement == nil ? 0 : 1), isCaughtUp: isCaughtUp,
      people: chains.values.map { view($0) }.sorted { $0.localPart < $1.localPart })
  }
}
