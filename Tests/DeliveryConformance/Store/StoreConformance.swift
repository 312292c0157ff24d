// What every delivery store must do. Each function gets an empty store; the memory twin and the database run all of them.
import Delivery

/// One rule of a store.
public struct StoreRule<Store: DeliveryStore>: CustomStringConvertible, Sendable {
  public let description: String
  let body: @Sendable (Store) throws -> Void

  init(_ description: String, _ body: @escaping @Sendable (Store) throws -> Void) {
    self.description = description
    self.body = body
  }

  /// - Throws: `TestFailure` where the store breaks the rule.
  public func check(_ store: Store) throws { try body(store) }
}

/// All rules.
public func storeRules<Store: DeliveryStore>(of type: Store.Type = Store.self) -> [StoreRule<Store>] {
  transactionRules() + houseRules() + accountRules() + keyPackageRules() + groupRules() + mailRules()
}

/// A mark that a test throws to leave a transaction.
struct Undo: Error {}

func expect(_ condition: Bool, _ what: String) throws {
  if !condition { throw TestFailure(what) }
}

func expect<T: Equatable>(_ value: T, is expected: T, _ what: String) throws {
  if value != expected { throw TestFailure("\(what): \(value) is not \(expected)") }
}

/// An identifier for tests: `count` times the byte.
func id(_ byte: UInt8, _ count: Int = 16) -> [UInt8] { [UInt8](repeating: byte, count: count) }

func account(_ byte: UInt8, name: String, isActive: Bool = true) -> AccountRecord {
  AccountRecord(
    account: id(byte, 32), kind: 1, name: Array(name.utf8), localPart: Array(name.lowercased().utf8), function: [],
    folded: Array(name.lowercased().utf8), isActive: isActive, length: 1)
}

func device(_ byte: UInt8, of account: UInt8) -> DeviceRecord {
  DeviceRecord(device: id(byte), account: id(account, 32), mailbox: id(byte ^ 0x80), signatureKey: id(byte, 32))
}

private func transactionRules<Store: DeliveryStore>() -> [StoreRule<Store>] {
  [
    StoreRule("a transaction that throws leaves nothing") { store in
      do {
        try store.write { tx in
          _ = try tx.insert(account(1, name: "Anna"), genesis: [1])
          throw Undo()
        }
        throw TestFailure("did not throw")
      } catch is Undo {}
      try expect(try store.read { try $0.account(id(1, 32)) } == nil, "account")
      try store.write { _ = try $0.insert(account(1, name: "Anna"), genesis: [1]) }
      try expect(try store.read { try $0.account(id(1, 32)) } != nil, "control")
    },
    StoreRule("a savepoint that throws leaves nothing, and what is around it stays") { store in
      try store.write { tx in
        _ = try tx.insert(account(1, name: "Anna"), genesis: [1])
        do {
          try tx.savepoint {
            _ = try tx.insert(account(2, name: "Bert"), genesis: [2])
            try tx.appendFeed(id(1, 68), hash: id(9, 32))
            throw Undo()
          }
          throw TestFailure("did not throw")
        } catch is Undo {}
        try tx.savepoint { _ = try tx.insert(account(3, name: "Clara"), genesis: [3]) }
      }
      try store.read { tx in
        try expect(try tx.account(id(1, 32)) != nil, "before")
        try expect(try tx.account(id(2, 32)) == nil, "within")
        try expect(try tx.house().feedSize, is: 0, "feed")
        try expect(try tx.account(id(3, 32)) != nil, "after")
      }
    },
    StoreRule("a savepoint's error comes out as it went in") { store in
      try store.write { tx in
        do {
          try tx.savepoint { throw StoreError.corrupt("x") }
          throw TestFailure("did not throw")
        } catch let error as StoreError { try expect(error, is: .corrupt("x"), "error") }
      }
    },
  ]
}

private func houseRules<Store: DeliveryStore>() -> [StoreRule<Store>] {
  [
    StoreRule("an empty house") { store in try expect(try store.read { try $0.house() }, is: HouseRecord(), "house") },
    StoreRule("a certificate is set once") { store in
      try store.write { tx in
        try expect(try tx.setCertificate([1]), "first")
        try expect(!(try tx.setCertificate([2])), "second")
        try expect(try tx.house().certificate, is: [1], "certificate")
      }
    },
    StoreRule("policy and incarnation") { store in
      try store.write { tx in
        try tx.setPolicy([1])
        try tx.setPolicy([2])
        try tx.raiseIncarnation()
      }
      let house = try store.read { try $0.house() }
      try expect(house.policy, is: [2], "policy")
      try expect(house.incarnation, is: 2, "incarnation")
    },
    StoreRule("the feed grows in order") { store in
      try store.write { tx in for i in 0..<5 { try tx.appendFeed(id(UInt8(i), 68), hash: id(UInt8(i) + 10, 32)) } }
      try store.read { tx in
        try expect(try tx.house().feedSize, is: 5, "size")
        try expect(try tx.house().feedHash, is: id(14, 32), "hash")
        try expect(try tx.feed(from: 1, limit: 3), is: [id(1, 68), id(2, 68), id(3, 68)], "middle")
        try expect(try tx.feed(from: 4, limit: 100), is: [id(4, 68)], "end")
        try expect(try tx.feed(from: 5, limit: 1), is: [], "beyond")
        try expect(try tx.feed(from: .max, limit: 1), is: [], "far beyond")
      }
    },
    StoreRule("an invitation is used once and remembered") { store in
      let invitation = InvitationRecord(key: id(1, 32), invitation: [7], houseTag: id(2, 32), notAfter: 100)
      try store.write { tx in
        try expect(try tx.insert(invitation), "insert")
        try expect(!(try tx.insert(invitation)), "again")
        try expect(try tx.invitation(id(1, 32)), is: invitation, "found")
        try expect(try tx.openInvitations(limit: 10), is: [invitation], "open")
        try expect(try tx.closeInvitation(id(1, 32)), "close")
        try expect(!(try tx.closeInvitation(id(1, 32))), "close again")
        try expect(!(try tx.closeInvitation(id(9, 32))), "close an unknown one")
        try expect(try tx.openInvitations(limit: 10), is: [], "none open")
        try expect(try tx.invitation(id(1, 32))?.isOpen, is: false, "remembered")
        try expect(try tx.invitation(id(1, 32))?.invitation, is: [], "its text is gone")
        try expect(!(try tx.insert(invitation)), "not handed in again")
        try tx.expire(mailBefore: 0, requestsBefore: 0, today: 0, now: 100)
        try expect(try tx.invitation(id(1, 32)) != nil, "until its end")
        try tx.expire(mailBefore: 0, requestsBefore: 0, today: 0, now: 101)
        try expect(try tx.invitation(id(1, 32)) == nil, "and not longer")
      }
    },
    StoreRule("an invitation without end") { store in
      try store.write { tx in
        _ = try tx.insert(InvitationRecord(key: id(1, 32), invitation: [7], houseTag: id(2, 32), notAfter: .max))
        try tx.expire(mailBefore: 0, requestsBefore: 0, today: 0, now: 1 << 40)
        try expect(try tx.invitation(id(1, 32))?.isOpen, is: true, "open")
      }
    },
  ]
}
