public import ServiceLifecycle
import Synchronization

/// A fixed number of worker loops, as one service.
///
/// ```swift
/// let loops = try WorkerLoopGroup(count: 4)
/// try await ServiceGroup(services: [loops, server], gracefulShutdownSignals: [.sigterm], logger: logger).run()
/// ```
///
/// Put the group before the services that use it: a `ServiceGroup` shuts its services down in reverse order.
public final class WorkerLoopGroup: Service, Sendable {
    /// The loops, in the order in which they were started; their names are the group's with a number.
    public let loops: [WorkerLoop]
    private let turn = Atomic<UInt>(0)

    /// Starts the loops.
    ///
    /// - Parameters:
    ///   - count: How many; at least 1. As many as there are cores is a good choice.
    ///   - name: What the loops' names begin with.
    /// - Throws: ``WorkerLoopError/Code/invalidArgument`` for a count below 1, and
    ///   ``WorkerLoopError/Code/systemResource`` where the system has no thread or file descriptor left.
    public init(count: Int, name: String = "worker") throws(WorkerLoopError) {
        guard count >= 1 else {
            throw WorkerLoopError(
                code: .invalidArgument, loop: name, operation: "WorkerLoopGroup.init",
                reason: "expected a count of at least 1, got \(count)")
        }
        var loops: [WorkerLoop] = []
        loops.reserveCapacity(count)
        for index in 0..<count {
            loops.append(try WorkerLoop(name: "\(name)-\(index)"))
        }
        self.loops = loops
    }

    /// Makes loops that are embedded in event loops of another library, one in each, in this order. See ``WorkerLoop/init(name:embeddedIn:)``.
    ///
    /// - Parameter hosts: At least one.
    public init(embeddedIn hosts: [any HostEventLoop], name: String = "worker") throws(WorkerLoopError) {
        guard !hosts.isEmpty else {
            throw WorkerLoopError(
                code: .invalidArgument, loop: name, operation: "WorkerLoopGroup.init",
                reason: "expected at least one event loop, got none")
        }
        var loops: [WorkerLoop] = []
        for (index, host) in hosts.enumerated() {
            loops.append(try WorkerLoop(name: "\(name)-\(index)", embeddedIn: host))
        }
        self.loops = loops
    }

    /// The loop with the smallest ``WorkerLoop/load``; loops with the same load take turns.
    public func leastLoaded() -> WorkerLoop {
        let first = Int(turn.wrappingAdd(1, ordering: .relaxed).oldValue % UInt(loops.count))
        var best = loops[first]
        var bestLoad = best.load
        for offset in 1..<loops.count {
            guard bestLoad > 0 else {
                break
            }
            let other = loops[(first + offset) % loops.count]
            let load = other.load
            if load < bestLoad {
                (best, bestLoad) = (other, load)
            }
        }
        return best
    }

    /// The loop that belongs to a key: the same one for equal keys, as long as the process lives.
    public func loop(for key: some Hashable) -> WorkerLoop {
        loops[Int(UInt(bitPattern: key.hashValue) % UInt(loops.count))]
    }

    /// Waits for the graceful shutdown of the surrounding `ServiceGroup`, then shuts the loops down.
    ///
    /// - Throws: `CancellationError`, also after the loops were shut down, if the task was cancelled instead.
    public func run() async throws {
        do {
            try await gracefulShutdown()
        } catch {
            await shutdown()
            throw error
        }
        await shutdown()
    }

    /// Shuts the loops down, all at the same time, and waits for them. See ``WorkerLoop/shutdown()``.
    public func shutdown() async {
        for loop in loops {
            loop.core.beginShutdown()
        }
        for loop in loops {
            await loop.shutdown()
        }
    }
}
