// What devices of the test house do in groups: create, add, remove, send, receive, leave, come back.
import CryptoInterface
import Delivery
import Identity
import MLS
import SwiftCryptoProvider
import Synchronization
import TLSCodec
import Wire

/// A group as a device has it.
public struct TestRoom {
  public var group: Group
  /// K.
  public var key: [UInt8]
  /// K after the pending commit.
  public var nextKey: [UInt8]?
  public var isRemoved = false
  public var frozenBy: [UInt8]?
}

extension ExtensionType {
  /// In a Welcome's GroupInfo of these tests: the group key.
  static let groupKey = ExtensionType(0xF0B1)
}

extension TestDevice {
  public var application: HouseRules { HouseRules() }

  public func room(_ id: [UInt8]) throws -> TestRoom {
    guard let room = groups[id] else { throw TestFailure("no such group") }
    return room
  }

  public func hash(ofKey key: [UInt8]) -> [UInt8] { crypto.hash(.sha256, Array("group key hash".utf8) + key) }

  /// A group of this device alone, not yet registered.
  public func makeGroup(_ kind: RoomKind = .group, id: [UInt8]? = nil) throws -> (TestRoom, CreateGroup) {
    let group = try Group.create(
      groupID: id ?? crypto.random(32), suite: Self.suite, identity: identity,
      extensions: HouseRules.groupExtensions(
        room: try Room.make(kind, domain: house.house.domain, using: crypto), roles: Roles(administrators: [account.chain.account]), profile: nil,
        serverKey: house.server.publicKey), application: application, using: crypto)
    let key = try group.export(label: Array("group key".utf8), context: group.groupID, length: 32, using: crypto).exposed
    let request = CreateGroup(
      requestID: crypto.random(16), key: key, groupInfo: try group.groupInfo(using: crypto).encoded(), tree: group.tree.encoded())
    return (TestRoom(group: group, key: key), request)
  }

  public func createGroup(_ kind: RoomKind = .group) throws -> [UInt8] {
    let (room, request) = try makeGroup(kind)
    try insist(.createGroup(request))
    groups[room.group.groupID] = room
    return room.group.groupID
  }

  /// Makes a commit and the request that goes with it. It stays pending.
  /// - Parameter authenticatedData: instead of the hash of the group key.
  public func makeCommit(
    _ proposals: [Proposal] = [], in id: [UInt8], leaf: LeafChange = LeafChange(), authenticatedData: [UInt8]? = nil
  ) throws -> CommitRequest {
    var room = try room(id)
    let crypto = self.crypto
    var removes = proposals.contains { $0.type == .remove }
    for pending in room.group.proposals where pending.proposal.type == .remove || pending.proposal.type == .selfRemove { removes = true }
    let next = Mutex<[UInt8]?>(nil)
    let (key, removing) = (room.key, removes)
    let options = CommitOptions(
      proposals: proposals, leaf: leaf,
      binding: { export in
        var bound = key
        if removing, let export {
          bound = crypto.hkdfExpand(.sha256, prk: export.secret, info: Array("group key".utf8), length: 32).exposed
          next.withLock { $0 = bound }
        }
        return CommitBinding(
          authenticatedData: authenticatedData ?? crypto.hash(.sha256, Array("group key hash".utf8) + bound), welcomeExtensions: [Extension(.groupKey, bound)])
      })
    let commit = try room.group.commit(options, application: application, using: crypto)
    room.nextKey = next.withLock { $0 }
    groups[id] = room
    var slices: [WelcomeSlice] = []
    for index in commit.added {
      guard let leaf = commit.tree[index], let welcome = commit.welcome else { throw TestFailure("no welcome") }
      let claim = try LeafClaim(leaf)
      for proposal in proposals {
        guard case .add(let keyPackage) = proposal, keyPackage.leafNode == leaf, let slice = welcome.slice(for: try keyPackage.ref(using: crypto))
        else { continue }
        slices.append(WelcomeSlice(device: claim.device.bytes, welcome: MLSMessage.welcome(slice).encoded()))
      }
    }
    return CommitRequest(
      requestID: crypto.random(16), key: room.key, nextKey: room.nextKey, commit: commit.message.encoded(), groupInfo: commit.groupInfo.encoded(),
      welcomes: slices)
  }

  /// Makes a commit, sends it and adopts it where it is accepted.
  @discardableResult
  public func commit(_ proposals: [Proposal] = [], in id: [UInt8], leaf: LeafChange = LeafChange()) throws -> Answer {
    let answer = try ask(.commit(try makeCommit(proposals, in: id, leaf: leaf)))
    if case .accepted = answer { try adopt(id) } else { groups[id]?.group.discardPendingCommit() }
    return answer
  }

  public func adopt(_ id: [UInt8]) throws {
    try groups[id]?.group.adoptPendingCommit(at: house.seconds)
    if let next = groups[id]?.nextKey { groups[id]?.key = next }
    groups[id]?.nextKey = nil
  }

  /// Claims key packages of devices and adds them.
  public func add(_ devices: [TestDevice], to id: [UInt8]) throws {
    let proposals = try claim(devices.map(\.id)).map { claimed in
      guard let bytes = claimed.keyPackage else { throw TestFailure("no key package") }
      return Proposal.add(try KeyPackage(decoding: bytes))
    }
    let answer = try commit(proposals, in: id)
    guard case .accepted = answer else { throw TestFailure("commit refused: \(answer)") }
  }

  public func leaf(of device: TestDevice, in id: [UInt8]) throws -> LeafIndex {
    for leaf in try room(id).group.tree.leaves where try LeafClaim(leaf.node).device == device.device.id { return leaf.index }
    throw TestFailure("not in the group")
  }

  public func sendRequest(_ text: String, in id: [UInt8]) throws -> SendRequest {
    var room = try room(id)
    let message = try room.group.encrypt(Array(text.utf8), using: crypto)
    groups[id] = room
    return SendRequest(requestID: crypto.random(16), key: room.key, message: message.encoded())
  }

  public func send(_ text: String, in id: [UInt8]) throws { try insist(.send(try sendRequest(text, in: id))) }

  // MARK: Receiving

  /// Takes a delivery in.
  public func process(_ delivered: Delivered) throws {
    switch delivered.body {
    case .message(let bytes), .handshake(let bytes): try process(try MLSMessage(decoding: bytes))
    case .welcome(let bytes):
      guard case .welcome(let welcome) = try MLSMessage(decoding: bytes) else { throw TestFailure("no welcome") }
      try join(welcome)
    case .frozen(let group, _, let reporter, _): groups[group]?.frozenBy = reporter
    }
  }

  private func process(_ message: MLSMessage) throws {
    guard let id = message.groupID, var room = groups[id], !room.isRemoved else { return }
    // What the own commit, adopted when it was accepted, has left behind.
    if case .publicMessage = message, let epoch = message.epoch, epoch < room.group.epoch { return }
    switch try room.group.receive(message, application: application, using: crypto) {
    case .application(let application): texts.append(String(decoding: application.data, as: UTF8.self))
    case .proposal: break
    case .ownCommit:
      groups[id] = room
      try adopt(id)
      return
    case .commit(let staged):
      let removes = !staged.removed.isEmpty && !staged.isExternal
      if staged.removesThisMember {
        room.isRemoved = true
      } else if removes, let export = staged.pathExport {
        room.key = crypto.hkdfExpand(.sha256, prk: export.secret, info: Array("group key".utf8), length: 32).exposed
      }
      guard staged.removesThisMember || staged.authenticatedData == hash(ofKey: room.key) else { throw TestFailure("key hash") }
      if room.group.pendingCommit != nil { room.group.discardPendingCommit() }
      room.nextKey = nil
      try room.group.adopt(staged, at: house.seconds)
    }
    groups[id] = room
  }

  private func join(_ welcome: Welcome) throws {
    for bundle in bundles {
      guard welcome.secrets.first?.newMember == (try bundle.keyPackage.ref(using: crypto)) else { continue }
      let info = try Group.groupInfo(of: welcome, with: bundle, using: crypto)
      guard let key = info.extensions[.groupKey] else { throw TestFailure("no group key") }
      let id = info.groupContext.groupID
      let answer = try ask(.tree(TreeRequest(group: id, key: key, epoch: info.groupContext.epoch)))
      guard case .tree(let tree) = answer else { throw TestFailure("no tree: \(answer)") }
      let group = try Group.join(
        welcome, with: bundle, JoiningContext(tree: try RatchetTree(decoding: tree.tree)), application: application, using: crypto)
      groups[id] = TestRoom(group: group, key: key)
      return
    }
    throw TestFailure("no key package for this welcome")
  }

  // MARK: Leaving and coming back

  /// Proposes to leave.
  public func leaveRequest(_ id: [UInt8]) throws -> ProposeRequest {
    var room = try room(id)
    let message = try room.group.propose(.selfRemove, application: application, using: crypto)
    groups[id] = room
    return ProposeRequest(requestID: crypto.random(16), key: room.key, message: message.encoded())
  }

  /// An external commit into the own place.
  public func makeResync(_ id: [UInt8]) throws -> (TestRoom, CommitRequest) {
    let old = try room(id)
    guard case .groupInfo(let answer) = try ask(.groupInfo(GroupInfoRequest(group: id, key: old.key))) else { throw TestFailure("no group info") }
    let tree = try RatchetTree(decoding: answer.tree)
    guard let own = try tree.leaves.first(where: { try LeafClaim($0.node).device == device.id })?.index else { throw TestFailure("not in the tree") }
    let pending = try Group.joinExternally(
      try GroupInfo(decoding: answer.groupInfo), tree: tree, identity: identity, replacing: own, authenticatedData: hash(ofKey: old.key),
      application: application, using: crypto)
    return (
      TestRoom(group: pending.group, key: old.key),
      CommitRequest(
        requestID: crypto.random(16), key: old.key, nextKey: nil, commit: pending.message.encoded(), groupInfo: pending.groupInfo.encoded(),
        welcomes: [])
    )
  }
}
