import Airlock
import AirlockProxyWasm
import AirlockTesting
import Testing

@Suite("Shared queues", .timeLimit(.minutes(1)))
struct QueueTests {
    /// Registers the queue `work` and says what comes out of it: one item each time that it is told.
    private static let worker = """
        (func (export "proxy_on_configure") (param i32 i32) (result i32)
          (i32.eqz (call $register_shared_queue @"work" (i32.const 24))))
        (func (export "proxy_on_queue_ready") (param $root i32) (param $queue i32)
          (if (i32.ne (local.get $queue) (i32.load (i32.const 24))) (then (call $say @"another queue")))
          (call $say @"told")
          (if (call $dequeue_shared_queue (local.get $queue) @result)
            (then (call $say @"empty"))
            (else
              (if (i32.eq (i32.load8_u (i32.load (i32.const 16))) (i32.const 33)) (then unreachable))
              (call $show))))
        """

    /// Runs `body` for each request.
    private static func onRequest(_ body: String) -> String {
        """
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) \(body) (i32.const 0))
        """
    }

    /// Finds the queue `work` of the VM identifier `jobs` and puts an item into it: the request's header `item`.
    private static let sending = onRequest(
        """
        (call $note (i32.const 102) (call $resolve_shared_queue @"jobs" @"work" (i32.const 24)))
        (drop (call $get_header_map_value (i32.const 0) @"item" @result))
        (call $note (i32.const 112)
          (call $enqueue_shared_queue (i32.load (i32.const 24)) (i32.load (i32.const 16)) (i32.load (i32.const 20))))
        """)

    private func send(_ items: String..., by sender: ProxyWasmFilter, _ filters: Filters) async {
        for item in items {
            let stream = await filters.stream(sender)
            var headers = getRequest
            headers["item"] = item
            _ = await stream.requestHeaders(headers, endOfStream: true)
            await stream.finish()
        }
    }

    @Test("Who registered a queue is told of each item, after the event that put it there, and takes them in order")
    func order() async throws {
        let put = """
            (call $note (i32.const 112) (call $enqueue_shared_queue (i32.load (i32.const 24)) @"one"))
            (call $note (i32.const 112) (call $enqueue_shared_queue (i32.load (i32.const 24)) @"two"))
            (call $say @"put")
            """
        try await withFilters { filters in
            let filter = try await filters.load(Guest.wat(Self.worker + Self.onRequest(put)))
            await send("", by: filter, filters)
            await filters.log.wait(for: "two")
            #expect(filters.log.messages == ["p=0", "p=0", "put", "told", "one", "told", "two"])
        }
    }

    @Test("While the filter that registered a queue last is not run, the one before it is told")
    func passedOn() async throws {
        let failing = Self.onRequest(
            "(if (i32.eqz (call $get_header_map_value (i32.const 0) @\"fail\" @result)) (then unreachable))")
        try await withFilters { filters in
            let sender = try await filters.load(Guest.wat(Self.sending), name: "sender") { $0.vmID = "web" }
            _ = try await filters.load(Guest.wat(Self.worker), name: "first") { $0.vmID = "jobs" }
            let last = try await filters.load(Guest.wat(Self.worker + failing), name: "last") {
                $0.vmID = "jobs"
                $0.quarantine = QuarantinePolicy(failures: 1)
            }
            let stream = await filters.stream(last)
            _ = await stream.requestHeaders(failingRequest, endOfStream: true)
            await stream.finish()
            #expect(last.isQuarantined)
            await send("one", "two", by: sender, filters)
            await filters.log.wait(for: "two")
            #expect(filters.log.guestLines.filter { $0.message == "told" }.map(\.filter) == ["first", "first"])
        }
    }

    @Test("Filters of another VM identifier find a queue by both names, and each item comes out once")
    func acrossIdentifiers() async throws {
        try await withFilters(workers: 2) { filters in
            let sender = try await filters.load(Guest.wat(Self.sending), name: "sender") { $0.vmID = "web" }
            _ = try await filters.load(Guest.wat(Self.worker), name: "worker") { $0.vmID = "jobs" }
            await withTaskGroup(of: Void.self) { group in
                for item in 0..<40 { group.addTask { await send("item \(item)", by: sender, filters) } }
            }
            await filters.log.wait(for: "told", count: 40)
            for item in 0..<40 { await filters.log.wait(for: "item \(item)") }
            #expect(filters.log.messages.count { $0.hasPrefix("item") } == 40)
            #expect(!filters.log.messages.contains("empty"))
            #expect(filters.log.messages.count { $0 == "p=0" } == 40)
        }
    }

    @Test("Who registered last is told; when it is gone, the one before it")
    func lastOne() async throws {
        try await withFilters { filters in
            let sender = try await filters.load(Guest.wat(Self.sending), name: "sender")
            _ = try await filters.load(Guest.wat(Self.worker), name: "first") { $0.vmID = "jobs" }
            // Otherwise the two would share a virtual machine, and where they keep the queue's number.
            let last = try await filters.load(Guest.wat(Self.worker), name: "last") {
                $0.vmID = "jobs"
                $0.vmConfiguration = [1]
            }
            await send("a", by: sender, filters)
            await filters.log.wait(for: "a")
            await last.unload()
            await send("b", by: sender, filters)
            await filters.log.wait(for: "b")
            let lines = filters.log.guestLines.filter { ["a", "b"].contains($0.message) }
            #expect(lines.map(\.filter) == ["last", "first"])
        }
    }

    @Test("What comes while nobody is there is kept, and told to who registers the queue next")
    func kept() async throws {
        try await withFilters { filters in
            let sender = try await filters.load(Guest.wat(Self.sending), name: "sender")
            let first = try await filters.load(Guest.wat(Self.worker), name: "first") { $0.vmID = "jobs" }
            await first.unload()
            await send("a", "b", by: sender, filters)
            #expect(filters.log.messages == ["f=0", "p=0", "f=0", "p=0"])
            _ = try await filters.load(Guest.wat(Self.worker), name: "second") { $0.vmID = "jobs" }
            await filters.log.wait(for: "b")
            #expect(filters.log.messages.suffix(4) == ["told", "a", "told", "b"])
        }
    }

    @Test("A filter that fails on an item is told of the next one when its virtual machine was replaced")
    func failure() async throws {
        try await withFilters { filters in
            let sender = try await filters.load(Guest.wat(Self.sending), name: "sender")
            _ = try await filters.load(Guest.wat(Self.worker), name: "worker") { $0.vmID = "jobs" }
            await send("!", "next", by: sender, filters)
            await filters.log.wait(for: "next")
            #expect(filters.log.messages.suffix(2) == ["told", "next"])
        }
    }

    @Test("A filter whose quota is used up is not told, and the one before it is when it goes")
    func usedUp() async throws {
        let quota = try Quota("tenant", fuel: QuotaRate(1, per: .seconds(1_000), burst: 1_000_000))
        let spinning = Guest.wat(Self.onRequest("(loop $l (br $l))"))
        try await withFilters { filters in
            let sender = try await filters.load(Guest.wat(Self.sending), name: "sender")
            _ = try await filters.load(Guest.wat(Self.worker), name: "first") { $0.vmID = "jobs" }
            let last = try await filters.load(Guest.wat(Self.worker), name: "last") {
                $0.vmID = "jobs"
                $0.quota = quota
            }
            let spender = try await filters.load(spinning, name: "spender") {
                $0.quota = quota
                $0.limits.fuel = 2_000_000
            }
            await send("", by: spender, filters)
            await send("item", by: sender, filters)
            // Its turn has come once another event of the same loop is through.
            await send("item", by: sender, filters)
            await last.unload()
            await filters.log.wait(for: "item", count: 2)
            #expect(filters.log.guestLines.filter { $0.message == "item" }.allSatisfy { $0.filter == "first" })
        }
    }

    @Test("Queues that are not there, empty ones, and ones of others that nobody looked up answer so")
    func missing() async throws {
        let body = """
            (call $note (i32.const 102) (call $resolve_shared_queue @"" @"work" (i32.const 24)))
            (call $note (i32.const 102) (call $resolve_shared_queue @"jobs" @"play" (i32.const 24)))
            (call $note (i32.const 112) (call $enqueue_shared_queue (i32.const 1) @"x"))
            (call $note (i32.const 116) (call $dequeue_shared_queue (i32.const 1) @result))
            (call $note (i32.const 112) (call $enqueue_shared_queue (i32.const 0) @"x"))
            (call $note (i32.const 116) (call $dequeue_shared_queue (i32.const -1) @result))
            (call $note (i32.const 102) (call $resolve_shared_queue @"jobs" @"work" (i32.const 24)))
            (call $note (i32.const 113) (i32.load (i32.const 24)))
            (call $note (i32.const 116) (call $dequeue_shared_queue (i32.load (i32.const 24)) @result))
            (call $note (i32.const 102) (call $resolve_shared_queue @"jobs" @"work" (i32.const -1)))
            (call $note (i32.const 114) (call $register_shared_queue (i32.const -8) (i32.const 16) (i32.const 24)))
            """
        try await withFilters { filters in
            _ = try await filters.load(Guest.wat(Self.worker), name: "worker") { $0.vmID = "jobs" }
            let filter = try await filters.load(Guest.wat(Self.onRequest(body)), name: "other")
            await send("", by: filter, filters)
            #expect(
                filters.log.messages == [
                    "f=1", "f=1", "p=1", "t=1", "p=1", "t=1", "f=0", "q=1", "t=7", "f=6", "r=6",
                ])
        }
    }

    @Test("Queues are bounded in items, bytes, number and names")
    func bounds() async throws {
        let limits = ProxyWasmRuntimeLimits(sharedQueues: SharedQueueLimits(items: 2, bytes: 10, queues: 2))
        func register(_ name: String) -> String {
            "(call $note (i32.const 114) (call $register_shared_queue \(name) (i32.const 24)))"
        }
        func put(_ count: Int) -> String {
            "(call $note (i32.const 112) (call $enqueue_shared_queue (i32.load (i32.const 24)) (i32.const 0) (i32.const \(count))))"
        }
        let take = "(call $note (i32.const 116) (call $dequeue_shared_queue (i32.load (i32.const 24)) @result))"
        let body = """
            \(register("(i32.const 0) (i32.const 1025)"))
            \(register(#"@"a""#)) \(register(#"@"a""#)) \(register(#"@"b""#)) \(register(#"@"c""#))
            \(put(11)) \(put(10)) \(put(1)) \(take) \(put(0)) \(put(9)) \(put(0)) \(take) \(take) \(take)
            """
        try await withFilters(limits: limits) { filters in
            let filter = try await filters.load(Guest.wat(Self.onRequest(body)))
            await send("", by: filter, filters)
            #expect(
                filters.log.messages == [
                    "r=2", "r=0", "r=0", "r=0", "r=10",
                    "p=10", "p=0", "p=10", "t=0", "p=0", "p=0", "p=10", "t=0", "t=0", "t=7",
                ])
        }
    }

    @Test("A filter that puts items into its own queue without end does not keep its loop from others")
    func endless() async throws {
        let endless = """
            (func (export "proxy_on_configure") (param i32 i32) (result i32)
              (drop (call $register_shared_queue @"work" (i32.const 24)))
              (i32.eqz (call $enqueue_shared_queue (i32.load (i32.const 24)) @"x")))
            (func (export "proxy_on_queue_ready") (param i32 i32)
              (drop (call $dequeue_shared_queue (local.get 1) @result))
              (drop (call $enqueue_shared_queue (local.get 1) @"x")))
            """
        try await withFilters { filters in
            _ = try await filters.load(Guest.wat(endless), name: "endless")
            let other = try await filters.load(Guest.passing, name: "other")
            for _ in 0..<10 {
                let stream = await filters.stream(other)
                #expect(await stream.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
                await stream.finish()
            }
        }
    }
}
