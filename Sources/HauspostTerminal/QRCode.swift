// QR codes for links and safety numbers, drawn by libqrencode: in a terminal with half blocks, on paper as SVG.
import CQREncode
import Content
import Foundation
import Identity
import Messenger
import MessengerRuntime
import TLSCodec

struct QRCode {
  let width: Int
  /// Row by row, true is black.
  let modules: [Bool]

  /// Nil where the text is too long for a code.
  init?(_ text: String) {
    guard let code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M) else { return nil }
    defer { QRcode_free(code) }
    let width = Int(code.pointee.width)
    guard let data = code.pointee.data else { return nil }
    self.width = width
    modules = (0..<width * width).map { data[$0] & 1 == 1 }
  }

  private func isBlack(_ x: Int, _ y: Int) -> Bool { x >= 0 && y >= 0 && x < width && y < width && modules[y * width + x] }

  /// Two rows in a line, with the quiet zone; white on a dark terminal, as readers expect black on white.
  var blocks: String {
    var result = ""
    var y = -2
    while y < width + 2 {
      for x in -2..<(width + 2) {
        switch (isBlack(x, y), isBlack(x, y + 1)) {
        case (false, false): result += "█"
        case (false, true): result += "▀"
        case (true, false): result += "▄"
        case (true, true): result += " "
        }
      }
      result += "\n"
      y += 2
    }
    return result
  }

  var svg: String {
    var path = ""
    for y in 0..<width { for x in 0..<width where isBlack(x, y) { path += "M\(x + 4) \(y + 4)h1v1h-1z" } }
    let size = width + 8
    return "<svg viewBox=\"0 0 \(size) \(size)\" role=\"img\" aria-label=\"QR\"><path fill=\"#fff\" d=\"M0 0h\(size)v\(size)H0z\"/><path d=\"\(path)\"/></svg>"
  }
}

extension Output {
  /// A link with its code, for a person to copy, scan or type.
  func showLink(_ link: Link, _ words: String) {
    let text = link.text
    result(
      words + "\n\n  " + text + "\n\n  code  " + link.secret.text + "\n",
      [("link", .string(text)), ("code", .string(link.secret.text))])
    showCode(text)
  }

  func showCode(_ text: String) {
    if !json, let code = QRCode(text) { result(code.blocks, []) }
  }
}
