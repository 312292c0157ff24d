// What a script expects of output: `…` stands for anything in a line, a line with `…` alone for any lines, `«NAME»` for a word that is kept as $NAME.
import Foundation

enum ScriptPattern {
  typealias Variables = [String: String]

  /// Puts $NAME in.
  static func filled(_ text: String, _ variables: Variables) -> String {
    var result = text
    for (name, value) in variables.sorted(by: { $0.key.count > $1.key.count }) { result = result.replacingOccurrences(of: "$" + name, with: value) }
    return result
  }

  /// - Returns: the words that were caught; nil where the lines are others.
  static func match(_ patterns: ArraySlice<String>, _ lines: ArraySlice<String>, _ variables: Variables) -> Variables? {
    guard let first = patterns.first else { return lines.isEmpty ? variables : nil }
    if first == "…" {
      for count in 0...lines.count {
        if let found = match(patterns.dropFirst(), lines.dropFirst(count), variables) { return found }
      }
      return nil
    }
    guard let line = lines.first, let found = match(first, line, variables) else { return nil }
    return match(patterns.dropFirst(), lines.dropFirst(), found)
  }

  static func match(_ pattern: String, _ line: String, _ variables: Variables) -> Variables? {
    var expression = "^"
    var names: [String] = []
    var rest = filled(pattern, variables)[...]
    while let character = rest.popFirst() {
      if character == "…" {
        expression += ".*"
      } else if character == "«", let end = rest.firstIndex(of: "»") {
        names.append(String(rest[..<end]))
        rest = rest[rest.index(after: end)...]
        expression += "(\\S+?)"
      } else {
        expression += NSRegularExpression.escapedPattern(for: String(character))
      }
    }
    guard let regex = try? NSRegularExpression(pattern: expression + " *$"),
      let found = regex.firstMatch(in: line, range: NSRange(line.startIndex..., in: line))
    else { return nil }
    var result = variables
    for (i, name) in names.enumerated() { if let range = Range(found.range(at: i + 1), in: line) { result[name] = String(line[range]) } }
    return result
  }
}
