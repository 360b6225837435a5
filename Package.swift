// swift-tools-version: 6.2
import PackageDescription

// `Scripts/bootstrap` puts the engine's shared library into a cache folder that every checkout of
// Airlock, and every package that depends on it, finds again. `WASMTIME_LIB_DIR` names another one.
let engineVersion = "50.0.1"
let engineFolder: String =
    if let chosen = Context.environment["WASMTIME_LIB_DIR"], !chosen.isEmpty {
        chosen
    } else if let cache = Context.environment["XDG_CACHE_HOME"], !cache.isEmpty {
        "\(cache)/airlock/wasmtime-\(engineVersion)/lib"
    } else {
        "\(Context.environment["HOME"] ?? "")/.cache/airlock/wasmtime-\(engineVersion)/lib"
    }

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
    name: "airlock",
    platforms: [.macOS(.v26)],
    products: [
        .library(name: "Airlock", targets: ["Airlock"]),
        .library(name: "AirlockCapabilities", targets: ["AirlockCapabilities"]),
        .library(name: "AirlockHTTP", targets: ["AirlockHTTP"]),
        .library(name: "AirlockProxyWasm", targets: ["AirlockProxyWasm"]),
        .library(name: "AirlockSQLite", targets: ["AirlockSQLite"]),
        .library(name: "AirlockTesting", targets: ["AirlockTesting"]),
        .library(name: "EnvoyConversion", targets: ["EnvoyConversion"]),
        .library(name: "Wasmtime", targets: ["Wasmtime"]),
        .library(name: "WorkerLoop", targets: ["WorkerLoop"]),
        .executable(name: "airlock", targets: ["AirlockCommand"]),
        .executable(name: "airlock-compiler", targets: ["AirlockCompiler"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
    ],
    targets: [
        .target(
            name: "CWasmtime",
            linkerSettings: [
                .linkedLibrary("wasmtime"),
                .unsafeFlags([
                    "-L\(engineFolder)",
                    "-Xlinker", "-rpath", "-Xlinker", engineFolder,
                    "-Xlinker", "-rpath", "-Xlinker", "$ORIGIN",
                ]),
            ]
        ),
        .systemLibrary(
            name: "CLibuv",
            pkgConfig: "libuv",
            providers: [.apt(["libuv1-dev"]), .brew(["libuv"])]
        ),
        .target(name: "Wasmtime", dependencies: ["CWasmtime"], swiftSettings: settings),
        .target(
            name: "WorkerLoop",
            dependencies: [
                "CLibuv",
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        // What a host and its compiler process say to each other. Nothing else, so that the process starts fast.
        .target(name: "CompilerProtocol", dependencies: ["Wasmtime"], swiftSettings: settings),
        .target(
            name: "Airlock",
            dependencies: [
                "CompilerProtocol",
                "Wasmtime",
                "WorkerLoop",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "AirlockCapabilities",
            dependencies: ["Airlock", "Wasmtime", "WorkerLoop", .product(name: "Logging", package: "swift-log")],
            swiftSettings: settings
        ),
        .target(
            name: "AirlockSQLite",
            dependencies: ["AirlockCapabilities", .product(name: "GRDB", package: "GRDB.swift")],
            swiftSettings: settings
        ),
        .target(
            name: "AirlockHTTP",
            dependencies: [
                "Airlock",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "AirlockCompiler",
            dependencies: ["CompilerProtocol", "Wasmtime"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "AirlockCommand",
            dependencies: [
                "Airlock", "AirlockCapabilities", "AirlockHTTP", "AirlockProxyWasm", "AirlockSQLite", "EnvoyConversion",
                "Wasmtime",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "AirlockProxyWasm",
            dependencies: [
                "Airlock",
                "WorkerLoop",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
            ],
            swiftSettings: settings
        ),
        // From Envoy's configuration to that of SampleHost.
        .target(
            name: "EnvoyConversion",
            dependencies: [.product(name: "Yams", package: "Yams")],
            swiftSettings: settings
        ),
        .target(
            name: "AirlockTesting",
            dependencies: ["Airlock", .product(name: "Logging", package: "swift-log")],
            swiftSettings: settings
        ),
        // What several test targets use, those of the lowest modules as well. No product has it.
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
        .target(
            name: "AirlockTestSupport",
            dependencies: ["Airlock", "TestSupport"],
            path: "Tests/AirlockTestSupport",
            swiftSettings: settings
        ),
        .testTarget(name: "WasmtimeTests", dependencies: ["TestSupport", "Wasmtime"], swiftSettings: settings),
        .testTarget(
            name: "WorkerLoopTests",
            dependencies: [
                "TestSupport", "WorkerLoop",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "AirlockTests",
            dependencies: [
                "Airlock", "AirlockCompiler", "AirlockTestSupport", "AirlockTesting", "CompilerProtocol", "TestSupport",
                "Wasmtime", "WorkerLoop",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "MetricsTestKit", package: "swift-metrics"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "AirlockTestingTests",
            dependencies: ["AirlockTesting", .product(name: "Logging", package: "swift-log")],
            swiftSettings: settings
        ),
        .testTarget(
            name: "AirlockCapabilitiesTests",
            dependencies: [
                "Airlock", "AirlockCapabilities", "AirlockSQLite", "AirlockTesting", "TestSupport",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "AirlockHTTPTests",
            dependencies: [
                "Airlock", "AirlockHTTP", "AirlockTesting", "TestSupport", "Wasmtime",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "AirlockCommandTests",
            dependencies: [
                "Airlock", "AirlockCommand", "EnvoyConversion", "TestSupport", "Wasmtime",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "HostileGuestTests",
            dependencies: [
                "Airlock", "AirlockCapabilities", "AirlockCompiler", "AirlockHTTP", "AirlockProxyWasm", "AirlockSQLite",
                "AirlockTestSupport", "AirlockTesting", "TestSupport", "Wasmtime",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "AirlockProxyWasmTests",
            dependencies: [
                "Airlock", "AirlockProxyWasm", "AirlockTesting", "TestSupport", "Wasmtime",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "MetricsTestKit", package: "swift-metrics"),
            ],
            swiftSettings: settings
        ),
    ],
    cLanguageStandard: .c11
)
