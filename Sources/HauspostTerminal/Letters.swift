// Invitations on paper: a table of people in, a page of letters out.
import Content
import Foundation
import Identity
import Messenger
import MessengerRuntime
import TLSCodec

/// Names and functions out of a CSV file (RFC 4180, comma or semicolon, with or without a line of titles).
enum InvitationTable {
  static let limit = 10_000

  static func rows(_ text: String) throws -> [(name: String, function: String)] {
    let separator: Character = text.prefix(while: { !$0.isNewline }).contains(";") ? ";" : ","
    var result: [(name: String, function: String)] = []
    for (number, fields) in try records(text, separator).enumerated() {
      let name = (fields.first ?? "").trimmingCharacters(in: .whitespaces)
      let function = fields.count > 1 ? fields[1].trimmingCharacters(in: .whitespaces) : ""
      if name.isEmpty { continue }
      if number == 0, ["name", "names"].contains(name.lowercased()) { continue }
      guard Naming.isName(name), function.isEmpty || Naming.isName(function) else {
        throw TerminalError("csv", "Line \(number + 1): \(name) cannot be used as a name.")
      }
      guard result.count < limit else { throw TerminalError("csv", "More than \(limit) people.", hint: "Split the file.") }
      result.append((name, function))
    }
    guard !result.isEmpty else { throw TerminalError("csv", "There is nobody in the file.", hint: "Its columns are: name, function") }
    return result
  }

  private static func records(_ text: String, _ separator: Character) throws -> [[String]] {
    var records: [[String]] = []
    var record: [String] = []
    var field = ""
    var isQuoted = false
    var rest = text[...]
    if rest.hasPrefix("\u{feff}") { rest = rest.dropFirst() }
    while let c = rest.popFirst() {
      if isQuoted {
        if c != "\"" {
          field.append(c)
        } else if rest.first == "\"" {
          field.append("\"")
          rest.removeFirst()
        } else {
          isQuoted = false
        }
      } else if c == "\"", field.isEmpty {
        isQuoted = true
      } else if c == separator {
        record.append(field)
        field = ""
      } else if c.isNewline {
        record.append(field)
        records.append(record)
        record = []
        field = ""
      } else {
        field.append(c)
      }
    }
    guard !isQuoted else { throw TerminalError("csv", "A quotation mark is not closed.") }
    if !field.isEmpty || !record.isEmpty { records.append(record + [field]) }
    return records
  }
}

/// A page to print: a letter for each person, German first, with QR code, code to type, and how to go on. Nothing on it comes from elsewhere.
enum LetterPage {
  static func html(_ letters: [(InvitationView, Link)], house: String) -> String {
    var body = ""
    for (invitation, link) in letters {
      let until = Date(timeIntervalSince1970: Double(invitation.notAfter)).formatted(.iso8601.year().month().day().dateSeparator(.dash))
      body += """
        <section>
        <header><b>\(escape(house))</b></header>
        <h1>\(escape(invitation.name))</h1>
        <p class="function">\(escape(invitation.function))</p>
        <p>Ihr Zugang zum Messenger von \(escape(house)). Sie brauchen dafür weder E-Mail-Adresse noch Telefonnummer.</p>
        <p lang="en">Your access to the messenger of \(escape(house)). You need neither an e-mail address nor a phone number.</p>
        \(QRCode(link.text)?.svg ?? "")
        <ol>
        <li>Den Code mit der Kamera lesen, oder diese Adresse öffnen: <span class="address">\(escape(link.origin))</span><br>
        <span lang="en">Scan the code with the camera, or open the address.</span></li>
        <li>Diesen Code eingeben, falls danach gefragt wird: <span class="code">\(escape(link.secret.text))</span><br>
        <span lang="en">Type the code where it is asked for.</span></li>
        </ol>
        <footer>Einmal gültig, bis \(until). Geben Sie diesen Brief niemandem. <span lang="en">Good once, until \(until). Give this letter to nobody.</span></footer>
        </section>

        """
    }
    return """
      <!doctype html>
      <html lang="de"><head><meta charset="utf-8"><meta name="robots" content="noindex"><title>\(escape(house))</title>
      <style>
      @page { size: A4; margin: 20mm }
      body { font: 12pt/1.45 system-ui, sans-serif; color: #111; margin: 0 }
      section { break-after: page; max-width: 165mm; margin: 10mm auto; position: relative }
      header { color: #444; border-bottom: 1px solid #bbb; padding-bottom: 3mm }
      h1 { font-size: 22pt; margin: 14mm 0 0 }
      .function { color: #444; margin: 0 0 10mm }
      [lang=en] { color: #555 }
      svg { width: 62mm; height: 62mm; display: block; margin: 8mm auto }
      li { margin-bottom: 4mm }
      .code { font: bold 16pt/2 ui-monospace, monospace; letter-spacing: .06em; white-space: nowrap }
      .address { font-weight: bold }
      footer { margin-top: 12mm; border-top: 1px solid #bbb; padding-top: 3mm; font-size: 10pt }
      </style></head><body>
      \(body)</body></html>

      """
  }

  private static func escape(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
  }
}
