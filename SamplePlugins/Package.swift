// swift-tools-version: 6.2
import PackageDescription

// One manifest, two builds. Release is the guests, for WebAssembly without an operating system:
//
//     swift build --triple wasm32-unknown-none-wasm -c release
//
// Debug is the host, where `swift test` checks the parts that call no host function. The package manager has no platform
// name for the WebAssembly triple, so the configuration is what the settings below are conditional on.
let guest: BuildSettingCondition = .when(configuration: .release)

// Tests have these only: where the feature `Embedded` occurs, even under a condition that does not hold, the package
// manager links without the run-time search path of the Swift libraries.
let hostSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableExperimentalFeature("Lifetimes"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

func guestSettings(optimization: String) -> [SwiftSetting] {
    hostSettings + [
        .enableExperimentalFeature("Embedded", guest),
        .unsafeFlags(["-wmo", optimization, "-Xfrontend", "-disable-stack-protector"], guest),
    ]
}

let settings = guestSettings(optimization: "-Osize")
// For code that looks at every byte of a body.
let quickSettings = guestSettings(optimization: "-O")

let cSettings: [CSetting] = [
    .unsafeFlags(["-std=c11", "-Os", "-ffreestanding", "-fno-builtin", "-Wall", "-Wextra", "-Werror"], guest)
]

// The stack comes first in memory, so that running over it is a trap and not a silent change of the data behind it.
func link(strip: String = "--strip-all") -> [LinkerSetting] {
    [
        .unsafeFlags(
            [
                "-Xclang-linker", "-nostdlib",
                "-Xlinker", "--no-entry", "-Xlinker", "--stack-first", "-Xlinker", strip,
                "-Xlinker", "-l:embedded/wasm32-unknown-none-wasm/libswiftUnicodeDataTables.a",
            ], guest)
    ]
}

// A second build of the same source that answers differently, for whoever wants to see one version replace another.
let addHeaderSettings: [SwiftSetting] =
    Context.environment["AIRLOCK_SAMPLE_V2"] == nil ? settings : settings + [.define("AIRLOCK_SAMPLE_V2")]

let package = Package(
    name: "SamplePlugins",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "add-header", targets: ["AddHeader"]),
        .executable(name: "api-key-auth", targets: ["APIKeyAuth"]),
        .executable(name: "redact", targets: ["Redact"]),
        .executable(name: "token-bucket", targets: ["TokenBucket"]),
        .executable(name: "unruly", targets: ["Unruly"]),
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
            linkerSettings: link()
        ),
        .executableTarget(
            name: "APIKeyAuth",
            dependencies: ["ProxyWasmGuest", "GuestJSON"],
            swiftSettings: settings,
            linkerSettings: link()
        ),
        .target(name: "Redaction", swiftSettings: quickSettings),
        .executableTarget(
            name: "Redact",
            dependencies: ["ProxyWasmGuest", "Redaction"],
            swiftSettings: quickSettings,
            linkerSettings: link()
        ),
        .target(name: "RateLimiting", swiftSettings: settings),
        .executableTarget(
            name: "TokenBucket",
            dependencies: ["ProxyWasmGuest", "GuestJSON", "RateLimiting"],
            swiftSettings: settings,
            linkerSettings: link()
        ),
        .executableTarget(
            name: "Unruly",
            dependencies: ["ProxyWasmGuest", "CProxyWasm"],
            swiftSettings: settings,
            // It keeps the names of its functions: its traps are there to be looked at.
            linkerSettings: link(strip: "--strip-debug")
        ),
        .testTarget(name: "GuestJSONTests", dependencies: ["GuestJSON"], swiftSettings: hostSettings),
        .testTarget(name: "RateLimitingTests", dependencies: ["RateLimiting"], swiftSettings: hostSettings),
        .testTarget(name: "RedactionTests", dependencies: ["Redaction"], swiftSettings: hostSettings),
    ]
)
