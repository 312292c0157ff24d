// Chains as a whole: looking back, comparing copies, random histories, damaged bytes.
import CryptoInterface
import Identity
import TLSCodec
import Testing

@Suite struct ChainTests {
  let house: TestHouse
  init() throws { house = try TestHouse() }

  @Test func chainsAreReadAgain() throws {
    var anna = try house.enrol()
    try anna.add()
    try anna.addRecoveryKey(by: 1)
    try anna.rotate(0)
    try anna.revoke(1)
    try anna.recover()
    try anna.reset(house)
    let again = try Chain(anna.chain.statements, house: house.house, using: crypto)
    #expect(again == anna.chain)
    #expect(again.length == 7)
    for bytes in anna.chain.statements { #expect(try SignedStatement(received: bytes).encoded() == bytes) }
    #expect(again.head(at: 0) == nil)
    #expect(again.head(at: 8) == nil)
    #expect(again.state(at: 0) == nil)
    #expect(again.state(at: 8) == nil)
    #expect(again.head(at: 7) == again.head)
  }

  @Test func copiesAreCompared() throws {
    var anna = try house.enrol()
    let short = anna.chain
    try anna.add()
    let left = anna.chain
    var other = anna
    other.chain = short
    try other.add()
    let right = other.chain
    #expect(short.isPrefix(of: left))
    #expect(left.isPrefix(of: left))
    #expect(!left.isPrefix(of: short))
    #expect(!left.isPrefix(of: right))
    #expect(throws: Never.self) { try short.requireExtension(left) }
    #expect(throws: Never.self) { try left.requireExtension(left) }
    #expect(throws: IdentityError.shorter) { try left.requireExtension(short) }
    #expect(throws: IdentityError.fork) { try left.requireExtension(right) }
    try other.add()
    #expect(throws: IdentityError.fork) { try left.requireExtension(other.chain) }
    #expect(throws: IdentityError.fork) { try other.chain.requireExtension(left) }
    let stranger = try house.enrol().chain
    #expect(throws: IdentityError.wrongAccount) { try left.requireExtension(stranger) }
  }

  /// Random histories: whoever is active acts; what comes out is the same however it is read, and each earlier length is as it was.
  @Test(arguments: 0..<12) func randomHistories(_ seed: Int) throws {
    var generator = SeededGenerator(UInt64(seed))
    var anna = try house.enrol()
    var states = [anna.chain.state]
    var resets: UInt32 = 0
    for _ in 0..<40 {
      let active = anna.devices.indices.filter { anna.isActive($0) }
      let actor = try #require(active.randomElement(using: &generator))
      let before = anna
      switch Int.random(in: 0..<12, using: &generator) {
      case 0..<4: try anna.add(by: actor)
      case 4, 5: try anna.rotate(actor)
      case 6:
        if anna.chain.state.recoveryKeys.count < IdentityLimits.recoveryKeys { try anna.addRecoveryKey(by: actor) }
      case 7..<10:
        let target = try #require(active.randomElement(using: &generator))
        do {
          try anna.revoke(target, by: actor, cutOff: UInt32.random(in: 0...anna.chain.length, using: &generator))
          #expect(!anna.isActive(target))
          // Nobody is active whom a device added from the cut-off on, and somebody is left.
          #expect(actor == target || anna.isActive(actor))
        } catch let error as IdentityError {
          #expect(error == .lastDevice || error == .cutOff)
          #expect(anna.chain == before.chain)
        }
      case 10:
        let keys = anna.chain.state.recoveryKeys.map { $0.key }
        if let i = anna.recoveryKeys.firstIndex(where: { keys.contains($0.publicKey) }) {
          try anna.recover(i)
          #expect(anna.chain.state.devices.count == 1)
        }
      default:
        try anna.reset(house)
        resets += 1
        #expect(anna.chain.state.devices.count == 1)
      }
      #expect(!anna.chain.state.devices.isEmpty)
      if anna.chain.length > before.chain.length { states.append(anna.chain.state) }
    }
    #expect(anna.chain.state.resetCount == resets)
    #expect(anna.chain.state.account == states[0].account)
    #expect(try Chain(anna.chain.statements, house: house.house, using: crypto) == anna.chain)
    for (i, state) in states.enumerated() {
      #expect(anna.chain.state(at: UInt32(i) + 1) == state)
      #expect(anna.chain.head(at: UInt32(i) + 1) == state.head)
    }
    // A statement left out, doubled or in another place is noticed.
    let statements = anna.chain.statements
    for _ in 0..<4 where statements.count > 2 {
      var changed = statements
      let i = Int.random(in: 0..<statements.count - 1, using: &generator)
      changed.remove(at: i)
      #expect(throws: IdentityError.self) { try Chain(changed, house: house.house, using: crypto) }
      changed = statements
      changed.insert(statements[i], at: i)
      #expect(throws: IdentityError.self) { try Chain(changed, house: house.house, using: crypto) }
      changed = statements
      changed.swapAt(i, i + 1)
      #expect(throws: IdentityError.self) { try Chain(changed, house: house.house, using: crypto) }
    }
  }

  /// No change of a single bit, and no cut, gets through.
  @Test func everyDamageIsRefused() throws {
    var anna = try house.enrol()
    try anna.add()
    try anna.revoke(1)
    let statements = anna.chain.statements
    for (i, statement) in statements.enumerated() {
      for place in statement.indices {
        var changed = statements
        changed[i][place] ^= 1 << UInt8(place % 8)
        #expect(throws: IdentityError.self) { try Chain(changed, house: house.house, using: crypto) }
      }
      for count in 0..<statement.count {
        #expect(throws: IdentityError.self) { try SignedStatement(received: Array(statement.prefix(count))) }
      }
      #expect(throws: IdentityError.decoding(.trailingBytes)) { try SignedStatement(received: statement + [0]) }
    }
    #expect(try Chain(statements, house: house.house, using: crypto) == anna.chain)
  }
}
