import CLibuv

/// What a loop knows about its timers that has to be woken for them by the event loop that it is embedded in.
struct LoopEmbedding {
    /// Keeps the executors while the loop runs.
    var executors: [AnyObject] = []
    /// Whether timers were begun, ended or are due.
    var handlesChanged = false
    /// The earliest time that it will be woken at, in milliseconds of libuv's clock.
    var wakeTime = UInt64.max
    var hasEnded = false
}

extension LoopCore {
    /// Tells an embedded loop that one of libuv's handles was begun or ended: libuv does what is left to do in the loop's turn.
    func handlesChanged() {
        guard let host else { return }
        embedding.handlesChanged = true
        if !isTakingTurn { host.execute { self.takeTurn() } }
    }

    /// Runs what waits, on the thread of the event loop that this one is embedded in, and lets that go on after a bounded number of jobs.
    func takeTurn() {
        guard let host, !embedding.hasEnded else { return }
        isTakingTurn = true
        guard drain() == .wait else { return endEmbedded() }
        if embedding.handlesChanged { runHandles(host) }
        isTakingTurn = false
        if needsDrain { host.execute { self.takeTurn() } }
    }

    private func runHandles(_ host: any HostEventLoop) {
        embedding.handlesChanged = false
        // Safe: on the loop's thread, before its end.
        unsafe uv_update_time(uv)
        _ = unsafe uv_run(uv, UV_RUN_NOWAIT)
        guard unsafe uv_loop_alive(uv) != 0 else { return }
        let timeout = unsafe uv_backend_timeout(uv)
        guard timeout >= 0 else { return }
        let time = unsafe uv_now(uv) + UInt64(timeout)
        guard time < embedding.wakeTime else { return }
        embedding.wakeTime = time
        host.schedule(after: .milliseconds(timeout)) { self.wake(at: time) }
    }

    private func wake(at time: UInt64) {
        if embedding.wakeTime == time { embedding.wakeTime = .max }
        embedding.handlesChanged = true
        takeTurn()
    }

    private func endEmbedded() {
        embedding.hasEnded = true
        end()
        embedding.executors = []
    }
}
