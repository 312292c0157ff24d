// The page that somebody sees who opens the house's address or a link in a browser. No script, nothing from elsewhere.
import HTTPTypes
import Hummingbird
import NIOCore

enum WelcomePage {
  static let stylePath = "/house.css"

  enum Language: String { case german = "de", english = "en" }

  /// RFC 9110 §12.5.4: the language of ours with the highest weight; English where there is none.
  static func language(_ header: String?) -> Language {
    var best: (Language, Double) = (.english, 0)
    for item in (header ?? "").split(separator: ",") {
      let parts = item.split(separator: ";").map { $0.filter { $0 != " " } }
      guard let tag = parts.first?.lowercased(), let language = Language(rawValue: String(tag.prefix { $0 != "-" })) else { continue }
      let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
      if weight > best.1 { best = (language, weight) }
    }
    return best.0
  }

  static func response(languages: String?, name: String) -> Response {
    let language = language(languages)
    let html = page(language, name: escaped(name))
    return Response(
      status: .ok,
      headers: [.contentType: "text/html; charset=utf-8", .contentLanguage: language.rawValue, .vary: "Accept-Language"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: html)))
  }

  static var style: Response {
    Response(status: .ok, headers: [.contentType: "text/css; charset=utf-8"], body: ResponseBody(byteBuffer: ByteBuffer(string: css)))
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text.unicodeScalars {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }

  private static func page(_ language: Language, name: String) -> String {
    let body =
      switch language {
      case .german:
        """
        <h1>\(name)</h1>
        <p>Hier läuft Hauspost, ein Messenger im eigenen Haus. Was jemand schreibt, lesen nur die, für die es bestimmt ist: Nachrichten werden auf den \
        Geräten verschlüsselt, dieser Server kann sie nicht lesen.</p>
        <h2>Sie haben einen Link bekommen?</h2>
        <p>Kopieren Sie ihn ganz, mit allem hinter dem Zeichen #, und geben Sie auf einem Rechner mit Hauspost ein:</p>
        <pre><code>hauspost chat join LINK</code></pre>
        <p>Der Teil hinter dem # ist Ihr Geheimnis. Der Browser schickt ihn nicht mit; auch dieser Server hat ihn nicht gesehen. Geben Sie ihn nicht weiter.</p>
        <h2>Sie haben keinen Link?</h2>
        <p>Bitten Sie die Verwaltung Ihres Hauses um eine Einladung.</p>
        """
      case .english:
        """
        <h1>\(name)</h1>
        <p>This is Hauspost, a messenger in a house of its own. Only those for whom a message is meant can read it: messages are encrypted on the devices, \
        and this server cannot read them.</p>
        <h2>Have you been given a link?</h2>
        <p>Copy all of it, with everything behind the character #, and type on a computer with Hauspost:</p>
        <pre><code>hauspost chat join LINK</code></pre>
        <p>The part behind the # is your secret. Browsers do not send it; this server has not seen it either. Give it to nobody.</p>
        <h2>You have no link?</h2>
        <p>Ask the administrator of your house for an invitation.</p>
        """
      }
    return """
      <!doctype html>
      <html lang="\(language.rawValue)">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="robots" content="noindex">
      <title>\(name)</title>
      <link rel="stylesheet" href="\(stylePath)">
      </head>
      <body>
      <main>
      \(body)
      </main>
      </body>
      </html>

      """
  }

  private static let css = """
    :root { color-scheme: light dark; }
    body { font: 1.1rem/1.6 system-ui, sans-serif; margin: 0; padding: 2rem 1rem; }
    main { max-width: 38rem; margin: 0 auto; }
    h1 { font-size: 1.8rem; line-height: 1.2; }
    h2 { font-size: 1.2rem; margin-top: 2rem; }
    pre { padding: 0.8rem 1rem; border: 1px solid; border-radius: 0.4rem; overflow-x: auto; }

    """
}
