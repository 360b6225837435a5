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
    /// Counts the loads of this plugin, from 1; 0 where none succeeded.
    let version: Int
    /// The SHA-256 of the module, in hexadecimal.
    let digest: String
    /// `ready` when every worker loop runs it, `starting` when some do, `failed` when none does, `refused` when it was not loaded.
    let status: String
    let workers: Int
    let openStreams: Int
    /// Versions that run or have open streams.
    let liveVersions: [Int]
    let memoryBytes: Int
    let failures: Int
    let lastFailure: String?
    /// Why what is in the folder of filters is not what runs.
    let refusal: String?
    let totals: Totals

    init(_ status: FilterStatus, workers: Int, refusal: PluginError?) {
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
        self.refusal = refusal.map(Self.text)
        totals = Totals(
            calls: status.totals.calls,
            fuel: status.totals.fuelUsed,
            hostCalls: status.totals.hostCalls,
            seconds: status.totals.wallTime / .seconds(1)
        )
    }

    /// One that was found in the folder of filters and could not be loaded.
    init(refused name: String, _ refusal: PluginError) {
        self.name = name
        version = 0
        digest = ""
        status = "refused"
        workers = 0
        openStreams = 0
        liveVersions = []
        memoryBytes = 0
        failures = 0
        lastFailure = nil
        self.refusal = Self.text(refusal)
        totals = Totals(calls: 0, fuel: 0, hostCalls: 0, seconds: 0)
    }

    /// What a guest said may be in it.
    private static func text(_ refusal: PluginError) -> String { String("\(refusal)".prefix(4096)) }
}
