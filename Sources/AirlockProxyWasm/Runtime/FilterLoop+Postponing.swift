import WorkerLoop

/// Events for filters that have used up their share of the loop or their quota.
extension FilterLoop {
    /// After how long it is tried again.
    private static let pause = Duration.milliseconds(10)

    /// Does something a little later; never once the loop is shutting down.
    func postpone(_ event: @escaping @Sendable (isolated FilterLoop) -> Void) {
        lastPostponed &+= 1
        postponed[lastPostponed] = try? worker.schedule(after: Self.pause) { [weak self, number = lastPostponed] in
            self?.assumeIsolated {
                $0.postponed[number] = nil
                event($0)
            }
        }
    }
}
