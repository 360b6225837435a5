import Airlock
import WorkerLoop

/// Events for filters that are refused at the moment.
extension FilterLoop {
    /// Does something a little later; never once the loop is shutting down.
    func postpone(after pause: Duration, _ event: @escaping @Sendable (isolated FilterLoop) -> Void) {
        lastPostponed &+= 1
        postponed[lastPostponed] = try? worker.schedule(after: pause) { [weak self, number = lastPostponed] in
            self?.assumeIsolated {
                $0.postponed[number] = nil
                event($0)
            }
        }
    }
}

extension FilterInstance {
    /// After how long it is tried again to run a filter that is refused at the moment. A share of the loop is soon there again, what else it
    /// is refused for takes longer.
    var pauseWhileRefused: Duration { loopBudget?.hasTime == false ? .milliseconds(10) : .seconds(1) }
}
