#if !os(Linux)
import CLibuv

/// Where a loop's thread waits: for a signal from another thread, and for libuv. Elsewhere than on Linux, libuv
/// does both.
@safe  // The loop outlives it, and is touched by the loop's thread only.
final class LoopPoller {
    private final class Signal: LoopHandle {
        var isRaised = false
    }

    private let uv: UnsafeMutablePointer<uv_loop_t>
    private let handle = Signal(UV_ASYNC)

    /// - Parameter uv: An initialised loop, which must outlive the poller.
    init(_ uv: UnsafeMutablePointer<uv_loop_t>) throws(LibuvFailure) {
        unsafe self.uv = unsafe uv
        try handle.open("uv_async_init") {
            unsafe uv_async_init(uv, handle.pointer()) { handle in
                unsafe Signal.owner(of: handle)?.isRaised = true
            }
        }
    }

    /// Ends the wait, the present or the next one. Callable from any thread as long as the poller lives.
    func signal() {
        _ = unsafe uv_async_send(handle.pointer())
    }

    /// Waits until there was a signal, or libuv ran callbacks; `true` for a signal.
    func wait() -> Bool {
        _ = unsafe uv_run(uv, UV_RUN_ONCE)
        defer { handle.isRaised = false }
        return handle.isRaised
    }

    /// Runs the callbacks of timers and I/O that are due, without waiting.
    func runCallbacks() {
        _ = unsafe uv_run(uv, UV_RUN_NOWAIT)
    }
}
#endif
