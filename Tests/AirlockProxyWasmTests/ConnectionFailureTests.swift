import Airlock
import AirlockProxyWasm
import Testing

@Suite("Connections whose filters fail")
struct ConnectionFailureTests {
    /// Traps when a client sends "!", and holds everything else back.
    private let trapping = Guest.onDownstreamData(
        """
        (drop (call $get_buffer_bytes (i32.const 2) (i32.const 0) (i32.const 1) @result))
        (if (i32.eq (i32.load8_u (i32.load (i32.const 16))) (i32.const 33)) (then (unreachable)))
        (i32.const 1)
        """)

    @Test("A trap with ten open connections: each follows its own filter's policy")
    func policies() async throws {
        try await withFilters { filters in
            // The same module and settings: they share the virtual machine.
            let closed = try await filters.load(trapping, name: "closed")
            let open = try await filters.load(trapping, name: "open") { $0.failurePolicy = .open }
            var connections: [TCPFilterStream] = []
            for index in 0..<10 {
                let connection = try await filters.connection(index.isMultiple(of: 2) ? closed : open)
                try await connection.downstream.send("held \(index)")
                connections.append(connection)
            }
            let last = try await filters.connection(open)
            try await last.downstream.send("!")
            for (index, connection) in connections.enumerated() {
                if index.isMultiple(of: 2) {
                    #expect(await connection.downstream.closure()?.details == "filter_failed")
                } else {
                    #expect(try await connection.downstream.next() == "held \(index)")
                    try await connection.downstream.send("more")
                    #expect(try await connection.downstream.next() == "more")
                }
            }
            #expect(try await last.downstream.next() == "!")
            for connection in connections + [last] { await connection.finish() }
            let next = try await filters.connection(closed)
            try await next.downstream.send("x")
            await next.finish()
        }
    }

    @Test("A filter that fails before the connection has begun follows its policy, too")
    func atBegin() async throws {
        try await withFilters { filters in
            let source = Guest.wat(#"(func (export "proxy_on_new_connection") (param i32) (result i32) (unreachable))"#)
            let closed = await filters.open(try await filters.load(source, name: "closed"))
            #expect(await closed.refusal()?.details == "filter_failed")
            #expect(await closed.finish().filters.first?.failure?.code == .trap)
            let open = try await filters.load(source, name: "open") { $0.failurePolicy = .open }
            let connection = try await filters.connection(open)
            try await connection.downstream.send("x")
            #expect(try await connection.downstream.next() == "x")
            await connection.finish()
        }
    }

    @Test("An endless loop is cut, and other connections go on")
    func endlessLoop() async throws {
        try await withFilters { filters in
            let looping = try await filters.load(
                Guest.onDownstreamData("(loop $on (br $on)) (i32.const 0)"), name: "looping"
            ) { $0.limits.deadline = .milliseconds(20) }
            let passing = try await filters.load(Guest.onDownstreamData("(i32.const 0)"), name: "passing")
            let other = try await filters.connection(passing)
            let stuck = try await filters.connection(looping)
            try? await stuck.downstream.send("x")
            #expect(await stuck.downstream.closure()?.details == "filter_failed")
            try await other.downstream.send("y")
            #expect(try await other.downstream.next() == "y")
            await stuck.finish()
            await other.finish()
        }
    }

    @Test("A connection does without an unloaded filter where its policy says so, and is refused otherwise")
    func unloaded() async throws {
        try await withFilters { filters in
            let closed = try await filters.load(trapping, name: "closed")
            let open = try await filters.load(trapping, name: "open") { $0.failurePolicy = .open }
            await closed.unload()
            await open.unload()
            #expect(await filters.open(closed).refusal()?.details == "filter_unloaded")
            #expect(await filters.open(open).refusal() == nil)
        }
    }

    @Test(
        "A version that was replaced serves its connections until they end, and they are ended after the drain's deadline"
    )
    func reloaded() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(Guest.onDownstreamData("(call $say @\"old\") (i32.const 0)")) {
                $0.reload = ReloadPolicy(drainDeadline: .milliseconds(20))
            }
            let connection = try await filters.connection(filter)
            try await filter.reload(from: Guest.onDownstreamData("(call $say @\"new\") (i32.const 0)"))
            #expect(await connection.upstream.closure()?.details == "drain_deadline")
            let next = try await filters.connection(filter)
            try await next.downstream.send("x")
            #expect(filters.log.messages == ["new"])
            await connection.finish()
            await next.finish()
        }
    }

    @Test("What is not granted is refused to filters of connections as well")
    func grants() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.onDownstreamData(
                    """
                    (call $note (i32.const 103) (call $get_buffer_bytes (i32.const 2) (i32.const 0) (i32.const 1) @result))
                    (call $note (i32.const 119) (call $set_buffer_bytes (i32.const 2) (i32.const 0) (i32.const 0) @"x"))
                    (call $note (i32.const 120) (call $close_stream (i32.const 2)))
                    (i32.const 0)
                    """)
            ) { $0.grants = [.log] }
            let connection = try await filters.connection(filter)
            try await connection.downstream.send("kept")
            #expect(try await connection.downstream.next() == "kept")
            #expect(filters.log.messages == ["g=10", "w=10", "x=10"])
            await connection.finish()
        }
    }

    @Test("One filter's connections are out of reach of another in the same virtual machine")
    func otherFilter() async throws {
        try await withFilters { filters in
            // Holds the first connection back; a filter with another name tries to close that from its own connection.
            let source = Guest.wat(
                """
                (global $first (mut i32) (i32.const 0))
                (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
                  (if (i32.eqz (global.get $first)) (then (global.set $first (local.get 0)) (return (i32.const 0))))
                  (call $note (i32.const 101) (call $set_effective_context (global.get $first)))
                  (i32.const 0))
                """)
            let victim = try await filters.connection(try await filters.load(source, name: "victim"))
            try await victim.downstream.send("a")
            let other = try await filters.connection(try await filters.load(source, name: "other"))
            try await other.downstream.send("b")
            #expect(filters.log.messages == ["e=2"])
            await victim.finish()
            await other.finish()
        }
    }
}
