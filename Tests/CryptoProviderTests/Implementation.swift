// The two providers, and what the suite needs to run every test on both.
import BoringSSLProvider
import CryptoInterface
import Foundation
import SwiftCryptoProvider
import Testing

enum Implementation: String, CaseIterable, CustomTestStringConvertible {
  case swiftCrypto = "SwiftCryptoProvider"
  case boringSSL = "BoringSSLProvider"

  var provider: any HPKEPrimitives {
    switch self {
    case .swiftCrypto: SwiftCryptoProvider()
    case .boringSSL: BoringSSLProvider()
    }
  }
  var testDescription: String { rawValue }
  var other: Implementation { self == .swiftCrypto ? .boringSSL : .swiftCrypto }
}

let allSuites = CipherSuiteTable().entries
let allKEMs = KEM.allCases
let allSchemes = SignatureScheme.allCases

extension CipherSuiteParameters: CustomTestStringConvertible {
  public var testDescription: String { "suite \(suite)" }
}
extension KEM: CustomTestStringConvertible {
  public var testDescription: String { "KEM 0x\(String(rawValue, radix: 16))" }
}

/// Files of the standards' own repositories: HAUSPOST_VECTORS, else `../shared/vectors` beside the package.
enum Vectors {
  static let folder: String? = {
    let environment = ProcessInfo.processInfo.environment["HAUSPOST_VECTORS"]
    let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let path = environment ?? package.appending(path: "../shared/vectors").standardizedFileURL.path(percentEncoded: false)
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }()

  static let missing: Comment = "no test vectors here: set HAUSPOST_VECTORS to the folder that holds them"

  static func exists(_ name: String) -> Bool { folder.map { FileManager.default.fileExists(atPath: $0 + "/" + name) } ?? false }

  static func decode<T: Decodable>(_ name: String, as type: T.Type) throws -> T {
    try JSONDecoder().decode(type, from: Data(contentsOf: URL(filePath: folder! + "/" + name)))
  }
}

/// Bytes written as hexadecimal digits in a JSON file.
struct Hex: Decodable {
  var bytes: [UInt8]
  init(from decoder: any Decoder) throws {
    let digits = Array(try decoder.singleValueContainer().decode(String.self).utf8)
    bytes = try stride(from: 0, to: digits.count, by: 2).map { i in
      guard i + 1 < digits.count, let byte = UInt8(String(decoding: digits[i...i + 1], as: UTF8.self), radix: 16) else {
        throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "not hexadecimal"))
      }
      return byte
    }
  }
}
