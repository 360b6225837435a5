import Airlock
import AirlockProxyWasm

/// One entry of `/plugins`.
struct PluginStatus: Sendable, Encodable {
    struct Totals: Sendable, Encodable {
        let calls: UInt64
        let fuel: UInt64
        let hostCalls: UInt64
        let seconds: Double
    }

    let name: String
    /// Counts the loads of this plugin, from 1.
    let version: Int
    /// The SHA-256 of the module, in hexadecimal.
    let digest: String
    /// `ready` when every worker loop runs it, `starting` when some do, `failed` when none does.
    let status: String
    let workers: Int
    let openStreams: Int
    /// Versions that run or have open streams.
    let liveVersions: [Int]
    let memoryBytes: Int
    let failures: Int
    let lastFailure: String?
    let totals: Totals

    init(_ status: FilterStatus, workers: Int) {
        name = status.name
        version = status.version
        digest = status.digest
        self.status = status.readyLoops == 0 ? "failed" : status.readyLoops < workers ? "starting" : "ready"
        self.workers = status.readyLoops
        openStreams = status.openStreams
        liveVersions = status.liveVersions.sorted()
        memoryBytes = status.memoryBytes
        failures = status.failures
        lastFailure = status.lastFailure.map { "\($0)" }
        totals = Totals(
            calls: status.totals.calls,
            fuel: status.totals.fuelUsed,
            hostCalls: status.totals.hostCalls,
            seconds: status.totals.wallTime / .seconds(1)
        )
    }
}
