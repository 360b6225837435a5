import Airlock
import AirlockProxyWasm
import Testing

@Suite("Shared data")
struct SharedDataTests {
    /// A filter that runs `body` for each request; the last result of a get is at 16, 20 and 24.
    private func onRequest(_ body: String) -> PluginSource {
        Guest.wat(
            """
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) \(body) (i32.const 0))
            """)
    }

    private let get = #"(call $note (i32.const 103) (call $get_shared_data @"key" @result (i32.const 24)))"#

    @Test("A value is missing until it is set, and its number changes with each change")
    func numbers() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                onRequest(
                    """
                    \(get)
                    (call $note (i32.const 115) (call $set_shared_data @"key" @"one" (i32.const 0)))
                    \(get) (call $show) (i32.store (i32.const 40) (i32.load (i32.const 24)))
                    (call $note (i32.const 115) (call $set_shared_data @"key" @"two" (i32.load (i32.const 40))))
                    (call $note (i32.const 115) (call $set_shared_data @"key" @"three" (i32.load (i32.const 40))))
                    (call $note (i32.const 115) (call $set_shared_data @"new" @"made" (i32.const 77)))
                    \(get) (call $show)
                    """))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            #expect(filters.log.messages == ["g=1", "s=0", "g=0", "one", "s=0", "s=8", "s=0", "g=0", "two"])
            await stream.finish()
        }
    }

    @Test("Machines with the same identifier share values, others do not")
    func scope() async throws {
        try await withFilters(workers: 2) { filters in
            let setter = try await filters.load(
                onRequest(#"(drop (call $set_shared_data @"key" @"shared" (i32.const 0)))"#)
            ) {
                $0.vmID = "a"
            }
            let same = try await filters.load(onRequest(get + "(call $show)"), name: "same") { $0.vmID = "a" }
            let other = try await filters.load(onRequest(get), name: "other") { $0.vmID = "b" }
            for filter in [setter, same, other] {
                let stream = await filters.stream(filter)
                _ = await stream.requestHeaders(getRequest, endOfStream: true)
                await stream.finish()
            }
            #expect(filters.log.messages == ["g=0", "shared", "g=1"])
        }
    }

    @Test("Two machines that count with compare-and-swap lose no step")
    func counter() async throws {
        try await withFilters(workers: 2) { filters in
            let counting = onRequest(
                """
                (loop $again
                  (if (i32.eqz (call $get_shared_data @"n" @result (i32.const 24)))
                    (then (i32.store (i32.const 32) (i32.load (i32.load (i32.const 16)))))
                    (else (i32.store (i32.const 32) (i32.const 0)) (i32.store (i32.const 24) (i32.const 0))))
                  (i32.store (i32.const 32) (i32.add (i32.load (i32.const 32)) (i32.const 1)))
                  (br_if $again (call $set_shared_data @"n" (i32.const 32) (i32.const 4) (i32.load (i32.const 24)))))
                """)
            let filter = try await filters.load(counting)
            let reader = try await filters.load(
                onRequest(
                    """
                    (drop (call $get_shared_data @"n" @result (i32.const 24)))
                    (call $note (i32.const 110) (i32.load (i32.load (i32.const 16))))
                    """), name: "reader")
            // One request makes the value, so that every later step compares.
            let first = await filters.stream(filter)
            _ = await first.requestHeaders(getRequest, endOfStream: true)
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<100 {
                    group.addTask {
                        let stream = await filters.stream(filter)
                        _ = await stream.requestHeaders(getRequest, endOfStream: true)
                        await stream.finish()
                    }
                }
            }
            await first.finish()
            let last = await filters.stream(reader)
            _ = await last.requestHeaders(getRequest, endOfStream: true)
            #expect(filters.log.messages == ["n=101"])
            await last.finish()
        }
    }

    @Test("Values outlive a new version of the filter")
    func reload() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                onRequest(#"(drop (call $set_shared_data @"key" @"kept" (i32.const 0)))"#))
            let first = await filters.stream(filter)
            _ = await first.requestHeaders(getRequest, endOfStream: true)
            await first.finish()
            try await filter.reload(from: onRequest(get + "(call $show)"))
            let second = await filters.stream(filter)
            _ = await second.requestHeaders(getRequest, endOfStream: true)
            await second.finish()
            #expect(filters.log.messages == ["g=0", "kept"])
        }
    }

    @Test("What is stored is bounded in bytes and keys")
    func bounds() async throws {
        let limits = ProxyWasmRuntimeLimits(sharedData: SharedDataLimits(bytes: 100, keys: 2))
        try await withFilters(limits: limits) { filters in
            let filter = try await filters.load(
                onRequest(
                    """
                    (call $note (i32.const 115) (call $set_shared_data @"a" (i32.const 0) (i32.const 101) (i32.const 0)))
                    (call $note (i32.const 115) (call $set_shared_data @"a" (i32.const 0) (i32.const 90) (i32.const 0)))
                    (call $note (i32.const 115) (call $set_shared_data @"b" (i32.const 0) (i32.const 20) (i32.const 0)))
                    (call $note (i32.const 115) (call $set_shared_data @"b" (i32.const 0) (i32.const 1) (i32.const 0)))
                    (call $note (i32.const 115) (call $set_shared_data @"c" (i32.const 0) (i32.const 1) (i32.const 0)))
                    (call $note (i32.const 115) (call $set_shared_data @"a" (i32.const 0) (i32.const 1) (i32.const 0)))
                    (call $note (i32.const 115) (call $set_shared_data @"b" (i32.const 0) (i32.const 90) (i32.const 0)))
                    """))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            #expect(filters.log.messages == ["s=2", "s=0", "s=10", "s=0", "s=10", "s=0", "s=0"])
            await stream.finish()
        }
    }
}
