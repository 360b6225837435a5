extension StoreState {
    /// Runs a call to its end. The Swift task waits while the guest waits for a host function, and lets others run each
    /// time the guest yields.
    func run(
        stop: CallStop?,
        isolation: isolated (any Actor)? = #isolation,
        _ start: () -> CallFuture
    ) async throws(WasmtimeError) -> CallFuture {
        guard let calls = asyncCalls, !calls.isRunning else {
            throw WasmtimeError(.busy, "the store is running another call")
        }
        try checkNoViews()
        calls.beginCall(stop)
        let signal = calls.signal
        stop?.attach(signal)
        let future = start()
        let cancellation = await withTaskCancellationHandler {
            // Captured, because the closure is isolated to what it captures only, and would poll on another thread.
            _ = isolation
            return await drive(future, calls)
        } onCancel: {
            signal.signal()
        }
        future.delete()
        stop?.detach(signal)
        calls.endCall()
        if let cancellation {
            hostError = nil
            throw cancellation
        }
        return future
    }

    /// Polls until the guest has ended, or returns why it must end.
    private func drive(_ future: CallFuture, _ calls: AsyncCalls) async -> WasmtimeError? {
        while true {
            if let cancellation = calls.cancellation {
                return cancellation
            }
            calls.beginTurn()
            let hasEnded = future.poll()
            calls.countTurn()
            if hasEnded {
                return nil
            }
            if calls.isWaiting {
                while calls.isWaiting, calls.cancellation == nil {
                    await calls.signal.wait()
                }
            } else if calls.hostCall == nil {
                await Task.yield()
            }
        }
    }

    /// Runs a call from inside a host function to its end, without giving the thread away: a guest that waits there ends. Timers of this
    /// thread do not fire meanwhile; what stops the call in progress at a time is asked each time the guest yields.
    func runInPlace(_ start: () -> CallFuture) throws(WasmtimeError) -> CallFuture {
        try checkNoViews()
        guard let calls = asyncCalls else {
            throw WasmtimeError(.wrongStore, "the store does not run asynchronous calls")
        }
        let future = start()
        defer { future.delete() }
        while !future.poll() {
            calls.countTurn()
            if calls.isWaiting {
                throw WasmtimeError(.busy, "a function that a host function called waits for another host function")
            }
            if let cancellation = calls.cancellation {
                throw cancellation
            }
        }
        return future
    }
}
