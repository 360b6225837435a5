import WorkerLoop

/// Waiting for filters that hold something back.
extension FilterLoop {
    /// Waits until something happens to the stream.
    ///
    /// A call within an actor is a place where others may have it: what woke the stream after the caller looked is not waited for.
    /// - Parameters:
    ///   - wakes: how often the stream had been woken when the caller looked.
    ///   - isTimed: whether it waits for a filter, at most as long as that may hold something back.
    func wait(_ stream: FilterStream, _ direction: Direction, since wakes: Int, isTimed: Bool = true) async {
        let flow = stream.flow(direction)
        var timer: LoopTimer?
        await withTaskCancellationHandler {
            // The closure is isolated to the loop only because it names it.
            await withCheckedContinuation(isolation: self) { continuation in
                guard stream.wakes == wakes else { return continuation.resume() }
                if Task.isCancelled { stream.cancel() }
                if isTimed { timer = pauseTimer(stream, flow) }
                if stream.hasFinished {
                    continuation.resume()
                } else {
                    flow.waiters.append(continuation)
                }
            }
        } onCancel: { [id = stream.id] in
            worker.submit { [weak self] in
                self?.assumeIsolated { $0.cancel(id) }
            }
        }
        timer?.cancel()
    }

    /// Waits for a reply that a filter sends while nothing of the stream is under way in the filters.
    /// - Returns: nil when the stream ends without one, or the task is cancelled, which leaves the stream as it is.
    func waitForReply(_ id: UInt64) async -> LocalReply? {
        await withTaskCancellationHandler {
            await withCheckedContinuation(isolation: self) { continuation in
                guard let stream = streams[id]?.http, stream.replyWaiter == nil, !Task.isCancelled else {
                    return continuation.resume(returning: nil)
                }
                stream.replyWaiter = continuation
                stream.tellReply()
            }
        } onCancel: {
            worker.submit { [weak self] in
                self?.assumeIsolated { $0.streams[id]?.http?.replyWaiter.take()?.resume(returning: nil) }
            }
        }
    }

    /// Starts the clock for the filter that holds something back. Without a filter or a clock the stream is
    /// refused, so that nothing waits for ever.
    private func pauseTimer(_ stream: FilterStream, _ flow: Flow) -> LoopTimer? {
        guard let context = stream.pausedContext(flow) else {
            stream.abandon(details: "stream_out_of_order")
            return nil
        }
        let (id, direction) = (stream.id, flow.direction)
        let filter = context.filter.id
        if flow.waitsFor?.filter != filter { flow.waitsFor = (filter, .now) }
        let waited = flow.waitsFor.map { MonotonicInstant.now - $0.since } ?? .zero
        do {
            return try worker.schedule(after: context.filter.configuration.pauseDeadline - waited) { [weak self] in
                self?.assumeIsolated { $0.pauseExpired(id, direction, filter) }
            }
        } catch {
            stream.abandon(details: "shutting_down")
            return nil
        }
    }

    private func pauseExpired(_ id: UInt64, _ direction: Direction, _ filter: FilterID) {
        guard let stream = streams[id] else { return }
        let flow = stream.flow(direction)
        if let context = stream.pausedContext(flow), context.filter.id == filter {
            context.count(context.filter.pauseExpired)
            stream.pauseExpired(flow, heldBy: context)
        }
        agenda.touch(stream)
        settle()
    }
}
