import CWasmtime

// Reading and freeing what the engine hands back when something fails. Each of these functions takes ownership of
// the C object that it is given and deletes it exactly once.

/// The engine's message, freed here.
func takeMessage(of error: OpaquePointer) -> String {
    defer { unsafe wasmtime_error_delete(error) }
    return unsafe message(of: error)
}

/// Throws the error as one of the given code, if there is an error.
func check(
    _ error: OpaquePointer?, _ code: WasmtimeError.Code, _ what: @autoclosure () -> String
) throws(WasmtimeError) {
    guard let error = unsafe error else {
        return
    }
    let text = unsafe takeMessage(of: error)
    throw WasmtimeError(code, "\(what()): \(text)")
}

/// What a call or an instantiation that failed hands back.
///
/// - Parameters:
///   - error: the engine's error, owned by this function.
///   - trap: the engine's trap, owned by this function.
///   - hostError: what a host function threw during the call.
///   - fallback: the code when none of the others applies.
func takeFailure(
    error: OpaquePointer?, trap: OpaquePointer?, hostError: (any Error)?, fallback: WasmtimeError.Code
) -> WasmtimeError {
    if let trap = unsafe trap {
        defer { unsafe wasm_trap_delete(trap) }
        let details = unsafe describe(trap: trap)
        if let hostError {
            return WasmtimeError(.hostError, "a host function threw: \(hostError)", trap: details, hostError: hostError)
        }
        return WasmtimeError(.trap, details.code?.description ?? firstLine(of: details.message), trap: details)
    }
    guard let error = unsafe error else {
        return WasmtimeError(fallback, "the engine failed without a reason")
    }
    defer { unsafe wasmtime_error_delete(error) }
    var status: CInt = 0
    if unsafe wasmtime_error_exit_status(error, &status) {
        return WasmtimeError(.exit, "the guest exited with status \(status)", exitStatus: status)
    }
    let text = unsafe message(of: error)
    if let hostError {
        let details = unsafe Trap(code: nil, message: text, backtrace: backtrace(of: error))
        return WasmtimeError(.hostError, "a host function threw: \(hostError)", trap: details, hostError: hostError)
    }
    // The engine has no code for it.
    if text.contains("GC heap out of memory") {
        let details = unsafe Trap(code: nil, message: text, backtrace: backtrace(of: error))
        return WasmtimeError(.growth, "the heap of the guest's exception objects is full", trap: details)
    }
    return WasmtimeError(fallback, text)
}

/// What a call that was stopped by the store's epoch check hands back; both objects are owned by this function.
func takeStop(error: OpaquePointer?, trap: OpaquePointer?, reason: StopReason) -> WasmtimeError {
    if let trap = unsafe trap {
        unsafe wasm_trap_delete(trap)
    }
    var frames: [Trap.Frame] = []
    if let error = unsafe error {
        unsafe frames = backtrace(of: error)
        unsafe wasmtime_error_delete(error)
    }
    let text = "the call was stopped: \(reason)"
    return WasmtimeError(.cancelled, text, trap: Trap(code: nil, message: text, backtrace: frames), stopReason: reason)
}

private func message(of error: OpaquePointer) -> String {
    var bytes = unsafe wasm_byte_vec_t()
    unsafe wasmtime_error_message(error, &bytes)
    return unsafe takeString(&bytes)
}

private func backtrace(of error: OpaquePointer) -> [Trap.Frame] {
    var frames = unsafe wasm_frame_vec_t()
    unsafe wasmtime_error_wasm_trace(error, &frames)
    return unsafe takeFrames(&frames)
}

private func describe(trap: OpaquePointer) -> Trap {
    var bytes = unsafe wasm_byte_vec_t()
    unsafe wasm_trap_message(trap, &bytes)
    let text = unsafe takeString(&bytes)
    var code: UInt8 = 0
    let hasCode = unsafe wasmtime_trap_code(trap, &code)
    var frames = unsafe wasm_frame_vec_t()
    unsafe wasm_trap_trace(trap, &frames)
    return unsafe Trap(code: hasCode ? Trap.Code(rawValue: code) : nil, message: text, backtrace: takeFrames(&frames))
}

private func takeFrames(_ frames: inout wasm_frame_vec_t) -> [Trap.Frame] {
    defer { unsafe wasm_frame_vec_delete(&frames) }
    return unsafe UnsafeBufferPointer(start: frames.data, count: frames.size).compactMap { frame in
        guard let frame = unsafe frame else {
            return nil
        }
        return unsafe Trap.Frame(
            functionName: wasmtime_frame_func_name(frame).map { unsafe string($0.pointee) },
            functionIndex: wasm_frame_func_index(frame),
            moduleName: wasmtime_frame_module_name(frame).map { unsafe string($0.pointee) },
            functionOffset: Int(exactly: wasm_frame_func_offset(frame)),
            moduleOffset: Int(exactly: wasm_frame_module_offset(frame)))
    }
}

private func firstLine(of text: String) -> String {
    text.split(separator: "\n", maxSplits: 1).first.map(String.init) ?? text
}
