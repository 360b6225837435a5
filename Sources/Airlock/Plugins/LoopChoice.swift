import WorkerLoop

extension [WorkerLoop] {
    /// The index of the loop that is running this code, or else of the one with the least to do.
    var nearest: Int {
        var best = 0
        var leastLoad = Int.max
        for (index, loop) in enumerated() {
            if loop.isCurrent { return index }
            let load = loop.load
            if load < leastLoad { (best, leastLoad) = (index, load) }
        }
        return best
    }
}
