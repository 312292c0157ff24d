// Typing: for those who look now. Sealed under a key of the epoch with a random nonce, so that it uses up no ratchet; signed; not queued, not stored.
import CryptoInterface
import Identity
import MLS
import TLSCodec
import Wire

/// Somebody types.
struct TypingMark: Sendable {
  var chat: UInt32
  var account: AccountID
  /// Milliseconds.
  var until: UInt64
}

///     struct {
///         uint64 epoch;
///         opaque nonce[12];
///         opaque sealed<V>;      // ChaCha20-Poly1305, key: export("ephemeral"), aad: epoch
///     } Ephemeral;
///
///     struct {
///         uint32 leaf;
///         uint8 kind;            // typing(1)
///         uint64 time;           // milliseconds
///         opaque signature<V>;   // by the leaf's key, label "Ephemeral", over group ‖ epoch ‖ leaf ‖ kind ‖ time
///     } EphemeralContent;
extension Core {
  /// A typing mark holds so long.
  static var typingSpan: UInt64 { 6_000 }

  private func ephemeralTBS(_ group: Group, leaf: UInt32, kind: UInt8, time: UInt64) -> [UInt8] {
    var w = Writer()
    w.opaque(group.groupID)
    w.uint64(group.epoch)
    w.uint32(leaf)
    w.uint8(kind)
    w.uint64(time)
    return w.bytes
  }

  mutating func sendTyping(chat conversation: UInt32) throws(Stop) {
    guard isOnline, let own, setting(.typing) != .off else { return }
    let chat = try sendingRoom(of: conversation)
    guard chat.state == .active, !chat.needsResync else { return }
    let group = try group(chat.group)
    let leaf = group.leafIndex.value
    guard
      let signature = try? Signing.sign(
        SigningLabel("Ephemeral"), ephemeralTBS(group, leaf: leaf, kind: 1, time: now), with: own.signatureKeyPair.privateKey, using: crypto)
    else { return }
    var w = Writer()
    w.uint32(leaf)
    w.uint8(1)
    w.uint64(now)
    w.opaque(signature)
    let epoch = [UInt8](bigEndian: group.epoch)
    let nonce = crypto.random(12)
    let key = Secret(try exported("ephemeral", of: group))
    guard let sealed = try? crypto.aeadSeal(.chaCha20Poly1305, key: key, nonce: nonce, aad: epoch, w.bytes) else { return }
    var payload = Writer()
    payload.uint64(group.epoch)
    payload.fixed(nonce)
    payload.opaque(sealed)
    ask(.ephemeral(EphemeralRequest(group: chat.group, key: chat.groupKey, payload: payload.bytes)), .ignored)
  }

  mutating func received(_ ephemeral: EphemeralPush) throws(Stop) {
    guard let chat = chat(ofGroup: ephemeral.group), chat.state == .active, setting(.typing) != .off else { return }
    let group = try group(chat.group)
    var r = Reader(ephemeral.payload)
    guard let epoch = try? r.uint64(), epoch == group.epoch, let nonce = try? r.fixed(12), let sealed = try? r.opaque() else { return }
    let key = Secret(try exported("ephemeral", of: group))
    guard let content = try? crypto.aeadOpen(.chaCha20Poly1305, key: key, nonce: nonce, aad: [UInt8](bigEndian: epoch), sealed) else { return }
    var c = Reader(content)
    guard let index = try? c.uint32(), let kind = try? c.uint8(), kind == 1, let time = try? c.uint64(), let signature = try? c.opaque(),
      index < group.tree.leafCount, let leaf = group.tree[LeafIndex(index)], let claim = try? LeafClaim(leaf), claim.account != own?.account,
      Signing.isValid(signature, SigningLabel("Ephemeral"), ephemeralTBS(group, leaf: index, kind: kind, time: time), by: leaf.signatureKey, using: crypto),
      // An old mark, sent again.
      time > now - min(now, 60_000), time < now + 60_000
    else { return }
    typing.removeAll { $0.chat == chat.conversation && $0.account == claim.account }
    typing.append(TypingMark(chat: chat.conversation, account: claim.account, until: now + Self.typingSpan))
    wake(at: now + Self.typingSpan)
    emit(.typing(chat: chat.conversation, claim.account))
  }

  mutating func expireTyping() throws(Stop) {
    if typing.isEmpty { return }
    for mark in typing where mark.until <= now { emit(.chatChanged(mark.chat)) }
    typing.removeAll { $0.until <= now }
    if let next = typing.map({ $0.until }).min() { wake(at: next) }
  }
}
