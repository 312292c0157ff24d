// Random days in a house whose disk fails, whose server starts again and whose answers get lost: every message arrives once, in one order for everybody.
import CryptoInterface
import Delivery
import DeliveryConformance
import Identity
import MLS
import Testing
import Wire

@Suite struct SimulationTests {
  /// SplitMix64 (Steele, Lea, Flood 2014).
  struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }

  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func everyMessageArrivesOnce(seed: UInt64) throws {
    var random = Generator(state: seed)
    let q = try Quartet()
    try q.anna.add([q.dora], to: q.room)
    try q.settle()
    var sent: [String] = []
    var authors: [String: Int] = [:]

    /// Asks until an answer comes that is one: the disk may fail, the answer may be lost with the connection.
    func insist(_ request: Request, by device: MemoryDevice) throws -> Answer {
      for _ in 0..<20 {
        q.house.store.setFailing(UInt64.random(in: 0..<5, using: &random) == 0)
        let answer = try device.ask(request)
        q.house.store.setFailing(false)
        if refusal(answer) == .unavailable { continue }
        guard UInt64.random(in: 0..<6, using: &random) == 0 else { return answer }
        // Lost: the device connects anew, and what it had not acknowledged comes again.
        try device.connection.look()
        try device.logIn()
        try device.drain()
      }
      throw TestFailure("no answer in twenty attempts")
    }

    for step in 0..<60 {
      let who = Int.random(in: 0..<4, using: &random)
      let device = q.all[who]
      q.house.now += UInt64.random(in: 0..<2_000, using: &random)
      switch UInt64.random(in: 0..<10, using: &random) {
      case 0..<5:
        let text = "\(step)"
        // Re-encrypted until the epoch fits.
        for attempt in 0..<5 {
          let answer = try insist(.send(try device.sendRequest(text, in: q.room)), by: device)
          if isAccepted(answer) {
            sent.append(text)
            authors[text] = who
            break
          }
          guard refusal(answer) == .stale, attempt < 4 else { throw TestFailure("\(answer)") }
          try device.settle()
        }
      case 5, 6:
        if try device.room(q.room).group.pendingCommit != nil { break }
        let answer = try insist(.commit(try device.makeCommit(in: q.room)), by: device)
        if isAccepted(answer) {
          // Half of the devices crash before they notice, and recognise their commit in the mailbox.
          if Bool.random(using: &random) { try device.adopt(q.room) }
        } else {
          guard refusal(answer) == .epochTaken else { throw TestFailure("\(answer)") }
          device.groups[q.room]?.group.discardPendingCommit()
        }
      case 7:
        q.house.restart()
        for device in q.all {
          try device.connection.look()
          try device.logIn()
          try device.drain()
        }
      case 8: try q.house.hub.expire(at: q.house.now)
      default: try device.settle()
      }
    }
    try q.settle()
    for (i, device) in q.all.enumerated() {
      #expect(device.texts == sent.filter { authors[$0] != i }, "seed \(seed), device \(i)")
    }
    #expect(sent.count > 10)
    #expect(q.house.store.state.storedRows == 0 && q.house.store.state.storedBodies == 0)
  }
}
