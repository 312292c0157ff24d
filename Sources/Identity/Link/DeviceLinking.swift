// Two devices of one account meet through a slot on the server and add the new one. What they say, in the order in which they say it:
//
//     new device                                 old device, which shows the link
//       offer       → its key and mailbox
//                                              ← account: the house, the chain
//       possession  → signed for that chain
//                                              ← done: the chain with add_device
//
// All is sealed under the link's secret, so the server sees sizes only.
import CryptoInterface
import TLSCodec

/// The new device introduces itself.
///
///     struct {
///         Device device;
///         opaque mailbox_key[32];   /* k_1 of its mailbox */
///     } DeviceLinkOffer;
public struct DeviceLinkOffer: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var device: Device
  /// 32 random bytes; the old device hands them to the server with add_device.
  public var mailboxKey: [UInt8]
  static let mailboxKeySize = 32

  public init(device: Device, mailboxKey: [UInt8]) {
    self.device = device
    self.mailboxKey = mailboxKey
  }
  public init(from reader: inout Reader) throws(DecodingError) {
    device = try Device(from: &reader)
    mailboxKey = try reader.fixed(Self.mailboxKeySize)
  }
  public func encode(to writer: inout Writer) {
    device.encode(to: &writer)
    writer.fixed(mailboxKey)
  }
}

/// The old device says whose device it will be.
///
///     struct {
///         SignedHouse house;
///         opaque statement<V>;
///         ...
///     } DeviceLinkAccount;       /* SignedHouse, then a vector of SignedStatements */
public struct DeviceLinkAccount: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var house: SignedHouse
  /// SignedStatements; the new device signs possession for the last one's hash.
  public var statements: [[UInt8]]

  public init(house: SignedHouse, statements: [[UInt8]]) {
    self.house = house
    self.statements = statements
  }
  public init(from reader: inout Reader) throws(DecodingError) {
    house = try SignedHouse(from: &reader)
    statements = try reader.statements()
  }
  public func encode(to writer: inout Writer) {
    house.encode(to: &writer)
    writer.statements(statements)
  }

  /// The verified house and chain.
  /// - Throws: the rule that house or chain break.
  public func verified(using crypto: some CryptoProvider) throws(IdentityError) -> Chain {
    try Chain(statements, house: try house.verified(using: crypto), using: crypto)
  }
}

/// The new device signs `chain.possession(of:)`.
///
///     struct {
///         opaque possession<V>;
///     } DeviceLinkPossession;
public struct DeviceLinkPossession: Hashable, Sendable, TLSEncodable, TLSDecodable {
  public var possession: [UInt8]
  public init(possession: [UInt8]) { self.possession = possession }
  public init(from reader: inout Reader) throws(DecodingError) { possession = try reader.opaque() }
  public func encode(to writer: inout Writer) { writer.opaque(possession) }
}

/// The new device is in: the statements from the offered chain's end on.
///
///     struct {
///         SignedStatement statements<V>;   /* each as opaque<V> */
///     } DeviceLinkDone;
public struct DeviceLinkDone: Hashable, Sendable, TLSEncodable, TLSDecodable {
  /// SignedStatements: the whole chain, or what follows `DeviceLinkAccount.statements`; the receiver looks at the first one's position.
  public var statements: [[UInt8]]
  public init(statements: [[UInt8]]) { self.statements = statements }
  public init(from reader: inout Reader) throws(DecodingError) { statements = try reader.statements() }
  public func encode(to writer: inout Writer) { writer.statements(statements) }
}

/// One sealed message of the linking.
///
///     struct {
///         opaque nonce[12];
///         opaque ciphertext[rest];   /* ChaCha20-Poly1305, key "slot key" of the link's secret, aad = "device link " + step */
///     } SealedLinkMessage;
public indirect enum DeviceLinkMessage: Hashable, Sendable {
  case offer(DeviceLinkOffer)
  case account(DeviceLinkAccount)
  case possession(DeviceLinkPossession)
  case done(DeviceLinkDone)

  /// The steps; the label names the direction too, so that no message is taken for another, or for one's own.
  public enum Step: Sendable, CaseIterable {
    case offer, account, possession, done
    var additionalData: [UInt8] {
      switch self {
      case .offer: Array("device link 1 new to old".utf8)
      case .account: Array("device link 2 old to new".utf8)
      case .possession: Array("device link 3 new to old".utf8)
      case .done: Array("device link 4 old to new".utf8)
      }
    }
  }

  public var step: Step {
    switch self {
    case .offer: .offer
    case .account: .account
    case .possession: .possession
    case .done: .done
    }
  }

  /// - Throws: `.crypto`.
  public func sealed(under secret: LinkSecret, using crypto: some CryptoProvider) throws(IdentityError) -> [UInt8] {
    let plaintext: [UInt8] =
      switch self {
      case .offer(let message): message.encoded()
      case .account(let message): message.encoded()
      case .possession(let message): message.encoded()
      case .done(let message): message.encoded()
      }
    let nonce = crypto.random(Self.aead.nonceSize)
    do {
      return nonce
        + (try crypto.aeadSeal(Self.aead, key: secret.slotKey(using: crypto), nonce: nonce, aad: step.additionalData, plaintext))
    } catch { throw .crypto(error) }
  }

  /// Opens the message of a step.
  /// - Throws: `.sealed` where it is of another secret or step, or damaged; `.decoding`.
  public init(_ step: Step, opening bytes: [UInt8], under secret: LinkSecret, using crypto: some CryptoProvider) throws(IdentityError) {
    guard bytes.count >= Self.aead.nonceSize + Self.aead.tagSize else { throw .sealed }
    let plaintext: [UInt8]
    do {
      plaintext = try crypto.aeadOpen(
        Self.aead, key: secret.slotKey(using: crypto), nonce: Array(bytes.prefix(Self.aead.nonceSize)), aad: step.additionalData,
        Array(bytes.dropFirst(Self.aead.nonceSize)))
    } catch { throw .sealed }
    switch step {
    case .offer: self = .offer(try decode(DeviceLinkOffer.self, plaintext))
    case .account: self = .account(try decode(DeviceLinkAccount.self, plaintext))
    case .possession: self = .possession(try decode(DeviceLinkPossession.self, plaintext))
    case .done: self = .done(try decode(DeviceLinkDone.self, plaintext))
    }
  }

  private static let aead = AEADAlgorithm.chaCha20Poly1305
}

extension Reader {
  /// A vector of `opaque<V>`, as many as a chain may have.
  mutating func statements() throws(DecodingError) -> [[UInt8]] {
    var list = try nested()
    var result: [[UInt8]] = []
    while !list.isAtEnd {
      guard result.count < Int(IdentityLimits.statements) else { throw .limitExceeded("statements") }
      result.append(try list.opaque())
    }
    return result
  }
}

extension Writer {
  mutating func statements(_ statements: [[UInt8]]) {
    vector { (w: inout Writer) in
      for statement in statements { w.opaque(statement) }
    }
  }
}
