import Testing
import WorkerLoop

@Suite(.timeLimit(.minutes(2)))
struct ShutdownTests {
    @Test func `no accepted closure is lost when producers race a shutdown`() async throws {
        for round in 0..<5 {
            let loop = try WorkerLoop(name: "race-\(round)")
            let accepted = Counter()
            let ran = Counter()

            async let producing: Void = onThreads(4) { _ in
                for _ in 0..<25_000 where loop.submit({ ran.increment() }) {
                    accepted.increment()
                }
            }
            // Any moment will do; each round takes another.
            while ran.value < round * 15_000 {
                await Task.yield()
            }
            await loop.shutdown()
            let ranAtTheEnd = ran.value
            await producing
            #expect(accepted.value == ran.value)
            #expect(ran.value == ranAtTheEnd)
        }
    }

    @Test func `after shutdown a closure is refused and does not run`() async throws {
        let loop = try WorkerLoop(name: "refuse")
        let ran = Counter()
        await loop.shutdown()

        #expect(!loop.submit { ran.increment() })
        #expect(ran.value == 0)
    }

    @Test func `shutdown may be called often and from several tasks`() async throws {
        let loop = try WorkerLoop(name: "often")
        await withTaskGroup { group in
            for _ in 0..<20 {
                group.addTask { await loop.shutdown() }
            }
        }
        await loop.shutdown()
        #expect(!loop.submit {})
    }

    @Test func `an actor shuts down the loop that it runs on, and goes on`() async throws {
        actor Suicidal {
            nonisolated let loop: WorkerLoop
            // Safe: the actor keeps the loop.
            nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.unownedExecutor }
            init(loop: WorkerLoop) { self.loop = loop }

            func end() async -> Bool {
                await loop.shutdown()
                return loop.isCurrent
            }
        }
        let probe = Suicidal(loop: try WorkerLoop(name: "suicidal"))
        #expect(await probe.end())
    }

    @Test func `an actor's jobs after shutdown still run, one at a time and isolated`() async throws {
        let loop = try WorkerLoop(name: "late")
        let probe = LoopActor(loop: loop)
        await loop.shutdown()

        await withTaskGroup { group in
            for _ in 0..<1000 {
                group.addTask { await probe.incrementBoth(probe, probe) }
            }
        }
        #expect(await probe.count == 2000)
        #expect(await probe.isOnLoop())
        #expect(!loop.isCurrent)
    }

    @Test func `a task that prefers a loop ends well when the loop shuts down under it`() async throws {
        let loop = try WorkerLoop(name: "under")
        let turns = Counter()
        let task = Task(executorPreference: loop.taskExecutor) {
            // Never leaves the loop's queue empty while it lasts.
            while !Task.isCancelled {
                turns.increment()
                await Task.yield()
            }
        }
        while turns.value == 0 {
            await Task.yield()
        }
        await loop.shutdown()
        task.cancel()
        await task.value
    }

    @Test func `a loop that is let go ends its thread, and accepted closures run`() async throws {
        let ends = AsyncStream<Int>.makeStream()
        do {
            let loop = try WorkerLoop(name: "dropped")
            loop.submit { [signal = OnRelease(ends, 1)] in _ = signal }
            loop.submit { [signal = OnRelease(ends, 2)] in _ = signal }
        }
        var iterator = ends.stream.makeAsyncIterator()
        #expect(await iterator.next() == 1)
        #expect(await iterator.next() == 2)
    }

    @Test func `a loop may be let go on its own thread`() async throws {
        let ends = AsyncStream<Int>.makeStream()
        do {
            let loop = try WorkerLoop(name: "dropped")
            loop.submit { [signal = OnRelease(ends, 1)] in withExtendedLifetime((loop, signal)) {} }
        }
        var iterator = ends.stream.makeAsyncIterator()
        #expect(await iterator.next() == 1)
    }
}
