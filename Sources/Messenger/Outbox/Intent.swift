// What this client wants to happen. Intents are stored, not finished commits: after a lost race the commit is made again from the intent.
import Identity
import TLSCodec

indirect enum Intent: Sendable {
  /// A message that stands in the chat as pending.
  case message(id: [UInt8])
  /// Delivered or read, for ids of one chat.
  case report(status: UInt8, ids: [[UInt8]])
  /// For the own devices: type and body of the payload.
  case ownDevices(type: UInt8, body: [UInt8])
  /// The group of a new room becomes known to the server.
  case register
  /// All devices of these accounts come in; those that are there already are passed over.
  case add([AccountID])
  /// Own devices that are not in the group yet come in.
  case addOwnDevices
  /// These accounts go, with all devices.
  case remove([AccountID])
  /// Devices that their chains have revoked go.
  case expelRevoked
  case profile(title: String, color: UInt8)
  case role(AccountID, isAdministrator: Bool)
  case leave
  /// The own leaf gets a new key.
  case update
  /// Proposals that wait are committed, where nobody else does it.
  case commitProposals
  /// Stored messages for a new device of this account, newest first; the cursor says what was sent.
  case history(device: DeviceID, round: UInt32)

  func encode(to w: inout Writer) {
    switch self {
    case .message(let id):
      w.uint8(1)
      w.opaque(id)
    case .report(let status, let ids):
      w.uint8(2)
      w.uint8(status)
      w.vector { (w: inout Writer) in for id in ids { w.opaque(id) } }
    case .ownDevices(let type, let body):
      w.uint8(3)
      w.uint8(type)
      w.opaque(body)
    case .register: w.uint8(4)
    case .add(let accounts):
      w.uint8(5)
      w.vector(accounts)
    case .addOwnDevices: w.uint8(6)
    case .remove(let accounts):
      w.uint8(7)
      w.vector(accounts)
    case .expelRevoked: w.uint8(8)
    case .profile(let title, let color):
      w.uint8(9)
      w.text(title)
      w.uint8(color)
    case .role(let account, let isAdministrator):
      w.uint8(10)
      account.encode(to: &w)
      w.uint8(isAdministrator ? 1 : 0)
    case .leave: w.uint8(11)
    case .update: w.uint8(12)
    case .history(let device, let round):
      w.uint8(13)
      device.encode(to: &w)
      w.uint32(round)
    case .commitProposals: w.uint8(14)
    }
  }

  init(from r: inout Reader) throws(DecodingError) {
    switch try r.uint8() {
    case 1: self = .message(id: try r.opaque())
    case 2:
      let status = try r.uint8()
      var list = try r.nested()
      var ids: [[UInt8]] = []
      while !list.isAtEnd { ids.append(try list.opaque()) }
      self = .report(status: status, ids: ids)
    case 3:
      let type = try r.uint8()
      self = .ownDevices(type: type, body: try r.opaque())
    case 4: self = .register
    case 5: self = .add(try r.vector(atMost: 100_000))
    case 6: self = .addOwnDevices
    case 7: self = .remove(try r.vector(atMost: 100_000))
    case 8: self = .expelRevoked
    case 9:
      let title = try r.text()
      self = .profile(title: title, color: try r.uint8())
    case 10:
      let account = try AccountID(from: &r)
      self = .role(account, isAdministrator: try r.presence())
    case 11: self = .leave
    case 12: self = .update
    case 13:
      let device = try DeviceID(from: &r)
      self = .history(device: device, round: try r.uint32())
    case 14: self = .commitProposals
    case let other: throw .unknownValue(type: "Intent", value: UInt64(other))
    }
  }

  /// Whether it ends in an application message, which needs no answer before the next one of the chat goes.
  var isMessage: Bool {
    switch self {
    case .message, .report, .ownDevices, .history: true
    default: false
    }
  }
}

/// An intent in its place. Entries of a chat are carried out in order.
struct OutboxEntry: Sendable {
  var sequence: UInt64
  /// The room's number.
  var chat: UInt32
  var intent: Intent
  /// The request that carries it, encoded, once it was made: it goes out again, unchanged, until it is answered.
  var prepared: [UInt8]?
  var attempts: UInt32 = 0
  /// Milliseconds: not to be tried before.
  var notBefore: UInt64 = 0
  /// The number of the request under way on this connection; not stored.
  var underWay: UInt32?
  /// Key packages that were claimed for it; not stored, the server remembers the claim's answer.
  var claimID: [UInt8]?

  init(sequence: UInt64, chat: UInt32, intent: Intent) {
    self.sequence = sequence
    self.chat = chat
    self.intent = intent
  }

  /// Whether it is, or will be, a message: other requests are alone under way in their chat. An intent that ends in a message may have to commit first.
  var carriesMessage: Bool {
    guard let prepared else { return intent.isMessage }
    var r = Reader(prepared)
    return (try? r.uint16()) == Self.sendType
  }
  /// On the wire.
  private static let sendType: UInt16 = 52

  func encoded() -> [UInt8] {
    var w = Writer()
    w.uint16(1)
    w.uint64(sequence)
    w.uint32(chat)
    intent.encode(to: &w)
    w.uint8(prepared == nil ? 0 : 1)
    if let prepared { w.opaque(prepared) }
    w.uint32(attempts)
    w.uint64(notBefore)
    w.uint8(claimID == nil ? 0 : 1)
    if let claimID { w.opaque(claimID) }
    return w.bytes
  }

  init(decoding bytes: [UInt8]) throws(DecodingError) {
    var r = Reader(bytes)
    try r.version(1)
    sequence = try r.uint64()
    chat = try r.uint32()
    intent = try Intent(from: &r)
    prepared = try r.presence() ? try r.opaque() : nil
    attempts = try r.uint32()
    notBefore = try r.uint64()
    claimID = try r.presence() ? try r.opaque() : nil
    try r.finish()
  }
}

extension Core {
  mutating func save(_ entry: OutboxEntry) {
    put(key(.outbox, [UInt8](bigEndian: entry.sequence)), entry.encoded())
  }

  /// Adds an intent at the end. Reports to the same chat that wait are merged.
  mutating func want(_ intent: Intent, in chat: UInt32) {
    if case .report(let status, let ids) = intent {
      for i in outbox.indices where outbox[i].chat == chat && outbox[i].prepared == nil {
        if case .report(status, let waiting) = outbox[i].intent, waiting.count + ids.count <= 100 {
          outbox[i].intent = .report(status: status, ids: waiting + ids.filter { !waiting.contains($0) })
          save(outbox[i])
          return
        }
      }
    }
    let isRepeatable: Bool
    switch intent {
    case .addOwnDevices, .expelRevoked, .update, .commitProposals, .register, .leave: isRepeatable = true
    default: isRepeatable = false
    }
    if isRepeatable {
      for entry in outbox where entry.chat == chat && entry.prepared == nil {
        switch (entry.intent, intent) {
        case (.addOwnDevices, .addOwnDevices), (.expelRevoked, .expelRevoked), (.update, .update), (.commitProposals, .commitProposals),
          (.register, .register), (.leave, .leave): return
        default: break
        }
      }
    }
    let entry = OutboxEntry(sequence: nextOutbox, chat: chat, intent: intent)
    nextOutbox += 1
    outbox.append(entry)
    save(entry)
  }

  mutating func finish(_ sequence: UInt64) {
    guard let i = outbox.firstIndex(where: { $0.sequence == sequence }) else { return }
    outbox.remove(at: i)
    put(key(.outbox, [UInt8](bigEndian: sequence)), nil)
  }
}
