// A front end that echoes, a server around it, and a client that can break every rule: what the transport tests share.
import Delivery
import HauspostServer
import NIOCore
import NIOPosix
import Synchronization
import TLSCodec
import Testing
import Wire

/// The front end's twin: gives every frame back. Two first bytes are commands.
final class EchoFrontEnd: DeliveryFrontEnd {
  /// Followed by one byte n: n frames of 1 MB, unasked.
  static let flood: UInt8 = 0xF0
  /// Says goodbye as to a revoked device, and ends the connection.
  static let end: UInt8 = 0xF1
  static let floodFrame = [UInt8](repeating: 7, count: 1 << 20)

  private struct State {
    var outputs: [ConnectionID: @Sendable ([UInt8]) -> Void] = [:]
    var addresses: [AddressTag] = []
    var closed = 0
    var running = 0
    var mostRunning = 0
  }
  private let state = Mutex(State())
  let delay: Duration?
  init(delay: Duration? = nil) { self.delay = delay }

  var addresses: [AddressTag] { state.withLock { $0.addresses } }
  var open: Int { state.withLock { $0.outputs.count } }
  var closed: Int { state.withLock { $0.closed } }
  /// How many frames of all connections were handled at the same time, at most.
  var mostRunning: Int { state.withLock { $0.mostRunning } }

  func open(_ connection: ConnectionID, address: AddressTag, output: @escaping @Sendable ([UInt8]) -> Void) async {
    state.withLock {
      $0.outputs[connection] = output
      $0.addresses.append(address)
    }
  }

  func receive(_ frame: [UInt8], on connection: ConnectionID) async {
    let output = state.withLock { state in
      state.running += 1
      state.mostRunning = max(state.mostRunning, state.running)
      return state.outputs[connection]
    }
    if let delay { try? await Task.sleep(for: delay) }
    switch frame.first {
    case Self.flood: for _ in 0..<(frame.count > 1 ? frame[1] : 0) { output?(Self.floodFrame) }
    case Self.end:
      output?(ServerFrame(.push(.goodbye(.revoked))).encoded())
      output?([])
    default: output?(frame)
    }
    state.withLock { $0.running -= 1 }
  }

  func close(_ connection: ConnectionID) async {
    state.withLock {
      $0.outputs[connection] = nil
      $0.closed += 1
    }
  }
}

/// Settings for a server on any free port of this machine, with what a test changes.
func testSettings(_ change: (inout SettingsInput, inout TransportLimits) -> Void = { _, _ in }) throws -> ServerSettings {
  var input = SettingsInput()
  input.listen = "127.0.0.1:0"
  var limits = TransportLimits()
  limits.closeTime = .milliseconds(300)
  change(&input, &limits)
  var settings = try ServerSettings(input)
  settings.limits = limits
  return settings
}

struct WebSocketFrameBytes: Equatable {
  var fin: Bool
  var opcode: UInt8
  var payload: [UInt8]
  /// Of a close frame.
  var closeCode: UInt16? { opcode == 8 && payload.count >= 2 ? UInt16(payload[0]) << 8 | UInt16(payload[1]) : nil }
}

/// A TCP connection that writes what it is told and parses as little as possible. Used by one task.
final class RawClient {
  private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
  private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
  private var buffer: [UInt8] = []

  private init(_ inbound: NIOAsyncChannelInboundStream<ByteBuffer>, _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>) {
    self.inbound = inbound.makeAsyncIterator()
    self.outbound = outbound
  }

  static func with<Result: Sendable>(_ port: Int, _ body: (RawClient) async throws -> Result) async throws -> Result {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: "127.0.0.1", port: port) { channel in
      channel.eventLoop.makeCompletedFuture {
        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
          wrappingChannelSynchronously: channel, configuration: .init(backPressureStrategy: .init(lowWatermark: 1, highWatermark: 2)))
      }
    }
    return try await channel.executeThenClose { inbound, outbound in try await body(RawClient(inbound, outbound)) }
  }

  func write(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }
  func write(_ text: String) async throws { try await write(Array(text.utf8)) }

  /// - Returns: false at the end; a reset counts as one.
  private func more() async -> Bool {
    guard let chunk = try? await inbound.next() else { return false }
    buffer += chunk.readableBytesView
    return true
  }

  func readToEnd() async -> [UInt8] {
    while await more() {}
    defer { buffer = [] }
    return buffer
  }

  func read(_ count: Int) async -> [UInt8]? {
    while buffer.count < count { guard await more() else { return nil } }
    defer { buffer.removeFirst(count) }
    return Array(buffer[..<count])
  }

  /// Up to and with the empty line.
  func readHead() async -> String {
    let end = Array("\r\n\r\n".utf8)
    while true {
      if let index = buffer.indices.first(where: { buffer[$0...].starts(with: end) }) {
        defer { buffer.removeFirst(index + 4) }
        return String(decoding: buffer[..<(index + 4)], as: UTF8.self)
      }
      guard await more() else { return String(decoding: buffer, as: UTF8.self) }
    }
  }

  /// - Returns: nil at the end of the connection.
  func readFrame() async -> WebSocketFrameBytes? {
    guard let head = await read(2) else { return nil }
    var length = Int(head[1] & 0x7F)
    if length >= 126 {
      guard let bytes = await read(length == 126 ? 2 : 8) else { return nil }
      length = bytes.reduce(0) { $0 << 8 | Int($1) }
    }
    guard let payload = await read(length) else { return nil }
    return WebSocketFrameBytes(fin: head[0] & 0x80 != 0, opcode: head[0] & 0x0F, payload: payload)
  }

  /// The next frame that is no ping.
  func readMessage() async -> WebSocketFrameBytes? {
    while let frame = await readFrame() { if frame.opcode != 9 { return frame } }
    return nil
  }

  /// The code of the close frame that comes next, whatever comes before it; nil where the connection ends without one.
  func readClose() async -> UInt16? {
    while let frame = await readFrame() { if frame.opcode == 8 { return frame.closeCode ?? 0 } }
    return nil
  }

  static func frame(_ opcode: UInt8, _ payload: [UInt8], fin: Bool = true, masked: Bool = true, reserved: UInt8 = 0) -> [UInt8] {
    var bytes: [UInt8] = [(fin ? 0x80 : 0) | reserved << 4 | opcode]
    let mask: UInt8 = masked ? 0x80 : 0
    if payload.count < 126 {
      bytes.append(mask | UInt8(payload.count))
    } else {
      bytes += [mask | 127] + (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
    }
    guard masked else { return bytes + payload }
    let key: [UInt8] = [1, 2, 3, 4]
    return bytes + key + payload.enumerated().map { $1 ^ key[$0 % 4] }
  }

  func send(_ opcode: UInt8, _ payload: [UInt8], fin: Bool = true, masked: Bool = true, reserved: UInt8 = 0) async throws {
    try await write(Self.frame(opcode, payload, fin: fin, masked: masked, reserved: reserved))
  }

  static func upgrade(path: String = "/connect", headers: [String] = [], subprotocol: String? = WireVersion.subprotocol) -> String {
    var lines = [
      "GET \(path) HTTP/1.1", "Host: 127.0.0.1", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    if let subprotocol { lines.append("Sec-WebSocket-Protocol: \(subprotocol)") }
    return (lines + headers).joined(separator: "\r\n") + "\r\n\r\n"
  }

  /// Asks for the upgrade. - Returns: the answer's status.
  @discardableResult func upgrade(headers: [String] = [], path: String = "/connect", subprotocol: String? = WireVersion.subprotocol) async throws -> Int {
    try await write(Self.upgrade(path: path, headers: headers, subprotocol: subprotocol))
    return Self.status(await readHead())
  }

  static func status(_ head: String) -> Int { head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0 }
}

/// One request, one answer.
func fetch(_ port: Int, _ path: String, method: String = "GET", headers: [String] = []) async throws -> (status: Int, head: String, body: String) {
  try await RawClient.with(port) { client async throws in
    try await client.write((["\(method) \(path) HTTP/1.1", "Host: 127.0.0.1", "Connection: close"] + headers).joined(separator: "\r\n") + "\r\n\r\n")
    let head = await client.readHead()
    return (RawClient.status(head), head, String(decoding: await client.readToEnd(), as: UTF8.self))
  }
}

/// Waits until something is so, at most five seconds.
func eventually(_ condition: () async -> Bool) async -> Bool {
  for _ in 0..<500 {
    if await condition() { return true }
    try? await Task.sleep(for: .milliseconds(10))
  }
  return false
}
