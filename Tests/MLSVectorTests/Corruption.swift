// Wrong digits on purpose.
import MLSVectors

/// Where in a case a digit can be changed: the members and positions on the way.
struct CorruptionSite: CustomStringConvertible {
  var path: [String] = []
  var description: String { path.joined(separator: ".") }
}

extension JSON {
  /// All numbers and hex strings.
  func sites(_ above: [String] = []) -> [CorruptionSite] {
    switch self {
    case .number: [CorruptionSite(path: above)]
    case .string(let text): !text.isEmpty && Hex.decode(text) != nil ? [CorruptionSite(path: above)] : []
    case .array(let elements): elements.enumerated().flatMap { $1.sites(above + ["\($0)"]) }
    case .object(let members): members.flatMap { $0.value.sites(above + [String(decoding: $0.key, as: UTF8.self)]) }
    default: []
    }
  }

  /// The same with the last digit of a hex string changed (or the first one), or another number, at a site.
  func corrupted(at site: CorruptionSite, firstDigit: Bool = false) -> JSON {
    changed(at: site.path[...]) { value in
      switch value {
      case .number(let number): return .number(number + 1)
      case .string(var text):
        let i = firstDigit ? 0 : text.count - 1
        text[i] = text[i] == UInt8(ascii: "1") ? UInt8(ascii: "2") : UInt8(ascii: "1")
        return .string(text)
      default: return value
      }
    }
  }

  /// The same with the last byte of a hex string cut off.
  func truncated(at site: CorruptionSite) -> JSON {
    changed(at: site.path[...]) { value in
      guard case .string(let text) = value else { return value }
      return .string(Array(text.dropLast(2)))
    }
  }

  func replaced(at site: CorruptionSite, by value: JSON) -> JSON { changed(at: site.path[...]) { _ in value } }

  private func changed(at path: ArraySlice<String>, _ change: (JSON) -> JSON) -> JSON {
    guard let first = path.first else { return change(self) }
    switch self {
    case .array(var elements):
      guard let i = Int(first) else { return self }
      elements[i] = elements[i].changed(at: path.dropFirst(), change)
      return .array(elements)
    case .object(var members):
      guard let i = members.firstIndex(where: { $0.key == Array(first.utf8) }) else { return self }
      members[i].value = members[i].value.changed(at: path.dropFirst(), change)
      return .object(members)
    default: return self
    }
  }
}
