import CWasmtime

/// The engine's store behind ``Store`` and ``AsyncStore``, with what its host functions leave for whoever called
/// the guest.
///
/// Every handle into the store holds it, so that no handle outlives it. It is not `Sendable`: it belongs to whichever
/// isolation holds the store.
@safe  // Both pointers are its own, from `init` to `deinit`.
@usableFromInline
final class StoreState {
    let engine: Engine
    let host: AnyObject

    /// The inside of the store, valid as long as this object.
    let context: OpaquePointer
    private let store: OpaquePointer

    /// What a host function threw, until the call that it ends takes it.
    var hostError: (any Error)?

    /// Asked at each tick of the epoch while a guest runs: why the guest must stop, if it must.
    var epochCheck: (() -> StopReason?)?

    /// What ``epochCheck`` answered, until the call that it ends takes it.
    private var stopReason: StopReason?

    /// The number of open views of the store's memories, or -1 for a view that can write.
    var openViews = 0

    /// What asynchronous calls need; `nil` in a store whose calls run to completion.
    var asyncCalls: AsyncCalls?

    init(engine: Engine, host: AnyObject) {
        self.engine = engine
        self.host = host
        unsafe store = wasmtime_store_new(engine.pointer, nil, nil)
        unsafe context = wasmtime_store_context(store)
        // Not retained: the store is deleted before this object is gone.
        unsafe wasmtime_context_set_data(context, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit {
        unsafe wasmtime_store_delete(store)
    }

    /// The state of a store that a host function was called from; the store lives during that call.
    static func of(caller: OpaquePointer) -> Unmanaged<StoreState>? {
        unsafe wasmtime_context_get_data(wasmtime_caller_context(caller)).map {
            unsafe Unmanaged<StoreState>.fromOpaque($0)
        }
    }

    // MARK: Calls

    /// Runs a function to completion. The slots hold the arguments, then the results.
    @usableFromInline
    func call(
        _ function: FunctionHandle, _ slots: UnsafeMutablePointer<RawValue>, _ count: Int
    ) throws(WasmtimeError) {
        guard openViews == 0 else {
            throw viewsAreOpen
        }
        var handle = unsafe function.handle
        var trap: OpaquePointer?
        let error = unsafe wasmtime_func_call_unchecked(context, &handle, slots, count, &trap)
        if unsafe error != nil || trap != nil {
            throw unsafe failure(error: error, trap: trap, fallback: .engine)
        }
    }

    /// What ended a guest; `error` and `trap` are taken over.
    func failure(error: OpaquePointer?, trap: OpaquePointer?, fallback: WasmtimeError.Code) -> WasmtimeError {
        let (thrown, stopped) = (hostError, stopReason)
        (hostError, stopReason) = (nil, nil)
        if let stopped {
            return unsafe takeStop(error: error, trap: trap, reason: stopped)
        }
        return unsafe takeFailure(error: error, trap: trap, hostError: thrown, fallback: fallback)
    }

    // MARK: Views

    func checkNoViews() throws(WasmtimeError) {
        guard openViews == 0 else {
            throw viewsAreOpen
        }
    }

    private var viewsAreOpen: WasmtimeError {
        WasmtimeError(.busy, "a view of the store's memory is open")
    }

    // MARK: Fuel, epochs and limits

    func setFuel(_ fuel: UInt64) throws(WasmtimeError) {
        if let error = unsafe wasmtime_context_set_fuel(context, fuel) {
            try unsafe check(error, .disabled, "the store has no fuel")
        }
    }

    func remainingFuel() throws(WasmtimeError) -> UInt64 {
        var fuel: UInt64 = 0
        if let error = unsafe wasmtime_context_get_fuel(context, &fuel) {
            try unsafe check(error, .disabled, "the store has no fuel")
        }
        return fuel
    }

    func setEpochDeadline(ticks: UInt64) {
        // The engine adds the ticks to its epoch; the sum must not wrap into the past.
        unsafe wasmtime_context_set_epoch_deadline(context, min(ticks, UInt64(Int64.max)))
    }

    func setEpochCheck(_ check: @escaping () -> StopReason?) {
        epochCheck = check
        // Not retained: the store is deleted before this object is gone.
        unsafe wasmtime_store_epoch_deadline_callback(
            store, epochTicked, Unmanaged.passUnretained(self).toOpaque(), nil)
        setEpochDeadline(ticks: 1)
    }

    /// Asks whether the guest that runs must stop. Returns the engine's error that stops it.
    fileprivate func checkEpoch() -> OpaquePointer? {
        guard let reason = epochCheck?() else {
            return nil
        }
        stopReason = reason
        return unsafe wasmtime_error_new("the call was stopped")
    }

    func setEpochYield(everyTicks ticks: UInt64) {
        let ticks = min(max(ticks, 1), UInt64(Int64.max))
        unsafe wasmtime_context_epoch_deadline_async_yield_and_update(context, ticks)
        unsafe wasmtime_context_set_epoch_deadline(context, ticks)
    }

    func setLimits(_ limits: StoreLimits) {
        func limit(_ value: Int?) -> Int64 {
            value.map { Int64(max($0, 0)) } ?? -1
        }
        unsafe wasmtime_store_limiter(
            store, limit(limits.memoryBytes), limit(limits.tableElements), limit(limits.instances),
            limit(limits.tables), limit(limits.memories))
    }
}

/// The engine calls it on the guest's thread, so that the store's state is touched by its own isolation only.
private nonisolated func epochTicked(
    _ context: OpaquePointer, _ data: UnsafeMutableRawPointer?, _ delta: UnsafeMutablePointer<UInt64>,
    _ kind: UnsafeMutablePointer<wasmtime_update_deadline_kind_t>
) -> OpaquePointer? {
    unsafe delta.pointee = 1
    unsafe kind.pointee = wasmtime_update_deadline_kind_t(WASMTIME_UPDATE_DEADLINE_CONTINUE)
    guard let data = unsafe data else {
        return nil
    }
    return unsafe Unmanaged<StoreState>.fromOpaque(data).takeUnretainedValue().checkEpoch()
}

/// The engine's handle to a function; it means something only together with its store.
@safe  // The engine alone looks inside, in calls that are marked themselves.
@usableFromInline
struct FunctionHandle {
    let handle: wasmtime_func_t
}
