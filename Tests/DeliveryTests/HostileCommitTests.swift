// Commits, GroupInfos, Welcomes and keys from clients that do not keep to the protocol.
import CryptoInterface
import Delivery
import DeliveryConformance
import Identity
import MLS
import SwiftCryptoProvider
import Testing
import TLSCodec
import Wire

@Suite struct HostileCommitTests {
  @Test func oneCommitForEachEpoch() throws {
    let q = try Quartet()
    let first = try q.anna.makeCommit(in: q.room)
    let second = try q.bert.makeCommit(in: q.room)
    try accepted(.commit(first), by: q.anna)
    try refused(.epochTaken, .commit(second), by: q.bert)
    // Having read the mailbox, the loser goes on.
    try q.settle()
    #expect(isAccepted(try q.bert.commit(in: q.room)))
  }

  @Test func aCommitAskedAgainGetsItsFirstAnswer() throws {
    let q = try Quartet()
    let request = try q.anna.makeCommit([try q.addition(of: q.dora)], in: q.room)
    let answer = try q.anna.ask(.commit(request))
    #expect(isAccepted(answer))
    let after = q.house.store.state
    q.house.now += 5_000
    #expect(try q.anna.ask(.commit(request)) == answer)
    // The server has crashed, the device too and has lost the request's id.
    q.house.restart()
    try q.anna.logIn()
    let before = q.house.store.state
    var other = request
    other.requestID = q.house.crypto.random(16)
    #expect(try q.anna.ask(.commit(other)) == answer)
    #expect(q.house.store.state == before)
    #expect(after.storedRows == before.storedRows)
  }

  @Test func commitsOfOthersAndOfStrangers() throws {
    let q = try Quartet()
    let request = try q.anna.makeCommit(in: q.room)
    try refused(.notMember, .commit(request), by: q.bert)
    try refused(.notMember, .commit(request), by: q.dora)
    try accepted(.commit(request), by: q.anna)
  }

  @Test func aCommitWithTheWrongKey() throws {
    let q = try Quartet()
    let good = try q.anna.makeCommit(in: q.room)
    var request = good
    request.key = q.house.crypto.random(32)
    try refused(.wrongGroupKey, .commit(request), by: q.anna)
    // A new key without a removal.
    request = good
    request.nextKey = q.house.crypto.random(32)
    try refused(.invalidCommit, .commit(request), by: q.anna)
    q.anna.groups[q.room]?.group.discardPendingCommit()
    // The hash of another key, and none.
    for data in [q.anna.hash(ofKey: q.house.crypto.random(32)), []] {
      let wrong = try q.anna.makeCommit(in: q.room, authenticatedData: data)
      q.anna.groups[q.room]?.group.discardPendingCommit()
      try refused(.invalidCommit, .commit(wrong), by: q.anna)
    }
    try accepted(.commit(good), by: q.anna)
  }

  @Test func aRemovalBringsANewKey() throws {
    let q = try Quartet()
    let good = try q.anna.makeCommit([.remove(q.anna.leaf(of: q.clara, in: q.room))], in: q.room)
    let next = try #require(good.nextKey)
    var request = good
    request.nextKey = nil
    try refused(.invalidCommit, .commit(request), by: q.anna)
    request.nextKey = good.key
    try refused(.invalidCommit, .commit(request), by: q.anna)
    request.nextKey = q.house.crypto.random(32)
    try refused(.invalidCommit, .commit(request), by: q.anna)
    try accepted(.commit(good), by: q.anna)
    // The removed one knows the old key, under which she stands in no roster any more, nor does she under the new one, were she to learn it.
    try refused(.notMember, .groupInfo(GroupInfoRequest(group: q.room, key: good.key)), by: q.clara)
    try refused(.notMember, .groupInfo(GroupInfoRequest(group: q.room, key: next)), by: q.clara)
    try accepted(.groupInfo(GroupInfoRequest(group: q.room, key: next)), by: q.bert)
    // Now that a second device has opened it, the old generation is gone.
    try refused(.wrongGroupKey, .ephemeral(EphemeralRequest(group: q.room, key: good.key, payload: [])), by: q.bert)
  }

  @Test func aDamagedCommit() throws {
    let q = try Quartet()
    let good = try q.anna.makeCommit([try q.addition(of: q.dora)], in: q.room)
    for position in stride(from: 0, to: good.commit.count, by: 97) {
      var request = good
      request.commit[position] ^= 0x01
      let before = q.house.store.state
      let answer = try q.anna.ask(.commit(request))
      // The membership tag, which only members check, is the one thing that the server cannot see.
      if refusal(answer) == nil { #expect(position >= good.commit.count - 40, "\(position)") }
      if refusal(answer) != nil { #expect(q.house.store.state == before) }
    }
    var request = good
    request.commit = Array(good.commit.dropLast())
    try refused(.malformed, .commit(request), by: q.anna)
    request.commit = good.welcomes[0].welcome
    try refused(.malformed, .commit(request), by: q.anna)
    try accepted(.commit(good), by: q.anna)
  }

  @Test func aGroupInfoThatIsNotTheCommits() throws {
    let q = try Quartet()
    let before = try q.anna.room(q.room).group.groupInfo(using: q.house.crypto)
    let good = try q.anna.makeCommit(in: q.room)
    var request = good
    request.groupInfo = before.encoded()
    try refused(.invalidCommit, .commit(request), by: q.anna)
    var info = try GroupInfo(decoding: good.groupInfo)
    info.confirmationTag[0] ^= 1
    request.groupInfo = info.encoded()
    try refused(.invalidCommit, .commit(request), by: q.anna)
    info = try GroupInfo(decoding: good.groupInfo)
    info.extensions.entries.removeAll { $0.type == .externalPub }
    try info.sign(
      try #require(q.house.crypto.suites.parameters(of: MemoryDevice.suite)), with: q.anna.key.privateKey, using: q.house.crypto)
    request.groupInfo = info.encoded()
    try refused(.invalidCommit, .commit(request), by: q.anna)
    request.groupInfo = [1, 2, 3]
    try refused(.malformed, .commit(request), by: q.anna)
    try accepted(.commit(good), by: q.anna)
  }

  @Test func welcomesForEachJoinerAndNobodyElse() throws {
    let q = try Quartet()
    let good = try q.anna.makeCommit([try q.addition(of: q.dora)], in: q.room)
    let slice = good.welcomes[0]
    var request = good
    request.welcomes = []
    try refused(.invalidCommit, .commit(request), by: q.anna)
    request.welcomes = [slice, WelcomeSlice(device: q.bert.id, welcome: slice.welcome)]
    try refused(.invalidCommit, .commit(request), by: q.anna)
    request.welcomes = [WelcomeSlice(device: q.bert.id, welcome: slice.welcome)]
    try refused(.invalidCommit, .commit(request), by: q.anna)
    request.welcomes = [slice, slice]
    try refused(.invalidCommit, .commit(request), by: q.anna)
    request.welcomes = [WelcomeSlice(device: slice.device, welcome: good.commit)]
    try refused(.invalidCommit, .commit(request), by: q.anna)
    guard case .welcome(var welcome) = try MLSMessage(decoding: slice.welcome) else {
      Issue.record("no welcome")
      return
    }
    welcome.secrets[0].newMember = KeyPackageRef(q.house.crypto.random(32))
    request.welcomes = [WelcomeSlice(device: slice.device, welcome: MLSMessage.welcome(welcome).encoded())]
    try refused(.invalidCommit, .commit(request), by: q.anna)
    try accepted(.commit(good), by: q.anna)
    try q.anna.adopt(q.room)
    try q.settle()
    #expect(try q.dora.room(q.room).group.epoch == q.anna.room(q.room).group.epoch)
  }

  @Test func leavesThatTheirChainsDoNotVouchFor() throws {
    let q = try Quartet()
    func addition(_ change: (inout ClientIdentity) throws -> Void) throws -> Proposal {
      var identity = q.dora.identity
      try change(&identity)
      let bundle = try KeyPackageBundle.create(
        identity, suite: MemoryDevice.suite, lifetime: Lifetime(notBefore: 0, notAfter: q.house.seconds + 1_000), using: q.house.crypto)
      return .add(bundle.keyPackage)
    }
    func refusedCommit(_ change: (inout ClientIdentity) throws -> Void, at location: SourceLocation = #_sourceLocation) throws {
      let request = try q.anna.makeCommit([try addition(change)], in: q.room)
      q.anna.groups[q.room]?.group.discardPendingCommit()
      try refused(.invalidCommit, .commit(request), by: q.anna, at: location)
    }
    let head = ChainHead(q.dora.account.chain)
    // Another's mailbox.
    try refusedCommit { $0.extensions = HouseCapabilities.leafExtensions(chainHead: head, mailbox: q.bert.device.mailbox) }
    // A chain that is longer than the server's, and another one.
    try refusedCommit {
      $0.extensions = HouseCapabilities.leafExtensions(
        chainHead: ChainHead(length: head.length + 1, head: head.head), mailbox: q.dora.device.mailbox)
    }
    try refusedCommit {
      $0.extensions = HouseCapabilities.leafExtensions(
        chainHead: ChainHead(length: head.length, head: q.bert.account.chain.head), mailbox: q.dora.device.mailbox)
    }
    // A key that is not the device's.
    try refusedCommit { $0.signatureKeyPair = try Signing.makeKeyPair(using: q.house.crypto) }
    // A device that nobody knows, and one of another account.
    try refusedCommit {
      $0.credential = DeviceCredential(account: q.dora.account.chain.account, device: q.house.crypto.randomBytes()).credential
    }
    try refusedCommit {
      $0.credential = DeviceCredential(account: q.bert.account.chain.account, device: q.dora.device.id).credential
    }
    let good = try q.anna.makeCommit([try addition { _ in }], in: q.room)
    try accepted(.commit(good), by: q.anna)
  }

  @Test func aMemberCannotTakeAnothersMailboxByAnUpdate() throws {
    let q = try Quartet()
    let stolen = LeafChange(
      extensions: HouseCapabilities.leafExtensions(
        chainHead: ChainHead(q.bert.account.chain), mailbox: q.anna.device.mailbox))
    let request = try q.bert.makeCommit(in: q.room, leaf: stolen)
    q.bert.groups[q.room]?.group.discardPendingCommit()
    try refused(.invalidCommit, .commit(request), by: q.bert)
    #expect(isAccepted(try q.bert.commit(in: q.room)))
  }

  @Test func comingBackIntoTheOwnPlaceOnly() throws {
    let q = try Quartet()
    // A stranger who has learned the key.
    q.dora.groups[q.room] = try q.anna.room(q.room)
    try refused(.notMember, .groupInfo(GroupInfoRequest(group: q.room, key: try q.anna.room(q.room).key)), by: q.dora)
    let (room, good) = try q.bert.makeResync(q.room)
    try refused(.notMember, .commit(good), by: q.clara)
    var request = good
    request.nextKey = q.house.crypto.random(32)
    try refused(.invalidCommit, .commit(request), by: q.bert)
    try accepted(.commit(good), by: q.bert)
    q.bert.groups[q.room] = room
    try q.settle()
    try q.bert.send("back again", in: q.room)
    try q.settle()
    #expect(q.anna.texts == ["back again"])
  }

  @Test func whoWasAddedMeanwhileFindsTheTreeOfItsWelcome() throws {
    let q = try Quartet()
    try q.anna.add([q.dora], to: q.room)
    let epoch = try q.anna.room(q.room).group.epoch
    let key = try q.anna.room(q.room).key
    // The group goes on before Dora fetches, and its key changes.
    try q.anna.commit([.remove(q.anna.leaf(of: q.clara, in: q.room))], in: q.room)
    let request = Request.tree(TreeRequest(group: q.room, key: key, epoch: epoch))
    try refused(.wrongGroupKey, .tree(TreeRequest(group: q.room, key: q.house.crypto.random(32), epoch: epoch)), by: q.dora)
    try refused(.notMember, request, by: q.clara)
    try q.settle()
    #expect(try q.dora.room(q.room).group.epoch == q.anna.room(q.room).group.epoch)
    // She may ask again, should she have crashed; a day later it is gone.
    try accepted(request, by: q.dora)
    q.house.now += 3 * 86_400_000
    try q.house.hub.expire(at: q.house.now)
    try refused(.wrongGroupKey, request, by: q.dora)
  }
}
