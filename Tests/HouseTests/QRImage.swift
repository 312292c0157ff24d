// Reads the QR codes of a page with another program than the one that drew them: each SVG is made a bitmap for zbarimg.
import Foundation
import Glibc
import Testing

enum QRImage {
  /// - Returns: what zbarimg reads in each SVG of the page, in order.
  static func texts(inHTML path: String, in folder: String) async throws -> [String] {
    let html = try String(contentsOfFile: path, encoding: .utf8)
    var texts: [String] = []
    for (index, svg) in html.matches(of: /<svg viewBox="0 0 (\d+) \d+".*?<\/svg>/).enumerated() {
      let image = folder + "/code\(index).pbm"
      try bitmap(String(svg.0), size: try #require(Int(svg.1))).write(to: URL(filePath: image))
      let process = try ChildProcess("/usr/bin/zbarimg", ["-q", "--raw", image], environment: [:], folder: folder, output: image + ".text")
      try await process.end()
      texts.append(process.output.trimmingCharacters(in: .newlines))
    }
    return texts
  }

  /// Four dots for a module, black where the path has a square.
  private static func bitmap(_ svg: String, size: Int) throws -> Data {
    var black = [Bool](repeating: false, count: size * size)
    for square in svg.matches(of: /M(\d+) (\d+)h1v1h-1z/) {
      let x = try #require(Int(square.1))
      let y = try #require(Int(square.2))
      try #require(x < size && y < size)
      black[y * size + x] = true
    }
    let row = size * 4
    let rows = (0..<row).map { y in (0..<row).map { x in black[y / 4 * size + x / 4] ? "1" : "0" }.joined(separator: " ") }
    return Data("P1\n\(row) \(row)\n\(rows.joined(separator: "\n"))\n".utf8)
  }
}
