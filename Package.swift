// swift-tools-version: 6.2
// Hauspost in layer order: a target may depend only on targets above it in this file.
//
// HAUSPOST_SLICE chooses what is built (each with its own scratch path, see Makefile):
//   all   (default) everything that runs on Linux
//   wasm  the portable targets in Embedded Swift for wasm32, no dependencies
// HAUSPOST_RULE_SWITCH=1 compiles the switch with which the mutation run turns a single validation rule off; never set in a build that is shipped.
import PackageDescription

let wasm = Context.environment["HAUSPOST_SLICE"] == "wasm"
let ruleSwitch = Context.environment["HAUSPOST_RULE_SWITCH"] == "1"

let portable: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
] + (ruleSwitch ? [.define("HAUSPOST_RULE_SWITCH")] : []) + [.treatWarning("EmbeddedRestrictions", as: .error)]

let package = Package(
  name: "hauspost",
  dependencies: [.package(url: "https://github.com/apple/swift-crypto.git", exact: "4.5.2")],
  targets: [
    .target(name: "TLSCodec", swiftSettings: portable),
    .target(name: "CryptoInterface", dependencies: ["TLSCodec"], swiftSettings: portable),
    .target(name: "MLS", dependencies: ["TLSCodec", "CryptoInterface"], swiftSettings: portable),
  ])
