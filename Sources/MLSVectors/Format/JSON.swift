// MLSVectors: the test vectors of the MLS working group, verified and generated. Called by `mls-vectors`, by the tests and by the engine's tests in WebAssembly.
// This file: the little JSON that vectors need, for hostile input too, without Foundation.

/// A JSON value. Members keep their order; strings are their UTF-8 bytes.
public enum JSON: Sendable, Equatable {
  case null
  case bool(Bool)
  case number(UInt64)
  /// Negative, with a fraction or exponent, or above 2^64 - 1: as written. No vector has such a number.
  case otherNumber([UInt8])
  case string([UInt8])
  case array([JSON])
  case object([Member])

  public struct Member: Sendable, Equatable {
    public var key: [UInt8]
    public var value: JSON
    public init(key: [UInt8], value: JSON) {
      self.key = key
      self.value = value
    }
  }

  /// The member of an object; nil where there is none, or this is no object.
  public subscript(key: StaticString) -> JSON? {
    guard case .object(let members) = self else { return nil }
    for member in members where matches(member.key, key) { return member.value }
    return nil
  }
}

/// Why a file is not JSON, and where.
public struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Code: Sendable, Equatable {
    case unexpectedEnd, unexpectedCharacter, invalidNumber, invalidString, duplicateKey, tooDeep, tooManyMembers, tooLong, trailingText
  }
  public var code: Code
  /// Counted from 1.
  public var line: UInt32
  /// In bytes, counted from 1.
  public var column: UInt32

  public var description: String {
    let what =
      switch code {
      case .unexpectedEnd: "the text ends inside a value"
      case .unexpectedCharacter: "unexpected character"
      case .invalidNumber: "invalid number"
      case .invalidString: "invalid string"
      case .duplicateKey: "an object names a member twice"
      case .tooDeep: "nested too deeply"
      case .tooManyMembers: "an object has too many members"
      case .tooLong: "the text is too long"
      case .trailingText: "text after the value"
      }
    return "not JSON: \(what), line \(line), column \(column)"
  }
}

extension JSON {
  /// Bounds on what a file can make the reader allocate or search.
  enum Bounds {
    /// Official files nest 6 deep.
    static let depth = 32
    /// Official objects have at most 20 members; the check for duplicates is quadratic in this.
    static let members = 256
    /// The largest official file has 2.7 MB.
    static let bytes = 256 << 20
  }

  /// Parses one value (RFC 8259).
  public init(parsing text: [UInt8]) throws(JSONError) {
    var parser = JSONParser(text)
    guard text.count <= Bounds.bytes else { throw parser.error(.tooLong) }
    parser.skipSpace()
    self = try parser.value(depth: 0)
    parser.skipSpace()
    if parser.position < text.count { throw parser.error(.trailingText) }
  }
}

private struct JSONParser {
  let text: [UInt8]
  var position = 0

  init(_ text: [UInt8]) { self.text = text }

  func error(_ code: JSONError.Code) -> JSONError {
    var line: UInt32 = 1
    var start = 0
    for i in 0..<min(position, text.count) where text[i] == 0x0A {
      line += 1
      start = i + 1
    }
    return JSONError(code: code, line: line, column: UInt32(truncatingIfNeeded: position - start + 1))
  }

  mutating func skipSpace() {
    while position < text.count {
      switch text[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      default: return
      }
    }
  }

  func peek() throws(JSONError) -> UInt8 {
    guard position < text.count else { throw error(.unexpectedEnd) }
    return text[position]
  }

  mutating func value(depth: Int) throws(JSONError) -> JSON {
    guard depth < JSON.Bounds.depth else { throw error(.tooDeep) }
    switch try peek() {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "n"): return try literal("null", .null)
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw error(.unexpectedCharacter)
    }
  }

  mutating func literal(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
    let end = position + word.utf8CodeUnitCount
    guard end <= text.count else { throw error(.unexpectedEnd) }
    guard matches(text[position..<end], word) else { throw error(.unexpectedCharacter) }
    position = end
    return value
  }

  mutating func object(depth: Int) throws(JSONError) -> JSON {
    position += 1
    var members: [JSON.Member] = []
    skipSpace()
    if try peek() == UInt8(ascii: "}") {
      position += 1
      return .object(members)
    }
    while true {
      guard try peek() == UInt8(ascii: "\"") else { throw error(.unexpectedCharacter) }
      guard members.count < JSON.Bounds.members else { throw error(.tooManyMembers) }
      let key = try string()
      for member in members where member.key == key { throw error(.duplicateKey) }
      skipSpace()
      guard try peek() == UInt8(ascii: ":") else { throw error(.unexpectedCharacter) }
      position += 1
      skipSpace()
      members.append(JSON.Member(key: key, value: try value(depth: depth + 1)))
      if try !another(before: UInt8(ascii: "}")) { return .object(members) }
    }
  }

  mutating func array(depth: Int) throws(JSONError) -> JSON {
    position += 1
    var elements: [JSON] = []
    skipSpace()
    if try peek() == UInt8(ascii: "]") {
      position += 1
      return .array(elements)
    }
    while true {
      elements.append(try value(depth: depth + 1))
      if try !another(before: UInt8(ascii: "]")) { return .array(elements) }
    }
  }

  /// Passes a comma, or the closing bracket.
  mutating func another(before end: UInt8) throws(JSONError) -> Bool {
    skipSpace()
    let c = try peek()
    guard c == end || c == UInt8(ascii: ",") else { throw error(.unexpectedCharacter) }
    position += 1
    if c == end { return false }
    skipSpace()
    return true
  }

  mutating func number() throws(JSONError) -> JSON {
    let start = position
    var integral = true
    if text[position] == UInt8(ascii: "-") {
      integral = false
      position += 1
    }
    let firstDigit = position
    try digits()
    // RFC 8259 §6: no leading zeros.
    if text[firstDigit] == UInt8(ascii: "0") && position > firstDigit + 1 { throw error(.invalidNumber) }
    if position < text.count && text[position] == UInt8(ascii: ".") {
      integral = false
      position += 1
      try digits()
    }
    if position < text.count && text[position] | 0x20 == UInt8(ascii: "e") {
      integral = false
      position += 1
      if position < text.count && (text[position] == UInt8(ascii: "+") || text[position] == UInt8(ascii: "-")) { position += 1 }
      try digits()
    }
    let written = text[start..<position]
    guard integral else { return .otherNumber(Array(written)) }
    var value: UInt64 = 0
    for digit in written {
      let (product, over) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(digit - UInt8(ascii: "0")))
      if over || carry { return .otherNumber(Array(written)) }
      value = sum
    }
    return .number(value)
  }

  mutating func digits() throws(JSONError) {
    let start = position
    while position < text.count, text[position] >= UInt8(ascii: "0"), text[position] <= UInt8(ascii: "9") { position += 1 }
    if position == start { throw error(position < text.count ? .invalidNumber : .unexpectedEnd) }
  }

  mutating func string() throws(JSONError) -> [UInt8] {
    position += 1
    var result: [UInt8] = []
    var ascii = true
    while true {
      var end = position
      while end < text.count, text[end] != UInt8(ascii: "\""), text[end] != UInt8(ascii: "\\") {
        if text[end] < 0x20 {
          position = end
          throw error(.invalidString)
        }
        if text[end] >= 0x80 { ascii = false }
        end += 1
      }
      result.append(contentsOf: text[position..<end])
      position = end
      if try peek() == UInt8(ascii: "\"") { break }
      position += 1
      try escape(into: &result)
    }
    if !ascii && String(validating: result, as: UTF8.self) == nil { throw error(.invalidString) }
    position += 1
    return result
  }

  /// What follows a backslash.
  mutating func escape(into result: inout [UInt8]) throws(JSONError) {
    let c = try peek()
    position += 1
    switch c {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(c)
    case UInt8(ascii: "b"): result.append(0x08)
    case UInt8(ascii: "f"): result.append(0x0C)
    case UInt8(ascii: "n"): result.append(0x0A)
    case UInt8(ascii: "r"): result.append(0x0D)
    case UInt8(ascii: "t"): result.append(0x09)
    case UInt8(ascii: "u"):
      var code = try codeUnit()
      if code >= 0xD800 && code < 0xDC00 {
        guard try peek() == UInt8(ascii: "\\") else { throw error(.invalidString) }
        position += 1
        guard try peek() == UInt8(ascii: "u") else { throw error(.invalidString) }
        position += 1
        let low = try codeUnit()
        guard low >= 0xDC00 && low < 0xE000 else { throw error(.invalidString) }
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw error(.invalidString) }
      for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter { result.append(byte) }
    default: throw error(.invalidString)
    }
  }

  /// Four hex digits.
  mutating func codeUnit() throws(JSONError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = Hex.value(of: try peek()) else { throw error(.invalidString) }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }
}

/// Compares bytes with a constant of the program.
func matches(_ bytes: some Collection<UInt8>, _ word: StaticString) -> Bool {
  guard bytes.count == word.utf8CodeUnitCount else { return false }
  return word.withUTF8Buffer { buffer in
    var i = 0
    for byte in bytes {
      if buffer[i] != byte { return false }
      i += 1
    }
    return true
  }
}
