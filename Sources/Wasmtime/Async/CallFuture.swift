import CWasmtime

/// A call or an instantiation that is run by polling it, with everything that it was given: the engine wants all of it
/// to stay in place until the future is deleted, which is here in `deinit` at the latest.
@safe
final class CallFuture {
    @unsafe
    private struct Frame {
        var function = unsafe wasmtime_func_t()
        var instance = wasmtime_instance_t()
        var trap: OpaquePointer?
        var error: OpaquePointer?
    }

    private let state: StoreState
    /// Keeps a linked module alive while it is instantiated.
    private let module: PrelinkedCore?
    private let type: FunctionType
    private let frame: UnsafeMutablePointer<Frame>
    /// The arguments, then the results.
    private let values: UnsafeMutableBufferPointer<wasmtime_val_t>
    private var future: OpaquePointer?

    /// A call of a function, with one argument for each of its parameters.
    init(_ state: StoreState, _ function: FunctionHandle, _ type: FunctionType, _ arguments: [RawValue]) {
        self.state = state
        self.module = nil
        self.type = type
        unsafe frame = .allocate(capacity: 1)
        unsafe frame.initialize(to: Frame(function: function.handle))
        let count = type.parameters.count + type.results.count
        unsafe values = .allocate(capacity: count)
        unsafe values.initialize(repeating: wasmtime_val_t())
        for (index, (argument, parameter)) in zip(arguments, type.parameters).enumerated() {
            unsafe values[index] = wasmtime_val_t(argument, parameter)
        }
        let results = unsafe values.baseAddress.map { unsafe $0 + type.parameters.count }
        unsafe future = wasmtime_func_call_async(
            state.context, pointer(to: \.function), values.baseAddress, type.parameters.count, results,
            type.results.count, pointer(to: \.trap), pointer(to: \.error))
    }

    /// An instantiation.
    init(_ state: StoreState, _ module: PrelinkedCore) {
        self.state = state
        self.module = module
        type = FunctionType(parameters: [], results: [])
        unsafe frame = .allocate(capacity: 1)
        unsafe frame.initialize(to: Frame())
        unsafe values = .allocate(capacity: 0)
        unsafe future = wasmtime_instance_pre_instantiate_async(
            module.pointer, state.context, pointer(to: \.instance), pointer(to: \.trap), pointer(to: \.error))
    }

    deinit {
        delete()
        if let trap = unsafe frame.pointee.trap {
            unsafe wasm_trap_delete(trap)
        }
        if let error = unsafe frame.pointee.error {
            unsafe wasmtime_error_delete(error)
        }
        unsafe frame.deinitialize(count: 1)
        unsafe frame.deallocate()
        unsafe values.deallocate()
    }

    /// Runs the guest until it ends or yields. Returns whether it has ended.
    func poll() -> Bool {
        guard let running = unsafe future else {
            return true
        }
        guard unsafe wasmtime_call_future_poll(running) else {
            return false
        }
        delete()
        return true
    }

    /// Ends the guest where it is, unless it has ended.
    func delete() {
        if let running = unsafe future {
            unsafe future = nil
            unsafe wasmtime_call_future_delete(running)
        }
    }

    /// Throws what ended the guest, if it did not return.
    func checkResult(fallback: WasmtimeError.Code) throws(WasmtimeError) {
        let (trap, error) = unsafe (frame.pointee.trap, frame.pointee.error)
        unsafe frame.pointee.trap = nil
        unsafe frame.pointee.error = nil
        if unsafe error != nil || trap != nil {
            throw unsafe state.failure(error: error, trap: trap, fallback: fallback)
        }
    }

    /// The results of a call that returned.
    var results: [RawValue] {
        unsafe values.dropFirst(type.parameters.count).map { $0.rawValue }
    }

    /// The first result of a call that returned.
    var firstResult: RawValue {
        unsafe values.count > type.parameters.count ? values[type.parameters.count].rawValue : RawValue()
    }

    /// The instance that an instantiation made.
    var instance: wasmtime_instance_t {
        unsafe frame.pointee.instance
    }

    private func pointer<Value>(to part: WritableKeyPath<Frame, Value>) -> UnsafeMutablePointer<Value> {
        // The frame is allocated, and moves only with this object gone.
        unsafe frame.pointer(to: part).unsafelyUnwrapped
    }
}
