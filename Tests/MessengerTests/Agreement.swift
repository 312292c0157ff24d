// What simulations ask of a house that has come to rest: everybody in a room sees the same group.
import CryptoInterface
import Delivery
import DeliveryConformance
import Identity
import MLS
import Messenger

extension SimulatedClient {
  var rooms: [RoomProbe] { messenger.probes(load: load) }

  func room(_ chat: UInt32) throws -> RoomProbe {
    guard let room = rooms.first(where: { $0.conversation == chat && $0.isActive }) ?? rooms.first(where: { $0.number == chat }) else {
      throw TestFailure("\(name): no room \(chat)")
    }
    return room
  }

  /// Shows a code, and lets a new client join by it.
  func link(_ deviceName: String, _ settings: EngineSettings? = nil) throws -> SimulatedClient {
    guard case .link(let secret) = try perform(.openLink) else { throw TestFailure("no link") }
    let new = house.client(deviceName, settings ?? self.settings)
    new.connect()
    house.run()
    try new.perform(.linkDevice(secret, deviceName: deviceName))
    house.run(for: 20_000)
    return new
  }

  var device: DeviceID {
    get throws {
      guard let device = view.devices.first(where: { $0.isThis }) else { throw TestFailure("\(name): no device") }
      return device.id
    }
  }

  /// The texts of the chat of this title.
  func texts(titled title: String) throws -> [String] { try texts(try chat(titled: title).number) }
}

extension SimulatedHouse {
  /// - Returns: what is not alike, in words; empty where all agree.
  func disagreements(among clients: [SimulatedClient]? = nil) -> [String] {
    var seen: [[UInt8]: (name: String, room: RoomProbe)] = [:]
    var result: [String] = []
    for client in clients ?? self.clients where !client.hasCrashed && client.view.alarm != .revoked {
      for room in client.rooms where room.isActive {
        if room.needsResync { result.append("\(client.name) needs a resync of \(room.title)") }
        guard let other = seen[room.roomURI] else {
          seen[room.roomURI] = (name: client.name, room: room)
          continue
        }
        let names = "\(client.name) and \(other.name), \(room.kind) \(room.title):"
        if room.group.groupID != other.room.group.groupID { result.append("\(names) group") }
        if room.group.epoch != other.room.group.epoch { result.append("\(names) epoch \(room.group.epoch), \(other.room.group.epoch)") }
        if room.group.epochAuthenticator != other.room.group.epochAuthenticator { result.append("\(names) authenticator") }
        if room.groupKey != other.room.groupKey { result.append("\(names) group key") }
        if room.members != other.room.members { result.append("\(names) members \(room.members.count), \(other.room.members.count)") }
        if room.title != other.room.title { result.append("\(names) title, \(other.room.title)") }
      }
      if client.view.waiting > 0 { result.append("\(client.name) waits: \(client.messenger.waitingIntents)") }
    }
    return result
  }
}

/// A house at a moment: what the server and every client have stored.
struct HouseSnapshot {
  fileprivate var server: DeliveryState
  fileprivate var records: [[[UInt8]: [UInt8]]]
}

extension SimulatedHouse {
  func snapshot() -> HouseSnapshot { HouseSnapshot(server: house.store.state, records: clients.map { $0.records }) }

  /// Everybody goes back to that moment, but the clock; all processes start again.
  func restore(_ snapshot: HouseSnapshot) throws {
    for client in clients { client.disconnect() }
    house.store.state = snapshot.server
    house.restart()
    for (client, records) in zip(clients, snapshot.records) {
      client.records = records
      client.events = []
      client.outcomes = [:]
      client.filter = { _ in true }
      client.tamper = { $0 }
      try client.restart()
      client.connect()
    }
    run()
  }
}
