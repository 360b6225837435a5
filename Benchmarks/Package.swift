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
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
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
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Wasmtime", package: "airlock"),
                .product(name: "WorkerLoop", package: "airlock"),
            ],
            path: "Sources/Benchmarks",
            swiftSettings: settings
        ),
    ],
    cLanguageStandard: .c11
)
