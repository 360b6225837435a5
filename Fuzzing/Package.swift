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

// Build it with `--sanitize fuzzer`, as `Scripts/fuzz` does: then every module is instrumented, and libFuzzer is linked.
let package = Package(
    name: "fuzzing",
    platforms: [.macOS(.v26)],
    dependencies: [
        .package(name: "airlock", path: "..")
    ],
    targets: [
        .executableTarget(
            name: "fuzz",
            dependencies: [
                .product(name: "Airlock", package: "airlock"),
                .product(name: "AirlockCapabilities", package: "airlock"),
                .product(name: "AirlockHTTP", package: "airlock"),
                .product(name: "AirlockProxyWasm", package: "airlock"),
                .product(name: "Wasmtime", package: "airlock"),
            ],
            path: "Sources/Fuzz",
            swiftSettings: settings
        )
    ]
)
