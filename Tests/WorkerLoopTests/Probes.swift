import Foundation
import Synchronization
import WorkerLoop

/// An actor on a loop.
actor LoopActor {
    nonisolated let loop: WorkerLoop
    // Safe: the actor keeps the loop.
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.unownedExecutor }
    var count = 0

    init(loop: WorkerLoop) {
        self.loop = loop
    }

    func isOnLoop() -> Bool {
        loop.isCurrent
    }

    func increment() -> Int {
        count += 1
        return count
    }

    func incrementBoth(_ first: LoopActor, _ second: LoopActor) {
        first.assumeIsolated { $0.count += 1 }
        second.assumeIsolated { $0.count += 1 }
    }
}

extension WorkerLoop {
    /// Runs a closure on the loop and returns what it returns; `nil` if the loop did not accept it.
    func result<Value: Sendable>(of work: @escaping @Sendable () -> Value) async -> Value? {
        await withCheckedContinuation { continuation in
            let accepted = submit { continuation.resume(returning: work()) }
            if !accepted {
                continuation.resume(returning: nil)
            }
        }
    }
}

/// A number that several threads count up.
final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int {
        count.load(ordering: .relaxed)
    }

    @discardableResult
    func increment() -> Int {
        count.add(1, ordering: .sequentiallyConsistent).newValue
    }
}

/// Reports its own release.
final class OnRelease: Sendable {
    private let continuation: AsyncStream<Int>.Continuation
    private let number: Int

    init(_ stream: (stream: AsyncStream<Int>, continuation: AsyncStream<Int>.Continuation), _ number: Int) {
        continuation = stream.continuation
        self.number = number
    }

    deinit {
        continuation.yield(number)
    }
}

extension Array {
    /// The elements of a finite stream.
    init(_ stream: AsyncStream<Element>) async {
        self.init()
        for await element in stream {
            append(element)
        }
    }
}

/// Runs a closure on several threads at once and waits for all of them.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) async {
    let ended = Counter()
    await withCheckedContinuation { continuation in
        for index in 0..<count {
            Thread.detachNewThread {
                body(index)
                if ended.increment() == count {
                    continuation.resume()
                }
            }
        }
    }
}

/// Sets how many file descriptors this process may have: new ones get numbers below that.
func limitDescriptors(to count: UInt) {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    // Safe: both calls use this one value, for no longer than they take.
    unsafe getrlimit(resource, &limit)
    limit.rlim_cur = count
    unsafe setrlimit(resource, &limit)
}
