/// A host call that has begun and whose result is not there yet.
///
/// It holds neither the guest nor its store: a result that comes after the guest went away is dropped.
package struct PendingHostCall<Host: AnyObject>: Sendable {
    /// Makes the results. It runs where the guest runs, so it may use the caller and its memory.
    package typealias Finish = @Sendable (borrowing Caller<Host>) throws -> [RawValue]

    let mailbox: HostCallMailbox

    /// Makes a host call that somebody will complete, on any thread.
    ///
    /// - Parameter onCancel: runs once when the guest goes away before the call is complete.
    package init(onCancel: @escaping @Sendable () -> Void = {}) {
        mailbox = HostCallMailbox(onClose: onCancel)
    }

    /// Completes the call with its results, or with the error that ends the guest. Only the first completion counts.
    package func complete(with result: Result<[RawValue], any Error>) {
        mailbox.fill(result.map { values in { _ in values } })
    }

    /// Completes the call with a closure that makes the results, or with the error that ends the guest. Only the first
    /// completion counts.
    package func complete(with result: Result<Finish, any Error>) {
        mailbox.fill(result.map { finish in { caller in try finish(Caller(caller)) } })
    }
}

extension Caller {
    /// Begins a host call as a Swift task, on the task executor of the caller's store. The task is cancelled when the
    /// guest goes away.
    package func startHostCall(
        _ body: @escaping @Sendable () async throws -> PendingHostCall<Host>.Finish
    ) -> PendingHostCall<Host> {
        let task = HostCallTask()
        let call = PendingHostCall<Host>(onCancel: { task.cancel() })
        task.start(on: state.asyncCalls?.taskExecutor) {
            do {
                call.complete(with: .success(try await body()))
            } catch {
                call.complete(with: Result<PendingHostCall<Host>.Finish, any Error>.failure(error))
            }
        }
        return call
    }
}
