// "Vector Deserialization": RFC 9420 §2.1.2.
import CryptoInterface
import TLSCodec

enum DeserializationVectors {
  static func verify(_ vector: VectorCase) throws(CaseProblem) {
    let header = try vector.bytes("vlbytes_header")
    let length = try vector.uint32("length")
    var reader = Reader(header)
    let decoded: Int
    do {
      decoded = try reader.vectorLength()
      try reader.finish()
    } catch { throw .failed("vlbytes_header: \(describe(error))") }
    try expect(UInt64(decoded) == UInt64(length), "length: expected \(length), decoded \(decoded)")
    var writer = Writer()
    writer.vectorLength(decoded)
    try expectEqual(writer.bytes, header, "vlbytes_header encoded again")
  }

  /// The ends of the three sizes, then random lengths.
  static func generate(count: Int, _ random: some CryptoProvider) -> [JSON] {
    var lengths: [UInt32] = [0, 1 << 6 - 1, 1 << 6, 1 << 14 - 1, 1 << 14, 1 << 30 - 1]
    while lengths.count < count {
      let width: UInt32 = [6, 14, 30][lengths.count % 3]
      lengths.append(random.number(below: 1 << width))
    }
    return lengths.prefix(count).map { length in
      var writer = Writer()
      writer.vectorLength(Int(length))
      return .object(["vlbytes_header": .hex(writer.bytes), "length": .number(length)])
    }
  }
}
