// swift-tools-version: 6.2
import PackageDescription

// One manifest, two builds. Release is the guests, for WebAssembly without an operating system:
//
//     swift build --triple wasm32-unknown-none-wasm -c release
//
// Debug is the host, where `swift test` checks the parts that call no host function. The package manager has no platform
// name for the WebAssembly triple, so the configuration is what the settings below are conditional on.
let guest: BuildSettingCondition = .when(configuration: .release)

let hostSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableExperimentalFeature("Lifetimes"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

let settings: [SwiftSetting] =
    hostSettings + [
        .enableExperimentalFeature("Extern"),
        .enableExperimentalFeature("Embedded", guest),
        .unsafeFlags(["-wmo", "-Osize", "-Xfrontend", "-disable-stack-protector"], guest),
    ]

let cSettings: [CSetting] = [
    .unsafeFlags(["-std=c11", "-Os", "-ffreestanding", "-fno-builtin", "-Wall", "-Wextra", "-Werror"], guest)
]

// The stack comes first in memory, so that running over it is a trap and not a silent change of the data behind it.
let link: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-Xclang-linker", "-nostdlib",
            "-Xlinker", "--no-entry", "-Xlinker", "--stack-first", "-Xlinker", "--strip-all",
            "-Xlinker", "-l:embedded/wasm32-unknown-none-wasm/libswiftUnicodeDataTables.a",
        ], guest)
]

// A second build of the same source that answers differently, for whoever wants to see one version replace another.
let addHeaderSettings: [SwiftSetting] =
    Context.environment["AIRLOCK_SAMPLE_V2"] == nil ? settings : settings + [.define("AIRLOCK_SAMPLE_V2")]

let package = Package(
    name: "SamplePlugins",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "add-header", targets: ["AddHeader"]),
        .executable(name: "api-key-auth", targets: ["APIKeyAuth"]),
        .library(name: "ProxyWasmGuest", targets: ["ProxyWasmGuest", "GuestJSON"]),
    ],
    targets: [
        .target(name: "CProxyWasm", cSettings: cSettings),
        .target(name: "CGuestRuntime", dependencies: ["CProxyWasm"], cSettings: cSettings),
        .target(name: "GuestJSON", swiftSettings: settings),
        .target(
            name: "ProxyWasmGuest",
            dependencies: ["CGuestRuntime", "CProxyWasm", "GuestJSON"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "AddHeader",
            dependencies: ["ProxyWasmGuest", "GuestJSON"],
            swiftSettings: addHeaderSettings,
            linkerSettings: link
        ),
        .executableTarget(
            name: "APIKeyAuth",
            dependencies: ["ProxyWasmGuest", "GuestJSON"],
            swiftSettings: settings,
            linkerSettings: link
        ),
        .testTarget(name: "GuestJSONTests", dependencies: ["GuestJSON"], swiftSettings: hostSettings),
    ]
)
