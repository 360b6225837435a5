import Airlock
import Testing
import Wasmtime

@Suite("What a policy decides")
struct PolicyDecisionTests {
    static let module = #"""
        (module
          (import "shelf" "room" (func (result i64)))
          (import "shelf" "put" (func (param i64)))
          (import "bell" "ring" (func))
          (memory (export "memory") 2))
        """#
    static let digest = String(repeating: "ab", count: 32)
    static let shelf = Shelf(names: ["notes", "carts"], bytes: 4_096)

    static func decide(
        _ policy: PluginPolicy,
        _ manifest: PluginManifest?,
        module: String = module,
        abi: PluginABI? = nil,
        given: [any Capability.Type] = [],
        known: [any Capability.Type] = []
    ) throws -> PluginDecision {
        let contents = try ModuleContents(try Module.binary(ofWAT: module))
        let candidate = PluginCandidate(name: "cart", digest: digest, contents: contents, manifest: manifest, abi: abi)
        return policy.decide(candidate, given: given, known: known)
    }

    @Test("The plugin gets what is in both its wish and the policy, and the smaller of each limit")
    func intersection() throws {
        var manifest = PluginManifest(
            name: "cart",
            wishes: [
                CapabilityWish(Shelf.id, parameters: ["names": .list([.text("carts")]), "bytes": .text("1 MiB")]),
                CapabilityWish(Bell.id),
            ])
        manifest.limits.fuel = 10
        manifest.limits.memory = 1 << 30
        let decision = try Self.decide(PluginPolicy(grants: [Self.shelf, Bell()]), manifest)
        #expect(decision.refusals == [])
        #expect(decision.grants.map(\.summary) == ["shelves carts, at most 4096 bytes", "a bell"])
        #expect(decision.limits.fuel == 10)
        #expect(decision.limits.memory == PluginLimits().memory)
        #expect(decision.limits.deadline == PluginLimits().deadline)
        #expect(decision.notes == ["the limit memory is 16777216, not 1073741824 as the manifest asks"])
    }

    @Test("Every reason for a refusal is named, not the first only")
    func complete() throws {
        let policy = PluginPolicy(
            grants: [Bell()], limits: PluginLimits(memory: 65_536), abis: ["proxy-wasm"],
            pinnedDigests: ["cart": [String(repeating: "0", count: 64)]])
        let manifest = PluginManifest(
            name: "other", abi: "airlock", digest: String(repeating: "1", count: 64), wishes: [CapabilityWish(Shelf.id)]
        )
        let decision = try Self.decide(policy, manifest, abi: "airlock", known: [Shelf.self])
        #expect(
            decision.refusals.map(\.message) == [
                "the module has the SHA-256 \(Self.digest), expected the one pinned for 'cart': \(String(repeating: "0", count: 64))",
                "the module has the SHA-256 \(Self.digest), expected the one that its manifest names: \(String(repeating: "1", count: 64))",
                "the plugin's ABI is airlock, and the policy accepts only proxy-wasm",
                "the policy does not give the capability 'test:shelf'",
                "the module imports shelf.room, shelf.put, which need the capability 'test:shelf', and the policy does not give it",
                "the module imports bell.ring, which need the capability 'test:bell', and its manifest does not ask for it",
                "the module begins with 2 pages of memory (64 KiB each), more than its limit of 65536 bytes",
            ])
        let error = try #require(throws: PluginError.self) { try decision.check(plugin: "cart") }
        #expect(error.code == .digestMismatch)
        #expect(error.plugin == "cart")
        for refusal in decision.refusals { #expect(error.message.contains(refusal.message)) }
    }

    @Test("An optional wish that the policy does not give is noted; a required one refuses the plugin")
    func optional() throws {
        let module = "(module)"
        let policy = PluginPolicy(grants: [Self.shelf])
        func wishes(_ isRequired: Bool) -> PluginManifest {
            PluginManifest(
                name: "cart",
                wishes: [
                    CapabilityWish(Bell.id, isRequired: isRequired),
                    CapabilityWish(Shelf.id, isRequired: isRequired, parameters: ["names": .list([.text("safe")])]),
                ])
        }
        let messages = [
            "the policy does not give the capability 'test:bell'",
            "the wish for the capability 'test:shelf' is refused: the shelf 'safe' is not among [\"notes\", \"carts\"]",
        ]
        let required = try Self.decide(policy, wishes(true), module: module)
        #expect(required.refusals.map(\.message) == messages)
        let optional = try Self.decide(policy, wishes(false), module: module)
        #expect(optional.isAllowed)
        #expect(optional.grants.isEmpty)
        #expect(optional.notes == messages.map { $0 + "; the plugin can do without" })
    }

    @Test("A wish that makes no sense refuses the plugin even where it is optional")
    func nonsense() throws {
        let wish = CapabilityWish(Shelf.id, isRequired: false, parameters: ["byte": .integer(1)])
        let decision = try Self.decide(
            PluginPolicy(grants: [Self.shelf]), PluginManifest(name: "cart", wishes: [wish]), module: "(module)")
        #expect(
            decision.refusals.map(\.message) == [
                "the wish for the capability 'test:shelf' is refused: byte is not a known key (did you mean 'bytes'?); "
                    + "expected one of bytes, names"
            ])
    }

    @Test("A plugin without a manifest gets what it imports, where the policy accepts that")
    func withoutManifest() throws {
        var policy = PluginPolicy(grants: [Self.shelf, Bell()])
        #expect(
            try Self.decide(policy, nil).refusals.map(\.message) == [
                "the policy expects a manifest, and the plugin has none"
            ])
        policy.demandsManifest = false
        let decision = try Self.decide(policy, nil)
        #expect(decision.isAllowed)
        #expect(decision.grants.map(\.summary) == ["shelves notes, carts, at most 4096 bytes", "a bell"])
        let module = #"(module (import "bell" "ring" (func)))"#
        #expect(try Self.decide(policy, nil, module: module).grants.map(\.summary) == ["a bell"])
    }

    @Test("Pinned digests hold under the host's name for the plugin and under its own")
    func pins() throws {
        let manifest = PluginManifest(name: "notes")
        func refusals(_ pins: [String: Set<String>], demands: Bool = false) throws -> [String] {
            let policy = PluginPolicy(pinnedDigests: pins, demandsPinnedDigest: demands)
            return try Self.decide(policy, manifest, module: "(module)").refusals.map(\.code.description)
        }
        #expect(try refusals(["cart": [Self.digest, "other"]]) == [])
        #expect(try refusals(["cart": [Self.digest]], demands: true) == [])
        #expect(try refusals(["notes": [Self.digest]], demands: true) == ["digestMismatch"])
        #expect(try refusals(["else": ["other"]]) == [])
        #expect(try refusals(["else": [Self.digest]], demands: true) == ["digestMismatch"])
        #expect(try refusals(["cart": [Self.digest], "notes": ["other"]]) == ["digestMismatch"])
        #expect(try refusals(["cart": ["other"], "notes": [Self.digest]]) == ["digestMismatch"])
    }

    @Test("An ABI is accepted by its name or by name and version")
    func abi() throws {
        func refusals(_ accepted: [PluginABI], _ claimed: PluginABI?, _ found: PluginABI?) throws -> Int {
            let manifest = PluginManifest(name: "cart", abi: claimed)
            return try Self.decide(PluginPolicy(abis: accepted), manifest, module: "(module)", abi: found).refusals
                .count
        }
        #expect(try refusals([], nil, nil) == 0)
        #expect(try refusals(["proxy-wasm"], nil, "proxy-wasm/0.2.1") == 0)
        #expect(try refusals(["proxy-wasm/0.2.1"], "proxy-wasm", "proxy-wasm/0.2.1") == 0)
        #expect(try refusals(["proxy-wasm/0.2.0"], nil, "proxy-wasm/0.2.1") == 1)
        #expect(try refusals(["proxy-wasm/0.2.1"], nil, "proxy-wasm") == 1)
        #expect(try refusals(["proxy"], nil, "proxy-wasm/0.2.1") == 1)
        #expect(try refusals(["airlock"], "airlock", nil) == 0)
        #expect(try refusals(["airlock"], nil, nil) == 1)
        #expect(try refusals([], "airlock", "proxy-wasm/0.2.1") == 1)
    }

    @Test("What an ABI gives every plugin needs no wish, and what nobody offers is refused")
    func given() throws {
        let module = #"""
            (module
              (import "bell" "ring" (func)) (import "shelf" "room" (func (result i64)))
              (import "env" "memory" (memory 1)) (import "bell" "size" (global i32)))
            """#
        let decision = try Self.decide(
            PluginPolicy(), PluginManifest(name: "cart"), module: module, given: [Bell.self], known: [Shelf.self])
        #expect(
            decision.refusals.map(\.message) == [
                "the module imports shelf.room, which need the capability 'test:shelf', and the policy does not give it",
                "the module imports env.memory, bell.size, which no capability here offers",
            ])
    }
}
