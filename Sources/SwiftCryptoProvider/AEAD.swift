// The AEADs: combined forms of the library in, ciphertext ‖ tag out.
import Crypto
import CryptoInterface
import enum CryptoInterface.CryptoError
import FoundationEssentials

extension SwiftCryptoProvider {
  public func aeadSeal(_ algorithm: AEADAlgorithm, key: Secret, nonce: [UInt8], aad: [UInt8], _ plaintext: [UInt8]) throws(CryptoError)
    -> [UInt8]
  {
    guard key.count == algorithm.keySize, nonce.count == algorithm.nonceSize else { throw .invalidKey }
    let symmetric = key.withUnsafeBytes { SymmetricKey(data: $0) }
    do {
      let combined: Data
      switch algorithm {
      case .aes128GCM, .aes256GCM:
        // A nonce of 12 bytes always has a combined form.
        combined = try AES.GCM.seal(plaintext, using: symmetric, nonce: AES.GCM.Nonce(data: nonce), authenticating: aad).combined!
      case .chaCha20Poly1305:
        combined = try ChaChaPoly.seal(plaintext, using: symmetric, nonce: ChaChaPoly.Nonce(data: nonce), authenticating: aad).combined
      }
      return combined.withUnsafeBytes { Array($0[nonce.count...]) }
    } catch {
      throw .libraryFailure
    }
  }

  public func aeadOpen(_ algorithm: AEADAlgorithm, key: Secret, nonce: [UInt8], aad: [UInt8], _ ciphertext: [UInt8]) throws(CryptoError)
    -> [UInt8]
  {
    guard key.count == algorithm.keySize, nonce.count == algorithm.nonceSize else { throw .invalidKey }
    guard ciphertext.count >= algorithm.tagSize else { throw .authenticationFailed }
    let symmetric = key.withUnsafeBytes { SymmetricKey(data: $0) }
    var combined = Data(capacity: nonce.count + ciphertext.count)
    combined.append(contentsOf: nonce)
    combined.append(contentsOf: ciphertext)
    do {
      var opened: Data
      switch algorithm {
      case .aes128GCM, .aes256GCM:
        opened = try AES.GCM.open(AES.GCM.SealedBox(combined: combined), using: symmetric, authenticating: aad)
      case .chaCha20Poly1305:
        opened = try ChaChaPoly.open(ChaChaPoly.SealedBox(combined: combined), using: symmetric, authenticating: aad)
      }
      // The library's copy; HPKE opens path secrets through here.
      defer { opened.withUnsafeMutableBytes { wipe($0) } }
      return opened.withUnsafeBytes { Array($0) }
    } catch {
      throw .authenticationFailed
    }
  }
}
