// Whether a leaf is what its account's chain says: asked of every leaf that enters a tree through this server.
import CryptoInterface
import Identity
import MLS
import TLSCodec
import Wire

extension DeliveryCore {
  /// Checks a leaf against the chain that it names and against what the server knows of its device.
  /// - Parameter refusal: what a wrong leaf is refused with.
  /// - Returns: the device.
  @discardableResult
  mutating func check(_ leaf: LeafNode, in transaction: any DeliveryTransaction, else refusal: Refusal) throws -> DeviceRecord {
    guard let claim = try? LeafClaim(leaf) else { throw refusal }
    guard let device = try transaction.device(claim.device.bytes), device.account == claim.account.bytes else { throw refusal }
    guard !device.isRevoked, device.mailbox == claim.mailbox.bytes, device.signatureKey == leaf.signatureKey.bytes else { throw refusal }
    guard let chain = try chain(of: device.account, in: transaction) else { throw refusal }
    do { try claim.check(against: chain) } catch { throw refusal }
    return device
  }
}
