// Mailboxes without gaps, bodies, remembered answers, retention.
import Delivery

func mailRules<Store: DeliveryStore>() -> [StoreRule<Store>] {
  let mailbox = device(1, of: 1).mailbox
  return [
    StoreRule("rows are numbered without gaps") { store in
      try store.write { tx in
        _ = try tx.insert(device(1, of: 1), mailboxKey: id(7, 32))
        try expect(!(try tx.enqueue([9], mailbox: mailbox, number: 2, nextKey: id(8, 32), day: 1)), "not ahead")
        try expect(try tx.enqueue([1], mailbox: mailbox, number: 1, nextKey: id(8, 32), day: 1), "first")
        try expect(!(try tx.enqueue([9], mailbox: mailbox, number: 1, nextKey: id(8, 32), day: 1)), "not twice")
        try expect(!(try tx.enqueue([9], mailbox: id(9), number: 1, nextKey: id(8, 32), day: 1)), "no mailbox")
        try expect(try tx.enqueue([2], mailbox: mailbox, number: 2, nextKey: id(9, 32), day: 1), "second")
        try expect(try tx.enqueue([3], mailbox: mailbox, number: 3, nextKey: id(10, 32), day: 2), "third")
        try expect(try tx.mailbox(mailbox), is: MailboxRecord(next: 4, nextKey: id(10, 32), lowest: 1), "stands")
        try expect(try tx.rows(of: mailbox, from: 2, limit: 1).map(\.number), is: [2], "some")
        try expect(try tx.rows(of: mailbox, from: 0, limit: 9).map(\.sealed), is: [[1], [2], [3]], "all")
        try tx.deleteRows(of: mailbox, through: 2)
        try expect(try tx.mailbox(mailbox)?.lowest, is: 3, "lowest")
        try tx.deleteRows(of: mailbox, through: .max)
        try expect(try tx.mailbox(mailbox), is: MailboxRecord(next: 4, nextKey: id(10, 32), lowest: 4), "empty")
      }
    },
    StoreRule("a mailbox that was emptied goes on counting") { store in
      try store.write { tx in
        _ = try tx.insert(device(1, of: 1), mailboxKey: id(7, 32))
        _ = try tx.enqueue([1], mailbox: mailbox, number: 1, nextKey: id(8, 32), day: 1)
        try tx.deleteRows(of: mailbox, through: 1)
        try expect(!(try tx.enqueue([1], mailbox: mailbox, number: 1, nextKey: id(8, 32), day: 1)), "not from the beginning")
        try expect(try tx.enqueue([1], mailbox: mailbox, number: 2, nextKey: id(8, 32), day: 1), "next")
      }
    },
    StoreRule("bodies and their counts") { store in
      try store.write { tx in
        try tx.insertBody(BodyRecord(sealedCount: [2], sealed: [1, 2, 3]), id: id(1), day: 1)
        try tx.setCount([1], body: id(1))
        try expect(try tx.body(id(1)), is: BodyRecord(sealedCount: [1], sealed: [1, 2, 3]), "found")
        try tx.deleteBody(id(1))
        try expect(try tx.body(id(1)) == nil, "deleted")
        let large = [UInt8](repeating: 7, count: 4 << 20)
        try tx.insertBody(BodyRecord(sealedCount: [2], sealed: large), id: id(2), day: 1)
        try expect(try tx.body(id(2))?.sealed == large, "a large one")
      }
    },
    StoreRule("mail and answers end on their day") { store in
      try store.write { tx in
        _ = try tx.insert(device(1, of: 1), mailboxKey: id(7, 32))
        for number in 1...3 as ClosedRange<UInt64> {
          _ = try tx.enqueue([1], mailbox: mailbox, number: number, nextKey: id(8, 32), day: Day(number) * 10)
          try tx.insertBody(BodyRecord(sealedCount: [], sealed: []), id: id(UInt8(number)), day: Day(number) * 10)
          try tx.remember([UInt8(number)], of: id(UInt8(number), 32), day: Day(number) * 10)
        }
        try tx.remember([9], of: id(3, 32), day: 30)
        try tx.expire(mailBefore: 20, requestsBefore: 30, today: 40, now: 0)
        try expect(try tx.rows(of: mailbox, from: 0, limit: 9).map(\.number), is: [2, 3], "mail")
        try expect(try tx.mailbox(mailbox)?.lowest, is: 2, "lowest")
        try expect(try tx.body(id(1)) == nil, "old body")
        try expect(try tx.body(id(2)) != nil, "body of the day")
        try expect(try tx.answer(to: id(2, 32)) == nil, "old answer")
        try expect(try tx.answer(to: id(3, 32)), is: [9], "answer of the day")
      }
    },
  ]
}
