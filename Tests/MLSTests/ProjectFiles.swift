// The project's own files, for tests that read them: what the compiler does not check, and documentation that must stay true.
import Foundation

enum Project {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Folders that are built or fetched, and nobody's text.
  private static func isForeign(_ name: String) -> Bool {
    name == ".git" || name.hasPrefix(".build") || name == "node_modules" || name == "__pycache__" || name == "bench-results"
  }

  /// All text files below a folder, with their paths from the project's root, sorted.
  static func files(below folder: String = "") throws -> [ProjectFile] {
    let start = folder.isEmpty ? root : root.appending(path: folder, directoryHint: .isDirectory)
    var found: [ProjectFile] = []
    var folders = [(start, folder.isEmpty ? "" : folder + "/")]
    while let (url, path) = folders.popLast() {
      for entry in try FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: [.isDirectoryKey]) {
        let name = entry.lastPathComponent
        if try entry.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true {
          if !isForeign(name) { folders.append((entry, path + name + "/")) }
        } else if let text = try? String(contentsOf: entry, encoding: .utf8) {
          found.append(ProjectFile(path: path + name, text: text))
        }
      }
    }
    return found.sorted { $0.path < $1.path }
  }

  static func subfolders(of folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(
      at: root.appending(path: folder, directoryHint: .isDirectory), includingPropertiesForKeys: [.isDirectoryKey]
    )
    .filter { try $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true }
    .map { $0.lastPathComponent }.sorted()
  }

  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: root.appending(path: path).path(percentEncoded: false))
  }
}

struct ProjectFile {
  /// From the project's root, with `/`.
  var path: String
  var text: String

  var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
  func has(extension names: String...) -> Bool { names.contains { path.hasSuffix("." + $0) } }

  /// The text without comments, and with every string literal's content left out; lines keep their numbers.
  var code: String { scan { kind, _ in kind == .code } }
  /// The contents of all string literals, with lines in their places.
  var literals: String { scan { kind, _ in kind == .literal } }

  private enum Kind { case code, lineComment, blockComment, literal }

  /// Good enough for this project: no raw strings, and interpolations count as literals.
  private func scan(_ keep: (Kind, UInt8) -> Bool) -> String {
    let bytes = Array(text.utf8)
    var kept: [UInt8] = []
    var kind = Kind.code
    var depth = 0  // of nested comments, or of parentheses in an interpolation
    var multiline = false
    var i = 0
    func at(_ offset: Int) -> UInt8 { i + offset < bytes.count ? bytes[i + offset] : 0 }
    let (quote, slash, star, newline, backslash) = (UInt8(ascii: "\""), UInt8(ascii: "/"), UInt8(ascii: "*"), UInt8(ascii: "\n"), UInt8(ascii: "\\"))
    let (open, close) = (UInt8(ascii: "("), UInt8(ascii: ")"))
    while i < bytes.count {
      let byte = bytes[i]
      var width = 1
      switch kind {
      case .code:
        if byte == slash && at(1) == slash { kind = .lineComment }
        if byte == slash && at(1) == star { (kind, depth, width) = (.blockComment, 1, 2) }
        if byte == quote {
          multiline = at(1) == quote && at(2) == quote
          (kind, depth, width) = (.literal, 0, multiline ? 3 : 1)
        }
        if kind == .code { kept.append(keep(.code, byte) || byte == newline ? byte : UInt8(ascii: " ")) }
      case .lineComment:
        if byte == newline {
          kind = .code
          kept.append(newline)
        }
      case .blockComment:
        if byte == newline { kept.append(newline) }
        if byte == slash && at(1) == star { (depth, width) = (depth + 1, 2) }
        if byte == star && at(1) == slash { (depth, width) = (depth - 1, 2) }
        if depth == 0 { kind = .code }
      case .literal:
        if depth == 0 && byte == backslash {
          if at(1) == open { depth = 1 }
          width = 2
        } else if depth > 0 {
          if byte == open { depth += 1 }
          if byte == close { depth -= 1 }
        } else if byte == quote && (!multiline || (at(1) == quote && at(2) == quote)) {
          (kind, width) = (.code, multiline ? 3 : 1)
          kept.append(UInt8(ascii: " "))
          break
        }
        kept.append(keep(.literal, byte) || byte == newline ? byte : UInt8(ascii: " "))
      }
      i += width
    }
    return String(decoding: kept, as: UTF8.self)
  }
}
