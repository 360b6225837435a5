import CLibuv
import Synchronization

/// A timer on a worker loop, from ``WorkerLoop/schedule(after:repeating:_:)``. It ends when it is let go.
public final class LoopTimer: Sendable {
    private let core: LoopCore
    private let handle: TimerHandle

    init(core: LoopCore, handle: TimerHandle) {
        self.core = core
        self.handle = handle
    }

    deinit {
        cancel()
    }

    /// Ends the timer. Callable any number of times, from any thread.
    ///
    /// Called on the loop, the action does not run any more; called elsewhere, it may be running just now, and does not
    /// run again.
    public func cancel() {
        if handle.cancel() {
            core.onLoop { [core, handle] in
                handle.close()
                core.handlesChanged()
            }
        }
    }
}

/// The libuv side of a timer.
///
/// `@unchecked Sendable`: `isCancelled` is atomic, the times are constant, and the rest is used on the loop only.
final class TimerHandle: LoopHandle, @unchecked Sendable {
    private let isCancelled = Atomic<Bool>(false)
    /// In nanoseconds of `uv_hrtime`.
    private let due: UInt64
    /// In milliseconds; 0 for a timer that fires once.
    private let interval: UInt64
    private var action: (@Sendable () -> Void)?

    init(due: UInt64, repeating interval: Duration? = nil, _ action: @escaping @Sendable () -> Void) {
        self.due = due
        self.interval = interval.map { max(1, $0.wholeNanoseconds.dividedUp(by: 1_000_000)) } ?? 0
        self.action = action
        super.init(UV_TIMER)
    }

    convenience init(after delay: Duration, repeating interval: Duration?, _ action: @escaping @Sendable () -> Void) {
        self.init(due: uv_hrtime().addingSaturated(delay.wholeNanoseconds), repeating: interval, action)
    }

    /// Starts the timer, on the loop.
    func start(on loop: UnsafeMutablePointer<uv_loop_t>) {
        guard !isCancelled.load(ordering: .relaxed) else {
            action = nil
            return
        }
        // The loop's clock stands still while jobs run. It counts whole milliseconds, rounded down, and so the
        // rounded-up due time is never early.
        unsafe uv_update_time(loop)
        let now = unsafe uv_now(loop)
        let dueTime = due.dividedUp(by: 1_000_000)
        // Both calls fail only for a missing callback or a handle that is being closed.
        try? open("uv_timer_init") { unsafe uv_timer_init(loop, pointer()) }
        _ = unsafe uv_timer_start(
            pointer(), { unsafe TimerHandle.owner(of: $0)?.fire() }, dueTime > now ? dueTime - now : 0, interval)
    }

    /// Stops further firing; `true` for the first call, which has to see that the handle is closed.
    func cancel() -> Bool {
        !isCancelled.exchange(true, ordering: .relaxed)
    }

    private func fire() {
        guard !isCancelled.load(ordering: .relaxed) else {
            return
        }
        if interval == 0 {
            close()
        }
        action?()
    }

    override func didClose() {
        action = nil
    }
}
