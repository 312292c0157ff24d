// Accounts, devices and key packages.
import Delivery

func accountRules<Store: DeliveryStore>() -> [StoreRule<Store>] {
  [
    StoreRule("an account has an id and an address of its own") { store in
      try store.write { tx in
        try expect(try tx.insert(account(1, name: "Anna"), genesis: [1]), "insert")
        try expect(!(try tx.insert(account(1, name: "Other"), genesis: [1])), "same id")
        try expect(!(try tx.insert(account(2, name: "anna"), genesis: [1])), "same address")
        try expect(try tx.account(localPart: Array("anna".utf8))?.account, is: id(1, 32), "by address")
        try expect(try tx.account(localPart: Array("Anna".utf8)) == nil, "by another address")
        try expect(try tx.account(id(1, 32)), is: account(1, name: "Anna"), "by id")
        try expect(try tx.account(localPart: Array("other".utf8)) == nil, "what was refused left its address free")
      }
    },
    StoreRule("a chain grows at its end") { store in
      try store.write { tx in
        _ = try tx.insert(account(1, name: "Anna"), genesis: [0])
        try expect(try tx.append(statement: [1], to: id(1, 32), position: 1), "append")
        try expect(!(try tx.append(statement: [9], to: id(1, 32), position: 1)), "taken position")
        try expect(!(try tx.append(statement: [9], to: id(1, 32), position: 3)), "gap")
        try expect(!(try tx.append(statement: [9], to: id(2, 32), position: 0)), "no account")
        try expect(try tx.append(statement: [2], to: id(1, 32), position: 2), "append")
        try expect(try tx.account(id(1, 32))?.length, is: 3, "length")
        try expect(try tx.statements(of: id(1, 32), from: 0, limit: 10), is: [[0], [1], [2]], "all")
        try expect(try tx.statements(of: id(1, 32), from: 1, limit: 1), is: [[1]], "some")
        try expect(try tx.statements(of: id(1, 32), from: 3, limit: 1), is: [], "beyond")
        try expect(try tx.statements(of: id(2, 32), from: 0, limit: 1), is: [], "unknown")
      }
    },
    StoreRule("the directory finds parts of names, in order, by pages") { store in
      try store.write { tx in
        for (i, name) in ["Berta", "Albert", "Clara", "Robert"].enumerated() { _ = try tx.insert(account(UInt8(i + 1), name: name), genesis: [1]) }
        _ = try tx.insert(account(9, name: "Bertolt", isActive: false), genesis: [1])
        func names(_ text: String, offset: Int = 0, limit: Int = 10) throws -> [String] {
          try tx.find(folded: Array(text.utf8), offset: offset, limit: limit).map { String(decoding: $0.name, as: UTF8.self) }
        }
        try expect(try names("bert"), is: ["Albert", "Berta", "Robert"], "found")
        try expect(try names("bert", offset: 1, limit: 1), is: ["Berta"], "page")
        try expect(try names("x"), is: [], "nobody")
        try expect(try names(""), is: ["Albert", "Berta", "Clara", "Robert"], "everybody")
        try expect(try names("%"), is: [], "no pattern")
        try tx.setActive(false, account: id(3, 32))
        try expect(try names("clara"), is: [], "gone")
        try tx.setActive(true, account: id(3, 32))
        try expect(try names("clara"), is: ["Clara"], "back")
      }
    },
    StoreRule("a device has an id and a mailbox of its own") { store in
      try store.write { tx in
        try expect(try tx.insert(device(1, of: 1), mailboxKey: id(7, 32)), "insert")
        try expect(!(try tx.insert(device(1, of: 2), mailboxKey: id(7, 32))), "same id")
        var other = device(2, of: 2)
        other.mailbox = device(1, of: 1).mailbox
        try expect(!(try tx.insert(other, mailboxKey: id(7, 32))), "same mailbox")
        try expect(try tx.device(id(2)) == nil, "what was refused is not there")
        try expect(try tx.device(id(1)), is: device(1, of: 1), "found")
        try expect(
          try tx.mailbox(device(1, of: 1).mailbox), is: MailboxRecord(next: 1, nextKey: id(7, 32), lowest: 1), "its mailbox")
        try tx.setSession(device: id(1), instance: id(5), session: .max)
        try tx.setSignatureKey(id(6, 32), device: id(1))
        try expect(try tx.device(id(1))?.instance, is: id(5), "instance")
        try expect(try tx.device(id(1))?.session, is: .max, "session")
        try expect(try tx.device(id(1))?.signatureKey, is: id(6, 32), "key")
      }
    },
    StoreRule("a revoked device loses mailbox and key packages, and counts once") { store in
      let mailbox = device(1, of: 1).mailbox
      try store.write { tx in
        _ = try tx.insert(device(1, of: 1), mailboxKey: id(7, 32))
        _ = try tx.insert(device(2, of: 1), mailboxKey: id(7, 32))
        _ = try tx.enqueue([1], mailbox: mailbox, number: 1, nextKey: id(8, 32), day: 1)
        _ = try tx.enqueue([1], mailbox: device(2, of: 1).mailbox, number: 1, nextKey: id(8, 32), day: 1)
        try tx.add(keyPackages: [KeyPackageRecord(keyPackage: [1], notAfter: 10)], device: id(1))
        try tx.setLastResort(KeyPackageRecord(keyPackage: [2], notAfter: 10), device: id(1))
        try tx.revoke(device: id(1))
        try tx.revoke(device: id(1))
        try tx.revoke(device: id(9))
        try expect(try tx.house().revocations, is: 1, "count")
        try expect(try tx.device(id(1))?.isRevoked, is: true, "revoked")
        try expect(try tx.device(id(2))?.isRevoked, is: false, "the other")
        try expect(try tx.mailbox(mailbox) == nil, "mailbox")
        try expect(try tx.rows(of: mailbox, from: 0, limit: 9).isEmpty, "rows")
        try expect(try tx.rows(of: device(2, of: 1).mailbox, from: 0, limit: 9).count, is: 1, "the other's rows")
        try expect(!(try tx.enqueue([1], mailbox: mailbox, number: 2, nextKey: id(8, 32), day: 1)), "closed for good")
        try expect(try tx.claimKeyPackage(device: id(1), now: 1) == nil, "key packages")
        var again = device(3, of: 2)
        again.mailbox = mailbox
        try expect(!(try tx.insert(again, mailboxKey: id(7, 32))), "its mailbox is not given again")
        try expect(try tx.device(id(3)) == nil, "nor left half")
      }
    },
  ]
}

func keyPackageRules<Store: DeliveryStore>() -> [StoreRule<Store>] {
  [
    StoreRule("a key package is claimed once, the last resort when nothing else is left") { store in
      try store.write { tx in
        try tx.add(
          keyPackages: [KeyPackageRecord(keyPackage: [1], notAfter: 10), KeyPackageRecord(keyPackage: [2], notAfter: 10)], device: id(1))
        try tx.setLastResort(KeyPackageRecord(keyPackage: [8], notAfter: 10), device: id(1))
        try tx.setLastResort(KeyPackageRecord(keyPackage: [9], notAfter: 10), device: id(1))
        try expect(try tx.countKeyPackages(device: id(1)), is: 2, "count")
        let first = try tx.claimKeyPackage(device: id(1), now: 10)
        let second = try tx.claimKeyPackage(device: id(1), now: 10)
        try expect(Set([first, second]), is: [[1], [2]], "both, each once")
        try expect(try tx.claimKeyPackage(device: id(1), now: 10), is: [9], "last resort")
        try expect(try tx.claimKeyPackage(device: id(1), now: 10), is: [9], "again")
        try expect(try tx.claimKeyPackage(device: id(1), now: 11) == nil, "not when it has ended")
        try expect(try tx.claimKeyPackage(device: id(2), now: 10) == nil, "another device")
      }
    },
    StoreRule("a key package that has ended is not given") { store in
      try store.write { tx in
        try tx.add(
          keyPackages: [KeyPackageRecord(keyPackage: [1], notAfter: 10), KeyPackageRecord(keyPackage: [2], notAfter: 20)], device: id(1))
        try expect(try tx.claimKeyPackage(device: id(1), now: 15), is: [2], "the one that holds")
        try expect(try tx.claimKeyPackage(device: id(1), now: 15) == nil, "not the other")
        try tx.expire(mailBefore: 0, requestsBefore: 0, today: 0, now: 15)
        try expect(try tx.countKeyPackages(device: id(1)), is: 0, "deleted")
      }
    },
    StoreRule("a pool is deleted with or without the last resort") { store in
      try store.write { tx in
        try tx.add(keyPackages: [KeyPackageRecord(keyPackage: [1], notAfter: 10)], device: id(1))
        try tx.setLastResort(KeyPackageRecord(keyPackage: [9], notAfter: 10), device: id(1))
        try tx.deleteKeyPackages(device: id(1), lastResort: false)
        try expect(try tx.claimKeyPackage(device: id(1), now: 1), is: [9], "last resort stays")
        try tx.deleteKeyPackages(device: id(1), lastResort: true)
        try expect(try tx.claimKeyPackage(device: id(1), now: 1) == nil, "last resort goes")
      }
    },
  ]
}
