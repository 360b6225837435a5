import CWasmtime

/// Everything that a guest made: its instances, memories, tables and globals. Calls into it run to completion.
///
/// A store belongs to one isolation, usually an actor, and so does everything that comes from it. A call blocks the
/// thread until the guest returns, traps, runs out of fuel or passes its epoch deadline. A guest whose host functions
/// must wait for something belongs in an ``AsyncStore``.
///
/// The store is freed with the last handle into it. It holds its ``host`` object: a host object that holds the store
/// keeps both alive until it lets go of it.
public final class Store<Host: AnyObject> {
    /// The object that host functions see as ``Caller/host``.
    public let host: Host

    private let state: StoreState

    /// Makes an empty store.
    public init(engine: Engine, host: Host) {
        self.host = host
        state = StoreState(engine: engine, host: host)
    }

    /// The engine that the store belongs to.
    public var engine: Engine { state.engine }

    /// Sets the fuel that guests may consume from now on.
    ///
    /// - Throws: ``WasmtimeError`` with the code ``WasmtimeError/Code-swift.struct/disabled`` when the engine was made without
    ///   ``EngineConfiguration/fuel``.
    public func setFuel(_ fuel: UInt64) throws(WasmtimeError) {
        try state.setFuel(fuel)
    }

    /// The fuel that is left; 0 after a guest ran out of it.
    ///
    /// - Throws: ``WasmtimeError`` with the code ``WasmtimeError/Code-swift.struct/disabled`` when the engine was made without
    ///   ``EngineConfiguration/fuel``.
    public var remainingFuel: UInt64 {
        get throws(WasmtimeError) {
            try state.remainingFuel()
        }
    }

    /// Lets guests run until the engine's epoch has moved by this many ticks from now; then they trap with
    /// ``Trap/Code-swift.struct/interrupt``. Without ``EngineConfiguration/epochs`` it does nothing.
    public func setEpochDeadline(ticks: UInt64) {
        state.setEpochDeadline(ticks: ticks)
    }

    /// Asks `check` each time the engine's epoch has moved while a guest runs, on the guest's thread and inside of its call. A reason
    /// that it returns ends the call with ``WasmtimeError/Code-swift.struct/cancelled``. From now on a deadline that was set with
    /// ``setEpochDeadline(ticks:)`` asks as well, instead of a trap.
    public func setEpochCheck(_ check: @escaping () -> StopReason?) {
        state.setEpochCheck(check)
    }

    /// Limits what the store's instances may hold. What they hold already is not touched.
    public func setLimits(_ limits: StoreLimits) {
        state.setLimits(limits)
    }

    /// Creates an instance, which runs the module's start function under the store's fuel, deadline and limits.
    ///
    /// - Throws: ``WasmtimeError``: the code ``WasmtimeError/Code-swift.struct/instantiation`` when the limits or the engine's pool
    ///   do not allow it, otherwise what ended the start function.
    public func instantiate(_ module: PrelinkedModule<Host>) throws(WasmtimeError) -> Instance {
        try module.prelinked.checkEngine(state.engine)
        try state.checkNoViews()
        var instance = wasmtime_instance_t()
        var trap: OpaquePointer?
        let error = unsafe wasmtime_instance_pre_instantiate(
            module.prelinked.pointer, state.context, &instance, &trap)
        if unsafe error != nil || trap != nil {
            throw unsafe state.failure(error: error, trap: trap, fallback: .instantiation)
        }
        return Instance(exports: InstanceExports(state: state, handle: instance))
    }
}
