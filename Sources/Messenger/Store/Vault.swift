// Records at rest: sealed from the first byte, their names blinded. The store sees sizes in steps, counts, and when something is written; nothing else.
import CryptoInterface
import TLSCodec

/// A record as the store has it.
public struct StoredRecord: Sendable {
  public var key: [UInt8]
  /// Sealed; nil where there is no such record.
  public var value: [UInt8]?
  public init(key: [UInt8], value: [UInt8]?) {
    self.key = key
    self.value = value
  }
}

/// A record to write, or with `value == nil` to delete.
public struct StoreChange: Sendable {
  public var key: [UInt8]
  public var value: [UInt8]?
  public init(key: [UInt8], value: [UInt8]?) {
    self.key = key
    self.value = value
  }
}

/// Records that the engine wants to read.
public enum LoadRequest: Sendable, Equatable {
  /// Each of these, present or not.
  case keys([[UInt8]])
  /// Everything with this prefix, in the order of keys, or from the end where `newestFirst`. `from` excludes itself and what lies before it (in that
  /// direction); nil begins at the edge. At most `limit`.
  case range(prefix: [UInt8], from: [UInt8]?, limit: Int, newestFirst: Bool)
  /// Several ranges at once, each whole.
  case ranges(prefixes: [[UInt8]])
}

/// What a record is; the first byte of its key.
enum RecordKind: UInt8 {
  /// Kinds below 64 are read when the engine starts.
  case own = 1, session, mailbox, house, policy, feed, chain, contact, chat, outbox, keyPackage, enrolment, statement
  case group = 64
  case message, messageIndex
}

/// Seals records under the store key, and blinds their names.
package struct Vault: Sendable {
  private let names: Secret
  private let values: Secret

  package init(storeKey: Secret, _ crypto: some CryptoProvider) {
    names = crypto.hkdfExpand(.sha256, prk: storeKey, info: Array("record names".utf8), length: 32)
    values = crypto.hkdfExpand(.sha256, prk: storeKey, info: Array("record values".utf8), length: 32)
  }

  /// kind ‖ PRF(name)[16] ‖ suffix. The suffix stays readable, so that ranges are in order.
  func key(_ kind: RecordKind, _ name: [UInt8] = [], suffix: [UInt8] = [], _ crypto: some CryptoProvider) -> [UInt8] {
    [kind.rawValue] + crypto.hmac(.sha256, key: names, [kind.rawValue] + name)[0..<16] + suffix
  }

  static let version: UInt8 = 1

  /// version ‖ nonce ‖ AEAD(value ‖ 0x80 ‖ zeros). The key is additional data: records cannot be swapped.
  package func seal(_ value: [UInt8], key: [UInt8], _ crypto: some CryptoProvider) throws(MessengerError) -> [UInt8] {
    let nonce = crypto.random(12)
    var plaintext = value
    defer { wipe(&plaintext) }
    plaintext.append(0x80)
    plaintext.append(contentsOf: [UInt8](repeating: 0, count: Padding.size(plaintext.count) - plaintext.count))
    do {
      return [Self.version] + nonce + (try crypto.aeadSeal(.chaCha20Poly1305, key: values, nonce: nonce, aad: [Self.version] + key, plaintext))
    } catch { throw .internalError("seal record") }
  }

  /// - Throws: `.corruptStore`.
  package func open(_ sealed: [UInt8], key: [UInt8], _ crypto: some CryptoProvider) throws(MessengerError) -> [UInt8] {
    guard sealed.count > 13 + 16, sealed[0] == Self.version else { throw .corruptStore }
    let padded: [UInt8]
    do {
      padded = try crypto.aeadOpen(
        .chaCha20Poly1305, key: values, nonce: Array(sealed[1..<13]), aad: [Self.version] + key, Array(sealed[13...]))
    } catch { throw .corruptStore }
    guard let end = padded.lastIndex(where: { $0 != 0 }), padded[end] == 0x80 else { throw .corruptStore }
    return Array(padded[0..<end])
  }
}

/// Sizes that say little: steps of 256 bytes to 4 kB, then Padmé (Nikitin et al., PETS 2019), which leaks O(log log n) bits and costs at most 12 %.
package enum Padding {
  package static func size(_ count: Int) -> Int {
    if count <= 4_096 { return max(256, (count + 255) / 256 * 256) }
    var e = 0
    while (count >> (e + 1)) > 0 { e += 1 }
    var s = 0
    while (e >> s) > 0 { s += 1 }
    let mask = (1 << (e - s)) - 1
    return (count + mask) & ~mask
  }
}

/// What was loaded for the step that waits.
struct LoadedRecords: Sendable {
  private var values: [[UInt8]: [UInt8]?] = [:]
  private var ranges: [(request: LoadRequest, records: [StoredRecord])] = []

  mutating func add(_ records: [StoredRecord], answering request: LoadRequest) {
    for record in records { values[record.key] = .some(record.value) }
    if case .keys(let keys) = request {
      for key in keys where values[key] == nil { values[key] = .some(nil) }
    } else {
      ranges.append((request: request, records: records))
    }
  }
  /// Nil: not loaded; inner nil: not there.
  func value(_ key: [UInt8]) -> [UInt8]?? { values[key] }
  func range(_ request: LoadRequest) -> [StoredRecord]? { ranges.first { $0.request == request }?.records }
}
