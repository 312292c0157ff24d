// Codes, links, and two devices that meet by one.
import CryptoInterface
import Identity
import SwiftCryptoProvider
import TLSCodec
import Testing

@Suite struct LinkTests {
  static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")

  @Test func codesAreReadAgain() throws {
    for _ in 0..<50 {
      let secret = LinkSecret.make(using: crypto)
      #expect(secret.text.count == 23)
      #expect(try LinkSecret(text: secret.text) == secret)
      #expect(try LinkSecret(text: secret.text.lowercased()) == secret)
      #expect(try LinkSecret(text: secret.text.replacing("-", with: " ")) == secret)
      let lenient = secret.text.replacing("1", with: "l").replacing("0", with: "o")
      #expect(try LinkSecret(text: lenient) == secret)
      #expect(try LinkSecret(text: secret.text.replacing("1", with: "I")) == secret)
    }
    #expect(LinkSecret.make(using: crypto) != LinkSecret.make(using: crypto))
  }

  @Test(arguments: 0..<20) func everyTypoIsNoticed(_ round: Int) throws {
    let symbols = Array(LinkSecret.make(using: crypto).text.filter { $0 != "-" })
    for i in symbols.indices {
      for other in Self.alphabet where other != symbols[i] {
        var changed = symbols
        changed[i] = other
        #expect(throws: IdentityError.mistyped) { try LinkSecret(text: String(changed)) }
      }
      // Not only neighbours: any two that changed places.
      for j in symbols.indices where j > i && symbols[j] != symbols[i] {
        var changed = symbols
        changed.swapAt(i, j)
        #expect(throws: IdentityError.mistyped) { try LinkSecret(text: String(changed)) }
      }
    }
    #expect(throws: Never.self) { try LinkSecret(text: String(symbols)) }
  }

  @Test func whatIsNoCode() throws {
    let text = LinkSecret.make(using: crypto).text
    let short = String(text.dropLast())
    let behindFirst = String(text.dropFirst())
    let texts: [String] = ["", "-", short, text + "0", text + text, "U" + behindFirst, "ä" + behindFirst, short + "!"]
    for bad in texts { #expect(throws: IdentityError.mistyped) { try LinkSecret(text: bad) } }
  }

  @Test func derivedValues() throws {
    let secret = LinkSecret.make(using: crypto)
    let again = try LinkSecret(text: secret.text)
    #expect(try secret.invitationKey(using: crypto).publicKey == again.invitationKey(using: crypto).publicKey)
    #expect(secret.slot(using: crypto) == again.slot(using: crypto))
    #expect(secret.slot(using: crypto).count == 16)
    let other = LinkSecret.make(using: crypto)
    #expect(try secret.invitationKey(using: crypto).publicKey != other.invitationKey(using: crypto).publicKey)
    #expect(secret.slot(using: crypto) != other.slot(using: crypto))
    // The tag tells the house from another, and from who only says that it has the secret.
    let (house, elsewhere) = (try TestHouse().id, try TestHouse().id)
    let tag = secret.houseTag(house, using: crypto)
    #expect(throws: Never.self) { try again.check(houseTag: tag, of: house, using: crypto) }
    #expect(throws: IdentityError.houseTag) { try again.check(houseTag: tag, of: elsewhere, using: crypto) }
    #expect(throws: IdentityError.houseTag) { try other.check(houseTag: tag, of: house, using: crypto) }
    #expect(throws: IdentityError.houseTag) { try again.check(houseTag: Array(tag.dropLast()), of: house, using: crypto) }
  }

  @Test func links() throws {
    let secret = LinkSecret.make(using: crypto)
    for kind in Link.Kind.allCases {
      for origin in ["https://chat.example", "https://chat.example:8443", "http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:8080", "http://localhost"] {
        let link = try Link(kind, origin: origin, secret: secret)
        let parsed = try Link.parse("  " + link.text + "\n")
        #expect(parsed == link)
        #expect(parsed.origin == origin)
        #expect(origin.hasSuffix("://" + parsed.domain))
      }
    }
    #expect(try Link(.invitation, origin: "https://chat.example", secret: secret).text == "https://chat.example/#i=" + secret.text)
    #expect(try Link.parse("HTTPS://Chat.Example/#D=" + secret.text.lowercased()) == Link(.device, origin: "https://chat.example", secret: secret))
    #expect(try Link.parse("https://chat.example#s=" + secret.text).kind == .setUp)
    for bad in [
      "http://chat.example/#i=", "http://127.0.0.1.evil.example/#i=", "http://localhostile/#i=", "http://127.0.0.1:/#i=", "http://localhost:80a/#i=", "ftp://chat.example/#i=", "https:///#i=",
      "https://chat.example/path/#i=", "https://a@chat.example/#i=", "https://chat.example/?x#i=", "https://chat.example/#x=", "https://chat.example/#i", "chat.example/#i=", "https://chat.example/i=",
    ] {
      #expect(throws: IdentityError.link) { try Link.parse(bad + secret.text) }
    }
    #expect(throws: IdentityError.link) { try Link.parse("") }
    #expect(throws: IdentityError.link) { try Link.parse("#") }
    #expect(throws: IdentityError.mistyped) { try Link.parse("https://chat.example/#i=" + secret.text.dropLast()) }
  }

  @Test func aDeviceIsLinked() throws {
    let house = try TestHouse()
    var anna = try house.enrol()
    try anna.add()
    let secret = LinkSecret.make(using: crypto)
    let typed = try LinkSecret(text: secret.text)
    let new = try TestDevice.make("tablet")
    // New to old.
    let offer = try DeviceLinkMessage.offer(DeviceLinkOffer(device: new.device, mailboxKey: crypto.random(32))).sealed(under: typed, using: crypto)
    guard case .offer(let offered) = try DeviceLinkMessage(.offer, opening: offer, under: secret, using: crypto) else { throw IdentityError.sealed }
    // Old to new.
    let account = try DeviceLinkMessage.account(DeviceLinkAccount(house: house.signed, statements: anna.chain.statements)).sealed(
      under: secret, using: crypto)
    guard case .account(let shown) = try DeviceLinkMessage(.account, opening: account, under: typed, using: crypto) else { throw IdentityError.sealed }
    var chain = try shown.verified(using: crypto)
    #expect(chain == anna.chain)
    // New to old.
    let proof = try DeviceLinkMessage.possession(DeviceLinkPossession(possession: try new.possession(chain))).sealed(under: typed, using: crypto)
    guard case .possession(let proven) = try DeviceLinkMessage(.possession, opening: proof, under: secret, using: crypto) else {
      throw IdentityError.sealed
    }
    let statement = try SignedStatement.addDevice(
      offered.device, possession: proven.possession, to: anna.chain, by: anna.devices[0].key, at: noon, using: crypto)
    try anna.chain.append(statement, using: crypto)
    // Old to new.
    let done = try DeviceLinkMessage.done(DeviceLinkDone(statements: [statement.encoded()])).sealed(under: secret, using: crypto)
    guard case .done(let last) = try DeviceLinkMessage(.done, opening: done, under: typed, using: crypto) else { throw IdentityError.sealed }
    for statement in last.statements { try chain.append(received: statement, using: crypto) }
    #expect(chain == anna.chain)
    #expect(chain.state.device(new.device.id) == new.device)

    // No message opens as another step, under another secret, or damaged.
    let messages: [(DeviceLinkMessage.Step, [UInt8])] = [(.offer, offer), (.account, account), (.possession, proof), (.done, done)]
    for (step, bytes) in messages {
      for other in DeviceLinkMessage.Step.allCases where other != step {
        #expect(throws: IdentityError.sealed) { try DeviceLinkMessage(other, opening: bytes, under: secret, using: crypto) }
      }
      #expect(throws: IdentityError.sealed) { try DeviceLinkMessage(step, opening: bytes, under: LinkSecret.make(using: crypto), using: crypto) }
      for i in stride(from: 0, to: bytes.count, by: 7) {
        var changed = bytes
        changed[i] ^= 1
        #expect(throws: IdentityError.sealed) { try DeviceLinkMessage(step, opening: changed, under: secret, using: crypto) }
        #expect(throws: IdentityError.sealed) { try DeviceLinkMessage(step, opening: Array(bytes.prefix(i)), under: secret, using: crypto) }
      }
    }
    // Another house's certificate before the chain.
    let elsewhere = DeviceLinkAccount(house: try TestHouse().signed, statements: anna.chain.statements)
    #expect(throws: IdentityError.self) { try elsewhere.verified(using: crypto) }
  }
}
