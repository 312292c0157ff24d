// The AEADs: ciphertext ‖ tag in one piece, as the C interface has it.
import CCryptoBoringSSL
import CryptoInterface

extension BoringSSLProvider {
  public func aeadSeal(_ algorithm: AEADAlgorithm, key: Secret, nonce: [UInt8], aad: [UInt8], _ plaintext: [UInt8]) throws(CryptoError)
    -> [UInt8]
  {
    guard key.count == algorithm.keySize, nonce.count == algorithm.nonceSize else { throw .invalidKey }
    let capacity = plaintext.count + algorithm.tagSize
    var done: Int32 = 0
    let ciphertext = array(capacity) { out in
      withContext(algorithm, key) { context in
        var size = 0
        done = CCryptoBoringSSL_EVP_AEAD_CTX_seal(
          context, out, &size, capacity, nonce, nonce.count, plaintext, plaintext.count, aad, aad.count)
      }
    }
    guard done == 1 else { throw .libraryFailure }
    return ciphertext
  }

  public func aeadOpen(_ algorithm: AEADAlgorithm, key: Secret, nonce: [UInt8], aad: [UInt8], _ ciphertext: [UInt8]) throws(CryptoError)
    -> [UInt8]
  {
    guard key.count == algorithm.keySize, nonce.count == algorithm.nonceSize else { throw .invalidKey }
    guard ciphertext.count >= algorithm.tagSize else { throw .authenticationFailed }
    // The library wants room for the whole ciphertext only as a bound; what it writes is without the tag.
    let capacity = ciphertext.count - algorithm.tagSize
    var done: Int32 = 0
    let plaintext = array(capacity) { out in
      withContext(algorithm, key) { context in
        var size = 0
        done = CCryptoBoringSSL_EVP_AEAD_CTX_open(
          context, out, &size, capacity, nonce, nonce.count, ciphertext, ciphertext.count, aad, aad.count)
      }
      // On failure the library leaves zeros; with no context at all the memory is still raw.
      if done != 1, let out { wipe(UnsafeMutableRawBufferPointer(start: out, count: capacity)) }
    }
    guard done == 1 else { throw .authenticationFailed }
    return plaintext
  }
}

private func withContext(_ algorithm: AEADAlgorithm, _ key: Secret, _ body: (UnsafePointer<EVP_AEAD_CTX>) -> Void) {
  let cipher =
    switch algorithm {
    case .aes128GCM: CCryptoBoringSSL_EVP_aead_aes_128_gcm()
    case .aes256GCM: CCryptoBoringSSL_EVP_aead_aes_256_gcm()
    case .chaCha20Poly1305: CCryptoBoringSSL_EVP_aead_chacha20_poly1305()
    }
  var context = EVP_AEAD_CTX()
  guard key.withBytes({ CCryptoBoringSSL_EVP_AEAD_CTX_init(&context, cipher, $0, $1, 0, nil) }) == 1 else { return }
  body(&context)
  CCryptoBoringSSL_EVP_AEAD_CTX_cleanup(&context)
  withUnsafeMutableBytes(of: &context) { wipe($0) }
}
