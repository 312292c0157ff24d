/// SHAKE256 (FIPS 202 §6.2): X-Wing's `DeriveKeyPair` needs it, and the libraries at hand do not offer it.
/// Absorb any number of times, then squeeze once. What was absorbed may be secret; the state is wiped.
public struct SHAKE256: ~Copyable {
  // FIPS 202 §3.1.2: lane (x, y) stands at x + 5y.
  private let state: UnsafeMutablePointer<UInt64>
  private var position = 0
  // FIPS 202 §6.2: capacity 512, so 1088 bits of rate.
  private static let rate = 136

  public init() {
    state = .allocate(capacity: 25)
    state.initialize(repeating: 0, count: 25)
  }

  deinit {
    wipe(UnsafeMutableRawBufferPointer(start: state, count: 25 * 8))
    state.deallocate()
  }

  public mutating func absorb(_ bytes: UnsafeRawBufferPointer) {
    for byte in bytes { absorb(byte) }
  }

  public mutating func absorb(_ bytes: [UInt8]) {
    for byte in bytes { absorb(byte) }
  }

  public mutating func absorb(_ secret: Secret) {
    let count = secret.count
    for i in 0..<count { absorb(secret.withUnsafeBytes { $0[i] }) }
  }

  private mutating func absorb(_ byte: UInt8) {
    exclusiveOr(byte, at: position)
    position += 1
    if position == SHAKE256.rate {
      permute(state)
      position = 0
    }
  }

  /// `count` bytes of output; the value is of no further use.
  public mutating func squeeze(_ count: Int) -> Secret {
    // FIPS 202 §6.2 and §5.1: the suffix 1111, then pad10*1.
    exclusiveOr(0x1F, at: position)
    exclusiveOr(0x80, at: SHAKE256.rate - 1)
    let state = self.state
    return Secret(count: count) { out in
      for i in 0..<count {
        let offset = i % SHAKE256.rate
        if offset == 0 { permute(state) }
        out[i] = UInt8(truncatingIfNeeded: state[offset >> 3] >> UInt64(8 * (offset & 7)))
      }
    }
  }

  private func exclusiveOr(_ byte: UInt8, at offset: Int) {
    state[offset >> 3] ^= UInt64(byte) << UInt64(8 * (offset & 7))
  }
}

/// Keccak-f[1600] (FIPS 202 §3.3): 24 rounds of θ, ρ, π, χ, ι.
private func permute(_ lanes: UnsafeMutablePointer<UInt64>) {
  // FIPS 202 §3.2.5: the round constants come from the LFSR rc(t) with x^8 + x^6 + x^5 + x^4 + 1; computed, so there is no table to mistype.
  var lfsr: UInt8 = 1
  for _ in 0..<24 {
    // θ: every bit gets the parities of two neighbouring columns.
    var parity: (UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0)
    withUnsafeMutableBytes(of: &parity) { raw in
      let columns = raw.bindMemory(to: UInt64.self)
      for x in 0..<5 { columns[x] = lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20] }
      for x in 0..<5 {
        let d = columns[(x + 4) % 5] ^ rotateLeft(columns[(x + 1) % 5], 1)
        for y in 0..<5 { lanes[x + 5 * y] ^= d }
      }
    }
    // ρ and π together: walk the 24 lanes other than (0, 0) along (x, y) → (y, 2x + 3y), rotating by (t + 1)(t + 2) / 2.
    var (x, y) = (1, 0)
    var current = lanes[1]
    for t in 0..<24 {
      (x, y) = (y, (2 * x + 3 * y) % 5)
      let next = lanes[x + 5 * y]
      lanes[x + 5 * y] = rotateLeft(current, UInt64((t + 1) * (t + 2) / 2 % 64))
      current = next
    }
    // χ: the only non-linear step, row by row.
    for y in 0..<5 {
      let row = (lanes[5 * y], lanes[5 * y + 1], lanes[5 * y + 2], lanes[5 * y + 3], lanes[5 * y + 4])
      lanes[5 * y] = row.0 ^ (~row.1 & row.2)
      lanes[5 * y + 1] = row.1 ^ (~row.2 & row.3)
      lanes[5 * y + 2] = row.2 ^ (~row.3 & row.4)
      lanes[5 * y + 3] = row.3 ^ (~row.4 & row.0)
      lanes[5 * y + 4] = row.4 ^ (~row.0 & row.1)
    }
    // ι: seven bits of the LFSR, at the positions 2^j - 1.
    for j in 0..<7 {
      if lfsr & 1 == 1 { lanes[0] ^= 1 << UInt64((1 << j) - 1) }
      lfsr = lfsr & 0x80 != 0 ? (lfsr << 1) ^ 0x71 : lfsr << 1
    }
  }
}

private func rotateLeft(_ value: UInt64, _ by: UInt64) -> UInt64 {
  by == 0 ? value : value << by | value >> (64 - by)
}
