// One message from keyboard to screen, on the real engine and the real server: the stations that it passes are those of docs/message-path.md.
import CryptoInterface
import Delivery
import DeliveryConformance
import Foundation
import Identity
import Messenger
import SwiftCryptoProvider
import Synchronization
import TLSCodec
import Testing
import Wire

@Suite struct MessagePathTests {
  @Test func aMessagePassesItsStations() throws {
    let house = try SimulatedHouse()
    let people = try house.people(["Anna", "Bert"])
    let chat = try people[0].openDirect(people[1])
    try people[0].send("Guten Morgen", to: chat)
    // Until nothing is due any more: new leaves get their first own keys.
    house.run(for: 30_000)

    let trace = Trace()
    let sender = TracedClient(people[0], .sender, trace, house)
    let receiver = TracedClient(people[1], .receiver, trace, house)
    for client in [sender, receiver] { client.connect() }
    settle([sender, receiver])
    #expect(sender.client.view.isCaughtUp && receiver.client.view.isCaughtUp)

    let text = "Treffen um acht"
    trace.begin()
    sender.give(.command(token: 77, .send(chat: chat, text: text, inReplyTo: nil)))
    sender.carryOut()
    receiver.takeIn()
    receiver.carryOut()
    sender.takeIn()
    let stations = trace.end()
    settle([sender, receiver])

    let documented = try Self.documented()
    #expect(stations == documented)
    // Nobody on the way could have read it.
    for bytes in trace.bytes + sender.client.records.values + receiver.client.records.values { #expect(!bytes.contains(Array(text.utf8))) }
    #expect(!trace.bytes.isEmpty)
    // Nothing of it is left at the server.
    #expect(house.house.store.state.storedRows == 0 && house.house.store.state.storedBodies == 0)
  }

  private func settle(_ clients: [TracedClient]) {
    var moved = true
    while moved {
      moved = false
      for client in clients {
        if client.carryOut() { moved = true }
        if client.takeIn() { moved = true }
      }
    }
  }

  /// Where and station of each row of the page's table.
  private static func documented() throws -> [String] {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let page = try String(contentsOf: root.appending(path: "docs/message-path.md"), encoding: .utf8)
    var stations: [String] = []
    for line in page.split(separator: "\n") where line.hasPrefix("| ") {
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      if cells.count > 2, Int(cells[0]) != nil { stations.append(cells[1] + " " + cells[2].replacing("`", with: "")) }
    }
    return stations
  }
}

/// What was seen, in order.
private final class Trace: Sendable {
  private struct State {
    var isOn = false
    var stations: [String] = []
    var bytes: [[UInt8]] = []
    var rows = 0
  }
  private let state = Mutex(State())

  var bytes: [[UInt8]] { state.withLock { $0.bytes } }
  func begin() { state.withLock { $0.isOn = true } }
  func end() -> [String] {
    state.withLock { state in
      state.isOn = false
      return state.stations
    }
  }
  /// The same station twice in a row is one.
  func pass(_ place: Place, _ station: String) {
    state.withLock { state in
      let name = place.rawValue + " " + station
      if state.isOn, state.stations.last != name { state.stations.append(name) }
    }
  }
  func carried(_ bytes: [UInt8]) { state.withLock { if $0.isOn { $0.bytes.append(bytes) } } }

  /// The server's output to a client, looked at when it leaves: then the transaction is over.
  func left(_ frame: [UInt8], to place: Place, store: MemoryDeliveryStore) {
    guard !frame.isEmpty, let decoded = try? ServerFrame(decoding: frame) else { return }
    carried(frame)
    let rows = store.state.storedRows
    let before = state.withLock { state in
      defer { state.rows = rows }
      return state.rows
    }
    switch (decoded.content, place) {
    case (.answer(_, .accepted), .sender):
      if rows > before { pass(.server, "queued") }
      pass(.server, "answered")
    case (.push(.delivery(let delivered)), .receiver):
      if case .message = delivered.body { pass(.server, "pushed") }
    case (.answer(_, .done), .receiver):
      if rows < before { pass(.server, "deleted") }
    default: break
    }
  }
}

private enum Place: String {
  case sender, server, receiver
}

/// A simulated client whose effects are carried out one by one, with a note of each.
private final class TracedClient {
  let client: SimulatedClient
  private let place: Place
  private let trace: Trace
  private let house: SimulatedHouse
  private let incoming = ReceivedFrames()
  private var outgoing: [[UInt8]] = []
  private var connection: ConnectionID?
  private var hasArrived = false

  init(_ client: SimulatedClient, _ place: Place, _ trace: Trace, _ house: SimulatedHouse) {
    self.client = client
    self.place = place
    self.trace = trace
    self.house = house
    client.disconnect()
  }

  func connect() {
    house.nextConnection += 1
    let id = ConnectionID(house.nextConnection)
    connection = id
    let (incoming, trace, place, store) = (incoming, trace, place, house.house.store)
    house.house.hub.open(
      id, address: AddressTag([1]),
      output: { frame in
        trace.left(frame, to: place, store: store)
        incoming.append(frame)
      })
    give(.connected)
  }

  /// Brings what waits to the server.
  @discardableResult
  func carryOut() -> Bool {
    guard let connection else { return false }
    let frames = outgoing
    outgoing = []
    for frame in frames { house.house.hub.receive([(connection, frame)], at: house.now) }
    return !frames.isEmpty
  }

  /// Gives what has come to the engine.
  @discardableResult
  func takeIn() -> Bool {
    let frames = incoming.take()
    for frame in frames where !frame.isEmpty {
      if place == .receiver, case .push(.delivery(let delivered))? = (try? ServerFrame(decoding: frame))?.content, case .message = delivered.body {
        trace.pass(.receiver, "arrived")
      }
      give(.frame(frame))
    }
    return !frames.isEmpty
  }

  func give(_ input: Input) {
    if case .command = input { trace.pass(place, "typed") }
    carry(out: client.messenger.handle(input, at: house.now))
  }

  private func carry(out effects: [Effect]) {
    for effect in effects {
      switch effect {
      case .write(let changes):
        note(changes)
        for change in changes { client.records[change.key] = change.value }
      case .send(let frame):
        trace.carried(frame)
        if let request = (try? ClientFrame(decoding: frame))?.request { note(request) }
        outgoing.append(frame)
      case .event(.line(let line)): note(line)
      case .event, .wake, .disconnect: break
      case .load(let request): carry(out: client.messenger.handle(.loaded(client.load(request)), at: house.now))
      }
    }
  }

  /// By the kinds of docs/protocol/storage.md: 3 mailbox, 10 outbox, 64 group, 65 message.
  private func note(_ changes: [StoreChange]) {
    let written = Set(changes.compactMap { $0.value == nil ? nil : $0.key[0] })
    let deleted = Set(changes.compactMap { $0.value == nil ? $0.key[0] : nil })
    switch place {
    // The line, the intent, the request that carries it and the ratchet that has stepped: all or nothing.
    case .sender where written.isSuperset(of: [65, 10, 64]): trace.pass(place, "stored")
    case .sender where written.contains(65) && deleted.contains(10): trace.pass(place, "dated")
    // The line, the ratchet and the place in the mailbox: all or nothing.
    case .receiver where written.isSuperset(of: [65, 64, 3]): trace.pass(place, "kept")
    default: break
    }
  }

  private func note(_ request: Request) {
    switch (request, place) {
    case (.send, .sender): trace.pass(place, "sent")
    case (.acknowledge, .receiver): trace.pass(place, "acknowledged")
    case (.send, .receiver): trace.pass(place, "reported")
    default: break
    }
  }

  private func note(_ line: LineView) {
    switch (line.state, place) {
    case (.pending, .sender): trace.pass(place, "shown")
    case (.accepted, .sender): trace.pass(place, line.deliveredTo.isEmpty ? "ticked" : "ticked twice")
    case (.received, .receiver): trace.pass(place, "shown")
    default: break
    }
  }
}
