// Known answers, computed by an independent implementation in Python (hashlib, and Ed25519 and ChaCha20-Poly1305 of the package cryptography) from
// the structures and labels as documented. What is stored and signed for years must not change its bytes.
import CryptoInterface
import Identity
import TLSCodec
import Testing

private enum Known {
  static let code = "DEFGH-JKMNP-QRSTV-WXYZY"
  static let invitationKey = "f7b2115a828c63162b246e9ab2ad8c5ff5b93bded22082e50e4e2c1666301de9"
  static let houseTag = "1e4baada0eb23ab4ebcc8588e456ce45ee32330419dbab3998e35fb73ff54737"
  static let slot = "6c5a28b89aaa2eca7f23d31dc027ccc3"
  static let house = """
    00010c636861742e6578616d706c650b4861757320616d20536565208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c20813977\
    0ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394000000006abcf9c040408118d652b681353e186106b550ff43751b8237f9f7fe092ef4\
    f1b64c2ff4aa9b7ed13dff9e63b82b03781e2bcedc6242def6b634cd2509d8810fb1db2da77508
    """
  static let policy = """
    00015b46aca5023398deb589a7ca5487745e2976e01d92407a55d5a0153acea8a71000000007080001010100050102000000006abcf9c04040e4fbc0bfd4c6d8\
    0918cdae3cf24643bdb897f430654332a90672dac6bdea84150ef5743c347c4405791e986cdb173ecc05ecf46c04c36e2c3b42c2ea3306ee03
    """
  static let possessionMessage = "0707070707070707070707076511b2b0f96699247958e050940df0173b0fe7016ffd"
  static let room = "2c6d696d693a2f2f636861742e6578616d706c652f722f41414543417751464267634943516f4c4441304f447702"
  static let safetyDigits = "60186 55359 48912 74469 42181 68372 19933 74381 09989 75586 73515 75670"
  static let safetyQR = "safety:nKR-v0rsQ61647fsAo5xli9_A4NPOedMXC-Jd1HGg_o"
  static let feedHead = """
    5b46aca5023398deb589a7ca5487745e2976e01d92407a55d5a0153acea8a710000000030000000000000002c1e9655e2da4dd8d1386a4bfa9fa163d886b8a21\
    c6bd898c211d7b62c24a4bf5000000006abcf9c04040d7d633259e5b1e9b092a0415e77b09099228eb69727105e08dd3ae4eb5890e83f45f510a70aecf001bce\
    b8e418d917306b543c1467706992f42edfce7682fa05
    """
  static let statements = [
    """
    0001a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1000000000000000000000000000000000000000000000000000000000000\
    000000000000000000006abcf9c001000141580105c3846e6e650561656e6e650c636861742e6578616d706c65d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d120ed49\
    28c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e10dc3846e6e6527732070686f6e650100015b\
    46aca5023398deb589a7ca5487745e2976e01d92407a55d5a0153acea8a71020f7b2115a828c63162b246e9ab2ad8c5ff5b93bded22082e50e4e2c1666301de9\
    0105c3846e6e650657617264203301000000006abe4b400909090909090909090909090909090940401be04d18cb77fe1c76f9b21bab746d0cb083632d9b91f8\
    c5f70c3319f2fec658645b606a4e1e49bffe55a6c8d96ff08ce6a41cac5ca93861ecf16ae58cf8890a4040b8175308168480ce836e180524ea2e2fba312beb13\
    db675c694a8630e205efa1e44798053fc1cb5db1387c18d0227b7fc9252e6900d0aecff63a44bd4d038e060120ed4928c628d1c2c6eae9033890599561295927\
    3a5c63f93636c14614ac8737d140406c72be1aecccecec286aa87332538d841bead0cb06ab1f9e6e862f87f12819d41e06b95cbbd38a8cb70c836af3e6be1184\
    017ad7054f24f86927731226b44504
    """,
    """
    0001a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a100000001a7ea94e298dcb04c2ecffa5fb9bea7f7240d642a9af8cec0f4f0\
    31a633127e30000000006abcf9c00100024084d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d220ca93ac1705187071d67b83c7ff0efe8108e8ec4530575d7726879333\
    dbdabe7ce2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2004040a9d98b51ae0ebf7a508a4ffa0b28df7fe00e61c62e951869f5b46de00fd7323b88002a40366ac398e2\
    215f9bb140ac86e44c14831118e691d153c4a289a6060e0120ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d14040eebf7d6492\
    c13518bcf190db50214809a5f2847635b4aea74f180d9a8415e972bf5f73a1b19e8564d7c39f7d2236f8955f61f6f8bae1c4336332d25de0b28b0d
    """,
    """
    0001a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a100000002ece202f0647ab8bba56fbbcf210137bb24f92cf5577f9cba85ac\
    cc2860046ea9000000006abcf9c00100044073d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1206e7a1cdd29b0b78fd13af4c5598feff4ef2a97166e3ca6f2e4fbfccd\
    80505bf1404085c62a5a6f7bdf9fea94a8ac20b22dd233ffe690a18170c07e9e2995d689298a36299f0b0782af17159452126b566d0e419f95177f48c24def30\
    fe05efc5bf0e0120ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d1404061d04112187bef7bc34c8b7a2f6920ca3ce42b4fd16f\
    e6772d0bdf1d549426fe32a9f7be58c2b91af65fbdaeecdce76a09beb599e9e3de92b191168433e6080e
    """,
    """
    0001a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a100000003fb9dd5021838042aa97d11ac3938dc211c52bded3fa91b0d29c4\
    2f75f866712a000000006abcf9c001000521208a875fff1eb38451577acd5afee405456568dd7c89e090863a0557bc7af49f170120ca93ac1705187071d67b83\
    c7ff0efe8108e8ec4530575d7726879333dbdabe7c4040735ec5bafed6c4b2d2c9d642eb5c2d26c7716e0b6dee0567db82b3acabcfb13455af05902c74098f1b\
    561eb42ea86afe665a4e291deaa0053410ed85750c2f08
    """,
    """
    0001a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a100000004b078d4123928c834657714b53c5e52cab8dd89657ed80f6892a3\
    1eaea30d19e7000000006abcf9c001000314d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1000000040120ca93ac1705187071d67b83c7ff0efe8108e8ec4530575d77\
    26879333dbdabe7c4040dbca3cf106e5082d3fd0fa09a400bb0102519c8574500b563adaa1442f260e1f616ff0aa5808e22658c279dedb014909023bcabf5472\
    62d73a85c6dd7c120a00
    """,
    """
    0001a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1000000056094cf1876b4b5bb6f81a6fecbe6befb8f8dde13333b00ae0523\
    51ae3348bd36000000006abcf9c0010006408ad3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d320ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea69\
    1446d22ce3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3067461626c65744040beb6e9925f7b3faad7a01f17866e1d8ad2a2293022ec90e5cb186c80f83923a67164cf\
    3a858f2985722bf0f8b934ba5174412bae3defc75a66481d8a19aef50b02208a875fff1eb38451577acd5afee405456568dd7c89e090863a0557bc7af49f1740\
    4088c3e744c7dc0ba8fed0f8e2b08354135aa80718c0f7d968aeeb733b0a205896946bb14640d7021fda245faad8ec79f97df3a4a077ea384eca02f2e0e3544e\
    01
    """,
    """
    0001a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a100000006c34ebe2935bdddfb0de6588553c09651abb0a5dfc17a7d8377f3\
    6d34e55de705000000006abcf9c0010007408bd4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4201398f62c6d1a457c51ba6a4b5f3dbd2f69fca93216218dc8997e416b\
    d17d93cae4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4036e6577404060e2f4f3b6b8a2fb2c887a01f3cd9a9c8355925d57d3f4147858c575a69e60bda87d099cdeae\
    b4786ad7fc35f7ec9eaa26f768eb894303554b499e4eb1f46a090000000103208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c\
    40403ce7f9533e8ba65a4e595b7917dc4db8e03902b6b19f40903a084bcec6ed2834cfadbfd29d49584272fd9e34313a9e4214554d0b90e4152b01af9ba5afd1\
    a301
    """,
    """
    0001a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a100000007979aaf267f435c81b65b4fface5696976e6cab77486f9f7d079f\
    29c111b5f079000000006abcf9c0001267056c6174657201201398f62c6d1a457c51ba6a4b5f3dbd2f69fca93216218dc8997e416bd17d93ca4040f5e7d6c0b4\
    ca76241009fefd6cbff3ad06cd9e98ee7c28f9a9d6a5cbfeeacdce0559c265400feaf74814d60a671f025626667f734145bbeb76b706ee40fba303
    """,
  ]
  static let heads = ["a7ea94e298dcb04c2ecffa5fb9bea7f7240d642a9af8cec0f4f031a633127e30", "cd3b1103c28fede28fd163059a40ab727dc898e8595f63361dcd129a97c408ea"]
}

private func bytes(_ hex: String) -> [UInt8] {
  let digits = hex.utf8.map { UInt8($0 < 0x60 ? $0 - 0x30 : $0 - 0x57) }
  return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

private func repeated<T: FixedBytes>(_ byte: UInt8) throws -> T { try #require(T([UInt8](repeating: byte, count: T.size))) }

private func keyPair(_ seed: UInt8) throws -> SignatureKeyPair {
  try Signing.keyPair(seed: Secret([UInt8](repeating: seed, count: 32)), using: crypto)
}

@Suite struct KnownAnswerTests {
  let house: House
  init() throws { house = try SignedHouse(received: bytes(Known.house)).verified(using: crypto) }

  @Test func houseAndPolicy() throws {
    let made = House(
      domain: "chat.example", name: "Haus am See", administratorKey: try keyPair(1).publicKey, serverKey: try keyPair(2).publicKey, time: noon)
    #expect(try SignedHouse(signing: made, with: keyPair(1).privateKey, using: crypto).encoded() == bytes(Known.house))
    var policy = Policy(house: made.id(using: crypto), serial: 7, time: noon)
    policy.set(.appLock, .on)
    policy.set(.readReceipts, .personDecides)
    #expect(try SignedPolicy(signing: policy, with: keyPair(1).privateKey, using: crypto).encoded() == bytes(Known.policy))
  }

  @Test func code() throws {
    let secret = try LinkSecret(text: Known.code)
    #expect(secret.text == Known.code)
    #expect(try secret.invitationKey(using: crypto).publicKey.bytes == bytes(Known.invitationKey))
    #expect(secret.houseTag(house.id(using: crypto), using: crypto) == bytes(Known.houseTag))
    #expect(secret.slot(using: crypto) == bytes(Known.slot))
    #expect(
      try DeviceLinkMessage(.possession, opening: bytes(Known.possessionMessage), under: secret, using: crypto)
        == .possession(DeviceLinkPossession(possession: Array("proof".utf8))))
  }

  /// Every type of statement, made here and read from there.
  @Test func chain() throws {
    let statements = Known.statements.map { bytes($0) }
    let chain = try Chain(statements, house: house, using: crypto)
    #expect(chain.head(at: 1)?.bytes == bytes(Known.heads[0]))
    #expect(chain.head.bytes == bytes(Known.heads[1]))
    #expect(chain.state.name == "Änne")
    #expect(chain.state.devices == [Device(id: try repeated(0xD4), signatureKey: try keyPair(8).publicKey, mailbox: try repeated(0xE4), name: "new")])
    #expect(chain.state.revokedDevices.count == 3)
    #expect(chain.state.resetCount == 1)

    func device(_ i: UInt8, _ key: UInt8, _ name: String) throws -> Device {
      Device(id: try repeated(0xD0 + i), signatureKey: try keyPair(key).publicKey, mailbox: try repeated(0xE0 + i), name: name)
    }
    let secret = try LinkSecret(text: Known.code)
    var invitation = Invitation(
      house: house.id(using: crypto), key: try secret.invitationKey(using: crypto).publicKey, kind: .person, name: "Änne", function: "Ward 3",
      grantsAdministrator: true, notAfter: noon + 86_400, using: crypto)
    invitation.nonce = [UInt8](repeating: 9, count: 16)
    let genesis = try Genesis.make(
      account: repeated(0xA1), kind: .person, name: "Änne", localPart: "aenne", device: device(1, 3, "Änne's phone"), key: keyPair(3), house: house,
      admission: .invitation(
        SignedInvitation(signing: invitation, with: keyPair(1).privateKey, using: crypto), key: secret.invitationKey(using: crypto).privateKey),
      at: noon, using: crypto)
    var made = try Chain(genesis: genesis, house: house, using: crypto)
    func possession(_ device: Device, _ key: UInt8) throws -> [UInt8] {
      try made.possession(of: device.id).sign(with: keyPair(key).privateKey, using: crypto)
    }
    let second = try device(2, 4, "")
    try made.append(
      try .addDevice(second, possession: possession(second, 4), to: made, by: keyPair(3), at: noon, using: crypto), using: crypto)
    try made.append(try .rotateKey(of: repeated(0xD1), from: keyPair(3), to: keyPair(5), in: made, at: noon, using: crypto), using: crypto)
    try made.append(try .addRecoveryKey(keyPair(6).publicKey, to: made, by: keyPair(4), at: noon, using: crypto), using: crypto)
    try made.append(try .revokeDevice(repeated(0xD1), cutOff: 4, in: made, by: keyPair(4), at: noon, using: crypto), using: crypto)
    try made.append(try .recover(made, to: device(3, 7, "tablet"), key: keyPair(7), recovery: keyPair(6), at: noon, using: crypto), using: crypto)
    let last = try device(4, 8, "new")
    try made.append(
      try .houseReset(made, to: last, possession: possession(last, 8), administrator: keyPair(1), at: noon, using: crypto), using: crypto)
    try made.append(
      try sign(.unknown(StatementType(4_711), Array("later".utf8)), made, by: keyPair(8)) { $0.critical = false }, using: crypto)
    #expect(made.statements == statements)

    let before = try #require(chain.state(at: 1))
    let number = SafetyNumber(chain.state, before, using: crypto)
    #expect(number.text == Known.safetyDigits)
    #expect(number.qrText == Known.safetyQR)

    var log = FeedLog(house: house.id(using: crypto), incarnation: 3)
    for length in [1, chain.length] { _ = log.append(chain.account, length: length, head: try #require(chain.head(at: length)), using: crypto) }
    #expect(try log.head(at: noon, serverKey: keyPair(2).privateKey, using: crypto).encoded() == bytes(Known.feedHead))
  }

  @Test func room() throws {
    #expect(try Room(domain: "chat.example", id: Array(0..<16), kind: .group).encoded() == bytes(Known.room))
  }
}
