/// RFC 9180 §4: `suite_id`, which binds every derivation inside HPKE to its algorithms.
package struct HPKELabel {
  package let suiteID: [UInt8]

  /// §4.1: "KEM" ‖ I2OSP(kem_id, 2).
  package init(kem: KEM) {
    var id: [UInt8] = []
    id.append(utf8: "KEM")
    id.append(uint16: kem.rawValue)
    suiteID = id
  }

  /// §5.1: "HPKE" ‖ I2OSP(kem_id, 2) ‖ I2OSP(kdf_id, 2) ‖ I2OSP(aead_id, 2).
  package init(suite: CipherSuiteParameters) {
    var id: [UInt8] = []
    id.reserveCapacity(10)
    id.append(utf8: "HPKE")
    id.append(uint16: suite.kem.rawValue)
    id.append(uint16: suite.hash.hpkeKDF)
    id.append(uint16: suite.aead.rawValue)
    suiteID = id
  }
}

extension CryptoProvider {
  /// RFC 9180 §4: Extract(salt, "HPKE-v1" ‖ suite_id ‖ label ‖ ikm).
  package func labeledExtract(_ hash: HashAlgorithm, _ id: HPKELabel, salt: Secret, _ label: StaticString, _ ikm: Secret) -> Secret {
    labeledExtract(hash, id, salt: salt, label, count: ikm.count) { out in ikm.withUnsafeBytes { out.copyMemory(from: $0) } }
  }

  /// The same for an input that is not secret.
  package func labeledExtract(_ hash: HashAlgorithm, _ id: HPKELabel, salt: Secret, _ label: StaticString, _ ikm: [UInt8]) -> Secret {
    labeledExtract(hash, id, salt: salt, label, count: ikm.count) { out in ikm.withUnsafeBytes { out.copyMemory(from: $0) } }
  }

  private func labeledExtract(
    _ hash: HashAlgorithm, _ id: HPKELabel, salt: Secret, _ label: StaticString, count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void
  ) -> Secret {
    var prefix: [UInt8] = []
    prefix.reserveCapacity(7 + id.suiteID.count + label.utf8CodeUnitCount)
    prefix.append(utf8: "HPKE-v1")
    prefix.append(contentsOf: id.suiteID)
    prefix.append(utf8: label)
    let start = prefix.count
    let labeled = Secret(count: start + count) { out in
      prefix.withUnsafeBytes { out.copyMemory(from: $0) }
      if count > 0 { fill(UnsafeMutableRawBufferPointer(rebasing: out[start...])) }
    }
    return hkdfExtract(hash, salt: salt, ikm: labeled)
  }

  /// RFC 9180 §4: Expand(prk, I2OSP(L, 2) ‖ "HPKE-v1" ‖ suite_id ‖ label ‖ info, L).
  package func labeledExpand(_ hash: HashAlgorithm, _ id: HPKELabel, _ prk: Secret, _ label: StaticString, info: [UInt8], length: Int)
    -> Secret
  {
    var labeled: [UInt8] = []
    labeled.reserveCapacity(9 + id.suiteID.count + label.utf8CodeUnitCount + info.count)
    labeled.append(uint16: UInt16(truncatingIfNeeded: length))
    labeled.append(utf8: "HPKE-v1")
    labeled.append(contentsOf: id.suiteID)
    labeled.append(utf8: label)
    labeled.append(contentsOf: info)
    return hkdfExpand(hash, prk: prk, info: labeled, length: length)
  }
}

extension Secret {
  /// No bytes.
  package static let empty = Secret(count: 0) { _ in }
}

extension [UInt8] {
  package mutating func append(utf8 string: StaticString) {
    string.withUTF8Buffer { append(contentsOf: $0) }
  }
  package mutating func append(uint16 value: UInt16) {
    append(UInt8(truncatingIfNeeded: value >> 8))
    append(UInt8(truncatingIfNeeded: value))
  }
}
