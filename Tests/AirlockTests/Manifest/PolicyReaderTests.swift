import Airlock
import Testing

@Suite("Policies in files")
struct PolicyReaderTests {
    static let reader = PolicyReader(capabilities: [
        Shelf.id: { (fields) throws(PluginError) in try Shelf(policy: &fields) },
        Bell.id: { (_) throws(PluginError) in Bell() },
    ])

    @Test("A policy says what plugins may get and must show")
    func complete() throws {
        let (first, second) = (String(repeating: "a", count: 64), String(repeating: "B", count: 64))
        let policy = try Self.read(
            """
            abis: [airlock, proxy-wasm/0.2.1]
            manifest: optional
            digests: required
            pinned:
              cart: \(first)
              shop/notes: [\(first), \(second)]
            capabilities:
              - id: test:shelf
                with: { names: [notes, carts], bytes: 4 KiB }
              - id: test:bell
            limits:
              fuel: 7
              deadline: 3 s
              hostCalls: 8
              outputBytes: 9 KiB
              memory: 1 MiB
              tableElements: 10
              concurrentCalls: 11
              callsPerInstance: 12
              module: { moduleBytes: 1 MiB, functions: 13 }
            """)
        #expect(policy.abis == ["airlock", "proxy-wasm/0.2.1"])
        #expect(!policy.demandsManifest)
        #expect(policy.demandsPinnedDigest)
        #expect(policy.pinnedDigests == ["cart": [first], "shop/notes": [first, second.lowercased()]])
        #expect(policy.grants.map(\.summary) == ["shelves notes, carts, at most 4096 bytes", "a bell"])
        var module = ModuleBounds()
        module.moduleBytes = 1 << 20
        module.functions = 13
        let limits = PluginLimits(
            fuel: 7, deadline: .seconds(3), hostCalls: 8, outputBytes: 9 << 10, memory: 1 << 20, tableElements: 10,
            concurrentCalls: 11,
            callsPerInstance: 12, module: module)
        #expect(policy.limits == limits)
    }

    @Test("What a policy does not say has safe defaults: nothing is granted, and a manifest is expected")
    func least() throws {
        let policy = try Self.read("{}")
        #expect(policy.grants.isEmpty)
        #expect(policy.demandsManifest)
        #expect(!policy.demandsPinnedDigest)
        #expect(policy.limits == PluginLimits())
        #expect(
            try Self.read("capabilities: [{id: test:shelf}]").grants.map(\.summary) == ["shelves , at most 1024 bytes"])
    }

    @Test(
        "A mistake is reported with its place, what was expected and what came",
        arguments: [
            ("limit: {}", "policy.yaml:1:1: limit is not a known key (did you mean 'limits'?)"),
            ("manifest: yes", "policy.yaml:1:11: manifest: expected one of required, optional, came the text 'yes'"),
            ("abis: airlock", "policy.yaml:1:7: abis: expected a list of texts, came the text 'airlock'"),
            ("abis: [1]", "policy.yaml:1:8: abis[0]: expected text, came the number 1"),
            ("pinned: {a: b}", "policy.yaml:1:13: pinned.a: expected a SHA-256"),
            ("pinned: {a: []}", "policy.yaml:1:13: pinned.a: expected at least one SHA-256, came a list of 0"),
            ("pinned: {a: [b]}", "policy.yaml:1:14: pinned.a[0]: expected a SHA-256"),
            (
                "capabilities:\n  - id: test:shelve",
                "policy.yaml:2:9: capabilities[0].id: expected 'test:shelf', or another one of test:bell, test:shelf, came the text"
            ),
            (
                "capabilities:\n  - id: test:bell\n  - id: test:bell",
                "policy.yaml:3:5: capabilities[1]: expected each capability once"
            ),
            (
                "capabilities:\n  - id: test:shelf\n    with: { byte: 1 }",
                "policy.yaml:3:13: capabilities[0].with.byte is not a known key (did you mean 'bytes'?); expected one of bytes, names"
            ),
            (
                "capabilities:\n  - id: test:shelf\n    with: { bytes: 2 MiB }",
                "policy.yaml:3:20: capabilities[0].with.bytes: expected a number of bytes such as 64 KiB or 16 MiB, from 0 to 1048576"
            ),
            (
                "capabilities:\n  - id: test:bell\n    with: { loud: true }",
                "policy.yaml:3:13: capabilities[0].with.loud is not a known key; expected no keys here"
            ),
            (
                "capabilities:\n  - id: test:shelf\n    with: { names: [a, 2] }",
                "3:24: capabilities[0].with.names[1]: expected text"
            ),
            (
                "limits: {module: {function: 1}}",
                "limits.module.function is not a known key (did you mean 'functions'?)"
            ),
            ("a: &a 1\nb: *a", "policy.yaml:2:4: anchors and aliases are not accepted"),
        ]
    )
    func mistakes(yaml: String, message: String) throws {
        let error = try #require(throws: PluginError.self) { try Self.read(yaml) }
        #expect(error.code == .configuration)
        #expect(error.message.contains(message))
    }

    static func read(_ yaml: String) throws(PluginError) -> PluginPolicy {
        try reader.read(yaml: Array(yaml.utf8))
    }
}
