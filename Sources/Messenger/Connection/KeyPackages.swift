// Key packages at the server: a pool of 20 and one last resort (RFC 9420 §10), so that others can add this device while it is away.
import CryptoInterface
import Identity
import MLS
import TLSCodec
import Wire

extension Core {
  static var poolSize: Int { 20 }
  /// Below this the pool is filled again.
  static var poolFloor: UInt32 { 10 }
  /// Seconds that a key package is good for: a device may be away for a long holiday.
  static var keyPackageLifetime: UInt64 { 90 * 86_400 }
  static var lastResortLifetime: UInt64 { 395 * 86_400 }

  /// This device in a leaf.
  func identity() throws(Stop) -> ClientIdentity {
    guard let own, let chain = chains[own.account] else { throw .failed(.notEnrolled) }
    guard let device = chain.state.device(own.device) else { throw .failed(.revoked) }
    return HouseCapabilities.identity(account: own.account, device: device, key: own.signatureKeyPair, chainHead: ChainHead(chain))
  }

  mutating func publishKeyPackages() throws(Stop) {
    guard !connection.isPublishing, let count = connection.keyPackageCount else { return }
    var waiting: [[UInt8]] = []
    var hasLastResort = false
    for (ref, package) in keyPackages {
      if package.isLastResort, package.notAfter > seconds + 30 * 86_400 { hasLastResort = true }
      if !package.published { waiting.append(ref) }
    }
    if waiting.isEmpty, count >= Self.poolFloor, hasLastResort { return }
    let identity = try identity()
    if waiting.isEmpty {
      for _ in 0..<max(0, Self.poolSize - Int(count)) { waiting.append(try makeKeyPackage(identity, isLastResort: false)) }
      if !hasLastResort { waiting.append(try makeKeyPackage(identity, isLastResort: true)) }
    }
    forgetExpiredKeyPackages()
    var packages: [[UInt8]] = []
    var lastResort: [UInt8]?
    for ref in waiting {
      guard let package = keyPackages[ref] else { continue }
      let encoded = package.bundle.keyPackage.encoded()
      if package.isLastResort { lastResort = encoded } else { packages.append(encoded) }
    }
    connection.isPublishing = true
    ask(
      .publishKeyPackages(
        PublishKeyPackages(requestID: newRequestID(), keyPackages: packages, lastResort: lastResort, replacesPool: false)), .publish(waiting))
  }

  private mutating func makeKeyPackage(_ identity: ClientIdentity, isLastResort: Bool) throws(Stop) -> [UInt8] {
    let lifetime = isLastResort ? Self.lastResortLifetime : Self.keyPackageLifetime
    // An hour back, for clocks that are late.
    let notAfter = seconds + lifetime
    do throws(MLSError) {
      let bundle = try KeyPackageBundle.create(
        identity, suite: suite, lifetime: Lifetime(notBefore: seconds - min(seconds, 3_600), notAfter: notAfter), isLastResort: isLastResort,
        using: crypto)
      let ref = try bundle.keyPackage.ref(using: crypto).bytes
      let record = KeyPackageRecord(bundle: bundle, isLastResort: isLastResort, notAfter: notAfter)
      keyPackages[ref] = record
      put(key(.keyPackage, ref), record.encoded())
      return ref
    } catch { throw .failed(.internalError("key package")) }
  }

  mutating func publishedKeyPackages(_ answer: Answer, _ refs: [[UInt8]]) {
    connection.isPublishing = false
    guard case .done = answer else {
      if case .refused(let refusal) = answer {
        emit(.trouble(.refused(refusal.code.rawValue)))
        // The server will never take them; at the next log-in others are made.
        if !refusal.code.isPassing {
          for ref in refs {
            keyPackages[ref] = nil
            put(key(.keyPackage, ref), nil)
          }
        }
      }
      connection.keyPackageCount = nil
      return
    }
    for ref in refs {
      guard var package = keyPackages[ref] else { continue }
      package.published = true
      keyPackages[ref] = package
      put(key(.keyPackage, ref), package.encoded())
    }
    connection.keyPackageCount = UInt32(Self.poolSize)
  }

  /// A key package was used: its private keys go (RFC 9420 §10, SHOULD), but for a last resort.
  mutating func usedKeyPackage(_ ref: [UInt8]) {
    guard let package = keyPackages[ref], !package.isLastResort else { return }
    keyPackages[ref] = nil
    put(key(.keyPackage, ref), nil)
    if let count = connection.keyPackageCount, count > 0 { connection.keyPackageCount = count - 1 }
  }

  /// Welcomes may be under way for a month after a key package's end.
  private mutating func forgetExpiredKeyPackages() {
    for (ref, package) in keyPackages where package.notAfter + 40 * 86_400 < seconds {
      keyPackages[ref] = nil
      put(key(.keyPackage, ref), nil)
    }
  }
}
