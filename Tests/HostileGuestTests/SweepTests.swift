@testable import AirlockProxyWasm
import Airlock
import AirlockCapabilities
import AirlockHTTP
import AirlockTesting
import Logging
import TestSupport
import Testing
import Wasmtime

@Suite("Hostile: every host function of every ABI", .hostile)
struct SweepTests {
    @Test("No function of Proxy-Wasm is harmed by hostile arguments, and the filter goes on")
    func proxyWasm() async {
        await #expect(processExitsWith: .success) {
            let sweep = Sweep([ProxyWasmABI.self])
            try #require(sweep.functions.count > 100)
            let calls = sweep.functions.indices.flatMap { index in
                Sweep.calls(of: sweep.functions[index]).map {
                    "(call $call\(index) (i32.const \($0.position)) (i32.const \($0.value)) (i32.const \($0.other)))"
                }
            }
            // As many calls as a function may have, for some functions.
            let parts = stride(from: 0, to: calls.count, by: 1_000).map { calls[$0..<min(calls.count, $0 + 1_000)] }
            let text = """
                (module
                  \(sweep.imports)
                  (memory (export "memory") 1)
                  (func (export "proxy_abi_version_0_2_1"))
                  (func (export "malloc") (param i32) (result i32) (i32.const 4096))
                  \(sweep.wrappers)
                  \(parts.enumerated().map { "(func $part\($0) \($1.joined(separator: "\n")))" }.joined(separator: "\n"))
                  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                    \(parts.indices.map { "(call $part\($0))" }.joined(separator: " ")) (i32.const 0)))
                """
            // A repetition makes some thousand calls.
            try await withstand(repetitions: 5, warmUp: 2) { host in
                // So little that the first repetitions fill it: what is kept across streams would look like a leak.
                let runtime = ProxyWasmRuntime(
                    host: host,
                    limits: ProxyWasmRuntimeLimits(
                        sharedData: SharedDataLimits(bytes: 64 << 10, keys: 16), metricsPerVMID: 16),
                    logger: .dropping)
                var configuration = FilterConfiguration(name: "hostile", source: .wat(text))
                configuration.limits = .patient
                let filter = try await runtime.load(configuration)
                let chain = HTTPFilterChain([filter], runtime: runtime)
                return {
                    let stream = await chain.openStream(StreamAttributes())
                    _ = await stream.requestHeaders([":path": "/", ":method": "GET"], endOfStream: true)
                    let report = try #require(await stream.finish().filters.first)
                    try #require(report.failure == nil, "\(String(describing: report.failure))")
                    try #require(report.usage.hostCalls >= UInt64(calls.count))
                }
            }
        }
    }

    @Test("No function of a standard capability is harmed by hostile arguments")
    func standardCapabilities() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            let log = AirlockCapabilities.Logging(to: .dropping)
            let files = try FileAccess([try PreopenedFolder(folder.path, as: "/", access: .readWrite)])
            let environment = Environment(["NAME": "value"])
            let grants: [any Capability] = [
                log, AirlockCapabilities.Clock(), Randomness(), environment, files,
                KeyValue(InMemoryKeyValueStore(), namespace: KeyValueNamespace("hostile")),
                Events(EventTopics(), publishing: ["*"]), HTTPEgress(HTTPEgressClient(), rules: []),
                WASI(
                    arguments: ["a"], environment: environment, clock: AirlockCapabilities.Clock(),
                    randomness: Randomness(), log: log, files: files),
            ]
            let sweep = Sweep(grants.map { type(of: $0) })
            try #require(sweep.functions.count > 50)
            let text = "(module \(sweep.imports) (memory (export \"memory\") 1) \(sweep.wrappers))"
            try await withstand { host in
                var limits = PluginLimits.patient
                limits.callsPerInstance = 1
                let plugin = try await host.loadSuspendable(
                    .wat(text), name: "hostile", granting: grants, limits: limits)
                let calls = try sweep.functions.indices.flatMap { index in
                    let function = try plugin.function("call\(index)", taking: Int32.self, Int32.self, Int32.self)
                    return Sweep.calls(of: sweep.functions[index]).map { (function, $0) }
                }
                return taking(calls) { (function, arguments) in
                    do throws(PluginError) {
                        try await plugin.call(function, arguments.position, arguments.value, arguments.other)
                    } catch {
                        let codes: [PluginError.Code] = [
                            .badArgument, .denied, .hostError, .abiViolation, .output, .exit,
                        ]
                        try #require(codes.contains(error.code), "\(function.name) \(arguments): \(error)")
                    }
                }
            }
        }
    }
}
