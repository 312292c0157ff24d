// DeliveryConformance: a house for tests, with people, devices and groups that are real, and a clock that stands still until it is moved.
import CryptoInterface
import Delivery
import Identity
import MLS
import SwiftCryptoProvider
import Synchronization
import TLSCodec
import Wire

/// What a test cannot go on with.
public struct TestFailure: Error, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}

/// A house on a store, without network. Everything happens in the call that asks for it.
public final class TestHouse<Store: DeliveryStore> {
  public typealias Crypto = SwiftCryptoProvider
  public let crypto = SwiftCryptoProvider()
  public let store: Store
  public var hub: DeliveryHub<Store, SwiftCryptoProvider>
  /// Milliseconds since 1970.
  public var now: UInt64 = 1_800_000_000_000
  public let administrator: SignatureKeyPair
  public let server: SignatureKeyPair
  public let setUpSecret: LinkSecret
  public let configuration: DeliveryConfiguration
  public let signedHouse: SignedHouse
  public var house: House { signedHouse.house }
  public private(set) var connections: UInt64 = 0
  public static var domain: String { "haus.example" }

  public var seconds: UInt64 { now / 1_000 }

  /// A house that nobody has set up yet.
  public init(store: Store, limits: DeliveryLimits = .generous) throws {
    self.store = store
    administrator = try Signing.makeKeyPair(using: crypto)
    server = try Signing.makeKeyPair(using: crypto)
    setUpSecret = LinkSecret.make(using: crypto)
    configuration = DeliveryConfiguration(
      domain: Self.domain, serverKey: server, setUpKey: try setUpSecret.invitationKey(using: crypto).publicKey, limits: limits)
    hub = DeliveryHub(store: store, core: DeliveryCore(configuration, crypto: crypto))
    signedHouse = try SignedHouse(
      signing: House(
        domain: Self.domain, name: "Haus", administratorKey: administrator.publicKey, serverKey: server.publicKey, time: now / 1_000),
      with: administrator.privateKey, using: crypto)
  }

  /// The server starts again on the same store: what lived in memory is gone.
  public func restart() { hub = DeliveryHub(store: store, core: DeliveryCore(configuration, crypto: crypto)) }

  public func connect(address: String = "here") -> TestConnection<Store> {
    connections += 1
    let connection = TestConnection(self, ConnectionID(connections))
    let frames = connection.frames
    hub.open(connection.id, address: AddressTag(Array(address.utf8)), output: { frames.append($0) })
    return connection
  }

  /// Sets the house up.
  /// - Returns: the first person, logged in.
  public func setUp(name: String = "Anna") throws -> TestDevice<Store> {
    let device = try TestDevice(self, name: name, admission: .administrator(administrator.privateKey))
    let connection = connect()
    _ = try connection.greet()
    guard try connection.ask(.setUp(try device.setUpRequest())) == .done else { throw TestFailure("set-up refused") }
    try device.logIn(on: connection)
    return device
  }

  /// A signed invitation and its secret.
  public func invitation(
    name: String = "", kind: AccountKind = .person, notAfter: UInt64? = nil
  ) throws -> (new: NewInvitation, signed: SignedInvitation, secret: LinkSecret) {
    let secret = LinkSecret.make(using: crypto)
    let invitation = Invitation(
      house: house.id(using: crypto), key: try secret.invitationKey(using: crypto).publicKey, kind: kind, name: name, function: "Ward 3",
      notAfter: notAfter ?? seconds + 7 * 86_400, using: crypto)
    let signed = try SignedInvitation(signing: invitation, with: administrator.privateKey, using: crypto)
    return (NewInvitation(invitation: signed.encoded(), houseTag: secret.houseTag(house.id(using: crypto), using: crypto)), signed, secret)
  }

  /// Invites and enrols a person.
  /// - Parameter inviter: any device that is logged in.
  public func enrol(_ name: String, by inviter: TestDevice<Store>, logsIn: Bool = true) throws -> TestDevice<Store> {
    let (new, signed, secret) = try invitation(name: name)
    guard try inviter.ask(.createInvitations(CreateInvitations(requestID: crypto.random(16), invitations: [new]))) == .done else {
      throw TestFailure("invitation refused")
    }
    let device = try TestDevice(self, name: name, admission: .invitation(signed, key: try secret.invitationKey(using: crypto).privateKey))
    let connection = connect()
    _ = try connection.greet()
    let answer = try connection.ask(.enrol(try device.enrolRequest()))
    guard answer == .done else { throw TestFailure("enrolment refused: \(answer)") }
    if logsIn { try device.logIn(on: connection) }
    return device
  }
}

/// What a connection has got, in order.
public final class ReceivedFrames: Sendable {
  public init() {}
  private let list = Mutex<[[UInt8]]>([])
  public func append(_ frame: [UInt8]) { list.withLock { $0.append(frame) } }
  public func take() -> [[UInt8]] {
    list.withLock { list in
      defer { list = [] }
      return list
    }
  }
}

/// One connection to the house.
public final class TestConnection<Store: DeliveryStore> {
  public let house: TestHouse<Store>
  public let id: ConnectionID
  let frames = ReceivedFrames()
  private var number: UInt32 = 0
  private var answers: [UInt32: Answer] = [:]
  /// Pushes that nobody has looked at, oldest first.
  public var pushes: [Push] = []
  /// The server has ended it.
  public private(set) var isEnded = false

  init(_ house: TestHouse<Store>, _ id: ConnectionID) {
    self.house = house
    self.id = id
  }

  /// Sorts what has come.
  public func look() throws {
    for frame in frames.take() {
      if frame.isEmpty {
        isEnded = true
        continue
      }
      switch try ServerFrame(decoding: frame).content {
      case .answer(let number, let answer): answers[number] = answer
      case .push(let push): pushes.append(push)
      }
    }
  }

  /// Sends a request and takes its answer.
  public func ask(_ request: Request) throws -> Answer {
    number += 1
    return try ask(frame: ClientFrame(number: number, request: request).encoded(), number: number)
  }

  /// The same with bytes of any kind.
  public func ask(frame: [UInt8], number: UInt32) throws -> Answer {
    house.hub.receive([(id, frame)], at: house.now)
    try look()
    guard let answer = answers.removeValue(forKey: number) else { throw TestFailure("no answer") }
    return answer
  }

  public func greet() throws -> Greeting {
    guard case .greeting(let greeting) = try ask(.hello(Hello(version: WireVersion.current))) else { throw TestFailure("no greeting") }
    return greeting
  }

  public func close() { house.hub.close(id) }
}
