// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "benchmarks",
    platforms: [.macOS(.v26)],
    dependencies: [
        .package(name: "airlock", path: ".."),
        .package(name: "sample-host", path: "../SampleHost"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .target(
            name: "CFloor",
            dependencies: [.product(name: "Wasmtime", package: "airlock")]
        ),
        .executableTarget(
            name: "benchmarks",
            dependencies: [
                "CFloor",
                .product(name: "Airlock", package: "airlock"),
                .product(name: "AirlockProxyWasm", package: "airlock"),
                // Compiles the filters that are reloaded, from beside the benchmarks.
                .product(name: "airlock-compiler", package: "airlock"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Gateway", package: "sample-host"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Wasmtime", package: "airlock"),
                .product(name: "WorkerLoop", package: "airlock"),
            ],
            path: "Sources/Benchmarks",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "envoy-benchmarks",
            dependencies: [
                .product(name: "Airlock", package: "airlock"),
                .product(name: "AirlockProxyWasm", package: "airlock"),
                .product(name: "airlock-compiler", package: "airlock"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "Gateway", package: "sample-host"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Sources/EnvoyBenchmarks",
            exclude: ["Guest"],
            swiftSettings: settings
        ),
    ],
    cLanguageStandard: .c11
)
