// swift-tools-version: 6.2
// Hauspost in layer order: a target may depend only on targets above it in this file.
//
// HAUSPOST_SLICE chooses what is built (each with its own scratch path, see Makefile):
//   all   (default) everything that runs on Linux
//   core  the portable targets and the delivery core with their tests, without server, stores and terminal: for quick work
//   wasm  the portable targets in Embedded Swift for wasm32, no dependencies; built by Scripts/build-wasm
// HAUSPOST_FUZZ=1 adds the libFuzzer executables, which need their own flags; Scripts/fuzz sets it.
// HAUSPOST_BENCHMARK=1 adds to the wasm engine the operation that measures primitives.
// HAUSPOST_RULE_SWITCH=1 compiles the switch with which the mutation run turns a single validation rule off; never set in a build that is shipped.
import Foundation
import PackageDescription

let wasm = Context.environment["HAUSPOST_SLICE"] == "wasm"
let core = Context.environment["HAUSPOST_SLICE"] == "core"
let ruleSwitch = Context.environment["HAUSPOST_RULE_SWITCH"] == "1"

let fuzz = Context.environment["HAUSPOST_FUZZ"] == "1"
let benchmark = Context.environment["HAUSPOST_BENCHMARK"] == "1"

let strict: [SwiftSetting] = [.enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility")]
let portable: [SwiftSetting] =
  strict + (wasm ? WasmTools.swiftSettings : [.treatWarning("EmbeddedRestrictions", as: .error)])

/// For the engine and the mutation run alone, so that nothing below them is compiled again.
let switchable: [SwiftSetting] = ruleSwitch ? [.define("HAUSPOST_RULE_SWITCH")] : []

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")

var products: [Product] = []
var targets: [Target] = [
  .target(name: "TLSCodec", swiftSettings: portable),
  .target(name: "CryptoInterface", dependencies: ["TLSCodec"], swiftSettings: portable),
  .target(name: "CryptoSelfCheck", dependencies: ["CryptoInterface"], swiftSettings: portable),
  .target(name: "MLS", dependencies: ["TLSCodec", "CryptoInterface"], swiftSettings: portable + switchable),
  .target(name: "MLSVectors", dependencies: ["TLSCodec", "CryptoInterface", "MLS"], swiftSettings: portable),
  .target(name: "CBOR", swiftSettings: portable),
  .target(name: "Content", dependencies: ["CBOR", "CryptoInterface"], swiftSettings: portable),
  .target(name: "Identity", dependencies: ["TLSCodec", "CryptoInterface", "MLS"], swiftSettings: portable),
  .target(name: "Wire", dependencies: ["TLSCodec"], swiftSettings: portable),
  .target(
    name: "Messenger", dependencies: ["TLSCodec", "CBOR", "CryptoInterface", "MLS", "Content", "Identity", "Wire"], swiftSettings: portable),
  // Natively the C module comes with swift-crypto's product, in the wasm slice from Scripts/build-boringssl-wasm.
  .target(name: "BoringSSLProvider", dependencies: wasm ? ["CryptoInterface"] : ["CryptoInterface", crypto], swiftSettings: portable),
]

if wasm {
  products += [.executable(name: "MessengerWasm", targets: ["MessengerWasm"])]
  targets += [
    .executableTarget(
      name: "MessengerWasm", dependencies: ["TLSCodec", "CryptoInterface", "BoringSSLProvider", "MLS", "Content", "Identity", "Wire", "Messenger"],
      swiftSettings: portable + [.unsafeFlags(["-parse-as-library"])] + (benchmark ? [.define("HAUSPOST_BENCHMARK")] : []),
      linkerSettings: WasmTools.linkerSettings)
  ]
  // The test vectors in the browser's engine: only for tests.
  products += [.executable(name: "MLSVectorsWasm", targets: ["MLSVectorsWasm"])]
  targets += [
    .executableTarget(
      name: "MLSVectorsWasm", dependencies: ["TLSCodec", "CryptoInterface", "CryptoSelfCheck", "BoringSSLProvider", "MLS", "MLSVectors"],
      swiftSettings: portable + [.unsafeFlags(["-parse-as-library"])], linkerSettings: WasmTools.linkerSettings)
  ]
} else {
  // Interop/ uses the libraries, from a package of its own.
  products += ["MLS", "SwiftCryptoProvider", "CryptoInterface", "TLSCodec"].map { .library(name: $0, targets: [$0]) }
  targets += [
    .target(name: "SwiftCryptoProvider", dependencies: ["CryptoInterface", crypto], swiftSettings: strict),
    // The server's decisions; it never imports the messenger engine.
    .target(name: "Delivery", dependencies: ["TLSCodec", "CryptoInterface", "MLS", "Identity", "Wire"], swiftSettings: strict),
    .testTarget(name: "ContentTests", dependencies: ["CBOR", "Content", "CryptoInterface", "SwiftCryptoProvider"], swiftSettings: strict),
    .testTarget(
      name: "IdentityTests", dependencies: ["Identity", "MLS", "TLSCodec", "CryptoInterface", "SwiftCryptoProvider"], swiftSettings: strict),
    .target(
      name: "DeliveryConformance", dependencies: ["Delivery", "Wire", "Identity", "MLS", "TLSCodec", "CryptoInterface", "SwiftCryptoProvider"],
      path: "Tests/DeliveryConformance", swiftSettings: strict),
    .testTarget(
      name: "DeliveryTests",
      dependencies: ["DeliveryConformance", "Delivery", "Wire", "Identity", "MLS", "TLSCodec", "CryptoInterface", "SwiftCryptoProvider"],
      swiftSettings: strict),
    .testTarget(
      name: "MessengerTests",
      dependencies: [
        "Messenger", "Delivery", "DeliveryConformance", "Wire", "Identity", "Content", "CBOR", "MLS", "TLSCodec", "CryptoInterface",
        "SwiftCryptoProvider",
      ], swiftSettings: strict),
  ]
}

if !wasm && !core {
  let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
  let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
  let nioHTTP: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
  let nioWebSocket: Target.Dependency = .product(name: "NIOWebSocket", package: "swift-nio")
  let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
  let nioHTTPTypes: Target.Dependency = .product(name: "NIOHTTPTypes", package: "swift-nio-extras")
  let nioHTTPTypesHTTP1: Target.Dependency = .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
  let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
  let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
  let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
  let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
  let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
  let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
  let configuration: Target.Dependency = .product(name: "Configuration", package: "swift-configuration")
  let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
  let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")

  products += [.executable(name: "hauspost", targets: ["hauspost"]), .executable(name: "mls-vectors", targets: ["mls-vectors"])]
  targets += [
    .target(name: "DeliverySQLite", dependencies: ["Delivery", grdb], swiftSettings: strict),
    .target(
      name: "MessengerStore", dependencies: ["TLSCodec", "CryptoInterface", grdb, crypto, cryptoExtras], swiftSettings: strict),
    .target(
      name: "MessengerRuntime",
      dependencies: [
        "Messenger", "MessengerStore", "SwiftCryptoProvider", "CryptoInterface", "MLS", "Identity", "Content", "Wire", "TLSCodec", nio, nioPosix,
        nioHTTP, nioWebSocket, nioSSL, logging,
      ], swiftSettings: strict),
    .target(
      name: "HauspostServer",
      dependencies: [
        "Delivery", "DeliverySQLite", "Wire", "Identity", "MLS", "TLSCodec", "CryptoInterface", "SwiftCryptoProvider", hummingbird,
        hummingbirdCore, nio, nioPosix, nioHTTP, nioWebSocket, nioSSL, nioHTTPTypes, nioHTTPTypesHTTP1, httpTypes, lifecycle,
        .product(name: "UnixSignals", package: "swift-service-lifecycle"), logging, configuration,
      ], swiftSettings: strict),
    .systemLibrary(name: "CQREncode", pkgConfig: "libqrencode", providers: [.apt(["libqrencode-dev"])]),
    .target(
      name: "HauspostTerminal",
      dependencies: [
        "CQREncode",
        "MessengerRuntime", "MessengerStore", "Messenger", "Content", "Identity", "Wire", "MLS", "TLSCodec", "CryptoInterface",
        "SwiftCryptoProvider", arguments,
      ], swiftSettings: strict),
    .executableTarget(
      name: "hauspost", dependencies: ["HauspostServer", "HauspostTerminal", arguments], path: "Sources/HauspostExecutable", swiftSettings: strict),
    .executableTarget(
      name: "bench-house",
      dependencies: ["MessengerRuntime", "MessengerStore", "Messenger", "Identity", "CryptoInterface", "SwiftCryptoProvider"],
      path: "Benchmarks/House", swiftSettings: strict),
    .testTarget(
      name: "StoreTests",
      dependencies: [
        "DeliverySQLite", "DeliveryConformance", "Delivery", "MessengerStore", "Messenger", "Wire", "Identity", "MLS", "TLSCodec", "CryptoInterface",
        "SwiftCryptoProvider", grdb,
      ], swiftSettings: strict),
    // The process whose power StoreTests cut.
    .executableTarget(
      name: "store-probe", dependencies: ["MessengerStore", "DeliverySQLite", "Delivery"], path: "Tests/StoreProbe", swiftSettings: strict),
    .testTarget(
      name: "HouseTests",
      dependencies: [
        "HauspostServer", "HauspostTerminal", "MessengerRuntime", "DeliverySQLite", "Delivery", "Messenger", "Wire", "Identity", "MLS", "TLSCodec",
        "CryptoInterface", "SwiftCryptoProvider", grdb, nio, nioPosix, nioHTTP, nioWebSocket,
      ], exclude: ["Scripts"], swiftSettings: strict),
    .executableTarget(
      name: "mls-vectors",
      dependencies: [
        "MLSVectors", "CryptoInterface", "SwiftCryptoProvider", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "Sources/MLSVectorsTool", swiftSettings: strict),
    .executableTarget(
      name: "bench-crypto", dependencies: ["CryptoInterface", "SwiftCryptoProvider", "BoringSSLProvider"], path: "Benchmarks/Crypto",
      swiftSettings: strict),
    .target(name: "MLSScenarios", dependencies: ["MLS", "CryptoInterface", "TLSCodec"], path: "Tests/MLSScenarios", swiftSettings: strict),
    .target(
      name: "MLSHarness", dependencies: ["MLS", "MLSVectors", "MLSScenarios", "CryptoInterface", "TLSCodec", "SwiftCryptoProvider"], path: "Tests/MLSHarness",
      swiftSettings: strict),
    .executableTarget(
      name: "bench-mls", dependencies: ["MLS", "MLSScenarios", "CryptoInterface", "SwiftCryptoProvider"], path: "Benchmarks/MLS",
      swiftSettings: strict),
    .executableTarget(
      name: "mls-mutation", dependencies: ["MLS", "MLSScenarios", "CryptoInterface", "SwiftCryptoProvider"], path: "Tests/Mutation",
      swiftSettings: strict + switchable),
    .testTarget(
      name: "MLSTests", dependencies: ["MLS", "MLSScenarios", "MLSHarness", "CryptoInterface", "TLSCodec", "SwiftCryptoProvider"], swiftSettings: strict),
    .testTarget(
      name: "CryptoProviderTests", dependencies: ["CryptoInterface", "CryptoSelfCheck", "TLSCodec", "SwiftCryptoProvider", "BoringSSLProvider", crypto],
      swiftSettings: strict),
    .testTarget(
      name: "MLSVectorTests", dependencies: ["MLSVectors", "MLS", "CryptoInterface", "SwiftCryptoProvider", "BoringSSLProvider"],
      swiftSettings: strict),
  ]
}

if fuzz {
  for name in ["Decode", "Receive", "Member", "Join", "Records"] {
    let product = "fuzz-" + name.lowercased()
    products.append(.executable(name: product, targets: [product]))
    targets.append(
      .executableTarget(
        name: product, dependencies: ["MLSHarness"], path: "Fuzz/" + name, swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]))
  }
}

let package = Package(
  name: "hauspost", products: products,
  dependencies: (wasm ? [] : [.package(url: "https://github.com/apple/swift-crypto.git", exact: "4.5.2")])
    + (wasm || core
      ? []
      : [
        .package(url: "https://github.com/apple/swift-argument-parser.git", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-configuration.git", exact: "1.4.0"),
        .package(url: "https://github.com/apple/swift-http-types.git", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", exact: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", exact: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift.git", exact: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", exact: "2.28.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", exact: "2.13.0"),
      ]),
  targets: targets)

/// What Embedded Swift for wasm32 needs from this machine. Scripts/setup installs it, Scripts/build-wasm names the toolchain.
enum WasmTools {
  static let toolchain = Context.environment["HAUSPOST_TOOLCHAIN"] ?? "/usr"
  static let embedded = toolchain + "/usr/lib/swift/embedded/wasm32-unknown-none-wasm"
  static let boringssl = Context.packageDirectory + "/.build-boringssl"

  static func require(_ path: String, _ remedy: String) -> String {
    guard FileManager.default.fileExists(atPath: path) else { fatalError("the wasm slice cannot be built: no \(path). \(remedy)") }
    return path
  }

  static var swiftSettings: [SwiftSetting] {
    _ = require(
      embedded + "/libswiftUnicodeDataTables.a",
      "It comes with the Swift toolchain: build with Scripts/build-wasm, or set HAUSPOST_TOOLCHAIN to the folder that holds usr/bin/swiftc.")
    let headers = require(boringssl + "/include", "Run Scripts/build-boringssl-wasm.")
    let libc = require("/usr/include/wasm32-wasi", "Run Scripts/setup (Debian's wasi-libc).")
    return [
      .enableExperimentalFeature("Embedded"), .enableExperimentalFeature("Extern"),
      .unsafeFlags([
        "-wmo", "-Osize", "-Xfrontend", "-function-sections", "-Xfrontend", "-disable-stack-protector",
        // Two folders, one hash: without these the objects name their folder and the order of threads.
        "-Xfrontend", "-disable-incremental-llvm-codegen", "-file-prefix-map", Context.packageDirectory + "=.",
        "-Xcc", "-ffile-prefix-map=" + Context.packageDirectory + "=.",
        "-I", headers, "-Xcc", "-isystem", "-Xcc", libc, "-Xcc", "-D__wasi__", "-Xcc", "-DOPENSSL_NO_ASM",
      ]),
    ]
  }

  static var linkerSettings: [LinkerSetting] {
    // Debian puts clang's runtime for wasm under its own LLVM version.
    let builtins = "/lib/wasi/libclang_rt.builtins-wasm32.a"
    let llvm = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib"))?.filter { $0.hasPrefix("llvm-") }.sorted() ?? []
    var runtime = "/usr/lib/llvm-14/lib/clang/14.0.6" + builtins
    for version in llvm {
      let base = "/usr/lib/" + version + "/lib/clang"
      for release in ((try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []).sorted()
      where FileManager.default.fileExists(atPath: base + "/" + release + builtins) { runtime = base + "/" + release + builtins }
    }
    return [
      .unsafeFlags([
        "-Xclang-linker", "-nostdlib", "-Xlinker", "--no-entry", "-Xlinker", "--gc-sections", "-Xlinker", "--strip-all",
        // A stack that overflows traps instead of overwriting globals.
        "-Xlinker", "-z", "-Xlinker", "stack-size=1048576", "-Xlinker", "--stack-first", "-Xlinker", "--export=_initialize",
        require(boringssl + "/stubs.o", "Run Scripts/build-boringssl-wasm."),
        require(boringssl + "/libboringssl.a", "Run Scripts/build-boringssl-wasm."),
        embedded + "/libswiftUnicodeDataTables.a",
        require("/usr/lib/wasm32-wasi/crt1-reactor.o", "Run Scripts/setup (Debian's wasi-libc)."),
        require("/usr/lib/wasm32-wasi/libc.a", "Run Scripts/setup (Debian's wasi-libc)."),
        require(runtime, "Run Scripts/setup (Debian's libclang-rt-dev-wasm32)."),
      ])
    ]
  }
}
