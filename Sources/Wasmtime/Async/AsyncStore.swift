import CWasmtime

/// Everything that a guest made, as in ``Store``, with calls that may wait.
///
/// A store belongs to one isolation, usually an actor, and its calls run there: they hold the thread only while the guest
/// computes. While one call waits, the actor serves others; a store runs one call at a time, and a second one throws
/// ``WasmtimeError/Code-swift.struct/busy``.
///
/// The store is freed with the last handle into it, never while a call is in progress.
public final class AsyncStore<Host: AnyObject> {
    /// The object that host functions see as ``Caller/host``.
    public let host: Host

    private let state: StoreState

    /// Makes an empty store.
    ///
    /// - Parameter taskExecutor: where asynchronous host functions run, or `nil` for Swift's own threads.
    public init(engine: Engine, host: Host, taskExecutor: (any TaskExecutor)? = nil) {
        self.host = host
        state = StoreState(engine: engine, host: host)
        state.asyncCalls = AsyncCalls(taskExecutor: taskExecutor)
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

    /// Time that calls held the thread, since it was last set to zero. What a guest waits is not part of it.
    public var busyTime: Duration {
        get { state.asyncCalls?.busyTime ?? .zero }
        set { state.asyncCalls?.busyTime = newValue }
    }

    /// Tells `check` how long a guest held the thread, each time it has given it away and at the call's end, and ``busyTime``. A reason
    /// ends the call with ``WasmtimeError/Code-swift.struct/cancelled``, unless it has ended already.
    public func setTurnCheck(_ check: @escaping (_ turn: Duration, _ sum: Duration) -> StopReason?) {
        state.asyncCalls?.turnCheck = check
    }

    /// Lets guests give way to others each time the engine's epoch has moved by this many ticks (at least 1). Without it
    /// a guest traps when the first tick comes, or at once. Without ``EngineConfiguration/epochs`` it does nothing.
    public func setEpochYield(everyTicks ticks: UInt64) {
        state.setEpochYield(everyTicks: ticks)
    }

    /// Limits what the store's instances may hold. What they hold already is not touched.
    public func setLimits(_ limits: StoreLimits) {
        state.setLimits(limits)
    }

    /// Creates an instance, which runs the module's start function under the store's fuel and limits.
    ///
    /// - Throws: ``WasmtimeError``: the code ``WasmtimeError/Code-swift.struct/instantiation`` when the limits or the engine's pool
    ///   do not allow it, ``WasmtimeError/Code-swift.struct/cancelled`` when it was stopped, otherwise what ended the start
    ///   function.
    public func instantiate(
        _ module: AsyncPrelinkedModule<Host>, stop: CallStop? = nil
    ) async throws(WasmtimeError) -> AsyncInstance {
        try module.prelinked.checkEngine(state.engine)
        let future = try await state.run(stop: stop) { CallFuture(state, module.prelinked) }
        try future.checkResult(fallback: .instantiation)
        return AsyncInstance(exports: InstanceExports(state: state, handle: future.instance))
    }
}
