public import Airlock

/// How a filter is doing, on all worker loops together.
public struct FilterStatus: Sendable {
    /// The filter's name.
    public var name: String
    /// The number of the version that new streams use.
    public var version: Int
    /// The SHA-256 of that version's module, in hexadecimal.
    public var digest: String
    /// Open streams, on whatever version.
    public var openStreams = 0
    /// Versions that took part in open streams or are running.
    public var liveVersions: Set<Int> = []
    /// Worker loops on which new streams find the filter ready.
    public var readyLoops = 0
    /// How often its callbacks ended a virtual machine, since each version was loaded.
    public var failures = 0
    /// The last such failure.
    public var lastFailure: PluginError?
    /// What the callbacks of the versions that are still there used.
    public var totals = CallTotals()
    /// Memory of the virtual machines that new streams use, in bytes.
    public var memoryBytes = 0
}

extension FilterLoop {
    /// Adds this loop's part to a filter's status.
    func add(_ id: FilterID, to status: FilterStatus) -> FilterStatus {
        var status = status
        for filter in filters where filter.id == id {
            status.openStreams += filter.openStreams
            status.liveVersions.insert(filter.version.number)
            status.failures += filter.failures
            status.lastFailure = filter.lastFailure ?? status.lastFailure
            status.totals.add(filter.totals)
        }
        if let (vm, _) = active[id]?.home {
            status.readyLoops += 1
            status.memoryBytes += vm.memorySize
        }
        return status
    }
}
