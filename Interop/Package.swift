// swift-tools-version: 6.2
// The engine as a client of mlswg's interoperability runner. A package of its own: only this needs gRPC, and `make test` does not.
import PackageDescription

let package = Package(
  name: "Interop",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(name: "hauspost", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser.git", exact: "1.8.2"),
    .package(url: "https://github.com/grpc/grpc-swift-2.git", exact: "2.4.3"),
    .package(url: "https://github.com/grpc/grpc-swift-nio-transport.git", exact: "2.9.2"),
    .package(url: "https://github.com/grpc/grpc-swift-protobuf.git", exact: "2.4.1"),
    .package(url: "https://github.com/apple/swift-protobuf.git", exact: "1.39.0", traits: []),
  ],
  targets: [
    .executableTarget(
      name: "hauspost-interop",
      dependencies: [
        .product(name: "MLS", package: "hauspost"),
        .product(name: "SwiftCryptoProvider", package: "hauspost"),
        .product(name: "CryptoInterface", package: "hauspost"),
        .product(name: "TLSCodec", package: "hauspost"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "GRPCCore", package: "grpc-swift-2"),
        .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
        .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      swiftSettings: [.enableUpcomingFeature("ExistentialAny")])
  ])
