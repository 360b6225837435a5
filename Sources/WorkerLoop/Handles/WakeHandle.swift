import CLibuv

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

#if os(Linux)
    /// What other threads wake a loop through: an eventfd and a `uv_poll_t`.
    ///
    /// The `uv_async_t` of libuv before 1.45 (Debian 12 has 1.44) spins while the sending thread is preempted, which
    /// costs ten times as much as the eventfd on a busy machine.
    final class WakeHandle: LoopHandle {
        private let descriptor: CInt
        // The loop's thread keeps the core alive until every handle is closed.
        private unowned(unsafe) let core: LoopCore

        init(core: LoopCore) throws(LibuvFailure) {
            descriptor = airlock_eventfd()
            unsafe self.core = core
            guard descriptor >= 0 else {
                throw LibuvFailure(status: -errno, operation: "eventfd")
            }
            super.init(UV_POLL)
        }

        deinit {
            closeDescriptor(descriptor)
        }

        func open(on loop: UnsafeMutablePointer<uv_loop_t>) throws(LibuvFailure) {
            try open("uv_poll_init") { unsafe uv_poll_init(loop, pointer(), descriptor) }
            let status = unsafe uv_poll_start(pointer(), CInt(UV_READABLE.rawValue)) { handle, _, _ in
                unsafe WakeHandle.owner(of: handle)?.core.wasWoken()
            }
            try LibuvFailure.check(status, "uv_poll_start")
        }

        /// Wakes the loop. Callable from any thread while the handle is open.
        func signal() {
            var one: UInt64 = 1
            // Apart from an interruption it fails only when the counter is at its maximum, and then the loop is awake.
            while unsafe write(descriptor, &one, 8) < 0, errno == EINTR {}
        }

        /// Takes back every signal so far.
        func acknowledge() {
            var count: UInt64 = 0
            while unsafe read(descriptor, &count, 8) < 0, errno == EINTR {}
        }
    }

    private func closeDescriptor(_ descriptor: CInt) {
        close(descriptor)
    }
#else
    /// What other threads wake a loop through: a `uv_async_t`, which libuv 1.45 and later signal without spinning.
    final class WakeHandle: LoopHandle {
        // The loop's thread keeps the core alive until every handle is closed.
        private unowned(unsafe) let core: LoopCore

        init(core: LoopCore) throws(LibuvFailure) {
            unsafe self.core = core
            super.init(UV_ASYNC)
        }

        func open(on loop: UnsafeMutablePointer<uv_loop_t>) throws(LibuvFailure) {
            try open("uv_async_init") {
                unsafe uv_async_init(loop, pointer()) { handle in
                    unsafe WakeHandle.owner(of: handle)?.core.wasWoken()
                }
            }
        }

        /// Wakes the loop. Callable from any thread while the handle is open.
        func signal() {
            _ = unsafe uv_async_send(pointer())
        }

        /// Takes back every signal so far: libuv did so before it called back.
        func acknowledge() {}
    }
#endif

/// Gives the loop a look at its queue before it blocks, so that an enqueue on the loop's own thread needs no signal.
final class PrepareHandle: LoopHandle {
    // The loop's thread keeps the core alive until every handle is closed.
    private unowned(unsafe) let core: LoopCore

    init(core: LoopCore) {
        unsafe self.core = core
        super.init(UV_PREPARE)
    }

    func open(on loop: UnsafeMutablePointer<uv_loop_t>) throws(LibuvFailure) {
        try open("uv_prepare_init") { unsafe uv_prepare_init(loop, pointer()) }
        let status = unsafe uv_prepare_start(pointer()) { handle in
            unsafe PrepareHandle.owner(of: handle)?.core.willPoll()
        }
        try LibuvFailure.check(status, "uv_prepare_start")
    }
}
