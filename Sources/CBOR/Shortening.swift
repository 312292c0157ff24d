/// RFC 8949 §4.2.1: whether a floating-point number could be written in fewer bytes. On bits: no half-precision type exists on every platform.
enum Shortening {
  /// Whether a single-precision number fits half precision without loss. NaN counts as fitting: there is only one (draft-ietf-mimi-content-08 §6.2).
  static func fits(single bits: UInt32) -> Bool {
    let exponent = Int((bits >> 23) & 0xFF)
    let fraction = bits & 0x7F_FFFF
    switch exponent {
    case 0xFF: return true
    // Zero; subnormal single-precision numbers lie far below half precision.
    case 0: return fraction == 0
    // Half precision, normal: exponents -14 to 15, ten bits of fraction.
    case 113...142: return fraction & 0x1FFF == 0
    // Half precision, subnormal: multiples of 2^-24.
    case 103...112: return (fraction | 0x80_0000) & ((1 << UInt32(126 - exponent)) - 1) == 0
    default: return false
    }
  }

  /// Whether a double-precision number fits single precision without loss.
  static func fits(double bits: UInt64) -> Bool {
    let exponent = Int((bits >> 52) & 0x7FF)
    let fraction = bits & 0xF_FFFF_FFFF_FFFF
    switch exponent {
    case 0x7FF: return true
    case 0: return fraction == 0
    // Single precision, normal: exponents -126 to 127, 23 bits of fraction.
    case 897...1150: return fraction & 0x1FFF_FFFF == 0
    // Single precision, subnormal: multiples of 2^-149.
    case 874...896: return (fraction | 1 << 52) & ((1 << UInt64(926 - exponent)) - 1) == 0
    default: return false
    }
  }
}
