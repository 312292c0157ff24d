// HMAC (RFC 2104) and HKDF-Expand (RFC 5869) straight on swift-crypto's hash functions. Its own HMAC allocates a dozen buffers a call: measured
// 1.7 µs against 0.7 µs here for a short input, and every message costs half a dozen of them.
import CryptoInterface
import Crypto
import FoundationEssentials

func authenticationCode(
  _ algorithm: HashAlgorithm, key: UnsafeRawBufferPointer, _ data: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer
) {
  switch algorithm {
  case .sha256: authenticationCode(SHA256.self, key: key, data, into: out)
  case .sha384: authenticationCode(SHA384.self, key: key, data, into: out)
  case .sha512: authenticationCode(SHA512.self, key: key, data, into: out)
  }
}

/// RFC 2104 §2: H(K ⊕ opad ‖ H(K ⊕ ipad ‖ text)).
private func authenticationCode<H: HashFunction>(
  _: H.Type, key: UnsafeRawBufferPointer, _ data: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer
) {
  withUnsafeTemporaryAllocation(byteCount: H.blockByteCount, alignment: 8) { block in
    defer { wipe(block) }
    for i in 0..<block.count { block[i] = 0 }
    if key.count <= block.count {
      block.copyMemory(from: key)
    } else {
      H.hash(data: key).withUnsafeBytes { block.copyMemory(from: $0) }
    }
    for i in 0..<block.count { block[i] ^= 0x36 }
    var inner = H()
    inner.update(bufferPointer: UnsafeRawBufferPointer(block))
    inner.update(bufferPointer: data)
    for i in 0..<block.count { block[i] ^= 0x36 ^ 0x5C }
    var outer = H()
    outer.update(bufferPointer: UnsafeRawBufferPointer(block))
    inner.finalize().withUnsafeBytes { outer.update(bufferPointer: $0) }
    outer.finalize().withUnsafeBytes { out.copyMemory(from: $0) }
  }
}

/// RFC 5869 §2.3: T(i) = HMAC(PRK, T(i − 1) ‖ info ‖ i).
func expand(_ algorithm: HashAlgorithm, prk: UnsafeRawBufferPointer, info: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer) {
  let size = algorithm.size
  precondition(out.count <= 255 * size, "RFC 5869 §2.3 ends at 255 blocks")
  withUnsafeTemporaryAllocation(byteCount: 2 * size + info.count + 1, alignment: 8) { scratch in
    defer { wipe(scratch) }
    // previous block ‖ info ‖ counter, and behind it the block that is being made
    let input = UnsafeMutableRawBufferPointer(rebasing: scratch[..<(size + info.count + 1)])
    let block = UnsafeMutableRawBufferPointer(rebasing: scratch[(size + info.count + 1)...])
    UnsafeMutableRawBufferPointer(rebasing: input[size...]).copyMemory(from: info)
    var counter: UInt8 = 0
    var done = 0
    while done < out.count {
      counter += 1
      input[input.count - 1] = counter
      let text = counter == 1 ? UnsafeMutableRawBufferPointer(rebasing: input[size...]) : input
      authenticationCode(algorithm, key: prk, UnsafeRawBufferPointer(text), into: block)
      let count = min(size, out.count - done)
      UnsafeMutableRawBufferPointer(rebasing: out[done...]).copyMemory(from: UnsafeRawBufferPointer(rebasing: block[..<count]))
      input.copyMemory(from: UnsafeRawBufferPointer(block))
      done += count
    }
  }
}
