import Synchronization
import Testing
import WorkerLoop

/// A loop whose thread another one uses as well.
private final class LendingLoop: HostEventLoop {
    let loop: WorkerLoop
    private let timers = Mutex<[LoopTimer]>([])

    init() throws { loop = try WorkerLoop(name: "lender") }

    func execute(_ work: @escaping @Sendable () -> Void) { loop.submit(work) }

    func schedule(after delay: Duration, _ work: @escaping @Sendable () -> Void) {
        guard let timer = try? loop.schedule(after: delay, work) else { return }
        timers.withLock { $0.append(timer) }
    }
}

@Suite(.timeLimit(.minutes(2)))
struct EmbeddedLoopTests {
    private func withLoops(_ body: (_ lender: WorkerLoop, _ loop: WorkerLoop) async throws -> Void) async throws {
        let lender = try LendingLoop()
        let loop = try WorkerLoop(name: "embedded", embeddedIn: lender)
        try await body(lender.loop, loop)
        await loop.shutdown()
        await lender.loop.shutdown()
    }

    @Test func `actors, tasks and closures run on the thread of the loop that lends it`() async throws {
        try await withLoops { lender, loop in
            let probe = LoopActor(loop: loop)
            #expect(await probe.isOnLoop())
            #expect(await withTaskExecutorPreference(loop.taskExecutor) { await isOn(lender) })
            #expect(await loop.result { lender.isCurrent && loop.isCurrent } == true)
            #expect(await lender.result { loop.isCurrent } == true)
            #expect(!loop.isCurrent)
        }
    }

    @Test func `an actor is isolated on the thread, also while the other loop has its turn`() async throws {
        try await withLoops { lender, loop in
            let probe = LoopActor(loop: loop)
            let count = await lender.result {
                probe.assumeIsolated { $0.count += 1 }
                return probe.assumeIsolated { $0.count }
            }
            #expect(count == 1)
            #expect(await probe.increment() == 2)
        }
    }

    @Test func `closures run in their order, from whatever thread they come`() async throws {
        try await withLoops { lender, loop in
            let order = Mutex<[Int]>([])
            for number in 0..<1_000 { loop.submit { order.withLock { $0.append(number) } } }
            _ = await lender.result {
                for number in 1_000..<2_000 { loop.submit { order.withLock { $0.append(number) } } }
            }
            _ = await loop.result {}
            #expect(order.withLock { $0 } == Array(0..<2_000))
        }
    }

    @Test func `a task that yields for ever lets the other loop have its turns`() async throws {
        try await withLoops { lender, loop in
            let task = Task(executorPreference: loop.taskExecutor) {
                while !Task.isCancelled { await Task.yield() }
            }
            for _ in 0..<100 { _ = await lender.result {} }
            task.cancel()
            await task.value
        }
    }

    @Test func `timers run in the order of their times, on the loop, and not before their time`() async throws {
        try await withLoops { _, loop in
            let runs = AsyncStream<(Int, Bool, ContinuousClock.Instant)>.makeStream()
            let start = ContinuousClock.now
            let timers = try [30, 10, 20].map { delay in
                try loop.schedule(after: .milliseconds(delay)) {
                    runs.continuation.yield((delay, loop.isCurrent, .now))
                    if delay == 30 { runs.continuation.finish() }
                }
            }
            var seen: [(Int, Bool, ContinuousClock.Instant)] = []
            for await run in runs.stream { seen.append(run) }
            #expect(seen.map(\.0) == [10, 20, 30])
            for (delay, isOnLoop, time) in seen {
                #expect(isOnLoop)
                #expect(time - start >= .milliseconds(delay))
            }
            withExtendedLifetime(timers) {}
        }
    }

    @Test func `a timer that repeats goes on until it is cancelled`() async throws {
        try await withLoops { _, loop in
            let runs = AsyncStream<Void>.makeStream()
            let timer = try loop.schedule(after: .zero, repeating: .milliseconds(1)) { runs.continuation.yield() }
            var seen = 0
            for await _ in runs.stream {
                seen += 1
                if seen == 5 { break }
            }
            timer.cancel()
            #expect(seen == 5)
        }
    }

    @Test func `a cancelled timer does not run`() async throws {
        try await withLoops { _, loop in
            let count = Counter()
            let cancelled = try loop.schedule(after: .milliseconds(5)) { count.increment() }
            cancelled.cancel()
            let runs = AsyncStream<Void>.makeStream()
            let later = try loop.schedule(after: .milliseconds(20)) { runs.continuation.finish() }
            for await _ in runs.stream {}
            #expect(count.value == 0)
            withExtendedLifetime(later) {}
        }
    }

    @Test func `a cancelled timer lets go of what it would have run`() async throws {
        try await withLoops { _, loop in
            let released = AsyncStream<Int>.makeStream()
            let timer: LoopTimer
            do {
                let object = OnRelease(released, 1)
                timer = try loop.schedule(after: .seconds(3_600)) { withExtendedLifetime(object) {} }
            }
            timer.cancel()
            var iterator = released.stream.makeAsyncIterator()
            #expect(await iterator.next() == 1)
        }
    }

    @Test func `files are not watched on a thread that is not the loop's own`() async throws {
        try await withLoops { _, loop in
            let error = #expect(throws: WorkerLoopError.self) { try loop.watch("/tmp/file") {} }
            #expect(error?.code == .invalidArgument)
        }
    }

    @Test func `shutdown runs what was accepted, ends timers, and later jobs run all the same`() async throws {
        let lender = try LendingLoop()
        let loop = try WorkerLoop(name: "embedded", embeddedIn: lender)
        let count = Counter()
        let timer = try loop.schedule(after: .seconds(3_600)) { count.increment() }
        for _ in 0..<1_000 { loop.submit { count.increment() } }
        await loop.shutdown()
        #expect(count.value == 1_000)
        #expect(!loop.submit {})
        #expect(await LoopActor(loop: loop).isOnLoop())
        #expect(await lender.loop.result { loop.isCurrent } == false)
        withExtendedLifetime(timer) {}
        await lender.loop.shutdown()
    }

    @Test func `a loop that is let go shuts itself down`() async throws {
        let lender = try LendingLoop()
        weak var executor: LoopTaskExecutor?
        do {
            let loop = try WorkerLoop(name: "embedded", embeddedIn: lender)
            executor = loop.taskExecutor
            _ = await loop.result {}
        }
        while executor != nil { _ = await lender.loop.result {} }
        await lender.loop.shutdown()
    }
}
