import Airlock
import WorkerLoop

/// Bringing versions of filters into service and taking them out of it.
extension FilterLoop {
    /// A version that gets a share of the streams.
    struct Candidate {
        var filter: FilterInstance
        var trial: Trial
    }

    /// Lets a version take over that was prepared or is being tried; the old one ends with its last stream.
    func adopt(_ id: FilterID, _ version: PluginVersion) {
        let tried = candidates.removeValue(forKey: id)
        tried?.filter.trial = nil
        guard let filter = tried?.filter.version === version ? tried?.filter : takePrepared(id, version) else { return }
        let old = active.updateValue(filter, forKey: id)
        filter.isServing = true
        filter.quarantine?.end()
        if let old { retire(old) }
        endDrains(of: id, version)
        if let tried = tried?.filter, tried !== filter { retire(tried) }
    }

    /// Throws why a version that was prepared or is being tried could not take over now.
    func checkIsReady(_ id: FilterID, _ version: PluginVersion) throws(PluginError) {
        let candidate = candidates[id]?.filter
        let waiting = prepared.first { $0.id == id && $0.version === version }
        // One that served nothing must not have failed in anything.
        if let failure = waiting?.lastFailure { throw failure }
        guard let filter = waiting ?? (candidate?.version === version ? candidate : nil), filter.home == nil
        else { return }
        throw filter.unavailable
    }

    /// How many streams the server waits for because a version that is being tried holds them back.
    func waitingStreams(_ id: FilterID, _ version: PluginVersion) -> Int {
        guard let candidate = candidates[id]?.filter, candidate.version === version else { return 0 }
        return streams.values.count { $0.waits(for: candidate) }
    }

    /// Lets go of the prepared version.
    func discard(_ id: FilterID, _ version: PluginVersion) {
        if let filter = takePrepared(id, version) { retire(filter) }
    }

    private func takePrepared(_ id: FilterID, _ version: PluginVersion) -> FilterInstance? {
        guard let index = prepared.firstIndex(where: { $0.id == id && $0.version === version }) else { return nil }
        return prepared.remove(at: index)
    }

    /// Gives a prepared version a share of the streams.
    func tryOut(_ id: FilterID, _ version: PluginVersion, _ trial: Trial) {
        guard let filter = takePrepared(id, version) else { return }
        filter.trial = trial
        candidates[id] = Candidate(filter: filter, trial: trial)
    }

    func endTrial(_ id: FilterID) {
        guard let candidate = candidates.removeValue(forKey: id) else { return }
        candidate.filter.trial = nil
        retire(candidate.filter)
    }

    /// Ends a filter; its open streams go on.
    func remove(_ id: FilterID) {
        for filter in prepared where filter.id == id { discard(id, filter.version) }
        endTrial(id)
        if let filter = active.removeValue(forKey: id) { retire(filter) }
    }

    /// Ends all filters. One whose root context waits for `proxy_done` is not waited for.
    func shutDown() {
        for id in Array(active.keys) { remove(id) }
    }

    func retire(_ filter: FilterInstance) {
        filter.isRetired = true
        endIfUnused(filter)
        settle()
    }

    /// The version that a new stream uses, and the one that takes its place where it fails on the request's headers.
    func choose(_ id: FilterID, for key: RoutingKey?) -> (filter: FilterInstance, fallback: FilterInstance?)? {
        guard let serving = active[id] else { return nil }
        guard let candidate = candidates[id], candidate.trial.takes(key) else { return (serving, nil) }
        guard candidate.filter.home != nil else {
            // It would have failed the stream.
            candidate.trial.note(candidate.filter.slot.lastFailure ?? candidate.filter.unavailable)
            return (serving, nil)
        }
        return (candidate.filter, candidate.trial.fallsBack ? serving : nil)
    }

    func totals(of id: FilterID) -> [Int: CallTotals] {
        var totals: [Int: CallTotals] = [:]
        for filter in filters where filter.id == id {
            totals[filter.version.number, default: CallTotals()].add(filter.totals)
        }
        return totals
    }
}
