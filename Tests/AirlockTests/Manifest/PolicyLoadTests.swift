import Airlock
import AirlockTesting
import Crypto
import Foundation
import TestSupport
import Testing
import Wasmtime

@Suite("Loading under a policy")
struct PolicyLoadTests {
    static let module = #"""
        (module
          (import "shelf" "room" (func $room (result i64)))
          (func (export "room") (result i64) (call $room)))
        """#
    static let policy = PluginPolicy(grants: [Shelf(names: ["notes"], bytes: 4_096), Bell()])

    static func manifest(bytes: String? = nil, fuel: UInt64? = nil, bell: Bool = false) -> PluginManifest {
        var manifest = PluginManifest(name: "cart")
        manifest.wishes = [CapabilityWish(Shelf.id, parameters: bytes.map { ["bytes": .text($0)] } ?? [:])]
        if bell { manifest.wishes.append(CapabilityWish(Bell.id, isRequired: false)) }
        manifest.limits.fuel = fuel
        return manifest
    }

    static func room(_ plugin: Plugin) async throws -> Int64 {
        try await plugin.call(plugin.function("room", returning: Int64.self)).value
    }

    @Test("A plugin runs with what its manifest asks for, as far as the policy gives it")
    func effective() async throws {
        try await withPluginHost { host in
            let manifest = Self.manifest(bytes: "1 KiB", fuel: 1_000)
            let plugin = try await host.load(.wat(Self.module), under: Self.policy, manifest: .manifest(manifest))
            #expect(try await Self.room(plugin) == 1_024)
            #expect(plugin.limits.fuel == 1_000)
            let greedy = Self.manifest(bytes: "1 MiB")
            let other = try await host.load(.wat(Self.module), under: Self.policy, manifest: .manifest(greedy))
            #expect(try await Self.room(other) == 4_096)
            let waiting = try await host.loadSuspendable(
                .wat(Self.module), under: Self.policy, manifest: .manifest(manifest))
            let room = try waiting.function("room", returning: Int64.self)
            #expect(try await waiting.call(room).value == 1_024)
        }
    }

    @Test("A plugin that asks for too much, or too little, is refused with all reasons")
    func refused() async throws {
        try await withPluginHost { host in
            var manifest = Self.manifest()
            manifest.wishes = [CapabilityWish("test:safe")]
            manifest.abi = "wasi"
            let error = await #expect(throws: PluginError.self) {
                try await host.load(.wat(Self.module), name: "c", under: Self.policy, manifest: .manifest(manifest))
            }
            #expect(error?.code == .manifest)
            #expect(error?.plugin == "c")
            #expect(
                error?.message
                    == "the manifest says that the plugin is written for the ABI wasi, but it is airlock; "
                    + "the policy does not give the capability 'test:safe'; "
                    + "the module imports shelf.room, which need the capability 'test:shelf', and its manifest does not ask for it"
            )
            let none = await #expect(throws: PluginError.self) {
                try await host.load(.wat(Self.module), under: Self.policy)
            }
            #expect(none?.code == .manifest)
            #expect(none?.message.hasPrefix("the policy expects a manifest, and the plugin has none") == true)
        }
    }

    @Test("The manifest is the file of the module's name, or else plugin.yaml, or else the module's section")
    func places() async throws {
        try await withPluginHost { host in
            try await withTemporaryFolder { folder in
                let bytes = try Module.binary(ofWAT: Self.module)
                let path = "\(folder)/cart.wasm"
                func write(_ room: Int, to name: String) throws {
                    let yaml = "name: cart\ncapabilities: [{id: test:shelf, with: {bytes: \(room)}}]"
                    try Data(yaml.utf8).write(to: URL(filePath: "\(folder)/\(name)"))
                }
                func loaded() async throws -> Int64 {
                    try await Self.room(try await host.load(.file(path), under: Self.policy))
                }
                try Data(bytes).write(to: URL(filePath: path))
                let none = await #expect(throws: PluginError.self) { try await loaded() }
                #expect(none?.message.contains("the plugin has none") == true)

                let section = bytes + manifestSection("name: cart\ncapabilities: [{id: test:shelf, with: {bytes: 1}}]")
                try Data(section).write(to: URL(filePath: path))
                #expect(try await loaded() == 1)
                try write(2, to: "plugin.yaml")
                #expect(try await loaded() == 2)
                try write(3, to: "cart.plugin.yaml")
                #expect(try await loaded() == 3)
                let elsewhere = "\(folder)/else.yaml"
                let missing = await #expect(throws: PluginError.self) {
                    try await host.load(.file(path), under: Self.policy, manifest: .file(elsewhere))
                }
                #expect(missing?.code == .manifest)
                #expect(missing?.message == "expected a manifest at '\(elsewhere)', but there is no file")
                try write(4, to: "else.yaml")
                let other = try await host.load(.file(path), under: Self.policy, manifest: .file(elsewhere))
                #expect(try await Self.room(other) == 4)
                let folderAsFile = await #expect(throws: PluginError.self) {
                    try await host.load(.file(path), under: Self.policy, manifest: .file(folder))
                }
                #expect(folderAsFile?.message.contains("not a regular file") == true)
            }
        }
    }

    @Test("Two manifest sections are refused, and so is one that is too large or no manifest")
    func sections() throws {
        let bytes = try Module.binary(ofWAT: Self.module)
        func message(_ bytes: [UInt8]) throws -> String {
            try #require(throws: PluginError.self) { try PluginManifest(moduleSectionOf: bytes) }.message
        }
        #expect(try PluginManifest(moduleSectionOf: bytes) == nil)
        #expect(try PluginManifest(moduleSectionOf: bytes + manifestSection("name: a"))?.name == "a")
        #expect(
            try message(bytes + manifestSection("name: a") + manifestSection("name: b"))
                == "the module has 2 custom sections 'airlock.manifest', expected at most one")
        #expect(
            try message(bytes + manifestSection(String(repeating: " ", count: 70_000)))
                == "airlock.manifest: the text has 65537 bytes, expected at most 65536")
        #expect(try message(bytes + manifestSection("nam: a")).hasPrefix("airlock.manifest:1:1: name is missing"))
        #expect(try message([1, 2, 3]).hasPrefix("the module is malformed"))
    }

    @Test("A digest that is not the pinned one is refused before the manifest or the module is looked into")
    func pinned() async throws {
        try await withPluginHost { host in
            let bytes = try Module.binary(ofWAT: Self.module)
            let digest = SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined()
            var policy = Self.policy
            policy.pinnedDigests = ["cart": [digest]]
            policy.demandsPinnedDigest = true
            let manifest = ManifestSource.manifest(Self.manifest(bytes: "7 B"))
            let plugin = try await host.load(.bytes(bytes), name: "cart", under: policy, manifest: manifest)
            #expect(try await Self.room(plugin) == 7)
            for other in [Array("not a module".utf8), bytes + manifestSection("[[[")] {
                let error = await #expect(throws: PluginError.self) {
                    try await host.load(.bytes(other), name: "cart", under: policy)
                }
                #expect(error?.code == .digestMismatch)
                #expect(error?.message.contains(digest) == true)
            }
            let unpinned = await #expect(throws: PluginError.self) {
                try await host.load(.bytes(bytes), name: "tart", under: policy, manifest: manifest)
            }
            #expect(unpinned?.code == .digestMismatch)
            #expect(unpinned?.message.contains("pins none for 'tart'") == true)
        }
    }

    @Test("A new version is held to what the plugin was loaded with")
    func reload() async throws {
        try await withPluginHost { host in
            let bytes = try Module.binary(ofWAT: Self.module)
            func version(_ yaml: String) -> PluginSource { .bytes(bytes + manifestSection(yaml)) }
            let first = "name: cart\nlimits: {fuel: 5000}\ncapabilities: [{id: test:shelf, with: {bytes: 2 KiB}}]"
            let plugin = try await host.load(version(first), under: Self.policy)
            #expect(try await Self.room(plugin) == 2_048)

            let less = "name: cart\nlimits: {fuel: 4000}\ncapabilities: [{id: test:shelf, with: {bytes: 1 KiB}}]"
            try await plugin.reload(from: version(less))
            #expect(try await Self.room(plugin) == 1_024)
            #expect(plugin.currentVersion?.limits.fuel == 4_000)

            let refusals = [
                (
                    "name: cart\nlimits: {fuel: 5000}\ncapabilities: [{id: test:shelf, with: {bytes: 3 KiB}}]",
                    "asks for more of the capability 'test:shelf' than was granted when the plugin was loaded: "
                        + "shelves notes, at most 3072 bytes, granted shelves notes, at most 2048 bytes"
                ),
                (
                    "name: cart\nlimits: {fuel: 5000}\ncapabilities: [{id: test:shelf}]",
                    "at most 4096 bytes, granted shelves notes, at most 2048 bytes"
                ),
                (
                    first.replacing("capabilities: [", with: "capabilities: [{id: test:bell, optional: true}, "),
                    "asks for more of the capability 'test:bell' than was granted when the plugin was loaded: a bell, granted nothing"
                ),
                (
                    first.replacing("5000", with: "6000"),
                    "asks for a higher limit fuel than the plugin was loaded with: 6000, granted 5000"
                ),
                (first.replacing("limits: {fuel: 5000}", with: ""), "asks for a higher limit fuel"),
                (first.replacing("test:shelf", with: "test:bell"), "the module imports shelf.room"),
            ]
            for (yaml, message) in refusals {
                let error = await #expect(throws: PluginError.self) { try await plugin.reload(from: version(yaml)) }
                #expect(error?.code == .manifest || error?.code == .missingCapability)
                #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
                #expect(try await Self.room(plugin) == 1_024)
            }
            try await plugin.reload(from: version(first))
            #expect(try await Self.room(plugin) == 2_048)
            #expect(plugin.currentVersion?.number == 3)
        }
    }

    @Test("What a version was given, and what it asked for in vain, is an event")
    func event() async throws {
        try await withPluginHost { host in
            var events = RecordedEvents(of: host)
            var manifest = Self.manifest()
            manifest.wishes.append(CapabilityWish("test:safe", isRequired: false))
            _ = try await host.load(.wat(Self.module), under: Self.policy, manifest: .manifest(manifest))
            let event = await events.first { event in
                if case .decided = event.kind { true } else { false }
            }
            guard case .decided(let decision) = event?.kind else {
                Issue.record("there was no event")
                return
            }
            #expect(decision.grants.map(\.summary) == ["shelves notes, at most 4096 bytes"])
            #expect(
                decision.notes == ["the policy does not give the capability 'test:safe'; the plugin can do without"])
        }
    }
}

/// A custom section with a manifest, to be put behind a module.
func manifestSection(_ yaml: String) -> [UInt8] {
    let name = Array(PluginManifest.sectionName.utf8)
    return WasmBytes.section(0, WasmBytes.unsigned(name.count) + name + Array(yaml.utf8))
}
