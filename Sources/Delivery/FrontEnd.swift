// The seam between connections and the server's decisions. The WebSocket server calls it; tests and the simulator call it without a network.

/// One connection, for as long as it lasts. Numbers are never used again.
public struct ConnectionID: Hashable, Sendable {
  public let rawValue: UInt64
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// Stands for the network address of a connection, so that attempts can be counted per address without knowing one: the host makes it by a keyed hash with
/// a key that it draws at start. It is never stored.
public struct AddressTag: Hashable, Sendable {
  public let bytes: [UInt8]
  public init(_ bytes: [UInt8]) { self.bytes = bytes }
}

/// What takes frames from connections and gives frames to them.
public protocol DeliveryFrontEnd: Sendable {
  /// Announces a connection.
  /// - Parameter output: takes encoded `ServerFrame`s in the order in which they are to be sent. It must not block: the host queues, and closes the
  ///   connection of a client that does not read. It is not called any more after `close`. A frame without bytes means: close the connection now.
  func open(_ connection: ConnectionID, address: AddressTag, output: @escaping @Sendable ([UInt8]) -> Void) async

  /// Takes one encoded `ClientFrame`. Returns when its answer has been given to `output`, hence when what it changed is on disk.
  /// Frames of one connection must be given one after the other, each when the one before has returned or while it runs; their answers may overtake each other.
  func receive(_ frame: [UInt8], on connection: ConnectionID) async

  /// Forgets a connection.
  func close(_ connection: ConnectionID) async
}
