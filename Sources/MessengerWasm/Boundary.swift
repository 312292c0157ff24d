// The engine's inputs and effects as bytes: what crosses between JavaScript and wasm. An agreement inside one build, like the operations' numbers.
import BoringSSLProvider
import Content
import CryptoInterface
import Identity
import Messenger
import TLSCodec

/// The engine that this instance runs.
struct EngineTable {
  private var engine: Messenger<BoringSSLProvider>?

  mutating func perform(_ operation: Operation, _ input: [UInt8]) throws(CoreStatus) -> [UInt8] {
    var r = Reader(input)
    do throws(DecodingError) {
      switch operation {
      case .openEngine:
        var settings = EngineSettings()
        settings.sendsReadReports = try r.presence()
        engine = Messenger(storeKey: Secret(try r.fixed(32)), crypto: BoringSSLProvider(), settings: settings)
        return Messenger<BoringSSLProvider>.startRequest.bytes
      case .startEngine:
        let now = try r.uint64()
        guard engine != nil else { throw .invalidValue("no engine") }
        let records = try Boundary.records(&r)
        do throws(MessengerError) { try engine?.start(records, at: now) } catch { throw .invalidValue("records") }
        return []
      case .handle:
        let now = try r.uint64()
        guard let effects = engine?.handle(try Boundary.input(&r), at: now) else { throw .invalidValue("no engine") }
        var w = Writer()
        for effect in effects { Boundary.write(effect, &w) }
        return w.bytes
      case .view:
        guard let view = engine?.view else { throw .invalidValue("no engine") }
        return Boundary.bytes(view)
      default: throw .invalidValue("operation")
      }
    } catch { throw .malformedInput }
  }
}

extension LoadRequest {
  /// `keys(1)`: vectors; `range(2)`: prefix, optional from, limit, newest first; `ranges(3)`: vectors.
  var bytes: [UInt8] {
    var w = Writer()
    switch self {
    case .keys(let keys):
      w.uint8(1)
      for key in keys { w.opaque(key) }
    case .range(let prefix, let from, let limit, let newestFirst):
      w.uint8(2)
      w.opaque(prefix)
      Boundary.write(from, &w)
      w.uint32(UInt32(clamping: limit))
      w.uint8(newestFirst ? 1 : 0)
    case .ranges(let prefixes):
      w.uint8(3)
      for prefix in prefixes { w.opaque(prefix) }
    }
    return w.bytes
  }
}

enum Boundary {
  static func records(_ r: inout Reader) throws(DecodingError) -> [StoredRecord] {
    var records: [StoredRecord] = []
    while !r.isAtEnd {
      let key = try r.opaque()
      records.append(StoredRecord(key: key, value: try r.presence() ? try r.opaque() : nil))
    }
    return records
  }

  static func input(_ r: inout Reader) throws(DecodingError) -> Input {
    switch try r.uint8() {
    case 1: return .connected
    case 2: return .disconnected
    case 3: return .frame(try r.opaque())
    case 4: return .loaded(try records(&r))
    case 5:
      let token = try r.uint32()
      return .command(token: token, try command(&r))
    case 6: return .tick
    case let other: throw .unknownValue(type: "Input", value: UInt64(other))
    }
  }

  private static func text(_ r: inout Reader) throws(DecodingError) -> String { String(decoding: try r.opaque(), as: UTF8.self) }

  private static func secret(_ r: inout Reader) throws(DecodingError) -> LinkSecret {
    let words = try text(&r)
    do { return try LinkSecret(text: words) } catch { throw .invalidValue("code") }
  }

  private static func command(_ r: inout Reader) throws(DecodingError) -> Command {
    switch try r.uint8() {
    case 1:
      let secret = try secret(&r)
      return .setUp(secret, houseName: try text(&r), name: try text(&r), localPart: try text(&r), deviceName: try text(&r))
    case 2:
      let secret = try secret(&r)
      return .enrol(secret, name: try r.presence() ? try text(&r) : nil, localPart: try r.presence() ? try text(&r) : nil, deviceName: try text(&r))
    case 3:
      let secret = try secret(&r)
      return .linkDevice(secret, deviceName: try text(&r))
    case 4: return .inspect(try secret(&r))
    case 5:
      let chat = try r.uint32()
      let words = try text(&r)
      return .send(chat: chat, text: words, inReplyTo: try r.presence() ? MessageID(try r.fixed(32)) : nil)
    case 6: return .openDirect(try AccountID(from: &r))
    case 7:
      let title = try text(&r)
      let color = try r.uint8()
      return .createGroup(title: title, color: color, members: try r.vector(atMost: 10_000))
    case 8:
      let chat = try r.uint32()
      return .rename(chat: chat, title: try text(&r))
    case 9:
      let chat = try r.uint32()
      return .setColor(chat: chat, color: try r.uint8())
    case 10:
      let chat = try r.uint32()
      return .add(chat: chat, try r.vector(atMost: 10_000))
    case 11:
      let chat = try r.uint32()
      return .remove(chat: chat, try r.vector(atMost: 10_000))
    case 12:
      let chat = try r.uint32()
      let account = try AccountID(from: &r)
      return .setRole(chat: chat, account, isAdministrator: try r.presence())
    case 13: return .leave(chat: try r.uint32())
    case 14: return .markRead(chat: try r.uint32())
    case 15: return .typing(chat: try r.uint32())
    case 16:
      let chat = try r.uint32()
      let before = try r.presence() ? LinePlace(bytes: try r.opaque()) : nil
      return .messages(chat: chat, before: before, limit: Int(clamping: try r.uint32()))
    case 17: return .find(try text(&r))
    case 18: return .resolve(localPart: try text(&r))
    case 19: return .safetyNumber(try AccountID(from: &r))
    case 20: return .markVerified(try AccountID(from: &r))
    case 21: return .confirmReset(try AccountID(from: &r))
    case 22: return .openLink
    case 23: return .revokeDevice(try DeviceID(from: &r))
    case 24:
      var wishes: [InvitationWish] = []
      while !r.isAtEnd {
        let name = try text(&r)
        let function = try text(&r)
        let kind = try AccountKind(from: &r)
        let grants = try r.presence()
        wishes.append(InvitationWish(name: name, function: function, kind: kind, grantsAdministrator: grants, notAfter: try r.uint64()))
      }
      return .invite(wishes)
    case 25: return .listInvitations
    case 26: return .withdrawInvitation(key: try r.opaque())
    case 27: return .setPolicy(try r.vector(atMost: 256))
    case 28: return .rejoinAfresh
    case 29: return .openReset(try AccountID(from: &r))
    case let other: throw .unknownValue(type: "Command", value: UInt64(other))
    }
  }

  // MARK: Out

  static func write(_ bytes: [UInt8]?, _ w: inout Writer) {
    w.uint8(bytes == nil ? 0 : 1)
    if let bytes { w.opaque(bytes) }
  }
  private static func write(_ text: String, _ w: inout Writer) { w.opaque(Array(text.utf8)) }

  static func write(_ effect: Effect, _ w: inout Writer) {
    switch effect {
    case .write(let changes):
      w.uint8(1)
      w.vector { (w: inout Writer) in
        for change in changes {
          w.opaque(change.key)
          write(change.value, &w)
        }
      }
    case .send(let frame):
      w.uint8(2)
      w.opaque(frame)
    case .event(let event):
      w.uint8(3)
      w.vector { (w: inout Writer) in write(event, &w) }
    case .load(let request):
      w.uint8(4)
      w.opaque(request.bytes)
    case .wake(let time):
      w.uint8(5)
      w.uint64(time)
    case .disconnect: w.uint8(6)
    }
  }

  private static func write(_ event: Event, _ w: inout Writer) {
    switch event {
    case .completed(let token, let result):
      w.uint8(1)
      w.uint32(token)
      write(result, &w)
    case .connection(let state):
      w.uint8(2)
      w.uint8(state.rawValue)
    case .line(let line):
      w.uint8(3)
      write(line, &w)
    case .chatChanged(let chat):
      w.uint8(4)
      w.uint32(chat)
    case .typing(let chat, let account):
      w.uint8(5)
      w.uint32(chat)
      account.encode(to: &w)
    case .policyChanged: w.uint8(6)
    case .outboxEmpty: w.uint8(7)
    case .personChanged(let account):
      w.uint8(8)
      account.encode(to: &w)
    case .deviceLinked(let device):
      w.uint8(9)
      device.encode(to: &w)
    case .alarm(let alarm):
      w.uint8(10)
      w.uint8(alarm.rawValue)
    case .trouble(let error):
      w.uint8(11)
      write(error.code.description, &w)
    }
  }

  private static func write(_ result: CommandResult, _ w: inout Writer) {
    switch result {
    case .done: w.uint8(1)
    case .failed(let error):
      w.uint8(2)
      write(error.code.description, &w)
      if case .refused(let code) = error { w.uint16(code) } else { w.uint16(0) }
    case .chat(let chat):
      w.uint8(3)
      w.uint32(chat)
    case .message(let id):
      w.uint8(4)
      w.fixed(id.bytes)
    case .lines(let lines):
      w.uint8(5)
      for line in lines { write(line, &w) }
    case .people(let people):
      w.uint8(6)
      for person in people { write(person, &w) }
    case .safetyNumber(let number):
      w.uint8(7)
      write(number.digits, &w)
      write(number.qrText, &w)
      w.uint8(number.isVerified ? 1 : 0)
    case .link(let secret):
      w.uint8(8)
      write(secret.text, &w)
    case .invitation(let invitation):
      w.uint8(9)
      write(invitation, &w)
    case .invitations(let invitations):
      w.uint8(10)
      for invitation in invitations { write(invitation, &w) }
    }
  }

  private static func write(_ invitation: InvitationView, _ w: inout Writer) {
    write(invitation.name, &w)
    write(invitation.function, &w)
    invitation.kind.encode(to: &w)
    w.uint64(invitation.notAfter)
    w.opaque(invitation.key)
    write(invitation.secret?.text ?? "", &w)
    write(invitation.houseName, &w)
  }

  private static func write(_ person: PersonView, _ w: inout Writer) {
    person.account.encode(to: &w)
    person.kind.encode(to: &w)
    write(person.name, &w)
    write(person.localPart, &w)
    write(person.function, &w)
    w.uint8(person.isVerified ? 1 : 0)
  }

  private static func write(_ line: LineView, _ w: inout Writer) {
    w.uint32(line.chat)
    w.opaque(line.place.bytes)
    w.uint8(line.kind.rawValue)
    w.fixed(line.id.bytes)
    line.sender.encode(to: &w)
    write(line.senderName, &w)
    w.uint8(line.isOwn ? 1 : 0)
    w.uint64(line.time ?? 0)
    write(line.text, &w)
    write(line.inReplyTo?.bytes, &w)
    w.uint8(line.state.rawValue)
    w.vector(line.deliveredTo)
    w.vector(line.readBy)
  }

  static func bytes(_ view: EngineView) -> [UInt8] {
    var w = Writer()
    w.uint8(view.isEnrolled ? 1 : 0)
    w.uint8(view.isAdministrator ? 1 : 0)
    w.uint8(view.connection.rawValue)
    w.optional(view.account)
    write(view.address, &w)
    write(view.name, &w)
    write(view.houseName, &w)
    write(view.domain, &w)
    w.uint8(view.alarm?.rawValue ?? 0)
    w.uint32(UInt32(clamping: view.waiting))
    w.uint8(view.isCaughtUp ? 1 : 0)
    w.optional(view.policy)
    w.vector { (w: inout Writer) in
      for chat in view.chats {
        w.uint32(chat.number)
        w.uint8(chat.kind.rawValue)
        write(chat.title, &w)
        w.uint8(chat.color)
        w.uint8((chat.isOpen ? 1 : 0) | (chat.isFrozen ? 2 : 0))
        w.vector(chat.members)
        w.vector(chat.administrators)
        w.uint32(chat.unread)
        w.uint64(chat.lastTime)
        write(chat.lastText, &w)
        write(chat.lastSenderName, &w)
        w.optional(chat.peer)
      }
    }
    w.vector { (w: inout Writer) in
      for device in view.devices {
        device.id.encode(to: &w)
        write(device.name, &w)
        w.uint8(device.isThis ? 1 : 0)
      }
    }
    w.vector { (w: inout Writer) in for person in view.people { write(person, &w) } }
    return w.bytes
  }
}
