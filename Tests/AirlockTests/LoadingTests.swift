import Airlock
import AirlockTesting
import Foundation
import Testing
import Wasmtime

@Suite("Loading")
struct LoadingTests {
    @Test(
        "Bytes that are not a module are refused",
        arguments: [
            [], [0], [0, 0x61, 0x73, 0x6d], [0, 0x61, 0x73, 0x6d, 1, 0, 0], [0, 0x61, 0x73, 0x6d, 2, 0, 0, 0],
            [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0x0f], Array("hello, world".utf8),
            [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 10, 4, 1, 2, 0],
        ] as [[UInt8]]
    )
    func garbage(bytes: [UInt8]) async throws {
        try await withPluginHost { host in
            let error = await #expect(throws: PluginError.self) { try await host.load(.bytes(bytes), name: "junk") }
            #expect(error?.code == .invalidModule)
            #expect(error?.plugin == "junk")
        }
    }

    @Test("Every truncation of a valid module is refused")
    func truncation() async throws {
        let module: [UInt8] =
            [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7f, 3, 2, 1, 0, 7, 5, 1, 1, 0x61, 0, 0]
            + [10, 6, 1, 4, 0, 0x41, 1, 0x0b]
        try await withPluginHost { host in
            _ = try await host.load(.bytes(module))
            for length in 9..<module.count where length != 15 && length != 8 {
                let error = await #expect(throws: PluginError.self) {
                    try await host.load(.bytes(Array(module[..<length])))
                }
                #expect(error?.code == .invalidModule, "\(length) bytes")
            }
        }
    }

    @Test("A module past its bounds is refused before it is compiled")
    func bounds() async throws {
        try await withPluginHost { host in
            var limits = PluginLimits()
            limits.module.functions = 2
            let error = await #expect(throws: PluginError.self) {
                try await host.load(.wat("(module (func) (func) (func))"), limits: limits)
            }
            #expect(error?.code == .moduleBounds)
            #expect(error?.limit == 2)
            #expect(error?.used == 3)
        }
    }

    @Test("A path that is no readable regular file is refused", arguments: ["/nowhere/x.wasm", "/tmp", "/dev/zero"])
    func badFiles(path: String) async throws {
        try await withPluginHost { host in
            let error = await #expect(throws: PluginError.self) { try await host.load(.file(path)) }
            #expect(error?.code == .invalidModule)
            #expect(error?.message.contains(path) == true)
        }
    }

    @Test("A proposal that the engine has off is refused")
    func disabledFeatures() async throws {
        try await withPluginHost { host in
            for module in ["(module (memory i64 1))", "(module (memory 1 1 shared))"] {
                let error = await #expect(throws: PluginError.self) { try await host.load(.wat(module)) }
                #expect(error?.code == .invalidModule)
            }
        }
    }

    @Test("A version tells its digest, imports and exports")
    func versionFacts() async throws {
        try await withPluginHost { host in
            let version = try #require(try await host.load(.wat("(module (func (export \"f\")))")).currentVersion)
            #expect(version.digest.count == 64)
            #expect(version.exports.map(\.name) == ["f"])
            #expect(version.imports.isEmpty)
            #expect(version.number == 1)
        }
    }

    @Test(
        "A host configuration out of range is refused",
        arguments: [
            PluginHostConfiguration(workers: 0), PluginHostConfiguration(epochTick: .zero),
            PluginHostConfiguration(epochTick: .seconds(10)),
        ]
    )
    func badConfiguration(configuration: PluginHostConfiguration) async throws {
        let error = await #expect(throws: PluginError.self) { try await withPluginHost(configuration) { _ in } }
        #expect(error?.code == .configuration)
    }
}
