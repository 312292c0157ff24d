// What the administrator's client does: it holds the house's key, which signs invitations, policies and resets. And what everybody may ask about people.
import CryptoInterface
import Identity
import TLSCodec
import Wire

extension Core {
  private func administrator() throws(Stop) -> (house: House, key: SignatureKeyPair) {
    guard let own, let house else { throw .failed(.notEnrolled) }
    guard let key = own.administratorKeyPair else { throw .failed(.notPermitted) }
    guard isOnline else { throw .failed(.offline) }
    return (house: house.house, key: key)
  }

  mutating func invite(_ wishes: [InvitationWish], token: UInt32) throws(Stop) {
    let (house, key) = try administrator()
    guard !wishes.isEmpty, wishes.count <= WireLimits.invitations else { throw .failed(.unsuitableText) }
    let id = house.id(using: crypto)
    var new: [NewInvitation] = []
    var views: [InvitationView] = []
    for wish in wishes {
      guard wish.name.isEmpty || Naming.isName(wish.name), wish.function.isEmpty || Naming.isName(wish.function) else { throw .failed(.unsuitableText) }
      let secret = LinkSecret.make(using: crypto)
      do throws(IdentityError) {
        let invitation = Invitation(
          house: id, key: try secret.invitationKey(using: crypto).publicKey, kind: wish.kind, name: wish.name, function: wish.function,
          grantsAdministrator: wish.grantsAdministrator, notAfter: wish.notAfter, using: crypto)
        let signed = try SignedInvitation(signing: invitation, with: key.privateKey, using: crypto)
        new.append(NewInvitation(invitation: signed.encoded(), houseTag: secret.houseTag(id, using: crypto)))
        views.append(invitationView(signed, houseName: house.name, secret: secret))
      } catch { throw .failed(.internalError("invite")) }
    }
    ask(.createInvitations(CreateInvitations(requestID: newRequestID(), invitations: new)), .invitations(token: token, views))
  }

  mutating func listInvitations(token: UInt32) throws(Stop) {
    _ = try administrator()
    ask(.listInvitations, .listInvitations(token: token))
  }

  mutating func listed(_ answer: Answer, token: UInt32) {
    switch answer {
    case .invitations(let list):
      let name = house?.house.name ?? ""
      emit(
        .completed(
          token: token,
          .invitations(list.invitations.compactMap { bytes in
            (try? SignedInvitation(received: bytes)).map { invitationView($0, houseName: name, secret: nil) }
          })))
    case .refused(let refusal): fail(token, .refused(refusal.code.rawValue))
    default: unexpected()
    }
  }

  mutating func withdrawInvitation(_ invitation: [UInt8], token: UInt32) throws(Stop) {
    let (_, key) = try administrator()
    guard invitation.count == 32, let signature = try? Signing.sign(.withdraw, invitation, with: key.privateKey, using: crypto) else {
      throw .failed(.unsuitableText)
    }
    ask(.withdrawInvitation(WithdrawInvitation(key: invitation, signature: signature)), .command(token: token))
  }

  mutating func setPolicy(_ entries: [PolicyEntry], token: UInt32) throws(Stop) {
    let (house, key) = try administrator()
    var new = policy?.policy ?? Policy(house: house.id(using: crypto), serial: 0, time: seconds)
    for entry in entries { new[entry.key] = entry.value }
    new.serial += 1
    new.time = seconds
    guard let signed = try? SignedPolicy(signing: new, with: key.privateKey, using: crypto) else { throw .failed(.internalError("policy")) }
    ask(.setPolicy(SetPolicy(policy: signed.encoded())), .policy(token: token, signed.encoded()))
  }

  mutating func revokeDevice(_ device: DeviceID, token: UInt32) throws(Stop) {
    guard let own, let chain = chains[own.account] else { throw .failed(.notEnrolled) }
    guard isOnline else { throw .failed(.offline) }
    guard statement == nil else { throw .failed(.refused(RefusalCode.chainConflict.rawValue)) }
    guard device != own.device, chain.state.device(device) != nil else { throw .failed(.noSuchDevice) }
    do throws(IdentityError) {
      let statement = try SignedStatement.revokeDevice(
        device, cutOff: chain.length, in: chain, by: own.signatureKeyPair, at: seconds, using: crypto)
      state(statement, token: token)
    } catch { throw .failed(.notPermitted) }
  }

  // MARK: Verification

  private func fingerprint(_ state: ChainState) -> [UInt8] { state.genesisHash.bytes + [UInt8](bigEndian: state.resetCount) }

  func isVerified(_ account: AccountID) -> Bool {
    guard let verified = contacts[account]?.verified, let chain = chains[account] else { return false }
    return verified == fingerprint(chain.state)
  }

  /// Whether sending to this person waits for a word: the one who was verified was reset since.
  func needsConfirmation(_ account: AccountID) -> Bool {
    guard let contact = contacts[account], contact.verified != nil, let chain = chains[account] else { return false }
    return !isVerified(account) && chain.state.resetCount > contact.acknowledgedResets
  }

  func safetyNumber(with account: AccountID) throws(Stop) -> SafetyNumberView {
    guard let own, let mine = chains[own.account], let theirs = chains[account] else { throw .failed(.noSuchPerson) }
    let number = SafetyNumber(mine.state, theirs.state, using: crypto)
    return SafetyNumberView(digits: number.text, qrText: number.qrText, isVerified: isVerified(account))
  }

  mutating func markVerified(_ account: AccountID) throws(Stop) {
    guard let chain = chains[account] else { throw .failed(.noSuchPerson) }
    var contact = contacts[account] ?? Contact(account: account)
    contact.verified = fingerprint(chain.state)
    contact.acknowledgedResets = chain.state.resetCount
    save(contact)
    if let room = ownDevicesRoom { want(.ownDevices(type: PayloadType.contact, body: contact.encoded()), in: room) }
  }

  mutating func confirmReset(_ account: AccountID) throws(Stop) {
    guard let chain = chains[account], var contact = contacts[account] else { throw .failed(.noSuchPerson) }
    contact.acknowledgedResets = chain.state.resetCount
    save(contact)
  }

  mutating func save(_ contact: Contact) {
    contacts[contact.account] = contact
    put(key(.contact, contact.account.bytes), contact.encoded())
  }
}
