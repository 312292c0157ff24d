// Messages, mailboxes and frames from clients that do not keep to the protocol.
import CryptoInterface
import Delivery
import DeliveryConformance
import Identity
import MLS
import SwiftCryptoProvider
import Testing
import TLSCodec
import Wire

@Suite struct HostileMessageTests {
  @Test func aMessageAskedAgainIsDeliveredOnce() throws {
    let q = try Quartet()
    let request = try q.anna.sendRequest("once", in: q.room)
    let answer = try q.anna.ask(.send(request))
    #expect(isAccepted(answer))
    let after = q.house.store.state
    #expect(try q.anna.ask(.send(request)) == answer)
    #expect(q.house.store.state == after)
    q.house.restart()
    for device in q.all {
      try device.logIn()
      try device.drain()
    }
    #expect(try q.anna.ask(.send(request)) == answer)
    try q.settle()
    #expect(q.bert.texts == ["once"])
  }

  @Test func messagesOfStrangersAndWithWrongKeys() throws {
    let q = try Quartet()
    let good = try q.anna.sendRequest("hello", in: q.room)
    try refused(.notMember, .send(good), by: q.dora)
    var request = good
    request.key = q.house.crypto.random(32)
    try refused(.wrongGroupKey, .send(request), by: q.anna)
    request = good
    request.message = [1, 2, 3]
    try refused(.malformed, .send(request), by: q.anna)
    request.message = try q.anna.makeCommit(in: q.room).commit
    q.anna.groups[q.room]?.group.discardPendingCommit()
    try refused(.malformed, .send(request), by: q.anna)
    guard case .privateMessage(var message) = try MLSMessage(decoding: good.message) else {
      Issue.record("no private message")
      return
    }
    message.contentType = .commit
    request.message = MLSMessage.privateMessage(message).encoded()
    try refused(.malformed, .send(request), by: q.anna)
    message.contentType = .application
    message.groupID = q.house.crypto.random(32)
    request.message = MLSMessage.privateMessage(message).encoded()
    try refused(.notFound, .send(request), by: q.anna)
    try accepted(.send(good), by: q.anna)
  }

  @Test func theEpochWindow() throws {
    let q = try Quartet()
    let messages = try (0..<3).map { try q.bert.sendRequest("\($0)", in: q.room) }
    try q.anna.commit(in: q.room)
    try accepted(.send(messages[0]), by: q.bert)
    try q.anna.commit(in: q.room)
    try refused(.stale, .send(messages[1]), by: q.bert)
    try q.settle()
    // Not across a removal, though it is the previous epoch.
    let late = try q.bert.sendRequest("late", in: q.room)
    try q.anna.commit([.remove(q.anna.leaf(of: q.clara, in: q.room))], in: q.room)
    try refused(.stale, .send(late), by: q.bert)
    var request = late
    request.key = try q.anna.room(q.room).key
    try refused(.stale, .send(request), by: q.bert)
    try q.settle()
    try q.bert.send("again", in: q.room)
    try q.settle()
    #expect(q.anna.texts == ["0", "again"])
    // Of an epoch that is to come.
    guard case .privateMessage(var message) = try MLSMessage(decoding: late.message) else { throw TestFailure("another answer") }
    message.epoch = try q.anna.room(q.room).group.epoch + 1
    request.message = MLSMessage.privateMessage(message).encoded()
    try refused(.stale, .send(request), by: q.bert)
  }

  @Test func acceptedTimesAreOrdered() throws {
    let q = try Quartet()
    var times: [UInt64] = []
    for i in 0..<4 {
      // The clock stands still, or goes back.
      if i == 2 { q.house.now -= 60_000 }
      guard case .accepted(let accepted) = try q.anna.ask(.send(try q.anna.sendRequest("\(i)", in: q.room))) else { continue }
      times.append(accepted.time)
    }
    #expect(times.count == 4 && times == times.sorted() && Set(times).count == 4)
  }

  @Test func onlyTheOwnMailboxWithItsOwnKey() throws {
    let q = try Quartet()
    let request = q.bert.drainRequest()
    try q.anna.send("hello", in: q.room)
    try refused(.wrongMailbox, .drain(request), by: q.clara)
    for change in [
      { (d: inout Drain) in d.key[0] ^= 1 }, { $0.lowest += 1 }, { $0.lowest = 0 }, { $0.from = 0 }, { $0.from = .max }, { $0.from += 2 },
      { $0.lowest = .max },
    ] as [(inout Drain) -> Void] {
      var wrong = request
      change(&wrong)
      try refused(.wrongMailbox, .drain(wrong), by: q.bert)
    }
    try accepted(.drain(request), by: q.bert)
  }

  @Test func onlyWhatWasDeliveredIsAcknowledged() throws {
    let q = try Quartet()
    let number = q.bert.cursor
    try refused(.wrongMailbox, .acknowledge(Acknowledge(number: number)), by: q.bert)
    try refused(.wrongMailbox, .acknowledge(Acknowledge(number: .max)), by: q.bert)
    try q.anna.send("hello", in: q.room)
    let rows = q.house.store.state.storedRows
    try accepted(.acknowledge(Acknowledge(number: number)), by: q.bert)
    #expect(q.house.store.state.storedRows == rows - 1)
    // Clara's copy of the same body is still there.
    #expect(q.house.store.state.storedBodies == 1)
    try q.clara.settle()
    #expect(q.clara.texts == ["hello"])
    #expect(q.house.store.state.storedBodies == 0)
    // Again: nothing happens.
    let before = q.house.store.state
    try accepted(.acknowledge(Acknowledge(number: number)), by: q.bert)
    #expect(q.house.store.state == before)
  }

  @Test func aDeviceThatAcknowledgesNothingGetsAWindowOnly() throws {
    var limits = DeliveryLimits.generous
    limits.inFlight = 4
    let q = try Quartet(limits: limits)
    for i in 0..<10 { try q.anna.send("\(i)", in: q.room) }
    try q.bert.collect()
    #expect(q.bert.inbox.count == 4)
    // Having stored and not acknowledged them, it comes again and asks from where it stands.
    for delivered in q.bert.inbox { try q.bert.process(delivered) }
    let stored = try #require(q.bert.inbox.last)
    q.bert.inbox = []
    try q.bert.logIn()
    var request = q.bert.drainRequest()
    request.from = stored.number + 1
    try accepted(.drain(request), by: q.bert)
    q.bert.advance(past: stored.number)
    try q.bert.settle()
    #expect(q.bert.texts == (0..<10).map { "\($0)" })
    #expect(q.house.store.state.storedRows == 10)  // Clara's.
  }

  @Test func mailEndsAfterItsDays() throws {
    let q = try Quartet()
    try q.anna.send("old", in: q.room)
    q.house.now += 31 * 86_400_000
    try q.anna.send("new", in: q.room)
    let rows = q.house.store.state.storedRows
    try q.house.hub.expire(at: q.house.now)
    #expect(q.house.store.state.storedRows == rows - 2)
    #expect(q.house.store.state.storedBodies == 1)
    // The device finds its place again with the key that it had.
    try q.bert.logIn()
    try q.bert.drain()
    try q.bert.settle()
    #expect(q.bert.texts == ["new"])
  }

  @Test func ephemeralsAreForMembersAndNotStored() throws {
    let q = try Quartet()
    let key = try q.anna.room(q.room).key
    let request = Request.ephemeral(EphemeralRequest(group: q.room, key: key, payload: [1, 2]))
    try refused(.notMember, request, by: q.dora)
    try refused(.wrongGroupKey, .ephemeral(EphemeralRequest(group: q.room, key: q.house.crypto.random(32), payload: [])), by: q.anna)
    let before = q.house.store.state
    try accepted(request, by: q.anna)
    #expect(q.house.store.state == before)
    for device in q.all { try device.connection.look() }
    #expect(q.bert.connection.pushes.contains(.ephemeral(EphemeralPush(group: q.room, payload: [1, 2]))))
    #expect(!q.anna.connection.pushes.contains(.ephemeral(EphemeralPush(group: q.room, payload: [1, 2]))))
    #expect(!q.dora.connection.pushes.contains(.ephemeral(EphemeralPush(group: q.room, payload: [1, 2]))))
  }

  @Test func framesThatAreNone() throws {
    let q = try Quartet()
    let whole = ClientFrame(number: 77, request: .send(try q.anna.sendRequest("hello", in: q.room))).encoded()
    let before = q.house.store.state
    for length in 4..<whole.count {
      #expect(refusal(try q.anna.connection.ask(frame: Array(whole.prefix(length)), number: 77)) == .malformed)
    }
    #expect(refusal(try q.anna.connection.ask(frame: whole + [0], number: 77)) == .malformed)
    #expect(q.house.store.state == before)
    #expect(isAccepted(try q.anna.connection.ask(frame: whole, number: 77)))
    // Without a number there is nobody to answer: the connection ends, and so it does for what is too large.
    for frame in [[], [0, 0, 0], [0, 0, 0, 0, 0, 1, 0, 1], [UInt8](repeating: 1, count: WireLimits.frameBytes + 1)] {
      let connection = q.house.connect()
      q.house.hub.receive([(connection.id, frame)], at: q.house.now)
      try connection.look()
      #expect(connection.isEnded)
    }
    let largest = SendRequest(
      requestID: q.house.crypto.random(16), key: [UInt8](repeating: 0, count: 32),
      message: [UInt8](repeating: 0, count: WireLimits.messageBytes + 1))
    try refused(.malformed, .send(largest), by: q.anna)
  }

  @Test func aFullDiskChangesNothing() throws {
    let q = try Quartet()
    let request = try q.anna.sendRequest("hello", in: q.room)
    q.house.store.setFailing(true)
    try refused(.unavailable, .send(request), by: q.anna)
    try refused(.unavailable, .commit(try q.bert.makeCommit(in: q.room)), by: q.bert)
    q.bert.groups[q.room]?.group.discardPendingCommit()
    q.house.store.setFailing(false)
    try accepted(.send(request), by: q.anna)
    // What was parsed in the transaction that failed is not in the way.
    #expect(isAccepted(try q.bert.commit(in: q.room)))
    try q.settle()
    try q.clara.send("fine", in: q.room)
    try q.settle()
    #expect(q.anna.texts == ["fine"])
  }
}
