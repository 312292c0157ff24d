// Addresses out of names.
import Identity

enum AddressNaming {
  /// The part before the @ for a name: letters and digits, words joined by dots.
  static func localPart(of name: String) -> String {
    var result: [UInt8] = []
    var pendingDot = false
    for scalar in name.unicodeScalars {
      let piece: StaticString
      switch scalar {
      case "ä", "Ä", "æ", "Æ": piece = "ae"
      case "ö", "Ö", "ø", "Ø", "œ", "Œ": piece = "oe"
      case "ü", "Ü": piece = "ue"
      case "ß": piece = "ss"
      case "à", "á", "â", "ã", "å", "ą", "À", "Á", "Â", "Ã", "Å", "Ą": piece = "a"
      case "ç", "ć", "č", "Ç", "Ć", "Č": piece = "c"
      case "è", "é", "ê", "ë", "ę", "ě", "È", "É", "Ê", "Ë", "Ę", "Ě": piece = "e"
      case "ì", "í", "î", "ï", "ı", "Ì", "Í", "Î", "Ï", "İ": piece = "i"
      case "ł", "Ł": piece = "l"
      case "ñ", "ń", "ň", "Ñ", "Ń", "Ň": piece = "n"
      case "ò", "ó", "ô", "õ", "Ò", "Ó", "Ô", "Õ": piece = "o"
      case "ř", "Ř": piece = "r"
      case "ś", "š", "ş", "Ś", "Š", "Ş": piece = "s"
      case "ù", "ú", "û", "ů", "Ù", "Ú", "Û", "Ů": piece = "u"
      case "ý", "ÿ", "Ý": piece = "y"
      case "ź", "ż", "ž", "Ź", "Ż", "Ž": piece = "z"
      case "ğ", "Ğ": piece = "g"
      default: piece = ""
      }
      var bytes = piece.withUTF8Buffer { Array($0) }
      if bytes.isEmpty, scalar.isASCII {
        let c = UInt8(truncatingIfNeeded: scalar.value)
        switch c {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): bytes = [c]
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): bytes = [c + 32]
        default: break
        }
      }
      if bytes.isEmpty {
        pendingDot = !result.isEmpty
        continue
      }
      if pendingDot { result.append(UInt8(ascii: ".")) }
      pendingDot = false
      result += bytes
    }
    // Room for a number after it.
    result = Array(result.prefix(IdentityLimits.localPartBytes - 4))
    while result.last == UInt8(ascii: ".") { result.removeLast() }
    return result.isEmpty ? "person" : String(decoding: result, as: UTF8.self)
  }
}
