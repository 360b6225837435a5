import CWasmtime

/// A function of the host as the linker keeps it: one closure, already specialised for its argument types.
///
/// The class is not generic and the closure takes raw slots, because a guest's call then reaches the closure without
/// type metadata and without reference counting.
@safe  // It has no pointer of its own; those that `body` gets are marked where it is called.
@usableFromInline
final class HostFunction: Sendable {
    /// The slots are as many as the larger of the numbers of parameters and results.
    @usableFromInline
    typealias Body = @Sendable (CallerHandle, UnsafeMutablePointer<RawValue>, SlotLayout) throws -> Void

    fileprivate let layout: SlotLayout
    fileprivate let body: Body

    @usableFromInline
    init(_ layout: SlotLayout, _ body: @escaping Body) {
        self.layout = layout
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
@safe  // It is handed down within the engine's call only, for which the pointer is valid.
@usableFromInline
struct CallerHandle {
    let pointer: OpaquePointer

    /// The store's host object. Every store of this library has its state as its data, and the state lives as long as
    /// the store.
    @usableFromInline
    var host: AnyObject {
        unsafe StoreState.of(caller: pointer).unsafelyUnwrapped._withUnsafeGuaranteedRef { $0.host }
    }
}

/// What the engine calls when a guest calls a host function.
func callHostFunction(
    function: UnsafeMutableRawPointer?, caller: OpaquePointer, slots: UnsafeMutableRawPointer, count: Int
) -> OpaquePointer? {
    guard let function = unsafe function else {
        return unsafe makeTrap("the host function is gone")
    }
    // The linker or the pre-linked module that the guest was made from holds the function during the call.
    return unsafe Unmanaged<HostFunction>.fromOpaque(function)._withUnsafeGuaranteedRef { function in
        do {
            try unsafe function.body(
                CallerHandle(pointer: caller), slots.assumingMemoryBound(to: RawValue.self), function.layout)
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
