extension DiskThreads {
    /// Runs `operation` on one of the threads, in the order of arrival among those of its grant. It does not begin after the task was
    /// cancelled, nor where too many of its grant wait already.
    func run<Value: Sendable>(
        for usage: FileUsage,
        _ operation: @escaping @Sendable () throws(FileFailure) -> Value
    ) async throws(FileFailure) -> Value {
        let place = place(for: usage)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Result<Value, FileFailure>, Never>) in
                let job = Job {
                    continuation.resume(returning: Result(catching: operation))
                } refuse: { failure in
                    continuation.resume(returning: .failure(failure))
                }
                submit(job, at: place)
                // Where the task was cancelled before, its handler found no job.
                if Task.isCancelled { cancel(place) }
            }
        } onCancel: {
            cancel(place)
        }
        return try result.get()
    }
}
