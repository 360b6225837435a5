/// What the asynchronous calls of one store share.
final class AsyncCalls {
    /// Wakes the Swift task that runs the store's call.
    let signal = CallSignal()

    /// Where the tasks of host functions run.
    let taskExecutor: (any TaskExecutor)?

    /// What stops the call in progress.
    var stop: CallStop?

    /// Whether a call is in progress. The engine allows one at a time.
    var isRunning = false

    /// Time that the store's calls held the thread, since it was last set to zero.
    var busyTime = Duration.zero

    /// Asked after each turn, with how long it held the thread, and ``busyTime``: why the call must end, if it must.
    var turnCheck: ((Duration, Duration) -> StopReason?)?

    /// What ``turnCheck`` answered in the call in progress.
    private var turnStop: StopReason?

    /// From when on the thread's time has not been counted.
    private var turnStart = ContinuousClock.now

    /// What the guest waits for.
    var hostCall: HostCallMailbox?

    init(taskExecutor: (any TaskExecutor)?) {
        self.taskExecutor = taskExecutor
    }

    func beginCall(_ stop: CallStop?) {
        isRunning = true
        self.stop = stop
        turnStop = nil
    }

    func endCall() {
        stop = nil
        hostCall = nil
        isRunning = false
    }

    func beginTurn() {
        turnStart = .now
    }

    /// Counts the time since the turn began, or since this was last called in it.
    func countTurn() {
        let now = ContinuousClock.now
        let time = now - turnStart
        turnStart = now
        busyTime += time
        if let reason = turnCheck?(time, busyTime) { turnStop = turnStop ?? reason }
    }

    /// Why the call in progress must end, if it must.
    var cancellation: WasmtimeError? {
        if let reason = turnStop ?? stop?.reason {
            return WasmtimeError(.cancelled, "the call was stopped: \(reason)", stopReason: reason)
        }
        return Task.isCancelled ? WasmtimeError(.cancelled, "the task was cancelled") : nil
    }

    /// Whether the guest waits for a host call that has no result yet.
    var isWaiting: Bool {
        hostCall.map { !$0.isFilled } ?? false
    }
}
