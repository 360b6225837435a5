/// How new versions of a plugin come into service, and how old ones leave it.
public struct ReloadPolicy: Sendable {
    /// What a new version must pass on each worker loop before it serves anything: it gets the instance that is to serve there, under the
    /// limits of one call. It refuses the version by throwing. For plugins that run to completion.
    public typealias Probe = @Sendable (borrowing PluginSession, PluginVersion) throws(PluginError) -> Void

    /// The same for suspendable plugins: what is called may wait, and each call has the limits of a call. It runs on the worker loop.
    public typealias SuspendableProbe = @Sendable (ProbedInstance, PluginVersion) async throws(PluginError) -> Void

    /// How a new version takes over, unless a reload says otherwise.
    public var strategy: ReloadStrategy
    /// The health check of a new version; nil for none but its start.
    public var probe: Probe?
    /// The health check of a new version of a suspendable plugin; nil for none but its start.
    public var suspendableProbe: SuspendableProbe?
    /// How long calls and streams of a replaced version may go on before they are stopped. Those of a version that serves again by then go on.
    public var drainDeadline: Duration
    /// How many replaced versions are kept, so that ``PluginReleases/rollBack(to:)`` needs no compiling.
    public var keptVersions: Int
    /// How many bytes of state an instance may hand to the one that replaces it. A module that keeps
    /// state between calls exports functions for it, which run under the limits of a call when a version takes over from another one. All
    /// numbers are unsigned:
    ///
    /// - `airlock_save_state() -> i64`: the place of its state in its memory: the offset in the upper half, the length in bytes in the lower.
    /// - `airlock_state_format() -> i32`: which format it saves, a number of the plugin's own; without it the format is 0.
    /// - `airlock_allocate(length: i32) -> i32`: the offset of that many bytes, or 0 where it has none.
    /// - `airlock_restore_state(format: i32, offset: i32, length: i32) -> i32`: takes the state over; 0 where it did, anything else where
    ///   it does not understand it.
    ///
    /// The state goes from instance to instance on each worker loop, for plugins that run to completion. A version that was tried beside the
    /// running one begins its trial without any, since the running one is not touched before it is replaced; when it takes over, it does so
    /// with new instances and the state of the one that it replaces. Where state cannot be handed over the new version begins without, which is
    /// an event.
    public var stateBytes: Int
    /// Where it is kept on disk what was promoted and what is quarantined; nil for nowhere.
    ///
    /// With a store, a plugin that is loaded begins with the module that was promoted last under its name, whatever its source holds at that
    /// moment; a source that holds something else is a new version, which comes into service as the strategy says. A module that was
    /// quarantined stays it.
    ///
    /// Of a plugin that is loaded under a policy the manifest is kept as well. After a restart the promoted version is decided on again, under
    /// the policy of then and with the manifest that it had; a manifest that the service gives in code is the one that it gives then. Where
    /// it is refused, or cannot be started any more, that is an event (``PluginEvent/Kind/recallFailed(_:)``), and what the source holds
    /// is loaded. Where what the source holds asks for no less, later versions are held to that, otherwise to what the promoted one got.
    public var store: ReleaseStore?

    /// Makes a policy.
    /// - Parameters:
    ///   - strategy: how a new version takes over.
    ///   - probe: the health check of a new version.
    ///   - suspendableProbe: the health check of a new version of a suspendable plugin.
    ///   - drainDeadline: how long calls of a replaced version may go on, zero or more.
    ///   - keptVersions: how many replaced versions are kept, 0 to 16.
    ///   - stateBytes: how many bytes of state are handed over at the most, zero or more.
    ///   - store: where it is kept on disk what was promoted and what is quarantined.
    public init(
        strategy: ReloadStrategy = .immediate,
        probe: Probe? = nil,
        suspendableProbe: SuspendableProbe? = nil,
        drainDeadline: Duration = .seconds(30),
        keptVersions: Int = 2,
        stateBytes: Int = 1 << 20,
        store: ReleaseStore? = nil
    ) {
        self.strategy = strategy
        self.probe = probe
        self.suspendableProbe = suspendableProbe
        self.drainDeadline = drainDeadline
        self.keptVersions = keptVersions
        self.stateBytes = stateBytes
        self.store = store
    }

    func check(plugin: String) throws(PluginError) {
        try strategy.check(plugin: plugin)
        guard drainDeadline >= .zero, (0...16).contains(keptVersions), stateBytes >= 0 else {
            throw PluginError(
                .configuration,
                plugin: plugin,
                message:
                    "the reload policy has a drain deadline of \(drainDeadline), keeps \(keptVersions) versions and hands over "
                    + "\(stateBytes) bytes, expected zero or more, 0 to 16, and zero or more"
            )
        }
    }
}
