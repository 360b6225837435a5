import NIOCore

extension HTTPEgressClient {
    /// Looks a name up, and leaves off when the task is cancelled, whether the resolver does or not. A lookup that goes on keeps its slot,
    /// so that requests that are given up on do not make room for more.
    /// - Throws: ``HTTPEgressResult/overloaded`` where too many lookups are under way, else what the resolver throws.
    func lookUp(_ name: String, for usage: GrantUsage) async throws -> [IPAddress] {
        guard usage.lookups.take() else { throw HTTPEgressResult.overloaded }
        let promise = eventLoops.any().makePromise(of: [IPAddress].self)
        let lookup = Task { [resolver] in
            let result: Result<[IPAddress], any Error>
            do { result = .success(try await resolver.addresses(of: name)) } catch { result = .failure(error) }
            usage.lookups.release()
            promise.completeWith(result)
        }
        // A promise drops what comes second.
        return try await withTaskCancellationHandler {
            try await promise.futureResult.get()
        } onCancel: {
            lookup.cancel()
            promise.fail(CancellationError())
        }
    }
}
