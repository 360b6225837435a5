import Testing
import WorkerLoop

@Suite(.timeLimit(.minutes(2)))
struct ErrorTests {
    @Test(arguments: [0, -1, Int.min])
    func `a group of no loops is refused`(count: Int) {
        let error = #expect(throws: WorkerLoopError.self) { try WorkerLoopGroup(count: count, name: "none") }
        #expect(error?.code == .invalidArgument)
        #expect(
            error?.description == """
                worker loop "none": WorkerLoopGroup.init: expected a count of at least 1, got \(count)
                """)
    }

    @Test(arguments: [Duration.zero, .milliseconds(-1)])
    func `an interval of zero or less is refused`(interval: Duration) async throws {
        let loop = try WorkerLoop(name: "interval")
        let error = #expect(throws: WorkerLoopError.self) { try loop.schedule(after: .zero, repeating: interval) {} }
        #expect(error?.code == .invalidArgument)
        #expect(error?.operation == "schedule")
        await loop.shutdown()
    }

    @Test(arguments: ["", "plugin\0.wasm"])
    func `a path that cannot be one is refused`(path: String) async throws {
        let loop = try WorkerLoop(name: "path")
        let error = #expect(throws: WorkerLoopError.self) { try loop.watch(path) {} }
        #expect(error?.code == .invalidArgument)
        #expect(error?.reason == "expected a path, got \(path.debugDescription)")
        await loop.shutdown()
    }

    @Test func `a debounce below zero is refused`() async throws {
        let loop = try WorkerLoop(name: "debounce")
        let error = #expect(throws: WorkerLoopError.self) { try loop.watch("/", debounce: .nanoseconds(-1)) {} }
        #expect(error?.code == .invalidArgument)
        await loop.shutdown()
    }

    @Test func `after shutdown timers and watches are refused`() async throws {
        let loop = try WorkerLoop(name: "ended")
        await loop.shutdown()
        #expect(throws: WorkerLoopError.self) { try loop.watch("/") {} }
        let error = #expect(throws: WorkerLoopError.self) { try loop.schedule(after: .zero) {} }
        #expect(error?.code == .shutDown)
        #expect(error?.description == "worker loop \"ended\": schedule: the loop's shutdown has begun")
    }
}
