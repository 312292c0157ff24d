// Groups: compare and set, generations, kept trees.
import Delivery

func groupRules<Store: DeliveryStore>() -> [StoreRule<Store>] {
  let tree = SealedTree(id: id(1), sealed: [1])
  return [
    StoreRule("a group id is taken once") { store in
      try store.write { tx in
        try expect(try tx.insert(group: id(1, 32), .init(epoch: 0, roster: [1]), tree: tree), "insert")
        try expect(!(try tx.insert(group: id(1, 32), .init(epoch: 0, roster: [2]), tree: tree)), "again")
        try expect(
          try tx.group(id(1, 32)), is: GroupRecord(group: id(1, 32), present: .init(epoch: 0, roster: [1]), treeID: id(1)), "found")
        try expect(try tx.tree(group: id(1, 32)), is: [1], "tree")
        try expect(try tx.group(id(2, 32)) == nil, "another")
      }
    },
    StoreRule("an epoch is replaced once") { store in
      try store.write { tx in
        _ = try tx.insert(group: id(1, 32), .init(epoch: 0, roster: [1]), tree: tree)
        let next = SealedTree(id: id(2), sealed: [2])
        try expect(try tx.replace(group: id(1, 32), atEpoch: 0, .init(epoch: 1, roster: [2]), tree: next, keepsPrevious: false), "first")
        let other = SealedTree(id: id(3), sealed: [3])
        try expect(!(try tx.replace(group: id(1, 32), atEpoch: 0, .init(epoch: 1, roster: [3]), tree: other, keepsPrevious: true)), "second")
        try expect(!(try tx.replace(group: id(9, 32), atEpoch: 0, .init(epoch: 1, roster: [3]), tree: other, keepsPrevious: false)), "no group")
        try expect(
          try tx.group(id(1, 32)), is: GroupRecord(group: id(1, 32), present: .init(epoch: 1, roster: [2]), treeID: id(2)), "record")
        try expect(try tx.tree(group: id(1, 32)), is: [2], "tree")
      }
    },
    StoreRule("a roster is replaced without its tree") { store in
      try store.write { tx in
        _ = try tx.insert(group: id(1, 32), .init(epoch: 0, roster: [1]), tree: tree)
        try expect(try tx.replace(group: id(1, 32), atEpoch: 0, .init(epoch: 0, roster: [5]), tree: nil, keepsPrevious: false), "replace")
        try expect(try tx.group(id(1, 32))?.present.roster, is: [5], "roster")
        try expect(try tx.group(id(1, 32))?.treeID, is: id(1), "tree id")
        try expect(try tx.tree(group: id(1, 32)), is: [1], "tree")
      }
    },
    StoreRule("the oldest previous generation is kept until it is dropped") { store in
      try store.write { tx in
        _ = try tx.insert(group: id(1, 32), .init(epoch: 0, roster: [1]), tree: tree)
        for epoch in 0..<2 as Range<UInt64> {
          let byte = UInt8(epoch) + 2
          _ = try tx.replace(
            group: id(1, 32), atEpoch: epoch, .init(epoch: epoch + 1, roster: [byte]), tree: SealedTree(id: id(byte), sealed: [byte]),
            keepsPrevious: true)
        }
        try expect(try tx.group(id(1, 32))?.previous, is: .init(epoch: 0, roster: [1]), "previous")
        try expect(try tx.group(id(1, 32))?.present, is: .init(epoch: 2, roster: [3]), "present")
        try tx.dropPrevious(group: id(1, 32))
        try expect(try tx.group(id(1, 32))?.previous == nil, "dropped")
        try expect(try tx.group(id(1, 32))?.present, is: .init(epoch: 2, roster: [3]), "present stays")
        try tx.freeze(group: id(1, 32))
        try expect(try tx.group(id(1, 32))?.isFrozen, is: true, "frozen")
      }
    },
    StoreRule("trees for joiners are kept until their day") { store in
      try store.write { tx in
        try tx.keepTree([1], group: id(1, 32), epoch: 3, until: 10)
        try tx.keepTree([2], group: id(1, 32), epoch: 4, until: 12)
        try tx.keepTree([3], group: id(1, 32), epoch: 3, until: 11)
        try expect(try tx.keptTree(group: id(1, 32), epoch: 3)?.sealed, is: [3], "replaced")
        try expect(try tx.keptTree(group: id(1, 32), epoch: 3)?.until, is: 11, "until")
        try expect(try tx.keptTree(group: id(1, 32), epoch: .max) == nil, "an epoch that is not")
        try tx.expire(mailBefore: 0, requestsBefore: 0, today: 11, now: 0)
        try expect(try tx.keptTree(group: id(1, 32), epoch: 3)?.sealed, is: [3], "on its last day")
        try tx.expire(mailBefore: 0, requestsBefore: 0, today: 12, now: 0)
        try expect(try tx.keptTree(group: id(1, 32), epoch: 3) == nil, "after it")
        try expect(try tx.keptTree(group: id(1, 32), epoch: 4)?.sealed, is: [2], "the other")
      }
    },
  ]
}
