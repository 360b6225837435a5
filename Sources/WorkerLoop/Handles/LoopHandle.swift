import CLibuv

/// A libuv handle on the heap.
///
/// libuv uses a handle's address from its initialisation until the callback of `uv_close`, so the object retains
/// itself in between, and its memory goes with it. Subclasses initialise the libuv side and add their callback.
/// Isolation: once open, the loop's thread only (or, for a loop that does not run yet, the thread that sets it up).
@safe  // The memory is its own, and libuv lets go of it before `deinit`: the object retains itself so long.
class LoopHandle {
    private let memory: UnsafeMutableRawPointer
    private(set) var isOpen = false

    init(_ type: uv_handle_type) {
        unsafe memory = .allocate(byteCount: uv_handle_size(type), alignment: 16)
    }

    deinit {
        unsafe memory.deallocate()
    }

    /// The handle as its libuv type, which must be the one that the initialiser was given.
    func pointer<Handle>(to type: Handle.Type = Handle.self) -> UnsafeMutablePointer<Handle> {
        unsafe memory.assumingMemoryBound(to: type)
    }

    /// Initialises the libuv side; from then on the handle is the loop's until it is closed.
    final func open(_ operation: String, _ initialize: () -> CInt) throws(LibuvFailure) {
        try LibuvFailure.check(initialize(), operation)
        unsafe uv_handle_set_data(pointer(), Unmanaged.passRetained(self).toOpaque())
        isOpen = true
    }

    /// Closes the handle if it is open: its callback is not called any more.
    final func close() {
        guard isOpen else {
            return
        }
        isOpen = false
        unsafe uv_close(pointer()) { handle in
            if let owner = unsafe LoopHandle.owner(of: handle) {
                owner.didClose()
                // Balances the retain of `open`.
                unsafe Unmanaged.passUnretained(owner).release()
            }
        }
    }

    /// Called on the loop once libuv has let go of the handle.
    func didClose() {}

    /// The object behind a handle that libuv hands to a callback; `Self` must be the class that opened the handle.
    @inline(__always)
    static func owner(of handle: UnsafeMutableRawPointer?) -> Self? {
        guard let handle = unsafe handle,
            let data = unsafe uv_handle_get_data(handle.assumingMemoryBound(to: uv_handle_t.self))
        else {
            return nil
        }
        return unsafe Unmanaged<Self>.fromOpaque(data).takeUnretainedValue()
    }

    /// Closes every handle that is open on the loop.
    static func closeAll(of loop: UnsafeMutablePointer<uv_loop_t>) {
        unsafe uv_walk(
            loop,
            { handle, _ in
                // `uv_walk` skips libuv's own handles; every other one was opened by a `LoopHandle`.
                unsafe LoopHandle.owner(of: handle)?.close()
            }, nil)
    }
}
