import CWasmtime

/// A function of the host as the linker keeps it: one closure, already specialised for its argument types.
///
/// The class is not generic and the closure takes raw slots, because a guest's call then reaches the closure without
/// type metadata and without reference counting.
@safe
@usableFromInline
final class HostFunction: Sendable {
    @usableFromInline
    typealias Body = @Sendable (CallerHandle, UnsafeMutableBufferPointer<RawValue>) throws -> Void

    fileprivate let body: Body

    @usableFromInline
    init(_ body: @escaping Body) {
        unsafe self.body = body
    }

    /// A reference for the engine to keep, which it gives up with ``release``.
    func retainedForEngine() -> UnsafeMutableRawPointer {
        unsafe Unmanaged.passRetained(self).toOpaque()
    }

    /// Gives up the engine's reference.
    static let release: @convention(c) (UnsafeMutableRawPointer?) -> Void = { pointer in
        if let pointer = unsafe pointer {
            unsafe Unmanaged<HostFunction>.fromOpaque(pointer).release()
        }
    }
}

/// The engine's pointer to the call that a host function serves.
@safe
@usableFromInline
struct CallerHandle {
    let pointer: OpaquePointer
}

/// What the engine calls when a guest calls a host function.
func callHostFunction(
    function: UnsafeMutableRawPointer?, caller: OpaquePointer, slots: UnsafeMutableRawPointer?, count: Int
) -> OpaquePointer? {
    guard let function = unsafe function else {
        return unsafe makeTrap("the host function is gone")
    }
    // The linker or the pre-linked module that the guest was made from holds the function during the call.
    return unsafe Unmanaged<HostFunction>.fromOpaque(function)._withUnsafeGuaranteedRef { function in
        let values = unsafe UnsafeMutableBufferPointer(
            start: slots?.assumingMemoryBound(to: RawValue.self), count: count)
        do {
            try unsafe function.body(CallerHandle(pointer: caller), values)
            return nil
        } catch {
            return unsafe endGuest(caller, with: error)
        }
    }
}

/// Keeps the error for whoever called the guest, and makes the trap that ends the guest; the engine takes it.
func endGuest(_ caller: OpaquePointer, with error: any Error) -> OpaquePointer {
    unsafe StoreState.of(caller: caller)?._withUnsafeGuaranteedRef { $0.hostError = error }
    return unsafe makeTrap("a host function threw an error")
}

private func makeTrap(_ message: StaticString) -> OpaquePointer {
    unsafe message.utf8Start.withMemoryRebound(to: CChar.self, capacity: message.utf8CodeUnitCount) {
        unsafe wasmtime_trap_new($0, message.utf8CodeUnitCount)
    }
}
