// Becoming somebody: setting up the house, or joining with an invitation. The keys are stored before the server hears of them, so a crash loses no account.
import CryptoInterface
import Identity
import MLS
import TLSCodec
import Wire

/// What a person wants to join as, until the invitation was looked up.
struct EnrolmentWish: Sendable {
  var secret: LinkSecret
  var name: String?
  var localPart: String?
  var deviceName: String
  /// Addresses that were taken.
  var taken: UInt32 = 0
}

/// An account that the server has not confirmed yet.
struct Enrolment: Sendable {
  var own: OwnDevice
  var house: [UInt8]
  var genesis: [UInt8]
  var mailboxKey: Secret
  /// The request as it goes out, again and again, until it is answered.
  var request: [UInt8]
  /// For another address, should this one be taken; not stored.
  var wish: EnrolmentWish?

  init(own: OwnDevice, house: [UInt8], genesis: [UInt8], mailboxKey: Secret, request: [UInt8]) {
    self.own = own
    self.house = house
    self.genesis = genesis
    self.mailboxKey = mailboxKey
    self.request = request
  }
  func encoded() -> [UInt8] {
    var w = Writer()
    w.uint16(1)
    w.opaque(own.encoded())
    w.opaque(house)
    w.opaque(genesis)
    w.opaque(mailboxKey.exposed)
    w.opaque(request)
    return w.bytes
  }
  init(decoding bytes: [UInt8]) throws(DecodingError) {
    var r = Reader(bytes)
    try r.version(1)
    own = try OwnDevice(decoding: try r.opaque())
    house = try r.opaque()
    genesis = try r.opaque()
    mailboxKey = Secret(try r.opaque())
    request = try r.opaque()
    try r.finish()
  }
}

extension Core {
  /// The greeting, where nothing has been joined yet.
  private func greetingForNewcomer() throws(Stop) -> Greeting {
    guard own == nil, enrolment == nil else { throw .failed(.alreadyEnrolled) }
    guard let greeting = connection.greeting, connection.phase == .greeted else { throw .failed(.offline) }
    return greeting
  }

  mutating func setUp(_ secret: LinkSecret, houseName: String, name: String, localPart: String, deviceName: String, token: UInt32) throws(Stop) {
    let greeting = try greetingForNewcomer()
    guard greeting.house == nil else { throw .failed(.refused(RefusalCode.notNow.rawValue)) }
    guard Naming.isName(houseName), Naming.isName(name), Naming.isLocalPart(localPart), Naming.isDeviceName(deviceName) else {
      throw .failed(.unsuitableText)
    }
    let domain = String(decoding: greeting.domain, as: UTF8.self)
    do throws(IdentityError) {
      let administrator = try Signing.makeKeyPair(using: crypto)
      let house = House(
        domain: domain, name: houseName, administratorKey: administrator.publicKey, serverKey: SignaturePublicKey(greeting.serverKey), time: seconds)
      let signedHouse = try SignedHouse(signing: house, with: administrator.privateKey, using: crypto)
      var made = try makeAccount(
        kind: .person, name: name, localPart: localPart, deviceName: deviceName, house: house,
        admission: .administrator(administrator.privateKey))
      made.own.administratorKeyPair = administrator
      var request = SetUp(
        requestID: newRequestID(), house: signedHouse.encoded(), genesis: made.genesis.encoded(), mailboxKey: made.mailboxKey.exposed, proof: [])
      let proving = try secret.invitationKey(using: crypto)
      request.proof = try Signing.sign(.setUp, request.signedContent, with: proving.privateKey, using: crypto)
      keep(
        Enrolment(
          own: made.own, house: signedHouse.encoded(), genesis: made.genesis.encoded(), mailboxKey: made.mailboxKey,
          request: Request.setUp(request).encoded()), token: token)
    } catch { throw .failed(.internalError("set up")) }
  }

  private mutating func keep(_ new: Enrolment, token: UInt32) {
    enrolment = new
    put(key(.enrolment), new.encoded())
    sendEnrolment(new, token: token)
  }

  mutating func sendEnrolment(_ enrolment: Enrolment, token: UInt32 = 0) {
    guard let request = try? Request(decoding: enrolment.request) else { return }
    ask(request, .enrolment(token: token))
  }

  private func makeAccount(
    kind: AccountKind, name: String, localPart: String, deviceName: String, house: House, admission: Admission
  ) throws(IdentityError) -> (own: OwnDevice, genesis: SignedStatement, mailboxKey: Secret) {
    let account: AccountID = crypto.randomBytes()
    let keyPair = try Signing.makeKeyPair(using: crypto)
    let device = Device.make(keyPair.publicKey, name: deviceName, using: crypto)
    let genesis = try Genesis.make(
      account: account, kind: kind, name: name, localPart: localPart, device: device, key: keyPair, house: house, admission: admission,
      at: seconds, using: crypto)
    let own = OwnDevice(
      account: account, device: device.id, signatureKeyPair: keyPair, mailbox: device.mailbox, administratorKeyPair: nil,
      serverKey: house.serverKey.bytes, domain: house.domain)
    return (own: own, genesis: genesis, mailboxKey: Secret(crypto.random(32)))
  }

  /// The key behind an invitation, to look it up.
  private func lookUpRequest(_ secret: LinkSecret) throws(Stop) -> Request {
    guard let pair = try? secret.invitationKey(using: crypto) else { throw .failed(.mistyped) }
    return .lookUpInvitation(LookUpInvitation(key: pair.publicKey.bytes))
  }

  mutating func inspect(_ secret: LinkSecret, token: UInt32) throws(Stop) {
    guard connection.greeting != nil else { throw .failed(.offline) }
    ask(try lookUpRequest(secret), .inspect(token: token, secret))
  }

  mutating func enrol(_ wish: EnrolmentWish, token: UInt32) throws(Stop) {
    _ = try greetingForNewcomer()
    ask(try lookUpRequest(wish.secret), .lookUp(token: token, wish))
  }

  /// The invitation and the house that it is of, both verified.
  private func verified(_ answer: Answer, _ secret: LinkSecret) throws(MessengerError) -> (invitation: SignedInvitation, house: SignedHouse) {
    if case .refused(let refusal) = answer { throw .refused(refusal.code.rawValue) }
    guard case .invitation(let found) = answer, let bytes = connection.greeting?.house else { throw .serverMisbehaves }
    do throws(IdentityError) {
      let house = try SignedHouse(received: bytes)
      let content = try house.verified(using: crypto)
      // The holder of the secret knows the house by the tag: a server in between cannot show another.
      try secret.check(houseTag: found.houseTag, of: content.id(using: crypto), using: crypto)
      let invitation = try SignedInvitation(received: found.invitation)
      _ = try invitation.verified(for: content, using: crypto)
      guard content.serverKey.bytes == connection.greeting?.serverKey else { throw IdentityError.houseTag }
      return (invitation: invitation, house: house)
    } catch { throw .wrongHouse }
  }

  mutating func inspected(_ answer: Answer, _ secret: LinkSecret, token: UInt32) {
    do throws(MessengerError) {
      let found = try verified(answer, secret)
      emit(.completed(token: token, .invitation(invitationView(found.invitation, houseName: found.house.house.name, secret: secret))))
    } catch { fail(token, error) }
  }

  func invitationView(_ signed: SignedInvitation, houseName: String, secret: LinkSecret?) -> InvitationView {
    let invitation = signed.invitation
    return InvitationView(
      name: invitation.name, function: invitation.function, kind: invitation.kind, notAfter: invitation.notAfter, key: invitation.key.bytes,
      secret: secret, houseName: houseName)
  }

  mutating func lookedUp(_ answer: Answer, _ wish: EnrolmentWish, token: UInt32) throws(Stop) {
    let found: (invitation: SignedInvitation, house: SignedHouse)
    do throws(MessengerError) { found = try verified(answer, wish.secret) } catch { return fail(token, error) }
    let name = wish.name ?? found.invitation.invitation.name
    let localPart = wish.localPart ?? AddressNaming.localPart(of: name) + (wish.taken == 0 ? "" : String(wish.taken + 1))
    guard Naming.isName(name), Naming.isLocalPart(localPart), Naming.isDeviceName(wish.deviceName) else { return fail(token, .unsuitableText) }
    do throws(IdentityError) {
      let key = try wish.secret.invitationKey(using: crypto)
      let made = try makeAccount(
        kind: found.invitation.invitation.kind, name: name, localPart: localPart, deviceName: wish.deviceName, house: found.house.house,
        admission: .invitation(found.invitation, key: key.privateKey))
      var new = Enrolment(
        own: made.own, house: found.house.encoded(), genesis: made.genesis.encoded(), mailboxKey: made.mailboxKey,
        request: Request.enrol(
          Enrol(requestID: newRequestID(), genesis: made.genesis.encoded(), mailboxKey: made.mailboxKey.exposed)
        ).encoded())
      if wish.localPart == nil { new.wish = wish }
      keep(new, token: token)
    } catch { fail(token, .internalError("enrol")) }
  }

  mutating func enrolled(_ answer: Answer, token: UInt32) throws(Stop) {
    guard let enrolment else { return }
    switch answer {
    case .done: break
    case .refused(let refusal) where refusal.code == .taken:
      // Another has this address: the next number after the name, unless the person chose it.
      forgetEnrolment()
      guard var wish = enrolment.wish, wish.taken < 50 else { return fail(token, .refused(refusal.code.rawValue)) }
      wish.taken += 1
      ask(try lookUpRequest(wish.secret), .lookUp(token: token, wish))
      return
    case .refused(let refusal):
      // Not now, but perhaps later: the keys stay. Never: they go.
      if refusal.code != .unavailable && refusal.code != .tooMany && refusal.code != .goingDown { forgetEnrolment() }
      return fail(token, .refused(refusal.code.rawValue))
    default: return unexpected()
    }
    guard let signedHouse = try? SignedHouse(received: enrolment.house), let genesis = try? SignedStatement(received: enrolment.genesis),
      let chain = try? Chain(genesis: genesis, house: signedHouse.house, using: crypto)
    else { throw .failed(.corruptStore) }
    become(enrolment.own, house: signedHouse, chain: chain, mailboxKey: enrolment.mailboxKey)
    forgetEnrolment()
    try makeOwnDevicesRoom()
    emit(.completed(token: token, .done))
    greetAgain()
  }

  private mutating func forgetEnrolment() {
    enrolment = nil
    put(key(.enrolment), nil)
  }

  /// This store is a device of an account from now on.
  mutating func become(_ device: OwnDevice, house signedHouse: SignedHouse, chain: Chain, mailboxKey: Secret) {
    own = device
    put(key(.own), device.encoded())
    house = signedHouse
    put(key(.house), signedHouse.encoded())
    keep(chain)
    let record = MailboxRecord(key: mailboxKey)
    mailbox = record
    put(key(.mailbox), record.encoded())
    session.instance = crypto.random(16)
    put(key(.session), session.encoded())
    startFeed()
  }
}
