/// The kinds of test vectors that the working group has defined. The raw value is the name of the official file, where one kind has one file.
public enum VectorKind: String, Sendable, CaseIterable {
  case treeMath = "tree-math"
  case cryptoBasics = "crypto-basics"
  case secretTree = "secret-tree"
  case messageProtection = "message-protection"
  case keySchedule = "key-schedule"
  case pskSecret = "psk_secret"
  case transcriptHashes = "transcript-hashes"
  case welcome
  case treeOperations = "tree-operations"
  case treeValidation = "tree-validation"
  case treeKEM = "treekem"
  case messages
  case passiveClient = "passive-client"
  case deserialization

  /// By its name; `-` and `_` are the same, and each of the passive client's files names the one kind.
  public init?(named name: [UInt8]) {
    var plain: [UInt8] = []
    for byte in name { plain.append(byte == UInt8(ascii: "_") ? UInt8(ascii: "-") : byte) }
    for kind in VectorKind.allCases {
      var own: [UInt8] = []
      for byte in kind.rawValue.utf8 { own.append(byte == UInt8(ascii: "_") ? UInt8(ascii: "-") : byte) }
      let isVariant = kind == .passiveClient && plain.count > own.count && Array(plain[0..<own.count]) == own
      if own == plain || isVariant {
        self = kind
        return
      }
    }
    return nil
  }

  /// By a member that only this kind has.
  public init?(detecting vector: JSON) {
    for kind in VectorKind.allCases where vector[kind.distinctiveKey] != nil {
      self = kind
      return
    }
    return nil
  }

  private var distinctiveKey: StaticString {
    switch self {
    case .treeMath: "n_leaves"
    case .cryptoBasics: "ref_hash"
    case .secretTree: "sender_data"
    case .messageProtection: "proposal_pub"
    case .keySchedule: "initial_init_secret"
    case .pskSecret: "psks"
    case .transcriptHashes: "authenticated_content"
    case .welcome: "signer_pub"
    case .treeOperations: "tree_before"
    case .treeValidation: "resolutions"
    case .treeKEM: "update_paths"
    case .messages: "mls_welcome"
    case .passiveClient: "initial_epoch_authenticator"
    case .deserialization: "vlbytes_header"
    }
  }
}
