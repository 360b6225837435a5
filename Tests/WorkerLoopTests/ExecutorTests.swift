import Testing
import WorkerLoop

@Suite(.timeLimit(.minutes(2)))
struct ExecutorTests {
    @Test func `an actor whose executor is a loop runs on the loop's thread`() async throws {
        let loop = try WorkerLoop(name: "actor")
        let probe = LoopActor(loop: loop)

        #expect(await probe.isOnLoop())
        #expect(!loop.isCurrent)
        await loop.shutdown()
    }

    @Test func `a task that prefers a loop runs on the loop's thread, also after it waited elsewhere`() async throws {
        let loop = try WorkerLoop(name: "task")
        let other = LoopActor(loop: try WorkerLoop(name: "other"))

        let (before, elsewhere, after) = await withTaskExecutorPreference(loop.taskExecutor) {
            let before = await isOn(loop)
            let elsewhere = await other.isOnLoop()
            return (before, elsewhere, await isOn(loop))
        }
        #expect(before)
        #expect(elsewhere)
        #expect(after)
        await other.loop.shutdown()
        await loop.shutdown()
    }

    @Test func `a default actor called from a task that prefers a loop runs on that loop`() async throws {
        actor Plain {
            func isOn(_ loop: WorkerLoop) -> Bool { loop.isCurrent }
        }
        let loop = try WorkerLoop(name: "task")

        let isOnLoop = await withTaskExecutorPreference(loop.taskExecutor) { await Plain().isOn(loop) }
        #expect(isOnLoop)
        await loop.shutdown()
    }

    @Test func `an unstructured task outlives the loop's last reference`() async throws {
        let task: Task<Bool, Never>
        do {
            let loop = try WorkerLoop(name: "unstructured")
            task = Task(executorPreference: loop.taskExecutor) { [weak loop] in
                for _ in 0..<100 {
                    await Task.yield()
                }
                return loop?.isCurrent ?? true
            }
        }
        #expect(await task.value)
    }

    @Test func `assumeIsolated holds on the loop's thread, outside of any task`() async throws {
        let loop = try WorkerLoop(name: "assume")
        let probe = LoopActor(loop: loop)

        await withCheckedContinuation { continuation in
            loop.submit {
                probe.assumeIsolated { $0.count += 1 }
                continuation.resume()
            }
        }
        #expect(await probe.count == 1)
        await loop.shutdown()
    }

    @Test func `assumeIsolated holds in a task that prefers the loop`() async throws {
        let loop = try WorkerLoop(name: "assume")
        let probe = LoopActor(loop: loop)

        await withTaskExecutorPreference(loop.taskExecutor) {
            await count(on: probe)
        }
        #expect(await probe.count == 1)
        await loop.shutdown()
    }

    @Test func `assumeIsolated stops the process on another thread`() async {
        await #expect(processExitsWith: .failure) {
            countNow(on: LoopActor(loop: try WorkerLoop(name: "assume")))
        }
    }

    @Test func `two actors on one loop never run at the same time`() async throws {
        let loop = try WorkerLoop(name: "shared")
        let first = LoopActor(loop: loop)
        let second = LoopActor(loop: loop)

        await withTaskGroup { group in
            for index in 0..<1000 {
                group.addTask { await (index % 2 == 0 ? first : second).incrementBoth(first, second) }
            }
        }
        // `incrementBoth` writes to both actors without waiting: lost updates would show here.
        #expect(await first.count == 1000)
        #expect(await second.count == 1000)
        await loop.shutdown()
    }

    @Test func `hops between two loops keep their order`() async throws {
        let group = try WorkerLoopGroup(count: 2, name: "hop")
        let first = LoopActor(loop: group.loops[0])
        let second = LoopActor(loop: group.loops[1])

        for turn in 0..<1_000 {
            #expect(await first.increment() == turn + 1)
            #expect(await second.increment() == turn + 1)
        }
        await group.shutdown()
    }
}

@concurrent
func isOn(_ loop: WorkerLoop) async -> Bool {
    loop.isCurrent
}

@concurrent
private func count(on probe: LoopActor) async {
    countNow(on: probe)
}

private func countNow(on probe: LoopActor) {
    probe.assumeIsolated { $0.count += 1 }
}
