// What simulations look at: the groups behind the chats, which no screen shows.
#if !hasFeature(Embedded)
import CryptoInterface
import Identity
import MLS

/// A room as this client has it.
package struct RoomProbe: Sendable {
  package var number: UInt32
  package var conversation: UInt32
  package var roomURI: [UInt8]
  package var kind: ChatKind
  package var isActive: Bool
  package var needsResync: Bool
  package var group: Group
  package var groupKey: [UInt8]
  package var title: String
  package var members: [AccountID]
}

extension Messenger {
  /// Rooms that have a group.
  /// - Parameter load: reads the store.
  package func probes(load: (LoadRequest) -> [StoredRecord]) -> [RoomProbe] {
    var core = core
    var result: [RoomProbe] = []
    for chat in core.chats.values.sorted(by: { $0.number < $1.number }) where !chat.group.isEmpty {
      var group: Group?
      while group == nil {
        do throws(Stop) { group = try core.group(chat.group) } catch {
          guard case .load(let request) = error else { break }
          core.cache.add(load(request), answering: request)
        }
      }
      guard let group else { continue }
      result.append(
        RoomProbe(
          number: chat.number, conversation: chat.conversation, roomURI: chat.roomURI, kind: chat.kind, isActive: chat.state == .active,
          needsResync: chat.needsResync, group: group, groupKey: chat.groupKey, title: chat.title, members: chat.members))
    }
    return result
  }

  /// Intents that wait, in words.
  package var waitingIntents: [String] { core.outbox.map { "\($0.intent.name) in \($0.chat)\($0.prepared == nil ? "" : ", prepared"), attempt \($0.attempts)" } }
}

extension Intent {
  var name: StaticString {
    switch self {
    case .message: "message"
    case .report: "report"
    case .ownDevices: "own devices"
    case .register: "register"
    case .add: "add"
    case .addOwnDevices: "add own devices"
    case .remove: "remove"
    case .expelRevoked: "expel revoked"
    case .profile: "profile"
    case .role: "role"
    case .leave: "leave"
    case .update: "update"
    case .commitProposals: "commit proposals"
    case .history: "history"
    }
  }
}

extension Messenger {
  /// Signs what no command signs.
  package var signatureKeyForSimulations: SignaturePrivateKey? { core.own?.signatureKeyPair.privateKey }
  package var administratorKeyForSimulations: SignatureKeyPair? { core.own?.administratorKeyPair }
  package func chainForSimulations(_ account: AccountID) -> Chain? { core.chains[account] }
}

extension Messenger {
  package var feedMarkForSimulations: FeedMark? { core.feed?.mark }
  package var houseForSimulations: SignedHouse? { core.house }
}
#endif
