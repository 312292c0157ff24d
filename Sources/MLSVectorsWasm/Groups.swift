// Groups behind handles: what tests and benchmark of the wasm build need of MLS. Not in the engine's bundle, which has groups behind the messenger.
import BoringSSLProvider
import CryptoInterface
import MLS
import TLSCodec

/// Operations on groups, beside those of Operations.swift.
enum GroupOperation: UInt32 {
  // Groups; inputs and outputs are in the TLS presentation language, groups are named by a `uint32` handle.
  /// `opaque name<V>, uint16 suite` → `opaque bundle<V>, opaque key_package<V>`
  case createKeyPackage = 16
  /// `opaque group_id<V>, opaque name<V>, uint16 suite` → handle
  case createGroup = 17
  /// handle, `opaque key_package<V>`… → `opaque commit<V>, optional<Welcome>, opaque tree<V>`; the commit is adopted
  case commitAdding = 18
  /// `opaque bundle<V>, Welcome, opaque tree<V>` → handle
  case joinGroup = 19
  /// handle, `opaque data<V>` → `opaque message<V>`
  case encrypt = 20
  /// handle, `opaque message<V>` → `uint8 kind` (1 application, then `opaque data<V>`; 2 proposal; 3 commit, adopted; 4 own commit)
  case receive = 21
  /// handle → `opaque epoch_authenticator<V>`
  case epochAuthenticator = 22
  /// handle → `opaque key<V>, opaque value<V>`…
  case records = 23
  /// `opaque key<V>, opaque value<V>`… → handle
  case loadGroup = 24
  /// handle →
  case freeGroup = 25
}

/// The groups that this instance holds, by handle.
struct GroupTable {
  private var groups: [UInt32: Group] = [:]
  private var next: UInt32 = 1
  private let crypto = BoringSSLProvider()
  private let everybody = TrustEveryone()

  /// Runs one operation on TLS-encoded input.
  mutating func perform(_ operation: GroupOperation, _ input: [UInt8]) throws(CoreStatus) -> [UInt8] {
    var r = Reader(input)
    do throws(MLSError) {
      return try run(operation, &r)
    } catch {
      if case .decoding = error { throw .malformedInput }
      throw .failed
    }
  }

  private mutating func run(_ operation: GroupOperation, _ r: inout Reader) throws(MLSError) -> [UInt8] {
    var w = Writer()
    switch operation {
    case .createKeyPackage:
      let client = try client(&r)
      let bundle = try KeyPackageBundle.create(client.identity, suite: client.suite, lifetime: .always, using: crypto)
      w.opaque(bundle.serialized())
      w.opaque(bundle.keyPackage.encoded())
    case .createGroup:
      let groupID = try opaque(&r)
      let client = try client(&r)
      let group = try Group.create(
        groupID: groupID, suite: client.suite, identity: client.identity, application: everybody, using: crypto)
      w.uint32(insert(group))
    case .commitAdding:
      let handle = try handle(&r)
      var keyPackages: [KeyPackage] = []
      while !r.isAtEnd {
        do throws(DecodingError) { keyPackages.append(try KeyPackage(decoding: try r.opaque())) } catch { throw .decoding(error) }
      }
      let pending = try groups[handle]!.commit(
        CommitOptions(proposals: keyPackages.map { .add($0) }), application: everybody, using: crypto)
      try groups[handle]!.adoptPendingCommit(at: 0)
      w.opaque(pending.message.encoded())
      w.optional(pending.welcome)
      w.opaque(pending.tree.encoded())
    case .joinGroup:
      let bundle = try KeyPackageBundle(serialized: try opaque(&r))
      let joining: (welcome: Welcome, tree: RatchetTree)
      do throws(DecodingError) {
        joining = (try Welcome(from: &r), try RatchetTree(decoding: try r.opaque()))
      } catch { throw .decoding(error) }
      guard let slice = joining.welcome.slice(for: try bundle.keyPackage.ref(using: crypto)) else { throw .usage(.notForThisKeyPackage) }
      let group = try Group.join(slice, with: bundle, JoiningContext(tree: joining.tree), application: everybody, using: crypto)
      w.uint32(insert(group))
    case .encrypt:
      let handle = try handle(&r)
      w.opaque(try groups[handle]!.encrypt(try opaque(&r), using: crypto).encoded())
    case .receive:
      let handle = try handle(&r)
      let message: MLSMessage
      do { message = try MLSMessage(decoding: try r.opaque()) } catch { throw .decoding(error) }
      switch try groups[handle]!.receive(message, application: everybody, using: crypto) {
      case .application(let received):
        w.uint8(1)
        w.opaque(received.data)
      case .proposal: w.uint8(2)
      case .commit(let staged):
        w.uint8(3)
        try groups[handle]!.adopt(staged, at: 0)
      case .ownCommit: w.uint8(4)
      }
    case .epochAuthenticator:
      w.opaque(groups[try handle(&r)]!.epochAuthenticator.secret.exposed)
    case .records:
      for record in groups[try handle(&r)]!.records() {
        guard let value = record.value else { continue }
        w.opaque(record.key.encoded())
        w.opaque(value)
      }
    case .loadGroup:
      var records: [RecordChange] = []
      do throws(DecodingError) {
        while !r.isAtEnd { records.append(RecordChange(try RecordKey(decoding: try r.opaque()), try r.opaque())) }
      } catch { throw .decoding(error) }
      w.uint32(insert(try Group(records: records, using: crypto)))
    case .freeGroup:
      groups[try handle(&r)] = nil
    }
    return w.bytes
  }

  private mutating func insert(_ group: Group) -> UInt32 {
    defer { next += 1 }
    groups[next] = group
    return next
  }

  private func handle(_ r: inout Reader) throws(MLSError) -> UInt32 {
    let handle: UInt32
    do { handle = try r.uint32() } catch { throw .decoding(error) }
    guard groups[handle] != nil else { throw .usage(.invalidArgument) }
    return handle
  }

  /// A new client: `opaque name<V>`, `uint16 suite`.
  private func client(_ r: inout Reader) throws(MLSError) -> (identity: ClientIdentity, suite: CipherSuite) {
    let name = try opaque(&r)
    let suite: CipherSuite
    do { suite = try CipherSuite(from: &r) } catch { throw .decoding(error) }
    guard let parameters = crypto.suites.parameters(of: suite) else { throw .rule(.cipherSuite) }
    let pair: SignatureKeyPair
    do { pair = try crypto.generateSignatureKeyPair(parameters.signature) } catch { throw .crypto(error) }
    let capabilities = Capabilities(
      cipherSuites: crypto.suites.entries.map { $0.suite }, extensions: [.appDataDictionary], proposals: [.appDataUpdate, .selfRemove])
    return (ClientIdentity(credential: .basic(identity: name), signatureKeyPair: pair, capabilities: capabilities), suite)
  }

  private func opaque(_ r: inout Reader) throws(MLSError) -> [UInt8] {
    do { return try r.opaque() } catch { throw .decoding(error) }
  }
}
