// What the server knows of a connection while it lasts.
import CryptoInterface

/// One connection's state. A value: a request works on a copy, which is kept when the transaction is on disk.
public struct Session: Sendable {
  /// The device that has logged in.
  struct Member: Equatable {
    var device: [UInt8]
    var account: [UInt8]
    var mailbox: [UInt8]
  }

  /// How far the mailbox has been given to the device.
  struct Delivering {
    struct InFlight {
      var number: UInt64
      var body: [UInt8]
      var key: [UInt8]
    }
    /// The number of the next row to give, and its key in the mailbox's chain.
    var next: UInt64
    var key: Secret
    /// Given and not acknowledged, oldest first.
    var inFlight: [InFlight] = []
    /// Everything up to here is deleted.
    var acknowledged: UInt64
  }

  public let connection: ConnectionID
  let address: AddressTag
  /// Of the greeting; nil before it and when a log-in has used it.
  var challenge: [UInt8]?
  var hasGreeted = false
  var member: Member?
  var delivering: Delivering?

  public init(connection: ConnectionID, address: AddressTag) {
    self.connection = connection
    self.address = address
  }

  /// The device that has logged in.
  public var device: [UInt8]? { member?.device }
}
