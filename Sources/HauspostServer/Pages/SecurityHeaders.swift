// What every answer tells the browser: nothing from elsewhere, no guessing, no frames, no trace of where somebody came from.
import HTTPTypes

enum SecurityHeaders {
  /// - Parameter secure: whether clients reach the house by TLS; then they are told to never try without.
  static func fields(secure: Bool) -> HTTPFields {
    var fields = HTTPFields()
    fields[.contentSecurityPolicy] =
      "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    fields[.xContentTypeOptions] = "nosniff"
    set(&fields, "Referrer-Policy", "no-referrer")
    set(&fields, "Cross-Origin-Opener-Policy", "same-origin")
    set(&fields, "Cross-Origin-Resource-Policy", "same-origin")
    set(&fields, "Permissions-Policy", "camera=(), geolocation=(), microphone=()")
    set(&fields, "X-Frame-Options", "DENY")
    fields[.cacheControl] = "no-store"
    if secure { fields[.strictTransportSecurity] = "max-age=31536000" }
    return fields
  }

  private static func set(_ fields: inout HTTPFields, _ name: String, _ value: String) {
    if let name = HTTPField.Name(name) { fields[name] = value }
  }
}
