import NIOCore
import WorkerLoop

/// An event loop of SwiftNIO that lends its thread to a worker loop.
final class LendingEventLoop: HostEventLoop {
    private let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func execute(_ work: @escaping @Sendable () -> Void) { eventLoop.execute(work) }

    func schedule(after delay: Duration, _ work: @escaping @Sendable () -> Void) {
        eventLoop.scheduleTask(in: TimeAmount(delay), work)
    }
}

/// The worker loops that are embedded in the event loops of the connections.
struct WorkerEventLoops: Sendable {
    private let workers: [ObjectIdentifier: WorkerLoop]

    /// - Parameter workers: those that are embedded in `eventLoops`, in the same order.
    init(_ eventLoops: any EventLoopGroup, workers: [WorkerLoop]) {
        let keys = eventLoops.makeIterator().map { ObjectIdentifier($0) }
        self.workers = Dictionary(zip(keys, workers)) { first, _ in first }
    }

    /// What runs tasks on an event loop's thread, so that they wait for its channels and its filters without crossing to another one.
    func executor(on eventLoop: any EventLoop) -> (any TaskExecutor)? {
        workers[ObjectIdentifier(eventLoop)]?.taskExecutor
    }
}
