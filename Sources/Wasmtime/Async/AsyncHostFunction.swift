import CWasmtime

/// A function of the host that hands back its result later, as the linker keeps it.
final class AsyncHostFunction: Sendable {
    typealias Body = @Sendable (CallerHandle, [RawValue]) throws -> HostCallMailbox

    let type: FunctionType
    fileprivate let body: Body

    init(_ type: FunctionType, _ body: @escaping Body) {
        self.type = type
        self.body = body
    }

    /// A reference for the engine to keep, which it gives up with ``release``.
    func retainedForEngine() -> UnsafeMutableRawPointer {
        unsafe Unmanaged.passRetained(self).toOpaque()
    }

    /// Gives up the engine's reference.
    static let release: @convention(c) (UnsafeMutableRawPointer?) -> Void = { pointer in
        if let pointer = unsafe pointer {
            unsafe Unmanaged<AsyncHostFunction>.fromOpaque(pointer).release()
        }
    }
}

/// What the engine calls when a guest calls an asynchronous host function. It runs on the guest's stack, begins the work,
/// and leaves a continuation for the engine to ask.
func startAsyncHostFunction(
    function: UnsafeMutableRawPointer?, caller: OpaquePointer, arguments: UnsafePointer<wasmtime_val_t>?,
    argumentCount: Int, results: UnsafeMutablePointer<wasmtime_val_t>?, resultCount: Int,
    trap: UnsafeMutablePointer<OpaquePointer?>, continuation: UnsafeMutablePointer<wasmtime_async_continuation_t>
) {
    // The engine aborts the process when it finds no continuation.
    unsafe continuation.initialize(to: .finished)
    guard let function = unsafe function, let state = unsafe StoreState.of(caller: caller)?.takeUnretainedValue(),
        let calls = state.asyncCalls
    else {
        unsafe trap.pointee = endGuest(caller, with: WasmtimeError(.engine, "the host function has no store"))
        return
    }
    // The linker or the pre-linked module that the guest was made from holds the function during the call.
    unsafe Unmanaged<AsyncHostFunction>.fromOpaque(function)._withUnsafeGuaranteedRef { function in
        do {
            let values = unsafe UnsafeBufferPointer(start: arguments, count: argumentCount).map { $0.rawValue }
            let mailbox = try unsafe function.body(CallerHandle(pointer: caller), values)
            let frame = unsafe HostCallFrame(
                mailbox: mailbox, caller: CallerHandle(pointer: caller), calls: calls, type: function.type,
                results: UnsafeMutableBufferPointer(start: results, count: resultCount), trap: trap)
            calls.hostCall = mailbox
            mailbox.attach(calls.signal)
            unsafe continuation.initialize(to: frame.makeContinuation())
        } catch {
            unsafe trap.pointee = endGuest(caller, with: error)
        }
    }
}

/// A host call in progress, as the engine's continuation holds it. The engine keeps the caller, the results and the trap in
/// place until the continuation is gone.
@safe  // It is used from the continuation only, for which the engine keeps all that it points to.
private final class HostCallFrame {
    private let mailbox: HostCallMailbox
    private let caller: CallerHandle
    private let calls: AsyncCalls
    private let type: FunctionType
    private let results: UnsafeMutableBufferPointer<wasmtime_val_t>
    private let trap: UnsafeMutablePointer<OpaquePointer?>

    init(
        mailbox: HostCallMailbox, caller: CallerHandle, calls: AsyncCalls, type: FunctionType,
        results: UnsafeMutableBufferPointer<wasmtime_val_t>, trap: UnsafeMutablePointer<OpaquePointer?>
    ) {
        self.mailbox = mailbox
        self.caller = caller
        self.calls = calls
        self.type = type
        unsafe self.results = results
        unsafe self.trap = trap
    }

    /// A continuation that holds this object until the engine drops it.
    func makeContinuation() -> wasmtime_async_continuation_t {
        unsafe wasmtime_async_continuation_t(
            callback: { frame in
                guard let frame = unsafe frame else {
                    return true
                }
                return unsafe Unmanaged<HostCallFrame>.fromOpaque(frame)._withUnsafeGuaranteedRef { $0.finish() }
            },
            env: Unmanaged.passRetained(self).toOpaque(),
            finalizer: { frame in
                if let frame = unsafe frame {
                    unsafe Unmanaged<HostCallFrame>.fromOpaque(frame).takeRetainedValue().end()
                }
            })
    }

    /// The guest is gone, or has its results.
    private func end() {
        mailbox.close()
        // A call inside of another one ended while it waited; the other one does not wait.
        if calls.hostCall === mailbox { calls.hostCall = nil }
    }

    /// Writes the results, if they are there. Returns whether the guest goes on.
    private func finish() -> Bool {
        guard let outcome = mailbox.take() else {
            return false
        }
        calls.hostCall = nil
        do {
            let values = try outcome.get()(caller)
            guard values.count == type.results.count, unsafe values.count <= results.count else {
                throw WasmtimeError(
                    .signatureMismatch, "\(values.count) results of a host function of the type \(type)")
            }
            for (index, (value, type)) in zip(values, type.results).enumerated() {
                unsafe results[index] = wasmtime_val_t(value, type)
            }
        } catch {
            unsafe trap.pointee = endGuest(caller.pointer, with: error)
        }
        return true
    }
}

extension wasmtime_async_continuation_t {
    /// A continuation for a host function that has ended already.
    fileprivate static var finished: wasmtime_async_continuation_t {
        unsafe wasmtime_async_continuation_t(callback: { _ in true }, env: nil, finalizer: nil)
    }
}
