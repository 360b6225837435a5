import Airlock
import WorkerLoop

/// Waiting for the streams of versions that were replaced.
extension FilterLoop {
    /// Who waits until no stream uses what was replaced any more.
    struct Drain {
        /// What was replaced. When the version serves again that is another instance, whose streams are no concern of this drain.
        var filters: [FilterInstance]
        /// Takes how many streams were ended.
        var continuation: CheckedContinuation<Int, Never>

        var isOver: Bool { filters.allSatisfy { $0.openStreams == 0 } }
    }

    /// Waits until no stream uses a version that does not serve any more, and ends those that go on after the deadline. Where the version
    /// comes to serve again in time, none is ended.
    /// - Returns: How many were ended.
    func drain(_ id: FilterID, _ version: PluginVersion, within deadline: Duration) async -> Int {
        guard active[id]?.version !== version else { return 0 }
        let replaced = filters.filter { $0.id == id && $0.version === version && $0.isRetired && $0.openStreams > 0 }
        guard !replaced.isEmpty else { return 0 }
        lastDrain += 1
        let number = lastDrain
        let timer = try? worker.schedule(after: deadline) { [weak self] in
            self?.assumeIsolated { $0.endLateStreams(of: number) }
        }
        let ended = await withCheckedContinuation { continuation in
            let drain = Drain(filters: replaced, continuation: continuation)
            // Some of it may have ended, or the version have come to serve again, on the way here.
            guard active[id]?.version !== version, !drain.isOver else { return continuation.resume(returning: 0) }
            drains[number] = drain
        }
        timer?.cancel()
        return ended
    }

    private func endLateStreams(of number: UInt64) {
        guard let drain = drains.removeValue(forKey: number) else { return }
        let late = streams.values.filter { !$0.isOver && $0.uses(drain.filters) }
        for stream in late {
            stream.abandon(details: "drain_deadline")
            wake(stream)
        }
        drain.continuation.resume(returning: late.count)
    }

    /// Ends the drains of a version that serves again.
    func endDrains(of id: FilterID, _ version: PluginVersion) {
        endDrains { drain in drain.filters.contains { $0.id == id && $0.version === version } }
    }

    /// Ends the drains of what no stream uses any more.
    func endDrainsOfUnused() {
        endDrains(where: \.isOver)
    }

    private func endDrains(where isEnded: (Drain) -> Bool) {
        for (number, drain) in drains where isEnded(drain) {
            drains[number] = nil
            drain.continuation.resume(returning: 0)
        }
    }
}
