// The operations of `core_call`, by number. Numbers are an agreement with Web/engine/core.mjs inside one build; they are not stored or sent.
import BoringSSLProvider
import CryptoInterface

/// How an operation ended.
enum CoreStatus: Int32, Error {
  case ok = 0
  case unknownOperation = 1
  /// The input is not what the operation takes.
  case malformedInput = 2
  case failed = 3
}

enum Operation: UInt32 {
  /// Input: `uint16` count, big-endian; output: as many random bytes.
  case random = 2
  /// Benchmark builds only. Input: `uint8` primitive, `uint32` repetitions, big-endian.
  case benchmark = 3

  // The messenger engine; see Boundary.swift.
  /// `uint8 sends_read_reports, opaque store_key[32]` → LoadRequest
  case openEngine = 32
  /// `uint64 now, records` →
  case startEngine = 33
  /// `uint64 now, Input` → Effects
  case handle = 34
  /// → EngineView
  case view = 35
}

// Safe because: wasm has one thread.
nonisolated(unsafe) private var engine = EngineTable()

func perform(_ number: UInt32, _ input: [UInt8]) throws(CoreStatus) -> [UInt8] {
  guard let operation = Operation(rawValue: number) else { throw .unknownOperation }
  switch operation {
  case .random:
    guard input.count == 2 else { throw .malformedInput }
    return BoringSSLProvider().random(Int(input[0]) << 8 | Int(input[1]))
  case .benchmark:
    #if HAUSPOST_BENCHMARK
      return try benchmark(input)
    #else
      throw .unknownOperation
    #endif
  case .openEngine, .startEngine, .handle, .view: return try engine.perform(operation, input)
  }
}
