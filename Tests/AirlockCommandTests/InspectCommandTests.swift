import Foundation
import Testing

@Suite("airlock inspect")
struct InspectCommandTests {
    static let plugin = #"""
        (module
          (import "airlock:log" "write" (func $write (param i32 i32 i32) (result i32)))
          (import "airlock:clock" "monotonic-time" (func $now (result i64)))
          (memory (export "memory") 2 8)
          (data (i32.const 0) "hello")
          (func (export "run") (param i32) (result i64)
            (drop (call $write (i32.const 2) (i32.const 0) (i32.const 5)))
            (call $now)))
        """#
    static let manifest = """
        name: shop/greeter
        version: "1.2.0"
        description: says hello
        abi: airlock
        capabilities:
          - id: airlock:log
            reason: to say hello
            with: { bytesPerCall: 1 KiB }
          - id: airlock:clock
            optional: true
        limits: { fuel: 1000, memory: 1 GiB }
        """
    static let policy = """
        capabilities:
          - id: airlock:log
            with: { level: notice }
          - id: airlock:clock
            with: { time: monotonic }
        limits: { memory: 4 MiB }
        """

    @Test("A plugin that a policy admits is shown with what it needs, offers and gets")
    func admitted() async throws {
        try await withPlugin(wat: Self.plugin, ["greeter.plugin.yaml": Self.manifest, "policy.yaml": Self.policy]) {
            plugin in
            let result = try await airlock(["inspect", plugin.path, "--policy", plugin.file("policy.yaml")])
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.errors == "")
            let text = result.output
            for line in [
                "plugin greeter",
                "  abi       airlock, imports and exports of its own",
                "  memory    2 pages of 64 KiB, at most 8",
                "  of airlock:log",
                "    airlock:log.write                    function (i32, i32, i32) -> (i32)",
                "    run                                  function (i32) -> (i64)",
                "  name      shop/greeter 1.2.0",
                "  wants     airlock:log: to say hello",
                "    bytesPerCall                         1 KiB",
                "  wants     airlock:clock (optional)",
                "  limit     fuel 1000",
                "  limit     memory 4194304",
                "  note      the limit memory is 4194304, not 1073741824 as the manifest asks",
                "would load",
            ] {
                #expect(text.contains("\n\(line)\n") || text.hasPrefix("\(line)\n"), "no line '\(line)' in\n\(text)")
            }
            #expect(text.contains("  grant     airlock:log: "))
            #expect(text.split(separator: "\n").allSatisfy { $0.count <= 100 || $0.contains("/") })
        }
    }

    @Test("A plugin that a policy refuses is shown with every reason, and the exit code is 1")
    func refused() async throws {
        let policy = """
            manifest: required
            abis: [proxy-wasm]
            pinned: { greeter: \(String(repeating: "0", count: 64)) }
            capabilities: [{ id: airlock:clock }]
            limits: { memory: 64 KiB }
            """
        try await withPlugin(wat: Self.plugin, ["plugin.yaml": Self.manifest, "policy.yaml": policy]) { plugin in
            let arguments = ["inspect", plugin.path, "--policy", plugin.file("policy.yaml")]
            let text = try await airlock(arguments)
            #expect(text.status == 1)
            #expect(text.output.contains("\nwould be refused:\n  digestMismatch: the module has the SHA-256\n"))
            let report = try await inspected(arguments + ["--format", "json"], status: 1)
            #expect(!report.loads)
            #expect(
                report.refusals.map(\.code) == [
                    "digestMismatch", "manifest", "manifest", "missingCapability", "memory",
                ])
            let messages = report.refusals.map(\.message)
            #expect(messages[1] == "the plugin's ABI is airlock, and the policy accepts only proxy-wasm")
            #expect(messages[2] == "the policy does not give the capability 'airlock:log'")
            #expect(
                messages[3]
                    == "the module imports airlock:log.write, which need the capability 'airlock:log', and the policy does not give it"
            )
        }
    }

    @Test("The JSON form has the fields that its documentation names")
    func json() async throws {
        try await withPlugin(wat: Self.plugin, ["greeter.plugin.yaml": Self.manifest, "policy.yaml": Self.policy]) {
            plugin in
            let arguments = [
                "inspect", plugin.path, "--format", "json", "--policy", plugin.file("policy.yaml"), "--compile",
            ]
            let report = try await inspected(arguments, status: 0)
            #expect(report.name == "greeter")
            #expect(report.file == plugin.path)
            #expect(report.bytes == plugin.bytes.count)
            #expect(report.sha256?.count == 64)
            #expect(report.kind == "module")
            #expect(report.abi == "airlock")
            #expect(report.isCompiled)
            #expect(report.contents?.imports.map(\.capability) == ["airlock:log", "airlock:clock"])
            #expect(report.contents?.imports.first?.items.map(\.name) == ["write"])
            #expect(report.contents?.exports.map(\.name) == ["memory", "run"])
            #expect(report.contents?.memories.map(\.minimumPages) == [2])
            #expect(report.contents?.counts?.functions == 1)
            #expect(report.manifest?.wishes.map(\.reason) == ["to say hello", ""])
            #expect(report.manifest?.wishes.first?.parameters == ["bytesPerCall": "1 KiB"])
            #expect(report.decision?.grants.map(\.id) == ["airlock:log", "airlock:clock"])
            #expect(report.decision?.limits["fuel"] == "1000")
            #expect(report.loads)
        }
    }

    @Test("What a policy imposes by itself is shown: the share of a worker loop, crash loops, the quota")
    func imposed() async throws {
        let policy = """
            manifest: optional
            capabilities: [{ id: airlock:log }, { id: airlock:clock }]
            limits: { loopTime: 200 ms, loopBurst: 50 ms, crashLoop: { failures: 3 } }
            quotas:
              team: { fuelPerSecond: 1000, fuelBurst: 5000, memory: 1 MiB, concurrentCalls: 2 }
            plugins: { greeter: { quota: team } }
            """
        try await withPlugin(wat: Self.plugin, ["policy.yaml": policy]) { plugin in
            let arguments = ["inspect", plugin.path, "--policy", plugin.file("policy.yaml")]
            let report = try await inspected(arguments + ["--format", "json"], status: 0)
            #expect(report.decision?.limits["loopTime"] == "0.2 seconds of each second")
            #expect(report.decision?.limits["loopBurst"] == "0.05 seconds")
            #expect(report.decision?.limits["crashLoop"]?.hasPrefix("3 failures in 10.0 seconds, pauses from") == true)
            #expect(report.decision?.quota?.name == "team")
            #expect(
                report.decision?.quota?.bounds == [
                    "fuel": "1000 in 1.0 seconds, at most 5000 at once", "memory": "1048576",
                    "concurrentCalls": "2, and 0 that wait",
                ])
            let text = try await airlock(arguments).output
            #expect(text.contains("\n  limit     loopTime 0.2 seconds of each second\n"))
            #expect(text.contains("\n  quota     team, shared with the other plugins that have it\n"))
            let other = try await inspected(arguments + ["--format", "json", "--name", "other"], status: 0)
            #expect(other.decision?.quota == nil)
        }
    }

    @Test("Without a policy a plugin is compared with everything that Airlock has to offer")
    func withoutPolicy() async throws {
        try await withPlugin(wat: Self.plugin, [:]) { plugin in
            let result = try await airlock(["inspect", plugin.path])
            #expect(result.status == 0)
            #expect(result.output.hasSuffix("\nwould load, if a policy gives what it asks for\n"))
            #expect(result.output.contains("\nmanifest\n  none\n"))
        }
        let module = #"(module (import "elsewhere" "open" (func)) (import "airlock:log" "level" (func (result i64))))"#
        try await withPlugin(wat: module, [:]) { plugin in
            let report = try await inspected(["inspect", plugin.path, "--format", "json"], status: 1)
            #expect(
                report.refusals.map(\.message) == [
                    "the module imports airlock:log.level with the type () -> (i64), expected () -> (i32)",
                    "the module imports elsewhere.open, which no capability here offers",
                ])
            #expect(report.contents?.imports.map(\.capability) == [nil, "airlock:log"])
        }
    }

    @Test(
        "The ABI is told by what a module exports and imports",
        arguments: [
            (
                #"(module (import "env" "proxy_log" (func (param i32 i32 i32) (result i32))) (func (export "proxy_abi_version_0_2_1")))"#,
                "proxy-wasm/0.2.1"
            ),
            (#"(module (func (export "proxy_abi_version_0_1_0")))"#, "proxy-wasm/0.1.0"),
            (#"(module (import "extism:host/env" "alloc" (func (param i64) (result i64))))"#, "extism"),
            (#"(module (func (export "__guest_call") (param i32 i32) (result i32) i32.const 1))"#, "wapc"),
            (#"(module (func (export "__guest_call")) (@custom "io.kubewarden.metadata" "{}"))"#, "kubewarden"),
            (#"(module (func (export "opa_eval_ctx_new")))"#, "opa"),
            (
                #"(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32))) (func (export "_start")))"#,
                "wasi"
            ),
            (#"(module (func (export "_start")))"#, "wasi"),
            (#"(module (func (export "add")))"#, "airlock"),
        ]
    )
    func abi(wat: String, abi: String) async throws {
        try await withPlugin(wat: wat, [:]) { plugin in
            let result = try await airlock(["inspect", plugin.path, "--format", "json"])
            let report = try Report(json: result.output)
            #expect(report.abi == abi)
            #expect(report.loads == ["airlock", "wasi", "proxy-wasm/0.1.0", "proxy-wasm/0.2.1"].contains(abi))
        }
    }

    @Test("The WASI functions that a Proxy-Wasm filter imports are those of its ABI")
    func proxyWasmImports() async throws {
        let module = #"""
            (module
              (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
              (func (export "proxy_abi_version_0_2_1")))
            """#
        try await withPlugin(wat: module, [:]) { plugin in
            let report = try await inspected(["inspect", plugin.path, "--format", "json"], status: 0)
            #expect(report.contents?.imports.map(\.capability) == ["proxy-wasm"])
        }
    }

    @Test("A filter under a policy is shown with the functions that it gets and those that it imports in vain")
    func filterPolicy() async throws {
        let module = #"""
            (module
              (import "env" "proxy_log" (func (param i32 i32 i32) (result i32)))
              (import "env" "proxy_set_property" (func (param i32 i32 i32 i32) (result i32)))
              (import "wasi_snapshot_preview1" "clock_time_get" (func (param i32 i64 i32) (result i32)))
              (func (export "proxy_abi_version_0_2_1")))
            """#
        let policy = """
            manifest: optional
            abis: [proxy-wasm]
            capabilities: [{ id: proxy-wasm, with: { functions: [log] } }, { id: airlock:wasi }]
            """
        let manifest = "name: a\ncapabilities: [{ id: proxy-wasm, with: { functions: [log, setProperties] } }]"
        let files = ["policy.yaml": policy, "m.yaml": manifest]
        try await withPlugin(wat: module, files) { plugin in
            let arguments = ["inspect", plugin.path, "--policy", plugin.file("policy.yaml"), "--format", "json"]
            let report = try await inspected(arguments, status: 0)
            #expect(report.decision?.grants.map(\.id) == ["proxy-wasm"])
            #expect(report.decision?.grants.map(\.summary) == ["proxy_log"])
            #expect(
                report.decision?.notes == [
                    "of 'proxy-wasm' the module imports proxy_set_property, clock_time_get, which were not granted and refuse when called"
                ])
            let refused = try await inspected(arguments + ["--manifest", plugin.file("m.yaml")], status: 1)
            #expect(
                refused.refusals.map(\.message) == [
                    "the wish for the capability 'proxy-wasm' is refused: it asks for setProperties, and the policy gives log"
                ])
        }
    }

    @Test("A manifest with a mistake is a reason to refuse the plugin")
    func badManifest() async throws {
        try await withPlugin(wat: Self.plugin, ["plugin.yaml": "name: &a b\nversion: *a", "m.yaml": "name: a"]) {
            plugin in
            let report = try await inspected(["inspect", plugin.path, "--format", "json"], status: 1)
            #expect(report.refusals.map(\.code) == ["manifest"])
            #expect(
                report.refusals.first?.message.contains("plugin.yaml:2:10: anchors and aliases are not accepted")
                    == true)
            let other = try await inspected(
                ["inspect", plugin.path, "--format", "json", "--manifest", plugin.file("m.yaml")], status: 0)
            #expect(other.manifest?.name == "a")
        }
    }

    @Test("Names in a hostile module cannot write to the terminal")
    func escaping() async throws {
        let module = #"""
            (module
              (import "\1b]0;x\07" "\e2\80\ae" (func))
              (func (export "a\1b[2J\0ab")))
            """#
        try await withPlugin(wat: module, [:]) { plugin in
            let result = try await airlock(["inspect", plugin.path])
            #expect(!result.output.contains("\u{1B}"))
            #expect(!result.output.contains("\u{202E}"))
        }
    }

    @Test("What cannot be read, and wrong usage, end with 2 and a message")
    func unreadable() async throws {
        try await withPlugin(wat: Self.plugin, ["policy.yaml": "limit: 3"]) { plugin in
            for (arguments, message) in [
                (["inspect", plugin.file("none.wasm")], "none.wasm"),
                (["inspect", plugin.folder], "not a regular file"),
                (["inspect", plugin.path, "--policy", plugin.file("none.yaml")], "but there is no file"),
                (
                    ["inspect", plugin.path, "--policy", plugin.file("policy.yaml")],
                    "policy.yaml:1:1: limit is not a known key"
                ),
                (["inspect"], "Missing expected argument"),
                (["inspect", plugin.path, "--format", "xml"], "xml"),
                (["explode"], "explode"),
            ] {
                let result = try await airlock(arguments)
                #expect(result.status == 2)
                #expect(result.output == "")
                #expect(result.errors.contains(message), "\(result.errors)")
            }
            #expect(try await airlock(["inspect", "--help"]).status == 0)
        }
    }
}
