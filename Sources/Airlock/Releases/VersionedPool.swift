/// The versions of a plugin on one worker loop, as their lifecycle sees them.
package protocol VersionedPool: Actor {
    /// Whether a version can get copies of calls.
    nonisolated var copiesCalls: Bool { get }
    /// Whether what a version remembers is handed to the one that replaces it.
    nonisolated var handsOverState: Bool { get }
    /// Makes and starts an instance of a version that is to serve, beside those that do.
    func prepare(_ version: PluginVersion) async throws(PluginError)
    /// Lets go of what was prepared for a version that does not serve.
    func discardPrepared(_ version: PluginVersion) async
    /// Throws why a version that was prepared or is being tried could not take over now.
    func checkIsReady(_ version: PluginVersion) async throws(PluginError)
    /// Waits for the calls that run on a version now, which end within their deadlines. Nothing is stopped.
    func finishCalls(of version: PluginVersion) async
    /// How many calls wait for a version that is being tried, and may yet fail by its fault; calls that ``finishCalls(of:)`` waits for are none.
    func waitingCalls(of version: PluginVersion) async -> Int
    /// Makes the version serve all calls from now on; a trial ends.
    func adopt(_ version: PluginVersion) async
    /// Gives the version a share of the calls, or copies of them.
    func tryOut(_ version: PluginVersion, _ trial: Trial) async
    /// Ends a trial whose version does not take over.
    func endTrial() async
    /// Waits until nothing runs on a version that does not serve any more.
    /// - Returns: How many calls or streams were stopped since they went on after the deadline.
    func drain(_ version: PluginVersion, within deadline: Duration) async -> Int
    /// Frees all instances; every later call is refused.
    func stop() async
    /// What all calls on this loop used.
    var totals: CallTotals { get async }
    /// The same, told apart by version.
    var totalsByVersion: [Int: CallTotals] { get async }
    /// Hands what was counted to the metrics system.
    func flushMeters() async
}

extension VersionedPool {
    package nonisolated var handsOverState: Bool { false }

    /// What was prepared stays ready where nothing but calls runs in it.
    package func checkIsReady(_ version: PluginVersion) throws(PluginError) {}

    /// None run here where a call never waits.
    package func finishCalls(of version: PluginVersion) {}

    /// None where calls end within their deadline.
    package func waitingCalls(of version: PluginVersion) -> Int { 0 }
}

extension [any VersionedPool] {
    /// Throws where the version could not take over on one of the loops.
    func checkAreReady(for version: PluginVersion) async throws(PluginError) {
        for pool in self { try await pool.checkIsReady(version) }
    }

    /// Waits for the calls that run on the version now, on all loops.
    func finishCalls(of version: PluginVersion) async {
        for pool in self { await pool.finishCalls(of: version) }
    }

    /// How many calls wait for the version on all loops.
    func waitingCalls(of version: PluginVersion) async -> Int {
        var sum = 0
        for pool in self { sum += await pool.waitingCalls(of: version) }
        return sum
    }
}
