// libFuzzer's entry for `HarnessTarget.records`; Scripts/fuzz builds and runs it.
import Foundation
import MLSHarness

@_cdecl("LLVMFuzzerInitialize") public func initialize(_ argc: UnsafeMutableRawPointer?, _ argv: UnsafeMutableRawPointer?) -> CInt {
  // Scripts/fuzz asks for the seeds once, into the corpus.
  if let folder = ProcessInfo.processInfo.environment["HAUSPOST_FUZZ_SEEDS"] {
    for (i, seed) in HarnessTarget.records.seeds.enumerated() {
      try? Data(seed).write(to: URL(fileURLWithPath: folder + "/seed-\(i)"))
    }
    exit(0)
  }
  return 0
}

@_cdecl("LLVMFuzzerTestOneInput") public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  HarnessTarget.records.run(Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}
