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
    defer {
        if let trap = unsafe trap { unsafe wasm_trap_delete(trap) }
        if let error = unsafe error { unsafe wasmtime_error_delete(error) }
    }
    if let hostError {
        let frames = unsafe trap.map { unsafe backtrace(of: $0) } ?? error.map { unsafe backtrace(ofError: $0) } ?? []
        let text = "a host function threw: \(hostError)"
        return WasmtimeError(
            .hostError, text, trap: Trap(code: nil, message: text, backtrace: frames), hostError: hostError)
    }
    if let trap = unsafe trap {
        let details = unsafe describe(trap: trap)
        return WasmtimeError(.trap, details.message, trap: details)
    }
    guard let error = unsafe error else {
        return WasmtimeError(fallback, "the engine failed without a reason")
    }
    var status: CInt = 0
    if unsafe wasmtime_error_exit_status(error, &status) {
        return WasmtimeError(.exit, "the guest exited with status \(status)", exitStatus: status)
    }
    let frames = unsafe backtrace(ofError: error)
    let text = unsafe frames.isEmpty ? message(of: error) : cause(of: error, frames)
    guard !frames.isEmpty else { return WasmtimeError(fallback, text) }
    let details = Trap(code: nil, message: text, backtrace: frames)
    // The engine has no codes for what it reports in this way.
    let isHeapFull = text.hasPrefix("GC heap out of memory")
    return isHeapFull
        ? WasmtimeError(.growth, "the heap of the guest's exception objects is full", trap: details)
        : WasmtimeError(.trap, text, trap: details)
}

/// Why the engine stopped a running guest, without the backtrace that it writes before that.
///
/// The engine demangles the names of functions for that text, and there are short ones that take hours to demangle. So it is not asked for
/// a text where a name could be one of those.
private func cause(of error: OpaquePointer, _ frames: [Trap.Frame]) -> String {
    guard frames.allSatisfy({ $0.functionName == nil }) else {
        return "the guest was stopped by an exception that it did not catch, or by the engine"
    }
    let lines = unsafe message(of: error).split(separator: "\n")
    let line = lines.drop { $0 != "Caused by:" }.dropFirst().first ?? lines.first ?? "the engine stopped the guest"
    return String(line.drop { $0 == " " })
}

/// What a call that was stopped by the store's epoch check hands back; both objects are owned by this function.
func takeStop(error: OpaquePointer?, trap: OpaquePointer?, reason: StopReason) -> WasmtimeError {
    if let trap = unsafe trap {
        unsafe wasm_trap_delete(trap)
    }
    var frames: [Trap.Frame] = []
    if let error = unsafe error {
        unsafe frames = backtrace(ofError: error)
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

private func backtrace(ofError error: OpaquePointer) -> [Trap.Frame] {
    var frames = unsafe wasm_frame_vec_t()
    unsafe wasmtime_error_wasm_trace(error, &frames)
    return unsafe takeFrames(&frames)
}

private func backtrace(of trap: OpaquePointer) -> [Trap.Frame] {
    var frames = unsafe wasm_frame_vec_t()
    unsafe wasm_trap_trace(trap, &frames)
    return unsafe takeFrames(&frames)
}

/// The engine's own text is not asked for: it has all names of functions in it, demangled.
private func describe(trap: OpaquePointer) -> Trap {
    var number: UInt8 = 0
    let code = unsafe wasmtime_trap_code(trap, &number) ? Trap.Code(rawValue: number) : nil
    return unsafe Trap(
        code: code, message: code?.description ?? "the guest was stopped", backtrace: backtrace(of: trap))
}

private func takeFrames(_ frames: inout wasm_frame_vec_t) -> [Trap.Frame] {
    defer { unsafe wasm_frame_vec_delete(&frames) }
    return unsafe UnsafeBufferPointer(start: frames.data, count: frames.size).compactMap { frame in
        guard let frame = unsafe frame else {
            return nil
        }
        return unsafe Trap.Frame(
            functionName: wasmtime_frame_func_name(frame).map { unsafe begin(of: $0.pointee) },
            functionIndex: wasm_frame_func_index(frame),
            moduleName: wasmtime_frame_module_name(frame).map { unsafe begin(of: $0.pointee) },
            functionOffset: Int(exactly: wasm_frame_func_offset(frame)),
            moduleOffset: Int(exactly: wasm_frame_module_offset(frame)))
    }
}

/// The first 256 bytes of a name, which may be as long as a module.
private func begin(of name: wasm_byte_vec_t) -> String {
    unsafe string(wasm_byte_vec_t(size: min(name.size, 256), data: name.data))
}
