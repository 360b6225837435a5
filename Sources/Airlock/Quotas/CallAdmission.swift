import Synchronization
import WorkerLoop

/// Lets so many calls run at a time, and so many wait for their turn, first come first served.
final class CallAdmission: Sendable {
    private enum Outcome {
        case admitted
        case timedOut
        case cancelled
        case stopped
    }

    private struct Waiter {
        let id: Int
        /// Known before the continuation where the turn came, or the wait ended, at once.
        var outcome: Outcome?
        var continuation: CheckedContinuation<Outcome, Never>?
    }

    private struct State {
        var running = 0 {
            willSet { holdTime.advance(running: running) }
        }
        var holdTime = HoldTime()
        var waiters: [Waiter] = []
        var nextID = 0
        var waiting: Int { waiters.count { $0.outcome == nil } }

        /// Decides a wait; the continuation is to be resumed outside of the lock.
        mutating func settle(_ index: Int, _ outcome: Outcome) -> CheckedContinuation<Outcome, Never>? {
            waiters[index].outcome = outcome
            return waiters[index].continuation.take()
        }
    }

    private let most: Int?
    private let queue: Int
    private let state = Mutex(State())

    init(most: Int?, queue: Int) {
        self.most = most
        self.queue = queue
    }

    var counts: (running: Int, waiting: Int) { state.withLock { ($0.running, $0.waiting) } }

    /// Admits a call at once, or not.
    func tryEnter() -> Bool {
        guard let most else { return true }
        return state.withLock { state in
            guard state.running < most else { return false }
            state.running += 1
            return true
        }
    }

    /// Ends a call that was admitted. The one that has waited longest takes its place.
    func leave() {
        guard most != nil else { return }
        let next = state.withLock { state in
            state.holdTime.end()
            guard let index = state.waiters.firstIndex(where: { $0.outcome == nil }) else {
                state.running -= 1
                return CheckedContinuation<Outcome, Never>?.none
            }
            return state.settle(index, .admitted)
        }
        next?.resume(returning: .admitted)
    }

    /// Admits a call, after others have ended if need be.
    func enter(
        plugin: String, version: @autoclosure () -> Int, quota: String, within deadline: Duration, ticker: EpochTicker
    ) async throws(PluginError) {
        guard let most, !tryEnter() else { return }
        guard let id = register() else {
            throw overloaded(
                plugin, version(), quota, "\(most) calls are in progress and \(queue) wait", limit: most + queue,
                places: most)
        }
        // Not a task that sleeps: cancelled, the runtime would keep it until its time, for each call that waited.
        let timer = try? ticker.schedule(after: deadline) { [weak self] in self?.end(id, .timedOut) }
        // A host that was shut down has no timers.
        if timer == nil { end(id, .stopped) }
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { wait(id, $0) }
        } onCancel: {
            end(id, .cancelled)
        }
        timer?.cancel()
        state.withLock { state in state.waiters.removeAll { $0.id == id } }
        switch outcome {
        case .admitted: return
        case .timedOut:
            throw overloaded(
                plugin, version(), quota, "the call waited for its turn for \(deadline)", limit: most, places: most)
        case .stopped:
            throw PluginError(.stopped, plugin: plugin, version: version(), message: "the host was shut down")
        case .cancelled:
            throw PluginError(
                .cancelled, plugin: plugin, version: version(),
                message: "the task was cancelled while the call waited for its turn")
        }
    }

    private func register() -> Int? {
        state.withLock { state in
            guard state.waiting < queue else { return nil }
            state.nextID += 1
            var waiter = Waiter(id: state.nextID)
            // A call may have ended since there was no place.
            if let most, state.running < most {
                state.running += 1
                waiter.outcome = .admitted
            }
            state.waiters.append(waiter)
            return waiter.id
        }
    }

    private func wait(_ id: Int, _ continuation: CheckedContinuation<Outcome, Never>) {
        let outcome: Outcome? = state.withLock { state in
            guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return .cancelled }
            if let outcome = state.waiters[index].outcome { return outcome }
            state.waiters[index].continuation = continuation
            return nil
        }
        if let outcome { continuation.resume(returning: outcome) }
    }

    private func end(_ id: Int, _ outcome: Outcome) {
        let waiter = state.withLock { state in
            guard let index = state.waiters.firstIndex(where: { $0.id == id && $0.outcome == nil }) else {
                return CheckedContinuation<Outcome, Never>?.none
            }
            return state.settle(index, outcome)
        }
        waiter?.resume(returning: outcome)
    }

    private func overloaded(
        _ plugin: String, _ version: Int, _ quota: String, _ why: String, limit: Int, places: Int
    ) -> PluginError {
        var error = PluginError(
            .overloaded, plugin: plugin, version: version, message: "the quota '\(quota)' is used up: \(why)",
            limit: UInt64(limit), used: UInt64(limit) + 1)
        error.quota = quota
        error.retryAfter = state.withLock { state in
            state.holdTime.advance(running: state.running)
            return state.holdTime.wait(places: places, waiting: state.waiting)
        }
        return error
    }
}
