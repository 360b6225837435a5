import Airlock
import NIOCore
import Synchronization

/// Runs `body`, and cancels it when the time has passed. The time is a timer of the event loop: a task that sleeps keeps 700 bytes until
/// its time has come, also where it was cancelled long before.
/// - Throws: what `body` throws, but ``HTTPEgressResult/timedOut`` for what comes of the end of its time. What is denied is denied in any
///   case.
func within<Value: Sendable>(
    _ time: Duration,
    on eventLoop: any EventLoop,
    _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let hasPassed = Flag()
    let work = Task { try await body() }
    let timer = eventLoop.scheduleTask(in: TimeAmount(time)) {
        hasPassed.raise()
        work.cancel()
    }
    defer { timer.cancel() }
    do {
        return try await withTaskCancellationHandler {
            try await work.value
        } onCancel: {
            work.cancel()
        }
    } catch let error as HostError {
        throw error
    } catch  where hasPassed.isRaised {
        throw HTTPEgressResult.timedOut
    }
}

private final class Flag: Sendable {
    private let value = Atomic(false)

    var isRaised: Bool { value.load(ordering: .acquiring) }

    func raise() { value.store(true, ordering: .releasing) }
}
