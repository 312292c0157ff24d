import CryptoInterface
import MLS
import TLSCodec

/// One case, or an object inside of one: typed access to its members, with reasons that name them.
struct VectorCase {
  let value: JSON
  /// Where the object stands, for reasons: empty, or with a dot at its end.
  let path: String

  init(_ value: JSON, path: String = "") throws(CaseProblem) {
    guard case .object = value else { throw .failed("\(path.isEmpty ? "the case" : path) is not an object") }
    self.value = value
    self.path = path
  }

  func name(_ key: StaticString) -> String { path + key.description }

  func json(_ key: StaticString) throws(CaseProblem) -> JSON {
    guard let found = value[key] else { throw .failed("\(name(key)) is missing") }
    return found
  }

  /// Decoded hex.
  func bytes(_ key: StaticString) throws(CaseProblem) -> [UInt8] { try VectorCase.bytes(try json(key), name(key)) }

  static func bytes(_ value: JSON, _ name: @autoclosure () -> String) throws(CaseProblem) -> [UInt8] {
    guard case .string(let text) = value, let bytes = Hex.decode(text) else { throw .failed("\(name()) is not a string of hex digits") }
    return bytes
  }

  /// Decoded hex; nil where the member is null or absent.
  func optionalBytes(_ key: StaticString) throws(CaseProblem) -> [UInt8]? {
    switch value[key] {
    case nil, .null?: return nil
    case let found?: return try VectorCase.bytes(found, name(key))
    }
  }

  func secret(_ key: StaticString) throws(CaseProblem) -> Secret { Secret(try bytes(key)) }

  func hpkePrivateKey(_ key: StaticString, _ suite: CipherSuiteParameters) throws(CaseProblem) -> HPKEPrivateKey {
    HPKEPrivateKey(Secret(VectorCase.scalar(try bytes(key), suite.kem.scalarSize)))
  }

  func signaturePrivateKey(_ key: StaticString, _ suite: CipherSuiteParameters) throws(CaseProblem) -> SignaturePrivateKey {
    SignaturePrivateKey(Secret(VectorCase.scalar(try bytes(key), suite.signature.scalarSize)))
  }

  /// A scalar of a NIST curve in its full length. The description asks for that (`Field-Element-to-Octet-String`), but the official files leave out
  /// leading zero bytes: nearly every second key of P-521 has only 65 bytes.
  private static func scalar(_ bytes: [UInt8], _ size: Int?) -> [UInt8] {
    guard let size, bytes.count < size, !bytes.isEmpty else { return bytes }
    return [UInt8](repeating: 0, count: size - bytes.count) + bytes
  }

  /// A string's bytes as they are.
  func text(_ key: StaticString) throws(CaseProblem) -> [UInt8] {
    guard case .string(let text) = try json(key) else { throw .failed("\(name(key)) is not a string") }
    return text
  }

  func uint64(_ key: StaticString) throws(CaseProblem) -> UInt64 {
    guard case .number(let number) = try json(key) else { throw .failed("\(name(key)) is not a number") }
    return number
  }

  func uint32(_ key: StaticString) throws(CaseProblem) -> UInt32 {
    guard let number = UInt32(exactly: try uint64(key)) else { throw .failed("\(name(key)) is above 2^32 - 1") }
    return number
  }

  /// - Parameter maximum: the largest number that makes sense here; a larger one is a failure, not an endless computation.
  func uint32(_ key: StaticString, atMost maximum: UInt32) throws(CaseProblem) -> UInt32 {
    let number = try uint32(key)
    guard number <= maximum else { throw .failed("\(name(key)) is \(number), at most \(maximum) is possible") }
    return number
  }

  func list(_ key: StaticString) throws(CaseProblem) -> [JSON] {
    guard case .array(let elements) = try json(key) else { throw .failed("\(name(key)) is not a list") }
    return elements
  }

  func object(_ key: StaticString) throws(CaseProblem) -> VectorCase { try VectorCase(try json(key), path: name(key) + ".") }

  func objects(_ key: StaticString) throws(CaseProblem) -> [VectorCase] {
    var result: [VectorCase] = []
    for (i, element) in try list(key).enumerated() { result.append(try VectorCase(element, path: "\(name(key))[\(i)].")) }
    return result
  }

  /// A structure from its hex encoding.
  func decoded<T: TLSDecodable>(_ key: StaticString, as type: T.Type = T.self) throws(CaseProblem) -> T {
    let bytes = try bytes(key)
    do { return try T(decoding: bytes) } catch { throw .failed("\(name(key)): \(describe(error))") }
  }

  /// What `cipher_suite` stands for.
  func suite(using crypto: some CryptoProvider) throws(CaseProblem) -> CipherSuiteParameters {
    let number = try uint32("cipher_suite", atMost: 0xFFFF)
    if let parameters = crypto.suites.parameters(of: CipherSuite(UInt16(number))) { return parameters }
    if number == 4 || number == 6 { throw .skipped("suite needs X448/Ed448") }
    throw .failed("cipher suite \(number) is unknown; X-Wing's numbers are not assigned yet and can be given")
  }

  /// Compares a member with what was computed.
  func expect(_ key: StaticString, _ computed: [UInt8]) throws(CaseProblem) {
    try expectEqual(computed, try bytes(key), name(key))
  }
  func expect(_ key: StaticString, _ computed: Secret) throws(CaseProblem) { try expect(key, computed.exposed) }
}

func expectEqual(_ computed: [UInt8], _ expected: [UInt8], _ name: @autoclosure () -> String) throws(CaseProblem) {
  if computed == expected { return }
  throw .failed("\(name()): expected \(Hex.excerpt(expected)), computed \(Hex.excerpt(computed))")
}

func expect(_ condition: Bool, _ reason: @autoclosure () -> String) throws(CaseProblem) {
  if !condition { throw .failed(reason()) }
}

/// Runs an operation of MLS; where it refuses, the case fails with `what` and the reason.
func attempt<T>(_ what: @autoclosure () -> String, _ operation: () throws(MLSError) -> T) throws(CaseProblem) -> T {
  do { return try operation() } catch { throw .failed("\(what()): \(describe(error))") }
}

/// The same for an operation of the cryptography below MLS.
func attemptCrypto<T>(_ what: @autoclosure () -> String, _ operation: () throws(CryptoError) -> T) throws(CaseProblem) -> T {
  do { return try operation() } catch { throw .failed("\(what()): \(describe(error))") }
}

extension KEM {
  /// Bytes of a private key that is a scalar; nil for other kinds of keys.
  fileprivate var scalarSize: Int? {
    switch self {
    case .dhkemP256, .dhkemP384, .dhkemP521: privateKeySize
    case .dhkemX25519, .xwing: nil
    }
  }
}

extension SignatureScheme {
  fileprivate var scalarSize: Int? {
    switch self {
    case .ecdsaSecp256r1SHA256: 32
    case .ecdsaSecp384r1SHA384: 48
    case .ecdsaSecp521r1SHA512: 66
    case .ed25519: nil
    }
  }
}
