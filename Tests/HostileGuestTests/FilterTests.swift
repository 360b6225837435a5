import Airlock
import AirlockProxyWasm
import AirlockTesting
import Logging
import Testing
import Wasmtime

@Suite("Hostile: Proxy-Wasm filters", .hostile)
struct FilterTests {
    @Test(
        "A configuration callback that never ends refuses the filter, by fuel and by deadline",
        arguments: ["fuel", "deadline"])
    func configuration(code: String) async {
        await #expect(processExitsWith: .success) { [code] in
            // A repetition compiles a module.
            try await withstand(repetitions: 200, .hostile(engine: .quickCompiling)) { host in
                let runtime = ProxyWasmRuntime(host: host, logger: .dropping)
                return {
                    let error = try await #require(throws: PluginError.self) {
                        try await runtime.load(
                            filter(
                                "(func (export \"proxy_on_configure\") (param i32 i32) (result i32) (loop br 0) (i32.const 1))"
                            ) {
                                $0.limits = code == "fuel" ? .scarceFuel() : .shortDeadline()
                            })
                    }
                    try #require(error.code.description == code && error.plugin == "hostile", "\(error)")
                }
            }
        }
    }

    @Test(
        "A tick that never ends ends its machine each time, and others are served between",
        arguments: ["fuel", "deadline"])
    func tick(code: String) async {
        await #expect(processExitsWith: .success) { [code] in
            // A repetition waits for a tick, of which there is one in a millisecond.
            try await withstand(repetitions: 100) { host in
                let runtime = ProxyWasmRuntime(host: host, logger: .dropping)
                let hostile = try await patiently {
                    try await runtime.load(
                        filter(
                            """
                            (func (export "proxy_on_configure") (param i32 i32) (result i32)
                              (drop (call $tick (i32.const 1))) (i32.const 1))
                            (func (export "proxy_on_tick") (param i32) (loop br 0))
                            """
                        ) {
                            $0.limits = code == "fuel" ? .scarceFuel() : .shortDeadline()
                            // The waits of the other policies would double up to half a minute.
                            $0.failurePolicy = .reload(
                                backoff: ReloadBackoff(initial: .milliseconds(1), maximum: .milliseconds(1)))
                        })
                }
                return {
                    let before = await hostile.status().failures
                    while await hostile.status().failures <= before { await Task.yield() }
                    let error = try #require(await hostile.status().lastFailure)
                    try #require(error.code.description == code, "\(error)")
                }
            }
        }
    }

    @Test(
        "A callback that never ends costs its request, and the next one is served by a new machine",
        arguments: [false, true])
    func request(isOpen: Bool) async {
        await #expect(processExitsWith: .success) { [isOpen] in
            try await withstand(repetitions: 300) { host in
                let runtime = ProxyWasmRuntime(host: host, logger: .dropping)
                let hostile = try await runtime.load(
                    filter(onRequest("(if (local.get $end) (then (loop br 0)))")) {
                        $0.limits = .scarceFuel()
                        $0.failurePolicy = isOpen ? .open : .closed
                    })
                let chain = HTTPFilterChain([hostile], runtime: runtime)
                return {
                    let stream = await chain.openStream(StreamAttributes())
                    let outcome = await stream.requestHeaders(postRequest, endOfStream: true)
                    switch outcome {
                    case .forward(let headers): try #require(isOpen && headers == postRequest)
                    case .localReply(let reply): try #require(!isOpen && reply.status == 503)
                    }
                    try #require(await stream.finish().filters.first?.failure?.code == .fuel)
                    let next = await chain.openStream(StreamAttributes())
                    guard case .forward = await next.requestHeaders(postRequest, endOfStream: false) else {
                        throw Unexpected()
                    }
                    try #require(await next.finish().filters.first?.failure == nil)
                }
            }
        }
    }

    @Test("An allocator that answers with a hostile offset gets no byte written")
    func allocator() async {
        await #expect(processExitsWith: .success) {
            try await withstand { host in
                let runtime = ProxyWasmRuntime(host: host, logger: .dropping)
                var chains: [(Int32, HTTPFilterChain)] = []
                for pointer: Int32 in [-1, -8, 65_535, 65_536, .min, 0] {
                    // 6 is the status for an invalid memory access; anything else traps.
                    let hostile = try await runtime.load(
                        filter(
                            onRequest(
                                """
                                (if (i32.ne (i32.const 6) (call $pairs (i32.const 0) (i32.const 16) (i32.const 20))) (then unreachable))
                                """), allocator: "(i32.const \(pointer))"))
                    chains.append((pointer, HTTPFilterChain([hostile], runtime: runtime)))
                }
                return taking(chains) { _, chain in
                    let stream = await chain.openStream(StreamAttributes())
                    guard case .forward(let headers) = await stream.requestHeaders(postRequest, endOfStream: true)
                    else { throw Unexpected() }
                    try #require(headers == postRequest)
                    try #require(await stream.finish().filters.first?.failure == nil)
                }
            }
        }
    }

    @Test("An allocator that never ends, grows, calls back or calls itself ends its machine")
    func allocatorFailure() async {
        await #expect(processExitsWith: .success) {
            let bodies: [(String, UInt64, PluginError.Code)] = [
                ("(loop br 0) (i32.const 8)", 50_000, .fuel),
                ("(loop (drop (memory.grow (i32.const 1))) br 0) (i32.const 8)", 50_000, .fuel),
                ("(loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable", 50_000, .memory),
                ("(call $pairs (i32.const 0) (i32.const 16) (i32.const 20))", 50_000, .abiViolation),
                // Enough fuel for the whole stack.
                ("(call $malloc (local.get 0))", 1_000_000, .trap),
            ]
            // A repetition ends a machine and makes another.
            try await withstand(repetitions: 500) { host in
                let runtime = ProxyWasmRuntime(host: host, logger: .dropping)
                var chains: [(PluginError.Code, HTTPFilterChain)] = []
                for (body, fuel, code) in bodies {
                    let hostile = try await runtime.load(
                        filter(
                            onRequest("(drop (call $pairs (i32.const 0) (i32.const 16) (i32.const 20)))"),
                            allocator: body
                        ) {
                            $0.limits = .scarceFuel(fuel)
                        })
                    chains.append((code, HTTPFilterChain([hostile], runtime: runtime)))
                }
                return taking(chains) { code, chain in
                    let stream = await chain.openStream(StreamAttributes())
                    guard case .localReply(let reply) = await stream.requestHeaders(postRequest, endOfStream: true)
                    else { throw Unexpected() }
                    try #require(reply.status == 503)
                    let error = try #require(await stream.finish().filters.first?.failure)
                    try #require(error.code == code, "\(error)")
                }
            }
        }
    }

    @Test("Floods of headers, body, shared data, metrics, properties and log lines end at their limits")
    func floods() async {
        await #expect(processExitsWith: .success) {
            // Where little is handed out, the guest goes on until its fuel ends.
            let calls: [(String, PluginError.Code)] = [
                ("(call $header (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 0) (i32.const 4096))", .output),
                (
                    "(call $body (i32.const 0) (i32.const 0x7fffffff) (i32.const 0) (i32.const 0) (i32.const 32768))",
                    .output
                ),
                ("(call $body (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 32768))", .output),
                ("(call $share (i32.const 0) (i32.const 64) (i32.const 0) (i32.const 32768) (i32.const 0))", .output),
                ("(call $metric (i32.const 0) (i32.const 0) (i32.const 64) (i32.const 128))", .fuel),
                ("(call $property (i32.const 0) (i32.const 64) (i32.const 0) (i32.const 32768))", .output),
                ("(call $log (i32.const 2) (i32.const 0) (i32.const 32768))", .output),
            ]
            // A repetition makes thousands of host calls or hands out a megabyte.
            try await withstand(repetitions: 60, warmUp: 6) { host in
                let runtime = ProxyWasmRuntime(host: host, logger: .dropping)
                var chains: [(String, PluginError.Code, HTTPFilterChain)] = []
                for (call, code) in calls {
                    // Each round has another text at address 0.
                    let hostile = try await runtime.load(
                        filter(
                            """
                            (func (export "proxy_on_request_body") (param $id i32) (param $size i32) (param $end i32) (result i32)
                              (loop
                                (i64.store (i32.const 0) (i64.add (i64.const 0x0101010101010101) (i64.load (i32.const 0))))
                                (drop \(call))
                                (br 0))
                              (i32.const 0))
                            """
                        ) {
                            $0.limits.deadline = .seconds(60)
                            $0.limits.fuel = 50_000
                            $0.limits.outputBytes = 1 << 20
                        })
                    chains.append((call, code, HTTPFilterChain([hostile], runtime: runtime)))
                }
                return taking(chains) { _, code, chain in
                    let stream = await chain.openStream(StreamAttributes())
                    _ = await stream.requestHeaders(postRequest, endOfStream: false)
                    _ = await stream.requestBody([1, 2, 3], endOfStream: true)
                    let error = try #require(await stream.finish().filters.first?.failure)
                    try #require(error.code == code, "\(error)")
                }
            }
        }
    }
}

private struct Unexpected: Error {}

private let postRequest: HeaderMap = [":authority": "example.test", ":path": "/", ":method": "POST", ":scheme": "http"]

private func onRequest(_ body: String) -> String {
    """
    (func (export "proxy_on_request_headers") (param $id i32) (param $count i32) (param $end i32) (result i32)
      \(body) (i32.const 0))
    """
}

/// A filter of the ABI with one page of memory, an allocator, and the body given.
private func filter(
    _ body: String, allocator: String = "(i32.const 4096)", _ change: (inout FilterConfiguration) -> Void = { _ in }
) -> FilterConfiguration {
    let text = """
        (module
          (import "env" "proxy_set_tick_period_milliseconds" (func $tick (param i32) (result i32)))
          (import "env" "proxy_get_header_map_pairs" (func $pairs (param i32 i32 i32) (result i32)))
          (import "env" "proxy_add_header_map_value" (func $header (param i32 i32 i32 i32 i32) (result i32)))
          (import "env" "proxy_set_buffer_bytes" (func $body (param i32 i32 i32 i32 i32) (result i32)))
          (import "env" "proxy_set_shared_data" (func $share (param i32 i32 i32 i32 i32) (result i32)))
          (import "env" "proxy_define_metric" (func $metric (param i32 i32 i32 i32) (result i32)))
          (import "env" "proxy_set_property" (func $property (param i32 i32 i32 i32) (result i32)))
          (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (func (export "proxy_abi_version_0_2_1"))
          (func $malloc (export "malloc") (param i32) (result i32) \(allocator))
          \(body))
        """
    var configuration = FilterConfiguration(name: "hostile", source: .wat(text))
    configuration.configuration = Array("some configuration".utf8)
    configuration.limits = .patient
    change(&configuration)
    return configuration
}
