import Synchronization
import Testing
import WorkerLoop

@Suite(.timeLimit(.minutes(2)))
struct TimerTests {
    @Test func `a timer runs once, on the loop, and not before its time`() async throws {
        let loop = try WorkerLoop(name: "once")
        let runs = AsyncStream<(Bool, ContinuousClock.Instant)>.makeStream()
        let start = ContinuousClock.now

        let once = try loop.schedule(after: .milliseconds(20)) { runs.continuation.yield((loop.isCurrent, .now)) }
        let later = try loop.schedule(after: .milliseconds(60)) { runs.continuation.finish() }

        var seen: [(Bool, ContinuousClock.Instant)] = []
        for await run in runs.stream {
            seen.append(run)
        }
        #expect(seen.count == 1)
        #expect(seen.first?.0 == true)
        #expect(try #require(seen.first).1 - start >= .milliseconds(20))
        withExtendedLifetime((once, later)) {}
        await loop.shutdown()
    }

    @Test func `timers run in the order of their times, and of scheduling where the times are equal`() async throws {
        let loop = try WorkerLoop(name: "order")
        let runs = AsyncStream<Int>.makeStream()

        // Scheduled in one job, so that all of them count from the same moment.
        let timers = await loop.result { () -> [LoopTimer] in
            [30, 10, 20, 10, 0, -5].enumerated().compactMap { index, delay in
                try? loop.schedule(after: .milliseconds(delay)) {
                    runs.continuation.yield(index)
                    if index == 0 {
                        runs.continuation.finish()
                    }
                }
            }
        }
        #expect(timers?.count == 6)
        #expect(await Array(runs.stream) == [4, 5, 1, 3, 2, 0])
        await loop.shutdown()
    }

    @Test func `a repeating timer runs until it cancels itself`() async throws {
        let loop = try WorkerLoop(name: "repeat")
        let runs = AsyncStream<Int>.makeStream()
        let counter = Counter()
        let itself = TimerBox()

        // Scheduled on the loop, so that the box is filled before the first run.
        let timer = await loop.result {
            let timer = try? loop.schedule(after: .zero, repeating: .milliseconds(1)) {
                let count = counter.increment()
                runs.continuation.yield(count)
                if count == 5 {
                    itself.timer.withLock { $0?.cancel() }
                }
            }
            itself.timer.withLock { $0 = timer }
            return timer
        }
        #expect(timer != nil)
        var iterator = runs.stream.makeAsyncIterator()
        for expected in 1...5 {
            #expect(await iterator.next() == expected)
        }
        // A later timer of the same loop shows that no sixth run came in between.
        let sentinel = try loop.schedule(after: .milliseconds(20)) { runs.continuation.finish() }
        #expect(await iterator.next() == nil)
        withExtendedLifetime(sentinel) {}
        await loop.shutdown()
    }

    @Test func `a timer that was cancelled or let go does not run`() async throws {
        let loop = try WorkerLoop(name: "cancel")
        let runs = AsyncStream<String>.makeStream()

        // On the loop itself, so that no timer can run before it is cancelled.
        let last = try await Task(executorPreference: loop.taskExecutor) {
            let cancelled = try loop.schedule(after: .milliseconds(5)) { runs.continuation.yield("cancelled") }
            cancelled.cancel()
            cancelled.cancel()
            _ = try loop.schedule(after: .milliseconds(5)) { runs.continuation.yield("let go") }
            return try loop.schedule(after: .milliseconds(30)) { runs.continuation.finish() }
        }.value

        #expect(await Array(runs.stream) == [])
        withExtendedLifetime(last) {}
        await loop.shutdown()
    }

    @Test func `a timer's closure is released once it cannot run any more`() async throws {
        let loop = try WorkerLoop(name: "release")
        let released = AsyncStream<Int>.makeStream()

        let once = try loop.schedule(after: .zero) { [signal = OnRelease(released, 1)] in _ = signal }
        var iterator = released.stream.makeAsyncIterator()
        #expect(await iterator.next() == 1)

        let cancelled = try loop.schedule(after: .seconds(3600)) { [signal = OnRelease(released, 2)] in _ = signal }
        cancelled.cancel()
        #expect(await iterator.next() == 2)

        let pending = try loop.schedule(after: .seconds(3600)) { [signal = OnRelease(released, 3)] in _ = signal }
        await loop.shutdown()
        #expect(await iterator.next() == 3)
        withExtendedLifetime((once, pending)) {}
    }

    @Test func `a timer runs while jobs keep the loop busy`() async throws {
        let loop = try WorkerLoop(name: "busy")
        let task = Task(executorPreference: loop.taskExecutor) {
            while !Task.isCancelled {
                await Task.yield()
            }
        }
        let runs = AsyncStream<Void>.makeStream()
        let timer = try loop.schedule(after: .milliseconds(1), repeating: .milliseconds(1)) {
            runs.continuation.yield()
        }
        var iterator = runs.stream.makeAsyncIterator()
        for _ in 0..<3 {
            await iterator.next()
        }
        task.cancel()
        await task.value
        withExtendedLifetime(timer) {}
        await loop.shutdown()
    }

    @Test func `a timer runs while another thread keeps waking the loop`() async throws {
        let group = try WorkerLoopGroup(count: 2)
        let far = LoopActor(loop: group.loops[1])
        let task = Task(executorPreference: group.loops[0].taskExecutor) {
            while !Task.isCancelled {
                _ = await far.increment()
            }
        }
        for loop in group.loops {
            let runs = AsyncStream<Void>.makeStream()
            let timer = try loop.schedule(after: .milliseconds(1), repeating: .milliseconds(1)) {
                runs.continuation.yield()
            }
            var iterator = runs.stream.makeAsyncIterator()
            for _ in 0..<3 {
                await iterator.next()
            }
            withExtendedLifetime(timer) {}
        }
        task.cancel()
        await task.value
        await group.shutdown()
    }

    @Test func `a delay beyond every clock is no error`() async throws {
        let loop = try WorkerLoop(name: "far")
        let timer = try loop.schedule(after: .seconds(Int64.max), repeating: .seconds(Int64.max)) {}
        #expect(await loop.result { 1 } == 1)
        timer.cancel()
        await loop.shutdown()
    }
}

private final class TimerBox: Sendable {
    let timer = Mutex<LoopTimer?>(nil)
}
