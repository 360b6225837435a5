import CWasmtime

/// A call or an instantiation that is run by polling it, with everything that it was given: the engine wants all of it
/// to stay in place until the future is deleted, which is here in `deinit` at the latest.
@safe  // The future and the frame are its own until `deinit`, and it holds what they point to.
final class CallFuture {
    private let state: StoreState
    /// Keeps a linked module alive while it is instantiated.
    private let module: PrelinkedCore?
    private let type: FunctionType
    private let frame: CallFrame
    private var future: OpaquePointer?

    /// A call of a function, with one argument for each of its parameters.
    init(_ state: StoreState, _ function: FunctionHandle, _ type: FunctionType, _ arguments: [RawValue]) {
        self.state = state
        self.module = nil
        self.type = type
        frame = CallFrame(valueCount: type.parameters.count + type.results.count)
        unsafe frame.function.initialize(to: function.handle)
        for (index, (argument, parameter)) in zip(arguments, type.parameters).enumerated() {
            unsafe (frame.values + index).initialize(to: wasmtime_val_t(argument, parameter))
        }
        unsafe future = wasmtime_func_call_async(
            state.context, frame.function, frame.values, type.parameters.count, frame.values + type.parameters.count,
            type.results.count, frame.trap, frame.error)
    }

    /// An instantiation.
    init(_ state: StoreState, _ module: PrelinkedCore) {
        self.state = state
        self.module = module
        type = FunctionType(parameters: [], results: [])
        frame = CallFrame(valueCount: 0)
        unsafe future = wasmtime_instance_pre_instantiate_async(
            module.pointer, state.context, frame.instance, frame.trap, frame.error)
    }

    deinit {
        delete()
        if let trap = unsafe frame.trap.pointee {
            unsafe wasm_trap_delete(trap)
        }
        if let error = unsafe frame.error.pointee {
            unsafe wasmtime_error_delete(error)
        }
        frame.deallocate()
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
        let (trap, error) = unsafe (frame.trap.pointee, frame.error.pointee)
        unsafe frame.trap.pointee = nil
        unsafe frame.error.pointee = nil
        if unsafe error != nil || trap != nil {
            throw unsafe state.failure(error: error, trap: trap, fallback: fallback)
        }
    }

    /// The results of a call that returned.
    var results: [RawValue] {
        type.results.indices.map { unsafe frame.values[type.parameters.count + $0].rawValue }
    }

    /// The first result of a call that returned.
    var firstResult: RawValue {
        type.results.isEmpty ? RawValue() : unsafe frame.values[type.parameters.count].rawValue
    }

    /// The instance that an instantiation made.
    var instance: wasmtime_instance_t {
        unsafe frame.instance.pointee
    }
}

/// The memory that the engine reads from and writes to during a call: a function, an instance, a trap, an error, and the
/// arguments with the results behind them.
@safe  // The future that owns it frees it once, after the engine's.
private struct CallFrame {
    let function: UnsafeMutablePointer<wasmtime_func_t>
    let instance: UnsafeMutablePointer<wasmtime_instance_t>
    let trap: UnsafeMutablePointer<OpaquePointer?>
    let error: UnsafeMutablePointer<OpaquePointer?>
    let values: UnsafeMutablePointer<wasmtime_val_t>

    init(valueCount: Int) {
        let header = 16 + 16 + 8 + 8
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: header + valueCount * MemoryLayout<wasmtime_val_t>.stride, alignment: 16)
        // The parts lie one behind the other; all of them need an alignment of 8 at most.
        unsafe function = memory.bindMemory(to: wasmtime_func_t.self, capacity: 1)
        unsafe instance = (memory + 16).bindMemory(to: wasmtime_instance_t.self, capacity: 1)
        unsafe trap = (memory + 32).bindMemory(to: OpaquePointer?.self, capacity: 1)
        unsafe error = (memory + 40).bindMemory(to: OpaquePointer?.self, capacity: 1)
        unsafe values = (memory + header).bindMemory(to: wasmtime_val_t.self, capacity: valueCount)
        unsafe function.initialize(to: wasmtime_func_t())
        unsafe instance.initialize(to: wasmtime_instance_t())
        unsafe trap.initialize(to: nil)
        unsafe error.initialize(to: nil)
        unsafe values.initialize(repeating: wasmtime_val_t(), count: valueCount)
    }

    /// Everything in it is of a type that needs no deinitialisation.
    func deallocate() {
        unsafe UnsafeMutableRawPointer(function).deallocate()
    }
}
