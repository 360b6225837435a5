import Airlock
import AirlockProxyWasm
import Testing

@Suite("Filters under a policy")
struct PolicyTests {
    /// Tries five functions at each request and logs what they answer, by `fd_write`'s sister `proxy_log`.
    private static let trying = """
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
          (call $note (i32.const 97) (call $add_header_map_value (i32.const 0) @"x" @"y"))
          (call $note (i32.const 114) (call $replace_header_map_value (i32.const 0) @"x" @"z"))
          (call $note (i32.const 112) (call $get_property @"plugin_name" @result))
          (call $note (i32.const 115) (call $set_shared_data @"x" @"y" (i32.const 0)))
          (i32.const 0))
        """
    private let source = Guest.wat(Self.trying)

    private static func manifest(_ functions: [String]?, isRequired: Bool = true) -> PluginManifest {
        let parameters = functions.map { ["functions": ManifestValue.list($0.map { .text($0) })] } ?? [:]
        return PluginManifest(
            name: "shop/filter",
            wishes: [CapabilityWish(ProxyWasmABI.id, isRequired: isRequired, parameters: parameters)])
    }

    private static func policy(_ grants: ProxyWasmGrants, manifest: Bool = true) -> PluginPolicy {
        PluginPolicy(
            grants: [ProxyWasmABI(grants: grants)], limits: PluginLimits(deadline: .seconds(60)),
            demandsManifest: manifest)
    }

    /// What the functions of ``source`` answer to a filter that is loaded so.
    private func answers(
        _ policy: PluginPolicy,
        _ manifest: PluginManifest?,
        _ change: (inout FilterConfiguration) -> Void = { _ in }
    ) async throws -> [String] {
        var answers: [String] = []
        try await withFilters { filters in
            let filter = try await filters.load(source) {
                $0.policy = policy
                if let manifest { $0.manifest = .manifest(manifest) }
                change(&$0)
            }
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            await stream.finish()
            answers = filters.log.messages
        }
        return answers
    }

    @Test(
        "A filter gets the functions that are in both its manifest and the policy; the others answer that they are not granted"
    )
    func effective() async throws {
        let policy = Self.policy([.log, .changeHeaders, .readProperties])
        #expect(
            try await answers(policy, Self.manifest(["log", "changeHeaders"])) == ["a=0", "r=0", "p=10", "s=10"])
        #expect(try await answers(policy, Self.manifest(nil)) == ["a=0", "r=0", "p=0", "s=10"])
        #expect(
            try await answers(policy, Self.manifest(["proxy_log", "proxy_get_property"])) == [
                "a=10", "r=10", "p=0", "s=10",
            ])
    }

    @Test("Single functions can be given and asked for by their names in the ABI")
    func singleFunctions() async throws {
        let add = try #require(ProxyWasmGrants(named: "proxy_add_header_map_value"))
        #expect(
            try await answers(Self.policy(add.union(.log)), Self.manifest(nil)) == ["a=0", "r=10", "p=10", "s=10"])
        #expect(ProxyWasmGrants(named: "changeHeaders") == .changeHeaders)
        #expect(ProxyWasmGrants.changeHeaders.isSuperset(of: add))
        #expect(ProxyWasmGrants(named: "proxy_get_header_map_value") == [])
        #expect(ProxyWasmGrants(named: "proxy_on_request_headers") == nil)
        #expect(add.union(.log).names == ["log", "proxy_add_header_map_value"])
        #expect(ProxyWasmGrants.all.names.allSatisfy { !$0.hasPrefix("proxy_") })
    }

    @Test("A filter gets no more than its configuration allows, whatever policy and manifest say")
    func configured() async throws {
        #expect(
            try await answers(Self.policy(.all), Self.manifest(nil)) { $0.grants = [.log, .readProperties] }
                == ["a=10", "r=10", "p=0", "s=10"])
    }

    @Test(
        "A filter without a manifest gets what it imports as far as the policy gives it, where the policy accepts that")
    func withoutManifest() async throws {
        #expect(
            try await answers(Self.policy([.log, .sharedData], manifest: false), nil)
                == ["a=10", "r=10", "p=10", "s=0"])
        try await withFilters { filters in
            let refusal = await filters.refusal(source) { $0.policy = Self.policy(.all) }
            #expect(refusal?.code == .manifest)
            #expect(refusal?.message == "the policy expects a manifest, and the plugin has none")
            // A policy that gives nothing of the ABI is none that keeps a filter from being loaded.
            let filter = try await filters.load(source) { $0.policy = PluginPolicy(demandsManifest: false) }
            #expect(await filter.status().readyLoops == 1)
        }
    }

    @Test("A required wish that the policy does not give refuses the filter, with all reasons; an optional one is cut")
    func refused() async throws {
        try await withFilters { filters in
            var policy = Self.policy([.log])
            policy.abis = ["airlock"]
            policy.limits.memory = 0
            var manifest = Self.manifest(["log", "metrics", "proxy_set_property"])
            manifest.wishes.append(CapabilityWish("airlock:kv"))
            let refusal = await filters.refusal(source) {
                $0.policy = policy
                $0.manifest = .manifest(manifest)
            }
            #expect(refusal?.code == .manifest)
            #expect(refusal?.plugin == "filter")
            #expect(
                refusal?.message
                    == "the plugin's ABI is proxy-wasm/0.2.1, and the policy accepts only airlock; "
                    + "the wish for the capability 'proxy-wasm' is refused: it asks for setProperties, metrics, and the policy gives log; "
                    + "the policy does not give the capability 'airlock:kv'; "
                    + "the module begins with 16 pages of memory (64 KiB each), more than its limit of 0 bytes")
            let unknown = await filters.refusal(source) {
                $0.policy = Self.policy(.all)
                $0.manifest = .manifest(Self.manifest(["proxy_lug"], isRequired: false))
            }
            #expect(unknown?.message.contains("functions[0]: expected one of log, clock, random") == true)
        }
        let optional = Self.manifest(["log", "metrics", "changeHeaders"], isRequired: false)
        #expect(
            try await answers(Self.policy([.log, .changeHeaders]), optional) == ["a=0", "r=0", "p=10", "s=10"])
    }

    @Test("The decision says which functions a filter imports in vain")
    func notes() async throws {
        try await withFilters { filters in
            let events = filters.host.events()
            _ = try await filters.load(
                .wat(
                    """
                    (module
                      (import "env" "proxy_log" (func (param i32 i32 i32) (result i32)))
                      (import "env" "proxy_set_property" (func (param i32 i32 i32 i32) (result i32)))
                      (import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))
                      (import "env" "proxy_get_header_map_size" (func (param i32 i32) (result i32)))
                      (memory (export "memory") 1)
                      (func (export "malloc") (param i32) (result i32) (i32.const 1024))
                      (func (export "proxy_abi_version_0_2_1")))
                    """)
            ) { $0.policy = Self.policy([.log], manifest: false) }
            let event = await events.first { event in
                if case .decided = event.kind { true } else { false }
            }
            guard case .decided(let decision) = event?.kind else {
                Issue.record("there was no event")
                return
            }
            #expect(decision.grants.map(\.summary) == ["proxy_log"])
            #expect(
                decision.notes == [
                    "of 'proxy-wasm' the module imports proxy_set_property, random_get, which were not granted and refuse when called"
                ])
        }
    }

    @Test("A filter runs under the limits that manifest and policy agree on, and not those of its configuration")
    func limits() async throws {
        let spinning = Guest.wat(
            #"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (loop $l (br $l)) (i32.const 0))"#
        )
        var manifest = Self.manifest([])
        manifest.limits.fuel = 200_000
        try await withFilters { filters in
            let filter = try await filters.load(spinning) {
                $0.policy = Self.policy([])
                $0.manifest = .manifest(manifest)
                $0.limits.fuel = 5_000_000
            }
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).reply?.status == 503)
            let report = await stream.finish().filters.first
            #expect(report?.failure?.code == .fuel)
            #expect(report?.usage.fuelUsed ?? .max <= 200_000)
        }
    }

    @Test("Digests are pinned under the filter's name, and checked before anything is read")
    func pinned() async throws {
        try await withFilters { filters in
            var policy = Self.policy(.all)
            policy.pinnedDigests = ["filter": [String(repeating: "0", count: 64)]]
            let refusal = await filters.refusal(.bytes(Array("no module".utf8))) { $0.policy = policy }
            #expect(refusal?.code == .digestMismatch)
            #expect(refusal?.message.contains("expected the one pinned for 'filter'") == true)
        }
    }

    @Test("A filter must be signed by a key of its policy, whatever its source says, and so must each that replaces it")
    func signed() async throws {
        let (key, other) = (ModuleSigningKey(), ModuleSigningKey())
        let module = try ModuleBytes(counting, most: 1 << 20).bytes
        try await withFilters { filters in
            var policy = Self.policy(.all)
            policy.pluginSigners = ["filter": [key.verificationKey]]
            let byOther = PluginSource.bytes(try other.signed(module)).signed(by: [other.verificationKey])
            for source: PluginSource in [.bytes(Array("no module".utf8)), .bytes(module), byOther] {
                let refusal = await filters.refusal(source) { $0.policy = policy }
                #expect(refusal?.code == .signatureRefused)
            }
            let filter = try await filters.load(.bytes(try key.signed(module))) {
                $0.policy = policy
                $0.manifest = .manifest(Self.manifest(["log"]))
            }
            let error = await #expect(throws: PluginError.self) { try await filter.reload(from: byOther) }
            #expect(error?.code == .signatureRefused)
            #expect(await filters.stream(filter).requestHeaders(getRequest, endOfStream: true).reply == nil)
        }
    }

    // MARK: Sharing

    private let counting = Guest.wat(
        """
        (global $requests (mut i32) (i32.const 0))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
          (global.set $requests (i32.add (global.get $requests) (i32.const 1)))
          (call $note (i32.const 110) (global.get $requests))
          (i32.const 0))
        """)

    private func requests(of source: PluginSource, _ changes: [(inout FilterConfiguration) -> Void]) async throws
        -> [String]
    {
        var messages: [String] = []
        try await withFilters { filters in
            for (index, change) in changes.enumerated() {
                let filter = try await filters.load(source, name: "filter-\(index)") {
                    $0.manifest = .manifest(Self.manifest(["log"]))
                    change(&$0)
                }
                let stream = await filters.stream(filter)
                _ = await stream.requestHeaders(getRequest, endOfStream: true)
                await stream.finish()
            }
            messages = filters.log.messages
        }
        return messages
    }

    @Test("Filters for which the same was decided share a virtual machine")
    func shared() async throws {
        let policy = Self.policy([.log, .metrics])
        // Another policy that comes to the same decision.
        let other = Self.policy([.log])
        #expect(
            try await requests(of: counting, [{ $0.policy = policy }, { $0.policy = policy }, { $0.policy = other }])
                == ["n=1", "n=2", "n=3"])
    }

    @Test(
        "Filters for which something else was decided do not",
        arguments: ["functions", "fuel", "loopShare", "quota", "capability", "no policy"])
    func notShared(difference: String) async throws {
        let policy = Self.policy([.log, .metrics])
        let quota = try Quota("team")
        #expect(
            try await requests(
                of: counting,
                [
                    { $0.policy = policy },
                    {
                        var other = policy
                        var manifest = Self.manifest(["log"])
                        switch difference {
                        case "functions": manifest = Self.manifest(["log", "metrics"])
                        case "fuel": manifest.limits.fuel = 1_000_000
                        case "loopShare":
                            other.limits.loopShare = LoopShare(perSecond: .seconds(1), burst: .seconds(60))
                        case "quota": other.quota = quota
                        case "capability":
                            other.grants.append(Lamp())
                            manifest.wishes.append(CapabilityWish(Lamp.id))
                        default: break
                        }
                        $0.policy = difference == "no policy" ? nil : other
                        $0.limits = policy.limits
                        $0.grants = [.log]
                        $0.manifest = .manifest(manifest)
                        if difference == "functions" { $0.grants = .all }
                    },
                ]) == ["n=1", "n=1"])
    }

    @Test("Filters share the quota that the policy gives them")
    func quota() async throws {
        var policy = Self.policy([.log])
        policy.quota = try Quota("team", fuel: QuotaRate(1, per: .seconds(1_000), burst: 1))
        try await withFilters { filters in
            var statuses: [UInt32?] = []
            for name in ["a", "b"] {
                let filter = try await filters.load(counting, name: name) {
                    $0.policy = policy
                    $0.manifest = .manifest(Self.manifest(["log"]))
                }
                let stream = await filters.stream(filter)
                statuses.append(await stream.requestHeaders(getRequest, endOfStream: true).reply?.status)
                let failure = await stream.finish().filters.first?.failure
                if name == "b" { #expect(failure?.quota == "team") }
            }
            #expect(statuses.last == 503)
        }
        #expect(policy.quota?.usage.memoryBytes == 0)
    }

    @Test("A capability that has functions of the ABI as well is refused, and not asked for by importing them")
    func overlap() async throws {
        var policy = Self.policy(.all, manifest: false)
        policy.grants.append(OtherLog())
        try await withFilters { filters in
            _ = try await filters.load(source) { $0.policy = policy }
            var manifest = Self.manifest(nil)
            manifest.wishes.append(CapabilityWish(OtherLog.id))
            let refusal = await filters.refusal(source) {
                $0.policy = policy
                $0.manifest = .manifest(manifest)
            }
            #expect(refusal?.code == .manifest)
            #expect(
                refusal?.message
                    == "the capabilities 'test:log' and 'proxy-wasm' both have env.proxy_log, and the plugin has the latter whatever the policy says"
            )
        }
    }

    // MARK: Later versions

    @Test("A new version is decided anew, and one that asks for more is refused")
    func reload() async throws {
        func version(_ functions: String) -> PluginSource {
            let yaml = "name: a\\nabi: proxy-wasm\\ncapabilities: [{id: proxy-wasm, with: {functions: [\(functions)]}}]"
            guard case .wat(let text) = source.origin else { return source }
            return .wat("\(text.dropLast()) (@custom \"airlock.manifest\" \"\(yaml)\"))")
        }
        try await withFilters { filters in
            func answers(_ filter: ProxyWasmFilter) async -> [String] {
                let before = filters.log.messages.count
                let stream = await filters.stream(filter)
                _ = await stream.requestHeaders(getRequest, endOfStream: true)
                await stream.finish()
                return Array(filters.log.messages.dropFirst(before))
            }
            let filter = try await filters.load(version("log, changeHeaders")) { $0.policy = Self.policy(.all) }
            #expect(await answers(filter) == ["a=0", "r=0", "p=10", "s=10"])
            try await filter.reload(from: version("log"))
            #expect(await answers(filter) == ["a=10", "r=10", "p=10", "s=10"])
            let error = await #expect(throws: PluginError.self) {
                try await filter.reload(from: version("log, sharedData"))
            }
            #expect(error?.code == .manifest)
            #expect(
                error?.message
                    == "the new version asks for more of the capability 'proxy-wasm' than was granted when the plugin was loaded: "
                    + "log, sharedData, granted log, changeHeaders")
            #expect(await answers(filter) == ["a=10", "r=10", "p=10", "s=10"])
            try await filter.reload(from: version("log, changeHeaders"))
            #expect(await answers(filter) == ["a=0", "r=0", "p=10", "s=10"])
        }
    }

    @Test("A policy file names functions as parts or one by one")
    func file() throws {
        let reader = PolicyReader(capabilities: [
            ProxyWasmABI.id: { (fields) throws(PluginError) in try ProxyWasmABI(policy: &fields) }
        ])
        func read(_ with: String) throws -> [String] {
            let yaml = "capabilities:\n  - id: proxy-wasm\n\(with)"
            return try reader.read(yaml: Array(yaml.utf8)).grants.map(\.summary)
        }
        #expect(try read("") == ["all functions"])
        #expect(try read("    with: { functions: [] }") == ["no functions that need a grant"])
        #expect(
            try read(
                "    with: { functions: [ticks, proxy_log, fd_write, fd_pwrite, proxy_get_shared_data, proxy_done] }")
                == ["log, proxy_get_shared_data, ticks"])
        let error = #expect(throws: PluginError.self) { try read("    with: { functions: [log, proxy_on_tick] }") }
        #expect(
            error?.message
                == "policy.yaml:3:30: capabilities[0].with.functions[1]: expected one of log, clock, random, changeHeaders, readBodies, "
                + "changeBodies, localReplies, readProperties, setProperties, sharedData, metrics, ticks, callOuts, queues, foreignFunctions, "
                + "or a host function of the ABI such as proxy_log, came the text 'proxy_on_tick'")
    }
}

/// A capability beside the ABI's.
private struct Lamp: AttenuableCapability {
    static let id: CapabilityID = "test:lamp"
    static let functions = HostFunctions<Self>(module: "lamp") {
        HostFunction("switch") { (_, _) throws(HostError) in }
    }
    let summary = "a lamp"
    func attenuated(to wish: CapabilityWish) throws(PluginError) -> Lamp { self }
}

/// A capability with a function that the ABI has.
private struct OtherLog: AttenuableCapability {
    static let id: CapabilityID = "test:log"
    static let functions = HostFunctions<Self>(module: "env") {
        HostFunction("proxy_log") { (_, _, _: UInt32, _: UInt32, _: UInt32) throws(HostError) -> UInt32 in 0 }
    }
    let summary = "another log"
    func attenuated(to wish: CapabilityWish) throws(PluginError) -> OtherLog { self }
}
