/// Writes values in the TLS presentation language.
public struct Writer {
  /// What has been written.
  public private(set) var bytes: [UInt8]

  /// - Parameter capacity: bytes to reserve.
  public init(capacity: Int = 0) {
    bytes = []
    if capacity > 0 { bytes.reserveCapacity(capacity) }
  }

  public mutating func uint8(_ value: UInt8) { bytes.append(value) }
  public mutating func uint16(_ value: UInt16) {
    bytes.append(UInt8(truncatingIfNeeded: value >> 8))
    bytes.append(UInt8(truncatingIfNeeded: value))
  }
  public mutating func uint32(_ value: UInt32) {
    uint16(UInt16(truncatingIfNeeded: value >> 16))
    uint16(UInt16(truncatingIfNeeded: value))
  }
  public mutating func uint64(_ value: UInt64) {
    uint32(UInt32(truncatingIfNeeded: value >> 32))
    uint32(UInt32(truncatingIfNeeded: value))
  }

  /// `opaque x[n]`.
  public mutating func fixed(_ value: [UInt8]) { bytes.append(contentsOf: value) }
  public mutating func fixed(_ value: ArraySlice<UInt8>) { bytes.append(contentsOf: value) }
  public mutating func fixed(_ value: UnsafeRawBufferPointer) { bytes.append(contentsOf: value) }

  /// The header of a variable-size vector of `length` bytes (RFC 9420 §2.1.2).
  /// Lengths of 2^30 and more have no encoding; our own structures stay far below (see `Limits` in MLS), so that is our bug and traps.
  public mutating func vectorLength(_ length: Int) {
    precondition(length < 1 << 30, "a vector of 2^30 bytes or more has no encoding (RFC 9420 §2.1.2)")
    if length < 1 << 6 {
      uint8(UInt8(length))
    } else if length < 1 << 14 {
      uint16(UInt16(length) | 0x4000)
    } else {
      uint32(UInt32(length) | 0x8000_0000)
    }
  }

  /// `opaque x<V>`.
  public mutating func opaque(_ value: [UInt8]) {
    vectorLength(value.count)
    bytes.append(contentsOf: value)
  }
  public mutating func opaque(_ value: ArraySlice<UInt8>) {
    vectorLength(value.count)
    bytes.append(contentsOf: value)
  }
  /// `opaque x<V>` from the UTF-8 bytes of a label.
  public mutating func opaque(_ value: StaticString) {
    vectorLength(value.utf8CodeUnitCount)
    value.withUTF8Buffer { bytes.append(contentsOf: $0) }
  }

  /// A vector whose content the closure writes.
  public mutating func vector(_ content: (inout Writer) -> Void) {
    let start = bytes.count
    bytes.append(0)  // nearly all vectors are shorter than 64 bytes: their header is this byte
    content(&self)
    let length = bytes.count - start - 1
    if length < 1 << 6 {
      bytes[start] = UInt8(length)
    } else {
      var header = Writer()
      header.vectorLength(length)
      bytes.replaceSubrange(start...start, with: header.bytes)
    }
  }

  /// `T x<V>`.
  public mutating func vector<T: TLSEncodable>(_ elements: [T]) {
    vector { (w: inout Writer) in
      for element in elements { element.encode(to: &w) }
    }
  }

  /// `optional<T>`, RFC 9420 §2.1.1.
  public mutating func optional<T: TLSEncodable>(_ value: T?) {
    if let value {
      uint8(1)
      value.encode(to: &self)
    } else {
      uint8(0)
    }
  }
}
