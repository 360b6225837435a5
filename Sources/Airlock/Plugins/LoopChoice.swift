import WorkerLoop

extension [WorkerLoop] {
    /// The loop that is running this code, or else the one with the least to do.
    var nearest: (index: Int, isCurrent: Bool) {
        var best = 0
        var leastLoad = Int.max
        for (index, loop) in enumerated() {
            if loop.isCurrent { return (index, true) }
            let load = loop.load
            if load < leastLoad { (best, leastLoad) = (index, load) }
        }
        return (best, false)
    }
}
