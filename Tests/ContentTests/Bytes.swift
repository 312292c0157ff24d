// Hexadecimal digits, seeded values, and where the official examples are.
import Foundation
import Testing

/// Bytes from digits; blanks between them are for readers.
func hex(_ text: String) -> [UInt8] {
  let digits = text.filter { !$0.isWhitespace }
  precondition(digits.count % 2 == 0)
  var bytes: [UInt8] = []
  var i = digits.startIndex
  while i < digits.endIndex {
    let next = digits.index(i, offsetBy: 2)
    bytes.append(UInt8(digits[i..<next], radix: 16)!)
    i = next
  }
  return bytes
}

/// A generator that gives the same numbers for a seed everywhere (SplitMix64).
struct Seeded: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) } }
}

enum Examples {
  /// The draft's examples: `mimi-content` below HAUSPOST_VECTORS, else below `../shared/vectors` beside the package. Nil where there are none.
  static let folder: URL? = {
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let environment = ProcessInfo.processInfo.environment["HAUSPOST_VECTORS"]
    let vectors = environment.map { URL(fileURLWithPath: $0) } ?? package.appending(path: "../shared/vectors").standardized
    let folder = vectors.appending(path: "mimi-content")
    return FileManager.default.fileExists(atPath: folder.appending(path: "original.cbor").path) ? folder : nil
  }()
  static let missing: Comment = "no examples of draft-ietf-mimi-content here: set HAUSPOST_VECTORS to the folder that holds mimi-content"

  static let messages = [
    "attachment", "conferencing", "delete", "edit", "expiring", "mention", "mention-html", "multipart-1", "multipart-2", "multipart-3", "original",
    "reaction", "reply", "unlike",
  ]

  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: try #require(folder).appending(path: name + ".cbor")))
  }

  /// The message id in the head of the example's reading.
  static func messageID(_ name: String) throws -> [UInt8] {
    let text = try String(contentsOf: try #require(folder).appending(path: name + ".edn"), encoding: .utf8)
    let head = text.split(separator: "\n").prefix { $0.hasPrefix("#") }.joined()
    let match = try #require(head.firstMatch(of: /h'([0-9a-f]{32})#\s*([0-9a-f]{32})'/), "\(name).edn names no message id")
    return hex(String(match.1 + match.2))
  }
}
