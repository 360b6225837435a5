import Foundation
import Synchronization
import Testing
import WorkerLoop

@Suite(.timeLimit(.minutes(2)))
struct SubmitTests {
    @Test func `closures run on the loop in the order of submission`() async throws {
        let loop = try WorkerLoop(name: "order")
        let seen = Mutex<[Int]>([])

        for index in 0..<5000 {
            loop.submit { seen.withLock { $0.append(index) } }
        }
        await loop.shutdown()
        #expect(seen.withLock { $0 } == Array(0..<5000))
    }

    @Test func `every producer's closures run in its order`() async throws {
        let loop = try WorkerLoop(name: "producers")
        let seen = Mutex<[Int: [Int]]>([:])
        let producers = 8
        let each = 5000

        await onThreads(producers) { producer in
            for index in 0..<each {
                loop.submit { seen.withLock { $0[producer, default: []].append(index) } }
            }
        }
        await loop.shutdown()
        for producer in 0..<producers {
            #expect(seen.withLock { $0[producer] } == Array(0..<each))
        }
    }

    @Test func `a closure submitted on the loop itself runs before the loop blocks`() async throws {
        let loop = try WorkerLoop(name: "nested")

        let depth = await withCheckedContinuation { continuation in
            loop.submit {
                descend(on: loop, depth: 0) { continuation.resume(returning: $0) }
            }
        }
        #expect(depth == 10_000)
        await loop.shutdown()
    }

    @Test func `a closure submitted by a timer runs although nobody wakes the loop`() async throws {
        let loop = try WorkerLoop(name: "timer")
        var timer: LoopTimer?

        await withCheckedContinuation { continuation in
            timer = try? loop.schedule(after: .zero) {
                loop.submit { continuation.resume() }
            }
        }
        #expect(timer != nil)
        await loop.shutdown()
    }

    @Test func `the load counts what waits and what was begun`() async throws {
        let loop = try WorkerLoop(name: "load")
        let gate = DispatchSemaphore(value: 0)
        #expect(loop.load == 0)

        loop.submit { gate.wait() }
        loop.submit {}
        #expect(loop.load == 2)
        loop.beginWork()
        #expect(loop.load == 3)
        gate.signal()
        await loop.shutdown()
        #expect(loop.load == 1)
        loop.endWork()
        #expect(loop.load == 0)
    }
}

@Sendable
private func descend(on loop: WorkerLoop, depth: Int, _ done: @escaping @Sendable (Int) -> Void) {
    if depth == 10_000 {
        done(depth)
    } else {
        loop.submit { descend(on: loop, depth: depth + 1, done) }
    }
}
