#if os(Linux)
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif
import CLibuv

/// Where a loop's thread waits: for a signal from another thread, and for libuv.
///
/// libuv is embedded in the way that its manual gives for `uv_backend_fd`: an epoll of ours holds libuv's epoll and
/// an eventfd. So a signal reaches the thread without a turn of libuv, and as the eventfd is edge-triggered,
/// without a `read`. (A `uv_poll_t` needs both, and the `uv_async_t` of libuv before 1.45, which Debian 12 has,
/// spins while the sending thread is preempted.)
@safe  // The loop outlives it, and is touched by the loop's thread only.
final class LoopPoller {
    private let uv: UnsafeMutablePointer<uv_loop_t>
    private let eventfd: CInt
    private let epoll: CInt

    /// - Parameter uv: An initialised loop, which must outlive the poller.
    init(_ uv: UnsafeMutablePointer<uv_loop_t>) throws(LibuvFailure) {
        unsafe self.uv = unsafe uv
        eventfd = airlock_eventfd()
        guard eventfd >= 0 else {
            throw LibuvFailure(status: -errno, operation: "eventfd")
        }
        epoll = airlock_epoll(eventfd, unsafe uv_backend_fd(uv))
        guard epoll >= 0 else {
            let failure = LibuvFailure(status: -errno, operation: "epoll_create1")
            close(eventfd)
            throw failure
        }
    }

    deinit {
        close(epoll)
        close(eventfd)
    }

    /// Ends the wait, the present or the next one. Callable from any thread as long as the poller lives.
    func signal() {
        var one: UInt64 = 1
        // Nobody reads the counter: it would take centuries to fill.
        while unsafe write(eventfd, &one, 8) < 0, errno == EINTR {}
    }

    /// Waits until there was a signal, or libuv ran callbacks; `true` for a signal.
    func wait() -> Bool {
        var timeout: CInt = -1
        if unsafe uv_loop_alive(uv) != 0 {
            unsafe uv_update_time(uv)
            timeout = unsafe uv_backend_timeout(uv)
            if timeout == 0 {
                runCallbacks()
            }
        }
        var isSignalled = false
        var isReady = false
        unsafe airlock_epoll_wait(epoll, timeout, eventfd, &isSignalled, &isReady)
        if isReady {
            runCallbacks()
        }
        return isSignalled
    }

    /// Runs the callbacks of timers and I/O that are due, without waiting.
    func runCallbacks() {
        _ = unsafe uv_run(uv, UV_RUN_NOWAIT)
    }
}
#endif
