import CBOR

/// §4.4, §8.2.2: what a part is meant for. Unknown numbers are kept.
public struct Disposition: Hashable, Sendable {
  public let number: UInt8
  public init(_ number: UInt8) { self.number = number }

  public static let unspecified = Disposition(0)
  public static let render = Disposition(1)
  public static let reaction = Disposition(2)
  public static let profile = Disposition(3)
  public static let inline = Disposition(4)
  public static let icon = Disposition(5)
  public static let attachment = Disposition(6)
  public static let session = Disposition(7)
  public static let preview = Disposition(8)
}

/// §4.4: how the parts of a multipart belong together.
public enum PartSemantics: UInt8, Sendable {
  /// The receiver takes one.
  case chooseOne = 0
  /// All or none.
  case singleUnit = 1
  /// As many as the receiver can.
  case processAll = 2
}

/// §4.4: a body, or a part of one.
///
///     NestedPart = [ disposition, language: tstr, (NullPart // SinglePart // ExternalPart // MultiPart) ]
public struct NestedPart: Equatable, Sendable {
  public var disposition: Disposition
  /// Language tags of RFC 5646 with commas between them, or empty.
  public var language: UTF8Text
  public var body: Body

  public indirect enum Body: Equatable, Sendable {
    /// Nothing: what a deletion puts in the message's place.
    case null
    case single(contentType: UTF8Text, content: [UInt8])
    case external(ExternalPart)
    /// At least two parts.
    case multi(PartSemantics, [NestedPart])

    fileprivate var cardinality: UInt64 {
      switch self {
      case .null: 0
      case .single: 1
      case .external: 2
      case .multi: 3
      }
    }
    /// Elements of the part's array, for each cardinality.
    fileprivate static let counts = [3, 5, 3 + ExternalPart.fields, 5]
  }

  public init(_ body: Body, disposition: Disposition = .render, language: UTF8Text = "") {
    self.disposition = disposition
    self.language = language
    self.body = body
  }

  /// The parts without children below this one, this one included, depth first.
  public var leaves: [NestedPart] {
    guard case .multi(_, let parts) = body else { return [self] }
    var leaves: [NestedPart] = []
    for part in parts { leaves += part.leaves }
    return leaves
  }

  /// The part with an index (§4.4): counted depth first, this part being 0, as in `cid:5@local.invalid`.
  public func part(at index: Int) -> NestedPart? {
    var left = index
    return part(countingDown: &left)
  }

  private func part(countingDown left: inout Int) -> NestedPart? {
    if left == 0 { return self }
    left -= 1
    guard case .multi(_, let parts) = body else { return nil }
    for part in parts {
      if let found = part.part(countingDown: &left) { return found }
    }
    return nil
  }

  init(from reader: inout CBORReader, level: Int, counting parts: inout Int) throws(ContentError) {
    try NestedPart.count(level: level, &parts)
    let count = try reading { () throws(CBORError) in try reader.array() }
    guard count >= 3 else { throw .wrongCount }
    let cardinality: UInt64
    (disposition, language, cardinality) = try reading { () throws(CBORError) in
      (Disposition(UInt8(truncatingIfNeeded: try reader.unsigned(atMost: 255))), try reader.text(), try reader.unsigned())
    }
    guard cardinality < UInt64(Body.counts.count) else { throw .unknownCardinality }
    guard count == Body.counts[Int(cardinality)] else { throw .wrongCount }
    switch cardinality {
    case 0: body = .null
    case 1: body = try reading { () throws(CBORError) in .single(contentType: try reader.text(), content: try reader.bytes()) }
    case 2: body = .external(try reading { () throws(CBORError) in try ExternalPart(from: &reader) })
    default:
      let number = try reading { () throws(CBORError) in try reader.unsigned() }
      guard let byte = UInt8(exactly: number), let semantics = PartSemantics(rawValue: byte) else { throw .unknownSemantics }
      let count = try reading { () throws(CBORError) in try reader.array() }
      guard count >= 2 else { throw .tooFewParts }
      var children: [NestedPart] = []
      for _ in 0..<count { children.append(try NestedPart(from: &reader, level: level + 1, counting: &parts)) }
      body = .multi(semantics, children)
    }
  }

  private static func count(level: Int, _ parts: inout Int) throws(ContentError) {
    parts += 1
    guard level <= ContentLimits.partLevels, parts <= ContentLimits.parts else { throw .tooManyParts }
  }

  /// Whether others accept it; the same rules as for decoding.
  func check(level: Int, counting parts: inout Int) throws(ContentError) {
    try NestedPart.count(level: level, &parts)
    guard case .multi(_, let children) = body else { return }
    guard children.count >= 2 else { throw .tooFewParts }
    for child in children { try child.check(level: level + 1, counting: &parts) }
  }

  func encode(to writer: inout CBORWriter) {
    writer.array(Body.counts[Int(body.cardinality)])
    writer.unsigned(UInt64(disposition.number))
    writer.text(language)
    writer.unsigned(body.cardinality)
    switch body {
    case .null: break
    case .single(let contentType, let content):
      writer.text(contentType)
      writer.bytes(content)
    case .external(let part): part.encode(to: &writer)
    case .multi(let semantics, let parts):
      writer.unsigned(UInt64(semantics.rawValue))
      writer.array(parts.count)
      for part in parts { part.encode(to: &writer) }
    }
  }
}
