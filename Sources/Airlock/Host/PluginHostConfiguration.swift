public import Wasmtime
public import WorkerLoop

/// How a ``PluginHost`` is set up.
public struct PluginHostConfiguration: Sendable {
    /// How many worker loops run plugins; each is a thread of its own. At least 1. Without effect where there are ``eventLoops``.
    public var workers: Int

    /// Event loops of the service that lend plugins their threads: one worker loop is embedded in each, so that a call from a task which runs
    /// there crosses no thread. A plugin keeps everything else on such a thread waiting while it runs, for its deadline at the longest. They
    /// must not end before the host was shut down. Empty for threads of the host's own.
    public var eventLoops: [any HostEventLoop]

    /// How many instances all plugins may have together, at least 1. Each takes address space: about 4 GiB with the engine's default
    /// settings, of the 128 TiB that a process has on most machines.
    public var instances: Int

    /// How often the engine's epoch is advanced: the granularity of deadlines, and the longest that a suspendable plugin
    /// runs before others on its loop get their turn. From 1 ms to 1 s.
    public var epochTick: Duration

    /// The engine's settings. Fuel and epochs are switched on whatever it says.
    public var engine: EngineConfiguration

    /// Where modules are compiled, under which limits, and whether compiled ones are kept.
    public var compilation: CompilationPolicy

    /// Capabilities that this host could grant. A refusal to load names the one that a missing import needs if it is listed here or
    /// was granted to that plugin.
    public var knownCapabilities: [any Capability.Type]

    /// Makes a configuration; each argument left out keeps its default.
    public init(
        workers: Int = 2,
        eventLoops: [any HostEventLoop] = [],
        instances: Int = 10_000,
        epochTick: Duration = .milliseconds(1),
        engine: EngineConfiguration = EngineConfiguration(),
        compilation: CompilationPolicy = .childProcess(),
        knownCapabilities: [any Capability.Type] = []
    ) {
        self.workers = workers
        self.eventLoops = eventLoops
        self.instances = instances
        self.epochTick = epochTick
        self.engine = engine
        self.compilation = compilation
        self.knownCapabilities = knownCapabilities
    }
}

extension PluginHostConfiguration {
    func check() throws(PluginError) {
        guard workers >= 1, workers <= 1024 else {
            throw PluginError(.configuration, message: "workers is \(workers), expected 1 to 1024")
        }
        guard instances >= 1 else {
            throw PluginError(.configuration, message: "instances is \(instances), expected at least 1")
        }
        guard epochTick >= .milliseconds(1), epochTick <= .seconds(1) else {
            throw PluginError(.configuration, message: "epochTick is \(epochTick), expected 1 ms to 1 s")
        }
        try compilation.check()
    }
}
