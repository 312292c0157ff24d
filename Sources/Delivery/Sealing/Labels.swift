// Labels of what is derived and signed here and in clients alike.
import Identity

/// Labels of key derivation and hashes.
enum DeliveryLabel {
  /// Before a group key in the hash that commits carry as authenticated data.
  static let groupKeyHash: StaticString = "group key hash"
  /// HKDF-Expand of a mailbox key to the key of its row, and to the mailbox key after it.
  static let mailboxRow: StaticString = "row"
  static let mailboxNext: StaticString = "next"
}

extension SigningLabel {
  /// A member says that it cannot apply an accepted commit.
  static let report = SigningLabel("Report")
}

extension StaticString {
  var labelBytes: [UInt8] { withUTF8Buffer { Array($0) } }
}
