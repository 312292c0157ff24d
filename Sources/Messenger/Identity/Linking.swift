// A further device of an account: the two meet in a slot of the server, under the secret of a link that the first one shows.
import CryptoInterface
import Identity
import TLSCodec
import Wire

/// What of a linking is going on. Not stored: after a break a new link is shown.
struct LinkState: Sendable {
  /// Of the device that shows the link.
  var opened: LinkSecret?
  var offered: DeviceLinkOffer?
  /// Waits for the server to take the statement.
  var added: DeviceID?
  /// The account whose devices the administrator replaces; nil: this one gets a further device.
  var resetting: AccountID?
  /// Of the new device.
  var wanted: WantedLink?
}

/// The new device while it links.
struct WantedLink: Sendable {
  var secret: LinkSecret
  var token: UInt32
  var offer: DeviceLinkOffer
  var keyPair: SignatureKeyPair
  /// Once the account is known.
  var account: DeviceLinkAccount?
}

extension Core {
  // MARK: The device that has the account

  /// - Parameter account: whom the house resets; the administrator alone can.
  mutating func openLink(resetting account: AccountID? = nil, token: UInt32) throws(Stop) {
    guard let own else { throw .failed(.notEnrolled) }
    guard isOnline else { throw .failed(.offline) }
    if let account {
      guard own.administratorKeyPair != nil, account != own.account else { throw .failed(.notPermitted) }
      guard chains[account] != nil else { throw .failed(.noSuchPerson) }
    }
    if ownDevicesRoom == nil { try makeOwnDevicesRoom() }
    let secret = LinkSecret.make(using: crypto)
    link = LinkState()
    link.resetting = account
    ask(.openLink(OpenLink(slot: secret.slot(using: crypto))), .openLink(token: token, secret))
  }

  mutating func linkOffered(_ offered: LinkOffered) throws(Stop) {
    guard let secret = link.opened, offered.slot == secret.slot(using: crypto), let own, let house,
      let chain = chains[link.resetting ?? own.account]
    else { return }
    if link.offered == nil {
      // What does not open under the secret is not from the device that was shown the link.
      guard case .offer(let offer)? = try? DeviceLinkMessage(.offer, opening: offered.sealed, under: secret, using: crypto) else { return }
      link.offered = offer
      answer(.account(DeviceLinkAccount(house: house, statements: chain.statements)), under: secret)
      return
    }
    guard let offer = link.offered, link.added == nil,
      case .possession(let possession)? = try? DeviceLinkMessage(.possession, opening: offered.sealed, under: secret, using: crypto)
    else { return }
    do throws(IdentityError) {
      let statement: SignedStatement
      if link.resetting != nil, let administrator = own.administratorKeyPair {
        statement = try SignedStatement.houseReset(
          chain, to: offer.device, possession: possession.possession, administrator: administrator, at: seconds, using: crypto)
      } else {
        statement = try SignedStatement.addDevice(
          offer.device, possession: possession.possession, to: chain, by: own.signatureKeyPair, at: seconds, using: crypto)
      }
      link.added = offer.device.id
      state(statement, mailboxKey: offer.mailboxKey, token: nil)
    } catch { link = LinkState() }
  }

  private mutating func answer(_ message: DeviceLinkMessage, under secret: LinkSecret) {
    guard let sealed = try? message.sealed(under: secret, using: crypto) else { return }
    ask(.answerLink(AnswerLink(slot: secret.slot(using: crypto), sealed: sealed)), .ignored)
  }

  /// The own chain has grown at the server; where it was for a link, the new device hears of it.
  mutating func linkConfirmed(_ chain: Chain) throws(Stop) {
    guard let secret = link.opened, let added = link.added, chain.account == link.resetting ?? own?.account,
      chain.state.device(added) != nil
    else { return }
    let isReset = link.resetting != nil
    answer(.done(DeviceLinkDone(statements: chain.statements)), under: secret)
    link = LinkState()
    emit(.deviceLinked(added))
    // After a reset: no history, no silent return to groups.
    if isReset { return }
    // The history, after the groups: its messages go through the own devices' group.
    if let room = ownDevicesRoom {
      want(.addOwnDevices, in: room)
      want(.history(device: added, round: 0), in: room)
    }
  }

  // MARK: The new device

  mutating func linkDevice(_ secret: LinkSecret, deviceName: String, token: UInt32) throws(Stop) {
    guard own == nil, enrolment == nil else { throw .failed(.alreadyEnrolled) }
    guard connection.phase == .greeted, connection.greeting?.house != nil else { throw .failed(.offline) }
    guard Naming.isDeviceName(deviceName) else { throw .failed(.unsuitableText) }
    do throws(IdentityError) {
      let keyPair = try Signing.makeKeyPair(using: crypto)
      let device = Device.make(keyPair.publicKey, name: deviceName, using: crypto)
      let offer = DeviceLinkOffer(device: device, mailboxKey: crypto.random(32))
      link.wanted = WantedLink(secret: secret, token: token, offer: offer, keyPair: keyPair)
      let sealed = try DeviceLinkMessage.offer(offer).sealed(under: secret, using: crypto)
      ask(.offerLink(OfferLink(slot: secret.slot(using: crypto), sealed: sealed)), .linkOffer(token: token))
    } catch { throw .failed(.internalError("link")) }
  }

  mutating func linkAnswered(_ answered: LinkOffered) throws(Stop) {
    guard var wanted = link.wanted, answered.slot == wanted.secret.slot(using: crypto) else { return }
    do throws(IdentityError) {
      guard let account = wanted.account else {
        guard case .account(let account) = try DeviceLinkMessage(.account, opening: answered.sealed, under: wanted.secret, using: crypto),
          account.house.encoded() == connection.greeting?.house
        else { return fail(wanted.token, .wrongHouse) }
        let chain = try account.verified(using: crypto)
        wanted.account = account
        link.wanted = wanted
        let possession = try chain.possession(of: wanted.offer.device.id).sign(with: wanted.keyPair.privateKey, using: crypto)
        let sealed = try DeviceLinkMessage.possession(DeviceLinkPossession(possession: possession)).sealed(under: wanted.secret, using: crypto)
        ask(.offerLink(OfferLink(slot: answered.slot, sealed: sealed)), .linkOffer(token: wanted.token))
        return
      }
      guard case .done(let done) = try DeviceLinkMessage(.done, opening: answered.sealed, under: wanted.secret, using: crypto) else { return }
      let house = account.house.house
      let chain = try Chain(done.statements, house: house, using: crypto)
      guard chain.account == (try account.verified(using: crypto)).account, chain.state.device(wanted.offer.device.id) == wanted.offer.device else {
        return fail(wanted.token, .serverMisbehaves)
      }
      let device = OwnDevice(
        account: chain.account, device: wanted.offer.device.id, signatureKeyPair: wanted.keyPair, mailbox: wanted.offer.device.mailbox,
        administratorKeyPair: nil, serverKey: house.serverKey.bytes, domain: house.domain)
      become(device, house: account.house, chain: chain, mailboxKey: Secret(wanted.offer.mailboxKey))
      link = LinkState()
      emit(.completed(token: wanted.token, .done))
      greetAgain()
    } catch { fail(wanted.token, .wrongHouse) }
  }
}
